//! The length encoding.
//!
//! | first byte | then | value |
//! |---|---|---|
//! | `00xxxxxx` | | 0 to 63 |
//! | `01xxxxxx` | 1 byte | 14 bits, big-endian |
//! | `10000000` | 4 bytes | 32 bits, big-endian |
//! | `10000001` | 8 bytes | 64 bits, big-endian; since version 8 |
//! | `11xxxxxx` | | no length but a special string encoding, its number in the low 6 bits |
//!
//! Writers use the shortest form, readers take any. The other bytes `10xxxxxx` begin nothing.

use crate::RdbVersion;

/// The longest encoding of a length, in bytes.
pub const LEN_MAX: usize = 9;

/// Appends the shortest encoding of `len` to `out`.
///
/// ```
/// let mut out = Vec::new();
/// rdb_format::length::encode(700, &mut out);
/// assert_eq!(out, [0x42, 0xBC]);
/// ```
pub fn encode(len: u64, out: &mut Vec<u8>) {
    if len < 1 << 6 {
        out.push(len as u8);
    } else if len < 1 << 14 {
        out.extend_from_slice(&(len as u16 | FORM_14_BIT).to_be_bytes());
    } else if let Ok(len) = u32::try_from(len) {
        out.push(FORM_32_BIT);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(FORM_64_BIT);
        out.extend_from_slice(&len.to_be_bytes());
    }
}

/// How many bytes [`encode`] writes for `len`.
pub const fn encoded_len(len: u64) -> usize {
    if len < 1 << 6 {
        1
    } else if len < 1 << 14 {
        2
    } else if len <= u32::MAX as u64 {
        5
    } else {
        9
    }
}

/// The lowest version whose readers understand [`encode`] of `len`.
pub const fn lowest_version(len: u64) -> RdbVersion {
    if len > u32::MAX as u64 { RdbVersion(8) } else { RdbVersion(6) }
}

/// What the first byte leads to: a length, or a special string encoding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Prefix {
    Length(u64),
    Special(u8),
}

/// Bytes of a prefix that begins with `first`.
pub(crate) const fn prefix_len(first: u8) -> Option<usize> {
    match first {
        0x00..=0x3F | 0xC0.. => Some(1),
        0x40..=0x7F => Some(2),
        FORM_32_BIT => Some(5),
        FORM_64_BIT => Some(9),
        _ => None,
    }
}

/// What `bytes` are, which must be as many as [`prefix_len`] says of the first.
pub(crate) fn parse_prefix(bytes: &[u8]) -> Prefix {
    match *bytes {
        [first] if first >= SPECIAL => Prefix::Special(first & !SPECIAL),
        [first] => Prefix::Length(first.into()),
        [high, low] => Prefix::Length((u16::from_be_bytes([high, low]) & !FORM_14_BIT).into()),
        [_, b0, b1, b2, b3] => Prefix::Length(u32::from_be_bytes([b0, b1, b2, b3]).into()),
        [_, b0, b1, b2, b3, b4, b5, b6, b7] => {
            Prefix::Length(u64::from_be_bytes([b0, b1, b2, b3, b4, b5, b6, b7]))
        }
        _ => unreachable!("a prefix has 1, 2, 5 or 9 bytes"),
    }
}

/// A length of one of the two short forms, and what follows it.
#[inline]
pub(crate) const fn split_short(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [len @ 0x00..=0x3F, rest @ ..] => Some((*len as usize, rest)),
        [high @ 0x40..=0x7F, low, rest @ ..] => {
            Some((u16::from_be_bytes([*high & 0x3F, *low]) as usize, rest))
        }
        _ => None,
    }
}

/// What makes the number of a special string encoding its first byte.
pub(crate) const SPECIAL: u8 = 0xC0;

const FORM_14_BIT: u16 = 0x4000;
const FORM_32_BIT: u8 = 0x80;
const FORM_64_BIT: u8 = 0x81;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeError, input::Input};
    use bytes::Bytes;

    /// What `bytes` begin, one at a time and with more to come.
    fn read(bytes: &[u8]) -> Result<Option<Prefix>, DecodeError> {
        let mut input = Input::new(LEN_MAX as u64);
        let mut prefix = None;
        for byte in bytes {
            assert_eq!(prefix, None, "before the end of {bytes:x?}");
            input.push(Bytes::copy_from_slice(&[*byte]));
            prefix = input.prefix()?;
        }
        Ok(prefix)
    }

    #[test]
    fn both_ends_of_every_form() {
        let cases = [
            (0, 1, 6),
            (63, 1, 6),
            (64, 2, 6),
            (16_383, 2, 6),
            (16_384, 5, 6),
            (0xFFFF_FFFF, 5, 6),
            (0x1_0000_0000, 9, 8),
            (u64::MAX, 9, 8),
        ];
        for (len, bytes, version) in cases {
            let mut out = Vec::new();
            encode(len, &mut out);
            assert_eq!(out.len(), bytes, "{len}");
            assert_eq!(encoded_len(len), bytes, "{len}");
            assert_eq!(lowest_version(len), RdbVersion(version), "{len}");
            assert_eq!(read(&out), Ok(Some(Prefix::Length(len))));
        }
    }

    #[test]
    fn longer_forms_than_needed_are_read() {
        for bytes in [&[0x40, 3][..], &[0x80, 0, 0, 0, 3], &[0x81, 0, 0, 0, 0, 0, 0, 0, 3]] {
            assert_eq!(read(bytes), Ok(Some(Prefix::Length(3))), "{bytes:x?}");
        }
    }

    #[test]
    fn every_first_byte_is_a_length_a_special_encoding_or_an_error() {
        for first in 0..=u8::MAX {
            let read = read(&[first]);
            match first {
                0x00..=0x3F => assert_eq!(read, Ok(Some(Prefix::Length(first.into())))),
                0x40..=0x81 => assert_eq!(read, Ok(None)),
                0x82..=0xBF => assert_eq!(read, Err(DecodeError::InvalidLength { offset: 0 })),
                0xC0.. => assert_eq!(read, Ok(Some(Prefix::Special(first - 0xC0)))),
            }
        }
    }
}
