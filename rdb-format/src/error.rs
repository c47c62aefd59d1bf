//! Why a payload cannot be read or written.

use crate::{RdbVersion, lzf::LzfError};

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
    /// The type code is known, but values of it are not read yet.
    #[error("type code {code} is not supported yet")]
    UnsupportedType {
        /// The type code.
        code: u8,
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
            | Self::UnsupportedType { .. }
            | Self::InvalidLength { .. }
            | Self::NotALength { .. }
            | Self::UnknownStringEncoding { .. }
            | Self::StringTooLong { .. }
            | Self::Lzf { .. } => DecodeErrorKind::BadData,
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
}
