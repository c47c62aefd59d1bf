//! Keys that clients watch, so that their transaction is run only if nobody has changed one.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use crate::park::Parked;

/// Who watches which keys.
///
/// A client whose transaction is not going to be run any more watches nothing: who finds its key
/// changed is taken out with all its keys.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    /// By database and name, the clients by their ids.
    keys: HashMap<Key, BTreeMap<u64, Watcher>>,
    /// The keys of each client, by its id.
    clients: HashMap<u64, Vec<Key>>,
}

/// A database and a key in it.
type Key = (usize, Bytes);

#[derive(Clone, Copy, Debug)]
struct Watcher {
    client: Parked,
    /// The time of the key was up when the client began to watch, so that its removal changes
    /// nothing.
    was_past: bool,
}

/// What a change of a whole database does to one key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Replaced {
    /// There was such a key.
    pub(crate) before: Presence,
    /// There is one now.
    pub(crate) after: Presence,
}

/// Whether a database has a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Presence {
    /// It has not.
    Absent,
    /// It holds one whose time is up.
    Past,
    /// It has.
    Present,
}

impl Watches {
    /// Number of clients that watch.
    pub(crate) fn clients_len(&self) -> usize {
        self.clients.len()
    }

    /// Number of keys that are watched.
    pub(crate) fn keys_len(&self) -> usize {
        self.keys.len()
    }

    /// Number of keys that this client watches.
    pub(crate) fn len_of(&self, client_id: u64) -> usize {
        self.clients.get(&client_id).map_or(0, Vec::len)
    }

    /// A client begins to watch a key, whose time is up already or not.
    pub(crate) fn watch(&mut self, client: Parked, db: usize, key: &[u8], was_past: bool) {
        let key = (db, Bytes::copy_from_slice(key));
        let watchers = self.keys.entry(key.clone()).or_default();
        if watchers.contains_key(&client.1) {
            return;
        }
        watchers.insert(client.1, Watcher { client, was_past });
        self.clients.entry(client.1).or_default().push(key);
    }

    /// A client watches nothing any more.
    pub(crate) fn unwatch(&mut self, client_id: u64) {
        for key in self.clients.remove(&client_id).unwrap_or_default() {
            let watchers = self.keys.get_mut(&key).expect("who watches a key stands at it");
            watchers.remove(&client_id);
            if watchers.is_empty() {
                self.keys.remove(&key);
            }
        }
    }

    /// Whether the time of a key that this client watches is up now and was not when it began, as
    /// `is_past` tells.
    pub(crate) fn any_past(&self, client_id: u64, is_past: impl Fn(usize, &[u8]) -> bool) -> bool {
        let mut keys = self.clients.get(&client_id).into_iter().flatten();
        keys.any(|key| !self.keys[key][&client_id].was_past && is_past(key.0, &key.1))
    }

    /// A key has changed; `expired` if it was removed because its time was up. Returns those whose
    /// transaction is not going to be run.
    pub(crate) fn touch(&mut self, db: usize, key: &Bytes, expired: bool) -> Vec<Parked> {
        if self.keys.is_empty() {
            return Vec::new();
        }
        let Some(watchers) = self.keys.get_mut(&(db, key.clone())) else { return Vec::new() };
        let mut touched = Vec::new();
        for watcher in watchers.values_mut() {
            match expired && watcher.was_past {
                true => watcher.was_past = false,
                false => touched.push(watcher.client),
            }
        }
        touched.iter().for_each(|client| self.unwatch(client.1));
        touched
    }

    /// All keys of a database may have changed, each as `replaced` tells. Returns as
    /// [`touch`](Self::touch).
    pub(crate) fn touch_database(
        &mut self,
        db: usize,
        replaced: impl Fn(&[u8]) -> Replaced,
    ) -> Vec<Parked> {
        let mut touched = BTreeMap::new();
        for (key, watchers) in self.keys.iter_mut().filter(|(key, _)| key.0 == db) {
            let Replaced { before, after } = replaced(&key.1);
            for (id, watcher) in watchers {
                let was_absent = watcher.was_past || before == Presence::Absent;
                match after {
                    Presence::Absent if was_absent => watcher.was_past = false,
                    Presence::Past if was_absent => watcher.was_past = true,
                    _ => {
                        touched.insert(*id, watcher.client);
                    }
                }
            }
        }
        touched.keys().for_each(|id| self.unwatch(*id));
        touched.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Bytes = Bytes::from_static(b"key");

    #[test]
    fn who_finds_a_key_changed_watches_nothing_any_more() {
        let mut watches = Watches::default();
        for key in [&b"key"[..], b"other", b"key"] {
            watches.watch((0, 1), 0, key, false);
        }
        watches.watch((1, 2), 0, b"other", false);
        assert_eq!((watches.len_of(1), watches.len_of(2), watches.keys_len()), (2, 1, 2));
        assert!(watches.touch(1, &KEY, false).is_empty(), "another database");
        assert_eq!(watches.touch(0, &KEY, false), [(0, 1)]);
        assert_eq!((watches.len_of(1), watches.clients_len(), watches.keys_len()), (0, 1, 1));
        watches.unwatch(2);
        assert!(watches.clients.is_empty() && watches.keys.is_empty());
    }

    #[test]
    fn a_key_that_was_past_may_be_removed_and_no_more() {
        let mut watches = Watches::default();
        watches.watch((0, 1), 0, b"key", true);
        assert!(!watches.any_past(1, |_, _| true));
        assert!(watches.touch(0, &KEY, true).is_empty());
        assert_eq!(watches.touch(0, &KEY, false), [(0, 1)]);
    }

    #[test]
    fn a_flush_touches_what_was_there() {
        let (absent, past, present) = (Presence::Absent, Presence::Past, Presence::Present);
        let cases = [
            (false, absent, absent, false),
            (false, absent, past, false),
            (false, absent, present, true),
            (false, present, absent, true),
            (false, present, present, true),
            (true, past, absent, false),
            (true, past, past, false),
            (true, past, present, true),
        ];
        for (was_past, before, after, touched) in cases {
            let mut watches = Watches::default();
            watches.watch((0, 1), 3, b"key", was_past);
            assert!(watches.touch_database(4, |_| panic!("not its database")).is_empty());
            let found = watches.touch_database(3, |_| Replaced { before, after });
            assert_eq!(!found.is_empty(), touched, "{was_past} {before:?} {after:?}");
        }
    }
}
