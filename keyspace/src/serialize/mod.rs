//! Values to and from the events of rdb-format, a slice at a time in both directions.

mod batches;
mod build;
mod compare;
mod text;

use std::convert::Infallible;

use rdb_format::{Element, Event, EventSource, Thresholds, ValueEvents};

use crate::value::{HashEvents, ListEvents, SetEvents, SortedSetEvents, StreamEvents, ValueRef};

pub(crate) use batches::Batches;
pub use build::ValueBuilder;
pub use compare::ValueComparison;
pub(crate) use text::{TOLD_TOGETHER, TextAssembler, is_told, text_events};

/// Tells a value to an encoder of rdb-format.
///
/// It holds the value by a handle of its own and borrows nothing, so that it can be gone over in
/// slices. What was changed since shows in no part of it.
#[derive(Clone, Debug)]
pub struct ValueSource(Source);

#[derive(Clone, Debug)]
enum Source {
    Rdb(ValueEvents),
    List(ListEvents),
    Hash(HashEvents),
    Set(SetEvents),
    SortedSet(SortedSetEvents),
    Stream(StreamEvents),
}

impl ValueRef<'_> {
    /// The events that tell this value, packed as it is kept. Fields that have expired are left out,
    /// unless all have.
    pub fn events(self, now_ms: i64) -> ValueSource {
        // Strings and modules' values, which no threshold is about.
        let rdb = |value: rdb_format::Value| Source::Rdb(value.events(Thresholds::default()));
        ValueSource(match self {
            Self::String(string) => rdb(string.to_value().into()),
            Self::List(list) => Source::List(list.events()),
            Self::Set(set) => Source::Set(set.events()),
            Self::SortedSet(sorted_set) => Source::SortedSet(sorted_set.events()),
            Self::Hash(hash) => Source::Hash(hash.events(now_ms)),
            Self::Stream(stream) => Source::Stream(stream.events()),
            Self::Module(module) => rdb(rdb_format::Value::Module(module.clone())),
        })
    }
}

impl EventSource for ValueSource {
    type Error = Infallible;

    fn rewind(&mut self) -> Result<(), Infallible> {
        match &mut self.0 {
            Source::Rdb(events) => return events.rewind(),
            Source::List(events) => events.rewind(),
            Source::Hash(events) => events.rewind(),
            Source::Set(events) => events.rewind(),
            Source::SortedSet(events) => events.rewind(),
            Source::Stream(events) => events.rewind(),
        }
        Ok(())
    }

    fn next_event(&mut self) -> Result<Option<Event>, Infallible> {
        match &mut self.0 {
            Source::Rdb(events) => events.next_event(),
            Source::List(events) => Ok(events.next_event()),
            Source::Hash(events) => Ok(events.next_event()),
            Source::Set(events) => Ok(events.next_event()),
            Source::SortedSet(events) => Ok(events.next_event()),
            Source::Stream(events) => Ok(events.next_event()),
        }
    }

    fn next_elements(
        &mut self,
        elements_max: usize,
        take: &mut dyn FnMut(Element<'_>),
    ) -> Result<usize, Infallible> {
        Ok(match &mut self.0 {
            Source::Rdb(_) | Source::List(_) | Source::Stream(_) => 0,
            Source::Hash(events) => events.next_elements(elements_max, take),
            Source::Set(events) => events.next_elements(elements_max, take),
            Source::SortedSet(events) => events.next_elements(elements_max, take),
        })
    }

    fn has_elements(&self) -> bool {
        match &self.0 {
            Source::Rdb(_) | Source::List(_) | Source::Stream(_) => false,
            Source::Hash(events) => events.has_elements(),
            Source::Set(events) => events.has_elements(),
            Source::SortedSet(events) => events.has_elements(),
        }
    }
}
