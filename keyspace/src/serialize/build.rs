//! From events to a value.

use rdb_format::{Event, Kind, Thresholds};

use crate::value::{Hash, List, Set, SortedSet, Value};

/// Builds a value from its events, beside the keyspace: what is not complete is in nobody's way.
///
/// The events are those of a decoder of rdb-format, which has checked them.
#[derive(Debug)]
pub struct ValueBuilder {
    kind: Option<Kind>,
    rdb: rdb_format::ValueBuilder,
}

impl ValueBuilder {
    /// A builder of one value, whose collections are packed up to these thresholds.
    pub fn new(_thresholds: Thresholds) -> Self {
        Self { kind: None, rdb: rdb_format::ValueBuilder::default() }
    }

    /// Takes the next event.
    pub fn push(&mut self, event: Event) {
        if let Event::Start(kind) = event {
            self.kind = Some(kind);
        }
        self.rdb.push(event);
    }

    /// The value, if its last event has come.
    pub fn finish(self) -> Option<Value> {
        let Self { kind, rdb } = self;
        Some(match kind? {
            Kind::List => Value::List(List::build(rdb)?),
            Kind::Set => Value::Set(Set::build(rdb)?),
            Kind::SortedSet => Value::SortedSet(SortedSet::build(rdb)?),
            Kind::Hash | Kind::HashWithTtls => Value::Hash(Hash::build(rdb)?),
            _ => match rdb.finish()? {
                rdb_format::Value::String(string) => Value::String(string),
                rdb_format::Value::Stream(stream) => Value::Stream(stream),
                rdb_format::Value::Module(module) => Value::Module(module),
                _ => return None,
            },
        })
    }
}
