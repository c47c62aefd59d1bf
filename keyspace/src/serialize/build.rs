//! From events to a value.

use rdb_format::{Element, Event, EventSink, Kind, Thresholds};

use crate::value::{HashBuilder, ListBuilder, SetBuilder, SortedSetBuilder, StreamBuilder, Value};

/// Builds a value from its events, beside the keyspace: what is not complete is in nobody's way.
///
/// The events are those of a decoder of rdb-format, which has checked them.
#[derive(Debug)]
pub struct ValueBuilder {
    thresholds: Thresholds,
    builder: Option<Builder>,
    ended: bool,
}

/// What builds the kind of value that has begun.
#[derive(Debug)]
enum Builder {
    List(ListBuilder),
    Hash(HashBuilder),
    Set(SetBuilder),
    SortedSet(Box<SortedSetBuilder>),
    Stream(Box<StreamBuilder>),
    Other(Box<rdb_format::ValueBuilder>),
}

impl ValueBuilder {
    /// A builder of one value, whose collections are packed up to these thresholds.
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, builder: None, ended: false }
    }

    /// Takes the next event.
    pub fn push(&mut self, event: Event) {
        self.event(event);
    }

    /// The value, if its last event has come.
    pub fn finish(self) -> Option<Value> {
        let builder = self.builder.filter(|_| self.ended)?;
        Some(match builder {
            Builder::List(builder) => Value::List(builder.finish()),
            Builder::Hash(builder) => Value::Hash(builder.finish()),
            Builder::Set(builder) => Value::Set(builder.finish()),
            Builder::SortedSet(builder) => Value::SortedSet(builder.finish()),
            Builder::Stream(builder) => Value::Stream(builder.finish()),
            Builder::Other(rdb) => match rdb.finish()? {
                rdb_format::Value::String(string) => Value::String(string),
                rdb_format::Value::Module(module) => Value::Module(module),
                _ => return None,
            },
        })
    }
}

impl EventSink for ValueBuilder {
    /// A collection that becomes a table finds out by itself what comes twice.
    fn begin_elements(&mut self, len: u64, arrived_max: usize) -> bool {
        match &mut self.builder {
            Some(Builder::Hash(builder)) => builder.begin_elements(len, arrived_max),
            Some(Builder::Set(builder)) => builder.begin_elements(len, arrived_max),
            Some(Builder::SortedSet(builder)) => builder.begin_elements(len, arrived_max),
            _ => false,
        }
    }

    fn checks_pending(&self) -> bool {
        true
    }

    #[inline]
    fn element(&mut self, element: Element<'_>) -> bool {
        match (&mut self.builder, element) {
            (Some(Builder::Hash(builder)), Element::Field(name, value)) => {
                builder.element(name, value)
            }
            (Some(Builder::Set(builder)), Element::Member(member)) => builder.element(member),
            (Some(Builder::SortedSet(builder)), Element::Scored(member, score)) => {
                builder.element(member, score)
            }
            _ => true,
        }
    }

    fn event(&mut self, event: Event) -> bool {
        if let Event::Start(kind) = event {
            self.builder = Some(Builder::new(kind, &self.thresholds));
        }
        self.ended = matches!(event, Event::End);
        match &mut self.builder {
            Some(Builder::List(builder)) => builder.push(event),
            Some(Builder::Hash(builder)) => return builder.push(event),
            Some(Builder::Set(builder)) => return builder.push(event),
            Some(Builder::SortedSet(builder)) => return builder.push(event),
            Some(Builder::Stream(builder)) => return builder.push(event),
            Some(Builder::Other(builder)) => builder.push(event),
            None => {}
        }
        true
    }
}

impl Builder {
    fn new(kind: Kind, thresholds: &Thresholds) -> Self {
        match kind {
            Kind::List => Self::List(ListBuilder::new(thresholds)),
            Kind::Hash => Self::Hash(HashBuilder::new(thresholds, false)),
            Kind::HashWithTtls => Self::Hash(HashBuilder::new(thresholds, true)),
            Kind::Set => Self::Set(SetBuilder::new(thresholds)),
            Kind::SortedSet => Self::SortedSet(Box::new(SortedSetBuilder::new(thresholds))),
            Kind::Stream(_) => Self::Stream(Box::default()),
            _ => Self::Other(Box::default()),
        }
    }
}
