//! From hashes to events.

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::packed::{Listpack, ListpackMut};
use rdb_format::{Event, Kind};

use super::packed::{HashPacking, PackedFields};
use super::{HashRef, HashTable, View, is_due};
use crate::serialize::Batches;

/// Tells a hash.
#[derive(Clone, Debug)]
pub(crate) struct HashEvents {
    source: Source,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Source {
    Packed(HashPacking, Listpack),
    Table(Arc<HashTable>, HidesDue),
}

/// Up to when fields that have expired are left out.
#[derive(Clone, Copy, Debug)]
struct HidesDue(i64);

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
            View::Table(table) => Source::Table(Arc::clone(table), HidesDue(now_ms)),
        };
        HashEvents { source, stage: Stage::Start }
    }
}

impl HashEvents {
    pub(crate) fn rewind(&mut self) {
        self.stage = Stage::Start;
    }

    pub(crate) fn next_event(&mut self) -> Option<Event> {
        match (&mut self.stage, &self.source) {
            (Stage::Start, source) => {
                let (kind, next) = match source {
                    Source::Packed(HashPacking::Pairs, _) => (Kind::Hash, Stage::Packed),
                    Source::Packed(HashPacking::Triples, _) => (Kind::HashWithTtls, Stage::Packed),
                    Source::Table(table, _) => {
                        (kind_of(table), Stage::Elements(Batches::default()))
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
            (Stage::Elements(batches), Source::Table(table, HidesDue(now_ms))) => {
                let expires = kind_of(table) == Kind::HashWithTtls;
                let event = batches.next_event(|position, batch| {
                    let Some(field) = table.next(position) else { return false };
                    if !is_due(field.expire_at_ms(), *now_ms) {
                        if expires {
                            batch.expire_at(field.expire_at_ms());
                        }
                        batch.text(field.name());
                        batch.text(field.value());
                    }
                    true
                });
                event.or_else(|| {
                    self.stage = Stage::Complete;
                    Some(Event::End)
                })
            }
            (Stage::End, _) => {
                self.stage = Stage::Complete;
                Some(Event::End)
            }
            _ => None,
        }
    }
}

fn kind_of(table: &HashTable) -> Kind {
    match table.next_deadline_ms() {
        Some(_) => Kind::HashWithTtls,
        None => Kind::Hash,
    }
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
