//! How large a node of a list may be.

use rdb_format::Thresholds;

/// What `list-max-listpack-size` says: elements of a node if positive, -1 to -5 for 4 to 64 KiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeLimit {
    bytes: usize,
    len: usize,
}

impl NodeLimit {
    pub(super) fn of(thresholds: &Thresholds) -> Self {
        match thresholds.list_max_listpack_size {
            ..0 => Self { bytes: bytes_of(thresholds.list_max_listpack_size), len: usize::MAX },
            len => Self { bytes: usize::MAX, len: (len as usize).max(1) },
        }
    }

    /// Whether a listpack of so many bytes and elements is over the limit.
    pub(super) fn is_exceeded(self, bytes: usize, len: usize) -> bool {
        bytes > self.bytes_max() || len > self.len
    }

    /// As [`is_exceeded`](Self::is_exceeded) with half of what the directive says. Where that is a
    /// number of elements, bytes do not count then.
    pub(super) fn is_half_exceeded(self, bytes: usize, len: usize) -> bool {
        bytes > self.bytes / 2 || len > self.len / 2
    }

    /// Whether an element has a node to itself.
    pub(super) fn is_large(self, bytes: usize) -> bool {
        bytes > self.bytes_max()
    }

    /// Whether an element of so many bytes is added to a listpack. Redis takes it for larger than
    /// it becomes.
    pub(super) fn allows(self, listpack_bytes: usize, listpack_len: usize, bytes: usize) -> bool {
        !self.is_large(bytes)
            && !self.is_exceeded(listpack_bytes + bytes + ENTRY_OVERHEAD, listpack_len + 1)
    }

    /// Bytes of a listpack.
    pub(super) fn bytes_max(self) -> usize {
        if self.bytes == usize::MAX { BYTES_SAFE } else { self.bytes }
    }
}

fn bytes_of(directive: i32) -> usize {
    match directive {
        ..=-5 => 64 << 10,
        -4 => 32 << 10,
        -3 => 16 << 10,
        -2 => 8 << 10,
        _ => 4 << 10,
    }
}

/// The largest listpack where the number of elements is what bounds them.
const BYTES_SAFE: usize = 8 << 10;

/// What an element is taken to have beside its text: encoding and back length.
const ENTRY_OVERHEAD: usize = 8;
