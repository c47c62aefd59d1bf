//! Where values are kept: small ones as bytes beside their keys, others elsewhere.

use bytes::Bytes;
use rdb_format::{Kind, StringValue, Thresholds, Whole};

use crate::value::{
    HashPacking, HashRef, ListRef, SetPacking, SetRef, SortedSetRef, StringRef, Value, ValueRef,
};

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
    /// A list that is a listpack.
    List,
    /// A set that is an intset.
    Intset,
    /// A set that is a listpack.
    Set,
    /// A sorted set that is a listpack.
    SortedSet,
    /// A hash that is a listpack, no field of which expires.
    Hash,
    /// A hash that is a listpack with expiries.
    HashWithTtls,
}

/// A value that is small enough to be kept inline.
pub(crate) enum Packed<'a> {
    Int([u8; 8]),
    Bytes(Form, &'a [u8]),
}

impl Form {
    const ALL: [Self; 8] = [
        Self::Int,
        Self::Text,
        Self::List,
        Self::Intset,
        Self::Set,
        Self::SortedSet,
        Self::Hash,
        Self::HashWithTtls,
    ];

    pub(crate) fn new(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Whether a value is kept in this form by these thresholds.
    fn is_within(self, bytes: &[u8], thresholds: &Thresholds) -> bool {
        match self.view(bytes) {
            ValueRef::List(list) => list.is_within(thresholds),
            ValueRef::Set(set) if self == Self::Intset => {
                set.len() <= thresholds.set_max_intset_entries
            }
            ValueRef::Set(set) => set.len() <= thresholds.set_max_listpack_entries,
            ValueRef::SortedSet(set) => set.len() <= thresholds.zset_max_listpack_entries,
            ValueRef::Hash(hash) => hash.len() <= thresholds.hash_max_listpack_entries,
            _ => true,
        }
    }

    /// The value that these bytes are as one string of the format, if it is one there.
    pub(crate) fn whole(self, bytes: &[u8]) -> Option<Whole<'_>> {
        Some(match self {
            Self::Int => Whole::Int(number(bytes)),
            // What reads like a number is written like one.
            Self::Text => Whole::Text(bytes),
            Self::List => Whole::Listpack(Kind::List, bytes),
            Self::Intset => Whole::Intset(bytes),
            Self::Set => Whole::Listpack(Kind::Set, bytes),
            Self::SortedSet => Whole::Listpack(Kind::SortedSet, bytes),
            Self::Hash => Whole::Listpack(Kind::Hash, bytes),
            Self::HashWithTtls => return None,
        })
    }

    /// A view of the value that these bytes are.
    pub(crate) fn view(self, bytes: &[u8]) -> ValueRef<'_> {
        match self {
            Self::Int => ValueRef::String(StringRef::Int(number(bytes))),
            Self::Text => ValueRef::String(StringRef::Inline(bytes)),
            Self::List => ValueRef::List(ListRef::from_packed(bytes)),
            Self::Intset => ValueRef::Set(SetRef::from_packed(SetPacking::Intset, bytes)),
            Self::Set => ValueRef::Set(SetRef::from_packed(SetPacking::Listpack, bytes)),
            Self::SortedSet => ValueRef::SortedSet(SortedSetRef::from_packed(bytes)),
            Self::Hash => ValueRef::Hash(HashRef::from_packed(HashPacking::Pairs, bytes)),
            Self::HashWithTtls => ValueRef::Hash(HashRef::from_packed(HashPacking::Triples, bytes)),
        }
    }

    /// The value that these bytes are.
    pub(crate) fn value(self, bytes: &[u8]) -> Value {
        match self {
            Self::Int => StringValue::Int(number(bytes)).into(),
            Self::Text => StringValue::Raw(Bytes::copy_from_slice(bytes)).into(),
            _ => self.view(bytes).to_value(),
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
            Value::List(list) => (Form::List, list.packed_bytes()?),
            Value::Set(set) => match set.packed()? {
                (SetPacking::Intset, bytes) => (Form::Intset, bytes),
                (SetPacking::Listpack, bytes) => (Form::Set, bytes),
            },
            Value::SortedSet(sorted_set) => (Form::SortedSet, sorted_set.packed_bytes()?),
            Value::Hash(hash) => match hash.packed()? {
                (HashPacking::Pairs, bytes) => (Form::Hash, bytes),
                (HashPacking::Triples, bytes) => (Form::HashWithTtls, bytes),
            },
            Value::Stream(_) | Value::Module(_) => return None,
        };
        (bytes.len() <= INLINE_BYTES_MAX).then_some(Self::Bytes(form, bytes))
    }

    /// The same of a value that is one string, if it is within the thresholds.
    pub(crate) fn of_whole(whole: Whole<'a>, thresholds: &Thresholds) -> Option<Self> {
        let (form, bytes) = match whole {
            Whole::Int(number) => return Some(Self::Int(number.to_le_bytes())),
            Whole::Text(text) => (Form::Text, text),
            Whole::Intset(blob) => (Form::Intset, blob),
            Whole::Listpack(Kind::List, blob) => (Form::List, blob),
            Whole::Listpack(Kind::Set, blob) => (Form::Set, blob),
            Whole::Listpack(Kind::SortedSet, blob) => (Form::SortedSet, blob),
            Whole::Listpack(Kind::Hash, blob) => (Form::Hash, blob),
            _ => return None,
        };
        let is_small = bytes.len() <= INLINE_BYTES_MAX && form.is_within(bytes, thresholds);
        is_small.then_some(Self::Bytes(form, bytes))
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
    use crate::value::{Hash, List, Set, SortedSet};

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
    fn packed_collections_come_back() {
        for value in [
            Value::from(List::new()),
            Set::new().into(),
            SortedSet::new().into(),
            Hash::new().into(),
            Set::from_packed(SetPacking::Listpack, &EMPTY_LISTPACK).into(),
            Hash::from_packed(HashPacking::Triples, &EMPTY_LISTPACK).into(),
        ] {
            let packed = Packed::of(&value).expect("it is small");
            let Content::Inline(form, bytes) = packed.content() else { panic!("it is inline") };
            assert_eq!(Form::new(form as u8), Some(form));
            assert_eq!(form.value(bytes), value);
            let again = form.view(bytes).to_value();
            let again = Packed::of(&again).expect("it is small");
            assert_eq!(again.content(), Content::Inline(form, bytes));
        }
    }

    const EMPTY_LISTPACK: [u8; 7] = [7, 0, 0, 0, 0, 0, 0xff];

    #[test]
    fn what_is_large_is_not_packed() {
        let value = Value::from(StringValue::Raw(vec![b'x'; INLINE_BYTES_MAX + 1].into()));
        assert!(Packed::of(&value).is_none());
    }
}
