//! Choosing the form of a string, as the servers choose it.

use std::ops::RangeInclusive;

use bytes::Bytes;

use super::{INT_8, INT_16, INT_32, LZF};
use crate::{
    encode::Out,
    length::{self, SPECIAL},
    lzf,
    value::{Decimal, parse_integer},
};

/// The longest string that is compressed: one that is done in one go. Longer ones are shared as
/// they are.
pub const LZF_INPUT_BYTES_MAX: usize = 64 << 10;

/// Appends `text` in its form.
pub(crate) fn encode(text: &Bytes, compress: bool, out: &mut Out) {
    if let Some(number) = short_int(text) {
        encode_short_int(number, &mut out.built);
    } else if !(compress && encode_lzf(text, &mut out.built)) {
        length::encode(text.len() as u64, &mut out.built);
        out.share(text);
    }
}

/// Appends a short `text`, which is not worth sharing.
#[inline]
pub(crate) fn encode_slice(text: &[u8], compress: bool, out: &mut Vec<u8>) {
    // Most members, fields and values are too long for a number and too short to be compressed.
    if PLAIN_BYTES.contains(&text.len()) {
        out.reserve(1 + text.len());
        out.push(text.len() as u8);
        out.extend_from_slice(text);
    } else {
        encode_any_slice(text, compress, out);
    }
}

fn encode_any_slice(text: &[u8], compress: bool, out: &mut Vec<u8>) {
    if let Some(number) = short_int(text) {
        encode_short_int(number, out);
    } else if !(compress && encode_lzf(text, out)) {
        length::encode(text.len() as u64, out);
        out.extend_from_slice(text);
    }
}

/// Appends the decimal text of `number`.
pub(crate) fn encode_int(number: i64, out: &mut Vec<u8>) {
    match i32::try_from(number) {
        Ok(number) => encode_short_int(number, out),
        Err(_) => {
            let text = Decimal::new(number);
            length::encode(text.as_bytes().len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// Up to this length nothing is compressed.
const LZF_ABOVE_BYTES: usize = 20;

/// Length of `i32::MIN` in decimal.
const SHORT_INT_LEN_MAX: usize = 11;

/// Texts of such a length have one form, and a length of one byte.
const PLAIN_BYTES: RangeInclusive<usize> = SHORT_INT_LEN_MAX + 1..=LZF_ABOVE_BYTES;

/// The number of at most 32 bits whose only text is `text`.
fn short_int(text: &[u8]) -> Option<i32> {
    if text.len() > SHORT_INT_LEN_MAX {
        return None;
    }
    i32::try_from(parse_integer(text)?).ok()
}

fn encode_short_int(number: i32, out: &mut Vec<u8>) {
    if let Ok(number) = i8::try_from(number) {
        out.push(SPECIAL | INT_8);
        out.extend_from_slice(&number.to_le_bytes());
    } else if let Ok(number) = i16::try_from(number) {
        out.push(SPECIAL | INT_16);
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        out.push(SPECIAL | INT_32);
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// Whether `text` was worth it.
fn encode_lzf(text: &[u8], out: &mut Vec<u8>) -> bool {
    if text.len() <= LZF_ABOVE_BYTES || text.len() > LZF_INPUT_BYTES_MAX {
        return false;
    }
    let start = out.len();
    // The length of the stream goes before it but is known after it. It takes as many bytes as that of
    // the text, or fewer.
    out.push(SPECIAL | LZF);
    length::encode(text.len() as u64, out);
    length::encode(text.len() as u64, out);
    let stream_from = out.len();
    if !lzf::compress(text, out) {
        out.truncate(start);
        return false;
    }
    // Both lengths are written behind it and copied to their place.
    let stream_end = out.len();
    length::encode((stream_end - stream_from) as u64, out);
    length::encode(text.len() as u64, out);
    let head_len = out.len() - stream_end;
    out.copy_within(stream_end.., start + 1);
    out.truncate(stream_end);
    let spare = start + 1 + head_len..stream_from;
    if !spare.is_empty() {
        out.drain(spare);
    }
    true
}
