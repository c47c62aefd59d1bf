//! The integers of an intset as they lie there.

use super::HEADER_LEN;

/// Bytes of each integer of an intset.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::packed) enum Width {
    Two,
    Four,
    Eight,
}

impl Width {
    /// The narrowest that `number` fits.
    pub(super) fn of(number: i64) -> Self {
        if i16::try_from(number).is_ok() {
            Self::Two
        } else if i32::try_from(number).is_ok() {
            Self::Four
        } else {
            Self::Eight
        }
    }

    pub(in crate::packed) const fn bytes(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

/// Integers of one width.
#[derive(Clone, Copy, Debug)]
pub(super) enum Integers<'a> {
    Two(&'a [[u8; 2]]),
    Four(&'a [[u8; 4]]),
    Eight(&'a [[u8; 8]]),
}

impl<'a> Integers<'a> {
    /// Those of the intset that `bytes` are.
    pub(super) fn of(bytes: &'a [u8], width: Width) -> Self {
        let integers = &bytes[HEADER_LEN..];
        match width {
            Width::Two => Self::Two(integers.as_chunks().0),
            Width::Four => Self::Four(integers.as_chunks().0),
            Width::Eight => Self::Eight(integers.as_chunks().0),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Two(numbers) => numbers.len(),
            Self::Four(numbers) => numbers.len(),
            Self::Eight(numbers) => numbers.len(),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<i64> {
        match self {
            Self::Two(numbers) => numbers.get(index).map(from_two),
            Self::Four(numbers) => numbers.get(index).map(from_four),
            Self::Eight(numbers) => numbers.get(index).map(from_eight),
        }
    }

    pub(super) fn last(&self) -> Option<i64> {
        self.get(self.len().checked_sub(1)?)
    }

    pub(super) fn pop_first(&mut self) -> Option<i64> {
        match self {
            Self::Two(numbers) => numbers.split_off_first().map(from_two),
            Self::Four(numbers) => numbers.split_off_first().map(from_four),
            Self::Eight(numbers) => numbers.split_off_first().map(from_eight),
        }
    }

    pub(super) fn pop_last(&mut self) -> Option<i64> {
        match self {
            Self::Two(numbers) => numbers.split_off_last().map(from_two),
            Self::Four(numbers) => numbers.split_off_last().map(from_four),
            Self::Eight(numbers) => numbers.split_off_last().map(from_eight),
        }
    }

    /// Where `number` is, or as an error where it would be.
    pub(super) fn search(&self, number: i64) -> Result<usize, usize> {
        match self {
            Self::Two(numbers) => match i16::try_from(number) {
                Ok(number) => numbers.binary_search_by_key(&number, |n| i16::from_le_bytes(*n)),
                Err(_) => Err(beyond(number, numbers.len())),
            },
            Self::Four(numbers) => match i32::try_from(number) {
                Ok(number) => numbers.binary_search_by_key(&number, |n| i32::from_le_bytes(*n)),
                Err(_) => Err(beyond(number, numbers.len())),
            },
            Self::Eight(numbers) => numbers.binary_search_by_key(&number, from_eight),
        }
    }

    /// The first that is not greater than the one before it.
    pub(super) fn first_not_ascending(&self) -> Option<usize> {
        match self {
            Self::Two(numbers) => first_not_ascending(numbers, from_two),
            Self::Four(numbers) => first_not_ascending(numbers, from_four),
            Self::Eight(numbers) => first_not_ascending(numbers, from_eight),
        }
    }

    /// The narrowest width that they all fit: that of the first or of the last.
    pub(super) fn narrowest(&self) -> Width {
        let ends = [self.get(0), self.last()];
        ends.into_iter().flatten().map(Width::of).max().unwrap_or(Width::Two)
    }
}

/// Where `number` would be, which is too wide to be among `len` integers.
const fn beyond(number: i64, len: usize) -> usize {
    if number < 0 { 0 } else { len }
}

fn first_not_ascending<const N: usize>(
    numbers: &[[u8; N]],
    from: fn(&[u8; N]) -> i64,
) -> Option<usize> {
    let mut pairs = numbers.array_windows();
    Some(pairs.position(|[number, next]| from(number) >= from(next))? + 1)
}

fn from_two(bytes: &[u8; 2]) -> i64 {
    i16::from_le_bytes(*bytes).into()
}

fn from_four(bytes: &[u8; 4]) -> i64 {
    i32::from_le_bytes(*bytes).into()
}

fn from_eight(bytes: &[u8; 8]) -> i64 {
    i64::from_le_bytes(*bytes)
}
