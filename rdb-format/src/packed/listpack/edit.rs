//! Listpacks that change.

use super::{
    BoundaryEntries, END, HEADER_LEN, Listpack, ListpackIter,
    back_length::{BackLengths, is_boundary, read_back_length},
    encoding::{Encoded, decode, measure},
    entries, write_header,
};
use crate::packed::{BYTES_MAX, Entry, PackedError};

/// A listpack that is built, or edited in place. Whole at any time: header and end byte are kept
/// up.
///
/// It does not grow over [`BYTES_MAX`]; an edit that would make it is refused and changes nothing.
/// Texts that are the decimal text of a number are stored as such, as servers do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListpackMut {
    pub(super) bytes: Vec<u8>,
    pub(super) len: usize,
    pub(super) back_lengths: BackLengths,
    /// Entries of a boundary size, all with back lengths of the one kind.
    pub(super) boundary: usize,
}

impl ListpackMut {
    /// An empty listpack, with [wide](BackLengths::Wide) back lengths.
    pub fn new() -> Self {
        Self::with_back_lengths(BackLengths::default())
    }

    /// An empty listpack.
    pub fn with_back_lengths(back_lengths: BackLengths) -> Self {
        let mut bytes = vec![0; HEADER_LEN];
        bytes.push(END);
        write_header(&mut bytes, 0);
        Self { bytes, len: 0, back_lengths, boundary: 0 }
    }

    /// The listpack of `len` entries that `bytes` are, none of them of a boundary size.
    pub(super) fn without_boundary(bytes: Vec<u8>, len: usize) -> Self {
        Self { bytes, len, back_lengths: BackLengths::default(), boundary: 0 }
    }

    /// Makes room for `additional` bytes of entries.
    pub fn reserve(&mut self, additional: usize) {
        // The last of them is written with room to spare.
        self.bytes.reserve(additional + Encoded::SPARE_BYTES);
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Length of the whole blob in bytes.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// The whole blob.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The entries.
    pub fn iter(&self) -> ListpackIter<'_> {
        ListpackIter { entries: entries(&self.bytes), left: self.len }
    }

    /// The listpack as it is now.
    pub fn freeze(self) -> Listpack {
        let boundary = match self.back_lengths {
            BackLengths::Wide => BoundaryEntries { wide: self.boundary, minimal: 0 },
            BackLengths::Minimal => BoundaryEntries { wide: 0, minimal: self.boundary },
        };
        Listpack { bytes: self.bytes.into(), len: self.len, boundary }
    }

    /// Appends `text`.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`].
    pub fn push(&mut self, text: &[u8]) -> Result<(), PackedError> {
        self.append([Entry::parse(text)])
    }

    /// Appends `entry`.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`].
    pub fn push_entry(&mut self, entry: Entry<'_>) -> Result<(), PackedError> {
        self.append([canonical(entry)])
    }

    /// Appends all of `entries`, for less than one by one.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`]; then none of them is appended.
    pub fn push_entries<'a>(
        &mut self,
        entries: impl IntoIterator<Item = Entry<'a>>,
    ) -> Result<(), PackedError> {
        self.append(entries.into_iter().map(canonical))
    }

    /// Appends `number`.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`].
    pub fn push_int(&mut self, number: i64) -> Result<(), PackedError> {
        self.append([Entry::Int(number)])
    }

    /// A cursor at the first entry.
    pub fn cursor_front(&mut self) -> Cursor<'_> {
        Cursor { at: HEADER_LEN, listpack: self }
    }

    /// A cursor behind the last entry.
    pub fn cursor_end(&mut self) -> Cursor<'_> {
        Cursor { at: self.end(), listpack: self }
    }

    /// Where the end byte is.
    pub(super) fn end(&self) -> usize {
        self.bytes.len() - 1
    }

    /// Appends entries in their shortest encoding.
    fn append<'a>(
        &mut self,
        entries: impl IntoIterator<Item = Entry<'a>>,
    ) -> Result<(), PackedError> {
        let (end, len, boundary) = (self.end(), self.len, self.boundary);
        self.bytes.truncate(end);
        let appended = entries.into_iter().try_for_each(|entry| {
            // Four of those that make an entry of a stream: one store each, for what is said of
            // all others by several.
            if let Entry::Int(number @ 0..=0x7F) = entry
                && self.bytes.len() + 3 <= BYTES_MAX
            {
                self.bytes.extend_from_slice(&[number as u8, 1]);
                self.len += 1;
                return Ok(());
            }
            let encoded = self.encode(entry, self.bytes.len() + 1)?;
            encoded.append_to(&mut self.bytes);
            self.len += 1;
            self.boundary += usize::from(is_boundary(encoded.size()));
            Ok(())
        });
        if appended.is_err() {
            self.bytes.truncate(end);
            (self.len, self.boundary) = (len, boundary);
        }
        self.bytes.push(END);
        write_header(&mut self.bytes, self.len);
        appended
    }

    /// Inserts an entry at offset `at`, and tells its bytes.
    fn insert(&mut self, at: usize, entry: Entry<'_>) -> Result<usize, PackedError> {
        let encoded = self.encode(entry, self.bytes.len())?;
        self.len += 1;
        self.put(at, 0, &encoded);
        Ok(encoded.span())
    }

    /// Replaces the entry at offset `at`.
    fn replace(&mut self, at: usize, entry: Entry<'_>) -> Result<(), PackedError> {
        let (old_size, old_span) = self.measure(at);
        let encoded = self.encode(entry, self.bytes.len() - old_span)?;
        self.boundary -= usize::from(is_boundary(old_size));
        self.put(at, old_span, &encoded);
        Ok(())
    }

    /// Removes the entry at offset `at`.
    fn remove(&mut self, at: usize) {
        let (size, span) = self.measure(at);
        self.bytes.copy_within(at + span.., at);
        self.bytes.truncate(self.bytes.len() - span);
        self.len -= 1;
        self.boundary -= usize::from(is_boundary(size));
        write_header(&mut self.bytes, self.len);
    }

    /// Removes up to `count` entries from offset `at` on, and tells how many.
    pub(super) fn remove_many(&mut self, at: usize, count: usize) -> usize {
        let (mut end, mut removed) = (at, 0);
        while removed < count
            && let Some((size, span)) = measure(&self.bytes[end..self.end()])
        {
            self.boundary -= usize::from(is_boundary(size));
            end += span;
            removed += 1;
        }
        self.bytes.drain(at..end);
        self.len -= removed;
        write_header(&mut self.bytes, self.len);
        removed
    }

    /// Writes `encoded` over the `old` bytes at offset `at`.
    fn put(&mut self, at: usize, old: usize, encoded: &Encoded<'_>) {
        let (len, span) = (self.bytes.len(), encoded.span());
        if span != old {
            self.bytes.resize(len.max(len - old + span), 0);
            self.bytes.copy_within(at + old..len, at + span);
            self.bytes.truncate(len - old + span);
        }
        let mut room = &mut self.bytes[at..];
        for part in encoded.parts() {
            let (filled, rest) = room.split_at_mut(part.len());
            filled.copy_from_slice(part);
            room = rest;
        }
        self.boundary += usize::from(is_boundary(encoded.size()));
        write_header(&mut self.bytes, self.len);
    }

    /// `entry` as it is written, if there is room for it beside `kept` bytes.
    fn encode<'a>(&self, entry: Entry<'a>, kept: usize) -> Result<Encoded<'a>, PackedError> {
        let too_large = |needed| PackedError::TooLarge { needed, limit: BYTES_MAX as u64 };
        if let Entry::Text(text) = entry
            && text.len() > BYTES_MAX
        {
            return Err(too_large(text.len() as u64));
        }
        let encoded = Encoded::new(entry, self.back_lengths);
        let needed = kept + encoded.span();
        // One that was longer when it was read may shrink.
        if needed > BYTES_MAX && needed > self.bytes.len() {
            return Err(too_large(needed as u64));
        }
        Ok(encoded)
    }

    /// Bytes of the entry at offset `at`, without and with its back length.
    fn measure(&self, at: usize) -> (usize, usize) {
        measure(&self.bytes[at..self.end()]).unwrap_or_default()
    }
}

impl Default for ListpackMut {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Listpack> for ListpackMut {
    /// Goes on with the back lengths that the listpack has. Copies it if it is shared, or if it has
    /// back lengths of both kinds: then all become [wide](BackLengths::Wide).
    fn from(listpack: Listpack) -> Self {
        let back_lengths = match listpack.boundary() {
            BoundaryEntries { wide: 0, minimal: 1.. } => BackLengths::Minimal,
            _ => BackLengths::Wide,
        };
        let Listpack { bytes, len, boundary } = if listpack.boundary.suit(back_lengths) {
            listpack
        } else {
            listpack.with_back_lengths(back_lengths)
        };
        let boundary = boundary.wide + boundary.minimal;
        Self { bytes: bytes.into(), len, back_lengths, boundary }
    }
}

impl<'a> IntoIterator for &'a ListpackMut {
    type Item = Entry<'a>;
    type IntoIter = ListpackIter<'a>;

    fn into_iter(self) -> ListpackIter<'a> {
        self.iter()
    }
}

/// A place in a [`ListpackMut`]: at one of its entries, or behind the last.
///
/// ```
/// use rdb_format::packed::{Entry, ListpackMut};
///
/// let mut hash = ListpackMut::new();
/// hash.push(b"berths")?;
/// hash.push(b"12")?;
/// let mut cursor = hash.cursor_front();
/// while let Some(field) = cursor.entry() {
///     let found = field.eq_text(b"berths");
///     cursor.move_next();
///     if found {
///         cursor.replace(Entry::Int(13))?;
///     }
///     cursor.move_next();
/// }
/// assert!(hash.iter().eq([Entry::Text(b"berths"), Entry::Int(13)]));
/// # Ok::<(), rdb_format::packed::PackedError>(())
/// ```
#[derive(Debug)]
pub struct Cursor<'a> {
    pub(super) listpack: &'a mut ListpackMut,
    /// Offset of an entry, or of the end byte.
    pub(super) at: usize,
}

impl Cursor<'_> {
    /// The entry here; `None` behind the last.
    pub fn entry(&self) -> Option<Entry<'_>> {
        decode(&self.listpack.bytes[self.at..self.listpack.end()]).map(|(entry, _)| entry)
    }

    /// Moves to the next entry, or from the last behind it; tells whether there was one here.
    pub fn move_next(&mut self) -> bool {
        if self.is_end() {
            return false;
        }
        self.at += self.listpack.measure(self.at).1;
        true
    }

    /// Moves to the entry before this one; tells whether there is one.
    pub fn move_prev(&mut self) -> bool {
        match read_back_length(&self.listpack.bytes[HEADER_LEN..self.at]) {
            Some(span) => {
                self.at -= span;
                true
            }
            None => false,
        }
    }

    /// Inserts `entry` before the one here, at which the cursor stays. Behind the last it appends.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`].
    pub fn insert_before(&mut self, entry: Entry<'_>) -> Result<(), PackedError> {
        self.at += self.listpack.insert(self.at, canonical(entry))?;
        Ok(())
    }

    /// Inserts `entry` after the one here, at which the cursor stays. Behind the last it appends,
    /// and the cursor is at what it appended.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`].
    pub fn insert_after(&mut self, entry: Entry<'_>) -> Result<(), PackedError> {
        let span = if self.is_end() { 0 } else { self.listpack.measure(self.at).1 };
        self.listpack.insert(self.at + span, canonical(entry))?;
        Ok(())
    }

    /// Replaces the entry here, if there is one, and tells whether there is.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`].
    pub fn replace(&mut self, entry: Entry<'_>) -> Result<bool, PackedError> {
        if self.is_end() {
            return Ok(false);
        }
        self.listpack.replace(self.at, canonical(entry))?;
        Ok(true)
    }

    /// Removes the entry here, if there is one, and tells whether there was. The cursor is at the
    /// one that followed.
    pub fn remove(&mut self) -> bool {
        if self.is_end() {
            return false;
        }
        self.listpack.remove(self.at);
        true
    }

    fn is_end(&self) -> bool {
        self.at == self.listpack.end()
    }
}

/// `entry` as servers store it.
fn canonical(entry: Entry<'_>) -> Entry<'_> {
    match entry {
        Entry::Int(_) => entry,
        Entry::Text(text) => Entry::parse(text),
    }
}
