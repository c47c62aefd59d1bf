//! Scores in arguments, alone and as the ends of ranges.

use keyspace::{LexBound, LexRange, ScoreBound, ScoreRange};

use super::CommandError;
use super::double::{is_zero, lenient_strtod, strtod};

/// A floating-point number as Redis 7.2 takes it: what `strtod` of the C library reads, hexadecimal
/// and infinities included, without blanks before it, and not NaN.
///
/// # Errors
/// It is none, or one that is too large or too near to zero to be told apart from it.
pub(super) fn float(argument: &[u8]) -> Result<f64, CommandError> {
    parse_float(argument).ok_or_else(|| CommandError::err("value is not a valid float"))
}

/// As [`float`], without the error.
pub(super) fn parse_float(text: &[u8]) -> Option<f64> {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let number = strtod(text)?;
    let is_named = digits.first().is_some_and(u8::is_ascii_alphabetic);
    if number.is_infinite() && !is_named || number == 0.0 && !is_zero(digits) {
        return None;
    }
    Some(number)
}

/// A range of scores: numbers, each perhaps behind a `(` that leaves it out.
///
/// # Errors
/// An end is no number.
pub(super) fn score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, CommandError> {
    match (score_bound(min), score_bound(max)) {
        (Some(min), Some(max)) => Ok(ScoreRange { min, max }),
        _ => Err(CommandError::err("min or max is not a float")),
    }
}

/// A range of names: `-`, `+`, or a name behind a `[` or `(`.
///
/// # Errors
/// An end is none of these.
pub(super) fn lex_range<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, CommandError> {
    match (lex_bound(min), lex_bound(max)) {
        (Some(min), Some(max)) => Ok(LexRange { min, max }),
        _ => Err(CommandError::err("min or max not valid string range item")),
    }
}

/// Here Redis reads up to a zero byte, and takes no text at all for 0.
fn score_bound(argument: &[u8]) -> Option<ScoreBound> {
    let (exclusive, text) = match argument {
        [b'(', rest @ ..] => (true, rest),
        text => (false, text),
    };
    Some(ScoreBound { score: lenient_strtod(text)?, exclusive })
}

fn lex_bound(argument: &[u8]) -> Option<LexBound<'_>> {
    match argument {
        b"-" => Some(LexBound::First),
        b"+" => Some(LexBound::Last),
        [b'[', name @ ..] => Some(LexBound::Inclusive(name)),
        [b'(', name @ ..] => Some(LexBound::Exclusive(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_strtod() {
        for (text, number) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("+1.5", 1.5),
            ("1.", 1.0),
            (".5", 0.5),
            ("1e5", 1e5),
            ("-1E-5", -1e-5),
            ("0x10", 16.0),
            ("-0X1.8p1", -3.0),
            ("0x.8", 0.5),
            ("0x1p-1074", 5e-324),
            ("0x1.000000000000080000000000000001", 1.000_000_000_000_000_2),
            ("0xffffffffffffffffff", 4_722_366_482_869_645_213_696.0),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("0e999", 0.0),
        ] {
            assert_eq!(parse_float(text.as_bytes()), Some(number), "{text}");
        }
        let others = [
            "",
            " ",
            " 1",
            "1 ",
            "1x",
            "x",
            "nan",
            "NaN(1)",
            "1e",
            "1e400",
            "-1e400",
            "1e-400",
            "0x",
            "0xg",
            "0x1p",
            "0x1p5000",
            "0x1p-5000",
            "--1",
            "+-1",
            "1_0",
            "1\0",
            ".",
            "infi",
            "e5",
        ];
        for text in others {
            assert_eq!(parse_float(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn ends_of_ranges_are_read_more_loosely() {
        let bound = |score, exclusive| Some(ScoreBound { score, exclusive });
        for (text, wanted) in [
            ("1", bound(1.0, false)),
            ("(1", bound(1.0, true)),
            ("", bound(0.0, false)),
            ("(", bound(0.0, true)),
            (" \t\n\x0b\x0c\r1", bound(1.0, false)),
            ("( 1", bound(1.0, true)),
            ("1\0x", bound(1.0, false)),
            ("\0x", bound(0.0, false)),
            ("1e400", bound(f64::INFINITY, false)),
            ("(-inf", bound(f64::NEG_INFINITY, true)),
            ("1 ", None),
            (" ", None),
            ("((1", None),
            ("nan", None),
            ("x", None),
        ] {
            assert_eq!(score_bound(text.as_bytes()), wanted, "{text:?}");
        }
    }
}
