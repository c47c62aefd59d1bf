use std::io::Write;

use nom::{
    IResult, Parser,
    bytes::complete::tag,
    character::complete::{digit1, one_of},
    combinator::{all_consuming, opt, recognize},
};

/// Reads a decimal integer as Redis writes it: an optional `-`, no `+`, no leading zero, no `-0`.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let magnitude = match digits {
        [b'0'] if !negative => 0,
        [b'1'..=b'9', ..] if digits.len() <= 19 => {
            let mut magnitude = 0u64;
            for &digit in digits {
                let digit = digit.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                // 19 digits are less than 2^64.
                magnitude = magnitude * 10 + u64::from(digit);
            }
            magnitude
        }
        _ => return None,
    };
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Reads a double of RESP3: `inf`, `-inf`, `nan` or a decimal number.
pub(crate) fn double(text: &[u8]) -> Option<f64> {
    match text {
        b"inf" => return Some(f64::INFINITY),
        b"-inf" => return Some(f64::NEG_INFINITY),
        b"nan" | b"-nan" => return Some(f64::NAN),
        _ => {}
    }
    let fraction = (tag("."), digit1);
    let exponent = (one_of("eE"), opt(one_of("+-")), digit1);
    let number = (opt(tag("-")), digit1, opt(fraction), opt(exponent));
    let parsed: IResult<_, _> = all_consuming(recognize(number)).parse(text);
    let (_, text) = parsed.ok()?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Room for the text of a double.
#[derive(Default)]
pub(crate) struct DoubleBuffer {
    digits: [u8; 24],
    text: [u8; 32],
}

impl DoubleBuffer {
    /// The shortest text that reads back as `value`, in the shape that Redis 7.2 gives it
    /// (`fpconv_dtoa`).
    pub(crate) fn format(&mut self, value: f64) -> &[u8] {
        if !value.is_finite() {
            return match value {
                f64::INFINITY => b"inf",
                f64::NEG_INFINITY => b"-inf",
                _ => b"nan",
            };
        }
        // `d.ddde-7`: 17 digits, a point, `e` and at most 4 bytes of exponent.
        let mut free = &mut self.text[..];
        write!(free, "{:e}", value.abs()).expect("24 bytes are enough");
        let free = free.len();
        let written = &self.text[..self.text.len() - free];
        let e = written.iter().position(|byte| *byte == b'e').expect("`{:e}` writes it");
        let exponent = integer(&written[e + 1..]).expect("`{:e}` writes a number") as isize;
        let mut count = 0;
        for digit in written[..e].iter().filter(|byte| **byte != b'.') {
            self.digits[count] = *digit;
            count += 1;
        }
        let digits = &self.digits[..count];
        // value = digits * 10^scale
        let scale = exponent - (count as isize - 1);
        let mut out = &mut self.text[..];
        if value.is_sign_negative() {
            put(&mut out, b"-");
        }
        if scale >= 0 && exponent < count as isize + 7 {
            put(&mut out, digits);
            put(&mut out, &b"00000000"[..scale as usize]);
        } else if scale < 0 && (scale > -7 || exponent.abs() < 4) {
            if exponent < 0 {
                put(&mut out, b"0.");
                put(&mut out, &b"00000000"[..(-exponent - 1) as usize]);
                put(&mut out, digits);
            } else {
                put(&mut out, &digits[..exponent as usize + 1]);
                put(&mut out, b".");
                put(&mut out, &digits[exponent as usize + 1..]);
            }
        } else {
            put(&mut out, &digits[..1]);
            if count > 1 {
                put(&mut out, b".");
                put(&mut out, &digits[1..]);
            }
            put(&mut out, if exponent < 0 { b"e-" } else { b"e+" });
            put(&mut out, itoa::Buffer::new().format(exponent.unsigned_abs()).as_bytes());
        }
        let free = out.len();
        &self.text[..self.text.len() - free]
    }
}

fn put(out: &mut &mut [u8], text: &[u8]) {
    out.write_all(text).expect("a sign, 17 digits, a point and an exponent fit in 32 bytes");
}

/// Whether this is an integer of any size.
pub(crate) fn is_big(text: &[u8]) -> bool {
    let parsed: IResult<_, _> = all_consuming((opt(tag("-")), digit1)).parse(text);
    parsed.is_ok()
}

#[cfg(test)]
mod tests {
    use super::{DoubleBuffer, double, integer};

    #[test]
    fn doubles_in_the_shape_of_redis() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (1e7, "10000000"),
            (1e8, "1e+8"),
            (1e21, "1e+21"),
            (123456789012345680.0, "123456789012345680"),
            (0.000001, "0.000001"),
            (0.0000001, "1e-7"),
            (0.001234567, "0.001234567"),
            (0.0001234567, "1.234567e-4"),
            (1.0 / 3.0, "0.3333333333333333"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN, "-1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(std::str::from_utf8(DoubleBuffer::default().format(value)), Ok(text));
            let read = double(text.as_bytes()).unwrap();
            assert!(read == value || read.is_nan() && value.is_nan(), "{text}");
        }
    }

    #[test]
    fn both_ends() {
        for n in [0, 1, -1, 9, 10, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1] {
            assert_eq!(integer(n.to_string().as_bytes()), Some(n));
        }
    }

    #[test]
    fn only_the_canonical_form() {
        for text in [
            "",
            "-",
            "+1",
            "-0",
            "00",
            "01",
            "-01",
            " 1",
            "1 ",
            "1a",
            "a",
            "0x1",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "99999999999999999999",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text:?}");
        }
    }
}
