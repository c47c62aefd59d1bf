//! Payloads of values that are one string.

use super::Footer;
use crate::{
    DecodeLimits, EncodeOptions, Target, Whole, crc64::Crc64, decode::decode_whole as decode_body,
    encode::encode_whole as encode_body,
};

/// Appends the payload of `whole` for `target` to `out`: the same that
/// [`encode_events`](super::encode_events) makes of its events. Returns `false`, and appends nothing,
/// if the target takes no form of it that is one string, or it has more than
/// [`WHOLE_BYTES_MAX`](crate::WHOLE_BYTES_MAX); it is to be encoded by its events then.
///
/// The blob of a packed value is trusted to be sound.
///
/// ```
/// use rdb_format::{EncodeOptions, Target, Whole, payload::encode_whole};
///
/// let mut payload = Vec::new();
/// let options = EncodeOptions::default();
/// assert!(encode_whole(Whole::Int(10), &Target::KEYFERRY, options, &mut payload));
/// assert_eq!(payload[..5], [0, 0xC0, 10, 6, 0]);
/// ```
pub fn encode_whole(
    whole: Whole<'_>,
    target: &Target,
    options: EncodeOptions,
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    let version = encode_body(whole, target, options, out).and_then(|needed| target.footer(needed));
    let Some(version) = version else {
        out.truncate(start);
        return false;
    };
    let mut crc64 = Crc64::new();
    crc64.update(&out[start..]);
    out.extend_from_slice(&Footer::seal(version, crc64).to_bytes());
    true
}

/// The value of a whole payload, if it is one string of at most
/// [`WHOLE_BYTES_MAX`](crate::WHOLE_BYTES_MAX) in a form that is kept as it stands. `plain` has room
/// for what is compressed; nothing else is copied.
///
/// All is checked that [`decode_events`](super::decode_events) checks. It is to decode whatever this
/// returns `None` for, and tells what is wrong with it, if anything is.
///
/// ```
/// use rdb_format::{DecodeLimits, Whole, payload::decode_whole};
///
/// // Redis 6.2: SET key 127, DUMP key
/// let payload = b"\x00\xC0\x7F\x09\x00\xDD\x47\xBA\xFD\x06\xD2\xA6\xA5";
/// let mut plain = Vec::new();
/// let whole = decode_whole(payload, &DecodeLimits::default(), &mut plain);
/// assert_eq!(whole, Some(Whole::Int(127)));
/// ```
pub fn decode_whole<'a>(
    payload: &'a [u8],
    limits: &DecodeLimits,
    plain: &'a mut Vec<u8>,
) -> Option<Whole<'a>> {
    let (body, footer) = payload.split_last_chunk()?;
    let Footer { version, crc64 } = Footer::from_bytes(*footer);
    if body.len() > BODY_BYTES_MAX || !version.is_readable() {
        return None;
    }
    let mut checked = Crc64::new();
    checked.update(&payload[..body.len() + Footer::VERSION_LEN]);
    if checked.value() != crc64 {
        return None;
    }
    decode_body(body, limits, plain)
}

/// No string of the length in question becomes longer: a longer body is not looked at.
const BODY_BYTES_MAX: usize = 2 * crate::WHOLE_BYTES_MAX;
