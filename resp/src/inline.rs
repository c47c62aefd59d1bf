use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// A word of an inline command.
pub(crate) enum Word {
    /// It stands in the line as it is.
    Plain(Range<usize>),
    /// It was quoted.
    Unquoted(Bytes),
}

/// A quote is not closed, or not followed by a blank.
pub(crate) struct Unbalanced;

/// Splits an inline command into words as Redis does (`sdssplitargs`).
pub(crate) fn split(line: &[u8], mut word: impl FnMut(Word)) -> Result<(), Unbalanced> {
    let mut at = 0;
    loop {
        while line.get(at).is_some_and(|byte| is_blank(*byte)) {
            at += 1;
        }
        if at == line.len() {
            return Ok(());
        }
        let rest = &line[at..];
        let plain = rest
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'\''))
            .unwrap_or(rest.len());
        match rest.get(plain) {
            Some(&quote @ (b'"' | b'\'')) => {
                let mut text = BytesMut::from(&rest[..plain]);
                at += plain + 1 + unquote(&rest[plain + 1..], quote, &mut text)?;
                word(Word::Unquoted(text.freeze()));
            }
            _ => {
                word(Word::Plain(at..at + plain));
                at += plain;
            }
        }
    }
}

/// Appends what stands before the closing `quote` of `text`, and returns the length with it.
fn unquote(text: &[u8], quote: u8, out: &mut BytesMut) -> Result<usize, Unbalanced> {
    let mut at = 0;
    loop {
        let (byte, len) = match text[at..] {
            [] => return Err(Unbalanced),
            [byte, ref rest @ ..] if byte == quote => {
                return match rest.first() {
                    Some(next) if !is_blank(*next) => Err(Unbalanced),
                    _ => Ok(at + 1),
                };
            }
            [b'\\', b'\'', ..] if quote == b'\'' => (b'\'', 2),
            [b'\\', b'x', high, low, ..]
                if quote == b'"' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex(high) << 4 | hex(low), 4)
            }
            [b'\\', escaped, ..] if quote == b'"' => (unescape(escaped), 2),
            [byte, ..] => (byte, 1),
        };
        out.extend_from_slice(&[byte]);
        at += len;
    }
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// C's `isspace`.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
