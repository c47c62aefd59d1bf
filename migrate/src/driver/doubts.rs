//! Keys that may be at a target too, after an end that was ambiguous and could not be settled.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;

use super::Endpoint;
use crate::request::MigrateRequest;

/// A database of a target.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Place {
    endpoint: Endpoint,
    db: i64,
}

impl Place {
    pub(super) fn of(endpoint: &Endpoint, request: &MigrateRequest) -> Self {
        Self { endpoint: endpoint.clone(), db: request.target_db }
    }
}

/// The last such keys. One that is forgotten is refused by the target when it is moved again, as it
/// always is in Redis.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    keys: HashSet<(Place, Bytes)>,
    /// The same, the oldest first, and some that were removed since.
    order: VecDeque<(Place, Bytes)>,
}

impl Doubts {
    /// Remembers a key.
    pub(super) fn add(&mut self, place: Place, key: Bytes) {
        let doubt = (place, key);
        if self.keys.insert(doubt.clone()) {
            self.order.push_back(doubt);
        }
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
    }

    /// Forgets a key of which it was found out.
    pub(super) fn remove(&mut self, place: &Place, key: &Bytes) {
        if !self.keys.is_empty() {
            self.keys.remove(&(place.clone(), key.clone()));
        }
    }

    /// Tells a new migration which of its keys are among them.
    pub(super) fn recall(&self, place: &Place, request: &mut MigrateRequest) {
        if self.keys.is_empty() {
            return;
        }
        let is_doubted = |key: &&Bytes| self.keys.contains(&(place.clone(), (*key).clone()));
        request.maybe_there = request.keys().iter().filter(is_doubted).cloned().collect();
    }
}

/// How many keys are remembered.
const KEYS_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_last_keys_of_a_place_are_remembered() {
        let keys = || (0..KEYS_MAX + 10).map(|number| Bytes::from(number.to_string())).collect();
        let mut request = MigrateRequest::new(0, 0, Duration::from_secs(1), keys());
        let here = Endpoint { host: "127.0.0.1".into(), port: 1, tls: None };
        let place = Place::of(&here, &request);
        let mut doubts = Doubts::default();
        for key in request.keys() {
            doubts.add(place.clone(), key.clone());
        }
        doubts.remove(&place, &request.keys()[20]);
        doubts.recall(&place, &mut request);
        assert_eq!(request.maybe_there.len(), KEYS_MAX - 1);
        assert!(!request.maybe_there.contains(&request.keys()[9]));
        for elsewhere in [
            Place::of(&Endpoint { port: 2, ..here.clone() }, &request),
            Place { db: 1, ..place.clone() },
        ] {
            doubts.recall(&elsewhere, &mut request);
            assert!(request.maybe_there.is_empty());
        }
    }
}
