//! Streams.

use std::{
    collections::{BTreeSet, HashSet},
    mem::take,
};

use bytes::Bytes;

use super::Step;
use crate::{
    DecodeError, DecodeLimits, Event, EventSink,
    input::Input,
    packed::Listpack,
    stream::{
        StreamConsumer, StreamError, StreamGroup, StreamHistory, StreamId, StreamInfo, StreamNode,
        StreamVersion,
    },
    string::BlobDecoder,
};

/// Nodes, what the stream knows of itself, and groups with their pending entries and consumers.
#[derive(Debug)]
pub(super) struct Stream {
    version: StreamVersion,
    blob: BlobDecoder,
    part: Part,
    /// Where the part at hand begins.
    offset: u64,
    nodes: Nodes,
    groups_left: u64,
    groups: HashSet<Bytes>,
    group: Group,
    /// Whether whoever is told finds out if pending entries and their owners fit together.
    is_checked_by_sink: bool,
}

/// What comes next.
#[derive(Debug)]
enum Part {
    NodesLen,
    NodeKey,
    Node { key: StreamId },
    Info(Lengths<8>),
    GroupsLen(StreamInfo),
    NextGroup,
    GroupName,
    GroupNumbers { name: Bytes, numbers: Lengths<3> },
    PendingLen(StreamGroup),
    Pending,
    PendingTime { id: StreamId },
    PendingDeliveries { id: StreamId, delivered_at_ms: i64 },
    ConsumersLen,
    NextConsumer,
    ConsumerName,
    ConsumerSeen { name: Bytes },
    ConsumerActive(StreamConsumer),
    OwnedLen(StreamConsumer),
    Owned,
}

/// What has been learnt of the entries.
#[derive(Debug, Default)]
struct Nodes {
    left: u64,
    live: u64,
    last_key: Option<StreamId>,
    last_id: Option<StreamId>,
}

/// What has been learnt of the group at hand.
#[derive(Debug, Default)]
struct Group {
    pending_left: u64,
    /// Pending entries that have not been found at a consumer, and how many they are. No insertion
    /// moves all of them, and at the end of a sound group there are none left, which to drop would
    /// take as long. Empty if the sink checks them.
    unowned: BTreeSet<StreamId>,
    unowned_len: u64,
    /// The pending entry that was told last.
    last: PendingAt,
    consumers_left: u64,
    consumers: HashSet<Bytes>,
    owned_left: u64,
}

/// An entry that is pending, or is told as a consumer's.
#[derive(Clone, Copy, Debug, Default)]
struct PendingAt {
    id: StreamId,
    /// Where it stands.
    offset: u64,
    is_owned: bool,
}

/// Up to `N` lengths that stand in a row.
#[derive(Clone, Copy, Debug)]
struct Lengths<const N: usize> {
    read: [u64; N],
    len: usize,
    wanted: usize,
}

impl<const N: usize> Lengths<N> {
    const fn new(wanted: usize) -> Self {
        Self { read: [0; N], len: 0, wanted }
    }

    fn poll(&mut self, input: &mut Input) -> Result<Option<[u64; N]>, DecodeError> {
        while self.len < self.wanted {
            let Some(length) = input.length()? else { return Ok(None) };
            self.read[self.len] = length;
            self.len += 1;
        }
        Ok(Some(self.read))
    }
}

impl Stream {
    pub(super) fn new(version: StreamVersion, limits: &DecodeLimits) -> Self {
        Self {
            version,
            blob: BlobDecoder::new(limits),
            part: Part::NodesLen,
            offset: 0,
            nodes: Nodes::default(),
            groups_left: 0,
            groups: HashSet::new(),
            group: Group::default(),
            is_checked_by_sink: false,
        }
    }

    /// Leaves it to a sink that says so to find pending entries that come twice or are not their
    /// consumers'.
    pub(super) fn ask(&mut self, sink: &impl EventSink) {
        self.is_checked_by_sink = sink.checks_pending();
    }

    /// The error of a sink that has found one.
    pub(super) fn refused(&self) -> DecodeError {
        let PendingAt { id, offset, is_owned } = self.group.last;
        let cause = match is_owned {
            true => StreamError::NotPending { id },
            false => StreamError::DuplicatePending { id },
        };
        DecodeError::Stream { offset, cause }
    }

    pub(super) fn poll(&mut self, input: &mut Input) -> Result<Step, DecodeError> {
        loop {
            let (next, told) = match &mut self.part {
                Part::NodesLen => {
                    let Some(len) = input.length()? else { return Ok(Step::Input) };
                    input.require(len.saturating_mul(NODE_BYTES_MIN))?;
                    self.nodes.left = len;
                    (self.next_node(), None)
                }
                Part::NodeKey => {
                    let Some(key) = self.blob.poll(input)? else { return Ok(Step::Input) };
                    let key = self.nodes.check_key(&key).map_err(self.failed())?;
                    (Part::Node { key }, None)
                }
                Part::Node { key } => {
                    let key = *key;
                    let Some(blob) = self.blob.poll(input)? else { return Ok(Step::Input) };
                    let offset = self.offset;
                    let listpack = Listpack::parse(blob)
                        .map_err(|cause| DecodeError::Packed { offset, cause })?;
                    let node = StreamNode::parse(key, listpack).map_err(self.failed())?;
                    self.nodes.check(&node).map_err(self.failed())?;
                    (self.next_node(), Some(Event::StreamNode(node)))
                }
                Part::Info(numbers) => {
                    let Some(numbers) = numbers.poll(input)? else { return Ok(Step::Input) };
                    let info = self.nodes.info(numbers, self.version).map_err(self.failed())?;
                    (Part::GroupsLen(info), None)
                }
                Part::GroupsLen(info) => {
                    let info = *info;
                    let Some(groups) = input.length()? else { return Ok(Step::Input) };
                    input.require(groups.saturating_mul(GROUP_BYTES_MIN))?;
                    self.groups_left = groups;
                    (Part::NextGroup, Some(Event::StreamInfo(StreamInfo { groups, ..info })))
                }
                Part::NextGroup if self.groups_left == 0 => return Ok(Step::End),
                Part::NextGroup => {
                    self.groups_left -= 1;
                    self.group = Group::default();
                    (Part::GroupName, None)
                }
                Part::GroupName => {
                    let Some(name) = self.blob.poll(input)? else { return Ok(Step::Input) };
                    if !self.groups.insert(name.clone()) {
                        return Err(self.failed()(StreamError::DuplicateGroup));
                    }
                    let numbers = if self.version >= StreamVersion::V2 { 3 } else { 2 };
                    (Part::GroupNumbers { name, numbers: Lengths::new(numbers) }, None)
                }
                Part::GroupNumbers { name, numbers } => {
                    let Some([ms, seq, read]) = numbers.poll(input)? else {
                        return Ok(Step::Input);
                    };
                    let entries_read = (self.version >= StreamVersion::V2).then_some(read as i64);
                    let last_id = StreamId { ms, seq };
                    let group = StreamGroup { name: take(name), last_id, entries_read, pending: 0 };
                    (Part::PendingLen(group), None)
                }
                Part::PendingLen(group) => {
                    let Some(pending) = input.length()? else { return Ok(Step::Input) };
                    input.require(pending.saturating_mul(PENDING_BYTES_MIN))?;
                    self.group.pending_left = pending;
                    let group = StreamGroup { name: take(&mut group.name), pending, ..*group };
                    (self.group.next_pending(), Some(Event::StreamGroup(group)))
                }
                Part::Pending => {
                    let Some(id) = input.array()?.map(StreamId::from_bytes) else {
                        return Ok(Step::Input);
                    };
                    let last = PendingAt { id, offset: self.offset, is_owned: false };
                    self.group.add_pending(last, self.is_checked_by_sink).map_err(self.failed())?;
                    (Part::PendingTime { id }, None)
                }
                Part::PendingTime { id } => {
                    let id = *id;
                    let Some(delivered_at_ms) = input.array()?.map(i64::from_le_bytes) else {
                        return Ok(Step::Input);
                    };
                    (Part::PendingDeliveries { id, delivered_at_ms }, None)
                }
                Part::PendingDeliveries { id, delivered_at_ms } => {
                    let (id, delivered_at_ms) = (*id, *delivered_at_ms);
                    let Some(deliveries) = input.length()? else { return Ok(Step::Input) };
                    let pending = Event::StreamPending { id, delivered_at_ms, deliveries };
                    (self.group.next_pending(), Some(pending))
                }
                Part::ConsumersLen => {
                    let Some(consumers) = input.length()? else { return Ok(Step::Input) };
                    input.require(consumers.saturating_mul(CONSUMER_BYTES_MIN))?;
                    self.group.consumers_left = consumers;
                    (Part::NextConsumer, Some(Event::StreamConsumers(consumers)))
                }
                Part::NextConsumer if self.group.consumers_left == 0 => {
                    self.group.check_owned().map_err(self.failed())?;
                    (Part::NextGroup, None)
                }
                Part::NextConsumer => {
                    self.group.consumers_left -= 1;
                    (Part::ConsumerName, None)
                }
                Part::ConsumerName => {
                    let Some(name) = self.blob.poll(input)? else { return Ok(Step::Input) };
                    if !self.group.consumers.insert(name.clone()) {
                        return Err(self.failed()(StreamError::DuplicateConsumer));
                    }
                    (Part::ConsumerSeen { name }, None)
                }
                Part::ConsumerSeen { name } => {
                    let Some(seen_at_ms) = input.array()?.map(i64::from_le_bytes) else {
                        return Ok(Step::Input);
                    };
                    let name = take(name);
                    let consumer =
                        StreamConsumer { name, seen_at_ms, active_at_ms: None, pending: 0 };
                    let next = match self.version {
                        StreamVersion::V3 => Part::ConsumerActive(consumer),
                        StreamVersion::V1 | StreamVersion::V2 => Part::OwnedLen(consumer),
                    };
                    (next, None)
                }
                Part::ConsumerActive(consumer) => {
                    let Some(active_at_ms) = input.array()?.map(i64::from_le_bytes) else {
                        return Ok(Step::Input);
                    };
                    consumer.active_at_ms = Some(active_at_ms);
                    (Part::OwnedLen(consumer.clone()), None)
                }
                Part::OwnedLen(consumer) => {
                    let Some(pending) = input.length()? else { return Ok(Step::Input) };
                    input.require(pending.saturating_mul(StreamId::LEN as u64))?;
                    self.group.owned_left = pending;
                    let name = take(&mut consumer.name);
                    let consumer = StreamConsumer { name, pending, ..*consumer };
                    (self.group.next_owned(), Some(Event::StreamConsumer(consumer)))
                }
                Part::Owned => {
                    let Some(id) = input.array()?.map(StreamId::from_bytes) else {
                        return Ok(Step::Input);
                    };
                    let last = PendingAt { id, offset: self.offset, is_owned: true };
                    self.group.own(last, self.is_checked_by_sink).map_err(self.failed())?;
                    (self.group.next_owned(), Some(Event::StreamOwned(id)))
                }
            };
            self.part = next;
            self.offset = input.offset();
            if let Some(event) = told {
                return Ok(Step::Event(event));
            }
        }
    }

    /// What follows a node, or the number of nodes.
    fn next_node(&mut self) -> Part {
        match self.nodes.left.checked_sub(1) {
            Some(left) => {
                self.nodes.left = left;
                Part::NodeKey
            }
            None if self.version >= StreamVersion::V2 => Part::Info(Lengths::new(8)),
            None => Part::Info(Lengths::new(3)),
        }
    }

    /// Says where the part at hand begins.
    fn failed(&self) -> impl Fn(StreamError) -> DecodeError + use<> {
        let offset = self.offset;
        move |cause| DecodeError::Stream { offset, cause }
    }
}

impl Nodes {
    fn check_key(&mut self, key: &[u8]) -> Result<StreamId, StreamError> {
        let bytes = key.try_into().map_err(|_| StreamError::NodeKey { len: key.len() })?;
        let key = StreamId::from_bytes(bytes);
        if self.last_key.is_some_and(|last_key| key <= last_key) {
            return Err(StreamError::NodeOrder { key });
        }
        self.last_key = Some(key);
        Ok(key)
    }

    fn check(&mut self, node: &StreamNode) -> Result<(), StreamError> {
        if let (Some(first), Some(last_id)) = (node.first_id(), self.last_id)
            && first <= last_id
        {
            return Err(StreamError::EntryOrder { id: first });
        }
        self.last_id = node.last_id().or(self.last_id);
        self.live += node.live();
        Ok(())
    }

    /// The numbers behind the nodes, in their order.
    fn info(&self, numbers: [u64; 8], version: StreamVersion) -> Result<StreamInfo, StreamError> {
        let [length, ms, seq, first_ms, first_seq, deleted_ms, deleted_seq, entries_added] =
            numbers;
        let last_id = StreamId { ms, seq };
        let history = (version >= StreamVersion::V2).then_some(StreamHistory {
            first_id: StreamId { ms: first_ms, seq: first_seq },
            max_deleted_id: StreamId { ms: deleted_ms, seq: deleted_seq },
            entries_added,
        });
        if length != self.live {
            return Err(StreamError::Length { declared: length, live: self.live });
        }
        if let Some(entry) = self.last_id.filter(|&entry| entry > last_id) {
            return Err(StreamError::LastId { last_id, entry });
        }
        if let Some(StreamHistory { max_deleted_id, entries_added, .. }) = history {
            if max_deleted_id > last_id {
                return Err(StreamError::MaxDeletedId { max_deleted_id, last_id });
            }
            if entries_added < length {
                return Err(StreamError::EntriesAdded { entries_added, length });
            }
        }
        Ok(StreamInfo { length, last_id, history, groups: 0 })
    }
}

impl Group {
    fn next_pending(&mut self) -> Part {
        match self.pending_left.checked_sub(1) {
            Some(left) => {
                self.pending_left = left;
                Part::Pending
            }
            None => Part::ConsumersLen,
        }
    }

    fn next_owned(&mut self) -> Part {
        match self.owned_left.checked_sub(1) {
            Some(left) => {
                self.owned_left = left;
                Part::Owned
            }
            None => Part::NextConsumer,
        }
    }

    fn add_pending(&mut self, last: PendingAt, is_checked: bool) -> Result<(), StreamError> {
        self.last = last;
        let id = last.id;
        self.unowned_len += 1;
        match is_checked || self.unowned.insert(id) {
            true => Ok(()),
            false => Err(StreamError::DuplicatePending { id }),
        }
    }

    fn own(&mut self, last: PendingAt, is_checked: bool) -> Result<(), StreamError> {
        self.last = last;
        let id = last.id;
        let is_unowned = self.unowned_len > 0 && (is_checked || self.unowned.remove(&id));
        match is_unowned {
            true => {
                self.unowned_len -= 1;
                Ok(())
            }
            false => Err(StreamError::NotPending { id }),
        }
    }

    fn check_owned(&self) -> Result<(), StreamError> {
        match self.unowned_len {
            0 => Ok(()),
            unowned => Err(StreamError::Unowned { unowned }),
        }
    }
}

/// A key of 17 bytes and a blob.
const NODE_BYTES_MIN: u64 = 18;

/// A name, an ID and two empty tables.
const GROUP_BYTES_MIN: u64 = 5;

/// An ID, a time and a count.
const PENDING_BYTES_MIN: u64 = 25;

/// A name, a time and an empty table.
const CONSUMER_BYTES_MIN: u64 = 10;
