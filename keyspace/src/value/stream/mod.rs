//! Streams.
//!
//! Entries are kept in listpacks of some entries each, as the format holds them. The last of these
//! nodes is on its own; those before it are in chunks, in a long stream many in each, which are a
//! [sequence](crate::sequence) by ID. Deleted entries are marked, and leave with the last one of their
//! node. Consumer groups are kept by name; their pending entries, and those of each consumer, are
//! sequences by ID.
//!
//! What Redis does in a time that does not depend on the size of a stream takes one walk down a tree
//! here, and a look through one node.

mod build;
mod chunk;
mod compare;
mod deliver;
mod entries;
mod events;
mod group;
mod lag;
mod node;
mod nodes;
mod pending;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use rdb_format::Thresholds;
use rdb_format::stream::{StreamEntry, StreamId};

use entries::Entries;

pub(crate) use build::StreamBuilder;
pub(crate) use compare::StreamComparison;
pub use deliver::{Claim, Claimed};
pub use entries::{StreamRange, StreamRangeBack, Trim, TrimTo};
pub(crate) use events::StreamEvents;
pub use group::{PendingRef, StreamConsumerRef, StreamGroup};

/// A stream: entries by ID, and consumer groups.
#[derive(Clone, Debug, Default)]
pub struct Stream(Arc<Content>);

/// A view of a [`Stream`].
#[derive(Clone, Copy, Debug)]
pub struct StreamRef<'a>(&'a Arc<Content>);

#[derive(Clone, Debug, Default)]
struct Content {
    entries: Entries,
    last_id: StreamId,
    /// The highest ID that was deleted, but for trimming; 0-0 if none was.
    max_deleted_id: StreamId,
    /// Entries that were ever added.
    entries_added: u64,
    groups: BTreeMap<Arc<[u8]>, StreamGroup>,
}

/// An entry cannot be added.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AppendError {
    /// Its ID is not above all that were given before.
    #[error("the ID is not above the last one")]
    Id,
    /// No node could hold it.
    #[error("the entry is too large")]
    TooLarge,
}

impl Stream {
    /// One without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// A view of it.
    pub fn view(&self) -> StreamRef<'_> {
        StreamRef(&self.0)
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// [`AppendError`]; then nothing has changed.
    pub fn append(
        &mut self,
        id: StreamId,
        fields: &[(&[u8], &[u8])],
        thresholds: &Thresholds,
    ) -> Result<(), AppendError> {
        if id <= self.0.last_id {
            return Err(AppendError::Id);
        }
        if !node::is_within_bounds(fields) {
            return Err(AppendError::TooLarge);
        }
        let content = self.content_mut();
        content.entries.append(id, fields, thresholds);
        content.last_id = id;
        content.entries_added = content.entries_added.wrapping_add(1);
        Ok(())
    }

    /// Deletes an entry. Returns `false` if there is none.
    pub fn delete(&mut self, id: StreamId) -> bool {
        let content = self.content_mut();
        let is_deleted = content.entries.delete(id);
        if is_deleted {
            content.max_deleted_id = content.max_deleted_id.max(id);
        }
        is_deleted
    }

    /// Removes entries from the first one on, and tells how many.
    pub fn trim(&mut self, trim: Trim) -> u64 {
        self.content_mut().entries.trim(trim)
    }

    /// Sets the last ID that was given, which should not be below that of an entry.
    pub fn set_last_id(&mut self, id: StreamId) {
        self.content_mut().last_id = id;
    }

    /// Sets how many entries were ever added.
    pub fn set_entries_added(&mut self, entries_added: u64) {
        self.content_mut().entries_added = entries_added;
    }

    /// Sets the highest ID that was deleted.
    pub fn set_max_deleted_id(&mut self, id: StreamId) {
        self.content_mut().max_deleted_id = id;
    }

    /// Adds a consumer group. Returns `false` if there is one of this name.
    pub fn create_group(
        &mut self,
        name: &[u8],
        last_id: StreamId,
        entries_read: Option<i64>,
    ) -> bool {
        let is_new = !self.0.groups.contains_key(name);
        if is_new {
            let group = StreamGroup::new(last_id, entries_read);
            self.content_mut().groups.insert(name.into(), group);
        }
        is_new
    }

    /// Sets how far a group has got. Returns `false` if there is none of this name.
    pub fn set_group(&mut self, name: &[u8], last_id: StreamId, entries_read: Option<i64>) -> bool {
        match self.group_mut(name) {
            Some(group) => {
                (group.last_id, group.entries_read) = (last_id, entries_read);
                true
            }
            None => false,
        }
    }

    /// Removes a consumer group. Returns `false` if there is none of this name.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        self.0.groups.contains_key(name) && self.content_mut().groups.remove(name).is_some()
    }

    /// A consumer group, to change it.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<&mut StreamGroup> {
        self.content_mut().groups.get_mut(name)
    }

    /// Copies what it shares with others, so that its first change need not.
    pub(crate) fn separate(&mut self) {
        self.content_mut();
    }

    fn content_mut(&mut self) -> &mut Content {
        Arc::make_mut(&mut self.0)
    }
}

/// Equal if their entries are, however packed, and all else that they know.
impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        let mut comparison = StreamComparison::new(self);
        let mut events = other.view().events();
        while let Some(event) = events.next_event() {
            if !comparison.agrees(event) {
                return false;
            }
        }
        true
    }
}

impl<'a> StreamRef<'a> {
    /// Number of entries.
    pub fn len(self) -> usize {
        self.0.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The highest ID that was ever given.
    pub fn last_id(self) -> StreamId {
        self.0.last_id
    }

    /// ID of the first entry.
    pub fn first_id(self) -> Option<StreamId> {
        self.0.entries.first_id()
    }

    /// ID of the last entry that is there.
    pub fn last_entry_id(self) -> Option<StreamId> {
        self.0.entries.last_id()
    }

    /// The highest ID that was deleted, but for trimming; 0-0 if none was.
    pub fn max_deleted_id(self) -> StreamId {
        self.0.max_deleted_id
    }

    /// Entries that were ever added.
    pub fn entries_added(self) -> u64 {
        self.0.entries_added
    }

    /// The ID for an entry that is added now, if there is one left.
    pub fn next_id(self, now_ms: i64) -> Option<StreamId> {
        let now_ms = u64::try_from(now_ms).unwrap_or(0);
        match self.0.last_id.ms < now_ms {
            true => Some(StreamId { ms: now_ms, seq: 0 }),
            false => self.0.last_id.next(),
        }
    }

    /// The entry of this ID.
    pub fn get(self, id: StreamId) -> Option<StreamEntry<'a>> {
        self.0.entries.get(id)
    }

    /// The entries from `start` to `end`, both included.
    pub fn range(self, start: StreamId, end: StreamId) -> StreamRange<'a> {
        self.0.entries.range(start, end)
    }

    /// The entries from `end` back to `start`, both included.
    pub fn range_back(self, start: StreamId, end: StreamId) -> StreamRangeBack<'a> {
        self.0.entries.range_back(start, end)
    }

    /// All entries.
    pub fn iter(self) -> StreamRange<'a> {
        self.range(StreamId::MIN, StreamId::MAX)
    }

    /// Number of nodes that the entries are packed in.
    pub fn nodes_len(self) -> usize {
        self.0.entries.nodes().len()
    }

    /// How many bytes each node has, from the first on.
    pub fn node_bytes(self) -> impl Iterator<Item = usize> + use<'a> {
        self.0.entries.nodes().iter_from(0).map(|node| node.blob.len())
    }

    /// Number of consumer groups.
    pub fn groups_len(self) -> usize {
        self.0.groups.len()
    }

    /// The consumer groups by name.
    pub fn groups(self) -> impl Iterator<Item = (&'a [u8], &'a StreamGroup)> {
        self.0.groups.iter().map(|(name, group)| (&**name, group))
    }

    /// The consumer group of this name.
    pub fn group(self, name: &[u8]) -> Option<&'a StreamGroup> {
        self.0.groups.get(name)
    }

    /// How many entries come after the last one that was delivered to a group of this stream, if that
    /// is known.
    pub fn lag(self, group: &StreamGroup) -> Option<i64> {
        self.0.history().lag(group)
    }

    /// The value, to be kept.
    pub fn to_value(self) -> Stream {
        Stream(Arc::clone(self.0))
    }

    /// The events that tell it.
    pub(crate) fn events(self) -> StreamEvents {
        StreamEvents::new(Arc::clone(self.0))
    }

    /// About how many blocks of memory it takes, or more.
    pub(crate) fn blocks(self) -> usize {
        let groups = self.groups().take(BLOCKS_COUNTED_MAX).map(|(_, group)| {
            1 + 2 * group.consumers_len() + group.pending_len() / crate::sequence::LEAF_LEN_MAX
        });
        self.nodes_len() + self.groups_len() + groups.sum::<usize>()
    }
}

impl Content {
    /// The group whose name comes after that one.
    fn group_after(&self, name: Option<&[u8]>) -> Option<(&Arc<[u8]>, &StreamGroup)> {
        let start = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.groups.range::<[u8], _>((start, Bound::Unbounded)).next()
    }
}

/// Groups that are looked at to tell how large a stream is; with as many, it is large.
const BLOCKS_COUNTED_MAX: usize = 64;
