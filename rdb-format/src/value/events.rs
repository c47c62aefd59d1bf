//! From a whole value to events, packed as servers would pack it.

use std::convert::Infallible;

use bytes::Bytes;

use super::{HashField, ModulePart, ScoredMember, Value};
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
    /// Events that are told before anything else, the next one last.
    ready: Vec<Event>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Start,
    /// As a whole, if that is small.
    Packed,
    /// From the element, member, field, part or node of this index on.
    Elements(usize),
    Groups(usize),
    End,
    Complete,
}

impl Value {
    /// The events that tell this value, its collections packed up to these thresholds.
    pub fn events(&self, thresholds: Thresholds) -> ValueEvents {
        let (value, kind) = (self.clone(), self.kind());
        ValueEvents { value, kind, thresholds, stage: Stage::Start, ready: Vec::new() }
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
        self.stage = Stage::Start;
        self.ready.clear();
        Ok(())
    }

    fn next_event(&mut self) -> Result<Option<Event>, Infallible> {
        while self.ready.is_empty() && self.stage != Stage::Complete {
            self.stage = self.step();
            self.ready.reverse();
        }
        Ok(self.ready.pop())
    }
}

impl ValueEvents {
    /// Makes the next events ready, in their order, and tells what comes after them.
    fn step(&mut self) -> Stage {
        match self.stage {
            Stage::Start => {
                self.ready.push(Event::Start(self.kind));
                Stage::Packed
            }
            Stage::Packed => match self.packed() {
                Some(event) => {
                    self.ready.push(event);
                    Stage::End
                }
                None => Stage::Elements(0),
            },
            Stage::Elements(index) => self.elements(index),
            Stage::Groups(index) => self.group(index),
            Stage::End => {
                self.ready.push(Event::End);
                Stage::Complete
            }
            Stage::Complete => Stage::Complete,
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

    fn elements(&mut self, index: usize) -> Stage {
        let value = self.value.clone();
        let more = match &value {
            Value::String(string) => {
                self.string(string.to_bytes());
                false
            }
            Value::List(elements) => return self.list_node(elements, index),
            Value::Set(members) => match members.get(index) {
                Some(member) => {
                    self.string(member.clone());
                    true
                }
                None => false,
            },
            Value::SortedSet(members) => match members.get(index) {
                Some(ScoredMember { member, score }) => {
                    self.string(member.clone());
                    self.ready.push(Event::Score(*score));
                    true
                }
                None => false,
            },
            Value::Hash(fields) => match fields.get(index) {
                Some(HashField { field, value: text, expire_at_ms }) => {
                    if self.kind == Kind::HashWithTtls {
                        self.ready.push(Event::ExpireAt(*expire_at_ms));
                    }
                    self.string(field.clone());
                    self.string(text.clone());
                    true
                }
                None => false,
            },
            Value::Stream(stream) => match stream.nodes.get(index) {
                Some(node) => {
                    self.ready.push(Event::StreamNode(node.clone()));
                    true
                }
                None => {
                    self.ready.push(Event::StreamInfo(stream.info));
                    return Stage::Groups(0);
                }
            },
            Value::Module(module) => match module.parts.get(index) {
                Some(ModulePart::Item(item)) => {
                    self.ready.push(Event::Module(*item));
                    true
                }
                Some(ModulePart::String(text)) => {
                    self.string(text.clone());
                    true
                }
                None => false,
            },
        };
        if more { Stage::Elements(index + 1) } else { Stage::End }
    }

    /// As many elements as go into a node, or one that is too long for any.
    fn list_node(&mut self, elements: &[Bytes], from: usize) -> Stage {
        let mut node = ListpackMut::new();
        let mut index = from;
        while let Some(element) = elements.get(index)
            && self.thresholds.node_takes(&node, element.len())
            && node.push(element).is_ok()
        {
            index += 1;
        }
        if !node.is_empty() {
            self.ready.push(Event::Listpack(node.freeze()));
            return Stage::Elements(index);
        }
        match elements.get(index) {
            Some(element) => {
                self.string(element.clone());
                Stage::Elements(index + 1)
            }
            None => Stage::End,
        }
    }

    fn group(&mut self, index: usize) -> Stage {
        let Value::Stream(stream) = self.value.clone() else { return Stage::End };
        let Some(group) = stream.groups.get(index) else { return Stage::End };
        self.ready.push(Event::StreamGroup(group.group.clone()));
        self.ready.extend(group.pending.iter().map(|pending| Event::StreamPending {
            id: pending.id,
            delivered_at_ms: pending.delivered_at_ms,
            deliveries: pending.deliveries,
        }));
        self.ready.push(Event::StreamConsumers(group.consumers.len() as u64));
        for consumer in &group.consumers {
            self.ready.push(Event::StreamConsumer(consumer.consumer.clone()));
            self.ready.extend(consumer.owned.iter().copied().map(Event::StreamOwned));
        }
        Stage::Groups(index + 1)
    }

    fn string(&mut self, text: Bytes) {
        let len = text.len() as u64;
        if len <= STRING_BYTES_WHOLE {
            self.ready.push(Event::String(text));
        } else {
            self.ready.extend([
                Event::StringStart { len },
                Event::StringChunk(text),
                Event::StringEnd,
            ]);
        }
    }
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
