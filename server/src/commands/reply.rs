//! What a command answers.

use bytes::{Bytes, BytesMut};
use keyspace::{ScoredRef, StreamEntry, StreamId, StringRef};
use rdb_format::ScoreText;
use resp::{Protocol, WriteQueue, encode};

use super::CommandError;

/// The answer of a command that succeeded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// `+OK` and its like.
    Status(&'static str),
    /// The same, made for this answer.
    Line(String),
    /// A number.
    Integer(i64),
    /// A number with a fraction, which RESP2 shows as a bulk string.
    Double(f64),
    /// The same in a text of its own.
    Decimal(String),
    /// A bulk string; a long one is shared with the keyspace, not copied.
    Bulk(Bytes),
    /// Text for people, which RESP2 shows as a bulk string.
    Verbatim(Bytes),
    /// No value.
    Nil,
    /// No array.
    NilArray,
    /// An array.
    Array(Vec<Reply>),
    /// An array of many elements.
    Elements(Elements),
    /// Elements without an order, which RESP2 shows as an array.
    Set(Vec<Reply>),
    /// A message beside the replies, which RESP2 shows as an array.
    Push(Vec<Reply>),
    /// A map, which RESP2 shows as an array of names and values.
    Map(Vec<(Reply, Reply)>),
    /// The command has written it to [`Context::out`](super::Context::out).
    Written,
    /// The answer comes later: the client waits for it.
    Later,
    /// The command waits for keys, and is run again when one has come.
    Blocked,
    /// The commands that the client has queued are run now, and their answers follow.
    Transaction,
}

impl Reply {
    pub(crate) const OK: Self = Self::Status("OK");

    /// A bulk string of static text.
    pub(crate) const fn text(text: &'static str) -> Self {
        Self::Bulk(Bytes::from_static(text.as_bytes()))
    }

    /// An array of lines, the form of every HELP.
    pub(crate) fn lines(lines: &[&'static str]) -> Self {
        lines.iter().copied().map(Self::Status).collect()
    }

    /// A bulk string that is copied.
    pub(crate) fn copied(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bulk(Bytes::copy_from_slice(bytes.as_ref()))
    }

    /// A value of the keyspace.
    pub(crate) fn string(value: StringRef<'_>) -> Self {
        match value {
            // Its first clone would give the value a reference count, and memory for it, for good.
            StringRef::Shared(bytes) if bytes.len() <= COPIED_BYTES_MAX => Self::copied(bytes),
            value => Self::Bulk(value.to_bytes()),
        }
    }

    /// 1 or 0.
    pub(crate) fn flag(flag: bool) -> Self {
        Self::Integer(flag.into())
    }

    /// Encodes the answer. What is written by then or comes later leaves nothing.
    pub(crate) fn encode(self, out: &mut WriteQueue, protocol: Protocol) {
        let resp3 = protocol == Protocol::Resp3;
        match self {
            Self::Status(text) => encode::simple_string(out.tail(), text.as_bytes()),
            Self::Line(text) => encode::simple_string(out.tail(), text.as_bytes()),
            Self::Integer(number) => encode::integer(out.tail(), number),
            Self::Double(number) => encode_double(out.tail(), number, protocol),
            Self::Decimal(text) if resp3 => encode::double_text(out.tail(), &text),
            Self::Decimal(text) => encode::bulk(out.tail(), text.as_bytes()),
            Self::Bulk(bytes) => out.bulk(bytes),
            Self::Verbatim(text) if resp3 => encode::verbatim(out.tail(), *b"txt", &text),
            Self::Verbatim(text) => out.bulk(text),
            Self::Nil | Self::NilArray if resp3 => encode::null(out.tail()),
            Self::Nil => encode::null_bulk(out.tail()),
            Self::NilArray => encode::null_array(out.tail()),
            Self::Array(elements) => {
                encode::array_header(out.tail(), elements.len());
                encode_all(elements, out, protocol);
            }
            Self::Set(elements) => {
                let header = if resp3 { encode::set_header } else { encode::array_header };
                header(out.tail(), elements.len());
                encode_all(elements, out, protocol);
            }
            Self::Push(elements) => {
                let header = if resp3 { encode::push_header } else { encode::array_header };
                header(out.tail(), elements.len());
                encode_all(elements, out, protocol);
            }
            Self::Elements(elements) => {
                elements.encode_header(out.tail());
                match elements.encoded.len() {
                    ..=COPIED_BYTES_MAX => out.tail().extend_from_slice(&elements.encoded),
                    _ => out.push(elements.encoded.freeze()),
                }
            }
            Self::Map(pairs) => {
                if resp3 {
                    encode::map_header(out.tail(), pairs.len());
                } else {
                    encode::array_header(out.tail(), 2 * pairs.len());
                }
                for (name, value) in pairs {
                    name.encode(out, protocol);
                    value.encode(out, protocol);
                }
            }
            Self::Written | Self::Later | Self::Blocked | Self::Transaction => {}
        }
    }
}

/// Replies nest as the commands build them, two or three levels, never as input says.
fn encode_all(elements: Vec<Reply>, out: &mut WriteQueue, protocol: Protocol) {
    elements.into_iter().for_each(|element| element.encode(out, protocol));
}

fn encode_double(out: &mut BytesMut, number: f64, protocol: Protocol) {
    match protocol {
        Protocol::Resp2 => encode::bulk(out, &ScoreText::new(number)),
        Protocol::Resp3 => encode::double(out, number),
    }
}

/// Appends an ID as a bulk string.
pub(super) fn encode_id(out: &mut BytesMut, id: StreamId) {
    let (mut ms, mut seq) = (itoa::Buffer::new(), itoa::Buffer::new());
    let (ms, seq) = (ms.format(id.ms), seq.format(id.seq));
    encode::bulk_header(out, ms.len() + 1 + seq.len());
    for part in [ms, "-", seq, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Appends a string of the keyspace. A long one is shared, not copied.
pub(super) fn encode_string(string: StringRef<'_>, out: &mut WriteQueue) {
    match string {
        StringRef::Shared(bytes) if bytes.len() > COPIED_BYTES_MAX => out.bulk(bytes.clone()),
        string => encode::bulk(out.tail(), &string.text()),
    }
}

/// The elements of an array, a set or a map, encoded as they come: for replies as long as a
/// collection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Elements {
    protocol: Protocol,
    form: Form,
    len: usize,
    encoded: BytesMut,
}

/// What elements make, which is always an array in RESP2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Array,
    Set,
    /// Names and values in turn.
    Map,
}

impl Elements {
    /// An array, for a client of `protocol`.
    pub(crate) fn new(protocol: Protocol) -> Self {
        Self { protocol, form: Form::Array, len: 0, encoded: BytesMut::new() }
    }

    /// A set.
    pub(crate) fn set(protocol: Protocol) -> Self {
        Self { form: Form::Set, ..Self::new(protocol) }
    }

    /// A map: names and values are added in turn.
    pub(crate) fn map(protocol: Protocol) -> Self {
        Self { form: Form::Map, ..Self::new(protocol) }
    }

    /// Adds a bulk string.
    pub(crate) fn bulk(&mut self, text: &[u8]) {
        self.len += 1;
        encode::bulk(&mut self.encoded, text);
    }

    /// Adds a null.
    pub(crate) fn nil(&mut self) {
        self.len += 1;
        match self.protocol {
            Protocol::Resp2 => encode::null_bulk(&mut self.encoded),
            Protocol::Resp3 => encode::null(&mut self.encoded),
        }
    }

    /// Adds a number.
    pub(crate) fn integer(&mut self, number: i64) {
        self.len += 1;
        encode::integer(&mut self.encoded, number);
    }

    /// Adds a number with a fraction.
    pub(crate) fn double(&mut self, number: f64) {
        self.len += 1;
        encode_double(&mut self.encoded, number, self.protocol);
    }

    /// Adds the two elements that `add` adds: in RESP3 they are one element, an array of their own.
    pub(crate) fn pair(&mut self, add: impl FnOnce(&mut Self)) {
        let len = self.len;
        if self.protocol == Protocol::Resp2 {
            return add(self);
        }
        encode::array_header(&mut self.encoded, 2);
        add(self);
        self.len = len + 1;
    }

    /// Adds a member of a sorted set with its score.
    pub(crate) fn scored(&mut self, member: ScoredRef<'_>) {
        self.pair(|pair| {
            pair.bulk(&member.name.as_text());
            pair.double(member.score);
        });
    }

    fn encode_header(&self, out: &mut BytesMut) {
        match (self.protocol, self.form) {
            (Protocol::Resp2, _) | (_, Form::Array) => encode::array_header(out, self.len),
            (Protocol::Resp3, Form::Set) => encode::set_header(out, self.len),
            (Protocol::Resp3, Form::Map) => encode::map_header(out, self.len / 2),
        }
    }

    /// Adds an entry of a stream: its ID and its fields.
    pub(crate) fn stream_entry(&mut self, entry: &StreamEntry<'_>) {
        self.len += 1;
        encode::array_header(&mut self.encoded, 2);
        encode_id(&mut self.encoded, entry.id);
        encode::array_header(&mut self.encoded, 2 * entry.fields_len());
        for (name, value) in entry.fields() {
            encode::bulk(&mut self.encoded, &name.as_text());
            encode::bulk(&mut self.encoded, &value.as_text());
        }
    }

    /// Adds what is left of an entry of a stream that was deleted: its ID.
    pub(crate) fn deleted_stream_entry(&mut self, id: StreamId) {
        self.len += 1;
        encode::array_header(&mut self.encoded, 2);
        encode_id(&mut self.encoded, id);
        match self.protocol {
            Protocol::Resp2 => encode::null_array(&mut self.encoded),
            Protocol::Resp3 => encode::null(&mut self.encoded),
        }
    }

    /// # Errors
    /// The reply has become longer than any should be: a few bytes of a request can ask for the same
    /// elements again and again.
    pub(crate) fn check_size(&self) -> Result<(), CommandError> {
        match self.encoded.len() {
            ..=REPEATED_BYTES_MAX => Ok(()),
            _ => Err(CommandError::err("value is out of range")),
        }
    }
}

impl From<Elements> for Reply {
    fn from(elements: Elements) -> Self {
        Self::Elements(elements)
    }
}

impl FromIterator<Reply> for Reply {
    fn from_iter<I: IntoIterator<Item = Reply>>(elements: I) -> Self {
        Self::Array(elements.into_iter().collect())
    }
}

impl From<i64> for Reply {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<usize> for Reply {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Option<Bytes>> for Reply {
    fn from(bytes: Option<Bytes>) -> Self {
        bytes.map_or(Self::Nil, Self::Bulk)
    }
}

/// The longest reply of elements that may come more than once, in bytes: that of one string of the
/// length that `proto-max-bulk-len` allows.
const REPEATED_BYTES_MAX: usize = 512 << 20;

/// Up to this length copying a string is quicker than looking for its reference count.
const COPIED_BYTES_MAX: usize = 1024;
