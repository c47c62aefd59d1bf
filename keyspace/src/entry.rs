//! A key with its value and what is known about it.

use crate::access::Access;
use crate::key::Key;
use crate::value::{Value, ValueRef};

/// What a database holds for one key.
#[derive(Clone, Copy, Debug)]
pub struct EntryRef<'a>(pub(crate) &'a Entry);

impl<'a> EntryRef<'a> {
    /// The key.
    pub fn key(self) -> &'a [u8] {
        self.0.key()
    }

    /// The value.
    pub fn value(self) -> ValueRef<'a> {
        self.0.value.view()
    }

    /// When the key expires, in Unix milliseconds.
    pub fn expire_at_ms(self) -> Option<i64> {
        self.0.expire_at_ms()
    }

    /// Whether the key's time is up.
    pub fn is_expired(self, now_ms: i64) -> bool {
        self.0.is_expired(now_ms)
    }

    /// The access record.
    pub fn access(self) -> Access {
        self.0.access
    }
}

/// A key with its value, its expiry and its access record.
#[derive(Debug)]
pub(crate) struct Entry {
    key: Key,
    pub(crate) value: Value,
    expire_at_ms: i64,
    pub(crate) access: Access,
}

impl Entry {
    pub(crate) fn new(key: &[u8], value: Value, expire_at_ms: Option<i64>, access: Access) -> Self {
        let mut entry = Self { key: Key::new(key), value, expire_at_ms: NO_EXPIRY, access };
        entry.set_expire(expire_at_ms);
        entry
    }

    pub(crate) fn key(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// When the key expires, in Unix milliseconds.
    pub(crate) fn expire_at_ms(&self) -> Option<i64> {
        (self.expire_at_ms != NO_EXPIRY).then_some(self.expire_at_ms)
    }

    pub(crate) fn set_expire(&mut self, expire_at_ms: Option<i64>) {
        // A millisecond more or less does not matter at that distance.
        self.expire_at_ms = expire_at_ms.map_or(NO_EXPIRY, |at_ms| at_ms.max(NO_EXPIRY + 1));
    }

    /// Whether the key's time is up.
    pub(crate) fn is_expired(&self, now_ms: i64) -> bool {
        // Redis: a key lives through its last millisecond, `now > when`.
        self.expire_at_ms != NO_EXPIRY && self.expire_at_ms < now_ms
    }
}

/// Stands for no expiry, so that an entry needs no second word for it.
const NO_EXPIRY: i64 = i64::MIN;

const _: () =
    assert!(size_of::<Entry>() <= 96, "there is one for each key: it must not grow unnoticed");
