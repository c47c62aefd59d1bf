//! A hash table in which no operation does more than a bounded amount of work.
//!
//! One growing hash table moves all of its elements when it is full; with ten million of them that
//! takes a second. Here the elements live in segments of at most 128, and only ever one segment is
//! split, merged or moved at a time (extendible hashing). A tree of small directories leads from
//! the leading bits of a hash to its segment:
//!
//! ```text
//!   hash  101100111 010011101 0...
//!         |         |         +---- looked for within the segment
//!         |         +-------------- up to 9 bits that lead through a directory to a segment
//!         +------------------------ 9 bits that lead through the root to a directory
//!
//!   root          directory        segment
//!   +-+-+-+-+     +-+-+-+-+        marks     +--+--+--+--+--+--+--+--+  2 bytes each
//!   | | | | |---->| | | | |------> elements  +--------+--------+--------+--------+
//!   +-+-+-+-+     +-+-+-+-+
//! ```
//!
//! A segment that needs more than the 9 bits of its directory becomes a directory itself. In all, 31
//! bits lead to a segment at most, so that there are four levels at most, and there is nothing that
//! doubles beyond 512 slots. Hashes that have many leading bits in common cost levels, not memory.
//! Where 31 bits cannot tell more than 128 elements apart, their segment grows.
//!
//! Of a hash, 16 bits are kept beside the element. So a segment is mostly split without a look at
//! the elements, which are pointers as a rule. An element of 8 bytes takes 11.7 on the average.
//!
//! Whoever calls supplies the hash, and for what moves elements or tells their order a way to have
//! that of others again. Both ends of it should be random: the leading bits spread the elements, the
//! last 7 spare comparisons.

mod directory;
mod segment;
#[cfg(test)]
mod tests;

use std::ops::Range;

use directory::{Directory, Node};
use segment::Segment;

/// A set of elements with their hashes. See the [module](self) for how it is built.
#[derive(Clone, Debug)]
pub struct Table<T> {
    root: Node<T>,
    len: usize,
}

/// A place between the elements of a table that does not change, for [`Table::next`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Position {
    /// Where a segment begins among the 2^31 positions of hashes.
    segment: u32,
    /// Elements of the segment that have been passed.
    passed: u32,
}

impl Position {
    /// Moves on behind `count` more elements of a [run](Table::run).
    pub fn pass(&mut self, count: usize) {
        self.passed += count as u32;
    }
}

impl<T> Table<T> {
    /// An empty table.
    pub fn new() -> Self {
        Self { root: Node::Segment(Segment::new()), len: 0 }
    }

    /// An empty table with room for about `len` elements, of more than 16,384 for the first ones.
    pub fn with_room(len: usize) -> Self {
        let len = len.min(ROOM_LEN_MAX);
        let depth = len.div_ceil(SEGMENT_LEN_MAX / 8 * 7).next_power_of_two().trailing_zeros();
        let segment = || Segment::with_room((len + len / 16) >> depth, depth);
        let root = match depth {
            0 => Node::Segment(segment()),
            depth => Node::Directory(Box::new(Directory::of_segments(depth, segment))),
        };
        Self { root, len: 0 }
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
        self.segments(0..POSITION_END).flat_map(|(segment, _)| segment.elements())
    }

    /// The elements whose hashes begin with the `depth` bits of `prefix`, without a look at more
    /// than one segment that has others as well. `hash_of` gives the hash of an element of it.
    ///
    /// # Panics
    /// If `depth` is more than 31 or `prefix` has more bits.
    pub fn iter_prefix(
        &self,
        prefix: u32,
        depth: u32,
        hash_of: impl Fn(&T) -> u64 + Copy,
    ) -> impl Iterator<Item = &T> {
        let width = POSITION_END >> depth;
        assert!(depth <= POSITION_BITS && u64::from(prefix) < 1 << depth, "no such prefix");
        let start = u64::from(prefix) * width;
        let wanted = start..start + width;
        self.segments(wanted.clone()).flat_map(move |(segment, covered)| {
            segment.elements_within(wanted.clone(), hash_at(covered.start), hash_of)
        })
    }

    /// Number of elements whose hashes begin with the `depth` bits of `prefix`. This looks at one
    /// segment, or at all nodes of one directory.
    ///
    /// # Panics
    /// As [`iter_prefix`](Self::iter_prefix).
    pub fn len_prefix(&self, prefix: u32, depth: u32, hash_of: impl Fn(&T) -> u64 + Copy) -> usize {
        assert!(depth <= POSITION_BITS && u64::from(prefix) < 1 << depth, "no such prefix");
        let hash = u64::from(prefix) << 1 << (u64::BITS - 1 - depth);
        let (mut node, mut base) = (&self.root, 0);
        while let Node::Directory(directory) = node {
            match directory.len_prefix(hash, base, depth) {
                Some(len) => return len,
                None => node = directory.node(directory.locate(hash, base).0),
            }
            base += DIRECTORY_DEPTH_MAX;
        }
        self.iter_prefix(prefix, depth, hash_of).count()
    }

    /// The element at `at`, which moves on behind it; `None` at the end. The first position is the
    /// default one.
    ///
    /// This goes over all elements like [`iter`](Self::iter), but holds no borrow between two steps.
    /// It is up to the caller that the table does not change meanwhile: otherwise elements are missed
    /// or seen twice.
    pub fn next(&self, at: &mut Position) -> Option<&T> {
        let element = self.run(at).first()?;
        at.pass(1);
        Some(element)
    }

    /// The elements from `at` on that lie together: some, or none at the end. `at` stays before the
    /// first of them, until it [passes](Position::pass) them.
    ///
    /// As with [`next`](Self::next), the table does not change meanwhile.
    pub fn run(&self, at: &mut Position) -> &[T] {
        let start = u64::from(at.segment);
        for (segment, covered) in self.segments(start..POSITION_END) {
            if let Some(run @ [_, ..]) = segment.elements().get(at.passed as usize..) {
                return run;
            }
            // The last position is kept at the end, where there is nothing more in its segment.
            if covered.end < POSITION_END {
                *at = Position { segment: covered.end as u32, passed: 0 };
            }
        }
        &[]
    }

    /// The element that `is_it` recognises. It is asked about elements that may have this hash.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&T> {
        let segment = self.covering(hash).0;
        segment.find(hash, is_it).map(|number| &segment.elements()[number])
    }

    /// As [`find`](Self::find), to change or remove the element.
    #[inline]
    pub fn find_entry(
        &mut self,
        hash: u64,
        is_it: impl FnMut(&T) -> bool,
    ) -> Option<OccupiedEntry<'_, T>> {
        let place = self.locate(hash, is_it)?;
        Some(self.entry_at(place))
    }

    /// As [`find`](Self::find), for one who decides later what to do with the element.
    #[inline]
    pub(crate) fn locate(&self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<Place> {
        let mut path = Path { nodes: [0; LEVELS_MAX], len: 0 };
        let mut node = &self.root;
        let number = loop {
            match node {
                Node::Directory(directory) => {
                    let number = directory.locate(hash, path.base()).0;
                    node = directory.node(number);
                    path.nodes[path.len] = number as u16;
                    path.len += 1;
                }
                Node::Segment(segment) => break segment.find(hash, is_it)?,
            }
        };
        Some(Place { path, number, hash })
    }

    /// The element at a place that was found since the last change of the table.
    #[inline]
    pub(crate) fn entry_at(&mut self, place: Place) -> OccupiedEntry<'_, T> {
        OccupiedEntry { table: self, place }
    }

    /// Adds an element that the table does not hold yet. `hash_of` gives the hash of elements that
    /// are there: of those of one segment at most.
    pub fn insert_unique(&mut self, hash: u64, element: T, hash_of: impl Fn(&T) -> u64) {
        self.len += 1;
        if self.root.must_split(0) {
            self.root.deepen();
        }
        let mut node = &mut self.root;
        let mut base = 0;
        loop {
            match node {
                Node::Directory(directory) => node = directory.node_to_insert(hash, base, &hash_of),
                Node::Segment(segment) => return segment.insert(hash, element),
            }
            base += DIRECTORY_DEPTH_MAX;
        }
    }

    /// Visits the elements from `cursor` on, about `count` of them, and returns the cursor for the
    /// next call, or 0 when every element has been visited.
    ///
    /// A cursor is a position in the space of hashes, 31 bits wide. An element stays at its
    /// position, so one that is present from the first call to the last is visited exactly once,
    /// however the table changes between the calls.
    ///
    /// The work of a call is bounded by `count` and the size of a segment, not by the table.
    /// Elements at the same position are visited together, even if they are more than `count`, and
    /// often those of a few positions. `hash_of` gives the hash of some of the elements.
    pub fn scan<'a>(
        &'a self,
        cursor: u32,
        count: usize,
        hash_of: impl Fn(&T) -> u64,
        mut visit: impl FnMut(&'a T),
    ) -> u32 {
        let mut start = u64::from(cursor);
        let mut wanted = count.max(1);
        let segments_max = count.saturating_add(SCAN_EMPTY_SEGMENTS_MAX);
        for (segment, covered) in self.segments(start..POSITION_END).take(segments_max) {
            // The part of the segment that holds about as many elements as are wanted.
            let width = covered.end - covered.start;
            let share = match segment.elements().len() {
                len if len > wanted => (width * wanted as u64 / len as u64).max(1),
                _ => width,
            };
            let end = (start + share).next_multiple_of(segment.position_step()).min(covered.end);
            for element in segment.elements_within(start..end, hash_at(covered.start), &hash_of) {
                visit(element);
                wanted = wanted.saturating_sub(1);
            }
            start = end;
            if wanted == 0 || end < covered.end {
                break;
            }
        }
        // The end itself is 2^31, which is no cursor.
        if start < POSITION_END { start as u32 } else { 0 }
    }

    /// An element drawn at random, or `None` if the table is empty; `random` gives numbers that are
    /// uniform over `u64`. Every element is as likely as any other.
    pub fn random(&self, mut random: impl FnMut() -> u64) -> Option<&T> {
        let len = self.len as u64;
        let unfair = len.wrapping_neg().checked_rem(len)?;
        loop {
            // Of the 2^64 numbers as many lead to each element, once the first few are left out.
            let product = u128::from(random()) * u128::from(len);
            if product as u64 >= unfair {
                return self.nth((product >> u64::BITS) as usize);
            }
        }
    }

    /// The nth element in an order that lasts until the table changes, from 0 on.
    pub fn nth(&self, mut nth: usize) -> Option<&T> {
        if nth >= self.len {
            return None;
        }
        let mut node = &self.root;
        loop {
            match node {
                Node::Directory(directory) => (node, nth) = directory.nth(nth),
                Node::Segment(segment) => return segment.elements().get(nth),
            }
        }
    }

    /// The segments that cover these positions, each with all positions that it covers.
    fn segments(&self, wanted: Range<u64>) -> impl Iterator<Item = (&Segment<T>, Range<u64>)> {
        let mut start = wanted.start;
        std::iter::from_fn(move || {
            if start >= wanted.end {
                return None;
            }
            let (segment, depth) = self.covering(hash_at(start));
            let width = POSITION_END >> depth;
            let first = start & !(width - 1);
            start = first + width;
            Some((segment, first..start))
        })
    }

    /// The segment that covers `hash`, and the number of bits that lead to it.
    fn covering(&self, hash: u64) -> (&Segment<T>, u32) {
        let (mut node, mut base, mut depth) = (&self.root, 0, 0);
        loop {
            match node {
                Node::Directory(directory) => {
                    let (number, more) = directory.locate(hash, base);
                    node = directory.node(number);
                    depth = base + more;
                    base += DIRECTORY_DEPTH_MAX;
                }
                Node::Segment(segment) => return (segment, depth),
            }
        }
    }

    fn node_mut(&mut self, path: Path) -> &mut Node<T> {
        let mut node = &mut self.root;
        for &number in path.nodes() {
            let Node::Directory(directory) = node else { unreachable!("a path goes on") };
            node = directory.node_mut(number.into());
        }
        node
    }

    /// The segment at the end of a path, which loses an element.
    fn segment_to_remove(&mut self, path: Path) -> &mut Segment<T> {
        self.len -= 1;
        let mut node = &mut self.root;
        for &number in path.nodes() {
            let Node::Directory(directory) = node else { unreachable!("a path goes on") };
            node = directory.node_to_remove(number.into());
        }
        segment_mut(node)
    }

    /// Merges the segment at the end of a path, which covers `hash`, with its buddies as long as
    /// they are small, and what is left of its directory with theirs.
    fn merge(&mut self, mut path: Path, hash: u64) {
        while path.len > 0 {
            path.len -= 1;
            let node = self.node_mut(path);
            if let Node::Directory(directory) = node {
                directory.merge(hash, path.base());
            }
            if !node.flatten() {
                return;
            }
        }
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
}

/// Where an element is, as long as the table does not change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    path: Path,
    number: usize,
    hash: u64,
}

/// The numbers of the nodes that lead from the root to a segment.
#[derive(Clone, Copy, Debug)]
struct Path {
    nodes: [u16; LEVELS_MAX],
    len: usize,
}

impl Path {
    fn nodes(&self) -> &[u16] {
        &self.nodes[..self.len]
    }

    /// Bits of a hash that lead to the end of the path if there is a directory.
    fn base(&self) -> u32 {
        self.len as u32 * DIRECTORY_DEPTH_MAX
    }
}

impl<'a, T> OccupiedEntry<'a, T> {
    /// The element.
    pub fn get(&self) -> &T {
        let mut node = &self.table.root;
        for &number in self.place.path.nodes() {
            let Node::Directory(directory) = node else { unreachable!("a path goes on") };
            node = directory.node(number.into());
        }
        let Node::Segment(segment) = node else { unreachable!("a path ends at a segment") };
        &segment.elements()[self.place.number]
    }

    /// The element.
    pub fn get_mut(&mut self) -> &mut T {
        segment_mut(self.table.node_mut(self.place.path)).element_mut(self.place.number)
    }

    /// The element, for as long as the table was borrowed.
    pub fn into_mut(self) -> &'a mut T {
        segment_mut(self.table.node_mut(self.place.path)).element_mut(self.place.number)
    }

    /// The hash that the element was found by.
    pub fn hash(&self) -> u64 {
        self.place.hash
    }

    /// Takes the element out of the table.
    pub fn remove(self) -> T {
        let segment = self.table.segment_to_remove(self.place.path);
        let element = segment.remove(self.place.number);
        if segment.len() <= MERGED_SEGMENT_LEN_MAX {
            self.table.merge(self.place.path, self.place.hash);
        }
        element
    }
}

fn segment_mut<T>(node: &mut Node<T>) -> &mut Segment<T> {
    match node {
        Node::Segment(segment) => segment,
        Node::Directory(_) => unreachable!("a path ends at a segment"),
    }
}

/// Where an element is in the order that [`Table::scan`] follows.
fn position(hash: u64) -> u64 {
    hash >> (u64::BITS - POSITION_BITS)
}

/// The first hash at a position.
fn hash_at(position: u64) -> u64 {
    position << (u64::BITS - POSITION_BITS)
}

/// Elements in a segment. Splitting one takes some microseconds.
const SEGMENT_LEN_MAX: usize = 128;

/// Room for more is made as they come.
const ROOM_LEN_MAX: usize = 1 << 14;

const _: () = assert!(
    ROOM_LEN_MAX / SEGMENT_LEN_MAX < 1 << (DIRECTORY_DEPTH_MAX - 1),
    "one directory leads to all of it"
);

/// Two segments with no more elements than this are merged. Far enough from where a segment splits
/// that no few insertions and removals do either again.
const MERGED_SEGMENT_LEN_MAX: usize = SEGMENT_LEN_MAX / 4;

/// A directory has at most 2^9 slots, the most that doubling it copies.
const DIRECTORY_DEPTH_MAX: u32 = 9;

/// Bits in a scan cursor, and the most that ever lead to a segment.
const POSITION_BITS: u32 = 31;
const POSITION_END: u64 = 1 << POSITION_BITS;

const LEVELS_MAX: usize = POSITION_BITS.div_ceil(DIRECTORY_DEPTH_MAX) as usize;

/// Segments that a scan passes beyond those that its count allows for, because they may be empty.
const SCAN_EMPTY_SEGMENTS_MAX: usize = 16;
