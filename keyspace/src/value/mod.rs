//! The values of keys.
//!
//! Each type has an owned form with the operations that change it ([`Hash`](struct@Hash)), and a view with those
//! that only read ([`HashRef`]), which a database gives out without copying what it keeps packed.

mod draw;
mod hash;
pub mod hyperloglog;
mod list;
mod long_double;
pub mod set;
mod sorted_set;
mod stream;
pub mod string;

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::{ModuleValue, StringValue};

pub use hash::{FieldExpiry, FieldRef, Hash, HashPacking, HashRef, HashTable};
pub(crate) use hash::{HashBuilder, HashEvents};
pub use list::{Elements, ElementsBack, List, ListEnd, ListRef};
pub(crate) use list::{ListBuilder, ListEvents};
pub use long_double::LongDouble;
pub use set::{Set, SetPacking, SetRef, SetTable};
pub(crate) use set::{SetBuilder, SetEvents};
pub use sorted_set::{
    AddFlags, Added, LexBound, LexRange, Members, MembersBack, NotANumber, ScoreBound, ScoreRange,
    ScoredRef, SortedSet, SortedSetRef,
};
pub(crate) use sorted_set::{SortedSetBuilder, SortedSetEvents};
pub use stream::{
    AppendError, Claim, Claimed, PendingRef, Stream, StreamConsumerRef, StreamGroup, StreamRange,
    StreamRangeBack, StreamRef, Trim, TrimTo,
};
pub(crate) use stream::{StreamBuilder, StreamComparison, StreamEvents};
pub use string::StringRef;

/// A value of any type. Cheap to clone: what is large is shared.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A string.
    String(StringValue),
    /// A list.
    List(List),
    /// A set.
    Set(Set),
    /// A sorted set.
    SortedSet(SortedSet),
    /// A hash.
    Hash(Hash),
    /// A stream.
    Stream(Stream),
    /// A value that only a module understands.
    Module(Arc<ModuleValue>),
}

/// A view of a [`Value`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// A string.
    String(StringRef<'a>),
    /// A list.
    List(ListRef<'a>),
    /// A set.
    Set(SetRef<'a>),
    /// A sorted set.
    SortedSet(SortedSetRef<'a>),
    /// A hash.
    Hash(HashRef<'a>),
    /// A stream.
    Stream(StreamRef<'a>),
    /// A value that only a module understands.
    Module(&'a Arc<ModuleValue>),
}

/// A type of value, to name the one that is wanted of a key.
pub trait ValueType: Sized {
    /// Its view.
    type Ref<'a>: Copy;

    /// A value without elements, or the empty string.
    fn empty() -> Self;

    /// The view if the value is of this type.
    fn view(value: ValueRef<'_>) -> Option<Self::Ref<'_>>;

    /// The value if it is of this type.
    fn of(value: &Value) -> Option<&Self>;

    /// As [`of`](Self::of), to change it.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;

    /// As a value of any type.
    fn into_value(self) -> Value;
}

/// A key holds a value of another type than the one that is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key holds a value of another type")]
pub struct WrongType;

impl Value {
    /// A view of it.
    pub fn view(&self) -> ValueRef<'_> {
        match self {
            Self::String(string) => ValueRef::String(string.into()),
            Self::List(list) => ValueRef::List(list.view()),
            Self::Set(set) => ValueRef::Set(set.view()),
            Self::SortedSet(sorted_set) => ValueRef::SortedSet(sorted_set.view()),
            Self::Hash(hash) => ValueRef::Hash(hash.view()),
            Self::Stream(stream) => ValueRef::Stream(stream.view()),
            Self::Module(module) => ValueRef::Module(module),
        }
    }

    /// Whether it is a collection without elements, which no key holds. (A key may hold an empty
    /// stream.)
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Self::List(list) => list.view().is_empty(),
            Self::Set(set) => set.view().is_empty(),
            Self::SortedSet(sorted_set) => sorted_set.view().is_empty(),
            Self::Hash(hash) => hash.view().is_empty(),
            Self::String(_) | Self::Stream(_) | Self::Module(_) => false,
        }
    }
}

impl<'a> ValueRef<'a> {
    /// Name of the type, as the command TYPE shows it; `module` for what a module understands.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::SortedSet(_) => "zset",
            Self::Hash(_) => "hash",
            Self::Stream(_) => "stream",
            Self::Module(_) => "module",
        }
    }

    /// When the next field of a hash expires, in Unix milliseconds, if any does.
    pub fn next_field_expiry_ms(self) -> Option<i64> {
        match self {
            Self::Hash(hash) => hash.next_expiry_ms(),
            _ => None,
        }
    }

    /// Whether this is a hash all of whose fields have expired.
    pub fn has_expired(self, now_ms: i64) -> bool {
        matches!(self, Self::Hash(hash) if hash.is_due(now_ms))
    }

    /// Name of the encoding, as OBJECT ENCODING shows it in Redis 7.2.
    pub fn encoding(self) -> &'static str {
        match self {
            Self::String(string) => string.encoding(),
            Self::List(list) => list.encoding(),
            Self::Set(set) => set.encoding(),
            Self::SortedSet(sorted_set) => sorted_set.encoding(),
            Self::Hash(hash) => hash.encoding(),
            Self::Stream(_) => "stream",
            Self::Module(_) => "raw",
        }
    }

    /// The value, to be kept: what is large is shared, what is small is copied.
    pub fn to_value(self) -> Value {
        match self {
            Self::String(string) => Value::String(string.to_value()),
            Self::List(list) => Value::List(list.to_value()),
            Self::Set(set) => Value::Set(set.to_value()),
            Self::SortedSet(sorted_set) => Value::SortedSet(sorted_set.to_value()),
            Self::Hash(hash) => Value::Hash(hash.to_value()),
            Self::Stream(stream) => Value::Stream(stream.to_value()),
            Self::Module(module) => Value::Module(Arc::clone(module)),
        }
    }

    /// The value, to be kept apart from this one: nothing is shared that either of them would have to
    /// copy before it could change it. Takes as long as the value is large.
    pub fn to_separate_value(self) -> Value {
        let mut value = self.to_value();
        match &mut value {
            Value::String(StringValue::Raw(text)) => *text = Bytes::copy_from_slice(text),
            Value::List(list) => list.separate(),
            Value::Set(set) => set.separate(),
            Value::SortedSet(sorted_set) => sorted_set.separate(),
            Value::Hash(hash) => hash.separate(),
            Value::Stream(stream) => stream.separate(),
            // They are replaced when they change.
            Value::String(StringValue::Int(_)) | Value::Module(_) => {}
        }
        value
    }
}

impl PartialEq<Value> for ValueRef<'_> {
    fn eq(&self, other: &Value) -> bool {
        self.to_value() == *other
    }
}

macro_rules! value_type {
    ($type:ty, $variant:ident, $view:ident, $empty:expr) => {
        impl ValueType for $type {
            type Ref<'a> = $view<'a>;

            fn empty() -> Self {
                $empty
            }

            fn view(value: ValueRef<'_>) -> Option<$view<'_>> {
                match value {
                    ValueRef::$variant(view) => Some(view),
                    _ => None,
                }
            }

            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$variant(it) => Some(it),
                    _ => None,
                }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$variant(it) => Some(it),
                    _ => None,
                }
            }

            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }

        impl From<$type> for Value {
            fn from(it: $type) -> Self {
                Self::$variant(it)
            }
        }
    };
}

value_type!(StringValue, String, StringRef, StringValue::Raw(Bytes::new()));
value_type!(List, List, ListRef, List::new());
value_type!(Set, Set, SetRef, Set::new());
value_type!(SortedSet, SortedSet, SortedSetRef, SortedSet::new());
value_type!(Hash, Hash, HashRef, Hash::new());
value_type!(Stream, Stream, StreamRef, Stream::new());
