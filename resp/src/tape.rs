//! A reply as a flat list of its values, each aggregate before its elements.

use bytes::Bytes;

/// Where the bytes of a string are: at `start..end` of the frame, or the `end`th of those that
/// have a buffer of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) const OWN: usize = usize::MAX;

    #[inline]
    pub(crate) fn in_frame(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(crate) fn own(index: usize) -> Self {
        Self { start: Self::OWN, end: index }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Node {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    String(StringKind, Span),
    Aggregate(AggregateKind, usize),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum StringKind {
    Simple,
    Error,
    Bulk,
    BulkError,
    BigNumber,
    /// Starts with three bytes of format and a colon.
    Verbatim,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AggregateKind {
    Array,
    Map,
    Set,
    Push,
    Attribute,
}

/// The values of one reply, the bytes they point into left out.
#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) nodes: Vec<Node>,
    pub(crate) own: Vec<Bytes>,
}
