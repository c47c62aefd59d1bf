//! From events to a stream.

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::Event;
use rdb_format::stream::{self, StreamHistory, StreamId, StreamInfo};

use super::group::StreamGroup;
use super::node::Node;
use super::pending::{Owned, Pending};
use super::{Content, Stream};

/// Builds a stream: nodes are taken as they come.
#[derive(Debug, Default)]
pub(crate) struct StreamBuilder {
    content: Content,
    /// The group that is being told, and its name.
    group: Option<(Bytes, StreamGroup)>,
    /// Number of the consumer that is being told.
    consumer: u32,
}

impl StreamBuilder {
    /// Takes the next event. Returns `false` for a pending entry that comes twice, or as that of a
    /// consumer while it is not pending or another's.
    pub(crate) fn push(&mut self, event: Event) -> bool {
        match event {
            Event::StreamNode(node) => {
                if let Some(node) = Node::of(node) {
                    self.content.entries.push_node(node);
                }
            }
            Event::StreamInfo(info) => self.info(info),
            Event::StreamGroup(group) => self.begin_group(group),
            Event::StreamPending { id, delivered_at_ms, deliveries } => {
                let pending = Pending { id, delivered_at_ms, deliveries, consumer: NOBODY };
                return self.group.as_mut().is_some_and(|(_, group)| group.pending.insert(pending));
            }
            Event::StreamConsumer(consumer) => self.begin_consumer(&consumer),
            Event::StreamOwned(id) => return self.own(id),
            Event::End => self.end_group(),
            _ => {}
        }
        true
    }

    pub(crate) fn finish(self) -> Stream {
        Stream(Arc::new(self.content))
    }

    fn info(&mut self, info: StreamInfo) {
        // Redis 6.2 and older do not tell; later ones make the same of that.
        let history = info.history.unwrap_or(StreamHistory {
            first_id: StreamId::MIN,
            max_deleted_id: StreamId::MIN,
            entries_added: info.length,
        });
        self.content.last_id = info.last_id;
        self.content.max_deleted_id = history.max_deleted_id;
        self.content.entries_added = history.entries_added;
    }

    fn begin_group(&mut self, group: stream::StreamGroup) {
        self.end_group();
        let entries_read = match group.entries_read {
            Some(-1) => None,
            Some(entries_read) => Some(entries_read),
            None => self.content.history().entries_up_to(group.last_id),
        };
        self.group = Some((group.name, StreamGroup::new(group.last_id, entries_read)));
    }

    fn begin_consumer(&mut self, consumer: &stream::StreamConsumer) {
        let Some((_, group)) = &mut self.group else { return };
        // As Redis 7.2 does with those of older versions.
        let active_at_ms = consumer.active_at_ms.unwrap_or(consumer.seen_at_ms);
        let active_at_ms = Some(active_at_ms).filter(|&at_ms| at_ms != -1);
        self.consumer =
            group.add_consumer((&*consumer.name).into(), consumer.seen_at_ms, active_at_ms);
    }

    fn own(&mut self, id: StreamId) -> bool {
        let Some((_, group)) = &mut self.group else { return false };
        let mut is_free = false;
        group.pending.edit(id, |pending| {
            is_free = pending.consumer == NOBODY;
            if is_free {
                pending.consumer = self.consumer;
            }
        });
        is_free && group.numbered_mut(self.consumer).pending.insert(Owned(id))
    }

    fn end_group(&mut self) {
        if let Some((name, group)) = self.group.take() {
            self.content.groups.insert((&*name).into(), group);
        }
    }
}

/// The number of no consumer: that of a pending entry until its consumer has been told.
const NOBODY: u32 = u32::MAX;
