//! Splits a line of a configuration file into words.
//!
//! Words are separated by blanks. A word may end in a quoted part: between double quotes `\n`,
//! `\r`, `\t`, `\b`, `\a`, `\xHH` and `\` before any other byte are escapes, between single quotes
//! only `\'` is. A blank or the end has to follow a closing quote.

use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till, take_while, take_while_m_n};
use nom::combinator::{eof, map, opt, peek, rest_len, value, verify};
use nom::multi::{fold_many0, many0};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

/// The words of a line, or `None` if its quotes are unbalanced.
pub(super) fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (_, words) = terminated(many0(preceded(blanks, word)), (blanks, eof)).parse(line).ok()?;
    Some(words)
}

fn blanks(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(is_blank).parse(input)
}

fn word(input: &[u8]) -> IResult<&[u8], Vec<u8>> {
    let bare = take_till(|byte| is_blank(byte) || byte == b'"' || byte == b'\'');
    let whole = (bare, opt(alt((double_quoted, single_quoted))));
    // Without this a word of no bytes would be found at the end of a line.
    let (input, _) = verify(rest_len, |len| *len > 0).parse(input)?;
    let (rest, (bare, quoted)) = terminated(whole, peek(alt((eof, blank)))).parse(input)?;
    Ok((rest, [bare, quoted.as_deref().unwrap_or_default()].concat()))
}

fn double_quoted(input: &[u8]) -> IResult<&[u8], Vec<u8>> {
    let escaped = preceded(tag("\\"), map(take(1_usize), |byte: &[u8]| unescape(byte[0])));
    let plain = map(verify(take(1_usize), |byte: &[u8]| byte != b"\""), |byte: &[u8]| byte[0]);
    delimited(tag("\""), bytes(alt((hexadecimal, escaped, plain))), tag("\"")).parse(input)
}

fn single_quoted(input: &[u8]) -> IResult<&[u8], Vec<u8>> {
    let escaped = value(b'\'', tag("\\'"));
    let plain = map(verify(take(1_usize), |byte: &[u8]| byte != b"'"), |byte: &[u8]| byte[0]);
    delimited(tag("'"), bytes(alt((escaped, plain))), tag("'")).parse(input)
}

fn bytes<'a>(
    byte: impl Parser<&'a [u8], Output = u8, Error = nom::error::Error<&'a [u8]>>,
) -> impl Parser<&'a [u8], Output = Vec<u8>, Error = nom::error::Error<&'a [u8]>> {
    fold_many0(byte, Vec::new, |mut bytes, byte| {
        bytes.push(byte);
        bytes
    })
}

fn hexadecimal(input: &[u8]) -> IResult<&[u8], u8> {
    let digits = take_while_m_n(2, 2, |byte: u8| byte.is_ascii_hexdigit());
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
    map(preceded(tag("\\x"), digits), move |pair: &[u8]| digit(pair[0]) << 4 | digit(pair[1]))
        .parse(input)
}

fn blank(input: &[u8]) -> IResult<&[u8], &[u8]> {
    verify(take(1_usize), |byte: &[u8]| is_blank(byte[0])).parse(input)
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

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_and_escapes() {
        let split = |line: &str| {
            let words = split(line.as_bytes())?;
            Some(words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect::<Vec<_>>())
        };
        let words = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(split(""), words(&[]));
        assert_eq!(split(" \t\r"), words(&[]));
        assert_eq!(split(" a\tb  c "), words(&["a", "b", "c"]));
        assert_eq!(split("save \"\" ''"), words(&["save", "", ""]));
        assert_eq!(split(r#"a"b c" 'd e'"#), words(&["ab c", "d e"]));
        assert_eq!(split(r#""\x41\n\r\t\b\a\"\\\q\xg""#), words(&["A\n\r\t\x08\x07\"\\qxg"]));
        assert_eq!(split(r"'\n\'\x'"), words(&[r"\n'\x"]));
        assert_eq!(split(r"a\x41 \n"), words(&[r"a\x41", r"\n"]));
        for line in ["\"", "a \"b", "'a", "\"a\"b", "'a''b'", r#""\"#, r#"a"\""#] {
            assert_eq!(split(line), None, "{line}");
        }
    }

    proptest! {
        /// Any words, written with every byte escaped, are read back.
        #[test]
        fn escaped_words_come_back(words: Vec<Vec<u8>>) {
            let escape = |byte: &u8| format!("\\x{byte:02X}");
            let quote = |word: &Vec<u8>| format!("\"{}\"", word.iter().map(escape).collect::<String>());
            let line = words.iter().map(quote).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split(line.as_bytes()), Some(words));
        }

        #[test]
        fn no_line_breaks_the_splitter(line: Vec<u8>) {
            let bytes = split(&line).map(|words| words.concat().len());
            prop_assert!(bytes.unwrap_or_default() <= line.len());
        }
    }
}
