//! From events to a whole value.

use std::{mem::take, sync::Arc};

use bytes::Bytes;

use super::{
    HashField, ModulePart, ModuleValue, PendingEntry, ScoredMember, StreamConsumerValue,
    StreamGroupValue, StreamValue, StringValue, Value,
};
use crate::{
    Event, Kind, StringAssembler,
    decode::score_of_entry,
    encode::expiry_of_entry,
    packed::Listpack,
    stream::{StreamInfo, StreamNode},
};

/// Puts a value together from its [`Event`]s.
///
/// What it holds grows with the events: it is for values that are wanted whole.
#[derive(Debug, Default)]
pub struct ValueBuilder {
    kind: Option<Kind>,
    /// A long string that is not complete.
    assembler: Option<(u64, StringAssembler)>,
    whole: Option<Bytes>,
    /// Elements, members, or fields and values in turns.
    strings: Vec<Bytes>,
    scores: Vec<f64>,
    expiries: Vec<Option<u64>>,
    parts: Vec<ModulePart>,
    nodes: Vec<StreamNode>,
    info: Option<StreamInfo>,
    groups: Vec<StreamGroupValue>,
    ended: bool,
}

impl ValueBuilder {
    /// Takes the next event.
    pub fn push(&mut self, event: Event) {
        match event {
            Event::Start(kind) => self.kind = Some(kind),
            // A copy, not to keep all of the input for a part of it.
            Event::String(text) => self.string(Bytes::copy_from_slice(&text)),
            Event::StringStart { len } => {
                self.assembler = Some((len, StringAssembler::new(len)));
                self.whole = None;
            }
            Event::StringChunk(chunk) => match &mut self.assembler {
                Some((len, _)) if chunk.len() as u64 == *len => self.whole = Some(chunk),
                Some((_, assembler)) => assembler.push(&chunk),
                None => {}
            },
            Event::StringEnd => {
                if let Some((_, assembler)) = self.assembler.take() {
                    let text = self.whole.take().unwrap_or_else(|| assembler.finish());
                    self.string(text);
                }
            }
            Event::Score(score) => self.scores.push(score),
            Event::ExpireAt(expire_at_ms) => self.expiries.push(expire_at_ms),
            Event::Listpack(listpack) => self.listpack(&listpack),
            Event::Intset(intset) => {
                let members = intset.iter().map(|member| StringValue::Int(member).to_bytes());
                self.strings.extend(members);
            }
            Event::Module(item) => self.parts.push(ModulePart::Item(item)),
            Event::End => self.ended = true,
            Event::StreamNode(node) => self.nodes.push(node),
            Event::StreamInfo(info) => self.info = Some(info),
            Event::StreamGroup(group) => self.groups.push(StreamGroupValue {
                group,
                pending: Vec::new(),
                consumers: Vec::new(),
            }),
            Event::StreamPending { id, delivered_at_ms, deliveries } => {
                if let Some(StreamGroupValue { group, pending, .. }) = self.groups.last_mut() {
                    make_room(pending, group.pending);
                    pending.push(PendingEntry { id, delivered_at_ms, deliveries });
                }
            }
            Event::StreamConsumers(_) => {}
            Event::StreamConsumer(consumer) => {
                if let Some(group) = self.groups.last_mut() {
                    group.consumers.push(StreamConsumerValue { consumer, owned: Vec::new() });
                }
            }
            Event::StreamOwned(id) => {
                let group = self.groups.last_mut();
                if let Some(consumer) = group.and_then(|group| group.consumers.last_mut()) {
                    make_room(&mut consumer.owned, consumer.consumer.pending);
                    consumer.owned.push(id);
                }
            }
        }
    }

    /// The value, if [`Event::End`] has come.
    pub fn finish(mut self) -> Option<Value> {
        if !self.ended {
            return None;
        }
        let strings = take(&mut self.strings);
        Some(match self.kind? {
            Kind::String => StringValue::parse(strings.into_iter().next()?).into(),
            Kind::List => Value::List(strings.into()),
            Kind::Set => Value::Set(strings.into()),
            Kind::SortedSet => {
                let members = strings.into_iter().zip(self.scores);
                Value::SortedSet(
                    members.map(|(member, score)| ScoredMember { member, score }).collect(),
                )
            }
            Kind::Hash | Kind::HashWithTtls => {
                let mut expiries = self.expiries.into_iter();
                let mut strings = strings.into_iter();
                let fields = std::iter::from_fn(|| {
                    Some(HashField {
                        field: strings.next()?,
                        value: strings.next()?,
                        expire_at_ms: expiries.next().flatten(),
                    })
                });
                Value::Hash(fields.collect())
            }
            Kind::Stream(_) => {
                let (nodes, groups) = (self.nodes, self.groups);
                Value::Stream(Arc::new(StreamValue { nodes, info: self.info?, groups }))
            }
            Kind::Module(id) => Value::Module(Arc::new(ModuleValue { id, parts: self.parts })),
        })
    }

    fn string(&mut self, text: Bytes) {
        if let Some(Kind::Module(_)) = self.kind {
            self.parts.push(ModulePart::String(text));
        } else {
            self.strings.push(text);
        }
    }

    fn listpack(&mut self, listpack: &Listpack) {
        let mut entries = listpack.iter();
        while let Some(entry) = entries.next() {
            self.strings.push(Bytes::copy_from_slice(&entry.as_text()));
            match self.kind {
                Some(Kind::SortedSet) => {
                    self.scores.extend(entries.next().and_then(score_of_entry));
                }
                Some(Kind::HashWithTtls) => {
                    let value =
                        entries.next().map(|value| Bytes::copy_from_slice(&value.as_text()));
                    self.strings.extend(value);
                    self.expiries.push(entries.next().and_then(expiry_of_entry));
                }
                _ => {}
            }
        }
    }
}

/// Makes room for another of `declared` items. A vector moves all of them each time it doubles; once
/// there are many the claim is believed, as far as they back it.
fn make_room<T>(items: &mut Vec<T>, declared: u64) {
    let len = items.len();
    if len == items.capacity() && len * size_of::<T>() >= BELIEVED_BYTES_MIN {
        let declared = usize::try_from(declared).unwrap_or(usize::MAX);
        items.reserve(declared.min(len.saturating_mul(BELIEVED_RATIO)).saturating_sub(len));
    }
}

/// So many bytes of items must be there before their number is believed ...
const BELIEVED_BYTES_MIN: usize = 1 << 20;

/// ... if it is not more than so many times what is there. The pages are touched as items come.
const BELIEVED_RATIO: usize = 64;
