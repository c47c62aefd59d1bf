//! The zipmap.

use std::{iter::FusedIterator, slice, sync::Arc};

use bytes::Bytes;

use super::{BackLengths, Listpack, ListpackMut, PackedError};

/// A sound zipmap, immutable and cheap to clone: the pairs of a small hash of Redis 2.4.
///
/// | bytes | field |
/// |---|---|
/// | 1 | number of pairs; 254 and more: not told, count them |
/// | | pairs |
/// | 1 | `FF`, the end byte |
///
/// | of a pair | field |
/// |---|---|
/// | 1 or 5 | length of the field: a byte below 254, or `FE` and 4 bytes, little-endian |
/// | | the field |
/// | 1 or 5 | length of the value |
/// | 1 | number of unused bytes after the value |
/// | | the value |
/// | | unused bytes |
///
/// All are texts; there are no integers. Nothing leads from a pair to the one before it, so the
/// offset of each is kept beside the blob, in 4 bytes a pair, which has at least 3 itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Zipmap {
    bytes: Bytes,
    offsets: Arc<[u32]>,
}

impl Zipmap {
    /// Reads the zipmap that `bytes` are, all of them.
    ///
    /// # Errors
    ///
    /// [`PackedError`] names the first rule of the layout that is broken.
    pub fn parse(bytes: Bytes) -> Result<Self, PackedError> {
        let offsets = check(&bytes)?.into();
        Ok(Self { bytes, offsets })
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole blob.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pairs of field and value.
    pub fn iter(&self) -> ZipmapIter<'_> {
        ZipmapIter { bytes: &self.bytes, offsets: self.offsets.iter() }
    }

    /// A listpack of each field with its value behind it.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`].
    pub fn to_listpack(&self, back_lengths: BackLengths) -> Result<Listpack, PackedError> {
        let mut listpack = ListpackMut::with_back_lengths(back_lengths);
        listpack.reserve(self.bytes.len());
        for (field, value) in self {
            listpack.push(field)?;
            listpack.push(value)?;
        }
        Ok(listpack.freeze())
    }
}

impl<'a> IntoIterator for &'a Zipmap {
    type Item = (&'a [u8], &'a [u8]);
    type IntoIter = ZipmapIter<'a>;

    fn into_iter(self) -> ZipmapIter<'a> {
        self.iter()
    }
}

/// The pairs of a zipmap, from [`Zipmap::iter`].
#[derive(Clone, Debug)]
pub struct ZipmapIter<'a> {
    bytes: &'a [u8],
    offsets: slice::Iter<'a, u32>,
}

impl<'a> ZipmapIter<'a> {
    fn pair(&self, offset: u32) -> Option<(&'a [u8], &'a [u8])> {
        let mut pair = self.bytes.get(offset as usize..)?;
        read_pair(&mut pair).ok()
    }
}

impl<'a> Iterator for ZipmapIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let offset = *self.offsets.next()?;
        self.pair(offset)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.offsets.size_hint()
    }
}

impl DoubleEndedIterator for ZipmapIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let offset = *self.offsets.next_back()?;
        self.pair(offset)
    }
}

impl ExactSizeIterator for ZipmapIter<'_> {}

impl FusedIterator for ZipmapIter<'_> {}

/// Checks every rule of the layout, and tells where each pair begins.
fn check(bytes: &[u8]) -> Result<Vec<u32>, PackedError> {
    let declared = check_frame(bytes)?;
    let mut offsets = Vec::new();
    let mut at = HEADER_LEN;
    while let Some((_, span)) = pair_at(bytes, at)? {
        offsets.push(at as u32);
        at += span;
    }
    check_end(bytes, declared, offsets.len(), at)?;
    Ok(offsets)
}

/// Checks all but the pairs, and tells what the header says that they are.
pub(super) fn check_frame(bytes: &[u8]) -> Result<u8, PackedError> {
    let total = bytes.len() as u64;
    let [declared, .., _] = *bytes else { return Err(PackedError::TooShort { len: total }) };
    if u32::try_from(bytes.len()).is_err() {
        return Err(PackedError::TooLarge { needed: total, limit: u32::MAX.into() });
    }
    Ok(declared)
}

/// The pair at `at`, checked, and its bytes; `None` at the end.
#[inline]
pub(super) fn pair_at(bytes: &[u8], at: usize) -> Result<Option<(Pair<'_>, usize)>, PackedError> {
    let pairs = &bytes[at..];
    if matches!(pairs, [] | [END, ..]) {
        return Ok(None);
    }
    let mut rest = pairs;
    let pair = read_pair(&mut rest).map_err(|defect| match defect {
        Defect::Cut => PackedError::EntryPastEnd { offset: at as u64 },
        Defect::Length { left } => {
            PackedError::InvalidEncoding { offset: (bytes.len() - left) as u64 }
        }
    })?;
    Ok(Some((pair, pairs.len() - rest.len())))
}

/// Checks what follows the last of `len` pairs at `at`, and what the header says of them.
pub(super) fn check_end(
    bytes: &[u8],
    declared: u8,
    len: usize,
    at: usize,
) -> Result<(), PackedError> {
    let offset = at as u64;
    match bytes.len() - at {
        0 => return Err(PackedError::EndByte { offset }),
        1 => {}
        more => return Err(PackedError::TrailingBytes { offset, unread: more as u64 - 1 }),
    }
    if declared < COUNT_UNKNOWN && usize::from(declared) != len {
        return Err(PackedError::Count { declared: declared.into(), actual: len as u64 });
    }
    Ok(())
}

/// Field and value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// Why there is no pair.
#[derive(Clone, Copy, Debug)]
enum Defect {
    Cut,
    /// The first of the last `left` bytes begins no length.
    Length {
        left: usize,
    },
}

/// Takes a pair from the front of `pairs`.
fn read_pair<'a>(pairs: &mut &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Defect> {
    let len = read_len(pairs)?;
    let field = pairs.split_off(..len).ok_or(Defect::Cut)?;
    let len = read_len(pairs)?;
    let unused = *pairs.split_off_first().ok_or(Defect::Cut)?;
    let value = pairs.split_off(..len).ok_or(Defect::Cut)?;
    pairs.split_off(..usize::from(unused)).ok_or(Defect::Cut)?;
    Ok((field, value))
}

fn read_len(bytes: &mut &[u8]) -> Result<usize, Defect> {
    let (len, rest) = match **bytes {
        [LEN_LONG, b0, b1, b2, b3, ref rest @ ..] => {
            (u32::from_le_bytes([b0, b1, b2, b3]) as usize, rest)
        }
        [END, ..] => return Err(Defect::Length { left: bytes.len() }),
        [] | [LEN_LONG, ..] => return Err(Defect::Cut),
        [len, ref rest @ ..] => (len.into(), rest),
    };
    *bytes = rest;
    Ok(len)
}

/// Leads a length of 4 bytes.
const LEN_LONG: u8 = 0xFE;
const END: u8 = 0xFF;

/// The least count that is not told.
pub(super) const COUNT_UNKNOWN: u8 = 254;

/// The count.
pub(super) const HEADER_LEN: usize = 1;
