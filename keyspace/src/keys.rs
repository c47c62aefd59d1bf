//! The keys of a database with their values and deadlines, which always change together.

use rdb_format::StringValue;

use crate::access::{Access, AccessClock};
use crate::content::{Content, Packed};
use crate::entry::{Entry, EntryRef};
use crate::expiry::Deadlines;
use crate::hash::NameHasher;
use crate::journal::{Journal, KeyEvent};
use crate::release::{self, Releaser};
use crate::slab::Slab;
use crate::slot::Slot;
use crate::table::{OccupiedEntry, Place, Table};
use crate::value::Value;

/// A table of entries, the values that are too large for them, the order in which they expire, and
/// where removed ones go.
pub(crate) struct Keys {
    hasher: NameHasher,
    pub(crate) entries: Table<Entry>,
    pub(crate) values: Slab<Value>,
    pub(crate) deadlines: Deadlines,
    /// When the next field of each hash with fields that expire does.
    field_deadlines: Deadlines,
    releaser: Releaser,
    pub(crate) journal: Journal,
}

impl Keys {
    pub(crate) fn new(hasher: NameHasher, releaser: Releaser, journal: Journal) -> Self {
        Self {
            hasher,
            entries: Table::new(),
            values: Slab::default(),
            deadlines: Deadlines::default(),
            field_deadlines: Deadlines::default(),
            releaser,
            journal,
        }
    }

    pub(crate) fn view<'a>(&'a self, entry: &'a Entry) -> EntryRef<'a> {
        EntryRef::new(entry, &self.values)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<EntryRef<'_>> {
        let hash = self.hasher.hash(key);
        self.entries.find(hash, |entry| entry.key() == key).map(|entry| self.view(entry))
    }

    /// See [`Database::warm`](crate::Database::warm).
    pub(crate) fn warm<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) {
        // A key alone gains nothing. Where one comes again and again, as when a stream is filled, what
        // follows is likely to be for it too; twice is how INCR and EXPIRE go together.
        let (mut before, mut repeats) = (None, 0);
        let mut keys = keys.into_iter().take_while(|&key| {
            repeats = if before.replace(key) == Some(key) { repeats + 1 } else { 0 };
            repeats < WARMED_REPEATS_MAX
        });
        let (Some(first), Some(second)) = (keys.next(), keys.next()) else { return };
        let mut entries = [None; WARMED_KEYS_MAX];
        for (entry, key) in entries.iter_mut().zip([first, second].into_iter().chain(keys)) {
            // That it may be the one is all that can be known without going to the entry.
            *entry = self.entries.find(self.hasher.hash(key), |_| true);
        }
        entries.iter().flatten().for_each(|entry| entry.warm());
    }

    pub(crate) fn find(&mut self, key: &[u8]) -> Option<Found<'_>> {
        self.find_hashed(self.hasher.hash(key), |entry| entry.key() == key)
    }

    /// As [`find`](Self::find), for one who reads: a key that is not there is noted as missed.
    pub(crate) fn find_to_read(&mut self, key: &[u8]) -> Option<Found<'_>> {
        let is_it = |entry: EntryRef<'_>| entry.key() == key;
        self.find_hashed_or(self.hasher.hash(key), is_it, |journal| journal.note_miss(key))
    }

    /// Gives a key this value and this expiry, whatever it had before.
    pub(crate) fn set(
        &mut self,
        key: &[u8],
        value: Value,
        expire_at_ms: Option<i64>,
        access_clock: &mut AccessClock,
    ) {
        let hash = self.hasher.hash(key);
        match self.find_hashed(hash, |entry| entry.key() == key) {
            Some(mut found) => {
                found.set(value, expire_at_ms);
                found.touch(|access| access_clock.touch(access));
            }
            None => self.insert_hashed(hash, key, value, expire_at_ms, access_clock.record()),
        }
    }

    /// The key that is the next to expire, if its time is up.
    pub(crate) fn find_due(
        &mut self,
        now_ms: i64,
        is_frozen: impl Fn(&[u8]) -> bool,
    ) -> Option<Found<'_>> {
        let (at_ms, hash) = self.deadlines.first().filter(|&(at_ms, _)| at_ms < now_ms)?;
        let hasher = self.hasher.clone();
        let found = self.find_hashed(hash, |entry| {
            entry.expire_at_ms() == Some(at_ms)
                && hasher.hash(entry.key()) == hash
                && !is_frozen(entry.key())
        });
        Some(found.expect("a deadline in the order is that of a key that is not frozen"))
    }

    /// The hash that has the next field to expire, if the field's time is up.
    pub(crate) fn find_with_due_field(
        &mut self,
        now_ms: i64,
        is_frozen: impl Fn(&[u8]) -> bool,
    ) -> Option<Found<'_>> {
        let (at_ms, hash) = self.field_deadlines.first().filter(|&(at_ms, _)| at_ms < now_ms)?;
        let hasher = self.hasher.clone();
        let found = self.find_hashed(hash, |entry| {
            entry.value().next_field_expiry_ms() == Some(at_ms)
                && hasher.hash(entry.key()) == hash
                && !is_frozen(entry.key())
        });
        Some(found.expect("a deadline in the order is that of a hash that is not frozen"))
    }

    fn find_hashed(
        &mut self,
        hash: u64,
        is_it: impl FnMut(EntryRef<'_>) -> bool,
    ) -> Option<Found<'_>> {
        self.find_hashed_or(hash, is_it, |_| {})
    }

    fn find_hashed_or(
        &mut self,
        hash: u64,
        mut is_it: impl FnMut(EntryRef<'_>) -> bool,
        missed: impl FnOnce(&mut Journal),
    ) -> Option<Found<'_>> {
        let values = &self.values;
        let place = self.entries.locate(hash, |entry| is_it(EntryRef::new(entry, values)));
        if place.is_none() {
            missed(&mut self.journal);
        }
        place.map(|place| self.found_at(place))
    }

    /// Where a key is until the next change, its time being up or not.
    pub(crate) fn locate(&self, key: &[u8]) -> Option<Place> {
        let is_it = |entry: &Entry| EntryRef::new(entry, &self.values).key() == key;
        self.entries.locate(self.hasher.hash(key), is_it)
    }

    /// The key at a place that was found since the last change.
    pub(crate) fn found_at(&mut self, place: Place) -> Found<'_> {
        Found {
            entry: self.entries.entry_at(place),
            is_taken: false,
            values: &mut self.values,
            deadlines: &mut self.deadlines,
            field_deadlines: &mut self.field_deadlines,
            releaser: &self.releaser,
            journal: &mut self.journal,
        }
    }

    /// Adds a key that is not there.
    pub(crate) fn insert(
        &mut self,
        key: &[u8],
        value: Value,
        expire_at_ms: Option<i64>,
        access: Access,
    ) {
        self.insert_hashed(self.hasher.hash(key), key, value, expire_at_ms, access);
    }

    fn insert_hashed(
        &mut self,
        hash: u64,
        key: &[u8],
        value: Value,
        expire_at_ms: Option<i64>,
        access: Access,
    ) {
        self.field_deadlines.insert(value.view().next_field_expiry_ms(), hash);
        let entry = match Packed::of(&value) {
            Some(packed) => Entry::new(key, packed.content(), expire_at_ms, access),
            None => {
                let id = self.values.insert(value);
                Entry::new(key, Content::InSlab(id), expire_at_ms, access)
            }
        };
        self.insert_entry(hash, entry, expire_at_ms);
    }

    /// As [`insert`](Self::insert), a value without fields that expire.
    pub(crate) fn insert_packed(
        &mut self,
        key: &[u8],
        packed: &Packed<'_>,
        expire_at_ms: Option<i64>,
        access: Access,
    ) {
        let entry = Entry::new(key, packed.content(), expire_at_ms, access);
        self.insert_entry(self.hasher.hash(key), entry, expire_at_ms);
    }

    fn insert_entry(&mut self, hash: u64, entry: Entry, expire_at_ms: Option<i64>) {
        self.deadlines.insert(expire_at_ms, hash);
        self.journal.note_addition(entry.key());
        self.entries.insert_unique(hash, entry, |entry| self.hasher.hash(entry.key()));
    }

    /// Visits about `count` entries, as [`Table::scan`] does.
    pub(crate) fn scan<'a>(
        &'a self,
        cursor: u32,
        count: usize,
        visit: impl FnMut(&'a Entry),
    ) -> u32 {
        self.entries.scan(cursor, count, |entry| self.hash_of(entry), visit)
    }

    /// The keys of a hash slot.
    pub(crate) fn of_slot(&self, slot: Slot) -> impl Iterator<Item = &Entry> {
        self.entries.iter_prefix(slot.number().into(), Slot::BITS, |entry| self.hash_of(entry))
    }

    pub(crate) fn slot_len(&self, slot: Slot) -> usize {
        self.entries.len_prefix(slot.number().into(), Slot::BITS, |entry| self.hash_of(entry))
    }

    fn hash_of(&self, entry: &Entry) -> u64 {
        self.hasher.hash(entry.key())
    }

    /// Removes all keys at once and has them freed elsewhere.
    pub(crate) fn clear(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        let values = std::mem::take(&mut self.values);
        let deadlines = std::mem::take(&mut self.deadlines);
        let field_deadlines = std::mem::take(&mut self.field_deadlines);
        if !entries.is_empty() {
            let garbage = (entries, values, deadlines, field_deadlines);
            self.releaser.release(garbage.0.len(), garbage);
        }
    }
}

/// How often the same key may follow itself before [`Database::warm`](crate::Database::warm) ends.
const WARMED_REPEATS_MAX: usize = 3;

/// How many keys [`Database::warm`](crate::Database::warm) looks up: more wait for memory at a time
/// than the processor can.
pub const WARMED_KEYS_MAX: usize = 16;

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
    entry: OccupiedEntry<'a, Entry>,
    /// Whether the value was taken out, and the next expiry of its fields with it.
    is_taken: bool,
    values: &'a mut Slab<Value>,
    deadlines: &'a mut Deadlines,
    field_deadlines: &'a mut Deadlines,
    releaser: &'a Releaser,
    journal: &'a mut Journal,
}

impl<'a> Found<'a> {
    /// The key if its time is not up; else it is removed.
    pub(crate) fn live(self, now_ms: i64) -> Option<Self> {
        if self.view().is_expired(now_ms) {
            self.expire();
            return None;
        }
        Some(self)
    }

    pub(crate) fn view(&self) -> EntryRef<'_> {
        EntryRef::new(self.entry.get(), self.values)
    }

    /// The key as it is after a change of its access record.
    pub(crate) fn into_view(self, touch: impl FnOnce(&mut Access)) -> EntryRef<'a> {
        let entry = self.entry.into_mut();
        touch_entry(entry, touch);
        EntryRef::new(entry, self.values)
    }

    pub(crate) fn touch(&mut self, touch: impl FnOnce(&mut Access)) {
        touch_entry(self.entry.get_mut(), touch);
    }

    /// Takes the value out, until [`put_value`](Self::put_value).
    pub(crate) fn take_value(&mut self) -> Value {
        self.forget_fields();
        self.is_taken = true;
        match self.entry.get().content() {
            Content::Inline(form, bytes) => form.value(bytes),
            Content::InSlab(id) => {
                std::mem::replace(self.values.get_mut(id), StringValue::Int(0).into())
            }
        }
    }

    /// Puts a value in the place of the one that was taken out.
    pub(crate) fn put_value(&mut self, value: Value) {
        let expire_at_ms = self.entry.get().expire_at_ms();
        self.is_taken = false;
        self.set_content(value, expire_at_ms);
    }

    /// Removes fields of a hash whose time is up, at most `count_max`, and tells how many. A hash
    /// without fields goes.
    pub(crate) fn remove_due_fields(mut self, now_ms: i64, count_max: usize) -> usize {
        let mut value = self.take_value();
        let removed = match &mut value {
            Value::Hash(hash) => hash.remove_due(now_ms, count_max),
            _ => 0,
        };
        let key = self.entry.get().key();
        self.journal.note_change(KeyEvent::FieldsExpired, key);
        if value.is_empty_collection() {
            self.journal.note_change(KeyEvent::Emptied, key);
            self.remove();
        } else {
            self.put_value(value);
        }
        removed
    }

    /// Puts a value and an expiry in the place of those that are there.
    pub(crate) fn set(&mut self, value: Value, expire_at_ms: Option<i64>) {
        self.move_deadline(expire_at_ms);
        self.forget_fields();
        let new_blocks = release::blocks(&value).unwrap_or(0);
        if let Some(old) = self.set_content(value, expire_at_ms) {
            self.releaser.release_replaced(old, new_blocks);
        }
    }

    /// As [`set`](Self::set), a value without fields that expire.
    pub(crate) fn set_packed(&mut self, packed: &Packed<'_>, expire_at_ms: Option<i64>) {
        self.move_deadline(expire_at_ms);
        self.forget_fields();
        if let Some(old) = self.set_packed_content(packed, expire_at_ms) {
            self.releaser.release_value(old);
        }
    }

    /// Notes that the key is about to expire then.
    fn move_deadline(&mut self, expire_at_ms: Option<i64>) {
        let hash = self.entry.hash();
        self.deadlines.remove(self.entry.get().expire_at_ms(), hash);
        self.deadlines.insert(expire_at_ms, hash);
    }

    pub(crate) fn set_expire(&mut self, expire_at_ms: Option<i64>) {
        let hash = self.entry.hash();
        let entry = self.entry.get_mut();
        self.deadlines.remove(entry.expire_at_ms(), hash);
        entry.set_expire(expire_at_ms);
        self.deadlines.insert(expire_at_ms, hash);
    }

    /// Takes the key out of the order of expiry.
    pub(crate) fn freeze(&mut self) {
        let hash = self.entry.hash();
        self.deadlines.freeze(self.entry.get().expire_at_ms(), hash);
        self.field_deadlines.freeze(self.next_field_expiry_ms(), hash);
    }

    /// Undoes [`freeze`](Self::freeze).
    pub(crate) fn thaw(&mut self) {
        let hash = self.entry.hash();
        self.deadlines.thaw(self.entry.get().expire_at_ms(), hash);
        self.field_deadlines.thaw(self.next_field_expiry_ms(), hash);
    }

    pub(crate) fn take(mut self) -> Taken {
        let value = self.take_value();
        let entry = self.entry.get();
        let taken = Taken { value, expire_at_ms: entry.expire_at_ms(), access: entry.access() };
        self.remove();
        taken
    }

    /// Notes that one who reads has found the key, and that its time is up: it is removed unless it
    /// is frozen.
    pub(crate) fn miss(self, is_frozen: bool) {
        let key = self.entry.get().key();
        if is_frozen {
            self.journal.note_miss(key);
            return;
        }
        self.journal.note_change(KeyEvent::Expired, key);
        self.journal.note_miss(key);
        self.journal.expired_keys += 1;
        self.remove();
    }

    /// Removes a key that lives elsewhere now.
    pub(crate) fn remove_moved(self) {
        self.journal.note_change(KeyEvent::Moved, self.entry.get().key());
        self.remove();
    }

    pub(crate) fn remove(mut self) {
        self.forget_fields();
        let hash = self.entry.hash();
        let entry = self.entry.remove();
        self.deadlines.remove(entry.expire_at_ms(), hash);
        if let Content::InSlab(id) = entry.content() {
            self.releaser.release_value(self.values.remove(id));
        }
    }

    /// Removes a key whose time is up.
    pub(crate) fn expire(self) {
        self.journal.expired_keys += 1;
        self.journal.note_change(KeyEvent::Expired, self.entry.get().key());
        self.remove();
    }

    fn next_field_expiry_ms(&self) -> Option<i64> {
        self.view().value().next_field_expiry_ms()
    }

    /// Takes the hash out of the order in which fields expire, before its value changes or goes.
    fn forget_fields(&mut self) {
        if !self.is_taken {
            self.field_deadlines.remove(self.next_field_expiry_ms(), self.entry.hash());
        }
    }

    /// Returns the value that was there, if it was not inline.
    fn set_content(&mut self, value: Value, expire_at_ms: Option<i64>) -> Option<Value> {
        self.field_deadlines.insert(value.view().next_field_expiry_ms(), self.entry.hash());
        if let Some(packed) = Packed::of(&value) {
            return self.set_packed_content(&packed, expire_at_ms);
        }
        let entry = self.entry.get_mut();
        match entry.content() {
            Content::Inline(..) => {
                entry.set(Content::InSlab(self.values.insert(value)), expire_at_ms);
                None
            }
            Content::InSlab(id) => {
                entry.set_expire(expire_at_ms);
                Some(std::mem::replace(self.values.get_mut(id), value))
            }
        }
    }

    fn set_packed_content(
        &mut self,
        packed: &Packed<'_>,
        expire_at_ms: Option<i64>,
    ) -> Option<Value> {
        let entry = self.entry.get_mut();
        let old = match entry.content() {
            Content::Inline(..) => None,
            Content::InSlab(id) => Some(id),
        };
        entry.set(packed.content(), expire_at_ms);
        old.map(|id| self.values.remove(id))
    }
}

fn touch_entry(entry: &mut Entry, touch: impl FnOnce(&mut Access)) {
    let mut access = entry.access();
    touch(&mut access);
    entry.set_access(access);
}
