//! What a command answers.

use bytes::{Bytes, BytesMut};
use keyspace::StringRef;
use resp::{WriteQueue, encode};

use super::CommandError;

/// The answer of a command that succeeded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Reply {
    /// `+OK` and its like.
    Status(&'static str),
    /// The same, made for this answer.
    Line(String),
    /// A number.
    Integer(i64),
    /// A bulk string; a long one is shared with the keyspace, not copied.
    Bulk(Bytes),
    /// No value.
    Nil,
    /// No array.
    NilArray,
    /// An array.
    Array(Vec<Reply>),
    /// An array of many elements.
    Elements(Elements),
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

    /// Encodes the answer. What is written by then or comes
    /// later leaves nothing.
    pub(crate) fn encode(self, out: &mut WriteQueue) {
        match self {
            Self::Status(text) => encode::simple_string(out.tail(), text.as_bytes()),
            Self::Line(text) => encode::simple_string(out.tail(), text.as_bytes()),
            Self::Integer(number) => encode::integer(out.tail(), number),
            Self::Bulk(bytes) => out.bulk(bytes),
            Self::Nil => encode::null_bulk(out.tail()),
            Self::NilArray => encode::null_array(out.tail()),
            // Replies nest as the commands build them, two or three levels, never as input says.
            Self::Array(elements) => {
                encode::array_header(out.tail(), elements.len());
                elements.into_iter().for_each(|element| element.encode(out));
            }
            Self::Elements(elements) => {
                encode::array_header(out.tail(), elements.len);
                match elements.encoded.len() {
                    ..=COPIED_BYTES_MAX => out.tail().extend_from_slice(&elements.encoded),
                    _ => out.push(elements.encoded.freeze()),
                }
            }
            Self::Map(pairs) => {
                encode::array_header(out.tail(), 2 * pairs.len());
                for (name, value) in pairs {
                    name.encode(out);
                    value.encode(out);
                }
            }
            Self::Written | Self::Later | Self::Blocked | Self::Transaction => {}
        }
    }
}

/// Appends a string of the keyspace. A long one is shared, not copied.
pub(super) fn encode_string(string: StringRef<'_>, out: &mut WriteQueue) {
    match string {
        StringRef::Shared(bytes) if bytes.len() > COPIED_BYTES_MAX => out.bulk(bytes.clone()),
        string => encode::bulk(out.tail(), &string.text()),
    }
}

/// The elements of an array, encoded as they come: for arrays as long as a collection.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Elements {
    len: usize,
    encoded: BytesMut,
}

impl Elements {
    /// Adds a bulk string.
    pub(crate) fn bulk(&mut self, text: &[u8]) {
        self.len += 1;
        encode::bulk(&mut self.encoded, text);
    }

    /// Adds a null.
    pub(crate) fn nil(&mut self) {
        self.len += 1;
        encode::null_bulk(&mut self.encoded);
    }

    /// Adds a number.
    pub(crate) fn integer(&mut self, number: i64) {
        self.len += 1;
        encode::integer(&mut self.encoded, number);
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
