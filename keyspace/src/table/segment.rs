//! A segment: the elements whose hashes share a prefix.

use std::ops::Range;

use super::{POSITION_BITS, position};

/// A small set of elements that is never asked to hold more than 128, unless their hashes cannot be
/// told apart.
///
/// Elements lie side by side in the order in which they came, and `marks` has 16 bits of each one's
/// hash in the same order:
///
/// ```text
///   sssssssss ttttttt   s: 9 bits of its hash, from `shown_from` on
///                       t: the last 7 bits of its hash
/// ```
///
/// An element is found by a look at all marks, a [`Chunk`] at a time: some tens of instructions, less
/// than a miss of the caches costs. The first bits of a mark also tell where its element goes when the
/// segment is split. Only every fifth time are the elements asked for their hashes, to show more bits.
#[derive(Clone, Debug)]
pub(super) struct Segment<T> {
    elements: Vec<T>,
    /// `marks.len() == elements.len().div_ceil(CHUNK_LEN)`. What the last chunk has beyond the
    /// elements means nothing.
    marks: Vec<Chunk>,
    /// The first bit of hashes that marks show. The bits before it are the same for all elements.
    shown_from: u8,
}

/// Marks that are compared at a time.
type Chunk = [u16; CHUNK_LEN];

impl<T> Segment<T> {
    pub(super) fn new() -> Self {
        Self::showing_from(0)
    }

    fn showing_from(bit: u8) -> Self {
        Self { elements: Vec::new(), marks: Vec::new(), shown_from: bit }
    }

    /// One that `depth` bits lead to and that has room for so many elements.
    pub(super) fn with_room(len: usize, depth: u32) -> Self {
        let mut segment = Self::showing_from(depth as u8);
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

    pub(super) fn element_mut(&mut self, number: usize) -> &mut T {
        &mut self.elements[number]
    }

    /// The elements at positions within `wanted`. `hash` is one that the segment covers.
    ///
    /// Those whose marks do not tell are asked for their hashes: none if `wanted` begins and ends at
    /// multiples of the [step](Self::position_step).
    pub(super) fn elements_within(
        &self,
        wanted: Range<u64>,
        hash: u64,
        hash_of: impl Fn(&T) -> u64,
    ) -> impl Iterator<Item = &T> {
        let step = self.position_step();
        let marked = self.marks.as_flattened().iter().zip(&self.elements);
        let within = marked.filter(move |&(&mark, element)| {
            let first = position(self.shown(mark, hash));
            let last = first + step - 1;
            match (wanted.contains(&first), wanted.contains(&last)) {
                (true, true) => true,
                _ if last < wanted.start || wanted.end <= first => false,
                _ => wanted.contains(&position(hash_of(element))),
            }
        });
        within.map(|(_, element)| element)
    }

    /// How many positions marks do not tell apart.
    pub(super) fn position_step(&self) -> u64 {
        1 << POSITION_BITS.saturating_sub(u32::from(self.shown_from) + SHOWN_BITS)
    }

    /// Number of the element that `is_it` recognises, which is asked about those with the same mark.
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(&T) -> bool) -> Option<usize> {
        let wanted = mark(hash, self.shown_from);
        for (chunk_number, chunk) in self.marks.iter().enumerate() {
            // All of them at once, which takes no branch for each.
            if !chunk.iter().fold(false, |any, &mark| any | (mark == wanted)) {
                continue;
            }
            for number in (0..CHUNK_LEN).filter(|&number| chunk[number] == wanted) {
                let number = chunk_number * CHUNK_LEN + number;
                if self.elements.get(number).is_some_and(&mut is_it) {
                    return Some(number);
                }
            }
        }
        None
    }

    pub(super) fn insert(&mut self, hash: u64, element: T) {
        self.make_room(1);
        self.push(mark(hash, self.shown_from), element);
    }

    /// Takes an element out; the last one gets its number.
    pub(super) fn remove(&mut self, number: usize) -> T {
        let last = self.len() - 1;
        let marks = self.marks.as_flattened_mut();
        marks[number] = marks[last];
        self.marks.truncate(last.div_ceil(CHUNK_LEN));
        let element = self.elements.swap_remove(number);
        self.give_back();
        element
    }

    /// Splits by the bit of the hash that follows a prefix of `depth` bits.
    pub(super) fn into_halves(mut self, depth: u32, hash_of: impl Fn(&T) -> u64) -> (Self, Self) {
        if depth >= u32::from(self.shown_from) + SPLITS_MAX {
            self.mark_again(depth, hash_of);
        }
        let shift = u16::BITS - 1 - (depth - u32::from(self.shown_from));
        let is_right = |mark: u16| mark >> shift & 1 == 1;
        let marks = &self.marks.as_flattened()[..self.len()];
        let right_len = marks.iter().filter(|&&mark| is_right(mark)).count();
        let [mut left, mut right] = [(); 2].map(|()| Self::showing_from(self.shown_from));
        if right_len == 0 {
            return (self, right);
        }
        if right_len == self.len() {
            return (left, self);
        }
        left.make_room(self.len() - right_len);
        right.make_room(right_len);
        for (element, &mark) in self.elements.into_iter().zip(self.marks.as_flattened()) {
            let half = if is_right(mark) { &mut right } else { &mut left };
            half.push(mark, element);
        }
        (left, right)
    }

    /// Undoes [`into_halves`](Self::into_halves). `hash` is one that `segment` covers, and `buddy` is
    /// the other half.
    pub(super) fn from_buddies(mut segment: Self, mut buddy: Self, depth: u32, hash: u64) -> Self {
        let shown_from = segment.shown_from.min(buddy.shown_from).min(depth as u8);
        segment.show_from(shown_from, hash);
        buddy.show_from(shown_from, hash ^ 1 << (u64::BITS - 1 - depth));
        let (mut whole, part) =
            if segment.len() < buddy.len() { (buddy, segment) } else { (segment, buddy) };
        whole.make_room(part.len());
        for (element, &mark) in part.elements.into_iter().zip(part.marks.as_flattened()) {
            whole.push(mark, element);
        }
        whole
    }

    /// Adds an element for which there is room.
    fn push(&mut self, mark: u16, element: T) {
        count_work(1);
        let number = self.len();
        self.elements.push(element);
        if number.is_multiple_of(CHUNK_LEN) {
            self.marks.push([0; CHUNK_LEN]);
        }
        self.marks[number / CHUNK_LEN][number % CHUNK_LEN] = mark;
    }

    /// Has marks show the bits from `bit` on, as the hashes have them.
    fn mark_again(&mut self, bit: u32, hash_of: impl Fn(&T) -> u64) {
        count_work(self.len());
        self.shown_from = bit as u8;
        for (old, element) in self.marks.as_flattened_mut().iter_mut().zip(&self.elements) {
            *old = mark(hash_of(element), self.shown_from);
        }
    }

    /// Has marks show the bits from `bit` on, which is not behind the one where they begin. `hash` is
    /// one that the segment covers.
    fn show_from(&mut self, bit: u8, hash: u64) {
        if bit == self.shown_from {
            return;
        }
        count_work(self.len());
        for number in 0..self.len() {
            let old = self.marks.as_flattened()[number];
            let tag = old & TAG_MASK;
            let new = mark(self.shown(old, hash), bit) & !TAG_MASK | tag;
            self.marks.as_flattened_mut()[number] = new;
        }
        self.shown_from = bit;
    }

    /// The leading bits of a hash as far as its mark shows them, and zeroes. `hash` is one that the
    /// segment covers.
    fn shown(&self, mark: u16, hash: u64) -> u64 {
        let shown = u64::from(mark >> TAG_BITS) << (u64::BITS - SHOWN_BITS);
        hash & !(u64::MAX >> self.shown_from) | shown >> self.shown_from
    }

    /// Makes room for so many elements more.
    fn make_room(&mut self, more: usize) {
        let len = self.len() + more;
        if len > self.elements.capacity() {
            count_work(self.len());
            let room = room_for(len);
            self.elements.reserve_exact(room - self.len());
            self.marks.reserve_exact(room.div_ceil(CHUNK_LEN) - self.marks.len());
        }
    }

    /// Gives room back of which less than half is used.
    fn give_back(&mut self) {
        let len = self.len();
        if self.elements.capacity() > SHRINK_FACTOR * len {
            count_work(len);
            let room = room_for(len + len / SPARE_FRACTION);
            self.elements.shrink_to(room);
            self.marks.shrink_to(room.div_ceil(CHUNK_LEN));
        }
    }
}

/// What a segment keeps of a hash.
fn mark(hash: u64, shown_from: u8) -> u16 {
    let shown = (hash << shown_from >> (u64::BITS - SHOWN_BITS)) as u16;
    shown << TAG_BITS | hash as u16 & TAG_MASK
}

/// Elements that there is room for where `len` of them need it. The steps are those that mimalloc and
/// jemalloc have for elements of eight bytes, so that what they add is used.
fn room_for(len: usize) -> usize {
    match len {
        0 => 0,
        1..CHUNK_LEN => len.next_power_of_two().max(ROOM_MIN),
        _ => len.next_multiple_of((len.next_power_of_two() / 8).max(CHUNK_LEN)),
    }
}

/// Two registers of the processor.
const CHUNK_LEN: usize = 16;

const ROOM_MIN: usize = 4;

/// Leading bits of a hash in a mark.
const SHOWN_BITS: u32 = 9;

/// Bits of a mark that splits can use up. The others leave enough for a scan that stops within a
/// segment.
pub(super) const SPLITS_MAX: u32 = 5;

/// Bits from the end of a hash in a mark: where all elements of a segment have the same leading
/// bits, these are all that tells them apart.
const TAG_BITS: u32 = 7;
const TAG_MASK: u16 = (1 << TAG_BITS) - 1;

const _: () = assert!(SHOWN_BITS + TAG_BITS == u16::BITS && SPLITS_MAX < SHOWN_BITS);

/// Room of which less than half is used is given back.
const SHRINK_FACTOR: usize = 2;

/// An eighth of what is used is then kept, so that deletions and insertions in turn do not move
/// everything each time.
const SPARE_FRACTION: usize = 8;

const _: () = assert!(size_of::<Segment<u64>>() == 56);

#[cfg(test)]
use super::tests::count_work;

/// Counts what is moved, in tests.
#[cfg(not(test))]
fn count_work(_moved: usize) {}

#[cfg(test)]
impl<T> Segment<T> {
    /// Elements and marks that there is room for.
    pub(super) fn room(&self) -> (usize, usize) {
        (self.elements.capacity(), self.marks.capacity() * CHUNK_LEN)
    }

    /// Panics where a segment that `depth` bits lead to does not have what it should of the hashes.
    pub(super) fn check(&self, depth: u32, hash: u64, hash_of: impl Fn(&T) -> u64) {
        assert_eq!(self.marks.len(), self.len().div_ceil(CHUNK_LEN));
        assert!(
            self.marks.capacity() * CHUNK_LEN >= self.elements.capacity() / CHUNK_LEN * CHUNK_LEN
        );
        let shown_from = u32::from(self.shown_from);
        assert!(shown_from <= depth && depth <= shown_from + SPLITS_MAX);
        for (&found, element) in self.marks.as_flattened().iter().zip(&self.elements) {
            assert_eq!(found, mark(hash_of(element), self.shown_from));
            let shown_bits = shown_from + SHOWN_BITS;
            assert_eq!(self.shown(found, hash), hash_of(element) & !(u64::MAX >> shown_bits));
        }
    }
}
