//! Values that are one string in the formats.

use crate::{Kind, parse_integer};

/// A value that is one string in the formats, by reference. Nearly all small values are, and are
/// written and read without a step for each of their parts: see
/// [`encode_whole`](crate::payload::encode_whole) and [`decode_whole`](crate::payload::decode_whole).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Whole<'a> {
    /// A string that is the decimal text of a number.
    Int(i64),
    /// Any other string.
    Text(&'a [u8]),
    /// A list, set, sorted set or hash without field TTLs that is one listpack, laid out as that of
    /// [`Event::Listpack`](crate::Event::Listpack).
    Listpack(Kind, &'a [u8]),
    /// A set that is one intset.
    Intset(&'a [u8]),
}

impl<'a> Whole<'a> {
    /// The string `text`.
    pub fn of_text(text: &'a [u8]) -> Self {
        match parse_integer(text) {
            Some(number) => Self::Int(number),
            None => Self::Text(text),
        }
    }
}

/// What takes more bytes is told in events: then it is worth sharing, in which a reference is no help,
/// and its listpack may have back lengths that not every server reads.
pub const WHOLE_BYTES_MAX: usize = 4 << 10;
