//! How far a consumer group is behind, as far as that is known.

use rdb_format::stream::StreamId;

use super::Content;
use super::group::StreamGroup;

impl Content {
    /// How many entries come after the last one that was delivered to a group, if that is known:
    /// deleted entries count until they are passed, and nobody knows how many there were.
    pub(super) fn lag(&self, group: &StreamGroup) -> Option<i64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        let read = group.entries_read.filter(|_| !self.has_deleted_from(group.last_id));
        let read = read.or_else(|| self.entries_up_to(group.last_id));
        read.map(|read| (self.entries_added as i64).wrapping_sub(read))
    }

    /// Whether an entry from this ID on may have been deleted.
    pub(super) fn has_deleted_from(&self, id: StreamId) -> bool {
        self.entries.len() > 0 && self.max_deleted_id != StreamId::MIN && id <= self.max_deleted_id
    }

    /// How many entries were ever added up to this one, if that can be told.
    pub(super) fn entries_up_to(&self, id: StreamId) -> Option<i64> {
        let (len, added) = (self.entries.len() as i64, self.entries_added as i64);
        if added == 0 {
            return Some(0);
        }
        if len == 0 && id <= self.last_id {
            return Some(added);
        }
        if id != StreamId::MIN && id < self.max_deleted_id {
            return None;
        }
        if id >= self.last_id {
            return (id == self.last_id).then_some(added);
        }
        let first_id = self.entries.first_id()?;
        if self.max_deleted_id != StreamId::MIN && self.max_deleted_id >= first_id {
            return None;
        }
        match id.cmp(&first_id) {
            std::cmp::Ordering::Less => Some(added - len),
            std::cmp::Ordering::Equal => Some(added - len + 1),
            std::cmp::Ordering::Greater => None,
        }
    }
}
