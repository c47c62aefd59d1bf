//! Elements told by reference become the same bytes as those told by events.

use std::convert::Infallible;

use bytes::Bytes;
use rdb_format::{
    Element, EncodeOptions, Event, EventSource, Kind, Target,
    payload::{self, PayloadMeasure},
};

/// Tells a collection, and so many elements of it by reference before it tells the next by events.
#[derive(Clone)]
struct Source {
    kind: Kind,
    elements: Vec<(Bytes, Bytes)>,
    by_reference: usize,
    /// Elements that were told, and events since.
    at: usize,
    part: usize,
    left_by_reference: usize,
}

impl Source {
    fn new(kind: Kind, count: usize, by_reference: usize) -> Self {
        let text = |number: usize| Bytes::from(format!("{}{number}", "x".repeat(number % 40)));
        let elements = (0..count).map(|number| (text(number), text(number * 7))).collect();
        Self { kind, elements, by_reference, at: 0, part: 0, left_by_reference: by_reference }
    }
}

impl EventSource for Source {
    type Error = Infallible;

    fn rewind(&mut self) -> Result<(), Infallible> {
        (self.at, self.part, self.left_by_reference) = (0, 0, self.by_reference);
        Ok(())
    }

    fn next_event(&mut self) -> Result<Option<Event>, Infallible> {
        self.part += 1;
        if self.part == 1 {
            return Ok(Some(Event::Start(self.kind)));
        }
        let Some((name, value)) = self.elements.get(self.at).cloned() else {
            let is_end = self.at == self.elements.len();
            self.at += 1;
            return Ok(is_end.then_some(Event::End));
        };
        Ok(Some(match (self.part % 2, self.kind) {
            (0, Kind::Set) => {
                (self.at, self.part) = (self.at + 1, 1);
                self.left_by_reference = self.by_reference;
                Event::String(name)
            }
            (0, _) => Event::String(name),
            (_, kind) => {
                (self.at, self.part) = (self.at + 1, 1);
                self.left_by_reference = self.by_reference;
                match kind {
                    Kind::SortedSet => Event::Score(value.len() as f64),
                    _ => Event::String(value),
                }
            }
        }))
    }

    fn next_elements(
        &mut self,
        elements_max: usize,
        take: &mut dyn FnMut(Element<'_>),
    ) -> Result<usize, Infallible> {
        if !self.has_elements() {
            return Ok(0);
        }
        let count = self.left_by_reference.min(elements_max).min(self.elements.len() - self.at);
        for (name, value) in &self.elements[self.at..self.at + count] {
            take(match self.kind {
                Kind::Set => Element::Member(name),
                Kind::SortedSet => Element::Scored(name, value.len() as f64),
                _ => Element::Field(name, value),
            });
        }
        self.at += count;
        self.left_by_reference -= count;
        Ok(count)
    }

    fn has_elements(&self) -> bool {
        self.part == 1 && self.left_by_reference > 0 && self.at < self.elements.len()
    }
}

#[test]
fn elements_by_reference_become_what_events_become() {
    for kind in [Kind::Set, Kind::SortedSet, Kind::Hash] {
        // Little enough to be kept while it is measured, and too much.
        for count in [1, 2, 100, 10_000] {
            for target in [Target::KEYFERRY, Target::of_redis_release(2, 8, 24).expect("RESTORE")] {
                let whole =
                    |source| payload::encode_events(source, &target, EncodeOptions::default());
                let wanted = whole(Source::new(kind, count, 0)).expect("every target knows these");
                for by_reference in [1, 7, usize::MAX] {
                    let source = Source::new(kind, count, by_reference);
                    assert_eq!(whole(source.clone()), Ok(wanted.clone()));
                    assert_eq!(in_slices(source, &target), wanted, "{kind:?} {count}");
                }
            }
        }
    }
}

fn in_slices(source: Source, target: &Target) -> Vec<u8> {
    let mut measure = PayloadMeasure::new(source, target, EncodeOptions::default());
    while !measure.advance(50).expect("it was encoded before") {}
    let mut encoder = measure.finish().expect("it was encoded before");
    let mut payload = Vec::new();
    while let Ok(Some(slice)) = encoder.next_slice(1000) {
        payload.extend_from_slice(&slice);
    }
    payload
}
