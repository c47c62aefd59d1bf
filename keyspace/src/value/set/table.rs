//! Sets of many members or long ones.

use rdb_format::packed::Entry;

use crate::blob::Blob;
use crate::hash;
use crate::table::Table;

/// Members in a table.
#[derive(Clone, Debug, Default)]
pub struct SetTable(Table<Blob>);

impl SetTable {
    /// One with room for about so many members.
    pub(super) fn with_room(len: usize) -> Self {
        Self(Table::with_room(len))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn contains(&self, member: &[u8]) -> bool {
        self.0.find(hash::of(member), |it| **it == *member).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.0.iter().map(|member| Entry::Text(member))
    }

    pub(super) fn members(&self) -> &Table<Blob> {
        &self.0
    }

    pub(super) fn scan<'a>(
        &'a self,
        cursor: u32,
        count: usize,
        mut visit: impl FnMut(Entry<'a>),
    ) -> u32 {
        self.0.scan(cursor, count, hash_of, |member| visit(Entry::Text(member)))
    }

    pub(super) fn random(&self, random: impl FnMut() -> u64) -> Option<Entry<'_>> {
        self.0.random(random).map(|member| Entry::Text(member))
    }

    /// Adds a member that is not there.
    pub(super) fn insert_unique(&mut self, member: &[u8]) {
        self.0.insert_unique(hash::of(member), Blob::new(&[member]), hash_of);
    }

    /// Adds a member; tells whether it is new.
    pub(super) fn insert(&mut self, member: &[u8]) -> bool {
        let hash = hash::of(member);
        let is_new = self.0.find(hash, |it| **it == *member).is_none();
        if is_new {
            self.0.insert_unique(hash, Blob::new(&[member]), hash_of);
        }
        is_new
    }

    /// Removes a member; tells whether it was there.
    pub(super) fn remove(&mut self, member: &[u8]) -> bool {
        let place = self.0.find_entry(hash::of(member), |it| **it == *member);
        place.map(|place| place.remove()).is_some()
    }
}

fn hash_of(member: &Blob) -> u64 {
    hash::of(member)
}
