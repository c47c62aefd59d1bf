//! How far a consumer group has come and is behind, as far as that is known.

use std::cmp::Ordering;

use rdb_format::stream::StreamId;

use super::Content;
use super::group::StreamGroup;

/// What a stream knows of the entries that were ever added to it.
///
/// Deleted entries count until they are passed, and nobody knows how many there were. All is told as
/// by Redis 8.2: versions 7.0 and 7.2 count trimmed entries that a group never came to as its lag.
#[derive(Clone, Copy, Debug)]
pub(super) struct History {
    /// The first entry that is there.
    first_id: Option<StreamId>,
    last_id: StreamId,
    max_deleted_id: StreamId,
    len: i64,
    added: i64,
}

impl Content {
    pub(super) fn history(&self) -> History {
        History {
            first_id: self.entries.first_id(),
            last_id: self.last_id,
            max_deleted_id: self.max_deleted_id,
            len: self.entries.len() as i64,
            added: self.entries_added as i64,
        }
    }
}

impl History {
    /// How many entries come after the last one that was delivered to a group, if that is known.
    pub(super) fn lag(self, group: &StreamGroup) -> Option<i64> {
        let Some(first_id) = self.first_id else { return Some(0) };
        if group.last_id < first_id && self.max_deleted_id < first_id {
            return Some(self.len);
        }
        let read = group.entries_read.filter(|_| !self.has_deleted_from(group.last_id));
        let read = read.or_else(|| self.entries_up_to(group.last_id));
        read.map(|read| self.added.wrapping_sub(read))
    }

    /// How many entries a group has read once the entry `id` is delivered, the last one before having
    /// been `last_id` and their number `read`, if that is known.
    pub(super) fn read_up_to(
        self,
        id: StreamId,
        last_id: StreamId,
        read: Option<i64>,
    ) -> Option<i64> {
        let is_counted = self.first_id.is_some_and(|first_id| last_id >= first_id)
            && !self.has_deleted_from(last_id);
        match read {
            Some(read) if is_counted => Some(read.wrapping_add(1)),
            _ => self.entries_up_to(id),
        }
    }

    /// How many entries were ever added up to this one, if that can be told.
    pub(super) fn entries_up_to(self, id: StreamId) -> Option<i64> {
        let Self { first_id, last_id, max_deleted_id, len, added } = self;
        if added == 0 {
            return Some(0);
        }
        let Some(first_id) = first_id else { return (id <= last_id).then_some(added) };
        if id != StreamId::MIN && id < max_deleted_id {
            return None;
        }
        match (id.cmp(&last_id), id.cmp(&first_id)) {
            (Ordering::Equal, _) => Some(added),
            (Ordering::Greater, _) => None,
            _ if max_deleted_id != StreamId::MIN && max_deleted_id >= first_id => None,
            (_, Ordering::Less) => Some(added - len),
            (_, Ordering::Equal) => Some(added - len + 1),
            (_, Ordering::Greater) => None,
        }
    }

    /// Whether an entry from this ID on, but not before the first, may have been deleted.
    fn has_deleted_from(self, id: StreamId) -> bool {
        self.first_id.is_some_and(|first_id| first_id.max(id) <= self.max_deleted_id)
    }
}
