//! What the commands of streams have in common: IDs in arguments, entries in replies, and errors.

use bytes::Bytes;
use keyspace::{StreamEntry, StreamId};
use resp::Protocol;

use super::reply::Elements;
use super::{CommandError, Reply};

/// An ID, `-` and `+` included; one without a sequence number has this one.
///
/// # Errors
/// It is none.
pub(super) fn id_or_end(argument: &[u8], seq: u64) -> Result<StreamId, CommandError> {
    match until_zero_byte(argument) {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => id(argument, seq),
    }
}

/// An ID; one without a sequence number has this one.
///
/// # Errors
/// It is none.
pub(super) fn id(argument: &[u8], seq: u64) -> Result<StreamId, CommandError> {
    let (ms, given) = parts(argument)?;
    Ok(StreamId { ms, seq: given.map_or(Ok(seq), number)? })
}

/// An ID for an entry that is added, which may leave it to the stream to find a sequence number.
///
/// # Errors
/// It is none.
pub(super) fn id_to_add(argument: &[u8]) -> Result<(u64, Option<u64>), CommandError> {
    match parts(argument)? {
        (ms, Some(b"*")) => Ok((ms, None)),
        (ms, Some(seq)) => Ok((ms, Some(number(seq)?))),
        (ms, None) => Ok((ms, Some(0))),
    }
}

/// The IDs from `start` to `end`, either of which is left out if there is a `(` before it.
///
/// # Errors
/// One is no ID, or nothing follows or precedes the one that is left out.
pub(super) fn interval(start: &[u8], end: &[u8]) -> Result<(StreamId, StreamId), CommandError> {
    let start = match excluded(start) {
        Some(start) => id(start, 0)?
            .next()
            .ok_or_else(|| CommandError::err("invalid start ID for the interval"))?,
        None => id_or_end(start, 0)?,
    };
    let end = match excluded(end) {
        Some(end) => id(end, u64::MAX)?
            .previous()
            .ok_or_else(|| CommandError::err("invalid end ID for the interval"))?,
        None => id_or_end(end, u64::MAX)?,
    };
    Ok((start, end))
}

/// An ID as a bulk string.
pub(super) fn id_reply(id: StreamId) -> Reply {
    Reply::Bulk(Bytes::from(id.to_string()))
}

/// An entry: its ID and its fields.
pub(super) fn entry_reply(entry: &StreamEntry<'_>) -> Reply {
    let texts = entry.fields().flat_map(|(name, value)| [name, value]);
    let fields = texts.map(|text| Reply::copied(text.as_text())).collect();
    Reply::Array(vec![id_reply(entry.id), fields])
}

/// Entries, for a client of `protocol`.
pub(super) fn entries_reply<'a>(
    entries: impl IntoIterator<Item = StreamEntry<'a>>,
    protocol: Protocol,
) -> Elements {
    let mut elements = Elements::new(protocol);
    entries.into_iter().for_each(|entry| elements.stream_entry(&entry));
    elements
}

/// The error of a group that is not there, or whose stream is not; what is told behind that.
pub(super) fn no_group(key: &[u8], group: &[u8], rest: &str) -> CommandError {
    let (key, group) = (until_zero_byte(key), until_zero_byte(group));
    let parts = [
        &b"NOGROUP No such key '"[..],
        key,
        b"' or consumer group '",
        group,
        b"'",
        rest.as_bytes(),
    ];
    CommandError::Line(parts.concat())
}

/// The error of a group that is not there where its stream is.
pub(super) fn no_group_of(key: &[u8], group: &[u8]) -> CommandError {
    let (key, group) = (until_zero_byte(key), until_zero_byte(group));
    let parts = [&b"NOGROUP No such consumer group '"[..], group, b"' for key name '", key, b"'"];
    CommandError::Line(parts.concat())
}

fn excluded(argument: &[u8]) -> Option<&[u8]> {
    argument.strip_prefix(b"(").filter(|rest| !rest.is_empty())
}

/// Milliseconds and what stands for the sequence number, if anything does.
fn parts(argument: &[u8]) -> Result<(u64, Option<&[u8]>), CommandError> {
    if argument.len() > ID_BYTES_MAX {
        return Err(invalid());
    }
    let text = until_zero_byte(argument);
    match text.iter().position(|&byte| byte == b'-') {
        Some(at) => Ok((number(&text[..at])?, Some(&text[at + 1..]))),
        None => Ok((number(text)?, None)),
    }
}

/// A number as the C library reads it, who takes blanks and a sign before it, and zeros.
fn number(text: &[u8]) -> Result<u64, CommandError> {
    if let Some(number) = rdb_format::parse_integer(text) {
        return u64::try_from(number).map_err(|_| invalid());
    }
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | 0x09..=0x0d)).count();
    let (digits, is_negative) = match &text[blanks..] {
        [b'-', digits @ ..] => (digits, true),
        [b'+', digits @ ..] => (digits, false),
        digits => (digits, false),
    };
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let digits = str::from_utf8(digits).ok().filter(|_| all_digits).ok_or_else(invalid)?;
    let number: u64 = digits.parse().map_err(|_| invalid())?;
    Ok(if is_negative { number.wrapping_neg() } else { number })
}

fn until_zero_byte(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}

fn invalid() -> CommandError {
    CommandError::err("Invalid stream ID specified as stream command argument")
}

/// Redis looks at no longer ones.
const ID_BYTES_MAX: usize = 127;

#[cfg(test)]
mod tests {
    use super::*;

    /// As XRANGE of Redis 7.0.15 takes them.
    #[test]
    fn ids_are_read_as_by_redis() {
        for (text, wanted) in [
            ("0", Some((0, 7))),
            ("5-3", Some((5, 3))),
            ("007-03", Some((7, 3))),
            (" 5-+3", Some((5, 3))),
            ("18446744073709551615-18446744073709551615", Some((u64::MAX, u64::MAX))),
            ("5-3\0x", Some((5, 3))),
            ("5--03", Some((5, 3_u64.wrapping_neg()))),
            ("18446744073709551616", None),
            ("5--3", None),
            ("5-", None),
            ("-5", None),
            ("", None),
            ("x", None),
            ("5-*", None),
        ] {
            let wanted = wanted.map(|(ms, seq)| StreamId { ms, seq });
            assert_eq!(id(text.as_bytes(), 7).ok(), wanted, "{text:?}");
        }
    }
}
