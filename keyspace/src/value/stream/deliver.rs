//! Entries that consumers read or claim.

use rdb_format::stream::{StreamEntry, StreamId};

use super::Stream;
use super::pending::{Owned, Pending};

/// What claiming does beside giving an entry to the consumer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Claim {
    /// Only entries that were delivered so long ago or more are claimed.
    pub min_idle_ms: i64,
    /// When they count as delivered, in Unix milliseconds.
    pub delivered_at_ms: i64,
    /// How often they count as delivered; `None` for once more, or as often if only the ID is wanted.
    pub deliveries: Option<u64>,
    /// Entries that are not pending are claimed too.
    pub force: bool,
    /// The caller wants nothing but the IDs: that is no delivery.
    pub only_id: bool,
}

/// What came of claiming an entry.
#[derive(Clone, Debug)]
pub enum Claimed<'a> {
    /// The consumer has it now.
    Entry(StreamEntry<'a>),
    /// It had been deleted, and is not pending any more.
    Deleted,
    /// It is not pending, or was delivered too short ago.
    Not,
}

impl Stream {
    /// Delivers up to `count` entries that come after the last one of the group to a consumer, all
    /// if `count` is `None`, and tells how many. They are pending then unless `no_ack`.
    ///
    /// # Panics
    /// If there is no such group or consumer.
    pub fn read_new(
        &mut self,
        group: &[u8],
        consumer: &[u8],
        count: Option<usize>,
        no_ack: bool,
        now_ms: i64,
        mut visit: impl FnMut(StreamEntry<'_>),
    ) -> usize {
        let content = self.content_mut();
        let (mut delivered, mut last_id) = (0, content.groups[group].last_id);
        let mut entries_read = content.groups[group].entries_read;
        let number = content.groups[group].number(consumer).expect(CONSUMER);
        let Some(start) = last_id.next() else { return 0 };
        let mut ids = Vec::new();
        let entries = content.entries.range(start, StreamId::MAX);
        let history = content.history();
        for entry in entries.take(count.unwrap_or(usize::MAX)) {
            entries_read = history.read_up_to(entry.id, last_id, entries_read);
            last_id = entry.id;
            if !no_ack {
                ids.push(last_id);
            }
            visit(entry);
            delivered += 1;
        }
        let group = content.groups.get_mut(group).expect(GROUP);
        (group.last_id, group.entries_read) = (last_id, entries_read);
        if !ids.is_empty() {
            group.numbered_mut(number).active_at_ms = Some(now_ms);
        }
        for id in ids {
            group.assign(Pending { id, delivered_at_ms: now_ms, deliveries: 1, consumer: number });
        }
        delivered
    }

    /// Delivers up to `count` of the entries that are pending at a consumer again, those from `start`
    /// on; of one that has been deleted there is but the ID. Tells how many they were.
    ///
    /// # Panics
    /// If there is no such group or consumer.
    pub fn read_pending(
        &mut self,
        group: &[u8],
        consumer: &[u8],
        start: StreamId,
        count: Option<usize>,
        now_ms: i64,
        mut visit: impl FnMut(StreamId, Option<StreamEntry<'_>>),
    ) -> usize {
        let content = self.content_mut();
        let group = content.groups.get_mut(group).expect(GROUP);
        let number = group.number(consumer).expect(CONSUMER);
        let owned = group.numbered(number).pending.iter_from(start);
        let ids: Vec<StreamId> =
            owned.take(count.unwrap_or(usize::MAX)).map(|&Owned(id)| id).collect();
        for &id in &ids {
            let entry = content.entries.get(id);
            if entry.is_some() {
                group.pending.edit(id, |pending| {
                    pending.delivered_at_ms = now_ms;
                    pending.deliveries = pending.deliveries.wrapping_add(1);
                });
            }
            visit(id, entry);
        }
        ids.len()
    }

    /// Has a consumer claim a pending entry, whoever had it.
    ///
    /// # Panics
    /// If there is no such group or consumer.
    pub fn claim(
        &mut self,
        group: &[u8],
        consumer: &[u8],
        id: StreamId,
        claim: Claim,
        now_ms: i64,
    ) -> Claimed<'_> {
        let content = self.content_mut();
        let group = content.groups.get_mut(group).expect(GROUP);
        let number = group.number(consumer).expect(CONSUMER);
        let before = group.pending.get(id);
        let Some(entry) = content.entries.get(id) else {
            return if group.acknowledge(id) { Claimed::Deleted } else { Claimed::Not };
        };
        let deliveries = match before {
            None if !claim.force => return Claimed::Not,
            None => 1,
            Some(before) => {
                let idle_ms = now_ms.saturating_sub(before.delivered_at_ms);
                if claim.min_idle_ms > 0 && idle_ms < claim.min_idle_ms {
                    return Claimed::Not;
                }
                before.deliveries
            }
        };
        let deliveries =
            claim.deliveries.unwrap_or(deliveries.wrapping_add(u64::from(!claim.only_id)));
        let delivered_at_ms = claim.delivered_at_ms;
        group.assign(Pending { id, delivered_at_ms, deliveries, consumer: number });
        group.numbered_mut(number).active_at_ms = Some(now_ms);
        Claimed::Entry(entry)
    }
}

const GROUP: &str = "the caller has looked for the group";
const CONSUMER: &str = "the caller has added the consumer";
