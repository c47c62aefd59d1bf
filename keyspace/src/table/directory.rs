//! A directory: which node covers a hash, by the hash's leading bits.

/// Nodes that together cover every hash, each the hashes that begin with its own prefix.
///
/// A prefix of `n` bits is a node of depth `n`; it fills `1 << (depth - n)` consecutive slots, of
/// which the first holds the node. This is a directory of depth 3 with four nodes:
///
/// | slot | 000 | 001 | 010 | 011 | 100 | 101 | 110 | 111 |
/// |------|-----|-----|-----|-----|-----|-----|-----|-----|
/// | node | A | | B | C | D | | | |
/// | depth of the node | 2 | 2 | 3 | 3 | 1 | 1 | 1 | 1 |
///
/// Hashes are given with the bits that count in front: `hash << n` where `n` bits have already led
/// to this directory.
#[derive(Debug)]
pub(super) struct Directory<N> {
    depth: u32,
    /// Nodes whose depth is that of the directory. At zero the directory can be halved.
    deepest: usize,
    /// `slots.len() == 1 << depth`
    slots: Vec<Slot<N>>,
}

#[derive(Debug)]
struct Slot<N> {
    /// Depth of the node that fills this slot.
    depth: u32,
    /// The node, in the first of its slots.
    node: Option<N>,
}

impl<N> Directory<N> {
    pub(super) fn new(node: N) -> Self {
        Self { depth: 0, deepest: 1, slots: vec![Slot { depth: 0, node: Some(node) }] }
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// Slot of the node that covers `hash`.
    pub(super) fn locate(&self, hash: u64) -> usize {
        // Two shifts, because a depth of 0 would need a shift by 64.
        let slot = (hash >> 1 >> (u64::BITS - 1 - self.depth)) as usize;
        let covered = 1 << (self.depth - self.slots[slot].depth);
        slot & !(covered - 1)
    }

    /// The node in `slot`, which [`locate`](Self::locate) gave, and its depth.
    pub(super) fn node(&self, slot: usize) -> (&N, u32) {
        let slot = &self.slots[slot];
        (slot.node.as_ref().expect("the slot was located"), slot.depth)
    }

    pub(super) fn node_mut(&mut self, slot: usize) -> (&mut N, u32) {
        let slot = &mut self.slots[slot];
        (slot.node.as_mut().expect("the slot was located"), slot.depth)
    }

    /// Every node, in the order of their prefixes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &N> {
        self.slots.iter().filter_map(|slot| slot.node.as_ref())
    }

    /// Slot of the node that covers the other half of the parent's prefix, if it is one node.
    pub(super) fn buddy(&self, slot: usize) -> Option<usize> {
        let depth = self.slots[slot].depth;
        let buddy = slot ^ (1 << self.depth.checked_sub(depth)?);
        (depth > 0 && self.slots[buddy].depth == depth).then_some(buddy)
    }

    /// Puts the two halves of a node in its place, doubling the directory if it must.
    pub(super) fn split(&mut self, slot: usize, halve: impl FnOnce(N) -> (N, N)) {
        let slot = if self.slots[slot].depth == self.depth {
            self.double();
            slot * 2
        } else {
            slot
        };
        let depth = self.slots[slot].depth + 1;
        let covered = 1 << (self.depth - depth);
        for filled in &mut self.slots[slot..slot + 2 * covered] {
            filled.depth = depth;
        }
        let (left, right) = halve(self.slots[slot].node.take().expect("the slot was located"));
        self.slots[slot].node = Some(left);
        self.slots[slot + covered].node = Some(right);
        if depth == self.depth {
            self.deepest += 2;
        }
    }

    /// Undoes a split of which `slot` is either half, halving the directory if it can.
    pub(super) fn merge(&mut self, slot: usize, join: impl FnOnce(N, N) -> N) {
        let depth = self.slots[slot].depth;
        let covered = 1 << (self.depth - depth);
        let (left, right) = (slot & !covered, slot | covered);
        let right_node = self.slots[right].node.take().expect("the buddy is one node");
        let left_node = self.slots[left].node.take().expect("the buddy is one node");
        self.slots[left].node = Some(join(left_node, right_node));
        for filled in &mut self.slots[left..left + 2 * covered] {
            filled.depth = depth - 1;
        }
        if depth == self.depth {
            self.deepest -= 2;
        }
        if self.deepest == 0 {
            self.halve();
        }
    }

    /// Splits the directory by its first bit. Its depth is not 0.
    pub(super) fn into_halves(mut self) -> (Self, Self) {
        let right = self.slots.split_off(self.slots.len() / 2);
        // A vector of its own size: this one would keep room for both halves.
        let left = self.slots.into_iter().collect::<Box<[_]>>().into_vec();
        let half = |mut slots: Vec<Slot<N>>| {
            slots.iter_mut().for_each(|slot| slot.depth -= 1);
            let mut half = Self { depth: self.depth - 1, deepest: 0, slots };
            half.recount();
            while half.deepest == 0 {
                half.halve();
            }
            half
        };
        (half(left), half(right))
    }

    /// Undoes [`into_halves`](Self::into_halves).
    pub(super) fn from_halves(mut left: Self, mut right: Self) -> Self {
        while left.depth < right.depth {
            left.double();
        }
        while right.depth < left.depth {
            right.double();
        }
        let mut slots = left.slots;
        slots.append(&mut right.slots);
        slots.iter_mut().for_each(|slot| slot.depth += 1);
        let mut whole = Self { depth: left.depth + 1, deepest: 0, slots };
        whole.recount();
        whole
    }

    fn double(&mut self) {
        let mut slots = Vec::with_capacity(self.slots.len() * 2);
        for slot in self.slots.drain(..) {
            let depth = slot.depth;
            slots.extend([slot, Slot { depth, node: None }]);
        }
        self.slots = slots;
        self.depth += 1;
        self.deepest = 0;
    }

    /// No node is as deep as the directory, so every other slot is empty.
    fn halve(&mut self) {
        self.slots = std::mem::take(&mut self.slots).into_iter().step_by(2).collect();
        self.slots.shrink_to_fit();
        self.depth -= 1;
        self.recount();
    }

    fn recount(&mut self) {
        self.deepest = self.slots.iter().filter(|slot| slot.depth == self.depth).count();
    }
}

#[cfg(test)]
impl<N> Directory<N> {
    pub(super) fn slots_len(&self) -> usize {
        self.slots.len()
    }

    /// Panics where a node does not fill the slots that its depth says.
    pub(super) fn check(&self) {
        assert_eq!(self.slots.len(), 1 << self.depth);
        let mut first = 0;
        while first < self.slots.len() {
            let depth = self.slots[first].depth;
            assert!(self.slots[first].node.is_some() && depth <= self.depth);
            let end = first + (1 << (self.depth - depth));
            assert_eq!(first % (end - first), 0, "a prefix begins at a multiple of its width");
            for slot in &self.slots[first + 1..end] {
                assert!(slot.node.is_none() && slot.depth == depth);
            }
            first = end;
        }
        let deepest = self.slots.iter().filter(|slot| slot.depth == self.depth).count();
        assert_eq!(self.deepest, deepest);
        assert!(deepest > 0, "it could be halved");
    }
}
