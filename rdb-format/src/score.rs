//! Scores of sorted sets as text.

use std::fmt::{self, Write};
use std::ops::Deref;

use crate::packed::Entry;

/// The text of a score, as Redis 7.2 and later print it: of an integer its digits, of others the
/// fewest digits that are read as this very number, with an exponent where that is shorter.
///
/// ```
/// use rdb_format::ScoreText;
///
/// assert_eq!(&*ScoreText::new(0.1), b"0.1");
/// assert_eq!(&*ScoreText::new(-3.0), b"-3");
/// assert_eq!(&*ScoreText::new(1e21), b"1e+21");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ScoreText {
    text: [u8; TEXT_LEN_MAX],
    len: usize,
    integer: Option<i64>,
}

impl ScoreText {
    /// The text of `score`.
    pub fn new(score: f64) -> Self {
        let mut text = Self { text: [0; TEXT_LEN_MAX], len: 0, integer: None };
        if score.is_nan() {
            text.push(b"nan");
        } else if score.is_infinite() {
            text.push(if score > 0.0 { b"inf" } else { b"-inf" });
        } else if score == 0.0 && score.is_sign_negative() {
            text.push(b"-0");
            text.integer = Some(0);
        } else if let Some(integer) = to_integer(score) {
            text.push(itoa::Buffer::new().format(integer).as_bytes());
            text.integer = Some(integer);
        } else {
            text.push_digits(score);
        }
        text
    }

    /// As an entry of a packed sorted set, where the sign of zero is lost.
    pub fn entry(&self) -> Entry<'_> {
        match self.integer {
            Some(integer) => Entry::Int(integer),
            None => Entry::Text(self),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.text[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn push_zeros(&mut self, count: usize) {
        self.text[self.len..self.len + count].fill(b'0');
        self.len += count;
    }

    /// `score` is finite and not zero.
    fn push_digits(&mut self, score: f64) {
        let mut shortest = Digits::default();
        write!(shortest, "{:e}", score.abs()).expect("17 digits and an exponent fit");
        let (digits, exponent) = shortest.digits_and_exponent();
        let len = digits.len() as i32;
        // The number is digits * 10^scale.
        let scale = exponent + 1 - len;
        if score < 0.0 {
            self.push(b"-");
        }
        if scale >= 0 && exponent.abs() < len + PLAIN_ZEROS_MAX {
            self.push(digits);
            self.push_zeros(scale as usize);
        } else if scale < 0 && (scale > -PLAIN_DECIMALS_MAX || exponent.abs() < PLAIN_EXPONENT_MAX)
        {
            let point = len + scale;
            if point > 0 {
                let (whole, part) = digits.split_at(point as usize);
                self.push(whole);
                self.push(b".");
                self.push(part);
            } else {
                self.push(b"0.");
                self.push_zeros(-point as usize);
                self.push(digits);
            }
        } else {
            let (first, others) = digits.split_at(1);
            self.push(first);
            if !others.is_empty() {
                self.push(b".");
                self.push(others);
            }
            self.push(if exponent < 0 { b"e-" } else { b"e+" });
            self.push(itoa::Buffer::new().format(exponent.unsigned_abs()).as_bytes());
        }
    }
}

impl Deref for ScoreText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

impl AsRef<[u8]> for ScoreText {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// The integer that a score is, if it is printed as one.
fn to_integer(score: f64) -> Option<i64> {
    // Half of the range of an i64, beyond which Redis does not look.
    const BOUND: f64 = (1_i64 << 62) as f64;
    ((-BOUND..=BOUND).contains(&score) && score.fract() == 0.0).then_some(score as i64)
}

/// What the standard library prints: `1.5e-7`.
#[derive(Default)]
struct Digits {
    bytes: [u8; TEXT_LEN_MAX],
    len: usize,
}

impl Digits {
    /// The digits without the point, and the exponent of the first one.
    fn digits_and_exponent(&mut self) -> (&[u8], i32) {
        let text = &self.bytes[..self.len];
        let e = text.iter().position(|&byte| byte == b'e').unwrap_or(self.len);
        let exponent = str::from_utf8(&text[e..]).ok().and_then(|text| text.get(1..)?.parse().ok());
        let mut digits = e;
        if e > 1 {
            // The point is the second byte.
            self.bytes.copy_within(2..e, 1);
            digits -= 1;
        }
        (&self.bytes[..digits], exponent.unwrap_or_default())
    }
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Up to so many zeros are put behind the digits rather than an exponent.
const PLAIN_ZEROS_MAX: i32 = 7;

/// With fewer decimals than this there is no exponent.
const PLAIN_DECIMALS_MAX: i32 = 7;

/// With an exponent below this there is none, however many the decimals.
const PLAIN_EXPONENT_MAX: i32 = 4;

/// 17 digits, up to 7 zeros, a sign and a point.
const TEXT_LEN_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// As Redis 8.2.3 answers ZSCORE of a large sorted set.
    #[test]
    fn scores_are_printed_as_by_redis() {
        for (score, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-17.0, "-17"),
            (0.1, "0.1"),
            (-0.1, "-0.1"),
            (1.5, "1.5"),
            (123_456.789, "123456.789"),
            (1e17, "100000000000000000"),
            (1e18, "1000000000000000000"),
            (5e18, "5e+18"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-7"),
            (1e-5, "0.00001"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (0.001_234_567_89, "0.00123456789"),
            (0.000_123_456_789, "1.23456789e-4"),
            (4_611_686_018_427_387_904.0, "4611686018427387904"),
            (4_611_686_018_427_388_928.0, "4611686018427389000"),
            (6_917_529_027_641_081_856.0, "6917529027641082000"),
            (1_234_567_890_123_456_700_000.0, "1234567890123456800000"),
            (0.000_123_456_789_012_345_6, "1.234567890123456e-4"),
            (1.234_567_89e-5, "1.23456789e-5"),
            (123_456_789_012_345_678.0, "123456789012345680"),
            (9_223_372_036_854_775_808.0, "9223372036854776000"),
            (-9_223_372_036_854_775_808.0, "-9223372036854776000"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(str::from_utf8(&ScoreText::new(score)), Ok(text));
        }
    }

    #[test]
    fn every_text_is_read_as_the_same_score() {
        let mut bits = 1_u64;
        for _ in 0..100_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let score = f64::from_bits(bits);
            if !score.is_nan() {
                let text = ScoreText::new(score);
                assert_eq!(text.entry().to_score(), Some(score));
                assert_eq!(str::from_utf8(&text).unwrap().parse(), Ok(score));
            }
        }
    }
}
