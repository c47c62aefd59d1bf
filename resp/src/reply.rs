use bytes::Bytes;

use crate::tape::{AggregateKind, Node, StringKind, Tape};

/// One reply of a server, in RESP2 or RESP3.
///
/// The strings of one of up to 16 KiB share a copy of it, those of a longer one the buffer that was
/// read into. One with a buffer of its own, and a streamed one, share nothing with the others.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// `+`: a simple string.
    Simple(Bytes),
    /// `-`: an error.
    Error(Bytes),
    /// `:`: an integer.
    Integer(i64),
    /// `$`: a bulk string.
    Bulk(Bytes),
    /// `*`: an array.
    Array(Vec<Reply>),
    /// `_`, `$-1` or `*-1`.
    Null,
    /// `#`: a boolean.
    Boolean(bool),
    /// `,`: a double.
    Double(f64),
    /// `(`: the digits of an integer of any size.
    BigNumber(Bytes),
    /// `!`: an error that may hold any byte.
    BulkError(Bytes),
    /// `=`: a text that says what it is.
    Verbatim {
        /// What the text is, `txt` or `mkd` for example.
        format: [u8; 3],
        /// The text.
        text: Bytes,
    },
    /// `%`: pairs of key and value.
    Map(Vec<(Reply, Reply)>),
    /// `~`: a set.
    Set(Vec<Reply>),
    /// `>`: what the server says unasked.
    Push(Vec<Reply>),
    /// `|`: a value with attributes.
    Attribute {
        /// Pairs of key and value.
        attributes: Vec<(Reply, Reply)>,
        /// What they describe.
        value: Box<Reply>,
    },
}

impl Reply {
    /// The reply of a complete tape whose strings lie in `frame`.
    pub(crate) fn build(tape: &Tape, frame: &Bytes) -> Self {
        let mut parents: Vec<Parent> = Vec::new();
        'nodes: for node in &tape.nodes {
            let mut value = match *node {
                Node::Null => Self::Null,
                Node::Boolean(value) => Self::Boolean(value),
                Node::Integer(value) => Self::Integer(value),
                Node::Double(value) => Self::Double(value),
                Node::String(kind, span) => Self::string(kind, tape.bytes(span, frame)),
                Node::Aggregate { kind, values, .. } => {
                    let parent = Parent::new(kind, values);
                    if parent.left > 0 {
                        parents.push(parent);
                        continue;
                    }
                    parent.finish()
                }
            };
            loop {
                let Some(parent) = parents.last_mut() else { return value };
                parent.push(value);
                if parent.left > 0 {
                    continue 'nodes;
                }
                value = parents.pop().expect("it is the last").finish();
            }
        }
        unreachable!("a complete tape holds one value and all its elements")
    }

    fn string(kind: StringKind, mut bytes: Bytes) -> Self {
        match kind {
            StringKind::Simple => Self::Simple(bytes),
            StringKind::Error => Self::Error(bytes),
            StringKind::Bulk => Self::Bulk(bytes),
            StringKind::BulkError => Self::BulkError(bytes),
            StringKind::BigNumber => Self::BigNumber(bytes),
            StringKind::Verbatim => {
                let text = bytes.split_off(4);
                Self::Verbatim { format: [bytes[0], bytes[1], bytes[2]], text }
            }
        }
    }
}

/// An aggregate whose elements are being gathered.
struct Parent {
    kind: AggregateKind,
    /// Values to come.
    left: usize,
    /// The elements, or the one that waits to become part of a pair.
    values: Vec<Reply>,
    /// Those of a map or of attributes.
    pairs: Vec<(Reply, Reply)>,
}

impl Parent {
    fn new(kind: AggregateKind, left: usize) -> Self {
        let (values, pairs) = match kind {
            AggregateKind::Map | AggregateKind::Attribute => (1, left / 2),
            _ => (left, 0),
        };
        let (values, pairs) = (Vec::with_capacity(values), Vec::with_capacity(pairs));
        Self { kind, left, values, pairs }
    }

    fn push(&mut self, value: Reply) {
        self.left -= 1;
        if matches!(self.kind, AggregateKind::Map | AggregateKind::Attribute)
            && let Some(key) = self.values.pop()
        {
            self.pairs.push((key, value));
        } else {
            self.values.push(value);
        }
    }

    fn finish(mut self) -> Reply {
        match self.kind {
            AggregateKind::Array => Reply::Array(self.values),
            AggregateKind::Map => Reply::Map(self.pairs),
            AggregateKind::Set => Reply::Set(self.values),
            AggregateKind::Push => Reply::Push(self.values),
            AggregateKind::Attribute => {
                let value = self.values.pop().expect("the value follows its attributes");
                Reply::Attribute { attributes: self.pairs, value: Box::new(value) }
            }
        }
    }
}
