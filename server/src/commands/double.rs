//! Floating-point numbers in elements and arguments.

use std::num::FpCategory;

use keyspace::LongDouble;

/// A floating-point number as C's `strtod` reads it: white space may come before it, but nothing
/// after it but a zero byte; no text at all is 0. `None` for what is no number, NaN included, and for
/// numbers that are too large or too small.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    if text.is_empty() {
        return Some(0.0);
    }
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\x0b';
    let text = &text[text.iter().take_while(|byte| is_space(byte)).count()..];
    let (is_negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let number = match unsigned {
        [b'+' | b'-', ..] => return None,
        [b'0', b'x' | b'X', ..] => LongDouble::hexadecimal_f64(unsigned)?,
        decimal => str::from_utf8(decimal).ok()?.parse::<f64>().ok()?,
    };
    let is_infinite = unsigned.first().is_some_and(|byte| byte.eq_ignore_ascii_case(&b'i'));
    let mut digits = unsigned.iter().take_while(|byte| !b"eEpP".contains(byte));
    let is_zero = digits.all(|byte| b"0.xX".contains(byte));
    let is_in_range = match number.classify() {
        FpCategory::Normal => true,
        FpCategory::Infinite => is_infinite,
        FpCategory::Zero => is_zero,
        FpCategory::Nan | FpCategory::Subnormal => false,
    };
    is_in_range.then_some(if is_negative { -number } else { number })
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
