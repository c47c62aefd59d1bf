//! What commands do with strings.
//!
//! A string that these operations have built stays [`StringValue::Raw`] even if it reads like a
//! number, as in Redis; only [`incr_by`] makes numbers.

pub mod bitfield;
pub mod bits;

use bytes::{Bytes, BytesMut};
use rdb_format::{StringText, StringValue};

/// A view of a string.
#[derive(Clone, Copy, Debug)]
pub enum StringRef<'a> {
    /// The decimal text of a number.
    Int(i64),
    /// Bytes that are copied by whoever keeps them.
    Inline(&'a [u8]),
    /// Bytes that are shared with whoever keeps them.
    Shared(&'a Bytes),
}

impl<'a> StringRef<'a> {
    /// The text, borrowed or on the stack.
    pub fn text(self) -> StringText<'a> {
        match self {
            Self::Int(number) => StringText::from_int(number),
            Self::Inline(text) => StringText::from_bytes(text),
            Self::Shared(bytes) => StringText::from_bytes(bytes),
        }
    }

    /// Length of the text in bytes.
    pub fn len(self) -> usize {
        self.text().len()
    }

    /// Whether the text has no bytes.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The text, to be kept.
    pub fn to_bytes(self) -> Bytes {
        match self {
            Self::Shared(bytes) => bytes.clone(),
            text => Bytes::copy_from_slice(&text.text()),
        }
    }

    /// The string, to be kept.
    pub fn to_value(self) -> StringValue {
        match self {
            Self::Int(number) => StringValue::Int(number),
            Self::Inline(text) => StringValue::Raw(Bytes::copy_from_slice(text)),
            Self::Shared(bytes) => StringValue::Raw(bytes.clone()),
        }
    }

    /// Name of the encoding, as OBJECT ENCODING shows it.
    pub fn encoding(self) -> &'static str {
        match self {
            Self::Int(_) => "int",
            text if text.len() <= EMBSTR_BYTES_MAX => "embstr",
            _ => "raw",
        }
    }

    /// The text from `start` to `end`, both included; negative positions count from the end, -1
    /// being the last byte, and those before the first byte mean the first byte. Shared texts stay
    /// shared.
    pub fn range(self, start: i64, end: i64) -> Bytes {
        let text = self.text();
        // No allocation is larger than isize::MAX.
        let len = text.len() as i64;
        // Both before the first byte would mean the first byte, even in the wrong order.
        let reversed = start < 0 && end < 0 && start > end;
        let position = |at: i64| if at < 0 { (at.saturating_add(len)).max(0) } else { at };
        let (start, end) = (position(start), position(end).min(len - 1));
        if reversed || start > end {
            return Bytes::new();
        }
        let range = start as usize..=end as usize;
        match self {
            Self::Shared(bytes) => bytes.slice(range),
            _ => Bytes::copy_from_slice(&text[range]),
        }
    }
}

impl<'a> From<&'a StringValue> for StringRef<'a> {
    fn from(string: &'a StringValue) -> Self {
        match string {
            StringValue::Int(number) => Self::Int(*number),
            StringValue::Raw(bytes) => Self::Shared(bytes),
        }
    }
}

/// Longest string that Redis keeps in one allocation with its header.
const EMBSTR_BYTES_MAX: usize = 44;

/// Why a string could not be incremented.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IncrError {
    /// It is not the canonical decimal form of a 64-bit signed integer.
    #[error("the value is not an integer or out of range")]
    NotAnInteger,
    /// The sum is no 64-bit signed integer.
    #[error("the increment or decrement would overflow")]
    Overflow,
}

/// Adds `suffix` to the end and returns the new length.
///
/// A value that nobody else holds grows in place, with room to spare: many small suffixes cost as
/// much as one large one. The caller has checked that the new length is allowed.
pub fn append(value: &mut StringValue, suffix: &[u8]) -> usize {
    edit(value, |text| text.extend_from_slice(suffix))
}

/// Overwrites the text with `patch` from `offset` on and returns the new length. A shorter text is
/// first filled up with zero bytes; an empty patch changes nothing.
///
/// The caller has checked that `offset + patch.len()` is an allowed length.
pub fn set_range(value: &mut StringValue, offset: usize, patch: &[u8]) -> usize {
    if patch.is_empty() {
        return value.len();
    }
    edit(value, |text| {
        let end = offset + patch.len();
        if text.len() < end {
            text.resize(end, 0);
        }
        text[offset..end].copy_from_slice(patch);
    })
}

/// Adds `increment` to a string that is a number and returns the sum.
///
/// # Errors
/// [`IncrError`]; the value is as it was.
pub fn incr_by(value: &mut StringValue, increment: i64) -> Result<i64, IncrError> {
    let number = match value {
        StringValue::Int(number) => *number,
        StringValue::Raw(text) => match StringValue::parse(text.clone()) {
            StringValue::Int(number) => number,
            StringValue::Raw(_) => return Err(IncrError::NotAnInteger),
        },
    };
    let sum = number.checked_add(increment).ok_or(IncrError::Overflow)?;
    *value = StringValue::Int(sum);
    Ok(sum)
}

pub(super) fn edit(value: &mut StringValue, change: impl FnOnce(&mut BytesMut)) -> usize {
    let bytes = match std::mem::replace(value, StringValue::Int(0)) {
        StringValue::Raw(bytes) => bytes,
        number => number.to_bytes(),
    };
    // Without a copy if this is the only handle; the room that an earlier change left is kept.
    let mut text = bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
    change(&mut text);
    let len = text.len();
    *value = StringValue::Raw(text.freeze());
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &'static str) -> StringValue {
        StringValue::parse(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn appending_byte_by_byte_moves_the_text_only_when_it_has_doubled() {
        let mut value = string("");
        let (mut moves, mut address) = (0, std::ptr::null());
        for len in 1..=100_000 {
            assert_eq!(append(&mut value, b"x"), len);
            let StringValue::Raw(bytes) = &value else { panic!("text, not a number") };
            if bytes.as_ptr() != address {
                moves += 1;
                address = bytes.as_ptr();
            }
        }
        assert!(moves <= 20, "moved {moves} times");
    }

    #[test]
    fn appending_leaves_other_handles_as_they_were() {
        let mut value = string("one");
        let held = value.clone();
        assert_eq!(append(&mut value, b" two"), 7);
        assert_eq!((held, value), (string("one"), string("one two")));
    }

    #[test]
    fn appending_to_a_number_makes_text_that_is_still_a_number() {
        let mut value = string("12");
        assert_eq!(append(&mut value, b"3"), 3);
        assert!(matches!(&value, StringValue::Raw(text) if text == "123"));
        assert_eq!(incr_by(&mut value, 1), Ok(124));
        assert!(matches!(value, StringValue::Int(124)));
    }

    #[test]
    fn ranges_are_cut_off_at_both_ends() {
        // Taken from the rules of GETRANGE in Redis 7.2.
        for (text, start, end, range) in [
            ("Hello World", 0, 4, "Hello"),
            ("Hello World", -5, -1, "World"),
            ("Hello World", 0, -1, "Hello World"),
            ("Hello World", 6, 100, "World"),
            ("Hello World", 11, 100, ""),
            ("Hello World", 5, 3, ""),
            ("Hello World", -1, -5, ""),
            ("Hello World", -100, -50, "H"),
            ("Hello World", -50, -100, ""),
            ("Hello World", i64::MIN, i64::MAX, "Hello World"),
            ("1234", 1, 2, "23"),
            ("", 0, -1, ""),
            ("", -1, -1, ""),
        ] {
            assert_eq!(
                StringRef::from(&string(text)).range(start, end),
                range,
                "{text:?} {start} {end}"
            );
        }
    }

    #[test]
    fn patches_overwrite_and_extend() {
        for (text, offset, patch, patched) in [
            ("Hello World", 6, "Redis", "Hello Redis"),
            ("", 3, "abc", "\0\0\0abc"),
            ("abc", 1, "X", "aXc"),
            ("abc", 2, "XYZ", "abXYZ"),
            ("abc", 5, "X", "abc\0\0X"),
            ("123", 1, "x", "1x3"),
            ("abc", 9, "", "abc"),
        ] {
            let mut value = string(text);
            assert_eq!(set_range(&mut value, offset, patch.as_bytes()), patched.len());
            assert_eq!(value, StringValue::Raw(Bytes::from_static(patched.as_bytes())));
        }
    }

    #[test]
    fn increments_stop_at_both_ends_of_the_range() {
        let mut value = StringValue::Int(i64::MAX - 1);
        assert_eq!(incr_by(&mut value, 1), Ok(i64::MAX));
        assert_eq!(incr_by(&mut value, 1), Err(IncrError::Overflow));
        assert_eq!(value, StringValue::Int(i64::MAX));
        let mut value = StringValue::Int(i64::MIN);
        assert_eq!(incr_by(&mut value, -1), Err(IncrError::Overflow));
        assert_eq!(incr_by(&mut value, i64::MAX), Ok(-1));
    }

    #[test]
    fn only_canonical_numbers_are_incremented() {
        for text in ["", "x", "01", "+1", " 1", "1 ", "-0", "1.0", "9223372036854775808"] {
            assert_eq!(incr_by(&mut string(text), 1), Err(IncrError::NotAnInteger), "{text:?}");
        }
    }
}
