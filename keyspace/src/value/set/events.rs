//! From sets to events.

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::packed::{Intset, IntsetMut, Listpack};
use rdb_format::{Element, Event, Kind};

use super::{SetPacking, SetRef, SetTable, View};
use crate::serialize::{Batches, is_told};

/// Tells a set.
#[derive(Clone, Debug)]
pub(crate) struct SetEvents {
    source: Source,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Source {
    Intset(Intset),
    Listpack(Listpack),
    Table(Arc<SetTable>),
}

#[derive(Clone, Debug)]
enum Stage {
    Start,
    Members(Batches),
    End,
    Complete,
}

impl SetRef<'_> {
    /// The events that tell it.
    pub(crate) fn events(self) -> SetEvents {
        let source = match self.0 {
            View::Packed(SetPacking::Intset, blob) => {
                Source::Intset(IntsetMut::from_trusted(blob).freeze())
            }
            View::Packed(SetPacking::Listpack, blob) => {
                Source::Listpack(Listpack::from_trusted(Bytes::copy_from_slice(blob)))
            }
            View::Table(table) => Source::Table(Arc::clone(table)),
        };
        SetEvents { source, stage: Stage::Start }
    }
}

impl SetEvents {
    pub(crate) fn rewind(&mut self) {
        self.stage = Stage::Start;
    }

    pub(crate) fn next_elements(
        &mut self,
        elements_max: usize,
        take: &mut dyn FnMut(Element<'_>),
    ) -> usize {
        let (Stage::Members(batches), Source::Table(table)) = (&mut self.stage, &self.source)
        else {
            return 0;
        };
        let members = batches.pass_elements(table.members(), elements_max, |it| is_told(it));
        members.iter().for_each(|member| take(Element::Member(member)));
        members.len()
    }

    pub(crate) fn has_elements(&self) -> bool {
        match (&self.stage, &self.source) {
            (Stage::Members(batches), Source::Table(table)) => {
                batches.has_elements(table.members(), |it| is_told(it))
            }
            _ => false,
        }
    }

    pub(crate) fn next_event(&mut self) -> Option<Event> {
        let members = match (&mut self.stage, &self.source) {
            (Stage::Start, _) => {
                self.stage = Stage::Members(Batches::default());
                return Some(Event::Start(Kind::Set));
            }
            (Stage::Members(_), Source::Intset(intset)) => Some(Event::Intset(intset.clone())),
            (Stage::Members(_), Source::Listpack(listpack)) => {
                Some(Event::Listpack(listpack.clone()))
            }
            (Stage::Members(batches), Source::Table(table)) => {
                let event = batches.next_event(table.members(), |member, batch| batch.text(member));
                if event.is_some() {
                    return event;
                }
                None
            }
            (Stage::End, _) => None,
            (Stage::Complete, _) => return None,
        };
        self.stage = if members.is_some() { Stage::End } else { Stage::Complete };
        Some(members.unwrap_or(Event::End))
    }
}
