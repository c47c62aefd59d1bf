//! From events to hashes.

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::packed::{Entry, Listpack, ListpackMut};
use rdb_format::{Event, Thresholds};

use super::packed::{self, HashPacking, PackedFields};
use super::table::{Field, HashTable};
use super::{FieldRef, Form, Hash};
use crate::serialize::TextAssembler;

/// Builds a hash. Its fields are all different: a decoder has checked that.
#[derive(Debug)]
pub(crate) struct HashBuilder {
    thresholds: Thresholds,
    form: Building,
    text: TextAssembler,
    /// Of the field that is being told.
    expire_at_ms: Option<i64>,
    name: Option<Bytes>,
    /// Whether fields may come that are there already.
    finds_duplicates: bool,
}

#[derive(Debug)]
enum Building {
    Pairs(ListpackMut),
    /// Fields that may expire, before they are put in order.
    Fields(Vec<Field>),
    Triples(ListpackMut),
    Table(HashTable),
}

impl HashBuilder {
    /// A builder of a hash whose fields may expire or do not.
    pub(crate) fn new(thresholds: &Thresholds, with_ttls: bool) -> Self {
        let form = match with_ttls {
            true => Building::Fields(Vec::new()),
            false => Building::Pairs(ListpackMut::new()),
        };
        Self {
            thresholds: *thresholds,
            form,
            text: TextAssembler::default(),
            expire_at_ms: None,
            name: None,
            finds_duplicates: false,
        }
    }

    /// See [`EventSink::begin_elements`](rdb_format::EventSink::begin_elements).
    pub(crate) fn begin_elements(&mut self, len: u64, arrived_max: usize) -> bool {
        if len > self.thresholds.hash_max_listpack_entries as u64 {
            self.form = Building::Table(HashTable::with_room(arrived_max));
            self.finds_duplicates = true;
        }
        self.finds_duplicates
    }

    /// Adds a short field that does not expire. Returns `false` if it is there already, where that is
    /// looked for.
    #[inline]
    pub(crate) fn element(&mut self, name: &[u8], value: &[u8]) -> bool {
        match &mut self.form {
            Building::Table(table) if self.finds_duplicates => table.insert_new(name, value),
            _ => {
                let (name, value) = (Entry::Text(name), Entry::Text(value));
                self.field(FieldRef { name, value, expire_at_ms: None });
                true
            }
        }
    }

    /// Takes the next event. Returns `false` as [`element`](Self::element) does.
    pub(crate) fn push(&mut self, event: Event) -> bool {
        match event {
            Event::ExpireAt(expire_at_ms) => {
                self.expire_at_ms =
                    expire_at_ms.map(|at_ms| i64::try_from(at_ms).unwrap_or(i64::MAX));
            }
            Event::Listpack(listpack) => self.listpack(&listpack),
            event => {
                let Some(text) = self.text.push(event) else { return true };
                match self.name.take() {
                    None => self.name = Some(text),
                    Some(name) if self.finds_duplicates => return self.element(&name, &text),
                    Some(name) => {
                        let expire_at_ms = self.expire_at_ms.take();
                        if let Building::Table(table) = &mut self.form {
                            table.insert_unique(Field::new(&name, &text, expire_at_ms));
                        } else {
                            let (name, value) = (Entry::Text(&name), Entry::Text(&text));
                            self.field(FieldRef { name, value, expire_at_ms });
                        }
                    }
                }
            }
        }
        true
    }

    pub(crate) fn finish(self) -> Hash {
        Hash(match self.form {
            Building::Pairs(listpack) => Form::Packed(HashPacking::Pairs, listpack),
            Building::Triples(listpack) => Form::Packed(HashPacking::Triples, listpack),
            Building::Table(table) => Form::Table(Arc::new(table)),
            Building::Fields(fields) => pack(fields),
        })
    }

    /// Takes fields that are packed as they will be, unless there are too many of them.
    fn listpack(&mut self, listpack: &Listpack) {
        let packing = match self.form {
            Building::Pairs(_) => HashPacking::Pairs,
            _ => HashPacking::Triples,
        };
        if listpack.len() / packing.width() <= self.thresholds.hash_max_listpack_entries {
            let copy = ListpackMut::from_trusted(listpack.as_bytes());
            self.form = match packing {
                HashPacking::Pairs => Building::Pairs(copy),
                HashPacking::Triples => Building::Triples(copy),
            };
            return;
        }
        let table = self.make_table();
        for field in PackedFields::new(packing, listpack.as_bytes()) {
            table.insert_unique(Field::of(field));
        }
    }

    fn field(&mut self, field: FieldRef<'_>) {
        let Thresholds { hash_max_listpack_entries, hash_max_listpack_value, .. } = self.thresholds;
        let is_short = field.name.text_len().max(field.value.text_len()) <= hash_max_listpack_value;
        let packed = match &mut self.form {
            Building::Pairs(listpack) => {
                is_short
                    && listpack.len() / 2 < hash_max_listpack_entries
                    && packed::insert(HashPacking::Pairs, listpack, field).is_ok()
            }
            Building::Fields(fields) => {
                let packs = is_short
                    && fields.len() < hash_max_listpack_entries
                    && field.expire_at_ms.is_none_or(packed::takes_expiry);
                if packs {
                    fields.push(Field::of(field));
                }
                packs
            }
            Building::Triples(_) | Building::Table(_) => false,
        };
        if !packed {
            self.make_table().insert_unique(Field::of(field));
        }
    }

    fn make_table(&mut self) -> &mut HashTable {
        let mut table = HashTable::default();
        match &mut self.form {
            Building::Pairs(listpack) => PackedFields::new(HashPacking::Pairs, listpack.as_bytes())
                .for_each(|field| table.insert_unique(Field::of(field))),
            Building::Triples(listpack) => {
                PackedFields::new(HashPacking::Triples, listpack.as_bytes())
                    .for_each(|field| table.insert_unique(Field::of(field)));
            }
            Building::Fields(fields) => {
                fields.drain(..).for_each(|field| table.insert_unique(field));
            }
            Building::Table(made) => table = std::mem::take(made),
        }
        self.form = Building::Table(table);
        match &mut self.form {
            Building::Table(table) => table,
            _ => unreachable!("it has been made a table"),
        }
    }
}

/// The fields in the order in which they expire.
fn pack(mut fields: Vec<Field>) -> Form {
    fields.sort_by_key(|field| field.expire_at_ms().unwrap_or(i64::MAX));
    let mut listpack = ListpackMut::new();
    let packed = fields.iter().try_for_each(|field| {
        let FieldRef { name, value, expire_at_ms } = field.view();
        listpack.push_entry(name)?;
        listpack.push_entry(value)?;
        listpack.push_int(expire_at_ms.unwrap_or_default())
    });
    if packed.is_ok() {
        return Form::Packed(HashPacking::Triples, listpack);
    }
    let mut table = HashTable::default();
    fields.into_iter().for_each(|field| table.insert_unique(field));
    Form::Table(Arc::new(table))
}
