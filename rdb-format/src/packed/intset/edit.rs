//! Intsets that change.

use super::{HEADER_LEN, Integers, Intset, IntsetIter, Width, write_header};
use crate::packed::{BYTES_MAX, PackedError};

/// An intset that is built, or edited in place. Whole at any time, and always in the narrowest
/// width of its integers.
///
/// It does not grow over [`BYTES_MAX`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IntsetMut {
    pub(super) bytes: Vec<u8>,
    pub(super) width: Width,
}

impl IntsetMut {
    /// An empty intset.
    pub fn new() -> Self {
        let mut bytes = vec![0; HEADER_LEN];
        write_header(&mut bytes, Width::Two);
        Self { bytes, width: Width::Two }
    }

    /// Number of integers.
    pub fn len(&self) -> usize {
        self.integers().len()
    }

    /// Whether there are no integers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length of the whole blob in bytes.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// The whole blob.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The integer at `index` in ascending order.
    pub fn get(&self, index: usize) -> Option<i64> {
        self.integers().get(index)
    }

    /// Whether `number` is one of the integers.
    pub fn contains(&self, number: i64) -> bool {
        self.integers().search(number).is_ok()
    }

    /// The integers, ascending.
    pub fn iter(&self) -> IntsetIter<'_> {
        IntsetIter(self.integers())
    }

    /// Adds `number`; tells whether it was not there before.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`].
    pub fn insert(&mut self, number: i64) -> Result<bool, PackedError> {
        let integers = self.integers();
        let len = integers.len();
        // Ascending numbers are not searched for.
        let index = if integers.last() < Some(number) {
            len
        } else {
            match integers.search(number) {
                Ok(_) => return Ok(false),
                Err(index) => index,
            }
        };
        let width = self.width.max(Width::of(number));
        check_room(len + 1, width)?;
        self.set_width(width);
        let encoded = &number.to_le_bytes()[..width.bytes()];
        let (at, end) = (self.offset(index), self.bytes.len());
        self.bytes.extend_from_slice(encoded);
        self.bytes.copy_within(at..end, at + encoded.len());
        self.bytes[at..at + encoded.len()].copy_from_slice(encoded);
        write_header(&mut self.bytes, width);
        Ok(true)
    }

    /// Removes `number`; tells whether it was there.
    pub fn remove(&mut self, number: i64) -> bool {
        let Ok(index) = self.integers().search(number) else { return false };
        let at = self.offset(index);
        self.bytes.copy_within(at + self.width.bytes().., at);
        self.bytes.truncate(self.bytes.len() - self.width.bytes());
        write_header(&mut self.bytes, self.width);
        self.set_width(self.integers().narrowest());
        true
    }

    /// The intset as it is now.
    pub fn freeze(self) -> Intset {
        Intset { bytes: self.bytes.into(), width: self.width }
    }

    pub(super) fn integers(&self) -> Integers<'_> {
        Integers::of(&self.bytes, self.width)
    }

    fn offset(&self, index: usize) -> usize {
        HEADER_LEN + index * self.width.bytes()
    }

    /// Writes all integers anew in `width`, which none of them is too wide for.
    pub(super) fn set_width(&mut self, width: Width) {
        if width == self.width {
            return;
        }
        let mut bytes = Vec::with_capacity(HEADER_LEN + (self.len() + 1) * width.bytes());
        bytes.extend_from_slice(&self.bytes[..HEADER_LEN]);
        for number in self.iter() {
            bytes.extend_from_slice(&number.to_le_bytes()[..width.bytes()]);
        }
        write_header(&mut bytes, width);
        *self = Self { bytes, width };
    }
}

impl Default for IntsetMut {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Intset> for IntsetMut {
    /// Copies the intset if it is shared, or wider than needed.
    fn from(intset: Intset) -> Self {
        let narrowest = intset.integers().narrowest();
        let Intset { bytes, width } = intset;
        let mut intset = Self { bytes: bytes.into(), width };
        intset.set_width(narrowest);
        intset
    }
}

impl<'a> IntoIterator for &'a IntsetMut {
    type Item = i64;
    type IntoIter = IntsetIter<'a>;

    fn into_iter(self) -> IntsetIter<'a> {
        self.iter()
    }
}

/// Whether `len` integers of `width` may be.
fn check_room(len: usize, width: Width) -> Result<(), PackedError> {
    let needed = HEADER_LEN + len * width.bytes();
    if needed > BYTES_MAX {
        return Err(PackedError::TooLarge { needed: needed as u64, limit: BYTES_MAX as u64 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One integer of 8 bytes makes all others as long.
    #[test]
    fn room_ends_at_the_limit() {
        for (width, len) in [(Width::Two, 536_870_908), (Width::Eight, 134_217_727)] {
            assert_eq!(check_room(len, width), Ok(()));
            let needed = (8 + (len + 1) * width.bytes()) as u64;
            let limit = BYTES_MAX as u64;
            assert_eq!(check_room(len + 1, width), Err(PackedError::TooLarge { needed, limit }));
        }
    }
}
