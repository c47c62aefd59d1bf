//! The keys of a database with their deadlines, which always change together.

use rdb_format::StringValue;

use crate::access::Access;
use crate::entry::Entry;
use crate::expiry::Deadlines;
use crate::hash::NameHasher;
use crate::release::Releaser;
use crate::table::{OccupiedEntry, Table};
use crate::value::Value;

/// A table of entries, the order in which they expire, and where removed ones go.
pub(crate) struct Keys {
    hasher: NameHasher,
    pub(crate) entries: Table<Box<Entry>>,
    pub(crate) deadlines: Deadlines,
    releaser: Releaser,
    /// Keys removed because their time was up.
    pub(crate) expired_keys: u64,
}

impl Keys {
    pub(crate) fn new(hasher: NameHasher, releaser: Releaser) -> Self {
        Self {
            hasher,
            entries: Table::new(),
            deadlines: Deadlines::default(),
            releaser,
            expired_keys: 0,
        }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Entry> {
        let hash = self.hasher.hash(key);
        self.entries.find(hash, |entry| entry.key() == key).map(|entry| &**entry)
    }

    pub(crate) fn find(&mut self, key: &[u8]) -> Option<Found<'_>> {
        let hash = self.hasher.hash(key);
        self.find_hashed(hash, |entry| entry.key() == key)
    }

    /// Removes a key if its time is up.
    pub(crate) fn remove_expired(&mut self, key: &[u8], now_ms: i64) {
        if let Some(found) = self.find(key) {
            found.live(now_ms);
        }
    }

    /// The key that is the next to expire, if its time is up.
    pub(crate) fn find_due(
        &mut self,
        now_ms: i64,
        is_frozen: impl Fn(&[u8]) -> bool,
    ) -> Option<Found<'_>> {
        let (at_ms, hash) = self.deadlines.first().filter(|&(at_ms, _)| at_ms < now_ms)?;
        let found = self.find_hashed(hash, |entry| {
            entry.expire_at_ms() == Some(at_ms) && !is_frozen(entry.key())
        });
        Some(found.expect("a deadline in the order is that of a key that is not frozen"))
    }

    fn find_hashed(&mut self, hash: u64, is_it: impl Fn(&Entry) -> bool) -> Option<Found<'_>> {
        Some(Found {
            entry: self.entries.find_entry(hash, |entry| is_it(entry))?,
            hash,
            deadlines: &mut self.deadlines,
            releaser: &self.releaser,
            expired_keys: &mut self.expired_keys,
        })
    }

    /// Adds a key that is not there.
    pub(crate) fn insert(
        &mut self,
        key: &[u8],
        value: Value,
        expire_at_ms: Option<i64>,
        access: Access,
    ) {
        let hash = self.hasher.hash(key);
        let entry = Box::new(Entry::new(key, value, expire_at_ms, access));
        self.deadlines.insert(entry.expire_at_ms(), hash);
        self.entries.insert_unique(hash, entry);
    }

    /// Removes all keys at once and has them freed elsewhere.
    pub(crate) fn clear(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        let deadlines = std::mem::take(&mut self.deadlines);
        if !entries.is_empty() {
            self.releaser.release(entries.len(), (entries, deadlines));
        }
    }
}

/// What a key held that was [taken](crate::Database::take) out of its database.
#[derive(Debug)]
#[non_exhaustive]
pub struct Taken {
    /// The value.
    pub value: Value,
    /// When the key expires, in Unix milliseconds.
    pub expire_at_ms: Option<i64>,
    /// Its access record.
    pub access: Access,
}

/// A key that was found, with all that changes when it does.
pub(crate) struct Found<'a> {
    entry: OccupiedEntry<'a, Box<Entry>>,
    hash: u64,
    deadlines: &'a mut Deadlines,
    releaser: &'a Releaser,
    expired_keys: &'a mut u64,
}

impl<'a> Found<'a> {
    /// The key if its time is not up; else it is removed.
    pub(crate) fn live(self, now_ms: i64) -> Option<Self> {
        if self.entry.get().is_expired(now_ms) {
            self.expire();
            return None;
        }
        Some(self)
    }

    pub(crate) fn entry(&self) -> &Entry {
        self.entry.get()
    }

    pub(crate) fn entry_mut(&mut self) -> &mut Entry {
        self.entry.get_mut()
    }

    pub(crate) fn into_entry_mut(self) -> &'a mut Entry {
        self.entry.into_mut()
    }

    /// Takes the value out, until [`put_value`](Self::put_value).
    pub(crate) fn take_value(&mut self) -> Value {
        std::mem::replace(&mut self.entry.get_mut().value, StringValue::Int(0).into())
    }

    pub(crate) fn put_value(&mut self, value: Value) {
        self.entry.get_mut().value = value;
    }

    pub(crate) fn set_value(&mut self, value: Value) {
        let old = std::mem::replace(&mut self.entry.get_mut().value, value);
        self.releaser.release_value(old);
    }

    pub(crate) fn set_expire(&mut self, expire_at_ms: Option<i64>) {
        let entry = self.entry.get_mut();
        self.deadlines.remove(entry.expire_at_ms(), self.hash);
        entry.set_expire(expire_at_ms);
        self.deadlines.insert(entry.expire_at_ms(), self.hash);
    }

    /// Takes the key out of the order of expiry.
    pub(crate) fn freeze(&mut self) {
        self.deadlines.freeze(self.entry.get().expire_at_ms(), self.hash);
    }

    /// Undoes [`freeze`](Self::freeze).
    pub(crate) fn thaw(&mut self) {
        self.deadlines.thaw(self.entry.get().expire_at_ms(), self.hash);
    }

    pub(crate) fn take(mut self) -> Taken {
        let value = self.take_value();
        let entry = self.entry();
        let taken = Taken { value, expire_at_ms: entry.expire_at_ms(), access: entry.access };
        self.remove();
        taken
    }

    pub(crate) fn remove(self) {
        let entry = self.entry.remove();
        self.deadlines.remove(entry.expire_at_ms(), self.hash);
        self.releaser.release_value(entry.value);
    }

    /// Removes a key whose time is up.
    pub(crate) fn expire(self) {
        *self.expired_keys += 1;
        self.remove();
    }
}
