//! What decoders say and encoders take.

use bytes::Bytes;

use crate::{
    packed::{Intset, Listpack},
    stream::{StreamConsumer, StreamGroup, StreamId, StreamInfo, StreamNode, StreamVersion},
};

/// A piece of a value, in the order in which the formats hold it.
///
/// | kind | between [`Start`](Self::Start) and [`End`](Self::End) |
/// |---|---|
/// | string | one *string* |
/// | list | *strings* (elements) and [`Listpack`](Self::Listpack)s (elements) in any mixture |
/// | set | *strings* (members), or one `Listpack` of them, or one [`Intset`](Self::Intset) |
/// | sorted set | *string* (member) and [`Score`](Self::Score) in turns, or one `Listpack` of such pairs by rank |
/// | hash | *string* (field) and *string* (value) in turns, or one `Listpack` of such pairs |
/// | hash with field TTLs | [`ExpireAt`](Self::ExpireAt), *string* (field) and *string* (value) in turns, or one `Listpack` of triples field, value and expiry, by expiry, 0 for none and last |
/// | stream | [`StreamNode`](Self::StreamNode)s, one [`StreamInfo`](Self::StreamInfo), then each group: [`StreamGroup`](Self::StreamGroup), its [`StreamPending`](Self::StreamPending)s, [`StreamConsumers`](Self::StreamConsumers), and each consumer: [`StreamConsumer`](Self::StreamConsumer), its [`StreamOwned`](Self::StreamOwned)s |
/// | module | *strings* and [`Module`](Self::Module) items in any mixture |
///
/// A *string* is one [`String`](Self::String) of at most
/// [`STRING_BYTES_WHOLE`](crate::STRING_BYTES_WHOLE) bytes, or a
/// [`StringStart`](Self::StringStart), [`StringChunk`](Self::StringChunk)s and a
/// [`StringEnd`](Self::StringEnd).
///
/// What a decoder tells has passed every check that can be made up to there, but the value is sound
/// only once the decoder has told [`End`](Self::End) and, for a payload,
/// [`PayloadDecoder::finish`](crate::payload::PayloadDecoder::finish) has said so; build it aside
/// until then.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A value of this kind begins.
    Start(Kind),
    /// A string. A view of the input where that holds it plain.
    String(Bytes),
    /// A longer string begins.
    StringStart {
        /// Its plain length in bytes: a claim, within the limits, that need not be backed by the
        /// bytes that follow.
        len: u64,
    },
    /// The next bytes of the string, at least one. A view of the input where that holds them
    /// plain.
    StringChunk(Bytes),
    /// The string is complete: its chunks are as long as announced.
    StringEnd,
    /// The score of the member before it; not NaN.
    Score(f64),
    /// When the field that follows expires, in Unix milliseconds, if it does.
    ExpireAt(Option<u64>),
    /// Elements, members or fields in packed form; at least one.
    Listpack(Listpack),
    /// The members of a set of integers; at least one.
    Intset(Intset),
    /// Entries of a stream.
    StreamNode(StreamNode),
    /// What a stream knows of itself.
    StreamInfo(StreamInfo),
    /// A consumer group begins.
    StreamGroup(StreamGroup),
    /// An entry of the group that was delivered and not acknowledged.
    StreamPending {
        /// Its ID; the entry itself may have been deleted.
        id: StreamId,
        /// When it was last delivered, in Unix milliseconds.
        delivered_at_ms: i64,
        /// How often it was delivered.
        deliveries: u64,
    },
    /// How many consumers of the group follow.
    StreamConsumers(u64),
    /// A consumer begins.
    StreamConsumer(StreamConsumer),
    /// A pending entry of the group that is this consumer's.
    StreamOwned(StreamId),
    /// An item of a module's value that is not a string.
    Module(ModuleItem),
    /// The value is complete.
    End,
}

impl Event {
    /// Bytes of text and packed entries that it holds.
    pub fn bytes_len(&self) -> usize {
        match self {
            Self::String(bytes) | Self::StringChunk(bytes) => bytes.len(),
            Self::Listpack(listpack) => listpack.as_bytes().len(),
            Self::Intset(intset) => intset.as_bytes().len(),
            Self::StreamNode(node) => node.listpack().as_bytes().len(),
            Self::StreamGroup(group) => group.name.len(),
            Self::StreamConsumer(consumer) => consumer.name.len(),
            _ => 0,
        }
    }

    /// Whether a string is complete with this.
    pub(crate) const fn ends_string(&self) -> bool {
        matches!(self, Self::String(_) | Self::StringEnd)
    }
}

/// What a value is, as far as its events differ.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A string.
    String,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set.
    SortedSet,
    /// A hash none of whose fields expires.
    Hash,
    /// A hash whose fields may expire. Not each does, and perhaps none.
    HashWithTtls,
    /// A stream that tells as much of itself as this version does.
    Stream(StreamVersion),
    /// A value that only a module understands.
    Module(ModuleId),
}

/// The module that a value belongs to, and the version of its encoding: nine characters of
/// `A-Za-z0-9-_`, 6 bits each from the top, and 10 bits of version.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ModuleId(pub u64);

impl ModuleId {
    /// The name of the module's type.
    pub fn name(self) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (1..=9).map(|nth| char::from(ALPHABET[(self.0 >> (64 - 6 * nth)) as usize & 63])).collect()
    }

    /// The version of the encoding.
    pub const fn version(self) -> u16 {
        (self.0 & 0x3FF) as u16
    }
}

/// An item of a module's value that is not a string.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ModuleItem {
    /// A signed integer.
    Signed(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// A number of single precision.
    Float(f32),
    /// A number of double precision.
    Double(f64),
}
