//! Strings as RDB writes them, wherever one stands: values, members, fields, packed blobs.
//!
//! A [length](crate::length) and so many bytes, or one of the special encodings:
//!
//! | first byte | then | text |
//! |---|---|---|
//! | `C0` | i8 | the number in decimal |
//! | `C1` | i16, little-endian | the number in decimal |
//! | `C2` | i32, little-endian | the number in decimal |
//! | `C3` | length of the stream, plain length, [LZF](crate::lzf) stream | the plain bytes |

mod assemble;
mod decode;
mod encode;

pub use assemble::StringAssembler;
pub use decode::STRING_BYTES_WHOLE;
pub use encode::LZF_INPUT_BYTES_MAX;

pub(crate) use decode::{BlobDecoder, StringDecoder, decode_int, split_int};
pub(crate) use encode::{encode, encode_int, encode_slice};

const INT_8: u8 = 0;
const INT_16: u8 = 1;
const INT_32: u8 = 2;
pub(crate) const LZF: u8 = 3;

/// Bytes of the number behind a special encoding that has one.
pub(crate) const fn int_width(encoding: u8) -> Option<u64> {
    match encoding {
        INT_8 => Some(1),
        INT_16 => Some(2),
        INT_32 => Some(4),
        _ => None,
    }
}
