//! Values of keys while they are changed.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use rdb_format::StringValue;

use crate::access::Access;
use crate::keys::{Found, Keys};
use crate::value::{Value, ValueType};

/// The value of a key, taken out to be changed; it goes back when this is dropped.
///
/// A key whose collection has no elements left then is removed, and one that was not there is
/// added only if it has come to hold any.
pub struct ValueMut<'a, T> {
    value: Value,
    /// `None` once the value goes back.
    place: Option<Place<'a>>,
    of_type: PhantomData<T>,
}

enum Place<'a> {
    Found(Found<'a>),
    New { keys: &'a mut Keys, key: &'a [u8], access: Access },
}

impl<'a, T: ValueType> ValueMut<'a, T> {
    /// Takes out the value of a key, which is of this type.
    pub(crate) fn found(mut found: Found<'a>) -> Self {
        let value = found.take_value();
        Self { value, place: Some(Place::Found(found)), of_type: PhantomData }
    }

    /// An empty value for a key that is not there.
    pub(crate) fn new(keys: &'a mut Keys, key: &'a [u8], access: Access) -> Self {
        let place = Some(Place::New { keys, key, access });
        Self { value: T::empty().into_value(), place, of_type: PhantomData }
    }
}

impl<T: ValueType> Deref for ValueMut<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        T::of(&self.value).expect("the type was looked at")
    }
}

impl<T: ValueType> DerefMut for ValueMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        T::of_mut(&mut self.value).expect("the type was looked at")
    }
}

impl<T> Drop for ValueMut<'_, T> {
    fn drop(&mut self) {
        let value = std::mem::replace(&mut self.value, StringValue::Int(0).into());
        let is_empty = value.is_empty_collection();
        match self.place.take() {
            Some(Place::Found(found)) if is_empty => found.remove(),
            Some(Place::Found(mut found)) => found.put_value(value),
            Some(Place::New { keys, key, access }) if !is_empty => {
                keys.insert(key, value, None, access);
            }
            _ => {}
        }
    }
}

/// Shows nothing of what clients stored.
impl<T> fmt::Debug for ValueMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValueMut").finish_non_exhaustive()
    }
}
