//! Clients that queue operations on several keys, to have them run with nothing between them.

use bytes::Bytes;
use keyspace::AccessKind;

use crate::broken::Broken;
use crate::changes::{Author, Cause, Changes, Moment};
use crate::client::held;
use crate::history::History;
use crate::host::{Host, Side, Turn};
use crate::tally::Sight;
use crate::value::{Tag, tag_of};
use crate::watcher::Watcher;

/// What a client has queued, and the keys that it watches.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) watcher: Watcher,
    operations: Vec<(Operation, Bytes)>,
    /// So many operations have been run.
    done: usize,
    /// What they have read.
    readings: Vec<Reading>,
    author: Author,
    /// When the first was run.
    began: Moment,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    Read,
    Write,
    Remove,
}

#[derive(Debug)]
struct Reading {
    key: Bytes,
    found: Option<Tag>,
    at_ms: i64,
    /// The transaction had changed the key before, to this.
    own: Option<Option<Tag>>,
}

impl Transaction {
    pub(crate) fn new(
        author: Author,
        watcher: Watcher,
        operations: Vec<(Operation, Bytes)>,
    ) -> Self {
        Self { watcher, operations, done: 0, readings: Vec::new(), author, began: 0 }
    }

    /// Runs what is queued, unless that has to wait: then it is given back.
    fn run(mut self, host: &mut Host, turn: &mut Turn<'_>) -> Result<Option<Self>, String> {
        while !self.waits(host) {
            if self.done == 0 && !self.begin(host, turn.now_ms)? {
                host.tally.count(Sight::Refused);
                return Ok(None);
            }
            let Some((operation, key)) = self.operations.get(self.done).cloned() else {
                host.tally.count(Sight::Ran);
                return self.check(&host.changes).map(|()| None);
            };
            self.done += 1;
            host.author = Some(self.author);
            self.operate(operation, key, host, turn)?;
            host.author = None;
            host.hand_out(turn.now_ms)?;
            if host.broken == Some(Broken::ServesReadersWithinTransactions) {
                host.serve_blocked(turn)?;
            }
        }
        self.check_parked(host, turn.history).map(|()| Some(self))
    }

    /// Begins to run what is queued, if no watched key has changed.
    fn begin(&mut self, host: &Host, now_ms: i64) -> Result<bool, String> {
        let Host { keyspace, changes, broken, .. } = host;
        self.began = changes.now();
        let finds_past = self.watcher.any_past(keyspace, now_ms)
            && *broken != Some(Broken::OverlooksThatTimeIsUp);
        self.watcher.may_run(finds_past, keyspace, changes, now_ms)
    }

    /// Whether a key is in the way of an operation that has not been run.
    fn waits(&self, host: &Host) -> bool {
        let ahead = &self.operations[self.done..];
        let ahead = match host.broken {
            Some(Broken::ParksWithinTransactions) => &ahead[..ahead.len().min(1)],
            _ => ahead,
        };
        ahead.iter().any(|(operation, key)| {
            let access = match operation {
                Operation::Read if host.broken == Some(Broken::ReadsKeysInDoubt) => return false,
                Operation::Read => AccessKind::Read,
                Operation::Write | Operation::Remove => AccessKind::Write,
            };
            host.keyspace.database(0).waits_for([&key[..]], access).is_some()
        })
    }

    fn operate(
        &mut self,
        operation: Operation,
        key: Bytes,
        host: &mut Host,
        turn: &mut Turn<'_>,
    ) -> Result<(), String> {
        match operation {
            Operation::Read => {
                let entry = host.keyspace.database_mut(0).read(&key, turn.now_ms);
                let found = entry.map(|entry| tag_of(entry.value()));
                if let Some(tag) = found {
                    turn.history.read(tag, host.side)?;
                }
                let own = host.changes.made_by(self.author, &key);
                self.readings.push(Reading { key, found, at_ms: turn.now_ms, own });
                Ok(())
            }
            Operation::Write => host.write(&key, turn),
            Operation::Remove => host.remove_written(&key, turn),
        }
    }

    /// Whether a key is on its way that is to be changed, or in doubt that is to be read.
    fn check_parked(&self, host: &Host, history: &History) -> Result<(), String> {
        let is_in_the_way = |(operation, key): &(Operation, Bytes)| {
            // A frozen key whose time is up is there until it is released.
            let tag = held(&host.keyspace, key, i64::MIN);
            tag.is_some_and(|tag| match operation {
                Operation::Read => history.is_in_doubt(tag),
                Operation::Write | Operation::Remove => history.is_in_flight(tag),
            })
        };
        match host.side == Side::Source && self.operations.iter().any(is_in_the_way) {
            true => Ok(()),
            false => Err(format!("nothing is in the way of {self:?}, and it waits")),
        }
    }

    /// Whether there is a moment at which all that it has read was there, and from which on all that
    /// it has changed was changed by nobody else.
    fn check(&self, changes: &Changes) -> Result<(), String> {
        let moments = match changes.range_of(self.author) {
            None => self.began..=changes.now(),
            Some(range) => {
                let is_foreign = |moment: &Moment| {
                    changes.get(*moment).is_some_and(|change| {
                        change.author != Some(self.author) && change.cause != Cause::Expired
                    })
                };
                if let Some(foreign) = range.clone().find(is_foreign) {
                    let foreign = changes.get(foreign);
                    return Err(format!("{foreign:?} came between the changes of {self:?}"));
                }
                *range.start()..=*range.start()
            }
        };
        let is_explained = |moment: Moment| {
            self.readings.iter().all(|Reading { key, found, at_ms, own }| {
                *found == own.unwrap_or_else(|| changes.readable_at(moment, key, *at_ms))
            })
        };
        match moments.clone().any(is_explained) {
            true => Ok(()),
            false => Err(format!("at no moment of {moments:?} was there what {self:?} has read")),
        }
    }
}

impl Host {
    /// A client begins to queue operations, and watches some keys meanwhile.
    pub(crate) fn open(
        &mut self,
        watched: impl IntoIterator<Item = Bytes>,
        operations: Vec<(Operation, Bytes)>,
        now_ms: i64,
    ) {
        self.last_author += 1;
        let watcher = Watcher::new(watched, &self.keyspace, &self.changes, now_ms);
        self.open.push(Transaction::new(self.last_author, watcher, operations));
    }

    /// A client has what it has queued run. If a key is in the way it is parked.
    pub(crate) fn exec(&mut self, index: usize, turn: &mut Turn<'_>) -> Result<(), String> {
        let transaction = self.open.swap_remove(index);
        if let Some(parked) = transaction.run(self, turn)? {
            self.tally.count(Sight::Parked);
            self.parked.push_back(parked);
        }
        Ok(())
    }

    /// Those who were parked go on, in the order in which they came, if nothing is in their way any
    /// more.
    pub(crate) fn run_parked(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        for _ in 0..self.parked.len() {
            let transaction = self.parked.pop_front().expect("there are so many");
            let still_parked = transaction.run(self, turn)?;
            self.parked.extend(still_parked);
        }
        Ok(())
    }
}
