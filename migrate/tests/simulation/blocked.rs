//! Clients that wait until a key holds a list, and take all of it.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use keyspace::{AccessKind, Keyspace, ValueRef};

use crate::broken::Broken;
use crate::changes::Cause;
use crate::host::{Host, Turn};
use crate::tally::Sight;
use crate::value::{Tag, tag_of};

/// Who waits for which keys.
#[derive(Debug, Default)]
pub(crate) struct Blocked {
    /// In the order in which they came.
    waiting: BTreeMap<Ticket, Vec<Bytes>>,
    next_ticket: Ticket,
    /// Keys that have changed or are free again, so that those who wait for them look.
    ready: VecDeque<Bytes>,
}

type Ticket = u64;

impl Blocked {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Those who wait for a key look whether it holds what they want.
    pub(crate) fn wake(&mut self, key: Bytes) {
        self.ready.push_back(key);
    }

    fn waiting_for(&self, key: &Bytes) -> impl DoubleEndedIterator<Item = Ticket> {
        self.waiting.iter().filter(|(_, keys)| keys.contains(key)).map(|(ticket, _)| *ticket)
    }

    /// What is there for somebody to take is taken.
    pub(crate) fn check(&self, keyspace: &Keyspace, now_ms: i64) -> Result<(), String> {
        let mut keys = self.waiting.values().flatten();
        match keys.find(|key| is_free(keyspace, key) && list(keyspace, key, now_ms).is_some()) {
            Some(key) => Err(format!("{key:?} has come, and who waits for it is not woken")),
            None => Ok(()),
        }
    }
}

impl Host {
    /// A client waits for one of these keys, unless it finds what it wants.
    pub(crate) fn block(&mut self, keys: Vec<Bytes>) {
        self.blocked.ready.extend(keys.iter().cloned());
        self.blocked.next_ticket += 1;
        self.blocked.waiting.insert(self.blocked.next_ticket, keys);
    }

    /// Serves those who wait for keys that have changed or are free again, who came first first.
    pub(crate) fn serve_blocked(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        while let Some(key) = self.blocked.ready.pop_front() {
            while let Some(ticket) = self.next_reader(&key)
                && let Some(tag) = list(&self.keyspace, &key, turn.now_ms)
                && (is_free(&self.keyspace, &key)
                    || self.broken == Some(Broken::ServesReadersOfFrozenKeys))
            {
                self.serve(ticket, &key, tag, turn)?;
            }
        }
        Ok(())
    }

    fn next_reader(&self, key: &Bytes) -> Option<Ticket> {
        match self.broken {
            Some(Broken::ServesTheLastReader) => self.blocked.waiting_for(key).next_back(),
            _ => self.blocked.waiting_for(key).next(),
        }
    }

    fn serve(
        &mut self,
        ticket: Ticket,
        key: &Bytes,
        tag: Tag,
        turn: &mut Turn<'_>,
    ) -> Result<(), String> {
        if self.blocked.waiting_for(key).any(|other| other < ticket) {
            return Err(format!("{key:?} goes to one who came later"));
        }
        self.blocked.waiting.remove(&ticket);
        self.tally.count(Sight::Served);
        if self.changes.last_of(key).is_some_and(|change| change.cause == Cause::Restored) {
            self.tally.count(Sight::ServedRestored);
        }
        let stays = match self.broken {
            Some(Broken::ServesReadersOfFrozenKeys) => !is_free(&self.keyspace, key),
            Some(Broken::ServesEveryReader) => self.blocked.waiting_for(key).next().is_some(),
            _ => false,
        };
        if !stays {
            self.remove(key, turn.now_ms)?;
            self.hand_out(turn.now_ms)?;
        }
        turn.history.take(tag, self.side)
    }
}

/// Whether a key may be changed now.
fn is_free(keyspace: &Keyspace, key: &[u8]) -> bool {
    keyspace.database(0).waits_for([key], AccessKind::Write).is_none()
}

/// The tag of the list that a key holds.
fn list(keyspace: &Keyspace, key: &[u8], now_ms: i64) -> Option<Tag> {
    let value = keyspace.database(0).peek(key, now_ms)?.value();
    matches!(value, ValueRef::List(_)).then(|| tag_of(value))
}
