//! Ranges of scores and of names.

/// An end of a range of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreBound {
    /// The score, not NaN.
    pub score: f64,
    /// Whether the score itself is left out.
    pub exclusive: bool,
}

/// Scores from `min` to `max`; none if `min` is greater.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lower end.
    pub min: ScoreBound,
    /// The upper end.
    pub max: ScoreBound,
}

impl ScoreBound {
    pub(super) fn is_at_or_below(&self, score: f64) -> bool {
        if self.exclusive { self.score < score } else { self.score <= score }
    }

    pub(super) fn is_at_or_above(&self, score: f64) -> bool {
        if self.exclusive { self.score > score } else { self.score >= score }
    }
}

/// An end of a range of names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LexBound<'a> {
    /// Before all names.
    First,
    /// After all names.
    Last,
    /// At this name, which is in the range.
    Inclusive(&'a [u8]),
    /// At this name, which is not.
    Exclusive(&'a [u8]),
}

/// Names from `min` to `max`; none if `min` is greater.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LexRange<'a> {
    /// The lower end.
    pub min: LexBound<'a>,
    /// The upper end.
    pub max: LexBound<'a>,
}

impl LexBound<'_> {
    pub(super) fn is_at_or_below(&self, name: &[u8]) -> bool {
        match *self {
            Self::First => true,
            Self::Last => false,
            Self::Inclusive(bound) => bound <= name,
            Self::Exclusive(bound) => bound < name,
        }
    }

    pub(super) fn is_at_or_above(&self, name: &[u8]) -> bool {
        match *self {
            Self::First => false,
            Self::Last => true,
            Self::Inclusive(bound) => bound >= name,
            Self::Exclusive(bound) => bound > name,
        }
    }
}
