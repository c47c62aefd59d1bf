//! The entries of a stream, in nodes.

use rdb_format::Thresholds;
use rdb_format::stream::{StreamEntries, StreamEntry, StreamId};

use super::node::Node;
use crate::sequence::{self, Sequence, Weighted};

/// Nodes by ID. The offset of a node in the sequence is the number of entries before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    nodes: Sequence<Node>,
    nodes_len: usize,
}

/// What a stream is trimmed to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trim {
    /// Which entries stay.
    pub to: TrimTo,
    /// Only whole nodes are removed, so that some more stay.
    pub is_approximate: bool,
    /// No more entries than that are removed; `None` for no limit.
    pub limit: Option<u64>,
}

/// Which entries stay.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TrimTo {
    /// The last so many.
    Len(u64),
    /// Those from this ID on.
    MinId(StreamId),
}

impl Entries {
    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.nodes.weight()
    }

    pub(super) fn nodes(&self) -> &Sequence<Node> {
        &self.nodes
    }

    pub(super) fn nodes_len(&self) -> usize {
        self.nodes_len
    }

    pub(super) fn push_node(&mut self, node: Node) {
        self.nodes.push(node);
        self.nodes_len += 1;
    }

    /// Adds an entry, whose ID is above all others.
    pub(super) fn append(&mut self, id: StreamId, fields: &[(&[u8], &[u8])], limits: &Thresholds) {
        let is_taken = self.nodes.edit_last(|node| {
            let is_taken = node.takes(fields, limits);
            match is_taken {
                true => node.append(id, fields),
                false => node.close(),
            }
            is_taken
        });
        if is_taken != Some(true) {
            self.push_node(Node::new(id, fields));
        }
    }

    /// Deletes an entry. Returns `false` if there is none.
    pub(super) fn delete(&mut self, id: StreamId) -> bool {
        if self.get(id).is_none() {
            return false;
        }
        let (node, start) = self.node_at(id).expect("it was found");
        if node.weight() == 1 {
            self.remove_node(start);
        } else {
            self.nodes.edit(start, |node, _| node.delete(id));
        }
        true
    }

    /// Removes entries from the first one on, and tells how many. Takes as long as they are many, or
    /// their nodes if it is approximate.
    pub(super) fn trim(&mut self, trim: Trim) -> u64 {
        let mut removed = 0;
        loop {
            let len = self.len() as u64;
            let Some(node) = self.nodes.first() else { break };
            let entries = node.weight() as u64;
            if matches!(trim.to, TrimTo::Len(wanted) if len <= wanted)
                || trim.limit.is_some_and(|limit| removed + entries > limit)
            {
                break;
            }
            let is_in_excess = match trim.to {
                TrimTo::Len(wanted) => len - entries >= wanted,
                // A deleted entry counts here, as it does in Redis.
                TrimTo::MinId(min) => node.entries().next_back().is_some_and(|it| it.id < min),
            };
            if is_in_excess {
                self.remove_node(0);
                removed += entries;
                continue;
            }
            if !trim.is_approximate {
                let excess = match trim.to {
                    TrimTo::Len(wanted) => (len - wanted) as usize,
                    TrimTo::MinId(min) => live(node.entries()).take_while(|it| it.id < min).count(),
                };
                removed += self.delete_first(excess) as u64;
            }
            break;
        }
        removed
    }

    /// The entry of this ID.
    pub(super) fn get(&self, id: StreamId) -> Option<StreamEntry<'_>> {
        self.range(id, id).next()
    }

    /// The entries from `start` to `end`, both included.
    pub(super) fn range(&self, start: StreamId, end: StreamId) -> StreamRange<'_> {
        let (node, offset) = self.node_at(start).unzip();
        let mut nodes = self.nodes.iter_from(offset.unwrap_or(0));
        if node.is_some() {
            nodes.next();
        }
        let entries = node.map(|node| {
            let mut entries = node.entries();
            entries.seek(start);
            entries
        });
        StreamRange { nodes, entries, start, end, is_over: false }
    }

    /// The entries from `end` back to `start`, both included.
    pub(super) fn range_back(&self, start: StreamId, end: StreamId) -> StreamRangeBack<'_> {
        let (node, offset) = self.node_at(end).unzip();
        let nodes = self.nodes.iter_back_from(offset.unwrap_or(0));
        StreamRangeBack { nodes, entries: node.map(Node::entries), start, end, is_over: false }
    }

    pub(super) fn first_id(&self) -> Option<StreamId> {
        self.range(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id)
    }

    pub(super) fn last_id(&self) -> Option<StreamId> {
        self.range_back(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id)
    }

    /// The only node that can hold an entry of this ID, and its offset.
    fn node_at(&self, id: StreamId) -> Option<(&Node, usize)> {
        let end = self.nodes.partition_point(|node| node.first_id() <= id);
        let (node, within) = self.nodes.find(end.checked_sub(1)?)?;
        Some((node, end - 1 - within))
    }

    fn remove_node(&mut self, offset: usize) {
        self.nodes.remove(offset);
        self.nodes_len -= 1;
    }

    /// Deletes the first so many entries of the first node, and tells how many.
    fn delete_first(&mut self, count: usize) -> usize {
        match self.nodes.first().map_or(0, Node::weight) {
            _ if count == 0 => {}
            len if count >= len => {
                self.remove_node(0);
                return len;
            }
            _ => self.nodes.edit(0, |node, _| node.delete_first(count)),
        }
        count
    }
}

/// Entries of a stream by ID, those that are not deleted.
#[derive(Clone, Debug)]
pub struct StreamRange<'a> {
    nodes: sequence::Iter<'a, Node>,
    /// Of the node before `nodes`.
    entries: Option<StreamEntries<'a>>,
    start: StreamId,
    end: StreamId,
    is_over: bool,
}

impl<'a> Iterator for StreamRange<'a> {
    type Item = StreamEntry<'a>;

    fn next(&mut self) -> Option<StreamEntry<'a>> {
        while !self.is_over {
            let (start, entries) = (self.start, self.entries.as_mut());
            let entry = entries.and_then(|entries| live(entries).find(|entry| entry.id >= start));
            match entry {
                Some(entry) if entry.id <= self.end => return Some(entry),
                Some(_) => self.is_over = true,
                None => self.entries = Some(self.nodes.next()?.entries()),
            }
        }
        None
    }
}

/// As [`StreamRange`], the last entry first.
#[derive(Clone, Debug)]
pub struct StreamRangeBack<'a> {
    nodes: sequence::IterBack<'a, Node>,
    /// Of the node after `nodes`.
    entries: Option<StreamEntries<'a>>,
    start: StreamId,
    end: StreamId,
    is_over: bool,
}

impl<'a> Iterator for StreamRangeBack<'a> {
    type Item = StreamEntry<'a>;

    fn next(&mut self) -> Option<StreamEntry<'a>> {
        while !self.is_over {
            let (end, entries) = (self.end, self.entries.as_mut());
            let entry =
                entries.and_then(|entries| live(entries.rev()).find(|entry| entry.id <= end));
            match entry {
                Some(entry) if entry.id >= self.start => return Some(entry),
                Some(_) => self.is_over = true,
                None => self.entries = Some(self.nodes.next()?.entries()),
            }
        }
        None
    }
}

/// Those that are not deleted.
fn live<'a>(
    entries: impl Iterator<Item = StreamEntry<'a>>,
) -> impl Iterator<Item = StreamEntry<'a>> {
    entries.filter(|entry| !entry.deleted)
}
