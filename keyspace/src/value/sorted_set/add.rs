//! Adding members under conditions.

use rdb_format::Thresholds;

use super::SortedSet;

/// Under which conditions [`SortedSet::add`] changes anything, and how.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AddFlags {
    /// Only if there is no such member.
    pub nx: bool,
    /// Only if there is such a member.
    pub xx: bool,
    /// Not if there is such a member and its score would not rise.
    pub gt: bool,
    /// Not if there is such a member and its score would not fall.
    pub lt: bool,
    /// Adds to the score that the member has.
    pub incr: bool,
}

/// What [`SortedSet::add`] did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Added {
    /// The member is new, with this score.
    New(f64),
    /// It has this score now and had another.
    Changed(f64),
    /// It has this score as before.
    Same(f64),
    /// A condition did not hold.
    Not,
}

/// A sum of scores is none: of infinities of both signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("resulting score is not a number (NaN)")]
pub struct NotANumber;

impl SortedSet {
    /// Gives a member a score, or adds it. Neither of `nx` and `xx`, nor of `gt` and `lt`, nor of
    /// these and `nx`, go together.
    ///
    /// # Errors
    /// `score` is NaN, or it becomes so with `incr`; then nothing is changed.
    pub fn add(
        &mut self,
        name: &[u8],
        score: f64,
        flags: AddFlags,
        thresholds: &Thresholds,
    ) -> Result<Added, NotANumber> {
        if score.is_nan() {
            return Err(NotANumber);
        }
        let Some(old) = self.view().score(name) else {
            if flags.xx {
                return Ok(Added::Not);
            }
            self.insert(name, score, thresholds);
            return Ok(Added::New(score));
        };
        if flags.nx {
            return Ok(Added::Not);
        }
        let new = if flags.incr { old + score } else { score };
        if new.is_nan() {
            return Err(NotANumber);
        }
        if (flags.lt && new >= old) || (flags.gt && new <= old) {
            return Ok(Added::Not);
        }
        if new == old {
            return Ok(Added::Same(new));
        }
        self.insert(name, new, thresholds);
        Ok(Added::Changed(new))
    }
}
