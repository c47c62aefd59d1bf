//! The encodings of entries.

use super::back_length::{BACK_LENGTH_BYTES_MAX, BackLength, BackLengths, span};
use crate::packed::Entry;

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
    head: [u8; HEAD_BYTES_MAX],
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

    /// How much further than its bytes an entry is written before it is cut.
    pub(super) const SPARE_BYTES: usize = HEAD_BYTES_MAX + BACK_LENGTH_BYTES_MAX;

    /// Writes all bytes to the end of `out`.
    #[inline]
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.reserve(self.head.len() + self.text.len() + BACK_LENGTH_BYTES_MAX);
        // Copies of constant length that are cut are faster than those of the right length.
        out.extend_from_slice(&self.head);
        out.truncate(start + self.head_len);
        out.extend_from_slice(self.text);
        self.back_length.append_to(out);
    }

    /// In the order in which they are written.
    pub(super) fn parts(&self) -> [&[u8]; 3] {
        [&self.head[..self.head_len], self.text, self.back_length.as_bytes()]
    }
}

/// The encoding of an integer of 64 bits.
const HEAD_BYTES_MAX: usize = 9;

fn encode_int(number: i64) -> ([u8; HEAD_BYTES_MAX], usize) {
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

fn encode_text_len(len: usize) -> ([u8; HEAD_BYTES_MAX], usize) {
    let [b0, b1, b2, b3] = (len as u32).to_le_bytes();
    match len {
        ..0x40 => ([0x80 | b0, 0, 0, 0, 0, 0, 0, 0, 0], 1),
        0x40..0x1000 => ([0xE0 | b1, b0, 0, 0, 0, 0, 0, 0, 0], 2),
        _ => ([LONG_TEXT, b0, b1, b2, b3, 0, 0, 0, 0], 5),
    }
}
