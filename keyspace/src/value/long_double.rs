//! The arithmetic of INCRBYFLOAT and HINCRBYFLOAT.
//!
//! Redis computes in the `long double` of its C compiler, which on x86-64 is the 80-bit format of the
//! x87 (64 bits of mantissa, where an `f64` has 53), and prints 17 digits after the point. Any other
//! arithmetic shows: `3.0 + 1.1` is `4.10000000000000009` in an `f64`.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, BigUint, Sign};

/// A number in the 80-bit format of the x87, an infinity included. There is no NaN.
#[derive(Clone, Copy, Debug)]
pub struct LongDouble {
    is_negative: bool,
    magnitude: Magnitude,
}

#[derive(Clone, Copy, Debug)]
enum Magnitude {
    /// `mantissa * 2^exponent`.
    Finite {
        mantissa: u64,
        exponent: i32,
    },
    Infinite,
}

impl LongDouble {
    /// Reads what Redis takes for such a number: what C's `strtold` reads, but no space before it and
    /// nothing after it, no NaN, and nothing that is too large or that would become 0.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (is_negative, unsigned) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let is_word = |word: &[u8]| unsigned.eq_ignore_ascii_case(word);
        let magnitude = if is_word(b"inf") || is_word(b"infinity") {
            Magnitude::Infinite
        } else if let [b'0', b'x' | b'X', hexadecimal @ ..] = unsigned {
            let digits = Digits::parse(hexadecimal, 16, b'p')?;
            let number = BigUint::from_radix_be(&digits.digits, 16)?;
            // Each digit of the fraction counts for four bits.
            finite(number, digits.exponent - 4 * digits.fraction_len, false)?
        } else {
            decimal(&Digits::parse(unsigned, 10, b'e')?)?
        };
        Some(Self { is_negative, magnitude })
    }

    /// Whether it is an infinity.
    pub fn is_infinite(self) -> bool {
        matches!(self.magnitude, Magnitude::Infinite)
    }

    /// The `f64` nearest to an unsigned hexadecimal text that C's `strtod` reads, `0x1.8p3` for one.
    /// Too large a number is infinite.
    ///
    /// The text is rounded once: by way of a `LongDouble` it would be twice.
    pub fn hexadecimal_f64(text: &[u8]) -> Option<f64> {
        let [b'0', b'x' | b'X', digits @ ..] = text else { return None };
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let digits = Digits::parse(digits, 16, b'p')?;
        let number = BigUint::from_radix_be(&digits.digits, 16)?;
        let dropped = number.bits().saturating_sub(u64::BITS.into());
        let top = &number >> dropped;
        // One bit stands for all below it: what is more than half way to the next f64 stays so.
        let is_inexact = &top << dropped != number;
        let mantissa = u64::try_from(top).expect("64 bits") | u64::from(is_inexact);
        if mantissa == 0 {
            return Some(0.0);
        }
        let exponent = digits.exponent - 4 * digits.fraction_len + dropped as i64;
        let exponent = exponent.clamp(-F64_EXPONENT_MAX, F64_EXPONENT_MAX) as i32;
        // In two steps: the power alone may be out of range.
        let (half, rest) = (exponent / 2, exponent - exponent / 2);
        Some(mantissa as f64 * 2_f64.powi(half) * 2_f64.powi(rest))
    }

    /// The sum, rounded to the nearest number of the format. `None` if that is an infinity or no
    /// number at all.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let (left, right) = (self.finite()?, other.finite()?);
        let exponent = left.1.min(right.1);
        let scaled =
            |(mantissa, from): (BigInt, i32)| mantissa << (from - exponent).cast_unsigned();
        let sum = scaled(left) + scaled(right);
        let is_negative = sum.sign() == Sign::Minus;
        let magnitude = finite(sum.into_parts().1, exponent.into(), false)?;
        Some(Self { is_negative, magnitude })
    }

    fn finite(self) -> Option<(BigInt, i32)> {
        let Magnitude::Finite { mantissa, exponent } = self.magnitude else { return None };
        let sign = if self.is_negative { Sign::Minus } else { Sign::Plus };
        Some((BigInt::from_biguint(sign, mantissa.into()), exponent))
    }
}

/// As `%.17Lf` prints it, without the zeros at the end of the fraction; `0` for a negative zero.
impl fmt::Display for LongDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative { "-" } else { "" };
        let Magnitude::Finite { mantissa, exponent } = self.magnitude else {
            return write!(f, "{sign}inf");
        };
        let scaled = BigUint::from(mantissa) * 10_u64.pow(FRACTION_DIGITS);
        let scaled = match u32::try_from(exponent) {
            Ok(exponent) => scaled << exponent,
            Err(_) => shift_right(&scaled, exponent.unsigned_abs().into(), false),
        };
        let fraction_digits = FRACTION_DIGITS as usize;
        let text = format!("{:0>width$}", scaled.to_string(), width = fraction_digits + 1);
        let (whole, fraction) = text.split_at(text.len() - fraction_digits);
        match fraction.trim_end_matches('0') {
            "" if whole == "0" => f.write_str("0"),
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

/// The digits of a number and where its point is.
struct Digits {
    /// Values of the digits, the highest first, without zeros before them.
    digits: Vec<u8>,
    /// How many of the digits as written come after the point.
    fraction_len: i64,
    /// The exponent as written.
    exponent: i64,
}

impl Digits {
    /// Reads digits with a point somewhere and an exponent in decimal after `mark`.
    fn parse(text: &[u8], radix: u32, mark: u8) -> Option<Self> {
        let (mut digits, mut digit_count, mut point) = (Vec::new(), 0, None);
        let mut rest = text;
        while let [byte, after @ ..] = rest {
            match char::from(*byte).to_digit(radix) {
                Some(digit) => {
                    digit_count += 1;
                    if digit != 0 || !digits.is_empty() {
                        digits.push(digit as u8);
                    }
                }
                None if *byte == b'.' && point.is_none() => point = Some(digit_count),
                None => break,
            }
            rest = after;
        }
        let exponent = match rest {
            [] => 0,
            [byte, exponent @ ..] if byte.eq_ignore_ascii_case(&mark) => parse_exponent(exponent)?,
            _ => return None,
        };
        if digit_count == 0 {
            return None;
        }
        let fraction_len = digit_count - point.unwrap_or(digit_count);
        Some(Self { digits, fraction_len, exponent })
    }
}

/// An exponent; beyond [`EXPONENT_TEXT_MAX`] it is that.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits
        .iter()
        .fold(0, |number, digit| (10 * number + i64::from(digit - b'0')).min(EXPONENT_TEXT_MAX));
    Some(if is_negative { -number } else { number })
}

/// The number nearest to what the digits say.
fn decimal(digits: &Digits) -> Option<Magnitude> {
    let number = BigUint::from_radix_be(&digits.digits, 10)?;
    let exponent = digits.exponent - digits.fraction_len;
    // Where the first digit stands. A number that is out of reach is not computed.
    let highest = exponent + digits.digits.len() as i64;
    if number == BigUint::ZERO {
        return finite(number, 0, false);
    }
    if !DECIMAL_RANGE.contains(&highest) {
        return None;
    }
    let power = BigUint::from(10_u8).pow(exponent.unsigned_abs() as u32);
    if exponent >= 0 {
        return finite(number * power, 0, false);
    }
    // As many bits as decide how to round.
    let shift = (power.bits() + u64::from(u64::BITS) + 2).saturating_sub(number.bits());
    let (number, power) = (number << shift, power);
    let quotient = &number / &power;
    let is_inexact = &quotient * &power != number;
    finite(quotient, -(shift as i64), is_inexact)
}

/// The number nearest to `number * 2^exponent`, or to a little more than that if `is_inexact`.
/// `None` if that is too large, or 0 in place of something else.
fn finite(number: BigUint, exponent: i64, is_inexact: bool) -> Option<Magnitude> {
    if number == BigUint::ZERO {
        return Some(Magnitude::Finite { mantissa: 0, exponent: 0 });
    }
    let surplus = number.bits() as i64 - i64::from(u64::BITS);
    let dropped = surplus.max(i64::from(EXPONENT_MIN) - exponent);
    let (mut mantissa, mut exponent) = match u64::try_from(dropped) {
        Ok(dropped) => (shift_right(&number, dropped, is_inexact), exponent + dropped as i64),
        // It has fewer bits than the format, and what is inexact has more.
        Err(_) => (number, exponent),
    };
    if mantissa.bits() > u64::BITS.into() {
        // It was rounded up to the next power of two.
        mantissa >>= 1;
        exponent += 1;
    }
    let mantissa = u64::try_from(mantissa).expect("64 bits");
    let highest = exponent + i64::from(u64::BITS - mantissa.leading_zeros());
    if mantissa == 0 || highest > HIGHEST_BIT_MAX {
        return None;
    }
    Some(Magnitude::Finite { mantissa, exponent: exponent as i32 })
}

/// `number / 2^bits`, rounded to the nearest integer and between two of them to the even one;
/// `is_inexact` if it stands for a little more than `number`.
fn shift_right(number: &BigUint, bits: u64, is_inexact: bool) -> BigUint {
    if bits > number.bits() + 1 {
        return BigUint::ZERO;
    }
    let quotient = number >> bits;
    let rest = number - (&quotient << bits);
    let rounds_up = match (rest << 1_u32).cmp(&(BigUint::from(1_u8) << bits)) {
        Ordering::Less => false,
        Ordering::Equal if bits == 0 => false,
        Ordering::Equal => is_inexact || quotient.bit(0),
        Ordering::Greater => true,
    };
    if rounds_up { quotient + 1_u8 } else { quotient }
}

/// Redis reads no more than fits its buffer of 5 KiB with a zero byte.
const TEXT_BYTES_MAX: usize = 5 * 1024 - 1;

/// Digits that are printed after the point.
const FRACTION_DIGITS: u32 = 17;

/// Power of two of the last bit of the smallest numbers.
const EXPONENT_MIN: i32 = -16_445;

/// The largest number is below 2 to this.
const HIGHEST_BIT_MAX: i64 = 16_384;

/// Decimal places of the first digit of numbers that can be told: about those of 3.6e-4951 and
/// 1.2e+4932.
const DECIMAL_RANGE: std::ops::RangeInclusive<i64> = -4_951..=4_934;

/// Beyond the exponent of any `f64` with 64 bits before its point.
const F64_EXPONENT_MAX: i64 = 2_000;

/// Far beyond any exponent that the digits of a text could make good for.
const EXPONENT_TEXT_MAX: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(left: &str, right: &str) -> Option<String> {
        let number = |text: &str| LongDouble::parse(text.as_bytes());
        number(left)?.checked_add(number(right)?).map(|sum| sum.to_string())
    }

    /// Replies of Redis 7.0.15 on x86-64 to INCRBYFLOAT.
    const SUMS: &[(&str, &str, &str)] = &[
        ("0", "0", "0"),
        ("3.0", "1.1", "4.1"),
        ("10.5", "0.1", "10.6"),
        ("0.1", "0.2", "0.3"),
        ("5.0e3", "2.0e2", "5200"),
        ("-0", "0", "0"),
        ("-1", "1", "0"),
        ("1", "-1.00000000000000001", "-0.00000000000000001"),
        ("1", "1e-17", "1.00000000000000001"),
        ("1", "1e-18", "1"),
        ("0", "-1e-18", "0"),
        ("0", "5e-18", "0"),
        ("0", "-0.000000000000000005000001", "-0.00000000000000001"),
        ("9223372036854775807", "1", "9223372036854775808"),
        ("18446744073709551615", "1", "18446744073709551616"),
        ("18446744073709551616", "1", "18446744073709551616"),
        ("36893488147419103233", "0", "36893488147419103232"),
        ("1e20", "0.5", "100000000000000000000"),
        ("0x1p3", "0X1.8p1", "11"),
        ("0x.8", "0x10", "16.5"),
        ("1.", "+.5", "1.5"),
        ("00012", "1e-2", "12.01"),
        ("3.6451995318824746025e-4951", "0", "0"),
        ("1e-4940", "1", "1"),
        ("123456789.123456789", "987654321.987654321", "1111111111.11111110995989293"),
        ("1e+2", "1E-2", "100.01"),
        ("0.30000000000000000004", "0", "0.3"),
        ("7.5", "-2.25", "5.25"),
        ("0e999999999999", "1", "1"),
        ("17179869184.00000000023283064365386962890625", "0", "17179869184"),
        ("4.35", "100", "104.35"),
    ];

    #[test]
    fn sums_are_those_of_redis() {
        for &(left, right, wanted) in SUMS {
            assert_eq!(sum(left, right).as_deref(), Some(wanted), "{left} + {right}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            " 1",
            "1 ",
            "1e",
            "1e+",
            "0x",
            "0xp1",
            "0x1p",
            ".",
            "-",
            "+-1",
            "e5",
            "1.2.3",
            "nan",
            "-nan",
            "nan(1)",
            "infi",
            "1_0",
            "1e5.5",
            "\x001",
            "1\0",
            "1e5000",
            "1e-5000",
            "-1e99999999999999999999",
            "0x1p20000",
            "0x1p-20000",
            "1f",
        ] {
            assert!(LongDouble::parse(text.as_bytes()).is_none(), "{text:?}");
        }
        assert!(LongDouble::parse(&[b'1'; TEXT_BYTES_MAX + 1]).is_none());
    }

    #[test]
    fn hexadecimal_doubles_are_rounded_once() {
        for (text, wanted) in [
            ("0x0", Some(0.0)),
            ("0X1.8P1", Some(3.0)),
            ("0x.8", Some(0.5)),
            ("0x1.00000000000008", Some(1.0)),
            ("0x1.000000000000080000000000000001", Some(1.0 + f64::EPSILON)),
            ("0x1.fffffffffffffp1023", Some(f64::MAX)),
            ("0x1p-1022", Some(f64::MIN_POSITIVE)),
            ("0x1p1024", Some(f64::INFINITY)),
            ("0x1p-99999", Some(0.0)),
            ("0x0p99999", Some(0.0)),
            ("0x", None),
            ("1", None),
        ] {
            assert_eq!(LongDouble::hexadecimal_f64(text.as_bytes()), wanted, "{text}");
        }
    }

    #[test]
    fn sums_that_are_infinite_or_none_are_told() {
        let number = |text: &str| LongDouble::parse(text.as_bytes()).expect("a number");
        for (left, right) in [("inf", "1"), ("inf", "-inf"), ("1e4932", "1e4932")] {
            assert!(number(left).checked_add(number(right)).is_none(), "{left} + {right}");
        }
        assert!(number("-Infinity").is_infinite());
        assert_eq!(number("-inf").to_string(), "-inf");
    }
}
