//! Whether events tell a stream that is held already.

use rdb_format::Event;
use rdb_format::stream::{self, StreamId, StreamInfo, StreamNode};

use super::Stream;
use super::group::StreamGroup;

/// Compares a stream with one that is told by events, piece by piece. What an older version does not
/// tell is not compared.
#[derive(Debug)]
pub(crate) struct StreamComparison {
    stream: Stream,
    /// Entries that were told.
    entries: usize,
    /// The last one of them.
    last: Option<StreamId>,
    /// Name of the group that is being told.
    group: Vec<u8>,
    /// Name of the consumer that is being told.
    consumer: Vec<u8>,
}

impl StreamComparison {
    pub(crate) fn new(stream: &Stream) -> Self {
        let (group, consumer) = (Vec::new(), Vec::new());
        Self { stream: stream.clone(), entries: 0, last: None, group, consumer }
    }

    /// Takes the next event, and tells whether it agrees. If all do, the streams are equal.
    pub(crate) fn agrees(&mut self, event: Event) -> bool {
        match event {
            Event::StreamNode(node) => self.node(&node),
            Event::StreamInfo(info) => self.info(info),
            Event::StreamGroup(group) => self.begin_group(&group),
            Event::StreamPending { id, delivered_at_ms, deliveries } => {
                self.group().and_then(|group| group.pending.get(id)).is_some_and(|pending| {
                    (pending.delivered_at_ms, pending.deliveries) == (delivered_at_ms, deliveries)
                })
            }
            Event::StreamConsumers(len) => {
                self.group().is_some_and(|group| group.consumers_len() as u64 == len)
            }
            Event::StreamConsumer(consumer) => self.begin_consumer(&consumer),
            Event::StreamOwned(id) => self
                .group()
                .and_then(|group| group.pending(id))
                .is_some_and(|pending| pending.consumer == self.consumer),
            _ => true,
        }
    }

    fn node(&mut self, node: &StreamNode) -> bool {
        let start = match self.last {
            Some(last) => last.next(),
            None => Some(StreamId::MIN),
        };
        let Some(start) = start else { return node.live() == 0 };
        let mut expected = self.stream.view().range(start, StreamId::MAX);
        for entry in node.entries().filter(|entry| !entry.deleted) {
            if expected.next().as_ref() != Some(&entry) {
                return false;
            }
            self.entries += 1;
            self.last = Some(entry.id);
        }
        true
    }

    fn info(&self, info: StreamInfo) -> bool {
        let stream = self.stream.view();
        let history_agrees = info.history.is_none_or(|history| {
            (history.max_deleted_id, history.entries_added)
                == (stream.max_deleted_id(), stream.entries_added())
        });
        history_agrees
            && self.entries == stream.len()
            && info.last_id == stream.last_id()
            && info.groups == stream.groups_len() as u64
    }

    fn begin_group(&mut self, told: &stream::StreamGroup) -> bool {
        self.group = told.name.to_vec();
        self.group().is_some_and(|group| {
            let entries_read = group.entries_read.unwrap_or(-1);
            group.last_id == told.last_id
                && told.entries_read.is_none_or(|told| told == entries_read)
                && group.pending_len() as u64 == told.pending
        })
    }

    fn begin_consumer(&mut self, told: &stream::StreamConsumer) -> bool {
        self.consumer = told.name.to_vec();
        self.group().and_then(|group| group.consumer(&told.name)).is_some_and(|consumer| {
            let active_at_ms = consumer.active_at_ms().unwrap_or(-1);
            consumer.seen_at_ms() == told.seen_at_ms
                && told.active_at_ms.is_none_or(|told| told == active_at_ms)
                && consumer.pending_len() as u64 == told.pending
        })
    }

    fn group(&self) -> Option<&StreamGroup> {
        self.stream.view().group(&self.group)
    }
}
