//! Floating-point numbers in elements and arguments.

use std::num::FpCategory;

use keyspace::LongDouble;

/// A floating-point number as SORT and DEBUG SLEEP of Redis take it: see [`lenient_strtod`]. `None`
/// also for numbers that are too large or too small for full precision.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    let number = lenient_strtod(text)?;
    let digits = unsigned(without_blanks(until_zero_byte(text)));
    let is_in_range = match number.classify() {
        FpCategory::Normal => true,
        FpCategory::Infinite => digits.first().is_some_and(u8::is_ascii_alphabetic),
        FpCategory::Zero => is_zero(digits),
        FpCategory::Nan | FpCategory::Subnormal => false,
    };
    is_in_range.then_some(number)
}

/// As [`strtod`], where Redis lets the C library do as it likes: blanks may come before the number, a
/// zero byte ends it, and no text at all is 0.
pub(super) fn lenient_strtod(text: &[u8]) -> Option<f64> {
    let text = until_zero_byte(text);
    if text.is_empty() { Some(0.0) } else { strtod(without_blanks(text)) }
}

/// The number that all of `text` is to the C library's function of this name; `None` for NaN.
pub(super) fn strtod(text: &[u8]) -> Option<f64> {
    let number = match unsigned(text) {
        digits @ [b'0', b'x' | b'X', ..] => LongDouble::hexadecimal_f64(digits)?,
        digits @ [b'0'..=b'9' | b'.', ..] => str::from_utf8(digits).ok()?.parse().ok()?,
        name if name.eq_ignore_ascii_case(b"inf") || name.eq_ignore_ascii_case(b"infinity") => {
            f64::INFINITY
        }
        _ => return None,
    };
    Some(if text.starts_with(b"-") { -number } else { number })
}

/// Whether the digits of a number before its exponent are all 0.
pub(super) fn is_zero(text: &[u8]) -> bool {
    let (digits, exponents) = match text {
        [b'0', b'x' | b'X', digits @ ..] => (digits, [b'p', b'P']),
        digits => (digits, [b'e', b'E']),
    };
    let mut mantissa = digits.iter().take_while(|byte| !exponents.contains(byte));
    mantissa.all(|byte| matches!(byte, b'0' | b'.'))
}

fn until_zero_byte(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}

fn unsigned(text: &[u8]) -> &[u8] {
    match text {
        [b'-' | b'+', rest @ ..] => rest,
        text => text,
    }
}

fn without_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | 0x09..=0x0d)).count();
    &text[blanks..]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As SORT of Redis 7.0.15 takes elements.
    #[test]
    fn doubles_are_read_as_by_strtod() {
        for (text, wanted) in [
            ("", Some(0.0)),
            ("0", Some(0.0)),
            ("0e5", Some(0.0)),
            (" \t\n1.5", Some(1.5)),
            ("-.5", Some(-0.5)),
            ("+5.", Some(5.0)),
            ("1\0x", Some(1.0)),
            ("\0x", Some(0.0)),
            ("0\0x", Some(0.0)),
            ("0x1.8P1", Some(3.0)),
            ("-0X10", Some(-16.0)),
            ("-inf", Some(f64::NEG_INFINITY)),
            ("1 ", None),
            (" ", None),
            ("+-1", None),
            ("x", None),
            ("nan", None),
            ("1e400", None),
            ("1e-400", None),
        ] {
            assert_eq!(double(text.as_bytes()), wanted, "{text:?}");
        }
    }
}
