//! Why a blob is not what it should be.

/// Why bytes are not a packed encoding, or why one cannot be built. Offsets count from the first
/// byte of the blob.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PackedError {
    /// The blob has no room for a header and an end byte.
    #[error("a blob of {len} bytes is shorter than an empty one")]
    TooShort {
        /// Length of the blob in bytes.
        len: u64,
    },
    /// The blob is longer than can be read or built.
    #[error("{needed} bytes are over the limit of {limit}")]
    TooLarge {
        /// How long the blob is, or would be.
        needed: u64,
        /// How long it may be.
        limit: u64,
    },
    /// The header tells another length than the blob has.
    #[error("header says {declared} bytes, the blob has {actual}")]
    TotalBytes {
        /// What the header says.
        declared: u64,
        /// Length of the blob.
        actual: u64,
    },
    /// The header tells another number of elements than there are.
    #[error("header says {declared} elements, there are {actual}")]
    Count {
        /// What the header says.
        declared: u64,
        /// What the walk found.
        actual: u64,
    },
    /// The header does not tell where the last entry begins.
    #[error("header says the last entry is at offset {declared}, it is at {actual}")]
    TailOffset {
        /// What the header says.
        declared: u64,
        /// What the walk found.
        actual: u64,
    },
    /// The blob does not end with an end byte.
    #[error("no end byte at offset {offset}")]
    EndByte {
        /// Where it should be.
        offset: u64,
    },
    /// There is an end byte before the end.
    #[error("{unread} bytes after the end byte at offset {offset}")]
    TrailingBytes {
        /// Where the end byte is.
        offset: u64,
        /// How many bytes follow it.
        unread: u64,
    },
    /// An entry needs more bytes than there are before the end byte.
    #[error("entry at offset {offset} passes the end")]
    EntryPastEnd {
        /// Where the entry begins.
        offset: u64,
    },
    /// An entry begins with a byte that begins none.
    #[error("invalid encoding at offset {offset}")]
    InvalidEncoding {
        /// Where the byte is.
        offset: u64,
    },
    /// The back length of a listpack entry is not its size.
    #[error("wrong back length at offset {offset}")]
    BackLength {
        /// Where the back length begins.
        offset: u64,
    },
    /// The previous length of a ziplist entry is not the size of the entry before it.
    #[error("wrong previous length at offset {offset}")]
    PreviousLength {
        /// Where the entry begins.
        offset: u64,
    },
    /// The integers of an intset are of a width that none has.
    #[error("integers of {width} bytes")]
    Width {
        /// What the header says.
        width: u32,
    },
    /// An integer of a set is not greater than the one before it.
    #[error("integer {index} is not greater than the one before it")]
    NotAscending {
        /// Which integer, counted from 0.
        index: u64,
    },
}
