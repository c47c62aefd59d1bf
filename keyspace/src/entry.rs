//! A key with its value and what is known about it, in one allocation if the value is small.

use std::fmt;
use std::hint;
use std::ops::Range;

use rdb_format::Whole;

use crate::access::Access;
use crate::blob::Blob;
use crate::content::{Content, Form};
use crate::slab::Slab;
use crate::value::{Value, ValueRef};

/// What a database holds for one key.
#[derive(Clone, Copy)]
pub struct EntryRef<'a> {
    entry: &'a Entry,
    values: &'a Slab<Value>,
}

impl<'a> EntryRef<'a> {
    /// An entry whose value is in `values` if it is not in the entry itself.
    pub(crate) fn new(entry: &'a Entry, values: &'a Slab<Value>) -> Self {
        Self { entry, values }
    }

    /// The key.
    pub fn key(self) -> &'a [u8] {
        self.entry.key()
    }

    /// The value.
    pub fn value(self) -> ValueRef<'a> {
        match self.entry.content() {
            Content::Inline(form, bytes) => form.view(bytes),
            Content::InSlab(id) => self.values.get(id).view(),
        }
    }

    /// The value as one string of the format, if it is so small that it is kept as that.
    pub fn whole(self) -> Option<Whole<'a>> {
        match self.entry.content() {
            Content::Inline(form, bytes) => form.whole(bytes),
            Content::InSlab(_) => None,
        }
    }

    /// When the key expires, in Unix milliseconds.
    pub fn expire_at_ms(self) -> Option<i64> {
        self.entry.expire_at_ms()
    }

    /// Whether the key's time is up, or that of every field of its hash.
    pub fn is_expired(self, now_ms: i64) -> bool {
        self.entry.is_expired(now_ms) || self.value().has_expired(now_ms)
    }

    /// The access record.
    pub fn access(self) -> Access {
        self.entry.access()
    }
}

/// Shows no value, which may be large.
impl fmt::Debug for EntryRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryRef")
            .field("key", &format_args!("\"{}\"", self.key().escape_ascii()))
            .field("expire_at_ms", &self.expire_at_ms())
            .finish_non_exhaustive()
    }
}

/// A key with its value or the place of it, its expiry and its access record.
///
/// The bytes of a blob, numbers little-endian:
///
/// | bytes | what | |
/// |------:|------|---|
/// | 1 | tag | the form of the content, [`HAS_EXPIRY`] and [`HAS_LONG_KEY`] |
/// | 4 | access record | |
/// | 1 or 4 | length of the key | 4 with [`HAS_LONG_KEY`] |
/// | 8 | expiry | only with [`HAS_EXPIRY`] |
/// | | key | |
/// | | content | the value itself, or its id in a slab of values |
///
/// With the blob's own length that is 10 bytes beside a short key and a value. Then a key of 16
/// bytes and a string of 100 fit into 128, a size that allocators have.
#[derive(Debug)]
pub(crate) struct Entry(Blob);

impl Entry {
    /// # Panics
    /// If the key is so long that it takes 4 GiB with what is kept beside it.
    pub(crate) fn new(
        key: &[u8],
        content: Content<'_>,
        expire_at_ms: Option<i64>,
        access: Access,
    ) -> Self {
        let (form, id);
        let bytes = match content {
            Content::Inline(inline_form, bytes) => {
                form = inline_form as u8;
                bytes
            }
            Content::InSlab(in_slab) => {
                form = FORM_IN_SLAB;
                id = in_slab.to_le_bytes();
                &id
            }
        };
        let long_key_len = (key.len() as u32).to_le_bytes();
        let (key_tag, key_len): (u8, &[u8]) = match u8::try_from(key.len()) {
            Ok(_) => (0, &long_key_len[..1]),
            Err(_) => (HAS_LONG_KEY, &long_key_len),
        };
        let expire_bytes = expire_at_ms.unwrap_or_default().to_le_bytes();
        let (expiry_tag, expiry): (u8, &[u8]) = match expire_at_ms {
            Some(_) => (HAS_EXPIRY, &expire_bytes),
            None => (0, &[]),
        };
        let tag = form | key_tag | expiry_tag;
        Self(Blob::new(&[&[tag], &access.to_bytes(), key_len, expiry, key, bytes]))
    }

    /// Reads what makes the caches hold the beginning of it.
    pub(crate) fn warm(&self) {
        hint::black_box(self.0.iter().step_by(CACHE_LINE_BYTES).take(WARMED_LINES_MAX).max());
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.0[self.key_range()]
    }

    pub(crate) fn content(&self) -> Content<'_> {
        let bytes = &self.0[self.key_range().end..];
        match Form::new(self.0[0] & FORM_MASK) {
            Some(form) => Content::Inline(form, bytes),
            None => Content::InSlab(u32::from_le_bytes(bytes.try_into().expect("an id"))),
        }
    }

    /// When the key expires, in Unix milliseconds.
    pub(crate) fn expire_at_ms(&self) -> Option<i64> {
        let range = self.expiry_range();
        (!range.is_empty()).then(|| i64::from_le_bytes(self.0[range].try_into().expect("8 bytes")))
    }

    /// Whether the key's time is up.
    pub(crate) fn is_expired(&self, now_ms: i64) -> bool {
        // Redis: a key lives through its last millisecond, `now > when`.
        self.expire_at_ms().is_some_and(|at_ms| at_ms < now_ms)
    }

    pub(crate) fn access(&self) -> Access {
        Access::from_bytes(self.0[ACCESS].try_into().expect("4 bytes"))
    }

    pub(crate) fn set_access(&mut self, access: Access) {
        self.0[ACCESS].copy_from_slice(&access.to_bytes());
    }

    /// Changes content and expiry, in place if they take as many bytes as before.
    pub(crate) fn set(&mut self, content: Content<'_>, expire_at_ms: Option<i64>) {
        let expiry = self.expiry_range();
        let content_start = self.key_range().end;
        if let Content::Inline(form, bytes) = content
            && bytes.len() == self.0.len() - content_start
            && expire_at_ms.is_some() != expiry.is_empty()
        {
            self.0[0] = self.0[0] & !FORM_MASK | form as u8;
            if let Some(at_ms) = expire_at_ms {
                self.0[expiry].copy_from_slice(&at_ms.to_le_bytes());
            }
            self.0[content_start..].copy_from_slice(bytes);
            return;
        }
        *self = Self::new(self.key(), content, expire_at_ms, self.access());
    }

    pub(crate) fn set_expire(&mut self, expire_at_ms: Option<i64>) {
        let range = self.expiry_range();
        match expire_at_ms {
            Some(at_ms) if !range.is_empty() => {
                self.0[range].copy_from_slice(&at_ms.to_le_bytes());
            }
            None if range.is_empty() => {}
            _ => *self = Self::new(self.key(), self.content(), expire_at_ms, self.access()),
        }
    }

    fn expiry_range(&self) -> Range<usize> {
        let start = if self.0[0] & HAS_LONG_KEY == 0 { KEY_LEN + 1 } else { KEY_LEN + 4 };
        start..start + if self.0[0] & HAS_EXPIRY == 0 { 0 } else { 8 }
    }

    fn key_range(&self) -> Range<usize> {
        let start = self.expiry_range().end;
        let len = if self.0[0] & HAS_LONG_KEY == 0 {
            usize::from(self.0[KEY_LEN])
        } else {
            let bytes = self.0[KEY_LEN..KEY_LEN + 4].try_into().expect("4 bytes");
            u32::from_le_bytes(bytes) as usize
        };
        start..start + len
    }
}

const ACCESS: Range<usize> = 1..5;
const KEY_LEN: usize = 5;

const HAS_EXPIRY: u8 = 0x80;
const HAS_LONG_KEY: u8 = 0x40;
const FORM_MASK: u8 = 0x3f;

/// Stands for no form: the content is an id.
const FORM_IN_SLAB: u8 = 0;

/// What the processor loads at a time.
const CACHE_LINE_BYTES: usize = 64;

/// What follows these it loads by itself when they are read.
const WARMED_LINES_MAX: usize = 4;

const _: () = assert!(size_of::<Entry>() == 8, "a word for each key is in its table");

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        Access::idle(7, 1_700_000_000_000)
    }

    fn contents<'a>(text: &'a [u8]) -> [Content<'a>; 3] {
        [
            Content::Inline(Form::Text, text),
            Content::Inline(Form::Int, &[1, 2, 3, 4, 5, 6, 7, 8]),
            Content::InSlab(u32::MAX - 1),
        ]
    }

    #[test]
    fn all_parts_come_back() {
        for key_len in [0, 1, 16, 255, 256, 70_000] {
            let key = vec![b'k'; key_len];
            for text_len in [0, 4, 8, 100] {
                for content in contents(&vec![b'v'; text_len]) {
                    for expire in [None, Some(0), Some(i64::MIN), Some(i64::MAX)] {
                        let entry = Entry::new(&key, content, expire, access());
                        assert_eq!(entry.key(), key);
                        assert_eq!(entry.content(), content);
                        assert_eq!(entry.expire_at_ms(), expire);
                        assert_eq!(entry.access(), access());
                    }
                }
            }
        }
    }

    #[test]
    fn a_change_leaves_the_other_parts() {
        for key in [&b"key"[..], &[b'k'; 300]] {
            for before in contents(b"12345678") {
                for after in contents(b"1234") {
                    for (first, second) in [(None, Some(5)), (Some(5), None), (Some(5), Some(6))] {
                        let mut entry = Entry::new(key, before, first, access());
                        entry.set_expire(second);
                        assert_eq!((entry.key(), entry.content()), (key, before));
                        assert_eq!(entry.expire_at_ms(), second);
                        entry.set(after, first);
                        assert_eq!((entry.key(), entry.content()), (key, after));
                        assert_eq!(entry.expire_at_ms(), first);
                        entry.set_access(Access::idle(9, 0));
                        assert_eq!((entry.key(), entry.content()), (key, after));
                        assert_eq!(entry.access(), Access::idle(9, 0));
                    }
                }
            }
        }
    }

    #[test]
    fn content_of_the_same_size_is_changed_in_place() {
        for expire in [None, Some(77)] {
            let number = |number: i64| number.to_le_bytes();
            let mut entry =
                Entry::new(b"n", Content::Inline(Form::Int, &number(1)), expire, access());
            let address = entry.key().as_ptr();
            entry.set(Content::Inline(Form::Int, &number(-2)), expire);
            entry.set(Content::Inline(Form::Text, b"87654321"), expire.map(|at_ms| at_ms + 1));
            assert_eq!(entry.content(), Content::Inline(Form::Text, b"87654321"));
            assert_eq!(entry.key().as_ptr(), address);
        }
    }
}
