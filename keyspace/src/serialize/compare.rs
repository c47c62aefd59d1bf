//! Whether events tell a value that is held already.

use bytes::Bytes;
use rdb_format::packed::{Entry, Listpack};
use rdb_format::{Event, EventSource as _, Kind, Thresholds};

use super::{TextAssembler, ValueBuilder};
use crate::value::{FieldRef, HashPacking, HashRef, StreamComparison, StringRef, Value, ValueRef};

/// Compares a value with one that is told by events, as the events come: nothing of what they tell
/// is kept but the element that is coming. Values of modules are an exception, which are built to be
/// compared.
///
/// Values are equal if they mean the same, however they are packed. The events are those of a
/// decoder of rdb-format, which has checked them.
#[derive(Debug)]
pub struct ValueComparison {
    value: Value,
    /// When the value was told for the first time: fields of a hash that had expired by then are not
    /// expected.
    told_at_ms: i64,
    /// Bytes of a string or elements of a collection that were told.
    told: usize,
    text: TextAssembler,
    /// The member or field that is told first of two.
    name: Option<Bytes>,
    expire_at_ms: Option<i64>,
    /// Of a hash that is told packed.
    packing: HashPacking,
    stream: Option<StreamComparison>,
    /// Builds what is not compared piece by piece.
    builder: Option<Box<ValueBuilder>>,
    equal: bool,
    ended: bool,
}

impl ValueComparison {
    /// Compares with `value` as [`ValueRef::events`] tells it at `told_at_ms`.
    pub fn new(value: Value, told_at_ms: i64) -> Self {
        Self {
            value: searchable(value),
            told_at_ms,
            told: 0,
            text: TextAssembler::default(),
            name: None,
            expire_at_ms: None,
            packing: HashPacking::Pairs,
            stream: None,
            builder: None,
            equal: true,
            ended: false,
        }
    }

    /// Takes the next event.
    pub fn push(&mut self, event: Event) {
        if self.equal {
            self.equal = self.agrees(event);
        }
    }

    /// Whether all that was told so far agrees.
    pub fn may_be_equal(&self) -> bool {
        self.equal
    }

    /// Whether the value was told, to its end.
    pub fn is_equal(self) -> bool {
        if !(self.equal && self.ended) {
            return false;
        }
        match self.value.view() {
            ValueRef::String(string) => self.told == string.len(),
            ValueRef::List(list) => self.told == list.len(),
            ValueRef::Set(set) => self.told == set.len(),
            ValueRef::SortedSet(sorted_set) => self.told == sorted_set.len(),
            ValueRef::Hash(hash) => match hash.live_len(self.told_at_ms) {
                // One of which every field has expired is told whole.
                0 => self.told == hash.len(),
                live => self.told == live,
            },
            ValueRef::Stream(_) => true,
            ValueRef::Module(_) => {
                let built = self.builder.and_then(|builder| builder.finish());
                built.is_some_and(|built| built == self.value)
            }
        }
    }

    fn agrees(&mut self, event: Event) -> bool {
        self.ended = matches!(event, Event::End);
        match event {
            Event::Start(kind) if !is_of_kind(&self.value, kind) => return false,
            Event::Start(Kind::Stream(_)) if let Value::Stream(stream) = &self.value => {
                self.stream = Some(StreamComparison::new(stream));
                return true;
            }
            Event::Start(kind @ Kind::Module(_)) => {
                let mut builder = ValueBuilder::new(Thresholds::default());
                builder.push(Event::Start(kind));
                self.builder = Some(Box::new(builder));
                return true;
            }
            Event::Start(kind) => {
                self.packing = match kind {
                    Kind::HashWithTtls => HashPacking::Triples,
                    _ => HashPacking::Pairs,
                };
                return true;
            }
            _ => {}
        }
        if let Some(stream) = &mut self.stream {
            return stream.agrees(event);
        }
        if let Some(builder) = &mut self.builder {
            builder.push(event);
            return true;
        }
        match event {
            Event::ExpireAt(at_ms) => {
                self.expire_at_ms = at_ms.map(|at_ms| i64::try_from(at_ms).unwrap_or(i64::MAX));
                true
            }
            Event::Score(score) => {
                let member = self.name.take().unwrap_or_default();
                self.scored(&member, score)
            }
            Event::Intset(intset) => intset.iter().all(|number| self.element(Entry::Int(number))),
            Event::Listpack(listpack) => self.packed(&listpack),
            // A string is compared as it comes, the texts of collections as wholes.
            Event::String(chunk) | Event::StringChunk(chunk)
                if let Value::String(string) = &self.value =>
            {
                let start = self.told;
                self.told += chunk.len();
                StringRef::from(string).text().get(start..self.told) == Some(&*chunk)
            }
            event if matches!(self.value, Value::String(_)) => !matches!(event, Event::Module(_)),
            event => match self.text.push(event) {
                Some(text) => self.text(text),
                None => true,
            },
        }
    }

    fn packed(&mut self, listpack: &Listpack) -> bool {
        match self.value {
            Value::Hash(_) => HashRef::from_packed(self.packing, listpack.as_bytes())
                .fields()
                .all(|field| self.field(field)),
            Value::SortedSet(_) => {
                let mut entries = listpack.iter();
                std::iter::from_fn(|| Some((entries.next()?, entries.next()?))).all(
                    |(member, score)| {
                        self.scored(&member.as_text(), score.to_score().unwrap_or(f64::NAN))
                    },
                )
            }
            _ => listpack.iter().all(|entry| self.element(entry)),
        }
    }

    /// Takes a text that is not packed: all of an element, or one of the two parts of one.
    fn text(&mut self, text: Bytes) -> bool {
        match (&self.value, self.name.take()) {
            (Value::Hash(_), Some(name)) => {
                let (name, value) = (Entry::Text(&name), Entry::Text(&text));
                let expire_at_ms = self.expire_at_ms.take();
                self.field(FieldRef { name, value, expire_at_ms })
            }
            (Value::Hash(_) | Value::SortedSet(_), _) => {
                self.name = Some(text);
                true
            }
            _ => self.element(Entry::Text(&text)),
        }
    }

    /// Whether the value has this element of a list next, or this member of a set.
    fn element(&mut self, element: Entry<'_>) -> bool {
        let index = self.told;
        self.told += 1;
        match self.value.view() {
            ValueRef::List(list) => list.get(index) == Some(element),
            ValueRef::Set(set) => set.contains_entry(element),
            _ => false,
        }
    }

    fn scored(&mut self, member: &[u8], score: f64) -> bool {
        self.told += 1;
        match self.value.view() {
            ValueRef::SortedSet(sorted_set) => sorted_set.score(member) == Some(score),
            _ => false,
        }
    }

    fn field(&mut self, field: FieldRef<'_>) -> bool {
        self.told += 1;
        match self.value.view() {
            ValueRef::Hash(hash) => hash.find(&field.name.as_text()) == Some(field),
            _ => false,
        }
    }
}

fn is_of_kind(value: &Value, kind: Kind) -> bool {
    matches!(
        (value, kind),
        (Value::String(_), Kind::String)
            | (Value::List(_), Kind::List)
            | (Value::Set(_), Kind::Set)
            | (Value::SortedSet(_), Kind::SortedSet)
            | (Value::Hash(_), Kind::Hash | Kind::HashWithTtls)
            | (Value::Stream(_), Kind::Stream(_))
            | (Value::Module(_), Kind::Module(_))
    )
}

/// The value in a form in which an element is found quickly: all of what is packed is gone through
/// for each.
fn searchable(value: Value) -> Value {
    let packed_len = match &value {
        Value::Set(set) if set.packed().is_some() => set.view().len(),
        Value::SortedSet(sorted_set) if sorted_set.packed_bytes().is_some() => {
            sorted_set.view().len()
        }
        Value::Hash(hash) if hash.packed().is_some() => hash.view().len(),
        _ => 0,
    };
    if packed_len <= GONE_THROUGH_MAX {
        return value;
    }
    let nothing_packed = Thresholds {
        set_max_intset_entries: 0,
        set_max_listpack_entries: 0,
        hash_max_listpack_entries: 0,
        zset_max_listpack_entries: 0,
        ..Thresholds::default()
    };
    let mut builder = ValueBuilder::new(nothing_packed);
    let mut events = value.view().events(i64::MIN);
    while let Ok(Some(event)) = events.next_event() {
        builder.push(event);
    }
    builder.finish().expect("the events of a value tell one")
}

/// So many elements of a packed collection are gone through in a microsecond or two.
const GONE_THROUGH_MAX: usize = 256;
