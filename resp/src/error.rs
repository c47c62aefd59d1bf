use bytes::BytesMut;

use crate::encode;

/// Why a client's input is not a request, and where.
///
/// It displays as the text that redis-server 7.0 sends after `-ERR `.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("Protocol error: {kind}")]
pub struct RequestError {
    /// What is wrong.
    pub kind: RequestErrorKind,
    /// Where the offending line or terminator starts, in bytes since the decoder was made.
    pub offset: u64,
}

impl RequestError {
    /// Appends the error reply that redis-server sends before it closes the connection.
    ///
    /// Unlike the displayed text it holds an unexpected byte as it came, printable or not.
    pub fn encode(&self, out: &mut BytesMut) {
        match self.kind {
            RequestErrorKind::ExpectedBulk { found } => {
                let mut text = *b"ERR Protocol error: expected '$', got '?'";
                let at = text.len() - 2;
                text[at] = found;
                encode::error(out, &text);
            }
            _ => encode::error(out, format!("ERR {self}").as_bytes()),
        }
    }
}

/// What can be wrong with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestErrorKind {
    /// An inline command is longer than the limit.
    #[error("too big inline request")]
    InlineTooBig,
    /// An inline command opens a quote that it does not close, or goes on behind a closing one.
    #[error("unbalanced quotes in request")]
    UnbalancedQuotes,
    /// The line with the number of arguments is longer than the limit.
    #[error("too big mbulk count string")]
    CountTooLong,
    /// The number of arguments is no number or over the limit.
    #[error("invalid multibulk length")]
    InvalidCount,
    /// There are more arguments than a client may send before it authenticates.
    #[error("unauthenticated multibulk length")]
    UnauthenticatedCount,
    /// The line with the length of an argument is longer than the limit.
    #[error("too big bulk count string")]
    LengthTooLong,
    /// An argument does not start with `$`.
    #[error("expected '$', got '{}'", char::from(*found))]
    ExpectedBulk {
        /// The byte in its place.
        found: u8,
    },
    /// The length of an argument is no number, negative or over the limit.
    #[error("invalid bulk length")]
    InvalidLength,
    /// An argument is longer than a client may send before it authenticates.
    #[error("unauthenticated bulk length")]
    UnauthenticatedLength,
    /// An argument is not followed by CR LF. (redis-server skips any two bytes.)
    #[error("expected CRLF after bulk")]
    ExpectedCrlf,
}

/// Why a server's output is not a reply, and where.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind} at offset {offset}")]
pub struct ReplyError {
    /// What is wrong.
    pub kind: ReplyErrorKind,
    /// Where the offending line or byte starts, in bytes since the decoder was made.
    pub offset: u64,
}

/// What can be wrong with a reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyErrorKind {
    /// A reply starts with a byte that names no type, or a type has no place there.
    #[error("unexpected type byte 0x{found:02x}")]
    UnexpectedType {
        /// The byte.
        found: u8,
    },
    /// A CR without LF, an LF without CR, or a bulk string that is not followed by them.
    #[error("expected CRLF")]
    ExpectedCrlf,
    /// A line is longer than the limit.
    #[error("line over the limit of {limit} bytes")]
    LineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A number, boolean or null is not written as the protocol says.
    #[error("malformed value")]
    MalformedValue,
    /// A length is no number or negative.
    #[error("invalid length")]
    InvalidLength,
    /// A bulk string is longer than the limit.
    #[error("bulk string of {declared} bytes over the limit of {limit}")]
    BulkTooLong {
        /// Its length in bytes.
        declared: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A reply has more elements than the limit.
    #[error("more than {limit} elements")]
    TooManyElements {
        /// The limit.
        limit: u64,
    },
    /// Aggregates are nested deeper than the limit.
    #[error("nesting deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A reply takes more bytes than the limit.
    #[error("reply over the limit of {limit} bytes")]
    ReplyTooLong {
        /// The limit in bytes.
        limit: u64,
    },
}
