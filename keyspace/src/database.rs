//! One database: keys, their values and their fate.

use std::fmt;

use rdb_format::{Thresholds, Whole};

use crate::access::{Access, AccessClock, AccessPolicy};
use crate::content::Packed;
use crate::edit::ValueMut;
use crate::entry::{Entry, EntryRef};
use crate::freeze::{AccessKind, Freeze, FrozenKey, FrozenKeys};
use crate::hash::{NameHasher, system_random};
use crate::journal::{Journal, NotedEvents};
use crate::keys::{Found, Keys, Taken};
use crate::release::Releaser;
use crate::slot::Slot;
use crate::stats::Stats;
use crate::value::{Value, ValueType, WrongType};

/// The keys of one database.
///
/// Times are Unix milliseconds and always given by the caller. A key lives through the millisecond
/// of its expiry and reads as absent from the next one on.
///
/// Methods that change a key panic if it is frozen: ask [`waits_for`](Self::waits_for) first.
pub struct Database {
    keys: Keys,
    frozen: FrozenKeys,
    access_clock: AccessClock,
    hits: u64,
    misses: u64,
}

impl Database {
    /// The longest key that can be inserted: what is kept in one allocation with it has room below
    /// 4 GiB.
    pub const KEY_BYTES_MAX: usize = (u32::MAX - (1 << 16)) as usize;

    pub(crate) fn new(hasher: NameHasher, releaser: Releaser, journal: Journal) -> Self {
        Self {
            keys: Keys::new(hasher, releaser, journal),
            frozen: FrozenKeys::new(),
            access_clock: AccessClock::new(system_random()),
            hits: 0,
            misses: 0,
        }
    }

    /// Number of keys, those included that have expired but not been removed yet.
    pub fn len(&self) -> usize {
        self.keys.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.entries.is_empty()
    }

    /// Number of keys that have an expiry.
    pub fn expires_len(&self) -> usize {
        self.keys.deadlines.len()
    }

    /// How long the keys that expire still have to live on the average, 0 if there are none.
    pub fn average_ttl_ms(&self, now_ms: i64) -> i64 {
        self.keys.deadlines.mean_ms().map_or(0, |mean_ms| mean_ms.saturating_sub(now_ms).max(0))
    }

    /// Looks a key up, counting a hit or a miss and recording the access.
    ///
    /// An expired key reads as absent and is removed, or stays if it is frozen.
    pub fn read(&mut self, key: &[u8], now_ms: i64) -> Option<EntryRef<'_>> {
        self.access_clock.set_now(now_ms);
        self.read_with(key, now_ms, |clock, access| clock.touch(access))
    }

    /// As [`read`](Self::read), without recording the access.
    pub fn look(&mut self, key: &[u8], now_ms: i64) -> Option<EntryRef<'_>> {
        self.read_with(key, now_ms, |_, _| {})
    }

    fn read_with(
        &mut self,
        key: &[u8],
        now_ms: i64,
        touch: impl FnOnce(&mut AccessClock, &mut Access),
    ) -> Option<EntryRef<'_>> {
        let found = match self.keys.find_to_read(key) {
            Some(found) if found.view().is_expired(now_ms) => {
                found.miss(self.frozen.contains(key));
                None
            }
            found => found,
        };
        let Some(found) = found else {
            self.misses += 1;
            return None;
        };
        self.hits += 1;
        Some(found.into_view(|access| touch(&mut self.access_clock, access)))
    }

    /// Looks a key up without a trace. An expired one reads as absent.
    pub fn peek(&self, key: &[u8], now_ms: i64) -> Option<EntryRef<'_>> {
        self.keys.get(key).filter(|entry| !entry.is_expired(now_ms))
    }

    /// Looks a key up for one who is going to change it, or not, without a trace. An expired one is
    /// removed.
    ///
    /// # Panics
    /// If the key is frozen.
    pub fn look_to_change(&mut self, key: &[u8], now_ms: i64) -> Option<EntryRef<'_>> {
        self.find_to_change(key, now_ms).map(|found| found.into_view(|_| {}))
    }

    /// Whether a key is still held whose time is up. It is removed when somebody comes upon it.
    pub fn is_past(&self, key: &[u8], now_ms: i64) -> bool {
        self.keys.get(key).is_some_and(|entry| entry.is_expired(now_ms))
    }

    /// Looks keys up that are about to be used, so that the caches of the processor hold what belongs
    /// to them by then.
    ///
    /// One lookup waits for memory several times, one after the other. Those of several keys do not
    /// depend on each other: they are done step by step, so that each step waits for all keys at
    /// once. Of more than [`WARMED_KEYS_MAX`](crate::WARMED_KEYS_MAX) keys the first are looked up, and
    /// none behind one that comes four times in a row.
    pub fn warm<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) {
        self.keys.warm(keys);
    }

    /// Gives `key` this value and this expiry, whatever it had before.
    ///
    /// A new key gets a fresh access record, one that is overwritten keeps its frequency.
    ///
    /// # Panics
    /// If the key is frozen or longer than [`KEY_BYTES_MAX`](Self::KEY_BYTES_MAX).
    pub fn insert(&mut self, key: &[u8], value: Value, expire_at_ms: Option<i64>) {
        self.assert_not_frozen(key);
        self.keys.set(key, value, expire_at_ms, &mut self.access_clock);
    }

    /// As [`insert`](Self::insert), a value that is one string of the format. Returns `false`, and
    /// changes nothing, if it is too large to be kept as that: more than
    /// [`INLINE_BYTES_MAX`](crate::INLINE_BYTES_MAX), or over the thresholds.
    ///
    /// A packed value is trusted to be sound: who decoded it has seen to that.
    ///
    /// # Panics
    /// As [`insert`](Self::insert).
    pub fn insert_whole(
        &mut self,
        key: &[u8],
        whole: Whole<'_>,
        expire_at_ms: Option<i64>,
        thresholds: &Thresholds,
    ) -> bool {
        let Some(packed) = Packed::of_whole(whole, thresholds) else { return false };
        self.assert_not_frozen(key);
        if let Some(mut found) = self.keys.find(key) {
            found.set_packed(&packed, expire_at_ms);
            found.touch(|access| self.access_clock.touch(access));
        } else {
            self.keys.insert_packed(key, &packed, expire_at_ms, self.access_clock.record());
        }
        true
    }

    /// As [`read`](Self::read), the value of a key that is of type `T`.
    ///
    /// # Errors
    /// It is of another type.
    pub fn read_as<T: ValueType>(
        &mut self,
        key: &[u8],
        now_ms: i64,
    ) -> Result<Option<T::Ref<'_>>, WrongType> {
        let Some(entry) = self.read(key, now_ms) else { return Ok(None) };
        T::view(entry.value()).map(Some).ok_or(WrongType)
    }

    /// The value of a key, to change it; the expiry stays. The access is recorded, but counts
    /// neither as a hit nor as a miss.
    ///
    /// # Errors
    /// It is of another type than `T`.
    ///
    /// # Panics
    /// If the key is frozen.
    pub fn edit<T: ValueType>(
        &mut self,
        key: &[u8],
        now_ms: i64,
    ) -> Result<Option<ValueMut<'_, T>>, WrongType> {
        self.access_clock.set_now(now_ms);
        self.assert_not_frozen(key);
        let found = self.keys.find(key).and_then(|found| found.live(now_ms));
        found.map(|found| edit_found(found, &mut self.access_clock)).transpose()
    }

    /// As [`edit`](Self::edit); a key that is not there has an empty value.
    ///
    /// # Errors
    /// It is of another type than `T`.
    ///
    /// # Panics
    /// If the key is frozen.
    pub fn edit_or_new<'a, T: ValueType>(
        &'a mut self,
        key: &'a [u8],
        now_ms: i64,
    ) -> Result<ValueMut<'a, T>, WrongType> {
        self.access_clock.set_now(now_ms);
        self.assert_not_frozen(key);
        if let Some(place) = self.keys.locate(key) {
            let found = self.keys.found_at(place);
            if !found.view().is_expired(now_ms) {
                return edit_found(self.keys.found_at(place), &mut self.access_clock);
            }
            found.live(now_ms);
        }
        Ok(ValueMut::new(&mut self.keys, key, self.access_clock.record()))
    }

    /// Changes when a key expires, or that it does. `false` if there is no such key.
    ///
    /// # Panics
    /// If the key is frozen.
    pub fn set_expire(&mut self, key: &[u8], expire_at_ms: Option<i64>, now_ms: i64) -> bool {
        let Some(mut found) = self.find_to_change(key, now_ms) else { return false };
        found.set_expire(expire_at_ms);
        true
    }

    /// Replaces the access record of a key, if it is one that the policy in force keeps.
    ///
    /// # Panics
    /// If the key is frozen.
    pub fn set_access(&mut self, key: &[u8], access: Access) {
        self.assert_not_frozen(key);
        if access.policy() != self.access_clock.policy {
            return;
        }
        if let Some(mut found) = self.keys.find(key) {
            found.touch(|record| *record = access);
        }
    }

    /// Removes a key. `false` if there is none or it has expired.
    ///
    /// # Panics
    /// If the key is frozen.
    pub fn remove(&mut self, key: &[u8], now_ms: i64) -> bool {
        let Some(found) = self.find_to_change(key, now_ms) else { return false };
        found.remove();
        true
    }

    /// Removes a key if its time is up.
    ///
    /// # Panics
    /// If the key is frozen.
    pub fn remove_expired(&mut self, key: &[u8], now_ms: i64) {
        self.find_to_change(key, now_ms);
    }

    /// Takes a key out with all that belongs to it, to have it under another name or elsewhere.
    ///
    /// # Panics
    /// If the key is frozen.
    pub fn take(&mut self, key: &[u8], now_ms: i64) -> Option<Taken> {
        Some(self.find_to_change(key, now_ms)?.take())
    }

    /// Gives `key` what was taken from another, whatever it had before.
    ///
    /// # Panics
    /// If the key is frozen.
    pub fn put(&mut self, key: &[u8], taken: Taken) {
        self.insert(key, taken.value, taken.expire_at_ms);
        self.set_access(key, taken.access);
    }

    /// Removes every key. What they hold is freed off this thread.
    ///
    /// # Panics
    /// If a key is frozen.
    pub fn clear(&mut self) {
        assert!(self.frozen.is_empty(), "a flush waits for frozen keys");
        self.keys.clear();
    }

    /// Visits about `count` keys from `cursor` on and returns the cursor for the next call, or 0 when
    /// every key has been visited. Expired keys are passed over.
    ///
    /// A cursor is less than 2^31. A key that is there from the first call to the last is visited.
    pub fn scan(
        &self,
        cursor: u32,
        count: usize,
        now_ms: i64,
        mut visit: impl FnMut(EntryRef<'_>),
    ) -> u32 {
        self.keys.scan(cursor, count, |entry| {
            if !entry.is_expired(now_ms) {
                visit(self.keys.view(entry));
            }
        })
    }

    /// Every key, in no particular order, those included that have
    /// [expired](EntryRef::is_expired) but not been removed yet.
    pub fn iter(&self) -> impl Iterator<Item = EntryRef<'_>> {
        self.keys.entries.iter().map(|entry| self.keys.view(entry))
    }

    /// A key drawn at random, each as likely as any other; `random` gives numbers that are uniform
    /// over `u64`. Expired keys are passed over.
    ///
    /// `None` if there are no keys, and perhaps if nearly all of them have expired.
    pub fn random_key(&self, mut random: impl FnMut() -> u64, now_ms: i64) -> Option<&[u8]> {
        for _ in 0..EXPIRED_DRAWS_MAX {
            let entry = self.keys.entries.random(&mut random)?;
            if !entry.is_expired(now_ms) {
                return Some(entry.key());
            }
        }
        let mut found = None;
        for cursor in [(random() >> 33) as u32, 0] {
            self.keys.scan(cursor, EXPIRED_SCAN_MAX, |entry| {
                if !entry.is_expired(now_ms) {
                    found = Some(entry.key());
                }
            });
            if found.is_some() {
                break;
            }
        }
        found
    }

    /// Number of keys in a hash slot, those included that have expired but not been removed yet.
    pub fn slot_len(&self, slot: Slot) -> usize {
        self.keys.slot_len(slot)
    }

    /// The keys in a hash slot, in no particular order, those included that have expired but not
    /// been removed yet. What is not asked for costs nothing.
    pub fn slot_keys(&self, slot: Slot) -> impl Iterator<Item = &[u8]> {
        self.keys.of_slot(slot).map(Entry::key)
    }

    /// Freezes a key: until it is released it can be read but not changed.
    ///
    /// This counts as a [`read`](Self::read), unless the answer is to try again.
    pub fn freeze(&mut self, key: &[u8], now_ms: i64) -> Freeze {
        self.access_clock.set_now(now_ms);
        let frozen = self.frozen.contains(key);
        let found = match self.keys.find_to_read(key) {
            Some(found) if found.view().is_expired(now_ms) => {
                found.miss(frozen);
                None
            }
            found => found,
        };
        let Some(mut found) = found else {
            self.misses += 1;
            return Freeze::Missing;
        };
        if frozen || self.frozen.held {
            return Freeze::Busy;
        }
        self.hits += 1;
        // What travels with the key is how it was accessed by others.
        let access = found.view().access();
        found.touch(|access| self.access_clock.touch(access));
        found.freeze();
        self.frozen.insert(key);
        let entry = found.view();
        Freeze::Frozen(FrozenKey {
            value: entry.value().to_value(),
            expire_at_ms: entry.expire_at_ms(),
            access,
        })
    }

    /// Puts a frozen key in doubt: reads of it wait too.
    ///
    /// # Panics
    /// If the key is not frozen.
    pub fn park_reads(&mut self, key: &[u8]) {
        self.frozen.park_reads(key);
    }

    /// Releases a frozen key that stays. It is removed now if its time is up.
    ///
    /// # Panics
    /// If the key is not frozen.
    pub fn thaw(&mut self, key: &[u8], now_ms: i64) {
        let mut found = self.release(key);
        found.thaw();
        found.live(now_ms);
    }

    /// Releases a frozen key that lives elsewhere now, and removes it.
    ///
    /// # Panics
    /// If the key is not frozen.
    pub fn release_moved(&mut self, key: &[u8]) {
        self.release(key).remove_moved();
    }

    /// The first of `keys` that a command with this access has to wait for. O(1) while no key is
    /// frozen.
    pub fn waits_for<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k [u8]>,
        access: AccessKind,
    ) -> Option<&'k [u8]> {
        if self.frozen.is_empty() {
            return None;
        }
        keys.into_iter().find(|key| self.frozen.is_in_the_way(key, access))
    }

    /// Whether any key is in doubt.
    pub fn any_in_doubt(&self) -> bool {
        self.frozen.any_in_doubt()
    }

    /// Number of frozen keys.
    pub fn frozen_len(&self) -> usize {
        self.frozen.len()
    }

    /// The frozen keys, in no particular order.
    pub fn frozen_keys(&self) -> impl Iterator<Item = &[u8]> {
        self.frozen.iter()
    }

    /// While a flush of this database waits for frozen keys, [`freeze`](Self::freeze) answers
    /// [`Freeze::Busy`].
    pub fn hold_freezes(&mut self, hold: bool) {
        self.frozen.held = hold;
    }

    /// Removes keys and fields of hashes whose time is up, at most `count_max`, and returns how many.
    pub(crate) fn expire_due(&mut self, now_ms: i64, count_max: usize) -> usize {
        self.access_clock.set_now(now_ms);
        let mut removed = 0;
        while removed < count_max
            && let Some(due) = self.keys.find_due(now_ms, |key| self.frozen.contains(key))
        {
            due.expire();
            removed += 1;
        }
        while removed < count_max
            && let Some(due) =
                self.keys.find_with_due_field(now_ms, |key| self.frozen.contains(key))
        {
            removed += due.remove_due_fields(now_ms, count_max - removed).max(1);
        }
        removed
    }

    /// From now on notes these events.
    pub(crate) fn note_events(&mut self, noted: NotedEvents) {
        self.keys.journal.noted = noted;
    }

    /// What is noted from now on is of the database with this index.
    pub(crate) fn set_index(&mut self, index: usize) {
        self.keys.journal.db = index;
    }

    pub(crate) fn set_access_policy(&mut self, policy: AccessPolicy) {
        self.access_clock.policy = policy;
    }

    /// This database's share of the counters.
    pub(crate) fn add_stats(&self, stats: &mut Stats) {
        stats.keyspace_hits += self.hits;
        stats.keyspace_misses += self.misses;
        stats.expired_keys += self.keys.journal.expired_keys;
    }

    pub(crate) fn reset_stats(&mut self) {
        self.hits = 0;
        self.misses = 0;
        self.keys.journal.expired_keys = 0;
    }

    fn find_to_change(&mut self, key: &[u8], now_ms: i64) -> Option<Found<'_>> {
        self.access_clock.set_now(now_ms);
        self.assert_not_frozen(key);
        self.keys.find(key)?.live(now_ms)
    }

    fn assert_not_frozen(&self, key: &[u8]) {
        assert!(
            !self.frozen.contains(key),
            "a command that changes a key waits while it is frozen"
        );
    }

    fn release(&mut self, key: &[u8]) -> Found<'_> {
        self.frozen.remove(key);
        self.keys.find(key).expect("a frozen key stays until it is released")
    }
}

/// Takes out the value of a key that is to be changed.
fn edit_found<'a, T: ValueType>(
    mut found: Found<'a>,
    access_clock: &mut AccessClock,
) -> Result<ValueMut<'a, T>, WrongType> {
    if T::view(found.view().value()).is_none() {
        return Err(WrongType);
    }
    found.touch(|access| access_clock.touch(access));
    Ok(ValueMut::found(found))
}

/// Shows the sizes, not what clients stored.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("len", &self.len())
            .field("expires_len", &self.expires_len())
            .field("frozen_len", &self.frozen_len())
            .finish_non_exhaustive()
    }
}

/// Draws of a random key before those from one position on, and the very first, are looked through.
const EXPIRED_DRAWS_MAX: usize = 32;

/// Keys looked through from either place.
const EXPIRED_SCAN_MAX: usize = 1000;
