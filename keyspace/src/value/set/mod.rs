//! Sets.
//!
//! A small set is one blob: an [intset](rdb_format::packed::Intset) if all members are integers, else a
//! [listpack](rdb_format::packed::Listpack). A large one is a [table](crate::table) of members.

mod algebra;
mod build;
mod events;
mod pop;
mod table;

use std::collections::HashSet;
use std::sync::Arc;

use rdb_format::packed::{Entry, IntsetMut, IntsetRef, ListpackIter, ListpackMut};
use rdb_format::{Thresholds, parse_integer};

use super::draw;

pub use algebra::{difference, difference_set, intersection, union};
pub use table::SetTable;

pub(crate) use build::SetBuilder;
pub(crate) use events::SetEvents;

/// A set.
#[derive(Clone, Debug)]
pub struct Set(Form);

#[derive(Clone, Debug)]
enum Form {
    Intset(IntsetMut),
    Listpack(ListpackMut),
    Table(Arc<SetTable>),
}

/// A view of a [`Set`].
#[derive(Clone, Copy, Debug)]
pub struct SetRef<'a>(View<'a>);

#[derive(Clone, Copy, Debug)]
enum View<'a> {
    Packed(SetPacking, &'a [u8]),
    Table(&'a Arc<SetTable>),
}

/// What a packed set is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetPacking {
    /// An intset.
    Intset,
    /// A listpack of members.
    Listpack,
}

impl Set {
    /// One without members.
    pub fn new() -> Self {
        Self(Form::Intset(IntsetMut::new()))
    }

    /// One without members, for a command that adds `first` and so many members in all: in the form
    /// that Redis 7.2 creates it in.
    pub fn for_members(first: &[u8], count: usize, thresholds: &Thresholds) -> Self {
        Self(if count <= thresholds.set_max_intset_entries && parse_integer(first).is_some() {
            Form::Intset(IntsetMut::new())
        } else if count <= thresholds.set_max_listpack_entries {
            Form::Listpack(ListpackMut::new())
        } else {
            Form::Table(Arc::default())
        })
    }

    /// One without members, for those that `smallest` has in common with other sets: in the form that
    /// Redis 7.2 creates it in.
    pub fn for_intersection(smallest: SetRef<'_>) -> Self {
        Self(match smallest.0 {
            View::Packed(SetPacking::Intset, _) => Form::Intset(IntsetMut::new()),
            _ => Form::Listpack(ListpackMut::new()),
        })
    }

    /// A copy of the packed set that `blob` is, as [`packed`](Self::packed) gave it.
    pub fn from_packed(packing: SetPacking, blob: &[u8]) -> Self {
        Self(match packing {
            SetPacking::Intset => Form::Intset(IntsetMut::from_trusted(blob)),
            SetPacking::Listpack => Form::Listpack(ListpackMut::from_trusted(blob)),
        })
    }

    /// The blob of a packed set.
    pub fn packed(&self) -> Option<(SetPacking, &[u8])> {
        match &self.0 {
            Form::Intset(intset) => Some((SetPacking::Intset, intset.as_bytes())),
            Form::Listpack(listpack) => Some((SetPacking::Listpack, listpack.as_bytes())),
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
    pub fn view(&self) -> SetRef<'_> {
        SetRef(match &self.0 {
            Form::Intset(intset) => View::Packed(SetPacking::Intset, intset.as_bytes()),
            Form::Listpack(listpack) => View::Packed(SetPacking::Listpack, listpack.as_bytes()),
            Form::Table(table) => View::Table(table),
        })
    }

    /// Prepares for a command that adds so many members: one that may add more than are packed makes
    /// a table at once, as in Redis 7.2.
    pub fn expect(&mut self, members: usize, thresholds: &Thresholds) {
        let packed_max = match &self.0 {
            Form::Intset(_) => thresholds.set_max_intset_entries,
            Form::Listpack(_) => thresholds.set_max_listpack_entries,
            Form::Table(_) => return,
        };
        if members > packed_max {
            self.make_table();
        }
    }

    /// Adds a member; tells whether it is new.
    pub fn add(&mut self, member: &[u8], thresholds: &Thresholds) -> bool {
        if let Form::Table(table) = &mut self.0 {
            return Arc::make_mut(table).insert(member);
        }
        let is_new = !self.view().contains(member);
        if is_new {
            self.add_new(member, thresholds);
        }
        is_new
    }

    /// Adds a member that is not there.
    fn add_new(&mut self, member: &[u8], thresholds: &Thresholds) {
        let is_short = member.len() <= thresholds.set_max_listpack_value;
        let is_packed = match &mut self.0 {
            Form::Table(table) => return Arc::make_mut(table).insert_unique(member),
            Form::Intset(intset) => match parse_integer(member) {
                Some(number) => {
                    intset.insert(number).is_ok()
                        && intset.len() <= thresholds.set_max_intset_entries
                }
                None => {
                    is_short
                        && listpack_of(intset, thresholds).is_some_and(|mut listpack| {
                            let is_packed = listpack.push(member).is_ok();
                            self.0 = Form::Listpack(listpack);
                            is_packed
                        })
                }
            },
            Form::Listpack(listpack) => {
                is_short
                    && listpack.len() < thresholds.set_max_listpack_entries
                    && listpack.push(member).is_ok()
            }
        };
        if !is_packed {
            // An intset that has become too long has the member already.
            self.make_table().insert(member);
        }
    }

    /// Removes a member; tells whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.0 {
            Form::Intset(intset) => {
                parse_integer(member).is_some_and(|number| intset.remove(number))
            }
            Form::Listpack(listpack) => {
                let mut cursor = listpack.cursor_front();
                cursor.find_text(member, 1) && cursor.remove()
            }
            // Not made unique for nothing.
            Form::Table(table) => table.contains(member) && Arc::make_mut(table).remove(member),
        }
    }

    /// Makes it an intset if all members are integers and not too many for one.
    pub fn pack_integers(&mut self, thresholds: &Thresholds) {
        let view = self.view();
        if view.len() > thresholds.set_max_intset_entries {
            return;
        }
        let mut intset = IntsetMut::new();
        for member in view.iter() {
            let Some(number) = member.to_int() else { return };
            if intset.insert(number).is_err() {
                return;
            }
        }
        self.0 = Form::Intset(intset);
    }

    fn make_table(&mut self) -> &mut SetTable {
        if self.packed().is_some() {
            let mut table = SetTable::default();
            self.view().iter().for_each(|member| table.insert_unique(&member.as_text()));
            self.0 = Form::Table(Arc::new(table));
        }
        match &mut self.0 {
            Form::Table(table) => Arc::make_mut(table),
            _ => unreachable!("it has been made a table"),
        }
    }
}

impl Default for Set {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether both have the same members, whatever the encoding.
impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        let (this, other) = (self.view(), other.view());
        this.len() == other.len() && this.iter().all(|member| other.contains_entry(member))
    }
}

impl<'a> SetRef<'a> {
    /// A view of the packed set that `blob` is, as [`Set::packed`] gave it.
    pub fn from_packed(packing: SetPacking, blob: &'a [u8]) -> Self {
        Self(View::Packed(packing, blob))
    }

    /// Number of members.
    pub fn len(self) -> usize {
        match self.0 {
            View::Packed(SetPacking::Intset, blob) => IntsetRef::from_trusted(blob).len(),
            View::Packed(SetPacking::Listpack, blob) => ListpackIter::of_trusted(blob).len(),
            View::Table(table) => table.len(),
        }
    }

    /// Whether there is no member.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether this is a member.
    pub fn contains(self, member: &[u8]) -> bool {
        match self.0 {
            View::Packed(SetPacking::Intset, blob) => parse_integer(member)
                .is_some_and(|number| IntsetRef::from_trusted(blob).contains(number)),
            View::Packed(SetPacking::Listpack, blob) => {
                ListpackIter::of_trusted(blob).find_text(member, 1).is_some()
            }
            View::Table(table) => table.contains(member),
        }
    }

    /// As [`contains`](Self::contains), of a member of another set.
    pub fn contains_entry(self, member: Entry<'_>) -> bool {
        match (self.0, member) {
            (View::Packed(SetPacking::Intset, blob), Entry::Int(number)) => {
                IntsetRef::from_trusted(blob).contains(number)
            }
            _ => self.contains(&member.as_text()),
        }
    }

    /// Every member, in no particular order.
    pub fn iter(self) -> impl Iterator<Item = Entry<'a>> {
        let (integers, entries, table) = match self.0 {
            View::Packed(SetPacking::Intset, blob) => {
                (Some(IntsetRef::from_trusted(blob).iter()), None, None)
            }
            View::Packed(SetPacking::Listpack, blob) => {
                (None, Some(ListpackIter::of_trusted(blob)), None)
            }
            View::Table(table) => (None, None, Some(table.iter())),
        };
        let integers = integers.into_iter().flatten().map(Entry::Int);
        integers.chain(entries.into_iter().flatten()).chain(table.into_iter().flatten())
    }

    /// A member drawn at random, each as likely as any other; `random` gives numbers that are
    /// uniform over `u64`. `None` if there is none.
    pub fn random(self, random: impl FnMut() -> u64) -> Option<Entry<'a>> {
        match self.0 {
            View::Packed(SetPacking::Intset, blob) => {
                let intset = IntsetRef::from_trusted(blob);
                let index = (!intset.is_empty()).then(|| draw::below(intset.len(), random))?;
                intset.get(index).map(Entry::Int)
            }
            View::Packed(SetPacking::Listpack, blob) => {
                let mut entries = ListpackIter::of_trusted(blob);
                let index = (entries.len() > 0).then(|| draw::below(entries.len(), random))?;
                entries.nth(index)
            }
            View::Table(table) => table.random(random),
        }
    }

    /// `count` members drawn at random, all of them different, or all that there are.
    pub fn sample(self, count: usize, mut random: impl FnMut() -> u64) -> Vec<Entry<'a>> {
        if let View::Table(table) = self.0
            && draw::is_few(count, table.len())
        {
            let mut drawn = HashSet::new();
            while drawn.len() < count
                && let Some(member) = self.random(&mut random)
            {
                drawn.insert(member);
            }
            return drawn.into_iter().collect();
        }
        draw::some_of(self.iter().collect(), count, random)
    }

    /// Visits about `count` members from `cursor` on and returns the cursor for the next call, or 0
    /// when every member has been visited. A packed set is visited as a whole.
    ///
    /// A cursor is less than 2^31. A member that is there from the first call to the last is visited.
    pub fn scan(self, cursor: u32, count: usize, visit: impl FnMut(Entry<'a>)) -> u32 {
        match self.0 {
            View::Packed(..) => {
                self.iter().for_each(visit);
                0
            }
            View::Table(table) => table.scan(cursor, count, visit),
        }
    }

    /// Name of the encoding, as OBJECT ENCODING shows it.
    pub fn encoding(self) -> &'static str {
        match self.0 {
            View::Packed(SetPacking::Intset, _) => "intset",
            View::Packed(SetPacking::Listpack, _) => "listpack",
            View::Table(_) => "hashtable",
        }
    }

    /// The value, to be kept.
    pub fn to_value(self) -> Set {
        match self.0 {
            View::Packed(packing, blob) => Set::from_packed(packing, blob),
            View::Table(table) => Set(Form::Table(Arc::clone(table))),
        }
    }
}

/// The integers as texts, if they and one member more may be packed so.
fn listpack_of(intset: &IntsetMut, thresholds: &Thresholds) -> Option<ListpackMut> {
    let ends = [intset.get(0), intset.len().checked_sub(1).and_then(|last| intset.get(last))];
    let longest = ends.into_iter().flatten().map(|end| Entry::Int(end).text_len()).max();
    if intset.len() >= thresholds.set_max_listpack_entries
        || longest.unwrap_or_default() > thresholds.set_max_listpack_value
    {
        return None;
    }
    let mut listpack = ListpackMut::new();
    for number in intset {
        listpack.push_int(number).ok()?;
    }
    Some(listpack)
}
