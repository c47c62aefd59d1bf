//! From a stream to events.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use rdb_format::stream::{self, StreamHistory, StreamId, StreamInfo, StreamVersion};
use rdb_format::{Event, Kind};

use super::Content;
use super::group::StreamGroup;
use super::pending::Owned;

/// Tells a stream: a node, or as many pending entries as lie together, at a time.
#[derive(Clone, Debug)]
pub(crate) struct StreamEvents {
    stream: Arc<Content>,
    stage: Stage,
    /// What is told before that.
    ready: VecDeque<Event>,
}

/// What comes next.
#[derive(Clone, Debug)]
enum Stage {
    Start,
    /// The node at this offset.
    Node(usize),
    /// The group whose name comes after that of the one before.
    Group(Option<Arc<[u8]>>),
    /// Pending entries of a group, from the one of this number on.
    Pending(Arc<[u8]>, usize),
    /// The consumer of a group whose name comes after that of the one before.
    Consumer(Arc<[u8]>, Option<Arc<[u8]>>),
    /// Pending entries of a consumer of this number, likewise.
    Owned(Arc<[u8]>, u32, usize),
    Complete,
}

impl StreamEvents {
    pub(super) fn new(stream: Arc<Content>) -> Self {
        Self { stream, stage: Stage::Start, ready: VecDeque::new() }
    }

    pub(crate) fn rewind(&mut self) {
        self.stage = Stage::Start;
        self.ready.clear();
    }

    pub(crate) fn next_event(&mut self) -> Option<Event> {
        while self.ready.is_empty() && !matches!(self.stage, Stage::Complete) {
            let stage = std::mem::replace(&mut self.stage, Stage::Complete);
            self.stage = self.step(stage);
        }
        self.ready.pop_front()
    }

    /// Tells what comes at this stage, and which follows.
    fn step(&mut self, stage: Stage) -> Stage {
        let content = &self.stream;
        let ready = &mut self.ready;
        match stage {
            Stage::Start => {
                ready.push_back(Event::Start(Kind::Stream(StreamVersion::V3)));
                Stage::Node(0)
            }
            Stage::Node(offset) => match content.entries.nodes().iter_from(offset).next() {
                Some(node) => {
                    ready.push_back(Event::StreamNode(node.to_told()));
                    Stage::Node(offset + node.live as usize)
                }
                None => {
                    ready.push_back(Event::StreamInfo(content.info()));
                    Stage::Group(None)
                }
            },
            Stage::Group(before) => match content.group_after(before.as_deref()) {
                Some((name, group)) => {
                    ready.push_back(Event::StreamGroup(stream::StreamGroup {
                        name: Bytes::copy_from_slice(name),
                        last_id: group.last_id,
                        entries_read: Some(group.entries_read.unwrap_or(-1)),
                        pending: group.pending_len() as u64,
                    }));
                    Stage::Pending(Arc::clone(name), 0)
                }
                None => {
                    ready.push_back(Event::End);
                    Stage::Complete
                }
            },
            Stage::Pending(name, index) => {
                let group = &content.groups[&name];
                let chunk = group.pending.chunk(index);
                ready.extend(chunk.iter().map(|pending| Event::StreamPending {
                    id: pending.id,
                    delivered_at_ms: pending.delivered_at_ms,
                    deliveries: pending.deliveries,
                }));
                match chunk.len() {
                    0 => {
                        ready.push_back(Event::StreamConsumers(group.consumers_len() as u64));
                        Stage::Consumer(name, None)
                    }
                    len => Stage::Pending(name, index + len),
                }
            }
            Stage::Consumer(name, before) => {
                let group = &content.groups[&name];
                match group.number_after(before.as_deref()) {
                    Some(number) => {
                        ready.push_back(Event::StreamConsumer(told_consumer(group, number)));
                        Stage::Owned(name, number, 0)
                    }
                    None => Stage::Group(Some(name)),
                }
            }
            Stage::Owned(name, number, index) => {
                let consumer = content.groups[&name].numbered(number);
                let chunk = consumer.pending.chunk(index);
                ready.extend(chunk.iter().map(|&Owned(id)| Event::StreamOwned(id)));
                match chunk.len() {
                    0 => Stage::Consumer(name, Some(Arc::clone(&consumer.name))),
                    len => Stage::Owned(name, number, index + len),
                }
            }
            Stage::Complete => Stage::Complete,
        }
    }
}

impl Content {
    fn info(&self) -> StreamInfo {
        StreamInfo {
            length: self.entries.len() as u64,
            last_id: self.last_id,
            history: Some(StreamHistory {
                first_id: self.entries.first_id().unwrap_or(StreamId::MIN),
                max_deleted_id: self.max_deleted_id,
                entries_added: self.entries_added,
            }),
            groups: self.groups.len() as u64,
        }
    }
}

fn told_consumer(group: &StreamGroup, number: u32) -> stream::StreamConsumer {
    let consumer = group.numbered(number);
    stream::StreamConsumer {
        name: Bytes::copy_from_slice(&consumer.name),
        seen_at_ms: consumer.seen_at_ms,
        active_at_ms: Some(consumer.active_at_ms.unwrap_or(-1)),
        pending: consumer.pending.len() as u64,
    }
}
