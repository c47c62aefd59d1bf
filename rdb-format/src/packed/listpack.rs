//! The listpack.

mod back_length;
mod edit;
mod encoding;
mod join;
mod search;
mod trusted;

use std::iter::FusedIterator;

use bytes::Bytes;

pub use back_length::BackLengths;
pub use edit::{Cursor, ListpackMut};

use super::{Entry, PackedError};
use back_length::{BackLength, is_boundary, read_back_length};
use encoding::{Head, SIZES, decode, measure};

/// A sound listpack, immutable and cheap to clone.
///
/// | bytes | field |
/// |---|---|
/// | 4 | length of the whole, little-endian |
/// | 2 | number of entries, little-endian; 65535: not told, count them |
/// | | entries |
/// | 1 | `FF`, the end byte |
///
/// An entry is its encoding and data, then its back length. The first byte tells the encoding:
///
/// | first byte | data |
/// |---|---|
/// | `0xxxxxxx` | an integer, 0 to 127 |
/// | `10xxxxxx` | a text of 6-bit length |
/// | `110xxxxx` + 1 byte | an integer, 13 bits, big-endian |
/// | `1110xxxx` + 1 byte | a text of 12-bit length, big-endian |
/// | `F0` + 4 bytes | a text of 32-bit length, little-endian |
/// | `F1`, `F2`, `F3`, `F4` | an integer of 16, 24, 32, 64 bits, little-endian |
///
/// Integers are signed. Writers choose the shortest encoding, readers take any: a text "1", or a
/// short text with a long length.
///
/// The back length is the size of encoding and data in base 128, high digits first, bit 7 set in
/// every byte but the first, so that it can be read from its end. Of the three sizes at which
/// writers differ, both widths are read: see [`BackLengths`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listpack {
    bytes: Bytes,
    len: usize,
    boundary: BoundaryEntries,
}

/// How many entries of a listpack have a boundary size, by the width of their back length. See
/// [`BackLengths`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct BoundaryEntries {
    /// Entries with a back length of one byte more than needed.
    pub wide: usize,
    /// Entries with the shortest back length.
    pub minimal: usize,
}

impl BoundaryEntries {
    /// Whether readers of `back_lengths` understand the listpack.
    pub fn suit(&self, back_lengths: BackLengths) -> bool {
        match back_lengths {
            BackLengths::Wide => self.minimal == 0,
            BackLengths::Minimal => self.wide == 0,
        }
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.wide == 0 && self.minimal == 0
    }
}

impl Listpack {
    /// Reads the listpack that `bytes` are, all of them.
    ///
    /// # Errors
    ///
    /// [`PackedError`] names the first rule of the layout that is broken.
    pub fn parse(bytes: Bytes) -> Result<Self, PackedError> {
        let (len, boundary) = check(&bytes)?;
        Ok(Self { bytes, len, boundary })
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The whole blob.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn blob(&self) -> &Bytes {
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

    /// The entries.
    pub fn iter(&self) -> ListpackIter<'_> {
        ListpackIter { entries: entries(&self.bytes), left: self.len }
    }

    /// The texts of the entries, those that are not integers shared with this listpack.
    pub fn iter_bytes(&self) -> impl DoubleEndedIterator<Item = Bytes> + ExactSizeIterator {
        self.iter().map(|entry| self.text_of(entry))
    }

    /// The text of `entry`, shared if it lies in this listpack, else copied.
    pub fn text_of(&self, entry: Entry<'_>) -> Bytes {
        entry.text_in(&self.bytes)
    }

    /// How many entries have a boundary size.
    pub fn boundary(&self) -> BoundaryEntries {
        self.boundary
    }

    /// This listpack with the back lengths that readers of `back_lengths` understand: itself unless
    /// it has entries of a boundary size in the other width.
    pub fn with_back_lengths(&self, back_lengths: BackLengths) -> Self {
        if self.boundary.suit(back_lengths) {
            return self.clone();
        }
        let BoundaryEntries { wide, minimal } = self.boundary;
        let entries = entries(&self.bytes);
        let mut body = Vec::with_capacity(self.bytes.len() + minimal);
        body.extend_from_slice(&self.bytes[..HEADER_LEN]);
        let (mut at, mut copied) = (0, 0);
        while let Some((size, span)) = measure(&entries[at..]) {
            let end = at + span;
            if is_boundary(size) {
                body.extend_from_slice(&entries[copied..at + size]);
                body.extend_from_slice(BackLength::new(size, back_lengths).as_bytes());
                copied = end;
            }
            at = end;
        }
        body.extend_from_slice(&entries[copied..]);
        body.push(END);
        write_header(&mut body, self.len);
        let boundary = match back_lengths {
            BackLengths::Wide => BoundaryEntries { wide: wide + minimal, minimal: 0 },
            BackLengths::Minimal => BoundaryEntries { wide: 0, minimal: wide + minimal },
        };
        Self { bytes: body.into(), len: self.len, boundary }
    }
}

impl<'a> IntoIterator for &'a Listpack {
    type Item = Entry<'a>;
    type IntoIter = ListpackIter<'a>;

    fn into_iter(self) -> ListpackIter<'a> {
        self.iter()
    }
}

/// The entries of a listpack, from [`Listpack::iter`].
#[derive(Clone, Debug)]
pub struct ListpackIter<'a> {
    /// Whole entries, as many as `left`.
    entries: &'a [u8],
    left: usize,
}

impl<'a> ListpackIter<'a> {
    /// The entries of the listpack that `bytes` are, all of them, once every rule of the layout is
    /// checked.
    pub(crate) fn checked(bytes: &'a [u8]) -> Result<Self, PackedError> {
        let (len, _) = check(bytes)?;
        Ok(Self { entries: entries(bytes), left: len })
    }

    /// Takes the last `count` entries off, to be read on their own; `None`, and nothing is taken, if
    /// there are fewer.
    pub fn split_back(&mut self, count: usize) -> Option<Self> {
        let mut at = self.entries.len();
        for _ in 0..count {
            at = at.checked_sub(read_back_length(&self.entries[..at])?)?;
        }
        let (rest, last) = self.entries.split_at(at);
        self.entries = rest;
        self.left = self.left.saturating_sub(count);
        Some(Self { entries: last, left: count })
    }
}

impl<'a> Iterator for ListpackIter<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        let (entry, span) = decode(self.entries)?;
        self.entries = self.entries.get(span..)?;
        self.left = self.left.saturating_sub(1);
        Some(entry)
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<Entry<'a>> {
        for _ in 0..n {
            // Nearly all entries, without a look at what they hold.
            match SIZES[usize::from(*self.entries.first()?)] {
                0 => drop(self.next()?),
                size => {
                    self.entries = self.entries.get(usize::from(size) + 1..)?;
                    self.left = self.left.saturating_sub(1);
                }
            }
        }
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for ListpackIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let at = self.entries.len().checked_sub(read_back_length(self.entries)?)?;
        let (rest, last) = self.entries.split_at_checked(at)?;
        let (entry, _) = decode(last)?;
        self.entries = rest;
        self.left = self.left.saturating_sub(1);
        Some(entry)
    }
}

impl ExactSizeIterator for ListpackIter<'_> {}

impl FusedIterator for ListpackIter<'_> {}

/// Checks every rule of the layout; tells the number of entries, and of those of a boundary size.
fn check(bytes: &[u8]) -> Result<(usize, BoundaryEntries), PackedError> {
    let declared = check_frame(bytes)?;
    let (len, boundary) = walk(entries(bytes))?;
    check_count(declared, len)?;
    Ok((len, boundary))
}

/// Checks all but the entries, and tells what the header says that they are.
pub(super) fn check_frame(bytes: &[u8]) -> Result<u16, PackedError> {
    let total = bytes.len() as u64;
    let (Some((header, _)), Some(&end_byte)) = (bytes.split_first_chunk(), bytes.last()) else {
        return Err(PackedError::TooShort { len: total });
    };
    if bytes.len() <= HEADER_LEN {
        return Err(PackedError::TooShort { len: total });
    }
    if bytes.len() > READ_BYTES_MAX {
        return Err(PackedError::TooLarge { needed: total, limit: READ_BYTES_MAX as u64 });
    }
    let [t0, t1, t2, t3, c0, c1]: [u8; HEADER_LEN] = *header;
    let declared = u64::from(u32::from_le_bytes([t0, t1, t2, t3]));
    if declared != total {
        return Err(PackedError::TotalBytes { declared, actual: total });
    }
    if end_byte != END {
        return Err(PackedError::EndByte { offset: total - 1 });
    }
    Ok(u16::from_le_bytes([c0, c1]))
}

pub(super) fn check_count(declared: u16, len: usize) -> Result<(), PackedError> {
    if declared != COUNT_UNKNOWN && usize::from(declared) != len {
        return Err(PackedError::Count { declared: declared.into(), actual: len as u64 });
    }
    Ok(())
}

/// The entry at `at` of those between header and end byte, checked, and its bytes with back length;
/// `None` at the end.
pub(super) fn entry_at(bytes: &[u8], at: usize) -> Result<Option<(Entry<'_>, usize)>, PackedError> {
    let entries = entries(bytes);
    if at == entries.len() {
        return Ok(None);
    }
    let span = check_entry(entries, at, &mut BoundaryEntries::default())?;
    let (entry, _) = decode(&entries[at..]).expect("it was checked");
    Ok(Some((entry, span)))
}

fn walk(entries: &[u8]) -> Result<(usize, BoundaryEntries), PackedError> {
    let mut boundary = BoundaryEntries::default();
    let (mut at, mut len) = (0, 0);
    while let Some(&first) = entries.get(at) {
        // Nearly all entries, without a branch that depends on what they are. None has size 0: then
        // the byte looked at is `first`, which is not 0.
        let size = SIZES[usize::from(first)];
        let back_length = at + usize::from(size);
        if entries.get(back_length) == Some(&size) {
            at = back_length + 1;
        } else {
            at += check_entry(entries, at, &mut boundary)?;
        }
        len += 1;
    }
    Ok((len, boundary))
}

/// Checks the entry at `at`, and tells its bytes with back length.
fn check_entry(
    entries: &[u8],
    at: usize,
    boundary: &mut BoundaryEntries,
) -> Result<usize, PackedError> {
    let offset = (HEADER_LEN + at) as u64;
    let entry = &entries[at..];
    let size = match Head::read(entry) {
        Head::Entry { size } => size,
        Head::Cut => return Err(PackedError::EntryPastEnd { offset }),
        Head::End => {
            // With the end byte that is where it should be.
            return Err(PackedError::TrailingBytes { offset, unread: entry.len() as u64 });
        }
        Head::Invalid => return Err(PackedError::InvalidEncoding { offset }),
    };
    let Some(rest) = entry.get(size..) else { return Err(PackedError::EntryPastEnd { offset }) };
    let minimal = BackLength::new(size, BackLengths::Minimal);
    let wide = BackLength::new(size, BackLengths::Wide);
    if rest.len() < minimal.as_bytes().len() {
        return Err(PackedError::EntryPastEnd { offset });
    }
    if rest.starts_with(minimal.as_bytes()) {
        boundary.minimal += usize::from(is_boundary(size));
        Ok(size + minimal.as_bytes().len())
    } else if rest.starts_with(wide.as_bytes()) {
        boundary.wide += 1;
        Ok(size + wide.as_bytes().len())
    } else {
        Err(PackedError::BackLength { offset: offset + size as u64 })
    }
}

/// What is between the header and the end byte of a whole listpack.
fn entries(bytes: &[u8]) -> &[u8] {
    &bytes[HEADER_LEN..bytes.len() - 1]
}

/// Makes the header of `bytes`, a listpack of `len` entries, tell what is true.
fn write_header(bytes: &mut [u8], len: usize) {
    let total = (bytes.len() as u32).to_le_bytes();
    let count = u16::try_from(len).unwrap_or(COUNT_UNKNOWN).to_le_bytes();
    bytes[..4].copy_from_slice(&total);
    bytes[4..HEADER_LEN].copy_from_slice(&count);
}

const HEADER_LEN: usize = 6;
const END: u8 = 0xFF;

/// The count of 65535 entries and more, for which the header has no room.
pub(super) const COUNT_UNKNOWN: u16 = u16::MAX;

/// The longest listpack that is read, in bytes. All back lengths of its entries can become wide
/// before its length needs more than 32 bits: they grow by a byte in at least 16385.
const READ_BYTES_MAX: usize = (u32::MAX - (u32::MAX >> 14)) as usize;
