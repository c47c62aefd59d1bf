//! Single entries: their sizes, their encodings and the back lengths behind them.

use crate::packed::Entry;

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

/// Enough for 35 bits.
const BACK_LENGTH_BYTES_MAX: usize = 5;

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

/// Bytes of encoding and data by first byte, where it alone tells; else 0.
pub(super) const SIZES: [u8; 256] = {
    let mut sizes = [0; 256];
    let mut first = 0;
    while first < 256 {
        sizes[first] = match first {
            0x00..=0x7F => 1,
            0x80..=0xBF => 1 + (first as u8 & 0x3F),
            0xC0..=0xDF => 2,
            0xF1 => 3,
            0xF2 => 4,
            0xF3 => 5,
            0xF4 => 9,
            _ => 0,
        };
        first += 1;
    }
    sizes
};

/// Leads a text of 32-bit length.
const LONG_TEXT: u8 = 0xF0;

/// What is at the front of entries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Head {
    /// An entry of so many bytes of encoding and data, whether or not they are there.
    Entry { size: usize },
    /// The begin of an entry that has not even its length.
    Cut,
    /// An end byte.
    End,
    /// No entry.
    Invalid,
}

impl Head {
    pub(super) fn read(entries: &[u8]) -> Self {
        match *entries {
            [high @ 0xE0..=0xEF, low, ..] => {
                let len = u16::from_be_bytes([high & 0x0F, low]);
                Self::Entry { size: 2 + usize::from(len) }
            }
            [LONG_TEXT, b0, b1, b2, b3, ..] => {
                let len = u32::from_le_bytes([b0, b1, b2, b3]);
                Self::Entry {
                    size: usize::try_from(len).map_or(usize::MAX, |len| len.saturating_add(5)),
                }
            }
            [] | [0xE0..=LONG_TEXT, ..] => Self::Cut,
            [0xFF, ..] => Self::End,
            [first, ..] => match SIZES[usize::from(first)] {
                0 => Self::Invalid,
                size => Self::Entry { size: size.into() },
            },
        }
    }
}

/// Bytes of the first of sound `entries`, without and with its back length.
pub(super) fn measure(entries: &[u8]) -> Option<(usize, usize)> {
    match Head::read(entries) {
        Head::Entry { size } => Some((size, span(entries, size))),
        Head::Cut | Head::End | Head::Invalid => None,
    }
}

/// The first of sound `entries`, and its bytes with back length.
#[inline]
pub(super) fn decode(entries: &[u8]) -> Option<(Entry<'_>, usize)> {
    let first = *entries.first()?;
    // The way to the next entry does not wait for what this one is.
    let size = usize::from(SIZES[usize::from(first)]);
    if size == 0 {
        return decode_long_text(entries);
    }
    let encoded = entries.get(..size)?;
    let entry = match (first, encoded) {
        (0x80..=0xBF, [_, text @ ..]) => Entry::Text(text),
        (..=0x7F, _) => Entry::Int(first.into()),
        (_, [_, data @ ..]) => Entry::Int(match *data {
            [low] => (i16::from_be_bytes([first, low]) << 3 >> 3).into(),
            [b0, b1] => i16::from_le_bytes([b0, b1]).into(),
            [b0, b1, b2] => (i32::from_le_bytes([0, b0, b1, b2]) >> 8).into(),
            [b0, b1, b2, b3] => i32::from_le_bytes([b0, b1, b2, b3]).into(),
            _ => i64::from_le_bytes(data.try_into().ok()?),
        }),
        _ => return None,
    };
    Some((entry, size + 1))
}

/// [`decode`] where the first byte does not tell the size.
fn decode_long_text(entries: &[u8]) -> Option<(Entry<'_>, usize)> {
    let (size, span) = measure(entries)?;
    let head_len = if entries.first() == Some(&LONG_TEXT) { 5 } else { 2 };
    Some((Entry::Text(entries.get(head_len..size)?), span))
}

/// An entry as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encoded<'a> {
    /// The encoding of a text, or all of an integer.
    head: [u8; 9],
    head_len: usize,
    text: &'a [u8],
    back_length: BackLength,
}

impl<'a> Encoded<'a> {
    /// `entry` in its shortest encoding. A text has at most [`BYTES_MAX`](crate::packed::BYTES_MAX)
    /// bytes.
    #[inline]
    pub(super) fn new(entry: Entry<'a>, back_lengths: BackLengths) -> Self {
        let (head, head_len, text) = match entry {
            Entry::Int(number) => {
                let (head, len) = encode_int(number);
                (head, len, &[][..])
            }
            Entry::Text(text) => {
                let (head, len) = encode_text_len(text.len());
                (head, len, text)
            }
        };
        let back_length = BackLength::new(head_len + text.len(), back_lengths);
        Self { head, head_len, text, back_length }
    }

    /// Bytes of encoding and data.
    pub(super) fn size(&self) -> usize {
        self.head_len + self.text.len()
    }

    /// All bytes, with the back length.
    pub(super) fn span(&self) -> usize {
        self.size() + self.back_length.as_bytes().len()
    }

    /// Writes all bytes to the end of `out`.
    #[inline]
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        let (start, size) = (out.len(), self.size());
        out.reserve(self.head.len() + self.text.len() + BACK_LENGTH_BYTES_MAX);
        // Copies of constant length that are cut are faster than those of the right length.
        out.extend_from_slice(&self.head);
        out.truncate(start + self.head_len);
        out.extend_from_slice(self.text);
        out.extend_from_slice(&self.back_length.bytes);
        out.truncate(start + size + self.back_length.len);
    }

    /// In the order in which they are written.
    pub(super) fn parts(&self) -> [&[u8]; 3] {
        [&self.head[..self.head_len], self.text, self.back_length.as_bytes()]
    }
}

fn encode_int(number: i64) -> ([u8; 9], usize) {
    let [b0, b1, b2, b3, b4, b5, b6, b7] = number.to_le_bytes();
    match number {
        0..=0x7F => ([b0, 0, 0, 0, 0, 0, 0, 0, 0], 1),
        -0x1000..=0xFFF => ([0xC0 | b1 & 0x1F, b0, 0, 0, 0, 0, 0, 0, 0], 2),
        -0x8000..=0x7FFF => ([0xF1, b0, b1, 0, 0, 0, 0, 0, 0], 3),
        -0x80_0000..=0x7F_FFFF => ([0xF2, b0, b1, b2, 0, 0, 0, 0, 0], 4),
        -0x8000_0000..=0x7FFF_FFFF => ([0xF3, b0, b1, b2, b3, 0, 0, 0, 0], 5),
        _ => ([0xF4, b0, b1, b2, b3, b4, b5, b6, b7], 9),
    }
}

fn encode_text_len(len: usize) -> ([u8; 9], usize) {
    let [b0, b1, b2, b3] = (len as u32).to_le_bytes();
    match len {
        ..0x40 => ([0x80 | b0, 0, 0, 0, 0, 0, 0, 0, 0], 1),
        0x40..0x1000 => ([0xE0 | b1, b0, 0, 0, 0, 0, 0, 0, 0], 2),
        _ => ([LONG_TEXT, b0, b1, b2, b3, 0, 0, 0, 0], 5),
    }
}

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
