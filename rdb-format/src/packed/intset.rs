//! The intset.

mod edit;
mod integers;
mod view;

use std::iter::FusedIterator;

use bytes::Bytes;

pub use edit::IntsetMut;
pub use view::IntsetRef;

use super::PackedError;
use integers::Integers;
pub(super) use integers::Width;

/// A sound intset, immutable and cheap to clone.
///
/// | bytes | field |
/// |---|---|
/// | 4 | width of an integer: 2, 4 or 8; little-endian |
/// | 4 | number of integers, little-endian |
/// | | the integers: signed, little-endian, strictly ascending |
///
/// Writers choose the width by the widest integer that was ever in the set, readers take any. No
/// server accepts an empty set, but that is the caller's to refuse.
///
/// ```
/// use rdb_format::packed::Intset;
///
/// let intset = Intset::from_sorted([-2, 1, 300])?;
/// assert_eq!(intset.as_bytes(), b"\x02\0\0\0\x03\0\0\0\xFE\xFF\x01\0\x2C\x01");
/// assert!(intset.contains(300));
/// # Ok::<(), rdb_format::packed::PackedError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Intset {
    bytes: Bytes,
    width: Width,
}

impl Intset {
    /// Reads the intset that `bytes` are, all of them.
    ///
    /// # Errors
    ///
    /// [`PackedError`] names the first rule of the layout that is broken.
    pub fn parse(bytes: Bytes) -> Result<Self, PackedError> {
        let width = check(&bytes)?;
        Ok(Self { bytes, width })
    }

    /// The intset of `numbers`, in the narrowest width.
    ///
    /// # Errors
    ///
    /// [`PackedError::NotAscending`] if a number is not greater than the one before it, or
    /// [`PackedError::TooLarge`].
    pub fn from_sorted(numbers: impl IntoIterator<Item = i64>) -> Result<Self, PackedError> {
        let mut intset = IntsetMut::new();
        let mut last = None;
        for (index, number) in numbers.into_iter().enumerate() {
            if last >= Some(number) {
                return Err(PackedError::NotAscending { index: index as u64 });
            }
            intset.insert(number)?;
            last = Some(number);
        }
        Ok(intset.freeze())
    }

    /// Number of integers.
    pub fn len(&self) -> usize {
        self.integers().len()
    }

    /// Whether there are no integers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole blob.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The whole blob, shared.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The whole blob.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
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

    fn integers(&self) -> Integers<'_> {
        Integers::of(&self.bytes, self.width)
    }
}

impl<'a> IntoIterator for &'a Intset {
    type Item = i64;
    type IntoIter = IntsetIter<'a>;

    fn into_iter(self) -> IntsetIter<'a> {
        self.iter()
    }
}

/// The integers of an intset, from [`Intset::iter`].
#[derive(Clone, Debug)]
pub struct IntsetIter<'a>(Integers<'a>);

impl Iterator for IntsetIter<'_> {
    type Item = i64;

    #[inline]
    fn next(&mut self) -> Option<i64> {
        self.0.pop_first()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }
}

impl DoubleEndedIterator for IntsetIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<i64> {
        self.0.pop_last()
    }
}

impl ExactSizeIterator for IntsetIter<'_> {}

impl FusedIterator for IntsetIter<'_> {}

/// Checks every rule of the layout, and tells the width.
fn check(bytes: &[u8]) -> Result<Width, PackedError> {
    let width = check_frame(bytes)?;
    match Integers::of(bytes, width).first_not_ascending() {
        Some(index) => Err(PackedError::NotAscending { index: index as u64 }),
        None => Ok(width),
    }
}

/// The integer at `index`, checked, behind `before`; `None` at the end.
pub(super) fn integer_at(
    bytes: &[u8],
    width: Width,
    index: usize,
    before: Option<i64>,
) -> Result<Option<i64>, PackedError> {
    match Integers::of(bytes, width).get(index) {
        Some(number) if before >= Some(number) => {
            Err(PackedError::NotAscending { index: index as u64 })
        }
        number => Ok(number),
    }
}

/// Checks all but the integers, and tells the width.
pub(super) fn check_frame(bytes: &[u8]) -> Result<Width, PackedError> {
    let actual = bytes.len() as u64;
    let Some((&header, _)) = bytes.split_first_chunk() else {
        return Err(PackedError::TooShort { len: actual });
    };
    let [w0, w1, w2, w3, c0, c1, c2, c3]: [u8; HEADER_LEN] = header;
    let width = match u32::from_le_bytes([w0, w1, w2, w3]) {
        2 => Width::Two,
        4 => Width::Four,
        8 => Width::Eight,
        width => return Err(PackedError::Width { width }),
    };
    let count = u64::from(u32::from_le_bytes([c0, c1, c2, c3]));
    let declared = HEADER_LEN as u64 + count * width.bytes() as u64;
    if declared != actual {
        return Err(PackedError::TotalBytes { declared, actual });
    }
    Ok(width)
}

/// Makes the header of `bytes` tell what is true.
fn write_header(bytes: &mut [u8], width: Width) {
    let count = (bytes.len() - HEADER_LEN) / width.bytes();
    bytes[..4].copy_from_slice(&(width.bytes() as u32).to_le_bytes());
    bytes[4..HEADER_LEN].copy_from_slice(&(count as u32).to_le_bytes());
}

const HEADER_LEN: usize = 8;
