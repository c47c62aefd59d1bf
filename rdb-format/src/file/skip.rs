//! Passing over values by their lengths.

use std::io::Read;

use super::{FileError, feed::Feed};
use crate::{DecodeError, Family, codes::*, input::Input, length::Prefix, string};

/// What a value is made of, as far as that matters to its length.
struct Layout {
    /// Bytes in front of everything.
    ahead: u64,
    /// A number of elements comes first; else there is one.
    counted: bool,
    /// A length leads each element.
    led: bool,
    /// Strings of an element.
    strings: u8,
    /// Bytes behind them.
    behind: u64,
    /// A score as text is behind them.
    score_text: bool,
}

/// Passes over a value of type `code`, or tells that it cannot.
pub(super) fn value<R: Read>(
    feed: &mut Feed<R>,
    code: u8,
    family: Family,
) -> Result<bool, FileError> {
    let Some(layout) = layout(code, family) else { return Ok(false) };
    feed.skip(layout.ahead)?;
    let elements = if layout.counted { feed.read(Input::length)? } else { 1 };
    for _ in 0..elements {
        if layout.led {
            feed.read(Input::length)?;
        }
        for _ in 0..layout.strings {
            skip_string(feed)?;
        }
        if layout.score_text {
            skip_score_text(feed)?;
        }
        feed.skip(layout.behind)?;
    }
    Ok(true)
}

fn layout(code: u8, family: Family) -> Option<Layout> {
    const ONE: Layout =
        Layout { ahead: 0, counted: false, led: false, strings: 1, behind: 0, score_text: false };
    const MANY: Layout = Layout { counted: true, ..ONE };
    const PAIRS: Layout = Layout { strings: 2, ..MANY };
    Some(match (code, family) {
        (
            STRING | HASH_ZIPMAP | LIST_ZIPLIST | SET_INTSET | SORTED_SET_ZIPLIST | HASH_ZIPLIST
            | HASH_LISTPACK | SORTED_SET_LISTPACK | SET_LISTPACK,
            _,
        ) => ONE,
        (REDIS_HASH_TTLS_LISTPACK_RC, Family::Redis) => ONE,
        (REDIS_HASH_TTLS_LISTPACK, Family::Redis) => Layout { ahead: 8, ..ONE },
        (LIST | SET | LIST_QUICKLIST, _) => MANY,
        (LIST_QUICKLIST_2, _) => Layout { led: true, ..MANY },
        (SORTED_SET_TEXT, _) => Layout { score_text: true, ..MANY },
        (SORTED_SET, _) => Layout { behind: 8, ..MANY },
        (HASH, _) => PAIRS,
        (REDIS_HASH_TTLS_RC, Family::Redis) => Layout { led: true, ..PAIRS },
        (REDIS_HASH_TTLS, Family::Redis) => Layout { ahead: 8, led: true, ..PAIRS },
        (VALKEY_HASH_TTLS, Family::Valkey) => Layout { behind: 8, ..PAIRS },
        _ => return None,
    })
}

fn skip_string<R: Read>(feed: &mut Feed<R>) -> Result<(), FileError> {
    let offset = feed.input.offset();
    match feed.read(Input::prefix)? {
        Prefix::Length(len) => feed.skip(len),
        Prefix::Special(encoding) => match string::int_width(encoding) {
            Some(width) => feed.skip(width),
            None if encoding == string::LZF => {
                let compressed = feed.read(Input::length)?;
                feed.read(Input::length)?;
                feed.skip(compressed)
            }
            None => Err(DecodeError::UnknownStringEncoding { offset, encoding }.into()),
        },
    }
}

fn skip_score_text<R: Read>(feed: &mut Feed<R>) -> Result<(), FileError> {
    match feed.read(Input::byte)? {
        crate::decode::SCORE_WITHOUT_TEXT_MIN.. => Ok(()),
        len => feed.skip(len.into()),
    }
}
