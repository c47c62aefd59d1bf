//! Hashes of many fields or long ones.

use std::collections::BTreeSet;

use rdb_format::packed::Entry;

use super::{FieldExpiry, FieldRef, is_due};
use crate::blob::Blob;
use crate::hash;
use crate::table::Table;

/// Fields in a table, and the order in which they expire.
#[derive(Clone, Debug, Default)]
pub struct HashTable {
    fields: Table<Field>,
    /// Deadline and hash of the name of each field that expires. Two fields that share both share the
    /// place too; then one of them is never removed, but it reads as absent all the same.
    deadlines: BTreeSet<(i64, u64)>,
}

impl HashTable {
    /// One with room for about so many fields.
    pub(super) fn with_room(len: usize) -> Self {
        Self { fields: Table::with_room(len), deadlines: BTreeSet::new() }
    }

    /// Number of fields, those included that have expired.
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<FieldRef<'_>> {
        self.fields.find(hash::of(name), |field| field.name() == name).map(Field::view)
    }

    /// Every field, those included that have expired.
    pub(super) fn iter(&self) -> impl Iterator<Item = FieldRef<'_>> {
        self.fields.iter().map(Field::view)
    }

    pub(super) fn fields(&self) -> &Table<Field> {
        &self.fields
    }

    pub(super) fn scan<'a>(
        &'a self,
        cursor: u32,
        count: usize,
        mut visit: impl FnMut(FieldRef<'a>),
    ) -> u32 {
        self.fields.scan(cursor, count, hash_of, |field| visit(field.view()))
    }

    pub(super) fn random(&self, random: impl FnMut() -> u64) -> Option<FieldRef<'_>> {
        self.fields.random(random).map(Field::view)
    }

    /// When the next field expires.
    pub(super) fn next_deadline_ms(&self) -> Option<i64> {
        self.deadlines.first().map(|&(at_ms, _)| at_ms)
    }

    /// When the last field expires, if all do.
    pub(super) fn last_deadline_ms(&self) -> Option<i64> {
        let all_expire = self.deadlines.len() == self.fields.len();
        self.deadlines.last().filter(|_| all_expire).map(|&(at_ms, _)| at_ms)
    }

    /// Number of fields whose time is up.
    pub(super) fn due_len(&self, now_ms: i64) -> usize {
        self.deadlines.range(..(now_ms, 0)).count()
    }

    /// Gives a field a value; tells whether it is new.
    pub(super) fn set(
        &mut self,
        name: &[u8],
        value: &[u8],
        expiry: FieldExpiry,
        now_ms: i64,
    ) -> bool {
        let hash = hash::of(name);
        let Some(mut place) = self.fields.find_entry(hash, |field| field.name() == name) else {
            self.insert_hashed(hash, Field::new(name, value, None));
            return true;
        };
        let old_ms = place.get().expire_at_ms();
        let is_new = is_due(old_ms, now_ms);
        let kept_ms = old_ms.filter(|_| expiry == FieldExpiry::Keep && !is_new);
        *place.get_mut() = Field::new(name, value, kept_ms);
        if kept_ms.is_none() {
            self.forget_deadline(old_ms, hash);
        }
        is_new
    }

    /// Gives a field this value and this expiry, whether it is there or not.
    pub(super) fn insert_or_replace(
        &mut self,
        name: &[u8],
        value: &[u8],
        expire_at_ms: Option<i64>,
    ) {
        self.remove(name);
        self.insert_unique(Field::new(name, value, expire_at_ms));
    }

    /// Adds a field that does not expire, unless it is there; tells whether it was not.
    pub(super) fn insert_new(&mut self, name: &[u8], value: &[u8]) -> bool {
        let hash = hash::of(name);
        let is_new = self.fields.find(hash, |field| field.name() == name).is_none();
        if is_new {
            self.insert_hashed(hash, Field::new(name, value, None));
        }
        is_new
    }

    /// Adds a field that is not there.
    pub(super) fn insert_unique(&mut self, field: Field) {
        self.insert_hashed(hash_of(&field), field);
    }

    fn insert_hashed(&mut self, hash: u64, field: Field) {
        self.deadlines.extend(field.expire_at_ms().map(|at_ms| (at_ms, hash)));
        self.fields.insert_unique(hash, field, hash_of);
    }

    /// Removes a field if it is there.
    pub(super) fn remove(&mut self, name: &[u8]) {
        let hash = hash::of(name);
        if let Some(place) = self.fields.find_entry(hash, |field| field.name() == name) {
            let field = place.remove();
            self.forget_deadline(field.expire_at_ms(), hash);
        }
    }

    /// Changes when a field expires, or that it does.
    pub(super) fn set_expiry(&mut self, name: &[u8], expire_at_ms: Option<i64>) {
        let hash = hash::of(name);
        let Some(mut place) = self.fields.find_entry(hash, |field| field.name() == name) else {
            return;
        };
        let old_ms = place.get().expire_at_ms();
        if old_ms != expire_at_ms {
            let field = place.get_mut();
            let (name, value, _) = field.parts();
            *field = Field::new(name, value, expire_at_ms);
            self.forget_deadline(old_ms, hash);
            self.deadlines.extend(expire_at_ms.map(|at_ms| (at_ms, hash)));
        }
    }

    /// Removes fields whose time is up, at most `count_max`, and tells how many.
    pub(super) fn remove_due(&mut self, now_ms: i64, count_max: usize) -> usize {
        let mut removed = 0;
        while removed < count_max
            && let Some(&(at_ms, hash)) = self.deadlines.first()
            && at_ms < now_ms
        {
            self.deadlines.pop_first();
            let due = |field: &Field| field.expire_at_ms() == Some(at_ms);
            let found = self.fields.find_entry(hash, |it| due(it) && hash_of(it) == hash);
            removed += usize::from(found.map(|field| field.remove()).is_some());
        }
        removed
    }

    fn forget_deadline(&mut self, at_ms: Option<i64>, hash: u64) {
        if let Some(at_ms) = at_ms {
            self.deadlines.remove(&(at_ms, hash));
        }
    }
}

fn hash_of(field: &Field) -> u64 {
    hash::of(field.name())
}

/// A field with its value and its expiry, in one allocation.
///
/// | bytes | |
/// |---|---|
/// | 1 | length of the name, 127 if it is told behind; the top bit is set if the field expires |
/// | 8 | length of the name, little-endian, if it is 127 bytes or more |
/// | 8 | Unix time in milliseconds at which the field expires, little-endian, if it does |
/// | | name |
/// | | value |
#[derive(Clone, Debug)]
pub(super) struct Field(Blob);

impl Field {
    pub(super) fn new(name: &[u8], value: &[u8], expire_at_ms: Option<i64>) -> Self {
        let (short_len, long_len) = match u8::try_from(name.len()) {
            Ok(len @ ..LONG_NAME) => (len, None),
            _ => (LONG_NAME, Some(name.len() as u64)),
        };
        let head = short_len | if expire_at_ms.is_some() { EXPIRES } else { 0 };
        let long_len = long_len.map(u64::to_le_bytes);
        let expiry = expire_at_ms.map(i64::to_le_bytes);
        let (long_len, expiry) =
            (long_len.as_slice().as_flattened(), expiry.as_slice().as_flattened());
        Self(Blob::new(&[&[head], long_len, expiry, name, value]))
    }

    /// A copy of one.
    pub(super) fn of(field: FieldRef<'_>) -> Self {
        Self::new(&field.name.as_text(), &field.value.as_text(), field.expire_at_ms)
    }

    pub(super) fn name(&self) -> &[u8] {
        self.parts().0
    }

    pub(super) fn expire_at_ms(&self) -> Option<i64> {
        self.parts().2
    }

    pub(super) fn view(&self) -> FieldRef<'_> {
        let (name, value, expire_at_ms) = self.parts();
        FieldRef { name: Entry::Text(name), value: Entry::Text(value), expire_at_ms }
    }

    /// Name, value and expiry.
    #[inline]
    pub(super) fn parts(&self) -> (&[u8], &[u8], Option<i64>) {
        let (&head, mut rest) = self.0.split_first().expect(SOUND);
        let mut word = || {
            let (&word, behind) = rest.split_first_chunk::<WORD>().expect(SOUND);
            rest = behind;
            word
        };
        let name_len = match head & !EXPIRES {
            LONG_NAME => u64::from_le_bytes(word()) as usize,
            len => len.into(),
        };
        let expire_at_ms = (head & EXPIRES != 0).then(|| i64::from_le_bytes(word()));
        let (name, value) = rest.split_at(name_len);
        (name, value, expire_at_ms)
    }
}

const SOUND: &str = "the numbers are there that the first byte tells";

const WORD: usize = size_of::<u64>();

/// Set in the first byte of a field that expires.
const EXPIRES: u8 = 0x80;

/// In the first byte of a field whose name is as long as this, or longer.
const LONG_NAME: u8 = 0x7f;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_values_and_expiries_come_back() {
        for name_len in [0, 1, 126, 127, 128, 255, 256, 70_000] {
            for value_len in [0, 1, 200] {
                for expire_at_ms in [None, Some(0), Some(i64::MAX)] {
                    let (name, value) = (vec![b'n'; name_len], vec![b'v'; value_len]);
                    let field = Field::new(&name, &value, expire_at_ms);
                    assert_eq!(field.parts(), (&*name, &*value, expire_at_ms));
                }
            }
        }
    }

    #[test]
    fn a_copy_expires_as_the_original() {
        let mut table = HashTable::default();
        for number in 0..1000_i64 {
            let name = number.to_string();
            table.insert_or_replace(name.as_bytes(), b"", (number % 2 == 0).then_some(number));
        }
        let mut copy = table.clone();
        assert_eq!(copy.remove_due(500, usize::MAX), 250);
        assert_eq!((copy.len(), copy.due_len(1000)), (750, 250));
        assert!(copy.iter().all(|field| !is_due(field.expire_at_ms, 500)));
        assert_eq!((table.len(), table.next_deadline_ms()), (1000, Some(0)));
    }
}
