//! Where values are kept: small ones as bytes beside their keys, others elsewhere.

use bytes::Bytes;
use rdb_format::StringValue;

use crate::value::{StringRef, Value, ValueRef};

/// What an entry holds of its value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Content<'a> {
    /// All of it.
    Inline(Form, &'a [u8]),
    /// Its id in a slab.
    InSlab(u32),
}

/// What bytes of an inline value mean.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Form {
    /// A string that is a number: 8 bytes, little-endian.
    Int = 1,
    /// Any other string.
    Text,
}

/// A value that is small enough to be kept inline.
pub(crate) enum Packed<'a> {
    Int([u8; 8]),
    Bytes(Form, &'a [u8]),
}

impl Form {
    const ALL: [Self; 2] = [Self::Int, Self::Text];

    pub(crate) fn new(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&form| form as u8 == number)
    }

    /// A view of the value that these bytes are.
    pub(crate) fn view(self, bytes: &[u8]) -> ValueRef<'_> {
        match self {
            Self::Int => ValueRef::String(StringRef::Int(number(bytes))),
            Self::Text => ValueRef::String(StringRef::Inline(bytes)),
        }
    }

    /// The value that these bytes are.
    pub(crate) fn value(self, bytes: &[u8]) -> Value {
        match self {
            Self::Int => StringValue::Int(number(bytes)).into(),
            Self::Text => StringValue::Raw(Bytes::copy_from_slice(bytes)).into(),
        }
    }
}

impl<'a> Packed<'a> {
    /// The value as bytes, if they are few enough.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        let (form, bytes) = match value {
            Value::String(StringValue::Int(number)) => {
                return Some(Self::Int(number.to_le_bytes()));
            }
            Value::String(StringValue::Raw(text)) => (Form::Text, &text[..]),
            _ => return None,
        };
        (bytes.len() <= INLINE_BYTES_MAX).then_some(Self::Bytes(form, bytes))
    }

    pub(crate) fn content(&self) -> Content<'_> {
        match self {
            Self::Int(bytes) => Content::Inline(Form::Int, bytes),
            Self::Bytes(form, bytes) => Content::Inline(*form, bytes),
        }
    }
}

fn number(bytes: &[u8]) -> i64 {
    i64::from_le_bytes(bytes.try_into().expect("a number takes 8 bytes"))
}

/// The most of a value that is kept inline: what copying it costs when the entry changes is about
/// what an allocation does. Of a string up to this length, what the caller gave is not kept.
pub const INLINE_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_values_come_back() {
        for value in [
            StringValue::Int(i64::MIN),
            StringValue::Int(i64::MAX),
            StringValue::Raw(Bytes::new()),
            StringValue::Raw(Bytes::from_static(b"text")),
            StringValue::Raw(vec![b'x'; INLINE_BYTES_MAX].into()),
        ] {
            let value = Value::from(value);
            let packed = Packed::of(&value).expect("it is small");
            let Content::Inline(form, bytes) = packed.content() else { panic!("it is inline") };
            assert_eq!(Form::new(form as u8), Some(form));
            assert_eq!(form.value(bytes), value);
            assert_eq!(form.view(bytes), value);
        }
    }

    #[test]
    fn what_is_large_is_not_packed() {
        let value = Value::from(StringValue::Raw(vec![b'x'; INLINE_BYTES_MAX + 1].into()));
        assert!(Packed::of(&value).is_none());
    }
}
