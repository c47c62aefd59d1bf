//! Whole values: what the events of one tell, put together.

mod build;
mod events;
mod string;

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    ModuleId, ModuleItem,
    stream::{StreamConsumer, StreamEntry, StreamGroup, StreamId, StreamInfo, StreamNode},
};

pub use build::ValueBuilder;
pub use events::{Thresholds, ValueEvents};
pub use string::{StringText, StringValue, parse_integer};

pub(crate) use string::Decimal;

/// A value of any type. Cheap to clone: what is large is shared.
///
/// Two are equal if they mean the same, however their members are ordered and their entries packed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// A string.
    String(StringValue),
    /// A list: its elements.
    List(Arc<[Bytes]>),
    /// A set: its members.
    Set(Arc<[Bytes]>),
    /// A sorted set.
    SortedSet(Arc<[ScoredMember]>),
    /// A hash.
    Hash(Arc<[HashField]>),
    /// A stream.
    Stream(Arc<StreamValue>),
    /// A value that only a module understands.
    Module(Arc<ModuleValue>),
}

/// A member of a sorted set.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredMember {
    /// The member.
    pub member: Bytes,
    /// Its score; not NaN.
    pub score: f64,
}

/// A field of a hash.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct HashField {
    /// Its name.
    pub field: Bytes,
    /// Its value.
    pub value: Bytes,
    /// When it expires, in Unix milliseconds, if it does.
    pub expire_at_ms: Option<u64>,
}

/// A stream.
#[derive(Clone, Debug)]
pub struct StreamValue {
    /// The entries, in nodes.
    pub nodes: Vec<StreamNode>,
    /// What it knows beside them. [`StreamInfo::groups`] is the length of `groups`.
    pub info: StreamInfo,
    /// The consumer groups.
    pub groups: Vec<StreamGroupValue>,
}

/// A consumer group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamGroupValue {
    /// What it knows. [`StreamGroup::pending`] is the length of `pending`.
    pub group: StreamGroup,
    /// Entries that were delivered and not acknowledged.
    pub pending: Vec<PendingEntry>,
    /// The consumers.
    pub consumers: Vec<StreamConsumerValue>,
}

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PendingEntry {
    /// Its ID.
    pub id: StreamId,
    /// When it was last delivered, in Unix milliseconds.
    pub delivered_at_ms: i64,
    /// How often it was delivered.
    pub deliveries: u64,
}

/// A consumer of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamConsumerValue {
    /// What it knows. [`StreamConsumer::pending`] is the length of `owned`.
    pub consumer: StreamConsumer,
    /// Its pending entries.
    pub owned: Vec<StreamId>,
}

/// A value that only a module understands.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleValue {
    /// Whose it is.
    pub id: ModuleId,
    /// What it is made of.
    pub parts: Vec<ModulePart>,
}

/// A part of a module's value.
#[derive(Clone, Debug, PartialEq)]
pub enum ModulePart {
    /// A number.
    Item(ModuleItem),
    /// A string.
    String(Bytes),
}

impl Value {
    /// Name of the type, as the command TYPE shows it; a module's value has the name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::SortedSet(_) => "zset",
            Self::Hash(_) => "hash",
            Self::Stream(_) => "stream",
            Self::Module(_) => "module",
        }
    }
}

impl From<StringValue> for Value {
    fn from(string: StringValue) -> Self {
        Self::String(string)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Set(a), Self::Set(b)) => sorted(a) == sorted(b),
            (Self::SortedSet(a), Self::SortedSet(b)) => ranked(a) == ranked(b),
            (Self::Hash(a), Self::Hash(b)) => sorted(a) == sorted(b),
            (Self::Stream(a), Self::Stream(b)) => a == b,
            (Self::Module(a), Self::Module(b)) => a == b,
            _ => false,
        }
    }
}

impl StreamValue {
    /// The entries that are not deleted.
    pub fn entries(&self) -> impl Iterator<Item = StreamEntry<'_>> {
        self.nodes.iter().flat_map(StreamNode::entries).filter(|entry| !entry.deleted)
    }
}

impl PartialEq for StreamValue {
    fn eq(&self, other: &Self) -> bool {
        self.info == other.info && self.groups == other.groups && self.entries().eq(other.entries())
    }
}

fn sorted<T: Ord>(elements: &[T]) -> Vec<&T> {
    let mut sorted: Vec<&T> = elements.iter().collect();
    sorted.sort_unstable();
    sorted
}

/// -0 counts as 0: servers lose its sign when a sorted set is packed.
fn ranked(members: &[ScoredMember]) -> Vec<(&Bytes, f64)> {
    let mut ranked: Vec<_> = members.iter().map(|member| (&member.member, member.score)).collect();
    ranked.sort_unstable_by_key(|&(member, _)| member);
    ranked
}
