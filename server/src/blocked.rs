//! Clients whose command waits for keys that are not there yet, as BLPOP does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use foldhash::{HashMap, HashSet};
use keyspace::{StreamId, ValueRef};

use crate::commands::{CommandError, Reply};
use crate::park::{Parked, Ticket};

/// Who waits for which keys, and until when.
///
/// Each key has those who wait for it in the order in which they came; a key that has changed is
/// ready, and all of them are looked at in that order. What a change costs depends on who waits for
/// that key, not on how many wait.
#[derive(Debug, Default)]
pub(crate) struct Blocked {
    /// By their ids.
    clients: HashMap<u64, Waiting>,
    keys: HashMap<Key, BTreeMap<Ticket, Parked>>,
    deadlines: BTreeSet<(Instant, u64)>,
    /// Keys that have changed, the first first, each once.
    ready: VecDeque<Key>,
    is_ready: HashSet<Key>,
    /// Who is to be told that it does not wait any more, and with what.
    ended: Vec<(Parked, Result<Reply, CommandError>)>,
    next_ticket: Ticket,
}

/// A database and a key in it.
pub(crate) type Key = (usize, Bytes);

/// What a command waits for.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) keys: Vec<Key>,
    pub(crate) wanted: Wanted,
    /// After this it does not wait any more.
    pub(crate) timeout: Option<Duration>,
    /// What it answers then.
    pub(crate) at_timeout: Reply,
}

/// What a key has to hold to be of use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// No key ends the wait.
    Nothing,
    List,
    SortedSet,
    /// Entries of a stream after these: one for each key.
    Entries(Vec<StreamId>),
    /// Entries that are new to this group of a stream. That there is no such group any more is to be
    /// known too.
    NewEntries(Bytes),
}

#[derive(Debug)]
struct Waiting {
    client: Parked,
    ticket: Ticket,
    deadline: Option<Instant>,
    /// None while it is parked for frozen keys: then it is not to be woken.
    keys: Vec<Key>,
    /// If it is parked, what it wanted before.
    wanted: Wanted,
    at_timeout: Reply,
    /// How long its command has run so far, if it has.
    ran_for: Option<Duration>,
}

impl Blocked {
    /// Number of those that do not wait for ever.
    pub(crate) fn deadlines_len(&self) -> usize {
        self.deadlines.len()
    }

    /// Number of keys that are waited for.
    pub(crate) fn keys_len(&self) -> usize {
        self.keys.len()
    }

    /// Has a client wait. Who waited before keeps its place and its deadline.
    pub(crate) fn block(&mut self, client: Parked, block: Block, now: Instant) {
        let before = self.take(client.1);
        let Block { keys, mut wanted, at_timeout, .. } = block;
        let (ticket, deadline, ran_for) = match before {
            Some(before) => {
                if wanted == Wanted::Nothing {
                    wanted = before.wanted;
                }
                (before.ticket, before.deadline, before.ran_for)
            }
            None => {
                self.next_ticket += 1;
                // No deadline that overflows the clock will ever come.
                let deadline = block.timeout.and_then(|timeout| now.checked_add(timeout));
                (self.next_ticket, deadline, None)
            }
        };
        for key in &keys {
            self.keys.entry(key.clone()).or_default().insert(ticket, client);
        }
        self.deadlines.extend(deadline.map(|deadline| (deadline, client.1)));
        let waiting = Waiting { client, ticket, deadline, keys, wanted, at_timeout, ran_for };
        self.clients.insert(client.1, waiting);
    }

    /// A client does not wait any more.
    pub(crate) fn remove(&mut self, client_id: u64) {
        self.take(client_id);
    }

    /// How long the command of a client that waits has run so far, if it has.
    pub(crate) fn ran_for(&self, client_id: u64) -> Option<Duration> {
        self.clients.get(&client_id)?.ran_for
    }

    /// The command of a client that waits has run for so long once more.
    pub(crate) fn add_run(&mut self, client_id: u64, time: Duration) {
        if let Some(waiting) = self.clients.get_mut(&client_id) {
            *waiting.ran_for.get_or_insert_default() += time;
        }
    }

    /// Whether a client that waits for a key finds there what it wants.
    pub(crate) fn is_met(&self, client_id: u64, key: &Key, value: Option<ValueRef<'_>>) -> bool {
        let Some(waiting) = self.clients.get(&client_id) else { return false };
        match (&waiting.wanted, value) {
            (Wanted::Nothing, _) => false,
            (Wanted::List, value) => matches!(value, Some(ValueRef::List(_))),
            (Wanted::SortedSet, value) => matches!(value, Some(ValueRef::SortedSet(_))),
            (Wanted::Entries(after), Some(ValueRef::Stream(stream))) => {
                let last_id = stream.last_entry_id();
                // Of a key that is named twice, the first one counts.
                let after = waiting.keys.iter().zip(after).find(|(it, _)| *it == key);
                after.is_some_and(|(_, after)| last_id > Some(*after))
            }
            (Wanted::Entries(_), _) => false,
            (Wanted::NewEntries(group), Some(ValueRef::Stream(stream))) => stream
                .group(group)
                .is_none_or(|group| stream.last_entry_id() > Some(group.last_id())),
            (Wanted::NewEntries(_), _) => true,
        }
    }

    /// After which entries a client that waits reads streams.
    pub(crate) fn entries_after(&self, client_id: u64) -> Option<&[StreamId]> {
        match &self.clients.get(&client_id)?.wanted {
            Wanted::Entries(after) => Some(after),
            _ => None,
        }
    }

    /// A key has changed, or has come.
    #[inline]
    pub(crate) fn key_changed(&mut self, db: usize, key: &Bytes) {
        if self.keys.is_empty() {
            return;
        }
        let key = (db, key.clone());
        if self.keys.contains_key(&key) && self.is_ready.insert(key.clone()) {
            self.ready.push_back(key);
        }
    }

    /// Any key of a database may have changed, be gone or have come.
    pub(crate) fn database_changed(&mut self, db: usize) {
        let waited: Vec<Key> = self.keys.keys().filter(|key| key.0 == db).cloned().collect();
        for (db, key) in waited {
            self.key_changed(db, &key);
        }
    }

    /// The key that became ready first.
    pub(crate) fn take_ready(&mut self) -> Option<Key> {
        let key = self.ready.pop_front()?;
        self.is_ready.remove(&key);
        Some(key)
    }

    /// Who waits for a key and came next after this place.
    pub(crate) fn next_after(&self, key: &Key, after: Ticket) -> Option<(Ticket, Parked)> {
        let mut later = self.keys.get(key)?.range(after + 1..);
        later.next().map(|(ticket, client)| (*ticket, *client))
    }

    /// Ends the wait of a client, with this or as its timeout would. False if it does not wait.
    pub(crate) fn end(&mut self, client_id: u64, error: Option<CommandError>) -> bool {
        let Some(waiting) = self.take(client_id) else { return false };
        let answer = error.map_or(Ok(waiting.at_timeout), Err);
        self.ended.push((waiting.client, answer));
        true
    }

    /// Ends the waits whose time is up.
    pub(crate) fn end_due(&mut self, now: Instant) {
        while let Some((deadline, client_id)) = self.deadlines.first().copied()
            && deadline <= now
        {
            self.end(client_id, None);
        }
    }

    /// When the next wait ends.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Those whose wait was ended, in order, and the answers.
    pub(crate) fn take_ended(&mut self) -> Vec<(Parked, Result<Reply, CommandError>)> {
        std::mem::take(&mut self.ended)
    }

    fn take(&mut self, client_id: u64) -> Option<Waiting> {
        let waiting = self.clients.remove(&client_id)?;
        for key in &waiting.keys {
            // One that is waited for twice is gone after the first.
            if let Some(clients) = self.keys.get_mut(key) {
                clients.remove(&waiting.ticket);
                if clients.is_empty() {
                    self.keys.remove(key);
                }
            }
        }
        if let Some(deadline) = waiting.deadline {
            self.deadlines.remove(&(deadline, client_id));
        }
        Some(waiting)
    }
}

#[cfg(test)]
mod tests {
    use keyspace::{Stream, Thresholds, Value};

    use super::*;

    fn key(name: &'static str) -> Key {
        (0, Bytes::from_static(name.as_bytes()))
    }

    fn block(keys: &[&'static str], timeout_ms: Option<u64>) -> Block {
        Block {
            keys: keys.iter().copied().map(key).collect(),
            wanted: Wanted::List,
            timeout: timeout_ms.map(Duration::from_millis),
            at_timeout: Reply::NilArray,
        }
    }

    fn waiting(blocked: &Blocked, name: &'static str) -> Vec<u64> {
        let mut after = 0;
        let next = || {
            let (ticket, client) = blocked.next_after(&key(name), after)?;
            after = ticket;
            Some(client.1)
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn clients_stand_in_the_order_in_which_they_came() {
        let mut blocked = Blocked::default();
        let now = Instant::now();
        for id in [12, 10, 11] {
            blocked.block((0, id), block(&["a", "b", "a"], None), now);
        }
        // Parked, and blocked again: it keeps its place.
        blocked.block((0, 12), block(&[], None), now);
        assert_eq!(waiting(&blocked, "a"), [10, 11]);
        blocked.block((0, 12), block(&["a"], None), now);
        assert_eq!(waiting(&blocked, "a"), [12, 10, 11]);
        assert_eq!(waiting(&blocked, "b"), [10, 11]);
        [10, 11, 12].into_iter().for_each(|id| blocked.remove(id));
        assert_eq!((blocked.clients.len(), blocked.keys_len()), (0, 0));
    }

    #[test]
    fn keys_are_ready_once_in_the_order_in_which_they_changed() {
        let mut blocked = Blocked::default();
        blocked.block((0, 1), block(&["a", "b"], None), Instant::now());
        for name in ["b", "c", "a", "b"] {
            blocked.key_changed(0, &key(name).1);
        }
        blocked.key_changed(1, &key("a").1);
        let ready: Vec<_> = std::iter::from_fn(|| blocked.take_ready()).collect();
        assert_eq!(ready, [key("b"), key("a")]);
        blocked.database_changed(2);
        assert_eq!(blocked.take_ready(), None);
        blocked.database_changed(0);
        let mut ready: Vec<_> = std::iter::from_fn(|| blocked.take_ready()).collect();
        ready.sort();
        assert_eq!(ready, [key("a"), key("b")]);
    }

    /// A parked command keeps what it has found out, and is not woken.
    #[test]
    fn entries_are_waited_for_after_those_that_were_there() {
        let mut blocked = Blocked::default();
        let after = vec![StreamId { ms: 5, seq: 0 }, StreamId { ms: 7, seq: 0 }];
        let wanted = Wanted::Entries(after.clone());
        blocked.block((0, 1), Block { wanted, ..block(&["a", "b"], None) }, Instant::now());
        let mut stream = Stream::new();
        for (ms, is_met) in [(5, [false; 2]), (6, [true, false]), (8, [true, true])] {
            let id = StreamId { ms, seq: 0 };
            stream.append(id, &[(b"f", b"v")], &Thresholds::default()).expect("it is above all");
            let value = Value::from(stream.clone());
            let value = Some(value.view());
            assert_eq!(["a", "b"].map(|name| blocked.is_met(1, &key(name), value)), is_met, "{ms}");
        }
        let wanted = Wanted::Nothing;
        blocked.block((0, 1), Block { wanted, ..block(&[], None) }, Instant::now());
        assert_eq!(blocked.entries_after(1), Some(&after[..]));
        assert!(!blocked.is_met(1, &key("a"), Some(Value::from(stream).view())));
    }

    #[test]
    fn a_timeout_runs_on_whatever_is_waited_for() {
        let mut blocked = Blocked::default();
        let now = Instant::now();
        blocked.block((0, 1), block(&["a"], Some(10)), now);
        blocked.block((0, 2), block(&["a"], Some(5)), now);
        blocked.block((0, 3), block(&["a"], None), now);
        blocked.block((0, 1), block(&[], Some(10)), now + Duration::from_millis(8));
        assert_eq!(blocked.next_deadline(), Some(now + Duration::from_millis(5)));
        blocked.end_due(now + Duration::from_millis(10));
        let ended: Vec<_> = blocked.take_ended().into_iter().map(|(client, _)| client.1).collect();
        assert_eq!(ended, [2, 1]);
        assert_eq!((waiting(&blocked, "a"), blocked.next_deadline()), (vec![3], None));
        assert!(blocked.end(3, Some(CommandError::Syntax)) && !blocked.end(3, None));
    }
}
