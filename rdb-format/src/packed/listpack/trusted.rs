//! Listpacks that need not be checked again.

use bytes::Bytes;

use super::{
    BoundaryEntries, COUNT_UNKNOWN, HEADER_LEN, Listpack, ListpackIter, ListpackMut,
    back_length::BOUNDARY_SIZE_MIN, walk,
};

impl Listpack {
    /// The listpack that `bytes` are, which was made here or has been parsed before: its entries are
    /// not looked at, except to count those of a boundary size where it is long enough to have any.
    ///
    /// Of what is no listpack it has some entries, or none.
    pub fn from_trusted(bytes: Bytes) -> Self {
        match summary(&bytes) {
            Some((len, boundary)) => Self { bytes, len, boundary },
            None => ListpackMut::new().freeze(),
        }
    }
}

impl ListpackMut {
    /// A copy of the listpack that `bytes` are, as [`Listpack::from_trusted`].
    pub fn from_trusted(bytes: &[u8]) -> Self {
        match summary(bytes) {
            Some((len, boundary)) if boundary.is_empty() => {
                let mut copy = Vec::with_capacity(bytes.len() + EDIT_ROOM);
                copy.extend_from_slice(bytes);
                Self::without_boundary(copy, len)
            }
            _ => Listpack::from_trusted(Bytes::copy_from_slice(bytes)).into(),
        }
    }
}

impl<'a> ListpackIter<'a> {
    /// The entries of a listpack that was made here or has been parsed before. Of what is no
    /// listpack it gives some entries, or none.
    #[inline]
    pub fn of_trusted(blob: &'a [u8]) -> Self {
        let Some(entries) = trusted_entries(blob) else { return Self { entries: &[], left: 0 } };
        let left = announced_len(blob).or_else(|| walk(entries).ok().map(|(len, _)| len));
        Self { entries, left: left.unwrap_or_default() }
    }
}

/// Number of entries, and of those of a boundary size.
fn summary(blob: &[u8]) -> Option<(usize, BoundaryEntries)> {
    let entries = trusted_entries(blob)?;
    match announced_len(blob) {
        Some(len) if blob.len() < BOUNDARY_SIZE_MIN => Some((len, BoundaryEntries::default())),
        _ => walk(entries).ok(),
    }
}

/// The number of entries that the header tells: none, if they are too many for it, or for whoever
/// wrote it to say.
fn announced_len(blob: &[u8]) -> Option<usize> {
    match u16::from_le_bytes([blob[HEADER_LEN - 2], blob[HEADER_LEN - 1]]) {
        COUNT_UNKNOWN => None,
        count => Some(count.into()),
    }
}

fn trusted_entries(blob: &[u8]) -> Option<&[u8]> {
    blob.get(HEADER_LEN..blob.len().checked_sub(1)?)
}

/// Room for an entry or two, so that the edit which the copy is made for does not move it.
const EDIT_ROOM: usize = 32;
