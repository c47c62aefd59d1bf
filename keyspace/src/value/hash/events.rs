//! From hashes to events.

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::packed::{Listpack, ListpackMut};
use rdb_format::{Element, Event, Kind};

use super::packed::{HashPacking, PackedFields};
use super::table::Field;
use super::{HashRef, HashTable, View, is_due};
use crate::serialize::{Batches, is_told};

/// Tells a hash.
#[derive(Clone, Debug)]
pub(crate) struct HashEvents {
    source: Source,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Source {
    Packed(HashPacking, Listpack),
    Table(Arc<HashTable>, TableKind),
}

/// How the fields of a table are told.
#[derive(Clone, Copy, Debug)]
struct TableKind {
    /// Fields that have expired by then are left out.
    now_ms: i64,
    /// Whether any field expires.
    with_ttls: bool,
}

#[derive(Clone, Debug)]
enum Stage {
    Start,
    Elements(Batches),
    Packed,
    End,
    Complete,
}

impl HashRef<'_> {
    /// The events that tell it, without the fields that have expired, unless all have.
    pub(crate) fn events(self, now_ms: i64) -> HashEvents {
        let now_ms = if self.is_due(now_ms) { i64::MIN } else { now_ms };
        let source = match self.0 {
            View::Packed(packing, blob) => Source::Packed(packing, live(packing, blob, now_ms)),
            View::Table(table) => {
                let with_ttls = table.next_deadline_ms().is_some();
                Source::Table(Arc::clone(table), TableKind { now_ms, with_ttls })
            }
        };
        HashEvents { source, stage: Stage::Start }
    }
}

impl HashEvents {
    pub(crate) fn rewind(&mut self) {
        self.stage = Stage::Start;
    }

    pub(crate) fn next_elements(
        &mut self,
        elements_max: usize,
        take: &mut dyn FnMut(Element<'_>),
    ) -> usize {
        let (Stage::Elements(batches), Source::Table(table, TableKind { with_ttls: false, .. })) =
            (&mut self.stage, &self.source)
        else {
            return 0;
        };
        let fields = batches.pass_elements(table.fields(), elements_max, is_told_field);
        for field in fields {
            let (name, value, _) = field.parts();
            take(Element::Field(name, value));
        }
        fields.len()
    }

    pub(crate) fn has_elements(&self) -> bool {
        match (&self.stage, &self.source) {
            (
                Stage::Elements(batches),
                Source::Table(table, TableKind { with_ttls: false, .. }),
            ) => batches.has_elements(table.fields(), is_told_field),
            _ => false,
        }
    }

    pub(crate) fn next_event(&mut self) -> Option<Event> {
        match (&mut self.stage, &self.source) {
            (Stage::Start, source) => {
                let (kind, next) = match source {
                    Source::Packed(HashPacking::Pairs, _) => (Kind::Hash, Stage::Packed),
                    Source::Packed(HashPacking::Triples, _) => (Kind::HashWithTtls, Stage::Packed),
                    Source::Table(_, TableKind { with_ttls, .. }) => {
                        let kind = if *with_ttls { Kind::HashWithTtls } else { Kind::Hash };
                        (kind, Stage::Elements(Batches::default()))
                    }
                };
                self.stage = next;
                Some(Event::Start(kind))
            }
            (Stage::Packed, Source::Packed(_, listpack)) => {
                let event = Event::Listpack(listpack.clone());
                self.stage = Stage::End;
                Some(event)
            }
            (Stage::Elements(batches), Source::Table(table, TableKind { now_ms, with_ttls })) => {
                let event = batches.next_event(table.fields(), |field, batch| {
                    let (name, value, expire_at_ms) = field.parts();
                    if !is_due(expire_at_ms, *now_ms) {
                        if *with_ttls {
                            batch.expire_at(expire_at_ms);
                        }
                        batch.text(name);
                        batch.text(value);
                    }
                });
                // Not `or_else`: an event is large, and each move of it costs more than it says.
                if event.is_some() {
                    return event;
                }
                self.stage = Stage::Complete;
                Some(Event::End)
            }
            (Stage::End, _) => {
                self.stage = Stage::Complete;
                Some(Event::End)
            }
            _ => None,
        }
    }
}

fn is_told_field(field: &Field) -> bool {
    let (name, value, _) = field.parts();
    is_told(name) && is_told(value)
}

/// The listpack without the fields that have expired, which come first.
fn live(packing: HashPacking, blob: &[u8], now_ms: i64) -> Listpack {
    let due = PackedFields::new(packing, blob).due_len(now_ms);
    if due == 0 {
        return Listpack::from_trusted(Bytes::copy_from_slice(blob));
    }
    let mut listpack = ListpackMut::from_trusted(blob);
    listpack.cursor_front().remove_many(due * packing.width());
    listpack.freeze()
}
