//! The entries of a stream, in nodes.

use rdb_format::Thresholds;
use rdb_format::stream::{StreamEntries, StreamEntry, StreamId};

use super::node::{Node, NodeRef};
use super::nodes::{Nodes, NodesIter, NodesIterBack};

/// Entries by ID.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    nodes: Nodes,
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
        self.nodes.live()
    }

    pub(super) fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Adds the entries of a node, whose IDs are above all others.
    pub(super) fn push_node(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Adds an entry, whose ID is above all others.
    pub(super) fn append(&mut self, id: StreamId, fields: &[(&[u8], &[u8])], limits: &Thresholds) {
        match self.nodes.last_mut() {
            Some(node) if node.takes(fields, limits) => node.append(id, fields),
            _ => self.nodes.push(Node::new(id, fields)),
        }
    }

    /// Deletes an entry. Returns `false` if there is none.
    pub(super) fn delete(&mut self, id: StreamId) -> bool {
        if self.get(id).is_none() {
            return false;
        }
        let (node, offset) = self.nodes.find(id).expect("it was found");
        match node.live {
            1 => self.nodes.remove(offset),
            _ => self.nodes.edit(offset, |node| node.delete(id)),
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
            let entries = u64::from(node.live);
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
                self.nodes.remove(0);
                removed += entries;
                continue;
            }
            if !trim.is_approximate {
                let excess = match trim.to {
                    TrimTo::Len(wanted) => (len - wanted) as usize,
                    TrimTo::MinId(min) => live(node.entries()).take_while(|it| it.id < min).count(),
                };
                match excess as u64 {
                    0 => {}
                    excess if excess == entries => self.nodes.remove(0),
                    _ => self.nodes.edit(0, |node| node.delete_first(excess)),
                }
                removed += excess as u64;
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
        let (node, offset) = self.nodes.find(start).unzip();
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
        let (node, offset) = self.nodes.find(end).unzip();
        let nodes = self.nodes.iter_back_from(offset.unwrap_or(0));
        StreamRangeBack { nodes, entries: node.map(NodeRef::entries), start, end, is_over: false }
    }

    pub(super) fn first_id(&self) -> Option<StreamId> {
        self.range(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id)
    }

    pub(super) fn last_id(&self) -> Option<StreamId> {
        self.range_back(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id)
    }
}

/// Entries of a stream by ID, those that are not deleted.
#[derive(Clone, Debug)]
pub struct StreamRange<'a> {
    nodes: NodesIter<'a>,
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
    nodes: NodesIterBack<'a>,
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
