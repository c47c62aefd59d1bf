//! Owned bytes behind a pointer of one word.

#![expect(
    unsafe_code,
    reason = "10 million keys of 16 bytes with 100 bytes each take 145 bytes a key behind one word, \
              155 behind the two of a `Box<[u8]>`; there is no safe way to a thin one"
)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Bytes that one allocation holds together with their length. So is an `Option` of them.
///
/// ```text
///   +--------+---------------- - -
///   | length | bytes
///   +--------+---------------- - -
///     4 bytes
/// ```
pub(crate) struct Blob {
    /// Points to the length. It was allocated by the layout that [`layout`] gives for that length,
    /// it is this blob's alone, and both the length and the bytes are initialized.
    start: NonNull<u32>,
}

// SAFETY: a blob is the only one to refer to its allocation, and bytes can be sent and shared.
unsafe impl Send for Blob {}
// SAFETY: as above.
unsafe impl Sync for Blob {}

impl Blob {
    /// The bytes of all parts one after the other.
    ///
    /// # Panics
    /// If they are 4 GiB or more.
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        let len = parts.iter().map(|part| part.len()).sum::<usize>();
        let stored_len = u32::try_from(len).expect("a blob holds less than 4 GiB");
        let layout = layout(len);
        // SAFETY: the layout has the size of a length at least, which is not zero.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }.cast::<u32>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the allocation is aligned to hold a length first, and has `len` bytes after it,
        // which are the lengths of the parts added up. It is new, so no part overlaps it.
        unsafe {
            start.write(stored_len);
            let mut end = start.add(1).cast::<u8>();
            for part in parts {
                end.copy_from_nonoverlapping(NonNull::from(*part).cast(), part.len());
                end = end.add(part.len());
            }
        }
        Self { start }
    }

    fn stored_len(&self) -> usize {
        // SAFETY: `start` points to an initialized length.
        unsafe { self.start.read() as usize }
    }

    fn bytes(&self) -> NonNull<[u8]> {
        // SAFETY: the allocation goes on behind the length.
        let first = unsafe { self.start.add(1) };
        NonNull::slice_from_raw_parts(first.cast(), self.stored_len())
    }
}

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: so many initialized bytes follow the length, and they are this blob's.
        unsafe { self.bytes().as_ref() }
    }
}

impl DerefMut for Blob {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and the blob is borrowed for good.
        unsafe { self.bytes().as_mut() }
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        let layout = layout(self.stored_len());
        // SAFETY: the length is that of the allocation, so the layout is too; nobody uses it again.
        unsafe { dealloc(self.start.as_ptr().cast(), layout) }
    }
}

impl Clone for Blob {
    fn clone(&self) -> Self {
        Self::new(&[self])
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

/// The layout of a length and so many bytes.
fn layout(len: usize) -> Layout {
    let size = size_of::<u32>() + len;
    Layout::from_size_align(size, align_of::<u32>()).expect("4 GiB can be laid out")
}

const _: () = assert!(size_of::<Option<Blob>>() == size_of::<usize>(), "one word for each key");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_every_length_come_back() {
        for len in (0..300).chain([4_095, 4_096, 100_000]) {
            let bytes: Vec<u8> = (0..len).map(|number| number as u8).collect();
            let (head, tail) = bytes.split_at(len / 3);
            let mut blob = Blob::new(&[head, &[], tail]);
            assert_eq!(&*blob, bytes);
            let copy = blob.clone();
            if let Some(last) = blob.last_mut() {
                *last ^= 0xff;
                assert_ne!(*blob, *copy);
            }
            drop(blob);
            assert_eq!(&*copy, bytes, "a copy has its own bytes");
        }
    }

    #[test]
    fn no_parts_are_no_bytes() {
        assert!(Blob::new(&[]).is_empty());
    }

    #[test]
    fn a_blob_goes_to_another_thread() {
        let blob = Blob::new(&[b"key", b"value"]);
        let len = std::thread::spawn(move || blob.len()).join().expect("it does not panic");
        assert_eq!(len, 8);
    }

    #[test]
    fn debug_shows_the_bytes() {
        assert_eq!(format!("{:?}", Blob::new(&[b"a\n"])), r#""a\n""#);
    }
}
