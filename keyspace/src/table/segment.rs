//! A segment: the elements whose hashes share a prefix.

use hashbrown::HashTable;

/// A small hash table that is never asked to hold more than a few hundred elements, unless their
/// hashes cannot be told apart.
#[derive(Debug)]
pub(super) struct Segment<T> {
    slots: HashTable<Slot<T>>,
}

/// An element with its hash, so that no element is hashed twice.
#[derive(Debug)]
pub(super) struct Slot<T> {
    pub(super) hash: u64,
    pub(super) element: T,
}

impl<T> Segment<T> {
    pub(super) fn new() -> Self {
        Self { slots: HashTable::new() }
    }

    fn with_room_for(len: usize) -> Self {
        Self { slots: HashTable::with_capacity(len + len / SPARE_FRACTION) }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot<T>> {
        self.slots.iter()
    }

    /// The element that `random`, uniform over `u64`, picks.
    pub(super) fn nth(&self, random: u64) -> Option<&T> {
        let nth = ((u128::from(random) * self.len() as u128) >> u64::BITS) as usize;
        self.slots.iter().nth(nth).map(|slot| &slot.element)
    }

    /// Bucket of the element with this hash that `is_it` recognises.
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(&T) -> bool) -> Option<usize> {
        self.slots
            .find_bucket_index(inner_hash(hash), |slot| slot.hash == hash && is_it(&slot.element))
    }

    /// The element in a bucket that [`find`](Self::find) gave.
    pub(super) fn element(&self, bucket: usize) -> &T {
        &self.slots.get_bucket(bucket).expect("the bucket was found").element
    }

    pub(super) fn element_mut(&mut self, bucket: usize) -> &mut T {
        &mut self.slots.get_bucket_mut(bucket).expect("the bucket was found").element
    }

    pub(super) fn insert(&mut self, slot: Slot<T>) {
        if self.slots.len() == self.slots.capacity() {
            // hashbrown would double a table that deletions have worn out.
            self.rebuild(self.slots.len() + 1);
        }
        self.slots.insert_unique(inner_hash(slot.hash), slot, |slot| inner_hash(slot.hash));
    }

    pub(super) fn remove(&mut self, bucket: usize) -> T {
        let slot =
            self.slots.get_bucket_entry(bucket).ok().expect("the bucket was found").remove().0;
        if self.slots.len() < self.slots.capacity() / SHRINK_FRACTION {
            self.rebuild(self.slots.len());
        }
        slot.element
    }

    /// Splits by the bit of the hash that follows a prefix of `depth` bits.
    pub(super) fn into_halves(self, depth: u32) -> (Self, Self) {
        let bit = 1 << (u64::BITS - 1 - depth);
        let right_len = self.iter().filter(|slot| slot.hash & bit != 0).count();
        let mut left = Self::with_room_for(self.len() - right_len);
        let mut right = Self::with_room_for(right_len);
        for slot in self.slots {
            if slot.hash & bit == 0 { left.insert(slot) } else { right.insert(slot) }
        }
        (left, right)
    }

    /// Undoes [`into_halves`](Self::into_halves).
    pub(super) fn from_halves(left: Self, right: Self) -> Self {
        let mut whole = Self::with_room_for(left.len() + right.len());
        left.slots.into_iter().chain(right.slots).for_each(|slot| whole.insert(slot));
        whole
    }

    fn rebuild(&mut self, room: usize) {
        let mut rebuilt = Self::with_room_for(room);
        for slot in std::mem::take(&mut self.slots) {
            rebuilt.slots.insert_unique(inner_hash(slot.hash), slot, |slot| inner_hash(slot.hash));
        }
        *self = rebuilt;
    }
}

/// The lower half of `hash` twice, since the upper bits, which hashbrown takes its tags from, are
/// those that the elements of a segment share.
fn inner_hash(hash: u64) -> u64 {
    (hash << 32) | (hash & 0xffff_ffff)
}

/// A rebuilt segment has room for an eighth more than it holds, so that deletions and insertions
/// in turn do not rebuild it each time.
const SPARE_FRACTION: usize = 8;

/// A segment that uses less than a quarter of its room gives the rest back.
const SHRINK_FRACTION: usize = 4;

#[cfg(test)]
impl<T> Segment<T> {
    pub(super) fn capacity(&self) -> usize {
        self.slots.capacity()
    }
}
