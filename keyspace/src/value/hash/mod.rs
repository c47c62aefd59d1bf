//! Hashes.
//!
//! A small hash is one [listpack](rdb_format::packed::Listpack), see [`HashPacking`]; a large one is a
//! [table](crate::table) of fields. The change from one to the other goes one way.
//!
//! A field lives through the millisecond of its expiry and reads as absent from the next one on, as
//! a key does.

mod build;
mod events;
mod packed;
mod table;

use std::collections::HashMap;
use std::sync::Arc;

use rdb_format::Thresholds;
use rdb_format::packed::{Entry, ListpackMut};

use super::draw;
use super::string::IncrError;

pub use packed::HashPacking;
pub use table::HashTable;

pub(crate) use build::HashBuilder;
pub(crate) use events::HashEvents;
use packed::PackedFields;
use table::Field;

/// A hash.
#[derive(Clone, Debug)]
pub struct Hash(Form);

#[derive(Clone, Debug)]
enum Form {
    Packed(HashPacking, ListpackMut),
    Table(Arc<HashTable>),
}

/// A view of a [`Hash`](struct@Hash).
#[derive(Clone, Copy, Debug)]
pub struct HashRef<'a>(View<'a>);

#[derive(Clone, Copy, Debug)]
enum View<'a> {
    Packed(HashPacking, &'a [u8]),
    Table(&'a Arc<HashTable>),
}

/// A field of a hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FieldRef<'a> {
    /// Its name.
    pub name: Entry<'a>,
    /// Its value.
    pub value: Entry<'a>,
    /// When it expires, in Unix milliseconds, if it does.
    pub expire_at_ms: Option<i64>,
}

/// What becomes of the expiry of a field that gets a new value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FieldExpiry {
    /// It has none any more.
    Clear,
    /// It stays.
    Keep,
}

impl Hash {
    /// One without fields.
    pub fn new() -> Self {
        Self(Form::Packed(HashPacking::Pairs, ListpackMut::new()))
    }

    /// A copy of the packed hash that `blob` is, as [`packed`](Self::packed) gave it.
    pub fn from_packed(packing: HashPacking, blob: &[u8]) -> Self {
        Self(Form::Packed(packing, ListpackMut::from_trusted(blob)))
    }

    /// The blob of a packed hash.
    pub fn packed(&self) -> Option<(HashPacking, &[u8])> {
        match &self.0 {
            Form::Packed(packing, listpack) => Some((*packing, listpack.as_bytes())),
            Form::Table(_) => None,
        }
    }

    /// Copies what it shares with others, so that its first change need not.
    pub(crate) fn separate(&mut self) {
        if let Form::Table(table) = &mut self.0 {
            Arc::make_mut(table);
        }
    }

    /// A view of it.
    pub fn view(&self) -> HashRef<'_> {
        HashRef(match &self.0 {
            Form::Packed(packing, listpack) => View::Packed(*packing, listpack.as_bytes()),
            Form::Table(table) => View::Table(table),
        })
    }

    /// Prepares for a command that sets so many fields: one that may set more than are packed makes
    /// a table at once, as in Redis 7.2.
    pub fn expect(&mut self, fields: usize, thresholds: &Thresholds) {
        if fields > thresholds.hash_max_listpack_entries {
            self.make_table();
        }
    }

    /// Gives a field a value; tells whether it is new.
    pub fn set(
        &mut self,
        name: &[u8],
        value: &[u8],
        expiry: FieldExpiry,
        thresholds: &Thresholds,
        now_ms: i64,
    ) -> bool {
        if name.len().max(value.len()) > thresholds.hash_max_listpack_value {
            self.make_table();
        }
        if let Form::Table(table) = &mut self.0 {
            return Arc::make_mut(table).set(name, value, expiry, now_ms);
        }
        let old = self.view().find(name).map(|field| field.expire_at_ms);
        let is_new = old.is_none_or(|old_ms| is_due(old_ms, now_ms));
        let old_ms = old.flatten();
        let expire_at_ms = old_ms.filter(|_| expiry == FieldExpiry::Keep && !is_new);
        let done = match &mut self.0 {
            Form::Table(_) => unreachable!("the change went there"),
            Form::Packed(packing, listpack) if old.is_some() && old_ms == expire_at_ms => {
                packed::replace_value(*packing, listpack, name, value)
            }
            Form::Packed(packing, listpack) => {
                if old.is_some() {
                    packed::remove(*packing, listpack, name);
                }
                let (name, value) = (Entry::Text(name), Entry::Text(value));
                packed::insert(*packing, listpack, FieldRef { name, value, expire_at_ms })
            }
        };
        if done.is_err() {
            self.make_table_mut().insert_or_replace(name, value, expire_at_ms);
        } else if self.view().len() > thresholds.hash_max_listpack_entries {
            self.make_table();
        }
        is_new
    }

    /// Removes a field; tells whether it was there.
    pub fn remove(&mut self, name: &[u8], now_ms: i64) -> bool {
        let is_there = self.view().get(name, now_ms).is_some();
        match &mut self.0 {
            Form::Packed(packing, listpack) => {
                packed::remove(*packing, listpack, name);
            }
            // Not made unique for nothing.
            Form::Table(table) if table.get(name).is_some() => {
                Arc::make_mut(table).remove(name);
            }
            Form::Table(_) => {}
        }
        is_there
    }

    /// Adds to a field that is a number and returns the sum; a field that is not there counts as 0.
    ///
    /// # Errors
    /// [`IncrError`]; the hash is as it was.
    pub fn incr_by(
        &mut self,
        name: &[u8],
        increment: i64,
        thresholds: &Thresholds,
        now_ms: i64,
    ) -> Result<i64, IncrError> {
        let number = match self.view().get(name, now_ms) {
            Some(field) => field.value.to_int().ok_or(IncrError::NotAnInteger)?,
            None => 0,
        };
        let sum = number.checked_add(increment).ok_or(IncrError::Overflow)?;
        let text = Entry::Int(sum).as_text();
        self.set(name, &text, FieldExpiry::Keep, thresholds, now_ms);
        Ok(sum)
    }

    /// Changes when a field expires, or that it does. `false` if there is no such field.
    pub fn set_expiry(&mut self, name: &[u8], expire_at_ms: Option<i64>, now_ms: i64) -> bool {
        let Some(field) = self.view().get(name, now_ms) else { return false };
        if field.expire_at_ms == expire_at_ms {
            return true;
        }
        let value = field.value.as_text().to_vec();
        if self.make_triples(expire_at_ms)
            && let Form::Packed(packing, listpack) = &mut self.0
        {
            packed::remove(*packing, listpack, name);
            let field =
                FieldRef { name: Entry::Text(name), value: Entry::Text(&value), expire_at_ms };
            if packed::insert(*packing, listpack, field).is_err() {
                self.make_table_mut().insert_or_replace(name, &value, expire_at_ms);
            }
        } else {
            self.make_table_mut().set_expiry(name, expire_at_ms);
        }
        true
    }

    /// Removes fields whose time is up, at most `count_max`, and tells how many.
    pub fn remove_due(&mut self, now_ms: i64, count_max: usize) -> usize {
        match &mut self.0 {
            Form::Packed(packing, listpack) => {
                packed::remove_due(*packing, listpack, now_ms, count_max)
            }
            Form::Table(table) => Arc::make_mut(table).remove_due(now_ms, count_max),
        }
    }

    /// Makes a packed hash one whose fields may expire; tells whether it can be packed at all with
    /// this expiry.
    fn make_triples(&mut self, expire_at_ms: Option<i64>) -> bool {
        match &mut self.0 {
            Form::Table(_) => false,
            Form::Packed(..) if !expire_at_ms.is_none_or(packed::takes_expiry) => false,
            Form::Packed(HashPacking::Triples, _) => true,
            Form::Packed(packing @ HashPacking::Pairs, listpack) => {
                let Ok(triples) = packed::with_expiries(listpack) else { return false };
                *listpack = triples;
                *packing = HashPacking::Triples;
                true
            }
        }
    }

    fn make_table(&mut self) {
        self.make_table_mut();
    }

    fn make_table_mut(&mut self) -> &mut HashTable {
        if let Form::Packed(packing, listpack) = &self.0 {
            let mut table = HashTable::default();
            for field in PackedFields::new(*packing, listpack.as_bytes()) {
                table.insert_unique(Field::of(field));
            }
            self.0 = Form::Table(Arc::new(table));
        }
        match &mut self.0 {
            Form::Table(table) => Arc::make_mut(table),
            Form::Packed(..) => unreachable!("it has been made a table"),
        }
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether both have the same fields, values and expiries, whatever the encoding.
impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        let (this, other) = (self.view(), other.view());
        this.len() == other.len()
            && this.fields().all(|it| other.find(&it.name.as_text()) == Some(it))
    }
}

impl<'a> HashRef<'a> {
    /// A view of the packed hash that `blob` is, as [`Hash::packed`] gave it.
    pub fn from_packed(packing: HashPacking, blob: &'a [u8]) -> Self {
        Self(View::Packed(packing, blob))
    }

    /// Number of fields, those included that have expired but not been removed yet.
    pub fn len(self) -> usize {
        match self.0 {
            View::Packed(packing, blob) => PackedFields::new(packing, blob).len(),
            View::Table(table) => table.len(),
        }
    }

    /// Whether there is no field.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Number of fields that have not expired.
    pub fn live_len(self, now_ms: i64) -> usize {
        self.len()
            - match self.0 {
                View::Packed(packing, blob) => PackedFields::new(packing, blob).due_len(now_ms),
                View::Table(table) => table.due_len(now_ms),
            }
    }

    /// Whether there are fields, and all have expired.
    pub fn is_due(self, now_ms: i64) -> bool {
        let last_ms = match self.0 {
            View::Packed(HashPacking::Pairs, _) => None,
            View::Packed(packing, blob) => PackedFields::new(packing, blob).last_deadline_ms(),
            View::Table(table) => table.last_deadline_ms(),
        };
        is_due(last_ms, now_ms)
    }

    /// When the next field expires, in Unix milliseconds, if any does.
    pub fn next_expiry_ms(self) -> Option<i64> {
        match self.0 {
            View::Packed(HashPacking::Pairs, _) => None,
            View::Packed(packing, blob) => PackedFields::new(packing, blob).next()?.expire_at_ms,
            View::Table(table) => table.next_deadline_ms(),
        }
    }

    /// The field of this name.
    pub fn get(self, name: &[u8], now_ms: i64) -> Option<FieldRef<'a>> {
        self.find(name).filter(|field| !is_due(field.expire_at_ms, now_ms))
    }

    /// Every field, in no particular order.
    pub fn iter(self, now_ms: i64) -> impl Iterator<Item = FieldRef<'a>> {
        self.fields().filter(move |field| !is_due(field.expire_at_ms, now_ms))
    }

    /// A field drawn at random, each as likely as any other; `random` gives numbers that are uniform
    /// over `u64`. `None` if there is none that has not expired.
    pub fn random(self, mut random: impl FnMut() -> u64, now_ms: i64) -> Option<FieldRef<'a>> {
        match self.0 {
            View::Packed(packing, blob) => {
                let mut fields = PackedFields::new(packing, blob);
                let due = fields.clone().due_len(now_ms);
                let live = fields.len().checked_sub(due).filter(|&live| live > 0)?;
                fields.nth(due + draw::below(live, random))
            }
            View::Table(table) => {
                let draws = std::iter::repeat_with(|| table.random(&mut random)).take(DRAWS_MAX);
                let live = |field: &FieldRef<'_>| !is_due(field.expire_at_ms, now_ms);
                // Only where nearly all fields have expired at once.
                draws.flatten().find(live).or_else(|| table.iter().find(live))
            }
        }
    }

    /// `count` fields drawn at random, all of them different, or all that there are.
    pub fn sample(
        self,
        count: usize,
        mut random: impl FnMut() -> u64,
        now_ms: i64,
    ) -> Vec<FieldRef<'a>> {
        let live_len = self.live_len(now_ms);
        if let View::Table(table) = self.0
            && draw::is_few(count, live_len)
            && live_len > table.len() / 2
        {
            let mut drawn = HashMap::new();
            while drawn.len() < count
                && let Some(field) = self.random(&mut random, now_ms)
            {
                drawn.insert(field.name, field);
            }
            return drawn.into_values().collect();
        }
        draw::some_of(self.iter(now_ms).collect(), count, random)
    }

    /// Visits about `count` fields from `cursor` on and returns the cursor for the next call, or 0
    /// when every field has been visited. A packed hash is visited as a whole.
    ///
    /// A cursor is less than 2^31. A field that is there from the first call to the last is visited.
    pub fn scan(
        self,
        cursor: u32,
        count: usize,
        now_ms: i64,
        mut visit: impl FnMut(FieldRef<'a>),
    ) -> u32 {
        match self.0 {
            View::Packed(..) => {
                self.iter(now_ms).for_each(visit);
                0
            }
            View::Table(table) => table.scan(cursor, count, |field| {
                if !is_due(field.expire_at_ms, now_ms) {
                    visit(field);
                }
            }),
        }
    }

    /// Name of the encoding, as OBJECT ENCODING shows it: that of Redis 8.2 where fields may expire.
    pub fn encoding(self) -> &'static str {
        match self.0 {
            View::Packed(HashPacking::Pairs, _) => "listpack",
            View::Packed(HashPacking::Triples, _) => "listpackex",
            View::Table(_) => "hashtable",
        }
    }

    /// The value, to be kept.
    pub fn to_value(self) -> Hash {
        match self.0 {
            View::Packed(packing, blob) => Hash::from_packed(packing, blob),
            View::Table(table) => Hash(Form::Table(Arc::clone(table))),
        }
    }

    /// Every field, those included that have expired.
    pub(crate) fn fields(self) -> impl Iterator<Item = FieldRef<'a>> {
        let (packed, table) = match self.0 {
            View::Packed(packing, blob) => (Some(PackedFields::new(packing, blob)), None),
            View::Table(table) => (None, Some(table.iter())),
        };
        packed.into_iter().flatten().chain(table.into_iter().flatten())
    }

    /// The field of this name, even if it has expired.
    /// The field of this name, one that has expired too.
    pub(crate) fn find(self, name: &[u8]) -> Option<FieldRef<'a>> {
        match self.0 {
            View::Packed(packing, blob) => PackedFields::new(packing, blob).find(name),
            View::Table(table) => table.get(name),
        }
    }
}

/// Whether a time is up.
fn is_due(expire_at_ms: Option<i64>, now_ms: i64) -> bool {
    expire_at_ms.is_some_and(|at_ms| at_ms < now_ms)
}

/// Draws of a random field before all are gone through.
const DRAWS_MAX: usize = 32;
