//! A segment: the elements whose hashes share a prefix.

/// A small hash table that is never asked to hold more than a few hundred elements, unless their
/// hashes cannot be told apart.
///
/// Elements lie side by side in the order in which they came; `hashes` has the leading 32 bits of
/// each one's hash in the same order. The index finds them by open addressing with linear probing.
/// An entry of it is two bytes, so that one cache line shows 32 of them:
///
/// ```text
///   nnnnnnnn nttttttt   n: number of an element, t: the last bits of its hash (its tag)
///   11111111 11111111   nothing
/// ```
///
/// The tag keeps the search from looking at elements in vain. An element's home in the index comes
/// from its leading 32 bits, so that the index can be rebuilt without asking the elements.
///
/// More elements than these 9 bits can number have no such index: it is the list of their tags then.
#[derive(Clone, Debug)]
pub(super) struct Segment<T> {
    elements: Vec<T>,
    /// `hashes.len() == elements.len()`
    hashes: Vec<u32>,
    /// Up to [`INDEXED_LEN_MAX`] elements: entries, of which some are empty. Beyond: the tag of
    /// each element, and room for more.
    index: Box<[u16]>,
}

impl<T> Segment<T> {
    pub(super) fn new() -> Self {
        Self { elements: Vec::new(), hashes: Vec::new(), index: Box::default() }
    }

    /// One that has room for so many elements.
    pub(super) fn with_room(len: usize) -> Self {
        let mut segment = Self::new();
        segment.make_room(len);
        segment
    }

    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    /// The elements, in the order of their numbers.
    pub(super) fn elements(&self) -> &[T] {
        &self.elements
    }

    /// The leading 32 bits of the hash of each element.
    pub(super) fn hashes(&self) -> &[u32] {
        &self.hashes
    }

    pub(super) fn element_mut(&mut self, number: usize) -> &mut T {
        &mut self.elements[number]
    }

    /// Number of the element that `is_it` recognises, which is asked about those with the same tag.
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(&T) -> bool) -> Option<usize> {
        let tag = tag(hash);
        if !self.is_indexed() {
            let mut tagged = self.elements.iter().zip(&self.index);
            return tagged.position(|(element, &found)| found == tag && is_it(element));
        }
        let (before, from_home) = self.index.split_at(home(leading(hash), self.index.len()));
        let mut entries = from_home.iter().chain(before);
        let found = entries.find_map(|&entry| {
            let mut is_it = |number: usize| is_it(&self.elements[number]);
            match entry & TAG_MASK == tag {
                _ if entry == EMPTY => Some(None),
                true if is_it(number(entry)) => Some(Some(number(entry))),
                _ => None,
            }
        });
        found.flatten()
    }

    pub(super) fn insert(&mut self, hash: u64, element: T) {
        self.make_room(1);
        self.push(leading(hash), tag(hash), element);
    }

    /// Takes an element out; the last one gets its number.
    pub(super) fn remove(&mut self, number: usize) -> T {
        let last = self.len() - 1;
        if self.is_indexed() {
            self.unlink(number);
            if number != last {
                let at = self.entry_of(last);
                self.index[at] = entry(number, self.index[at] & TAG_MASK);
            }
        } else {
            self.index[number] = self.index[last];
        }
        // Taken while the index is of the kind that this many elements have.
        let tags = (last == INDEXED_LEN_MAX).then(|| self.tags());
        self.hashes.swap_remove(number);
        let element = self.elements.swap_remove(number);
        match tags {
            Some(tags) => self.rebuild_index(&tags[..last], last),
            None => self.give_back(),
        }
        element
    }

    /// Splits by the bit of the hash that follows a prefix of `depth` bits.
    pub(super) fn into_halves(self, depth: u32) -> (Self, Self) {
        let is_right = |hash: u32| hash >> (u32::BITS - 1 - depth) & 1 == 1;
        let right_len = self.hashes.iter().filter(|&&hash| is_right(hash)).count();
        if right_len == 0 {
            return (self, Self::new());
        }
        if right_len == self.len() {
            return (Self::new(), self);
        }
        let (mut left, mut right) = (Self::new(), Self::new());
        left.make_room(self.len() - right_len);
        right.make_room(right_len);
        let tags = self.tags();
        for ((element, hash), tag) in self.elements.into_iter().zip(self.hashes).zip(tags) {
            let half = if is_right(hash) { &mut right } else { &mut left };
            half.push(hash, tag, element);
        }
        (left, right)
    }

    /// Undoes [`into_halves`](Self::into_halves).
    pub(super) fn from_halves(left: Self, right: Self) -> Self {
        let (mut whole, part) =
            if left.len() < right.len() { (right, left) } else { (left, right) };
        whole.make_room(part.len());
        let tags = part.tags();
        for ((element, hash), tag) in part.elements.into_iter().zip(part.hashes).zip(tags) {
            whole.push(hash, tag, element);
        }
        whole
    }

    fn is_indexed(&self) -> bool {
        self.len() <= INDEXED_LEN_MAX
    }

    /// Adds an element for which there is room.
    fn push(&mut self, hash: u32, tag: u16, element: T) {
        count_work(1);
        let number = self.len();
        self.elements.push(element);
        self.hashes.push(hash);
        if self.is_indexed() {
            put(&mut self.index, hash, entry(number, tag));
        } else {
            self.index[number] = tag;
        }
    }

    /// Makes room for so many elements more.
    fn make_room(&mut self, more: usize) {
        let len = self.len() + more;
        if len > self.elements.capacity() {
            count_work(self.len());
            self.elements.reserve_exact(room_for::<T>(len) - self.len());
            self.hashes.reserve_exact(room_for::<u32>(len) - self.len());
        }
        let becomes_list = self.is_indexed() && len > INDEXED_LEN_MAX;
        if becomes_list || self.index.len() < index_room_for(len) {
            self.rebuild_index(&self.tags(), len);
        }
    }

    /// Gives room back of which less than half is used.
    fn give_back(&mut self) {
        let len = self.len();
        if self.elements.capacity() > SHRINK_FACTOR * len {
            count_work(len);
            let len = len + len / SPARE_FRACTION;
            self.elements.shrink_to(room_for::<T>(len));
            self.hashes.shrink_to(room_for::<u32>(len));
        }
        if self.index.len() > SHRINK_FACTOR * index_room_for(len) {
            let spare = len + len / SPARE_FRACTION;
            let len = if self.is_indexed() { spare.min(INDEXED_LEN_MAX) } else { spare };
            self.rebuild_index(&self.tags(), len);
        }
    }

    /// Makes an index that has room for `len` elements, of those that are there.
    fn rebuild_index(&mut self, tags: &[u16], len: usize) {
        count_work(tags.len());
        let mut index = vec![EMPTY; index_room_for(len)].into_boxed_slice();
        if len > INDEXED_LEN_MAX {
            index[..tags.len()].copy_from_slice(tags);
        } else {
            for (number, (&hash, &tag)) in self.hashes.iter().zip(tags).enumerate() {
                put(&mut index, hash, entry(number, tag));
            }
        }
        self.index = index;
    }

    /// The tag of each element.
    fn tags(&self) -> Vec<u16> {
        if !self.is_indexed() {
            return self.index[..self.len()].to_vec();
        }
        let mut tags = vec![0; self.len()];
        for &entry in self.index.iter().filter(|&&entry| entry != EMPTY) {
            tags[number(entry)] = entry & TAG_MASK;
        }
        tags
    }

    /// Where in the index an element is.
    fn entry_of(&self, wanted: usize) -> usize {
        let mut at = home(self.hashes[wanted], self.index.len());
        while number(self.index[at]) != wanted {
            at = next(at, self.index.len());
        }
        at
    }

    /// Takes an element out of the index, and moves those up that are further from home than its
    /// place would be.
    fn unlink(&mut self, wanted: usize) {
        let index_len = self.index.len();
        let distance = |from: usize, to: usize| if to < from { to + index_len } else { to } - from;
        let mut hole = self.entry_of(wanted);
        let mut at = hole;
        loop {
            at = next(at, index_len);
            let entry = self.index[at];
            if entry == EMPTY {
                break;
            }
            count_work(1);
            let home = home(self.hashes[number(entry)], index_len);
            if distance(home, at) >= distance(hole, at) {
                self.index[hole] = entry;
                hole = at;
            }
        }
        self.index[hole] = EMPTY;
    }
}

fn leading(hash: u64) -> u32 {
    (hash >> 32) as u32
}

fn tag(hash: u64) -> u16 {
    hash as u16 & TAG_MASK
}

fn entry(number: usize, tag: u16) -> u16 {
    (number as u16) << TAG_BITS | tag
}

fn number(entry: u16) -> usize {
    usize::from(entry >> TAG_BITS)
}

/// Where the search for a hash begins. The factor brings the bits to the front that differ within a
/// segment: all of its hashes begin with the same ones.
fn home(hash: u32, index_len: usize) -> usize {
    let spread = u64::from(hash.wrapping_mul(0x9e37_79b1));
    ((spread * index_len as u64) >> u32::BITS) as usize
}

/// The place after this one.
fn next(at: usize, index_len: usize) -> usize {
    if at + 1 == index_len { 0 } else { at + 1 }
}

fn put(index: &mut [u16], hash: u32, entry: u16) {
    let mut at = home(hash, index.len());
    while index[at] != EMPTY {
        at = next(at, index.len());
    }
    index[at] = entry;
}

/// Entries of an index for so many elements: at most four fifths are in use.
fn index_room_for(len: usize) -> usize {
    match len {
        ..=INDEXED_LEN_MAX => room_for::<u16>(len + len.div_ceil(4)),
        _ => room_for::<u16>(len),
    }
}

/// Elements that fit where `len` of them need to: as many as the size class of an allocator holds,
/// of which mimalloc and jemalloc have four for each power of two. Growing in such steps leaves a
/// twelfth unused on the average, doubling would a quarter.
fn room_for<T>(len: usize) -> usize {
    if len == 0 {
        return 0;
    }
    let element = size_of::<T>().max(1);
    let bytes = (len * element).max(ROOM_BYTES_MIN);
    let step = (bytes.next_power_of_two() / 8).max(ROOM_BYTES_MIN);
    bytes.next_multiple_of(step) / element
}

/// Bits of a hash in an entry.
const TAG_BITS: u32 = 7;
const TAG_MASK: u16 = (1 << TAG_BITS) - 1;

/// An entry that is none: it has the number that no element has.
const EMPTY: u16 = u16::MAX;

/// Elements that an index can tell apart.
const INDEXED_LEN_MAX: usize = (u16::MAX >> TAG_BITS) as usize;

/// Room of which less than half is used is given back.
const SHRINK_FACTOR: usize = 2;

/// An eighth of what is used is then kept, so that deletions and insertions in turn do not move
/// everything each time.
const SPARE_FRACTION: usize = 8;

const ROOM_BYTES_MIN: usize = 16;

const _: () = assert!(size_of::<Segment<u64>>() == 64, "a cache line");

#[cfg(test)]
use super::tests::count_work;

/// Counts what is moved, in tests.
#[cfg(not(test))]
fn count_work(_moved: usize) {}

#[cfg(test)]
impl<T> Segment<T> {
    /// Elements and index entries that there is room for.
    pub(super) fn room(&self) -> (usize, usize) {
        (self.elements.capacity(), self.index.len())
    }

    /// Panics where an element is not where it is looked for.
    pub(super) fn check(&self) {
        assert_eq!(self.elements.len(), self.hashes.len());
        assert!(self.index.len() >= index_room_for(self.len()));
        if self.is_indexed() {
            let entries = self.index.iter().filter(|&&entry| entry != EMPTY).count();
            assert_eq!(entries, self.len());
            for number in 0..self.len() {
                let at = self.entry_of(number);
                let mut from = home(self.hashes[number], self.index.len());
                while from != at {
                    assert_ne!(self.index[from], EMPTY, "the search would end before it");
                    from = next(from, self.index.len());
                }
            }
        }
    }
}
