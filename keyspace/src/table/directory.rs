//! A directory: which node covers a hash, by the hash's leading bits.

use super::segment::Segment;
use super::{DIRECTORY_DEPTH_MAX, MERGED_SEGMENT_LEN_MAX, POSITION_BITS, SEGMENT_LEN_MAX};

/// What covers all hashes with some prefix.
#[derive(Clone, Debug)]
pub(super) enum Node<T> {
    Segment(Segment<T>),
    Directory(Box<Directory<T>>),
}

/// Nodes that together cover all hashes with some prefix of `base` bits, each the hashes that go on
/// with further bits of its own.
///
/// A node that `n` further bits lead to has depth `n`; it is in `1 << (depth - n)` consecutive slots.
/// This is a directory of depth 3 with four nodes:
///
/// | slot | 000 | 001 | 010 | 011 | 100 | 101 | 110 | 111 |
/// |------|-----|-----|-----|-----|-----|-----|-----|-----|
/// | node | A | A | B | C | D | D | D | D |
/// | depth of the node | 2 | 2 | 3 | 3 | 1 | 1 | 1 | 1 |
///
/// A slot takes two bytes and a node 56, so that a directory takes little where a few hashes that
/// have much in common have made it deep.
///
/// Hashes are given as they are, together with `base`, the number of bits that have led here.
#[derive(Clone, Debug)]
pub(super) struct Directory<T> {
    /// Number of the node that covers each prefix, and its depth. The length is a power of two.
    slots: Vec<Slot>,
    nodes: Vec<Node<T>>,
    /// Elements in each [`GROUP_LEN`] consecutive nodes, so that the nth is found without looking
    /// at all nodes.
    group_lens: Vec<usize>,
}

/// The number of a node, and in the last four bits its depth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Slot(u16);

impl<T> Node<T> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Segment(segment) => segment.len(),
            Self::Directory(directory) => directory.group_lens.iter().sum(),
        }
    }

    /// Whether a segment that `depth` bits have led to must be split to hold one more.
    pub(super) fn must_split(&self, depth: u32) -> bool {
        match self {
            Self::Segment(segment) => segment.len() >= SEGMENT_LEN_MAX && depth < POSITION_BITS,
            Self::Directory(_) => false,
        }
    }

    /// Turns a segment into a directory that consists of it.
    pub(super) fn deepen(&mut self) {
        let node = std::mem::replace(self, Self::Segment(Segment::new()));
        *self = Self::Directory(Box::new(Directory::new(node)));
    }

    /// Undoes [`deepen`](Self::deepen), if the directory consists of one segment.
    pub(super) fn flatten(&mut self) -> bool {
        if let Self::Directory(directory) = self
            && directory.nodes.len() == 1
            && let Some(node) = directory.nodes.pop()
        {
            *self = node;
            return true;
        }
        false
    }
}

impl<T> Directory<T> {
    fn new(node: Node<T>) -> Self {
        let group_lens = vec![node.len()];
        let mut nodes = Vec::with_capacity(2);
        nodes.push(node);
        Self { slots: vec![Slot::new(0, 0)], nodes, group_lens }
    }

    /// One that leads to `2^depth` segments, all of them empty.
    pub(super) fn of_segments(depth: u32, segment: impl Fn() -> Segment<T>) -> Self {
        let len = 1 << depth;
        let nodes = (0..len).map(|_| Node::Segment(segment())).collect();
        let slots = (0..len).map(|number| Slot::new(number, depth)).collect();
        Self { slots, nodes, group_lens: vec![0; len.div_ceil(GROUP_LEN)] }
    }

    /// Number of the node that covers `hash`, and its depth.
    pub(super) fn locate(&self, hash: u64, base: u32) -> (usize, u32) {
        let slot = self.slots[self.slot_of(hash, base)];
        (slot.number(), slot.depth())
    }

    pub(super) fn node(&self, number: usize) -> &Node<T> {
        &self.nodes[number]
    }

    pub(super) fn node_mut(&mut self, number: usize) -> &mut Node<T> {
        &mut self.nodes[number]
    }

    /// The node that covers `hash` and gets an element with it: one that can take it or leads on.
    pub(super) fn node_to_insert(
        &mut self,
        hash: u64,
        base: u32,
        hash_of: impl Fn(&T) -> u64,
    ) -> &mut Node<T> {
        let (mut number, mut depth) = self.locate(hash, base);
        while self.nodes[number].must_split(base + depth) {
            if depth == DIRECTORY_DEPTH_MAX {
                self.nodes[number].deepen();
            } else {
                self.split(hash, base, &hash_of);
                (number, depth) = self.locate(hash, base);
            }
        }
        self.group_lens[number / GROUP_LEN] += 1;
        &mut self.nodes[number]
    }

    /// The node with this number, which loses an element.
    pub(super) fn node_to_remove(&mut self, number: usize) -> &mut Node<T> {
        self.group_lens[number / GROUP_LEN] -= 1;
        &mut self.nodes[number]
    }

    /// The node with the nth of all elements, and which one of its elements that is.
    pub(super) fn nth(&self, mut nth: usize) -> (&Node<T>, usize) {
        let mut group = 0;
        while nth >= self.group_lens[group] {
            nth -= self.group_lens[group];
            group += 1;
        }
        let mut number = group * GROUP_LEN;
        while nth >= self.nodes[number].len() {
            nth -= self.nodes[number].len();
            number += 1;
        }
        (&self.nodes[number], nth)
    }

    /// Number of elements whose hashes begin with the first `depth` bits of `hash`, if they are all
    /// there is in some of the nodes.
    pub(super) fn len_prefix(&self, hash: u64, base: u32, depth: u32) -> Option<usize> {
        let slot = self.slot_of(hash, base);
        let depth = depth - base;
        if self.slots[slot].depth() < depth {
            return None;
        }
        let slots = slot..slot + (1 << (self.depth() - depth));
        let nodes = self.slots[slots].chunk_by(|slot, next| slot.number() == next.number());
        Some(nodes.map(|slots| self.nodes[slots[0].number()].len()).sum())
    }

    /// Merges the segment that covers `hash` with its buddy, as long as both are small together.
    pub(super) fn merge(&mut self, hash: u64, base: u32) {
        while let Some(buddy) = self.small_buddy(hash, base) {
            self.merge_with(buddy, hash, base);
        }
    }

    fn depth(&self) -> u32 {
        self.slots.len().trailing_zeros()
    }

    fn slot_of(&self, hash: u64, base: u32) -> usize {
        // Two shifts, because a depth of 0 would need a shift by 64.
        (hash << base >> 1 >> (u64::BITS - 1 - self.depth())) as usize
    }

    /// The slots of the node that covers the slot.
    fn covered(&self, slot: usize) -> std::ops::Range<usize> {
        let len = 1 << (self.depth() - self.slots[slot].depth());
        let start = slot & !(len - 1);
        start..start + len
    }

    /// Puts the two halves of a segment in its place, doubling the directory if it must.
    fn split(&mut self, hash: u64, base: u32, hash_of: impl Fn(&T) -> u64) {
        let (left, depth) = self.locate(hash, base);
        if depth == self.depth() {
            self.slots = self.slots.iter().flat_map(|&slot| [slot; 2]).collect();
        }
        let Node::Segment(segment) = self.take(left) else { unreachable!("only segments split") };
        let (left_half, right_half) = segment.into_halves(base + depth, hash_of);
        let right = self.nodes.len();
        self.group_lens.resize((right + 1).div_ceil(GROUP_LEN), 0);
        self.group_lens[left / GROUP_LEN] -= right_half.len();
        self.group_lens[right / GROUP_LEN] += right_half.len();
        self.nodes[left] = Node::Segment(left_half);
        self.nodes.push(Node::Segment(right_half));
        let covered = self.covered(self.slot_of(hash, base));
        let middle = (covered.start + covered.end) / 2;
        self.slots[covered.start..middle].fill(Slot::new(left, depth + 1));
        self.slots[middle..covered.end].fill(Slot::new(right, depth + 1));
    }

    /// Number of the segment that covers the other half of the prefix from which the one that covers
    /// `hash` was split, if both are small.
    fn small_buddy(&self, hash: u64, base: u32) -> Option<usize> {
        let (number, depth) = self.locate(hash, base);
        let distance = 1 << (self.depth() - depth);
        let buddy = *self.slots.get(self.slot_of(hash, base) ^ distance)?;
        match (&self.nodes[number], &self.nodes[buddy.number()]) {
            (Node::Segment(segment), Node::Segment(other)) => {
                let is_small = segment.len() + other.len() <= MERGED_SEGMENT_LEN_MAX;
                (buddy.depth() == depth && is_small).then_some(buddy.number())
            }
            _ => None,
        }
    }

    /// Undoes [`split`](Self::split) of the segment that covers `hash`, halving the directory if it
    /// can.
    fn merge_with(&mut self, buddy: usize, hash: u64, base: u32) {
        let (number, depth) = self.locate(hash, base);
        let (Node::Segment(segment), Node::Segment(other)) = (self.take(number), self.take(buddy))
        else {
            unreachable!("only segments are merged")
        };
        let (kept, gone) = (number.min(buddy), number.max(buddy));
        let moved_len = if gone == buddy { other.len() } else { segment.len() };
        self.group_lens[gone / GROUP_LEN] -= moved_len;
        self.group_lens[kept / GROUP_LEN] += moved_len;
        let whole = Segment::from_buddies(segment, other, base + depth - 1, hash);
        self.nodes[kept] = Node::Segment(whole);
        let slot = self.slot_of(hash, base);
        let distance = 1 << (self.depth() - depth);
        for covered in [self.covered(slot), self.covered(slot ^ distance)] {
            self.slots[covered].fill(Slot::new(kept, depth - 1));
        }
        self.remove(gone);
        while self.depth() > 0 && self.slots.iter().all(|slot| slot.depth() < self.depth()) {
            self.slots = self.slots.iter().step_by(2).copied().collect();
        }
    }

    /// Removes an empty node that covers nothing; the last one gets its number.
    fn remove(&mut self, gone: usize) {
        let last = self.nodes.len() - 1;
        let moved_len = self.nodes[last].len();
        self.group_lens[last / GROUP_LEN] -= moved_len;
        self.group_lens[gone / GROUP_LEN] += moved_len;
        for slot in self.slots.iter_mut().filter(|slot| slot.number() == last) {
            *slot = Slot::new(gone, slot.depth());
        }
        self.nodes.swap_remove(gone);
        self.group_lens.truncate(last.div_ceil(GROUP_LEN));
        if self.nodes.len() < self.nodes.capacity() / 4 {
            self.nodes.shrink_to(self.nodes.len() * 2);
        }
    }

    fn take(&mut self, number: usize) -> Node<T> {
        std::mem::replace(&mut self.nodes[number], Node::Segment(Segment::new()))
    }
}

impl Slot {
    fn new(number: usize, depth: u32) -> Self {
        Self((number as u16) << 4 | depth as u16)
    }

    fn number(self) -> usize {
        usize::from(self.0 >> 4)
    }

    fn depth(self) -> u32 {
        u32::from(self.0 & 0xf)
    }
}

/// Nodes whose elements are counted together.
const GROUP_LEN: usize = 32;

const _: () = assert!(size_of::<Node<u64>>() == 56);

#[cfg(test)]
impl<T> Node<T> {
    /// Visits every directory from here on, with its base.
    pub(super) fn directories<'a>(
        &'a self,
        base: u32,
        visit: &mut impl FnMut(&'a Directory<T>, u32),
    ) {
        if let Self::Directory(directory) = self {
            visit(directory, base);
            for node in &directory.nodes {
                node.directories(base + DIRECTORY_DEPTH_MAX, visit);
            }
        }
    }
}

#[cfg(test)]
impl<T> Directory<T> {
    /// Slots and nodes.
    pub(super) fn lens(&self) -> (usize, usize) {
        (self.slots.len(), self.nodes.len())
    }

    /// Panics where a node does not fill the slots that its depth says, or could be merged.
    pub(super) fn check(&self) {
        assert_eq!(self.slots.len(), 1 << self.depth());
        assert!(self.depth() <= DIRECTORY_DEPTH_MAX && self.nodes.len() > 1);
        let mut seen = vec![false; self.nodes.len()];
        let mut first = 0;
        while first < self.slots.len() {
            let slot = self.slots[first];
            assert!(!std::mem::replace(&mut seen[slot.number()], true), "a node is in two places");
            let covered = self.covered(first);
            assert!(self.slots[covered.clone()].iter().all(|&other| other == slot));
            first = covered.end;
        }
        assert!(seen.iter().all(|&seen| seen), "a node covers nothing");
        assert!(self.slots.iter().any(|slot| slot.depth() == self.depth()), "it could be halved");
        let mut group_lens = vec![0; self.nodes.len().div_ceil(GROUP_LEN)];
        for (number, node) in self.nodes.iter().enumerate() {
            group_lens[number / GROUP_LEN] += node.len();
        }
        assert_eq!(self.group_lens, group_lens);
    }
}
