//! From a whole value to events, packed as servers would pack it.

use std::convert::Infallible;

use bytes::Bytes;

use super::{HashField, ModulePart, PendingEntry, ScoredMember, Value};
use crate::{
    Event, EventSource, Kind, STRING_BYTES_WHOLE,
    decode::push_score,
    packed::{Intset, ListpackMut},
    parse_integer,
    stream::StreamVersion,
};

/// Up to what size collections are packed: the servers' directives, with their defaults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Thresholds {
    /// `list-max-listpack-size`: elements of a node if positive, -1 to -5 for 4 to 64 KiB.
    pub list_max_listpack_size: i32,
    /// `set-max-intset-entries`.
    pub set_max_intset_entries: usize,
    /// `set-max-listpack-entries`.
    pub set_max_listpack_entries: usize,
    /// `set-max-listpack-value`, in bytes.
    pub set_max_listpack_value: usize,
    /// `hash-max-listpack-entries`.
    pub hash_max_listpack_entries: usize,
    /// `hash-max-listpack-value`, in bytes.
    pub hash_max_listpack_value: usize,
    /// `zset-max-listpack-entries`.
    pub zset_max_listpack_entries: usize,
    /// `zset-max-listpack-value`, in bytes.
    pub zset_max_listpack_value: usize,
    /// `stream-node-max-bytes`; 0 for no limit. Nodes of a stream come packed: this bounds those
    /// that grow.
    pub stream_node_max_bytes: usize,
    /// `stream-node-max-entries`, deleted ones included; 0 for no limit.
    pub stream_node_max_entries: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            list_max_listpack_size: -2,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            stream_node_max_bytes: 4096,
            stream_node_max_entries: 100,
        }
    }
}

impl Thresholds {
    /// Whether one more element of `len` bytes goes into a node of a list.
    fn node_takes(&self, node: &ListpackMut, len: usize) -> bool {
        match usize::try_from(self.list_max_listpack_size) {
            Ok(elements_max) => node.len() < elements_max.max(1) && len <= NODE_BYTES_SAFE,
            Err(_) => node.bytes_len() + len + ENTRY_OVERHEAD_MAX <= self.node_bytes_max(),
        }
    }

    fn node_bytes_max(&self) -> usize {
        match self.list_max_listpack_size {
            ..=-5 => 64 << 10,
            -4 => 32 << 10,
            -3 => 16 << 10,
            -2 => 8 << 10,
            -1 => 4 << 10,
            0.. => NODE_BYTES_SAFE,
        }
    }
}

/// The largest node where the number of elements is what bounds them.
const NODE_BYTES_SAFE: usize = 8 << 10;

/// What a listpack entry has beside its text: up to 5 bytes of encoding and 5 of back length.
const ENTRY_OVERHEAD_MAX: usize = 10;

/// Tells a [`Value`].
#[derive(Clone, Debug)]
pub struct ValueEvents {
    value: Value,
    kind: Kind,
    thresholds: Thresholds,
    stage: Stage,
    /// What comes before that: the rest of a string that is told in pieces.
    long: Option<Long>,
}

/// What comes next. Indices are where in the value that is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Start,
    /// As a whole, if that is small.
    Packed,
    /// The element, member, score, expiry, field, part or node of this number, and those after it.
    Elements(usize),
    Group(usize),
    Pending {
        group: usize,
        index: usize,
    },
    Consumer {
        group: usize,
        index: usize,
    },
    Owned {
        group: usize,
        consumer: usize,
        index: usize,
    },
    End,
    Complete,
}

/// What is left to be told of a string that has started.
#[derive(Clone, Debug)]
enum Long {
    Chunk(Bytes),
    End,
}

impl Value {
    /// The events that tell this value, its collections packed up to these thresholds.
    pub fn events(&self, thresholds: Thresholds) -> ValueEvents {
        let (value, kind) = (self.clone(), self.kind());
        ValueEvents { value, kind, thresholds, stage: Stage::Start, long: None }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::String(_) => Kind::String,
            Self::List(_) => Kind::List,
            Self::Set(_) => Kind::Set,
            Self::SortedSet(_) => Kind::SortedSet,
            Self::Hash(fields) if fields.iter().any(|field| field.expire_at_ms.is_some()) => {
                Kind::HashWithTtls
            }
            Self::Hash(_) => Kind::Hash,
            Self::Stream(stream) => Kind::Stream(stream.version()),
            Self::Module(module) => Kind::Module(module.id),
        }
    }
}

impl super::StreamValue {
    /// The newest version all of which is known.
    pub fn version(&self) -> StreamVersion {
        let mut consumers = self.groups.iter().flat_map(|group| &group.consumers);
        if self.info.history.is_none() {
            StreamVersion::V1
        } else if consumers.any(|consumer| consumer.consumer.active_at_ms.is_none()) {
            StreamVersion::V2
        } else {
            StreamVersion::V3
        }
    }
}

impl EventSource for ValueEvents {
    type Error = Infallible;

    fn rewind(&mut self) -> Result<(), Infallible> {
        (self.stage, self.long) = (Stage::Start, None);
        Ok(())
    }

    fn next_event(&mut self) -> Result<Option<Event>, Infallible> {
        match self.long.take() {
            Some(Long::Chunk(text)) => {
                self.long = Some(Long::End);
                return Ok(Some(Event::StringChunk(text)));
            }
            Some(Long::End) => return Ok(Some(Event::StringEnd)),
            None => {}
        }
        while self.stage != Stage::Complete {
            let event = self.step();
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }
}

impl ValueEvents {
    /// Goes on to the next stage; what is told on the way, if anything.
    fn step(&mut self) -> Option<Event> {
        match self.stage {
            Stage::Start => {
                self.stage = Stage::Packed;
                Some(Event::Start(self.kind))
            }
            Stage::Packed => {
                let packed = self.packed();
                self.stage = if packed.is_some() { Stage::End } else { Stage::Elements(0) };
                packed
            }
            Stage::Elements(index) => self.element(index),
            Stage::End => {
                self.stage = Stage::Complete;
                Some(Event::End)
            }
            Stage::Complete => None,
            in_groups => self.group(in_groups),
        }
    }

    /// The one event that tells a small collection.
    fn packed(&self) -> Option<Event> {
        let thresholds = &self.thresholds;
        let fits = |bytes: &Bytes, bytes_max: usize| bytes.len() <= bytes_max;
        let mut listpack = ListpackMut::new();
        match &self.value {
            Value::Set(members) if !members.is_empty() => {
                if members.len() <= thresholds.set_max_intset_entries
                    && let Some(intset) = intset(members)
                {
                    return Some(Event::Intset(intset));
                }
                let bytes_max = thresholds.set_max_listpack_value;
                if members.len() > thresholds.set_max_listpack_entries
                    || !members.iter().all(|member| fits(member, bytes_max))
                {
                    return None;
                }
                for member in members.iter() {
                    listpack.push(member).ok()?;
                }
            }
            Value::SortedSet(members) if !members.is_empty() => {
                let bytes_max = thresholds.zset_max_listpack_value;
                if members.len() > thresholds.zset_max_listpack_entries
                    || !members.iter().all(|scored| fits(&scored.member, bytes_max))
                {
                    return None;
                }
                let mut ranked: Vec<&ScoredMember> = members.iter().collect();
                ranked.sort_by(|a, b| {
                    // -0 and 0 are the same score.
                    (a.score + 0.0)
                        .total_cmp(&(b.score + 0.0))
                        .then_with(|| a.member.cmp(&b.member))
                });
                for scored in ranked {
                    listpack.push(&scored.member).ok()?;
                    push_score(&mut listpack, scored.score).ok()?;
                }
            }
            Value::Hash(fields) if !fields.is_empty() => {
                let bytes_max = thresholds.hash_max_listpack_value;
                if fields.len() > thresholds.hash_max_listpack_entries
                    || !fields
                        .iter()
                        .all(|field| fits(&field.field, bytes_max) && fits(&field.value, bytes_max))
                {
                    return None;
                }
                return pack_fields(fields, self.kind == Kind::HashWithTtls);
            }
            _ => return None,
        }
        Some(Event::Listpack(listpack.freeze()))
    }

    fn element(&mut self, index: usize) -> Option<Event> {
        let Self { value, kind, stage, long, .. } = self;
        *stage = Stage::Elements(index + 1);
        let event = match value {
            Value::String(string) => {
                *stage = Stage::End;
                Some(tell(&string.to_bytes(), long))
            }
            Value::List(elements) => {
                let elements = elements.clone();
                return self.list_node(&elements, index);
            }
            Value::Set(members) => members.get(index).map(|member| tell(member, long)),
            Value::SortedSet(members) => {
                members.get(index / 2).map(|ScoredMember { member, score }| match index % 2 {
                    0 => tell(member, long),
                    _ => Event::Score(*score),
                })
            }
            Value::Hash(fields) if *kind == Kind::HashWithTtls => {
                fields.get(index / 3).map(|field| match index % 3 {
                    0 => Event::ExpireAt(field.expire_at_ms),
                    1 => tell(&field.field, long),
                    _ => tell(&field.value, long),
                })
            }
            Value::Hash(fields) => fields.get(index / 2).map(|field| match index % 2 {
                0 => tell(&field.field, long),
                _ => tell(&field.value, long),
            }),
            Value::Stream(stream) => Some(match stream.nodes.get(index) {
                Some(node) => Event::StreamNode(node.clone()),
                None => {
                    *stage = Stage::Group(0);
                    Event::StreamInfo(stream.info)
                }
            }),
            Value::Module(module) => module.parts.get(index).map(|part| match part {
                ModulePart::Item(item) => Event::Module(*item),
                ModulePart::String(text) => tell(text, long),
            }),
        };
        if event.is_none() {
            *stage = Stage::End;
        }
        event
    }

    /// As many elements as go into a node, or one that is too long for any.
    fn list_node(&mut self, elements: &[Bytes], from: usize) -> Option<Event> {
        let mut node = ListpackMut::new();
        let mut index = from;
        while let Some(element) = elements.get(index)
            && self.thresholds.node_takes(&node, element.len())
            && node.push(element).is_ok()
        {
            index += 1;
        }
        if !node.is_empty() {
            self.stage = Stage::Elements(index);
            return Some(Event::Listpack(node.freeze()));
        }
        let event = elements.get(index).map(|element| tell(element, &mut self.long));
        self.stage = if event.is_some() { Stage::Elements(index + 1) } else { Stage::End };
        event
    }

    fn group(&mut self, at: Stage) -> Option<Event> {
        let Value::Stream(stream) = &self.value else { unreachable!("others have no groups") };
        let groups = &stream.groups;
        let (next, event) = match at {
            Stage::Pending { group, index } => match groups[group].pending.get(index) {
                Some(&PendingEntry { id, delivered_at_ms, deliveries }) => (
                    Stage::Pending { group, index: index + 1 },
                    Some(Event::StreamPending { id, delivered_at_ms, deliveries }),
                ),
                None => (
                    Stage::Consumer { group, index: 0 },
                    Some(Event::StreamConsumers(groups[group].consumers.len() as u64)),
                ),
            },
            Stage::Consumer { group, index } => match groups[group].consumers.get(index) {
                Some(consumer) => (
                    Stage::Owned { group, consumer: index, index: 0 },
                    Some(Event::StreamConsumer(consumer.consumer.clone())),
                ),
                None => (Stage::Group(group + 1), None),
            },
            Stage::Owned { group, consumer, index } => {
                match groups[group].consumers[consumer].owned.get(index) {
                    Some(&id) => (
                        Stage::Owned { group, consumer, index: index + 1 },
                        Some(Event::StreamOwned(id)),
                    ),
                    None => (Stage::Consumer { group, index: consumer + 1 }, None),
                }
            }
            Stage::Group(index) => match groups.get(index) {
                Some(group) => (
                    Stage::Pending { group: index, index: 0 },
                    Some(Event::StreamGroup(group.group.clone())),
                ),
                None => (Stage::End, None),
            },
            _ => (Stage::End, None),
        };
        self.stage = next;
        event
    }
}

/// The event that tells `text`, or tells its start and leaves the rest in `long`.
fn tell(text: &Bytes, long: &mut Option<Long>) -> Event {
    let len = text.len() as u64;
    if len <= STRING_BYTES_WHOLE {
        return Event::String(text.clone());
    }
    *long = Some(Long::Chunk(text.clone()));
    Event::StringStart { len }
}

/// The members in order, if all of them are integers.
fn intset(members: &[Bytes]) -> Option<Intset> {
    let mut numbers =
        members.iter().map(|member| parse_integer(member)).collect::<Option<Vec<i64>>>()?;
    numbers.sort_unstable();
    Intset::from_sorted(numbers).ok()
}

fn pack_fields(fields: &[HashField], with_ttls: bool) -> Option<Event> {
    let mut ordered: Vec<&HashField> = fields.iter().collect();
    if with_ttls {
        ordered.sort_by_key(|field| field.expire_at_ms.unwrap_or(u64::MAX));
    }
    let mut listpack = ListpackMut::new();
    for field in ordered {
        listpack.push(&field.field).ok()?;
        listpack.push(&field.value).ok()?;
        if with_ttls {
            // 0 stands for none, so a field that expires at 0 cannot be packed.
            let expiry = match field.expire_at_ms {
                None => 0,
                Some(time) => i64::try_from(time).ok().filter(|&time| time > 0)?,
            };
            listpack.push_int(expiry).ok()?;
        }
    }
    Some(Event::Listpack(listpack.freeze()))
}
