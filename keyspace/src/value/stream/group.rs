//! Consumer groups: what was delivered to whom and has not been acknowledged.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use rdb_format::stream::StreamId;

use super::pending::{ById, Owned, Pending};
use crate::slab::Slab;

/// A consumer group of a [`Stream`](super::Stream).
///
/// Its pending entries are kept by ID, those of each consumer once more, so that either can be gone
/// over from any ID on.
#[derive(Clone, Debug)]
pub struct StreamGroup {
    pub(super) last_id: StreamId,
    pub(super) entries_read: Option<i64>,
    pub(super) pending: ById<Pending>,
    names: BTreeMap<Arc<[u8]>, u32>,
    consumers: Slab<Consumer>,
}

#[derive(Clone, Debug)]
pub(super) struct Consumer {
    pub(super) name: Arc<[u8]>,
    /// In Unix milliseconds, as below.
    pub(super) seen_at_ms: i64,
    pub(super) active_at_ms: Option<i64>,
    pub(super) pending: ById<Owned>,
}

/// A consumer of a [`StreamGroup`].
#[derive(Clone, Copy, Debug)]
pub struct StreamConsumerRef<'a> {
    group: &'a StreamGroup,
    consumer: &'a Consumer,
}

/// An entry that was delivered to a consumer and not acknowledged. It may have been deleted since.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PendingRef<'a> {
    /// Its ID.
    pub id: StreamId,
    /// Name of the consumer that it was delivered to last.
    pub consumer: &'a [u8],
    /// When that was, in Unix milliseconds.
    pub delivered_at_ms: i64,
    /// How often it was delivered.
    pub deliveries: u64,
}

impl StreamGroup {
    pub(super) fn new(last_id: StreamId, entries_read: Option<i64>) -> Self {
        Self {
            last_id,
            entries_read,
            pending: ById::new(),
            names: BTreeMap::new(),
            consumers: Slab::default(),
        }
    }

    /// The last entry that was delivered.
    pub fn last_id(&self) -> StreamId {
        self.last_id
    }

    /// Entries that were read, if that is known.
    pub fn entries_read(&self) -> Option<i64> {
        self.entries_read
    }

    /// Number of pending entries.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Number of consumers.
    pub fn consumers_len(&self) -> usize {
        self.names.len()
    }

    /// The consumers by name.
    pub fn consumers(&self) -> impl Iterator<Item = StreamConsumerRef<'_>> {
        self.names.values().map(|&number| self.consumer_ref(number))
    }

    /// The consumer of this name.
    pub fn consumer(&self, name: &[u8]) -> Option<StreamConsumerRef<'_>> {
        self.number(name).map(|number| self.consumer_ref(number))
    }

    /// The pending entries from this ID on.
    pub fn pending_from(&self, id: StreamId) -> impl Iterator<Item = PendingRef<'_>> {
        self.pending.iter_from(id).map(|pending| self.pending_ref(*pending))
    }

    /// The pending entry of this ID.
    pub fn pending(&self, id: StreamId) -> Option<PendingRef<'_>> {
        self.pending.get(id).map(|pending| self.pending_ref(pending))
    }

    /// The first and the last pending entry.
    pub fn pending_ends(&self) -> Option<(StreamId, StreamId)> {
        Some((self.pending.first()?.id, self.pending.last()?.id))
    }

    /// Adds a consumer, unless there is one of this name. Returns whether it was added.
    pub fn create_consumer(&mut self, name: &[u8], now_ms: i64) -> bool {
        let is_new = self.number(name).is_none();
        if is_new {
            self.add_consumer(name.into(), now_ms, None);
        }
        is_new
    }

    /// Notes that a consumer wants something, which is added if there is none of this name. Returns
    /// whether it was added.
    pub fn see_consumer(&mut self, name: &[u8], now_ms: i64) -> bool {
        let number = self.number(name);
        match number {
            Some(number) => self.consumers.get_mut(number).seen_at_ms = now_ms,
            None => _ = self.add_consumer(name.into(), now_ms, None),
        }
        number.is_none()
    }

    /// Removes a consumer, and its pending entries from the group; tells how many they were.
    pub fn remove_consumer(&mut self, name: &[u8]) -> usize {
        let Some(number) = self.names.remove(name) else { return 0 };
        let consumer = self.consumers.remove(number);
        for Owned(id) in consumer.pending.iter_from(StreamId::MIN) {
            self.pending.remove(*id);
        }
        consumer.pending.len()
    }

    /// Takes an entry off those that are pending. Returns `false` if it is not.
    pub fn acknowledge(&mut self, id: StreamId) -> bool {
        match self.pending.remove(id) {
            Some(pending) => {
                self.consumers.get_mut(pending.consumer).pending.remove(id);
                true
            }
            None => false,
        }
    }

    pub(super) fn number(&self, name: &[u8]) -> Option<u32> {
        self.names.get(name).copied()
    }

    /// Number of the first consumer whose name comes after that one.
    pub(super) fn number_after(&self, name: Option<&[u8]>) -> Option<u32> {
        let start = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.names.range::<[u8], _>((start, Bound::Unbounded)).next().map(|(_, &number)| number)
    }

    pub(super) fn numbered(&self, number: u32) -> &Consumer {
        self.consumers.get(number)
    }

    pub(super) fn numbered_mut(&mut self, number: u32) -> &mut Consumer {
        self.consumers.get_mut(number)
    }

    /// Adds a consumer of another name than all others, and tells its number.
    pub(super) fn add_consumer(
        &mut self,
        name: Arc<[u8]>,
        seen_at_ms: i64,
        active_at_ms: Option<i64>,
    ) -> u32 {
        let pending = ById::new();
        let consumer = Consumer { name: Arc::clone(&name), seen_at_ms, active_at_ms, pending };
        let number = self.consumers.insert(consumer);
        self.names.insert(name, number);
        number
    }

    /// Gives an entry to a consumer: one that is pending already changes hands.
    pub(super) fn assign(&mut self, pending: Pending) {
        let mut before = None;
        let is_pending = self.pending.edit(pending.id, |it| {
            before = Some(it.consumer);
            *it = pending;
        });
        if !is_pending {
            self.pending.insert(pending);
        }
        if before == Some(pending.consumer) {
            return;
        }
        if let Some(before) = before {
            self.consumers.get_mut(before).pending.remove(pending.id);
        }
        self.consumers.get_mut(pending.consumer).pending.insert(Owned(pending.id));
    }

    fn consumer_ref(&self, number: u32) -> StreamConsumerRef<'_> {
        StreamConsumerRef { group: self, consumer: self.consumers.get(number) }
    }

    fn pending_ref(&self, pending: Pending) -> PendingRef<'_> {
        let Pending { id, delivered_at_ms, deliveries, consumer } = pending;
        let consumer = &self.consumers.get(consumer).name;
        PendingRef { id, consumer, delivered_at_ms, deliveries }
    }
}

impl<'a> StreamConsumerRef<'a> {
    /// Its name.
    pub fn name(self) -> &'a [u8] {
        &self.consumer.name
    }

    /// When it last tried to read, in Unix milliseconds.
    pub fn seen_at_ms(self) -> i64 {
        self.consumer.seen_at_ms
    }

    /// When it last got something, in Unix milliseconds, if it ever did.
    pub fn active_at_ms(self) -> Option<i64> {
        self.consumer.active_at_ms
    }

    /// Number of its pending entries.
    pub fn pending_len(self) -> usize {
        self.consumer.pending.len()
    }

    /// Its pending entries from this ID on.
    pub fn pending_from(self, id: StreamId) -> impl Iterator<Item = PendingRef<'a>> {
        let ids = self.consumer.pending.iter_from(id);
        ids.filter_map(move |&Owned(id)| self.group.pending(id))
    }
}
