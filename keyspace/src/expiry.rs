//! The deadlines of a database, in order.

use std::collections::BTreeSet;

/// The keys that expire, by their hashes, the next to expire first.
///
/// About 26 bytes for each such key and a logarithmic search when a deadline changes buy an active
/// expiry that finds exactly the keys that are due: sampling would go over living ones to find the
/// few that are dead, and leave dead ones behind.
#[derive(Default)]
pub(crate) struct Deadlines {
    /// Deadline and hash. Two keys that share both share the place too; the second one to expire is
    /// then only found when it is accessed.
    order: BTreeSet<(i64, u64)>,
    /// Number of keys that expire, those with frozen deadlines included.
    len: usize,
    sum_ms: i128,
}

impl Deadlines {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The mean of all deadlines, or `None` if there is none.
    pub(crate) fn mean_ms(&self) -> Option<i64> {
        (self.len > 0).then(|| (self.sum_ms / self.len as i128) as i64)
    }

    pub(crate) fn insert(&mut self, at_ms: Option<i64>, hash: u64) {
        let Some(at_ms) = at_ms else { return };
        self.order.insert((at_ms, hash));
        self.len += 1;
        self.sum_ms += i128::from(at_ms);
    }

    pub(crate) fn remove(&mut self, at_ms: Option<i64>, hash: u64) {
        let Some(at_ms) = at_ms else { return };
        self.order.remove(&(at_ms, hash));
        self.len -= 1;
        self.sum_ms -= i128::from(at_ms);
    }

    /// Keeps a deadline but does not offer it as the next one, until [`thaw`](Self::thaw).
    pub(crate) fn freeze(&mut self, at_ms: Option<i64>, hash: u64) {
        let Some(at_ms) = at_ms else { return };
        self.order.remove(&(at_ms, hash));
    }

    pub(crate) fn thaw(&mut self, at_ms: Option<i64>, hash: u64) {
        let Some(at_ms) = at_ms else { return };
        self.order.insert((at_ms, hash));
    }

    /// The next deadline and its hash.
    pub(crate) fn first(&self) -> Option<(i64, u64)> {
        self.order.first().copied()
    }
}
