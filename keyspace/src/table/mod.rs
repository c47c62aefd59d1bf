//! A hash table in which no operation does more than a bounded amount of work.
//!
//! One growing hash table moves all of its elements when it is full; with ten million of them that
//! takes a second. Here the elements live in segments of at most 384, and only ever one segment is
//! split, merged or rebuilt at a time (extendible hashing). Two levels of directories lead from the
//! leading bits of a hash to its segment:
//!
//! ```text
//!   hash  1011 0111 0...
//!         |    |    +---- looked for within the segment
//!         |    +--------- bits that lead through a directory to a segment
//!         +-------------- bits that lead through the root to a directory
//! ```
//!
//! A directory has at most 2^9 slots and splits in two when it would need more, as a segment does.
//! The root has about one slot for every 50,000 elements: it is what doubles in one go.
//!
//! Whoever calls supplies the hash, which is kept beside the element.

mod directory;
mod segment;
#[cfg(test)]
mod tests;

use directory::Directory;
use segment::{Segment, Slot};

/// A set of elements with their hashes. See the [module](self) for how it is built.
#[derive(Debug)]
pub struct Table<T> {
    root: Directory<Directory<Segment<T>>>,
    len: usize,
}

/// Slots of a segment in the root and in its directory.
#[derive(Clone, Copy, Debug)]
struct Place {
    outer: usize,
    inner: usize,
    /// Bits that lead to the directory.
    outer_depth: u32,
    /// Bits that lead to the segment, `outer_depth` included.
    depth: u32,
}

impl<T> Table<T> {
    /// An empty table.
    pub fn new() -> Self {
        Self { root: Directory::new(Directory::new(Segment::new())), len: 0 }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every element, in the order of the leading bits of their hashes.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.root.iter().flat_map(Directory::iter).flat_map(Segment::iter).map(|slot| &slot.element)
    }

    /// The element with this hash that `is_it` recognises.
    pub fn find(&self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&T> {
        let segment = self.segment(self.locate(hash));
        segment.find(hash, is_it).map(|bucket| segment.element(bucket))
    }

    /// As [`find`](Self::find), to change or remove the element.
    pub fn find_entry(
        &mut self,
        hash: u64,
        is_it: impl FnMut(&T) -> bool,
    ) -> Option<OccupiedEntry<'_, T>> {
        let place = self.locate(hash);
        let bucket = self.segment(place).find(hash, is_it)?;
        Some(OccupiedEntry { table: self, place, bucket, hash })
    }

    /// Adds an element that the table does not hold yet.
    pub fn insert_unique(&mut self, hash: u64, element: T) {
        let mut place = self.locate(hash);
        while self.segment(place).len() >= SEGMENT_LEN_MAX && place.depth < self.depth_max() {
            self.split(place);
            place = self.locate(hash);
        }
        self.segment_mut(place).insert(Slot { hash, element });
        self.len += 1;
    }

    /// Visits the elements from `cursor` on, about `count` of them, and returns the cursor for the
    /// next call, or 0 when every element has been visited.
    ///
    /// A cursor is a position in the space of hashes, 31 bits wide. An element stays at its
    /// position, so one that is present from the first call to the last is visited exactly once,
    /// however the table changes between the calls.
    ///
    /// The work of a call is bounded by `count` and the size of a segment, not by the table.
    /// Elements at the same position are visited together, even if they are more than `count`.
    pub fn scan<'a>(&'a self, cursor: u32, count: usize, mut visit: impl FnMut(&'a T)) -> u32 {
        let mut position = u64::from(cursor);
        let mut wanted = count.max(1);
        let mut segments_left = count.saturating_add(SCAN_EMPTY_SEGMENTS_MAX);
        while position < SCAN_END && wanted > 0 && segments_left > 0 {
            let place = self.locate(position << SCAN_SHIFT);
            let segment = self.segment(place);
            let width = SCAN_END >> place.depth;
            let segment_end = (position & !(width - 1)) + width;
            // The part of the segment that holds about as many elements as are wanted.
            let share = match segment.len() {
                len if len > wanted => (width * wanted as u64 / len as u64).max(1),
                _ => width,
            };
            let end = segment_end.min(position + share);
            for slot in segment.iter() {
                if (position..end).contains(&(slot.hash >> SCAN_SHIFT)) {
                    visit(&slot.element);
                    wanted = wanted.saturating_sub(1);
                }
            }
            position = end;
            segments_left -= 1;
        }
        // The end itself is 2^31, which is no cursor.
        if position < SCAN_END { position as u32 } else { 0 }
    }

    /// An element drawn at random, or `None` if the table is empty; `random` gives numbers that are
    /// uniform over `u64`.
    ///
    /// Every element is as likely as any other, except where hashes are more than twice as dense as
    /// on the average. The work is bounded by the size of a segment and a fixed number of draws, as
    /// long as hashes are random.
    pub fn random(&self, mut random: impl FnMut() -> u64) -> Option<&T> {
        if self.is_empty() {
            return None;
        }
        for _ in 0..DRAWS_MAX {
            let place = self.locate(random());
            let segment = self.segment(place);
            // A draw hits a segment by its width. It counts with the probability
            // density / (2 * average density), so that what counts in the end is its length.
            let density = (segment.len() as u128) << place.depth;
            let threshold = (u128::from(random()) * (2 * self.len as u128)) >> u64::BITS;
            if threshold < density {
                return segment.nth(random());
            }
        }
        // Only where hashes are very uneven: the next segment that holds anything.
        let mut position = random() >> SCAN_SHIFT;
        loop {
            let place = self.locate(position << SCAN_SHIFT);
            let segment = self.segment(place);
            if !segment.is_empty() {
                return segment.nth(random());
            }
            let width = SCAN_END >> place.depth;
            position = ((position & !(width - 1)) + width) % SCAN_END;
        }
    }

    fn locate(&self, hash: u64) -> Place {
        let outer = self.root.locate(hash);
        let (directory, outer_depth) = self.root.node(outer);
        let inner = directory.locate(hash << outer_depth);
        let depth = outer_depth + directory.node(inner).1;
        Place { outer, inner, outer_depth, depth }
    }

    fn segment(&self, place: Place) -> &Segment<T> {
        self.root.node(place.outer).0.node(place.inner).0
    }

    fn segment_mut(&mut self, place: Place) -> &mut Segment<T> {
        self.root.node_mut(place.outer).0.node_mut(place.inner).0
    }

    /// Splits a segment, or the directory that has no room for that.
    fn split(&mut self, place: Place) {
        if place.depth - place.outer_depth == DIRECTORY_DEPTH_MAX {
            self.root.split(place.outer, Directory::into_halves);
        } else {
            let directory = self.root.node_mut(place.outer).0;
            directory.split(place.inner, |segment| segment.into_halves(place.depth));
        }
    }

    /// After a removal: merges the segment that covers `hash` with its buddy if both have become
    /// small, and directories likewise.
    fn merge(&mut self, hash: u64) {
        let place = self.locate(hash);
        let directory = self.root.node_mut(place.outer).0;
        let Some(buddy) = directory.buddy(place.inner) else { return };
        let len = directory.node(place.inner).0.len() + directory.node(buddy).0.len();
        if len > MERGED_SEGMENT_LEN_MAX {
            return;
        }
        directory.merge(place.inner, Segment::from_halves);
        let mut outer = place.outer;
        while let Some(buddy) = self.root.buddy(outer) {
            let depth = self.root.node(outer).0.depth().max(self.root.node(buddy).0.depth());
            if depth >= MERGED_DIRECTORY_DEPTH_MAX {
                return;
            }
            self.root.merge(outer, Directory::from_halves);
            outer = self.root.locate(hash);
        }
    }

    /// A segment deeper than this is not split but grows: only hashes that are no longer random
    /// fill it, and splitting would cost directory slots without end and win nothing.
    fn depth_max(&self) -> u32 {
        let even_depth = (self.len / SEGMENT_LEN_MAX + 1).ilog2();
        (even_depth + DEPTH_SLACK).min(SCAN_BITS)
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// An element in a [`Table`].
#[derive(Debug)]
pub struct OccupiedEntry<'a, T> {
    table: &'a mut Table<T>,
    place: Place,
    bucket: usize,
    hash: u64,
}

impl<'a, T> OccupiedEntry<'a, T> {
    /// The element.
    pub fn get(&self) -> &T {
        self.table.segment(self.place).element(self.bucket)
    }

    /// The element.
    pub fn get_mut(&mut self) -> &mut T {
        self.table.segment_mut(self.place).element_mut(self.bucket)
    }

    /// The element, for as long as the table was borrowed.
    pub fn into_mut(self) -> &'a mut T {
        self.table.segment_mut(self.place).element_mut(self.bucket)
    }

    /// Takes the element out of the table.
    pub fn remove(self) -> T {
        let segment = self.table.segment_mut(self.place);
        let element = segment.remove(self.bucket);
        let is_small = segment.len() <= MERGED_SEGMENT_LEN_MAX;
        self.table.len -= 1;
        if is_small {
            self.table.merge(self.hash);
        }
        element
    }
}

/// Elements in a segment. Splitting or rebuilding one takes some microseconds.
///
/// With the eighth that a rebuilt segment has to spare they fit into 512 buckets of hashbrown.
const SEGMENT_LEN_MAX: usize = 384;

/// Two segments with no more elements than this are merged. Far enough from where a segment splits
/// that no few insertions and removals do either again.
const MERGED_SEGMENT_LEN_MAX: usize = SEGMENT_LEN_MAX / 4;

/// A directory has at most 2^9 slots of 40 bytes, the most that doubling or splitting it copies.
const DIRECTORY_DEPTH_MAX: u32 = 9;

/// Two directories are merged when both have fewer slots than 2 to the power of this.
const MERGED_DIRECTORY_DEPTH_MAX: u32 = DIRECTORY_DEPTH_MAX - 2;

/// How much deeper than the average a segment may be. With random hashes a segment at this depth
/// holds a 32nd of what the average one does.
const DEPTH_SLACK: u32 = 5;

/// Bits in a scan cursor, and the most that ever lead to a segment.
const SCAN_BITS: u32 = 31;
const SCAN_END: u64 = 1 << SCAN_BITS;
const SCAN_SHIFT: u32 = u64::BITS - SCAN_BITS;

/// Segments that a scan passes beyond those that its count allows for, because they may be empty.
const SCAN_EMPTY_SEGMENTS_MAX: usize = 16;

/// Draws of a random element before the next best one is taken; about every second one counts.
const DRAWS_MAX: usize = 64;
