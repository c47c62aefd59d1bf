//! The back lengths behind entries, by which they are read backwards.

/// How a writer writes the back length of an entry of a boundary size: exactly 16383, 2097151 or
/// 268435455 bytes of encoding and data, the most that two, three and four digits can say.
///
/// Readers work the width out from the size, each by its own rule, so a listpack with such an entry
/// has to be written for its reader. Redis 7.0 to 8.2 crash on the width they do not expect, or
/// refuse it with `sanitize-dump-payload yes`; Valkey 9.1 refuses it. A text of 16378 bytes has
/// such a size.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum BackLengths {
    /// One byte more than needed, 16383 as `00 FF FF`: Redis up to 8.2, and Redict.
    #[default]
    Wide,
    /// As short as for every other size, 16383 as `7F FF`: Valkey 9.1.
    Minimal,
}

/// The least of the boundary sizes.
pub(super) const BOUNDARY_SIZE_MIN: usize = 0x3FFF;

/// Whether entries of `size` have back lengths of two widths.
pub(super) const fn is_boundary(size: usize) -> bool {
    matches!(size, 0x3FFF | 0x1F_FFFF | 0xFFF_FFFF)
}

/// A back length as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct BackLength {
    bytes: [u8; BACK_LENGTH_BYTES_MAX],
    len: usize,
}

impl BackLength {
    /// `size` is at most that of an entry in a blob of 32-bit length.
    #[inline]
    pub(super) fn new(size: usize, back_lengths: BackLengths) -> Self {
        // Nearly all, and in one store, which `append_to` can load at once.
        if size < 0x80 {
            return Self { bytes: [size as u8, 0, 0, 0, 0], len: 1 };
        }
        let is_wide = is_boundary(size) && back_lengths == BackLengths::Wide;
        let len = minimal_width(size) + usize::from(is_wide);
        let mut bytes = [0; BACK_LENGTH_BYTES_MAX];
        let mut rest = size;
        for byte in bytes[..len].iter_mut().rev() {
            *byte = 0x80 | rest as u8;
            rest >>= 7;
        }
        bytes[0] &= 0x7F;
        Self { bytes, len }
    }

    /// As [`Encoded::append_to`](super::encoding::Encoded::append_to) does.
    #[inline]
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.len;
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Bytes of the shortest back length.
#[inline]
const fn minimal_width(size: usize) -> usize {
    match size {
        ..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        0x20_0000..0x1000_0000 => 4,
        _ => BACK_LENGTH_BYTES_MAX,
    }
}

/// Bytes of the last of `entries` with its back length.
#[inline]
pub(super) fn read_back_length(entries: &[u8]) -> Option<usize> {
    let (&last, before) = entries.split_last()?;
    if last < 0x80 {
        return Some(usize::from(last) + 1);
    }
    let mut size = usize::from(last & 0x7F);
    for (index, &byte) in before.iter().rev().take(BACK_LENGTH_BYTES_MAX - 1).enumerate() {
        size |= usize::from(byte & 0x7F) << (7 * (index + 1));
        if byte < 0x80 {
            return Some(size + index + 2);
        }
    }
    None
}

/// Bytes of the first of `entries`, which has `size` bytes of encoding and data, with its back
/// length.
#[inline]
pub(super) fn span(entries: &[u8], size: usize) -> usize {
    // The first digit is 0 in a wide back length only.
    size + minimal_width(size) + usize::from(entries.get(size) == Some(&0))
}

/// Enough for 35 bits.
pub(super) const BACK_LENGTH_BYTES_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes that tests of whole listpacks would need hundreds of megabytes for among them.
    #[test]
    fn back_lengths_are_read_from_both_ends() {
        let sizes: [(usize, &[u8], &[u8]); 11] = [
            (1, b"\x01", b"\x01"),
            (127, b"\x7F", b"\x7F"),
            (128, b"\x01\x80", b"\x01\x80"),
            (16_382, b"\x7F\xFE", b"\x7F\xFE"),
            (16_383, b"\x00\xFF\xFF", b"\x7F\xFF"),
            (16_384, b"\x01\x80\x80", b"\x01\x80\x80"),
            (2_097_151, b"\x00\xFF\xFF\xFF", b"\x7F\xFF\xFF"),
            (2_097_152, b"\x01\x80\x80\x80", b"\x01\x80\x80\x80"),
            (268_435_455, b"\x00\xFF\xFF\xFF\xFF", b"\x7F\xFF\xFF\xFF"),
            (268_435_456, b"\x01\x80\x80\x80\x80", b"\x01\x80\x80\x80\x80"),
            (0xFFFF_FFFF, b"\x0F\xFF\xFF\xFF\xFF", b"\x0F\xFF\xFF\xFF\xFF"),
        ];
        // Read for its back length alone; zeros cost nothing until they are written.
        let mut entries = vec![0; 268_435_456 + BACK_LENGTH_BYTES_MAX];
        for (size, wide, minimal) in sizes {
            for (back_lengths, bytes) in
                [(BackLengths::Wide, wide), (BackLengths::Minimal, minimal)]
            {
                assert_eq!(BackLength::new(size, back_lengths).as_bytes(), bytes, "{size}");
                assert_eq!(read_back_length(bytes), Some(size + bytes.len()), "{size}");
                if let Some(room) = entries.get_mut(size..size + bytes.len()) {
                    room.copy_from_slice(bytes);
                    assert_eq!(span(&entries, size), size + bytes.len(), "{size}");
                }
            }
        }
    }

    #[test]
    fn back_lengths_without_an_end_are_none() {
        for bytes in [&b""[..], b"\x80", b"\xFF\xFF", b"\x01\x80\x80\x80\x80\x80"] {
            assert_eq!(read_back_length(bytes), None, "{bytes:x?}");
        }
    }
}
