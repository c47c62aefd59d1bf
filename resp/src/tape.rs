//! A reply as a flat list of its values, each aggregate before its elements.

use bytes::Bytes;

/// The values of one reply, the bytes they point to left out.
#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) nodes: Vec<Node>,
    /// The strings that have a buffer of their own.
    pub(crate) own: Vec<Bytes>,
}

#[derive(Clone, Copy)]
pub(crate) enum Node {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    String(StringKind, Span),
    /// `values` counts the elements and `end` is the node after the last of them.
    Aggregate {
        kind: AggregateKind,
        values: usize,
        end: usize,
    },
}

// A reply of many small values is as fast as the memory it is written to.
const _: () = assert!(size_of::<Node>() == 24);

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
    /// Keys and values take turns.
    Map,
    Set,
    Push,
    /// As a map, and then the value that it describes.
    Attribute,
}

/// Where the bytes of a string are: at `start..end` of the frame, or the `end`th of those that
/// have a buffer of their own.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    const OWN: usize = usize::MAX;

    #[inline]
    pub(crate) fn in_frame(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl Tape {
    pub(crate) fn push_own(&mut self, kind: StringKind, bytes: Bytes) {
        let span = Span { start: Span::OWN, end: self.own.len() };
        self.own.push(bytes);
        self.nodes.push(Node::String(kind, span));
    }

    /// The bytes at `span`.
    #[inline]
    pub(crate) fn slice<'a>(&'a self, span: Span, frame: &'a [u8]) -> &'a [u8] {
        match span {
            Span { start: Span::OWN, end } => &self.own[end],
            Span { start, end } => &frame[start..end],
        }
    }

    /// The bytes at `span`, sharing the buffer they are in.
    pub(crate) fn bytes(&self, span: Span, frame: &Bytes) -> Bytes {
        match span {
            Span { start: Span::OWN, end } => self.own[end].clone(),
            Span { start, end } => frame.slice(start..end),
        }
    }

    /// Bytes of the strings that have a buffer of their own.
    pub(crate) fn own_bytes(&self) -> usize {
        self.own.iter().map(Bytes::len).sum()
    }

    pub(crate) fn clear(&mut self) {
        if self.nodes.capacity() > NODES_KEPT.max(self.nodes.len() * 4) {
            self.nodes = Vec::new();
        }
        self.nodes.clear();
        self.own.clear();
    }
}

/// Storage for more values than these (1.5 MiB) and than four times those of the last reply is not
/// kept for the next.
const NODES_KEPT: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::{NODES_KEPT, Node, Tape};

    #[test]
    fn storage_is_kept_for_replies_of_its_size() {
        let mut tape = Tape::default();
        let mut capacity_after = |values: usize| {
            tape.nodes.resize(values, Node::Null);
            tape.clear();
            tape.nodes.capacity()
        };
        assert!(capacity_after(NODES_KEPT) >= NODES_KEPT);
        assert!(capacity_after(1) >= NODES_KEPT);
        let large = capacity_after(NODES_KEPT * 8);
        assert!(large >= NODES_KEPT * 8);
        assert_eq!(capacity_after(large / 4), large);
        assert_eq!(capacity_after(large / 4 - 1), 0);
    }
}
