//! Nodes that no entries are added to any more, end to end in one block of memory: an allocator
//! would round up the bytes of each.

use std::ops::Range;

use rdb_format::stream::StreamId;

use super::node::{Node, NodeRef};
use crate::sequence::{self, Weighted};

/// Some consecutive nodes, at least one.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// The listpacks of the nodes, and before `start` as many bytes as were removed.
    bytes: Vec<u8>,
    start: usize,
    heads: Vec<Head>,
    /// Entries of all nodes that are not deleted.
    live: usize,
}

/// A node without its listpack.
#[derive(Clone, Debug)]
struct Head {
    key: StreamId,
    first_id: StreamId,
    live: u32,
    /// Where its listpack ends, and that of the next one begins.
    end: u32,
}

impl Weighted for Chunk {
    fn weight(&self) -> usize {
        self.live
    }
}

impl Chunk {
    /// A chunk of one node, with room for others like it if `is_shared`.
    pub(super) fn new(node: Node, is_shared: bool) -> Self {
        let mut chunk = Self { bytes: Vec::new(), start: 0, heads: Vec::new(), live: 0 };
        let bytes_len = node.view().blob.len();
        if is_shared && bytes_len <= SHARED_BYTES_MAX {
            let nodes = (CHUNK_BYTES_MAX / bytes_len).min(CHUNK_NODES_MAX);
            chunk.heads.reserve_exact(nodes);
            chunk.bytes.reserve_exact(nodes * bytes_len);
            chunk.push(node.view());
        } else {
            chunk.heads.reserve_exact(1);
            chunk.add_head(node.view(), bytes_len);
            chunk.bytes = node.into_bytes();
        }
        chunk
    }

    /// Adds a node if there is room, and tells whether there is. If not, room that is left is given
    /// back unless it is little.
    pub(super) fn try_push(&mut self, node: NodeRef<'_>) -> bool {
        let spare_bytes = self.bytes.capacity() - self.bytes.len();
        let has_room = self.heads.len() < CHUNK_NODES_MAX
            && node.blob.len() <= spare_bytes.min(SHARED_BYTES_MAX);
        if has_room {
            self.push(node);
        } else if spare_bytes > self.bytes.len() / WASTED_PART {
            self.move_to_fit();
        }
        has_room
    }

    pub(super) fn nodes_len(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn first(&self) -> NodeRef<'_> {
        self.node(0)
    }

    pub(super) fn last(&self) -> NodeRef<'_> {
        self.node(self.heads.len() - 1)
    }

    pub(super) fn node(&self, index: usize) -> NodeRef<'_> {
        let Head { key, first_id, live, .. } = self.heads[index];
        NodeRef { key, first_id, live, blob: &self.bytes[self.place(index)] }
    }

    /// The index of the node that holds the entry at an offset.
    pub(super) fn locate(&self, offset: usize) -> usize {
        sequence::locate(self.heads.iter().map(|head| head.live as usize), offset).0
    }

    /// The last node that begins at or before `id`, and its offset. The first one has to.
    pub(super) fn find(&self, id: StreamId) -> (NodeRef<'_>, usize) {
        let index = self.heads[1..].partition_point(|head| head.first_id <= id);
        (self.node(index), self.heads[..index].iter().map(|head| head.live as usize).sum())
    }

    /// Changes a node, of which some entries have to stay.
    pub(super) fn edit(&mut self, index: usize, change: impl FnOnce(&mut Node)) {
        let mut node = self.node(index).to_node();
        change(&mut node);
        let (node, place) = (node.view(), self.place(index));
        let head = &mut self.heads[index];
        self.live = self.live - head.live as usize + node.live as usize;
        head.live = node.live;
        if place.len() == node.blob.len() {
            self.bytes[place].copy_from_slice(node.blob);
        } else {
            let (old, new) = (place.len(), node.blob.len());
            self.bytes.reserve_exact(new.saturating_sub(old));
            self.bytes.splice(place, node.blob.iter().copied());
            for head in &mut self.heads[index..] {
                head.end = to_end(head.end as usize - old + new);
            }
            self.drop_removed();
        }
    }

    /// Takes out a node, which is not the only one.
    pub(super) fn remove(&mut self, index: usize) {
        let place = self.place(index);
        self.live -= self.heads.remove(index).live as usize;
        for head in &mut self.heads[..index] {
            head.end += place.len() as u32;
        }
        self.bytes.copy_within(self.start..place.start, self.start + place.len());
        self.start += place.len();
        self.drop_removed();
    }

    fn push(&mut self, node: NodeRef<'_>) {
        self.bytes.extend_from_slice(node.blob);
        self.add_head(node, self.bytes.len());
    }

    fn add_head(&mut self, node: NodeRef<'_>, end: usize) {
        let NodeRef { key, first_id, live, .. } = node;
        self.heads.push(Head { key, first_id, live, end: to_end(end) });
        self.live += live as usize;
    }

    /// Gives back what was removed unless it is little.
    fn drop_removed(&mut self) {
        if self.start > self.bytes.len() / WASTED_PART {
            self.move_to_fit();
        }
    }

    /// Moves to memory that fits the nodes.
    fn move_to_fit(&mut self) {
        self.bytes = self.bytes[self.start..].to_vec();
        self.heads.iter_mut().for_each(|head| head.end -= self.start as u32);
        self.heads.shrink_to_fit();
        self.start = 0;
    }

    /// Panics if it is not as it should be.
    #[cfg(test)]
    pub(super) fn check(&self) {
        let places: Vec<_> = (0..self.heads.len()).map(|index| self.place(index)).collect();
        assert!(places.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(places.last().map(|place| place.end), Some(self.bytes.len()));
        assert!(places.len() <= CHUNK_NODES_MAX);
        assert!(self.start <= self.bytes.len() / WASTED_PART);
        // Edits add a few bytes each.
        let bytes_max = CHUNK_BYTES_MAX + CHUNK_BYTES_MAX / 8;
        assert!(places.len() == 1 || self.bytes.capacity() <= bytes_max);
        assert_eq!(self.live, self.heads.iter().map(|head| head.live as usize).sum::<usize>());
    }

    /// Which part of its memory has nothing in it.
    #[cfg(test)]
    pub(super) fn wasted(&self) -> f64 {
        1.0 - (self.bytes.len() - self.start) as f64 / self.bytes.capacity() as f64
    }

    /// Where the listpack of a node is.
    fn place(&self, index: usize) -> Range<usize> {
        let start =
            index.checked_sub(1).map_or(self.start, |before| self.heads[before].end as usize);
        start..self.heads[index].end as usize
    }
}

fn to_end(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a listpack is below 4 GiB, and several are small")
}

/// Nodes that share a chunk: how many are moved at most to take one out.
pub(super) const CHUNK_NODES_MAX: usize = 64;

/// Bytes of nodes that share a chunk, when it is made.
const CHUNK_BYTES_MAX: usize = 256 << 10;

/// A node that is larger shares with no other.
const SHARED_BYTES_MAX: usize = 16 << 10;

/// No more than one part in so many of a chunk is bytes that were removed, or room that stays empty.
const WASTED_PART: usize = 4;
