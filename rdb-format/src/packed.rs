//! The packed encodings: small collections as one blob of bytes.
//!
//! | form | holds | written by | here |
//! |---|---|---|---|
//! | [`Listpack`] | any elements | Redis 5.0 in streams, 7.0 and later in all types | read, built, edited in place |
//! | [`Intset`] | a set of integers | Redis 2.4 and later | read, built, edited in place |
//! | [`Ziplist`] | any elements | Redis 2.4 to 6.2 | read, made a listpack |
//! | [`Zipmap`] | pairs of a hash | Redis 2.4 | read, made a listpack |
//!
//! Valkey and Redict write what Redis 7.2 writes. Each layout is told at the type that reads it.
//!
//! `parse` walks a blob once and checks every rule of its layout, so that what it returns can be
//! iterated in both directions without an error. It allocates nothing but the index of a zipmap.
//! What elements mean is the caller's: that a hash has an even number of them and none of its
//! fields twice, that a score is a number, that a collection is not empty.
//!
//! ```
//! use rdb_format::packed::{Entry, Listpack, ListpackMut};
//!
//! let mut hash = ListpackMut::new();
//! for text in [b"name".as_slice(), b"ferry", b"berths", b"12"] {
//!     hash.push(text)?;
//! }
//! let blob = hash.freeze().into_bytes();
//!
//! let hash = Listpack::parse(blob)?;
//! assert_eq!(hash.len(), 4);
//! assert_eq!(hash.iter().next_back(), Some(Entry::Int(12)));
//! assert!(hash.iter().any(|entry| entry.eq_text(b"berths")));
//! # Ok::<(), rdb_format::packed::PackedError>(())
//! ```

mod entry;
mod error;
mod intset;
mod listpack;
mod walk;
mod ziplist;
mod zipmap;

pub use entry::Entry;
pub use error::PackedError;
pub use intset::{Intset, IntsetIter, IntsetMut, IntsetRef};
pub use listpack::{BackLengths, BoundaryEntries, Cursor, Listpack, ListpackIter, ListpackMut};
pub(crate) use walk::{Layout, Walk};
pub use ziplist::{Ziplist, ZiplistIter};
pub use zipmap::{Zipmap, ZipmapIter};

/// The longest blob that is built here, in bytes: 1 GiB, where Redis 7.0 and later stop too
/// (`LISTPACK_MAX_SAFETY_LIMIT`). Longer ones are read, up to what their headers can say.
pub const BYTES_MAX: usize = 1 << 30;
