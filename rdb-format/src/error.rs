//! Why a payload cannot be read or written.

use crate::{
    RdbVersion,
    lzf::LzfError,
    packed::PackedError,
    stream::{StreamError, StreamId},
};

/// Why bytes are not a payload. Offsets count from the type byte, which is at 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The payload has no room for a footer.
    #[error("a payload of {len} bytes is shorter than its footer")]
    TooShort {
        /// Length of the payload in bytes.
        len: u64,
    },
    /// The footer names a version that is not read here.
    #[error("payload version {version} is not supported")]
    Version {
        /// The version in the footer.
        version: RdbVersion,
    },
    /// The CRC-64 in the footer is not that of the payload.
    #[error("checksum of the payload does not match its footer")]
    Checksum,
    /// The input ended before the length that was announced for it.
    #[error("payload ends after {received} of {announced} bytes")]
    Incomplete {
        /// Bytes that came.
        received: u64,
        /// Bytes that were announced.
        announced: u64,
    },
    /// The input went on behind the length that was announced for it.
    #[error("payload goes on behind its {announced} bytes")]
    Overrun {
        /// Bytes that were announced.
        announced: u64,
    },
    /// The value needs more bytes than there are before the footer.
    #[error("{needed} bytes needed at offset {offset}, {left} left before the footer")]
    UnexpectedEnd {
        /// Where the missing bytes would begin.
        offset: u64,
        /// How many the value needs there.
        needed: u64,
        /// How many there are.
        left: u64,
    },
    /// The value ends before the footer begins.
    #[error("{unread} bytes left after the value")]
    TrailingBytes {
        /// Bytes between value and footer.
        unread: u64,
    },
    /// No server gives a value this type code.
    #[error("unknown type code {code}")]
    UnknownType {
        /// The type code.
        code: u8,
    },
    /// The type code is one that the family of the footer's version does not have.
    #[error("type code {code} in a payload of version {version}")]
    ForeignType {
        /// The type code.
        code: u8,
        /// The version in the footer.
        version: RdbVersion,
    },
    /// A length begins with a byte that begins none (0x82 to 0xBF).
    #[error("invalid length at offset {offset}")]
    InvalidLength {
        /// Where the length begins.
        offset: u64,
    },
    /// A special string encoding stands where only a length may.
    #[error("string encoding instead of a length at offset {offset}")]
    NotALength {
        /// Where the length should begin.
        offset: u64,
    },
    /// A special string encoding has a number that none has (4 to 63).
    #[error("unknown string encoding {encoding} at offset {offset}")]
    UnknownStringEncoding {
        /// Where the string begins.
        offset: u64,
        /// The number of the encoding.
        encoding: u8,
    },
    /// A string is longer than the caller allows.
    #[error("string of {declared} bytes at offset {offset} is over the limit of {limit}")]
    StringTooLong {
        /// Where the string's content begins.
        offset: u64,
        /// Its declared length in bytes.
        declared: u64,
        /// [`DecodeLimits::string_bytes_max`](crate::DecodeLimits::string_bytes_max).
        limit: u64,
    },
    /// A compressed string is broken.
    #[error("LZF stream at offset {offset}: {cause}")]
    Lzf {
        /// Where the compressed bytes begin.
        offset: u64,
        /// What is wrong with them.
        cause: LzfError,
    },
    /// A collection has no elements.
    #[error("collection without elements at offset {offset}")]
    Empty {
        /// Where the elements should be.
        offset: u64,
    },
    /// A member or field occurs twice.
    #[error("duplicate member at offset {offset}")]
    Duplicate {
        /// Where the second one begins, or the blob that holds both.
        offset: u64,
    },
    /// A packed collection of pairs or triples has entries left over.
    #[error("{entries} entries at offset {offset} are no tuples of {arity}")]
    Arity {
        /// Where the blob begins.
        offset: u64,
        /// How many entries it has.
        entries: u64,
        /// Of which so many belong together.
        arity: usize,
    },
    /// A score is no number.
    #[error("invalid score at offset {offset}")]
    InvalidScore {
        /// Where the score begins, or the blob that holds it.
        offset: u64,
    },
    /// The time of a field is before 1970 or later than its family reads.
    #[error("expiry out of range at offset {offset}")]
    ExpiryOutOfRange {
        /// Where the time begins, or the blob that holds it.
        offset: u64,
    },
    /// Packed fields do not come in the order of their times.
    #[error("expiries out of order at offset {offset}")]
    ExpiryOrder {
        /// Where the blob begins.
        offset: u64,
    },
    /// A node of a list is in no known container.
    #[error("unknown container {container} at offset {offset}")]
    UnknownContainer {
        /// Where the number of the container begins.
        offset: u64,
        /// The number.
        container: u64,
    },
    /// A node of a list that is one element has no bytes.
    #[error("empty plain node at offset {offset}")]
    EmptyNode {
        /// Where the element begins.
        offset: u64,
    },
    /// A packed blob is broken.
    #[error("packed blob at offset {offset}: {cause}")]
    Packed {
        /// Where the string that holds the blob begins.
        offset: u64,
        /// What is wrong with it.
        cause: PackedError,
    },
    /// A stream is broken.
    #[error("stream at offset {offset}: {cause}")]
    Stream {
        /// Where the part that shows it begins.
        offset: u64,
        /// What is wrong with it.
        cause: StreamError,
    },
    /// An item of a module's value is of no known type.
    #[error("unknown module item {opcode} at offset {offset}")]
    UnknownModuleItem {
        /// Where the item begins.
        offset: u64,
        /// The number of its type.
        opcode: u64,
    },
}

/// The two answers that RESTORE has for a payload it cannot read.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DecodeErrorKind {
    /// `ERR DUMP payload version or checksum are wrong` (R4); goes before the other.
    VersionOrChecksum,
    /// `ERR Bad data format` (R6).
    BadData,
}

impl DecodeError {
    /// Which of RESTORE's answers this is.
    pub const fn kind(&self) -> DecodeErrorKind {
        match self {
            Self::TooShort { .. }
            | Self::Version { .. }
            | Self::Checksum
            | Self::Incomplete { .. }
            | Self::Overrun { .. } => DecodeErrorKind::VersionOrChecksum,
            Self::UnexpectedEnd { .. }
            | Self::TrailingBytes { .. }
            | Self::UnknownType { .. }
            | Self::ForeignType { .. }
            | Self::InvalidLength { .. }
            | Self::NotALength { .. }
            | Self::UnknownStringEncoding { .. }
            | Self::StringTooLong { .. }
            | Self::Lzf { .. }
            | Self::Empty { .. }
            | Self::Duplicate { .. }
            | Self::Arity { .. }
            | Self::InvalidScore { .. }
            | Self::ExpiryOutOfRange { .. }
            | Self::ExpiryOrder { .. }
            | Self::UnknownContainer { .. }
            | Self::EmptyNode { .. }
            | Self::Packed { .. }
            | Self::Stream { .. }
            | Self::UnknownModuleItem { .. } => DecodeErrorKind::BadData,
        }
    }
}

/// Why a value cannot be written for a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Every form of the value needs a newer version than the target accepts.
    #[error("the value needs version {needed}, the target accepts at most {accepted}")]
    Version {
        /// The lowest version that can express the value.
        needed: RdbVersion,
        /// The highest version that the target accepts.
        accepted: RdbVersion,
    },
    /// Fields of the value expire, and the target has no field TTLs.
    #[error(
        "fields of the value expire, which no version that the target accepts can say (at most {accepted})"
    )]
    FieldTtls {
        /// The highest version that the target accepts.
        accepted: RdbVersion,
    },
    /// A field expires later than the target can be told.
    #[error("a field expires at {expire_at_ms} ms, the target reads at most {limit}")]
    FieldTtlTooLate {
        /// When it expires, in Unix milliseconds.
        expire_at_ms: u64,
        /// The latest time that the target reads.
        limit: u64,
    },
    /// An entry of a stream has a size whose back length servers read differently, and it is not
    /// known how this one does.
    #[error("node {node} has an entry of a size that the target may not be able to read")]
    BackLength {
        /// The node that holds the entry.
        node: StreamId,
    },
    /// The value has no elements, or none but fields that expire and are left out.
    #[error("the value has no elements, or none but fields that expire")]
    NothingLeft,
}
