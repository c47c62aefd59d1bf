//! Taking listpacks apart and putting them together.

use super::{
    END, HEADER_LEN, ListpackMut, back_length::is_boundary, encoding::measure, entries,
    write_header,
};
use crate::packed::{BYTES_MAX, PackedError};

impl ListpackMut {
    /// Takes the entries from the one of this index on away, into a listpack of their own.
    pub fn split_off(&mut self, index: usize) -> Self {
        let mut cursor = self.cursor_front();
        cursor.move_by(index);
        let at = cursor.at;
        let mut bytes = Vec::with_capacity(HEADER_LEN + self.bytes.len() - at);
        bytes.resize(HEADER_LEN, 0);
        bytes.extend_from_slice(&self.bytes[at..]);
        let len = self.len - index.min(self.len);
        write_header(&mut bytes, len);
        let boundary = if self.boundary == 0 { 0 } else { boundary_len(entries(&bytes)) };
        self.bytes.truncate(at);
        self.bytes.push(END);
        self.len -= len;
        self.boundary -= boundary;
        write_header(&mut self.bytes, self.len);
        Self { bytes, len, back_lengths: self.back_lengths, boundary }
    }

    /// Adds the entries of another listpack at the end.
    ///
    /// # Errors
    ///
    /// [`PackedError::TooLarge`]; then nothing is added.
    pub fn join(&mut self, other: Self) -> Result<(), PackedError> {
        let other = match other.boundary {
            1.. if other.back_lengths != self.back_lengths => {
                Self::from(other.freeze().with_back_lengths(self.back_lengths))
            }
            _ => other,
        };
        let added = entries(&other.bytes);
        let needed = self.bytes.len() + added.len();
        if needed > BYTES_MAX {
            return Err(PackedError::TooLarge { needed: needed as u64, limit: BYTES_MAX as u64 });
        }
        self.bytes.pop();
        self.bytes.extend_from_slice(added);
        self.bytes.push(END);
        self.len += other.len;
        self.boundary += other.boundary;
        write_header(&mut self.bytes, self.len);
        Ok(())
    }

    /// Gives back the room that is kept for more entries.
    pub fn shrink_to_fit(&mut self) {
        match self.bytes.len() {
            // Some allocators leave a block as it is until less than half of it is used.
            ..=MOVED_BYTES_MAX if self.bytes.capacity() > self.bytes.len() => {
                self.bytes = self.bytes.as_slice().into();
            }
            _ => self.bytes.shrink_to_fit(),
        }
    }
}

/// Bytes that are moved to be rid of room.
const MOVED_BYTES_MAX: usize = 64 * 1024;

/// How many of sound `entries` have a boundary size.
fn boundary_len(entries: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while let Some((size, span)) = measure(&entries[at..]) {
        count += usize::from(is_boundary(size));
        at += span;
    }
    count
}
