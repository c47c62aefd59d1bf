//! Decompression of a stream that lies together.

use bytes::Bytes;

use super::{
    LzfError, is_plausible,
    runs::{SLACK_BYTES, decompress_runs},
};

/// The plain bytes of the LZF stream `input`, of which there must be exactly `plain_len`.
///
/// Room for them is made at once, after the check that `input` can be so many: at most 88 times as
/// many as it has itself.
///
/// # Errors
///
/// See [`LzfError`].
pub fn decompress(input: &[u8], plain_len: u64) -> Result<Bytes, LzfError> {
    let mut plain = Vec::new();
    decompress_into(input, plain_len, &mut plain)?;
    Ok(plain.into())
}

/// Appends the plain bytes of the LZF stream `input` to `out`, of which there must be exactly
/// `plain_len`.
///
/// A `Vec` that is used again spares the allocation of [`decompress`]; otherwise the two are the same.
///
/// ```
/// let mut out = b"plain: ".to_vec();
/// rdb_format::lzf::decompress_into(&[0, b'a', 0xE0, 11, 0], 21, &mut out)?;
/// assert_eq!(out, b"plain: aaaaaaaaaaaaaaaaaaaaa");
/// # Ok::<(), rdb_format::lzf::LzfError>(())
/// ```
///
/// # Errors
///
/// See [`LzfError`]. `out` is left as it was then.
pub fn decompress_into(input: &[u8], plain_len: u64, out: &mut Vec<u8>) -> Result<(), LzfError> {
    let implausible = LzfError::Implausible { compressed: input.len() as u64, plain: plain_len };
    if !is_plausible(input.len() as u64, plain_len) {
        return Err(implausible);
    }
    let len = usize::try_from(plain_len).map_err(|_| implausible)?;
    let start = out.len();
    let end = start + len;
    out.resize(end + SLACK_BYTES, 0);
    let mut rest = input;
    let at = decompress_runs(&mut rest, &mut out[start..], 0);
    let result = check_end(rest, at, len);
    out.truncate(if result.is_ok() { end } else { start });
    result
}

/// Tells why no run of `rest` follows `at` of `len` bytes of output.
fn check_end(rest: &[u8], at: usize, len: usize) -> Result<(), LzfError> {
    let (plain_offset, plain) = (at as u64, len as u64);
    let Some((&control, operands)) = rest.split_first() else {
        return if at < len { Err(LzfError::TooShort { plain_offset, plain }) } else { Ok(()) };
    };
    let too_long = LzfError::TooLong { plain };
    if control < 1 << 5 {
        let run = usize::from(control) + 1;
        // The literals that there are count as output.
        let plain_offset = plain_offset + operands.len() as u64;
        return Err(if run > len - at { too_long } else { LzfError::Truncated { plain_offset } });
    }
    let low = operands.get(usize::from(control >= 7 << 5));
    Err(match low.map(|&low| u16::from_be_bytes([control & 0x1F, low]) + 1) {
        None => LzfError::Truncated { plain_offset },
        Some(distance) if usize::from(distance) > at => {
            LzfError::Distance { distance, plain_offset }
        }
        Some(_) => too_long,
    })
}
