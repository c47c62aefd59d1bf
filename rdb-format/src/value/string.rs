//! Whole strings.

use std::ops::Deref;

use bytes::Bytes;

/// A value of type string. Two are equal if their texts are.
#[derive(Clone, Debug)]
pub enum StringValue {
    /// The decimal text of a number.
    Int(i64),
    /// Any bytes.
    Raw(Bytes),
}

impl StringValue {
    /// `bytes` as a string: [`Int`](Self::Int) if they are the one decimal text that an `i64` has
    /// (no leading zero or plus sign, not `-0`), else [`Raw`](Self::Raw).
    ///
    /// ```
    /// use bytes::Bytes;
    /// use rdb_format::StringValue;
    ///
    /// assert!(matches!(StringValue::parse(Bytes::from_static(b"-42")), StringValue::Int(-42)));
    /// assert!(matches!(StringValue::parse(Bytes::from_static(b"042")), StringValue::Raw(_)));
    /// ```
    pub fn parse(bytes: Bytes) -> Self {
        match parse_integer(&bytes) {
            Some(number) => Self::Int(number),
            None => Self::Raw(bytes),
        }
    }

    /// The text, borrowed or on the stack.
    pub fn as_bytes(&self) -> StringText<'_> {
        match self {
            Self::Int(number) => StringText::from_int(*number),
            Self::Raw(bytes) => StringText::from_bytes(bytes),
        }
    }

    /// The text, shared where it is stored as such.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Int(number) => Bytes::copy_from_slice(Decimal::new(*number).as_bytes()),
            Self::Raw(bytes) => bytes.clone(),
        }
    }

    /// Length of the text in bytes.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether the text has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl PartialEq for StringValue {
    fn eq(&self, other: &Self) -> bool {
        *self.as_bytes() == *other.as_bytes()
    }
}

impl Eq for StringValue {}

/// A text, borrowed or on the stack: of a [`StringValue`] or of an
/// [`Entry`](crate::packed::Entry).
#[derive(Clone, Debug)]
pub struct StringText<'a>(Text<'a>);

#[derive(Clone, Debug)]
enum Text<'a> {
    Int(Decimal),
    Raw(&'a [u8]),
}

impl<'a> StringText<'a> {
    /// The decimal text of `number`.
    pub fn from_int(number: i64) -> Self {
        Self(Text::Int(Decimal::new(number)))
    }

    /// `bytes` themselves.
    pub const fn from_bytes(bytes: &'a [u8]) -> Self {
        Self(Text::Raw(bytes))
    }
}

impl Deref for StringText<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Text::Int(decimal) => decimal.as_bytes(),
            Text::Raw(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for StringText<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// The decimal text of an `i64`, on the stack.
#[derive(Clone, Debug)]
pub(crate) struct Decimal {
    text: [u8; DECIMAL_LEN_MAX],
    len: usize,
}

impl Decimal {
    pub(crate) fn new(number: i64) -> Self {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(number).as_bytes();
        let mut text = [0; DECIMAL_LEN_MAX];
        text[..digits.len()].copy_from_slice(digits);
        Self { text, len: digits.len() }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

/// The number whose only decimal text is `text`.
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    if text.len() > DECIMAL_LEN_MAX {
        return None;
    }
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let leading_ok = match digits {
        [] => false,
        [b'0', rest @ ..] => rest.is_empty() && !negative,
        _ => true,
    };
    if !leading_ok {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, &digit| {
        let digit = i64::from(digit.checked_sub(b'0').filter(|&digit| digit <= 9)?);
        let shifted = number.checked_mul(10)?;
        if negative { shifted.checked_sub(digit) } else { shifted.checked_add(digit) }
    })
}

/// Length of `i64::MIN` in decimal.
const DECIMAL_LEN_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_decimal_text_is_a_number() {
        let edges = [0, 1, -1, 9, 10, -10, i64::from(i32::MIN), i64::MAX, i64::MIN];
        for number in edges {
            let text = number.to_string();
            assert_eq!(parse_integer(text.as_bytes()), Some(number));
            assert_eq!(&*StringValue::Int(number).as_bytes(), text.as_bytes());
            assert_eq!(StringValue::Int(number).to_bytes(), text);
            assert_eq!(StringValue::Int(number).len(), text.len());
        }
        let others = [
            "",
            "-",
            "+5",
            "-0",
            "00",
            "007",
            "-07",
            " 5",
            "5 ",
            "1.5",
            "1e3",
            "0x1",
            "5\0",
            "/",
            ":",
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
        ];
        for text in others {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn equal_by_text() {
        assert_eq!(StringValue::Int(12), StringValue::Raw(Bytes::from_static(b"12")));
        assert_ne!(StringValue::Int(12), StringValue::Raw(Bytes::from_static(b"012")));
    }
}
