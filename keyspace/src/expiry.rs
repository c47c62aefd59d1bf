//! The deadlines of a database, in order.

use std::collections::BTreeSet;

/// The keys that expire, by their hashes, the next to expire first.
///
/// About 26 bytes for each such key and a logarithmic search when a deadline changes buy an active
/// expiry that finds exactly the keys that are due: sampling would go over living ones to find the
/// few that are dead, and leave dead ones behind.
#[derive(Default)]
pub(crate) struct Deadlines {
    /// Deadline and hash.
    order: BTreeSet<(i64, u64)>,
    /// What is in the order already, once for each further key.
    repeated: Vec<(i64, u64)>,
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
        self.add(at_ms, hash);
        self.len += 1;
        self.sum_ms += i128::from(at_ms);
    }

    pub(crate) fn remove(&mut self, at_ms: Option<i64>, hash: u64) {
        let Some(at_ms) = at_ms else { return };
        self.take(at_ms, hash);
        self.len -= 1;
        self.sum_ms -= i128::from(at_ms);
    }

    /// Keeps a deadline but does not offer it as the next one, until [`thaw`](Self::thaw).
    pub(crate) fn freeze(&mut self, at_ms: Option<i64>, hash: u64) {
        let Some(at_ms) = at_ms else { return };
        self.take(at_ms, hash);
    }

    pub(crate) fn thaw(&mut self, at_ms: Option<i64>, hash: u64) {
        let Some(at_ms) = at_ms else { return };
        self.add(at_ms, hash);
    }

    /// The next deadline and its hash.
    pub(crate) fn first(&self) -> Option<(i64, u64)> {
        self.order.first().copied()
    }

    fn add(&mut self, at_ms: i64, hash: u64) {
        if !self.order.insert((at_ms, hash)) {
            self.repeated.push((at_ms, hash));
        }
    }

    fn take(&mut self, at_ms: i64, hash: u64) {
        match self.repeated.iter().position(|&repeated| repeated == (at_ms, hash)) {
            Some(nth) => {
                self.repeated.swap_remove(nth);
            }
            None => {
                self.order.remove(&(at_ms, hash));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_share_deadline_and_hash_are_offered_one_after_the_other() {
        let mut deadlines = Deadlines::default();
        (0..3).for_each(|_| deadlines.insert(Some(10), 7));
        deadlines.freeze(Some(10), 7);
        for left in [2, 1] {
            assert_eq!((deadlines.first(), deadlines.len()), (Some((10, 7)), left + 1));
            deadlines.remove(Some(10), 7);
        }
        assert_eq!((deadlines.first(), deadlines.len()), (None, 1));
        deadlines.thaw(Some(10), 7);
        assert_eq!((deadlines.first(), deadlines.mean_ms()), (Some((10, 7)), Some(10)));
    }
}
