//! Numbers as Redis reads them: strict integers, octal modes, sizes with units, percentages.

use super::error::Invalid;

/// A decimal integer in its only canonical form: no sign but `-`, no leading zeros, no blanks.
pub(super) fn parse_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        b"0" => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { str::from_utf8(text).ok()?.parse().ok() } else { None }
}

/// An integer as C's `strtoll` takes it, which also reads `+1` and `01`.
pub(super) fn parse_loose_integer(text: &[u8]) -> Option<i64> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// A number in base 8; no digits are zero.
pub(super) fn parse_octal(text: &[u8]) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    i64::from_str_radix(str::from_utf8(text).ok()?, 8).ok()
}

/// A size in bytes: digits and one of `b`, `k`, `kb`, `m`, `mb`, `g`, `gb` in either case, where
/// `k` is 1000 and `kb` 1024.
///
/// No digits are zero. Digits beyond 64 bits are the largest number, as in Redis; a unit that
/// takes the product beyond it is refused, where Redis wraps around.
pub(crate) fn parse_memory(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, unit) = text.split_at(digits);
    let multiplier = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let number = digits.iter().fold(0_u64, |number, digit| {
        number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
    });
    number.checked_mul(multiplier)
}

/// A percentage from 0% to 100%; `None` if `text` is no percentage at all.
pub(super) fn parse_percent(text: &[u8]) -> Option<Result<u8, Invalid>> {
    let percent = parse_integer(text.strip_suffix(b"%")?).filter(|percent| *percent >= 0)?;
    Some(match u8::try_from(percent) {
        Ok(percent @ 0..=100) => Ok(percent),
        _ => Err(Invalid::Percent),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_form() {
        for (text, number) in [
            ("0", 0),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse_integer(text.as_bytes()), Some(number));
        }
        for text in ["", "-", "-0", "+1", "01", " 1", "1 ", "1x", "9223372036854775808"] {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("", 0),
            ("1b", 1),
            ("2k", 2000),
            ("2KB", 2048),
            ("64mb", 64 << 20),
            ("3M", 3_000_000),
            ("1g", 1_000_000_000),
            ("1Gb", 1 << 30),
            ("18446744073709551615", u64::MAX),
            ("99999999999999999999", u64::MAX),
        ] {
            assert_eq!(parse_memory(text.as_bytes()), Some(bytes), "{text}");
        }
        // The last one would be zero if it wrapped around.
        for text in ["-1", "1t", "1 k", "k1", "1.5g", "17179869184gb"] {
            assert_eq!(parse_memory(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn percentages_end_at_100() {
        assert_eq!(parse_percent(b"0%"), Some(Ok(0)));
        assert_eq!(parse_percent(b"100%"), Some(Ok(100)));
        assert_eq!(parse_percent(b"101%"), Some(Err(Invalid::Percent)));
        assert_eq!(parse_percent(b"-1%").or(parse_percent(b"1")).or(parse_percent(b"%")), None);
    }
}
