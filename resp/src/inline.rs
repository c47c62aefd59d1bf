//! Inline commands: words between blanks, quoted as Redis's `sdssplitargs` has it.

use std::ops::Range;

use bytes::Bytes;
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{is_not, tag, take, take_while, take_while_m_n},
    combinator::{eof, map, peek},
    multi::fold_many0,
    sequence::{delimited, preceded, terminated},
};

/// A word of an inline command.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Word {
    /// It stands in the line as it is.
    Plain(Range<usize>),
    /// It was quoted.
    Unquoted(Bytes),
}

/// A quote is not closed, or not followed by a blank.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Unbalanced;

/// Splits a line into words.
///
/// A NUL is a byte as any other; redis-server takes it for the end of its input.
pub(crate) fn split(line: &[u8], mut word: impl FnMut(Word)) -> Result<(), Unbalanced> {
    let mut rest = line;
    loop {
        (rest, _) = blanks(rest).map_err(|_| Unbalanced)?;
        if rest.is_empty() {
            return Ok(());
        }
        let start = line.len() - rest.len();
        let (after, plain) = unquoted(rest).map_err(|_| Unbalanced)?;
        if matches!(after, [b'"' | b'\'', ..]) {
            let (after, text) = quoted(after).map_err(|_| Unbalanced)?;
            word(Word::Unquoted([plain, &text].concat().into()));
            rest = after;
        } else {
            word(Word::Plain(start..start + plain.len()));
            rest = after;
        }
    }
}

fn blanks(text: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(is_blank).parse(text)
}

/// What stands before a quote or the end of a word, which vertical tab and form feed are not.
fn unquoted(text: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'\'')).parse(text)
}

fn quoted(text: &[u8]) -> IResult<&[u8], Vec<u8>> {
    let end = alt((eof, take_while_m_n(1, 1, is_blank)));
    terminated(alt((double_quoted, single_quoted)), peek(end)).parse(text)
}

fn double_quoted(text: &[u8]) -> IResult<&[u8], Vec<u8>> {
    let plain = map(is_not("\"\\"), Piece::Run);
    delimited(tag("\""), pieces(alt((plain, hex_escape, escape))), tag("\"")).parse(text)
}

/// Knows one escape, `\'`.
fn single_quoted(text: &[u8]) -> IResult<&[u8], Vec<u8>> {
    let plain = map(is_not("'\\"), Piece::Run);
    let quote = map(tag("\\'"), |_| Piece::Byte(b'\''));
    let backslash = map(tag("\\"), Piece::Run);
    delimited(tag("'"), pieces(alt((plain, quote, backslash))), tag("'")).parse(text)
}

/// A part of a quoted word.
enum Piece<'a> {
    Run(&'a [u8]),
    Byte(u8),
}

fn pieces<'a>(
    piece: impl Parser<&'a [u8], Output = Piece<'a>, Error = nom::error::Error<&'a [u8]>>,
) -> impl Parser<&'a [u8], Output = Vec<u8>, Error = nom::error::Error<&'a [u8]>> {
    fold_many0(piece, Vec::new, |mut text, piece| {
        match piece {
            Piece::Run(run) => text.extend_from_slice(run),
            Piece::Byte(byte) => text.push(byte),
        }
        text
    })
}

fn hex_escape(text: &[u8]) -> IResult<&[u8], Piece<'_>> {
    let digits = take_while_m_n(2, 2, |byte: u8| byte.is_ascii_hexdigit());
    map(preceded(tag("\\x"), digits), |digits: &[u8]| {
        Piece::Byte(hex_digit(digits[0]) << 4 | hex_digit(digits[1]))
    })
    .parse(text)
}

fn escape(text: &[u8]) -> IResult<&[u8], Piece<'_>> {
    map(preceded(tag("\\"), take(1usize)), |escaped: &[u8]| match escaped[0] {
        b'n' => Piece::Byte(b'\n'),
        b'r' => Piece::Byte(b'\r'),
        b't' => Piece::Byte(b'\t'),
        b'b' => Piece::Byte(0x08),
        b'a' => Piece::Byte(0x07),
        _ => Piece::Run(escaped),
    })
    .parse(text)
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// C's `isspace`.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::{Unbalanced, Word, split};

    fn words(line: &[u8]) -> Result<Vec<Vec<u8>>, Unbalanced> {
        let mut words = Vec::new();
        split(line, |word| {
            words.push(match word {
                Word::Plain(range) => line[range].to_vec(),
                Word::Unquoted(text) => text.to_vec(),
            });
        })?;
        Ok(words)
    }

    #[test]
    fn quoting_is_that_of_redis() {
        for (line, expected) in [
            (&b""[..], &[][..]),
            (b" \t\x0b\x0c ", &[]),
            (b"PING", &[&b"PING"[..]]),
            (b"  set  a\tb ", &[b"set", b"a", b"b"]),
            (b"a\x0bb\x0cc", &[b"a\x0bb\x0cc"]),
            (b"\"\" ''", &[b"", b""]),
            (b"\"a b\" 'c d'", &[b"a b", b"c d"]),
            (b"foo\"bar\" foo'bar'", &[b"foobar", b"foobar"]),
            (br#""\x41\xfF\x4g\x""#, &[b"A\xffx4gx"]),
            (br#""\n\r\t\b\a\\\"\'\z""#, &[b"\n\r\t\x08\x07\\\"'z"]),
            (br#"'\x41\n\\ \'"'"#, &[br#"\x41\n\\ '""#]),
            (b"a\\x41", &[b"a\\x41"]),
            (b"\"a\"\x0bb", &[b"a", b"b"]),
            (b"a\0b", &[b"a\0b"]),
        ] {
            let expected = expected.iter().map(|word| word.to_vec()).collect();
            assert_eq!(words(line), Ok(expected), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn unbalanced_quotes() {
        for line in [
            &b"\""[..],
            b"'",
            b"\"a",
            b"'a",
            b"\"a\"b",
            b"'a'b",
            b"\"a\"\"b\"",
            b"\"a\\\"",
            b"'a\\'",
            b"\"\\",
            b"'\\",
            b"\"\\x4",
            b"a \"b' c",
        ] {
            assert_eq!(words(line), Err(Unbalanced), "{}", line.escape_ascii());
        }
    }
}
