//! Intsets that need not be checked again.

use super::{HEADER_LEN, Integers, IntsetIter, IntsetMut, PackedError, Width, check};

/// A view of an intset that was made here or has been parsed before.
///
/// ```
/// use rdb_format::packed::{Intset, IntsetRef};
///
/// let intset = Intset::from_sorted([1, 2, 300])?;
/// assert!(IntsetRef::from_trusted(intset.as_bytes()).contains(300));
/// # Ok::<(), rdb_format::packed::PackedError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IntsetRef<'a>(Integers<'a>);

impl<'a> IntsetRef<'a> {
    /// A view of the intset that `bytes` are. Of what is no intset it has some integers, or none.
    pub fn from_trusted(bytes: &'a [u8]) -> Self {
        match width(bytes) {
            Some(width) => Self(Integers::of(bytes, width)),
            None => Self(Integers::Two(&[])),
        }
    }

    /// A view of the intset that `bytes` are, all of them, once every rule of the layout is checked.
    pub(crate) fn checked(bytes: &'a [u8]) -> Result<Self, PackedError> {
        Ok(Self(Integers::of(bytes, check(bytes)?)))
    }

    /// Number of integers.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are no integers.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The integer at `index` in ascending order.
    pub fn get(self, index: usize) -> Option<i64> {
        self.0.get(index)
    }

    /// Whether `number` is one of the integers.
    pub fn contains(self, number: i64) -> bool {
        self.0.search(number).is_ok()
    }

    /// The integers, ascending.
    pub fn iter(self) -> IntsetIter<'a> {
        IntsetIter(self.0)
    }
}

impl IntsetMut {
    /// A copy of the intset that `bytes` are, which was made here or has been parsed before. Of what
    /// is no intset it has some integers, or none.
    pub fn from_trusted(bytes: &[u8]) -> Self {
        match width(bytes) {
            Some(width) => {
                let mut copy = Self { bytes: bytes.to_vec(), width };
                copy.set_width(copy.integers().narrowest());
                copy
            }
            None => Self::new(),
        }
    }
}

fn width(bytes: &[u8]) -> Option<Width> {
    match bytes.get(..HEADER_LEN)? {
        [2, 0, 0, 0, ..] => Some(Width::Two),
        [4, 0, 0, 0, ..] => Some(Width::Four),
        [8, 0, 0, 0, ..] => Some(Width::Eight),
        _ => None,
    }
}
