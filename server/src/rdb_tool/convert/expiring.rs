//! Counting fields that expire.

use rdb_format::{Event, EventSource, Kind};

/// Passes a value on and counts its fields that expire.
pub(super) struct ExpiringFields<'a, S> {
    source: S,
    count: &'a mut u64,
    kind: Option<Kind>,
}

impl<'a, S> ExpiringFields<'a, S> {
    /// Counts in `count` those that are told since the last start.
    pub(super) fn count(source: S, count: &'a mut u64) -> Self {
        Self { source, count, kind: None }
    }
}

impl<S: EventSource> EventSource for ExpiringFields<'_, S> {
    type Error = S::Error;

    fn rewind(&mut self) -> Result<(), S::Error> {
        self.source.rewind()
    }

    fn next_event(&mut self) -> Result<Option<Event>, S::Error> {
        let event = self.source.next_event()?;
        match &event {
            Some(Event::Start(kind)) => (self.kind, *self.count) = (Some(*kind), 0),
            Some(Event::ExpireAt(Some(_))) => *self.count += 1,
            Some(Event::Listpack(listpack)) if self.kind == Some(Kind::HashWithTtls) => {
                let expiries = listpack.iter().skip(2).step_by(3);
                *self.count += expiries.filter(|time| time.to_int() > Some(0)).count() as u64;
            }
            _ => {}
        }
        Ok(event)
    }
}
