//! The ziplist.

use std::iter::FusedIterator;

use bytes::Bytes;

use super::{BackLengths, Entry, Listpack, ListpackMut, PackedError};

/// A sound ziplist, immutable and cheap to clone.
///
/// | bytes | field |
/// |---|---|
/// | 4 | length of the whole, little-endian |
/// | 4 | offset of the last entry, or of the end byte if there is none; little-endian |
/// | 2 | number of entries, little-endian; 65535: not told, count them |
/// | | entries |
/// | 1 | `FF`, the end byte |
///
/// An entry begins with the length of the whole entry before it, 0 in the first one: a byte below
/// 254, or `FE` and 4 bytes, little-endian, which small lengths may have too. Its encoding and data
/// follow:
///
/// | byte | data |
/// |---|---|
/// | `00xxxxxx` | a text of 6-bit length |
/// | `01xxxxxx` + 1 byte | a text of 14-bit length, big-endian |
/// | `80` + 4 bytes | a text of 32-bit length, **big**-endian |
/// | `C0`, `D0`, `E0` | an integer of 16, 32, 64 bits, little-endian |
/// | `F0`, `FE` | an integer of 24, 8 bits, little-endian |
/// | `F1` to `FD` | an integer, 0 to 12 |
///
/// Integers are signed. `F0`, `FE` and `F1` to `FD` came with Redis 2.6.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ziplist {
    bytes: Bytes,
    len: usize,
}

impl Ziplist {
    /// Reads the ziplist that `bytes` are, all of them.
    ///
    /// # Errors
    ///
    /// [`PackedError`] names the first rule of the layout that is broken.
    pub fn parse(bytes: Bytes) -> Result<Self, PackedError> {
        let len = check(&bytes)?;
        Ok(Self { bytes, len })
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

    /// The entries.
    pub fn iter(&self) -> ZiplistIter<'_> {
        let body = &self.bytes[..self.bytes.len() - 1];
        ZiplistIter { body, front: HEADER_LEN, back: tail_offset(body), left: self.len }
    }

    /// The text of `entry`, shared if it lies in this ziplist, else copied.
    pub fn text_of(&self, entry: Entry<'_>) -> Bytes {
        entry.text_in(&self.bytes)
    }

    /// The same entries as a listpack.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`].
    pub fn to_listpack(&self, back_lengths: BackLengths) -> Result<Listpack, PackedError> {
        let mut listpack = ListpackMut::with_back_lengths(back_lengths);
        listpack.reserve(self.bytes.len());
        for entry in self {
            listpack.push_entry(entry)?;
        }
        Ok(listpack.freeze())
    }
}

impl<'a> IntoIterator for &'a Ziplist {
    type Item = Entry<'a>;
    type IntoIter = ZiplistIter<'a>;

    fn into_iter(self) -> ZiplistIter<'a> {
        self.iter()
    }
}

/// The entries of a ziplist, from [`Ziplist::iter`].
#[derive(Clone, Debug)]
pub struct ZiplistIter<'a> {
    /// The ziplist without its end byte.
    body: &'a [u8],
    /// Where the next entry begins.
    front: usize,
    /// Where the last entry begins that was not yet taken from the back.
    back: usize,
    left: usize,
}

impl<'a> Iterator for ZiplistIter<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        let left = self.left.checked_sub(1)?;
        let (_, entry, span) = read(self.body.get(self.front..)?).ok()?;
        self.front += span;
        self.left = left;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for ZiplistIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let left = self.left.checked_sub(1)?;
        let (previous, entry, _) = read(self.body.get(self.back..)?).ok()?;
        self.back = self.back.checked_sub(previous)?;
        self.left = left;
        Some(entry)
    }
}

impl ExactSizeIterator for ZiplistIter<'_> {}

impl FusedIterator for ZiplistIter<'_> {}

/// Checks every rule of the layout, and tells the number of entries.
fn check(bytes: &[u8]) -> Result<usize, PackedError> {
    let declared = check_frame(bytes)?;
    let (len, tail) = walk(&bytes[..bytes.len() - 1])?;
    check_end(bytes, declared, len, tail)?;
    Ok(len)
}

/// Checks all but the entries, and tells what the header says that they are.
pub(super) fn check_frame(bytes: &[u8]) -> Result<u16, PackedError> {
    let actual = bytes.len() as u64;
    let (Some((&header, _)), Some((&end_byte, body))) =
        (bytes.split_first_chunk(), bytes.split_last())
    else {
        return Err(PackedError::TooShort { len: actual });
    };
    if body.len() < HEADER_LEN {
        return Err(PackedError::TooShort { len: actual });
    }
    let [t0, t1, t2, t3, _, _, _, _, c0, c1]: [u8; HEADER_LEN] = header;
    let declared = u64::from(u32::from_le_bytes([t0, t1, t2, t3]));
    if declared != actual {
        return Err(PackedError::TotalBytes { declared, actual });
    }
    if end_byte != END {
        return Err(PackedError::EndByte { offset: body.len() as u64 });
    }
    Ok(u16::from_le_bytes([c0, c1]))
}

/// Checks what the header says of the entries, of which there are `len`, the last one at `tail`.
pub(super) fn check_end(
    bytes: &[u8],
    declared: u16,
    len: usize,
    tail: usize,
) -> Result<(), PackedError> {
    let body = &bytes[..bytes.len() - 1];
    if tail_offset(body) != tail {
        let declared = tail_offset(body) as u64;
        return Err(PackedError::TailOffset { declared, actual: tail as u64 });
    }
    if declared != COUNT_UNKNOWN && usize::from(declared) != len {
        return Err(PackedError::Count { declared: declared.into(), actual: len as u64 });
    }
    Ok(())
}

/// The entry at `at`, checked, behind the one at `tail`, and its bytes; `None` at the end.
pub(super) fn entry_at(
    bytes: &[u8],
    at: usize,
    tail: usize,
) -> Result<Option<(Entry<'_>, usize)>, PackedError> {
    let body = &bytes[..bytes.len() - 1];
    if at == body.len() {
        return Ok(None);
    }
    check_entry(body, at, tail).map(Some)
}

/// Checks all entries; tells how many there are and where the last begins.
fn walk(body: &[u8]) -> Result<(usize, usize), PackedError> {
    let (mut at, mut tail, mut len) = (HEADER_LEN, HEADER_LEN, 0);
    while at < body.len() {
        let (_, span) = check_entry(body, at, tail)?;
        tail = at;
        at += span;
        len += 1;
    }
    Ok((len, tail))
}

/// The entry at `at`, behind the one at `tail`, and its bytes.
#[inline]
fn check_entry(body: &[u8], at: usize, tail: usize) -> Result<(Entry<'_>, usize), PackedError> {
    let offset = at as u64;
    let (previous, entry, span) = read(&body[at..]).map_err(|defect| match defect {
        Defect::Cut => PackedError::EntryPastEnd { offset },
        Defect::End => {
            // With the end byte that is where it should be.
            PackedError::TrailingBytes { offset, unread: (body.len() - at) as u64 }
        }
        Defect::Encoding { at } => PackedError::InvalidEncoding { offset: offset + at as u64 },
    })?;
    if previous != at - tail {
        return Err(PackedError::PreviousLength { offset });
    }
    Ok((entry, span))
}

/// Why there is no entry.
#[derive(Clone, Copy, Debug)]
enum Defect {
    Cut,
    End,
    /// The byte at `at` begins no encoding.
    Encoding {
        at: usize,
    },
}

/// The first of `entries`: the length of the one before it, what it is, and its own length.
#[inline]
fn read(entries: &[u8]) -> Result<(usize, Entry<'_>, usize), Defect> {
    let (previous, encoded) = match *entries {
        [previous @ ..=0xFD, ref encoded @ ..] => (previous.into(), encoded),
        [PREVIOUS_LONG, b0, b1, b2, b3, ref encoded @ ..] => {
            (u32::from_le_bytes([b0, b1, b2, b3]) as usize, encoded)
        }
        [END, ..] => return Err(Defect::End),
        _ => return Err(Defect::Cut),
    };
    let int = |number, size| (Entry::Int(number), size);
    let (entry, size) = match *encoded {
        [len @ 0x00..=0x3F, ref data @ ..] => text(data, 1, len.into())?,
        [high @ 0x40..=0x7F, low, ref data @ ..] => {
            text(data, 2, u16::from_be_bytes([high & 0x3F, low]).into())?
        }
        [0x80, b0, b1, b2, b3, ref data @ ..] => {
            text(data, 5, u32::from_be_bytes([b0, b1, b2, b3]) as usize)?
        }
        [first @ 0xF1..=0xFD, ..] => int((first - 0xF1).into(), 1),
        [0xFE, byte, ..] => int(i8::from_le_bytes([byte]).into(), 2),
        [0xC0, b0, b1, ..] => int(i16::from_le_bytes([b0, b1]).into(), 3),
        [0xF0, b0, b1, b2, ..] => int((i32::from_le_bytes([0, b0, b1, b2]) >> 8).into(), 4),
        [0xD0, b0, b1, b2, b3, ..] => int(i32::from_le_bytes([b0, b1, b2, b3]).into(), 5),
        [0xE0, b0, b1, b2, b3, b4, b5, b6, b7, ..] => {
            int(i64::from_le_bytes([b0, b1, b2, b3, b4, b5, b6, b7]), 9)
        }
        [] | [0x40..=0x80 | 0xC0 | 0xD0 | 0xE0 | 0xF0 | 0xFE, ..] => return Err(Defect::Cut),
        _ => return Err(Defect::Encoding { at: entries.len() - encoded.len() }),
    };
    Ok((previous, entry, entries.len() - encoded.len() + size))
}

/// The text of `len` bytes at the front of `data`, which follows `head` bytes of encoding.
#[inline]
fn text(data: &[u8], head: usize, len: usize) -> Result<(Entry<'_>, usize), Defect> {
    let text = data.get(..len).ok_or(Defect::Cut)?;
    Ok((Entry::Text(text), head + len))
}

/// What the header says.
fn tail_offset(body: &[u8]) -> usize {
    match *body {
        [_, _, _, _, b0, b1, b2, b3, ..] => u32::from_le_bytes([b0, b1, b2, b3]) as usize,
        _ => 0,
    }
}

pub(super) const HEADER_LEN: usize = 10;
const END: u8 = 0xFF;

/// Leads a previous length of 4 bytes.
const PREVIOUS_LONG: u8 = 0xFE;

/// The count of 65535 entries and more, for which the header has no room.
pub(super) const COUNT_UNKNOWN: u16 = u16::MAX;
