//! Choosing the form of a string, as the servers choose it.

use bytes::Bytes;

use super::{INT_8, INT_16, INT_32, LZF, SPECIAL};
use crate::{
    RdbVersion, StringValue, length, lzf,
    value::{Decimal, parse_integer},
};

/// The longest string that is compressed: one that is done in one go. Longer ones are shared as
/// they are.
pub const LZF_INPUT_BYTES_MAX: usize = 64 << 10;

/// A string in its form: what is built, then what is shared.
pub(crate) struct EncodedString {
    /// Bytes that follow the built ones; empty if those are all.
    pub(crate) shared: Bytes,
    /// The lowest version whose readers know the form.
    pub(crate) version: RdbVersion,
}

impl EncodedString {
    /// Appends to `out` what of `string` has to be built.
    pub(crate) fn build(string: &StringValue, out: &mut Vec<u8>) -> Self {
        match string {
            StringValue::Int(number) => match i32::try_from(*number) {
                Ok(number) => {
                    build_int(number, out);
                    Self { shared: Bytes::new(), version: length::lowest_version(0) }
                }
                Err(_) => Self::build_plain(Decimal::new(*number).as_bytes(), None, out),
            },
            StringValue::Raw(bytes) => Self::build_raw(bytes, out),
        }
    }

    fn build_raw(bytes: &Bytes, out: &mut Vec<u8>) -> Self {
        if let Some(number) = short_int(bytes) {
            build_int(number, out);
        } else if !build_lzf(bytes, out) {
            return Self::build_plain(bytes, Some(bytes), out);
        }
        Self { shared: Bytes::new(), version: length::lowest_version(0) }
    }

    fn build_plain(text: &[u8], share: Option<&Bytes>, out: &mut Vec<u8>) -> Self {
        let len = text.len() as u64;
        length::encode(len, out);
        let shared = match share {
            Some(bytes) if bytes.len() >= SHARED_BYTES_MIN => bytes.clone(),
            _ => {
                out.extend_from_slice(text);
                Bytes::new()
            }
        };
        Self { shared, version: length::lowest_version(len) }
    }
}

/// Shorter strings are copied: a piece of their own would cost the writer more.
const SHARED_BYTES_MIN: usize = 4 << 10;

/// Up to this length nothing is compressed.
const LZF_ABOVE_BYTES: usize = 20;

/// Length of `i32::MIN` in decimal.
const SHORT_INT_LEN_MAX: usize = 11;

/// The number of at most 32 bits whose only text is `text`.
fn short_int(text: &[u8]) -> Option<i32> {
    if text.len() > SHORT_INT_LEN_MAX {
        return None;
    }
    i32::try_from(parse_integer(text)?).ok()
}

fn build_int(number: i32, out: &mut Vec<u8>) {
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
fn build_lzf(text: &[u8], out: &mut Vec<u8>) -> bool {
    if text.len() <= LZF_ABOVE_BYTES || text.len() > LZF_INPUT_BYTES_MAX {
        return false;
    }
    let start = out.len();
    // The length of the stream goes before it but is known after it; it is put in place then.
    out.push(SPECIAL | LZF);
    length::encode(text.len() as u64, out);
    let stream_from = out.len();
    if !lzf::compress(text, out) {
        out.truncate(start);
        return false;
    }
    let mut stream_len = Vec::with_capacity(length::LEN_MAX);
    length::encode((out.len() - stream_from) as u64, &mut stream_len);
    out.splice(start + 1..start + 1, stream_len);
    true
}
