//! Reading values that are one string.

use super::{blob::Form, quicklist};
use crate::{
    DecodeLimits, Kind, WHOLE_BYTES_MAX, Whole, codes,
    length::{self, SPECIAL},
    lzf,
    string::{self, LZF},
};

/// The value that `body` is, type code included, if it is one string of a form that is kept as it
/// stands, and sound: what is wrong with another is for a decoder to tell. `plain` has room for what
/// is compressed.
pub(crate) fn decode_whole<'a>(
    body: &'a [u8],
    limits: &DecodeLimits,
    plain: &'a mut Vec<u8>,
) -> Option<Whole<'a>> {
    let (&code, mut rest) = body.split_first()?;
    if code == codes::LIST_QUICKLIST_2 {
        let [1, container, blob @ ..] = rest else { return None };
        if u64::from(*container) != quicklist::PACKED {
            return None;
        }
        rest = blob;
    }
    if code == codes::STRING
        && let Some(number) = string::decode_int(rest)
    {
        return Some(Whole::Int(number.into()));
    }
    let blob = decode_string(rest, limits, plain)?;
    let (form, whole) = match code {
        codes::STRING => return Some(Whole::of_text(blob)),
        codes::SET_INTSET => (Form::SetIntset, Whole::Intset(blob)),
        codes::SET_LISTPACK => (Form::SetListpack, Whole::Listpack(Kind::Set, blob)),
        codes::HASH_LISTPACK => (Form::HashListpack, Whole::Listpack(Kind::Hash, blob)),
        codes::SORTED_SET_LISTPACK => {
            (Form::SortedSetListpack, Whole::Listpack(Kind::SortedSet, blob))
        }
        codes::LIST_QUICKLIST_2 => (Form::List, Whole::Listpack(Kind::List, blob)),
        _ => return None,
    };
    form.is_sound(blob).then_some(whole)
}

/// The short string that `bytes` are, all of them, unless it is a number.
fn decode_string<'a>(
    bytes: &'a [u8],
    limits: &DecodeLimits,
    plain: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    let len_max = limits.string_bytes_max.min(WHOLE_BYTES_MAX as u64);
    if let Some(compressed) = bytes.strip_prefix(&[SPECIAL | LZF]) {
        let (stream_len, rest) = length::split_short(compressed)?;
        let (plain_len, stream) = length::split_short(rest)?;
        if stream.len() != stream_len || plain_len as u64 > len_max {
            return None;
        }
        plain.clear();
        lzf::decompress_into(stream, plain_len as u64, plain).ok()?;
        return Some(plain);
    }
    let (len, text) = length::split_short(bytes)?;
    (text.len() == len && len as u64 <= len_max).then_some(text)
}
