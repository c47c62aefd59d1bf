//! What decoders say.

use bytes::Bytes;

/// A piece of a value, in the order in which the payload holds it.
///
/// An event tells what the bytes so far claim. The value is sound only once
/// [`PayloadDecoder::finish`](crate::payload::PayloadDecoder::finish) has said so; build it aside
/// until then.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A string begins.
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
}
