//! The nodes of a list, and what is done to the listpacks that most of them are.

use bytes::Bytes;
use rdb_format::packed::{Entry, ListpackMut};

use super::ListEnd;
use crate::sequence::Weighted;

/// A part of a list, not empty.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Packed(ListpackMut),
    /// One element that is too large for a listpack.
    Plain(Bytes),
}

impl Weighted for Node {
    fn weight(&self) -> usize {
        match self {
            Self::Packed(listpack) => listpack.len(),
            Self::Plain(_) => 1,
        }
    }
}

impl Node {
    pub(super) fn packed(element: &[u8]) -> Self {
        let mut listpack = ListpackMut::new();
        push(&mut listpack, ListEnd::Tail, element);
        Self::Packed(listpack)
    }

    pub(super) fn plain(element: &[u8]) -> Self {
        Self::Plain(Bytes::copy_from_slice(element))
    }

    pub(super) fn listpack(&self) -> Option<&ListpackMut> {
        match self {
            Self::Packed(listpack) => Some(listpack),
            Self::Plain(_) => None,
        }
    }

    /// # Panics
    /// If it is a large element.
    pub(super) fn listpack_mut(&mut self) -> &mut ListpackMut {
        match self {
            Self::Packed(listpack) => listpack,
            Self::Plain(_) => unreachable!("a large element is not changed in place"),
        }
    }

    /// How many of the elements are `element`.
    pub(super) fn count(&self, element: &[u8]) -> usize {
        match self {
            Self::Packed(listpack) => count(listpack, element),
            Self::Plain(text) => (*text == element).into(),
        }
    }
}

pub(super) fn push(listpack: &mut ListpackMut, end: ListEnd, element: &[u8]) {
    match end {
        ListEnd::Head => insert(listpack, 0, element),
        ListEnd::Tail => listpack.push(element).expect(FITS),
    }
}

pub(super) fn insert(listpack: &mut ListpackMut, index: usize, element: &[u8]) {
    let mut cursor = listpack.cursor_front();
    cursor.move_by(index);
    cursor.insert_before(Entry::Text(element)).expect(FITS);
}

pub(super) fn replace(listpack: &mut ListpackMut, index: usize, element: &[u8]) {
    let mut cursor = listpack.cursor_front();
    cursor.move_by(index);
    cursor.replace(Entry::Text(element)).expect(FITS);
}

pub(super) fn remove_range(listpack: &mut ListpackMut, index: usize, count: usize) {
    let mut cursor = listpack.cursor_front();
    cursor.move_by(index);
    cursor.remove_many(count);
}

/// Removes up to `max` elements that are `element`, the first ones seen from an end, and tells how
/// many.
pub(super) fn remove_text(
    listpack: &mut ListpackMut,
    element: &[u8],
    max: usize,
    from: ListEnd,
) -> usize {
    let found = count(listpack, element);
    let removed = found.min(max);
    if removed == 0 {
        return 0;
    }
    let mut passed = match from {
        ListEnd::Head => 0,
        ListEnd::Tail => found - removed,
    };
    // Made anew, since each removal in place would move what follows.
    let mut left = ListpackMut::new();
    left.reserve(listpack.bytes_len());
    let mut to_remove = removed;
    for entry in listpack.iter() {
        if to_remove > 0 && entry.eq_text(element) {
            if passed == 0 {
                to_remove -= 1;
                continue;
            }
            passed -= 1;
        }
        left.push_entry(entry).expect(FITS);
    }
    left.shrink_to_fit();
    *listpack = left;
    removed
}

fn count(listpack: &ListpackMut, element: &[u8]) -> usize {
    let (mut entries, mut count) = (listpack.iter(), 0);
    while entries.find_text(element, 1).is_some() {
        entries.next();
        count += 1;
    }
    count
}

/// Nodes are bounded by [`NodeLimit`](super::NodeLimit), far below what a listpack can hold; a list
/// that is one listpack likewise.
const FITS: &str = "a node is small";
