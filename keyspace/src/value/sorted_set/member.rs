//! The members of a large sorted set.

use std::cmp::Ordering;

use rdb_format::packed::Entry;

use super::ScoredRef;
use crate::sequence::Weighted;

/// A member and its score. A short name needs no allocation of its own.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) score: f64,
    name: Name,
}

#[derive(Clone, Debug)]
enum Name {
    Short { len: u8, bytes: [u8; SHORT_LEN_MAX] },
    Long(Box<[u8]>),
}

/// The number of a member.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Id(pub(super) u32);

impl Weighted for Id {
    #[inline]
    fn weight(&self) -> usize {
        1
    }
}

impl Member {
    pub(super) fn new(name: &[u8], score: f64) -> Self {
        let name = if name.len() > SHORT_LEN_MAX {
            Name::Long(name.into())
        } else {
            let mut bytes = [0; SHORT_LEN_MAX];
            bytes[..name.len()].copy_from_slice(name);
            Name::Short { len: name.len() as u8, bytes }
        };
        Self { score, name }
    }

    #[inline]
    pub(super) fn name(&self) -> &[u8] {
        match &self.name {
            Name::Short { len, bytes } => &bytes[..usize::from(*len)],
            Name::Long(bytes) => bytes,
        }
    }

    pub(super) fn view(&self) -> ScoredRef<'_> {
        ScoredRef { name: Entry::Text(self.name()), score: self.score }
    }

    /// Where a member with this score and this name is seen from here.
    pub(super) fn order(&self, score: f64, name: &[u8]) -> Ordering {
        // No score is NaN.
        let by_score = self.score.partial_cmp(&score).unwrap_or(Ordering::Equal);
        by_score.then_with(|| self.name().cmp(name))
    }
}

/// The longest name that fits beside its length into the size of a boxed one.
const SHORT_LEN_MAX: usize = 22;

const _: () = assert!(size_of::<Member>() == 32, "a short name costs no more than a long one");
