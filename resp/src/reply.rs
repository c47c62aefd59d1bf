use bytes::Bytes;

use crate::tape::{AggregateKind, Node, Span, StringKind, Tape};

/// One reply of a server, in RESP2 or RESP3.
///
/// Its strings share the buffer that was read into.
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
        let bytes = |span: Span| match span {
            Span { start: Span::OWN, end } => tape.own[end].clone(),
            Span { start, end } => frame.slice(start..end),
        };
        let mut parents: Vec<Parent> = Vec::new();
        'nodes: for node in &tape.nodes {
            let mut value = match *node {
                Node::Null => Self::Null,
                Node::Boolean(value) => Self::Boolean(value),
                Node::Integer(value) => Self::Integer(value),
                Node::Double(value) => Self::Double(value),
                Node::String(kind, span) => Self::string(kind, bytes(span)),
                Node::Aggregate(kind, len) => {
                    let parent = Parent::new(kind, len);
                    if !parent.is_full() {
                        parents.push(parent);
                        continue;
                    }
                    match parent.finish() {
                        Ok(value) => value,
                        Err(attributed) => {
                            parents.push(attributed);
                            continue;
                        }
                    }
                }
            };
            loop {
                let Some(parent) = parents.last_mut() else { return value };
                parent.push(value);
                if !parent.is_full() {
                    continue 'nodes;
                }
                match parents.pop().expect("it is the last").finish() {
                    Ok(finished) => value = finished,
                    Err(attributed) => {
                        parents.push(attributed);
                        continue 'nodes;
                    }
                }
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
enum Parent {
    List { kind: AggregateKind, len: usize, values: Vec<Reply> },
    Pairs { kind: AggregateKind, len: usize, key: Option<Reply>, pairs: Vec<(Reply, Reply)> },
    Attributed { attributes: Vec<(Reply, Reply)>, value: Option<Reply> },
}

impl Parent {
    /// `len` counts pairs as one.
    fn new(kind: AggregateKind, len: usize) -> Self {
        match kind {
            AggregateKind::Array | AggregateKind::Set | AggregateKind::Push => {
                Self::List { kind, len, values: Vec::with_capacity(len) }
            }
            AggregateKind::Map | AggregateKind::Attribute => {
                Self::Pairs { kind, len, key: None, pairs: Vec::with_capacity(len) }
            }
        }
    }

    fn push(&mut self, value: Reply) {
        match self {
            Self::List { values, .. } => values.push(value),
            Self::Pairs { key, pairs, .. } => match key.take() {
                None => *key = Some(value),
                Some(key) => pairs.push((key, value)),
            },
            Self::Attributed { value: attributed, .. } => *attributed = Some(value),
        }
    }

    fn is_full(&self) -> bool {
        match self {
            Self::List { len, values, .. } => values.len() == *len,
            Self::Pairs { len, pairs, .. } => pairs.len() == *len,
            Self::Attributed { value, .. } => value.is_some(),
        }
    }

    /// The reply, or what still has to get a value because these were its attributes.
    fn finish(self) -> Result<Reply, Self> {
        match self {
            Self::List { kind: AggregateKind::Set, values, .. } => Ok(Reply::Set(values)),
            Self::List { kind: AggregateKind::Push, values, .. } => Ok(Reply::Push(values)),
            Self::List { values, .. } => Ok(Reply::Array(values)),
            Self::Pairs { kind: AggregateKind::Attribute, pairs, .. } => {
                Err(Self::Attributed { attributes: pairs, value: None })
            }
            Self::Pairs { pairs, .. } => Ok(Reply::Map(pairs)),
            Self::Attributed { attributes, value: Some(value) } => {
                Ok(Reply::Attribute { attributes, value: Box::new(value) })
            }
            unvalued @ Self::Attributed { value: None, .. } => Err(unvalued),
        }
    }
}
