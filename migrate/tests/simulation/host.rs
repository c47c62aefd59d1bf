//! One side: its keys, what is told of their changes, and the clients at work there.

use std::collections::VecDeque;

use bytes::Bytes;
use keyspace::{KeyEvent, Keyspace, NotedEvents, Value};

use crate::blocked::Blocked;
use crate::broken::Broken;
use crate::changes::{Author, Cause, Change, Changes, Stored};
use crate::client::held;
use crate::dice::Dice;
use crate::history::History;
use crate::subscriber::Subscriber;
use crate::tally::{Sight, Tally};
use crate::transaction::Transaction;
use crate::value::{expiry, tag_of, tagged};

/// A server, as far as its clients see it.
///
/// They are told of what the keyspace has noted, and of what commands say that they have done;
/// [`Changes`] is what that is compared with.
pub(crate) struct Host {
    pub(crate) side: Side,
    pub(crate) keyspace: Keyspace,
    pub(crate) changes: Changes,
    pub(crate) blocked: Blocked,
    /// Transactions that are being queued.
    pub(crate) open: Vec<Transaction>,
    /// Those that wait for frozen keys.
    pub(crate) parked: VecDeque<Transaction>,
    /// Whose operation is being run.
    pub(crate) author: Option<Author>,
    pub(crate) last_author: Author,
    pub(crate) tally: Tally,
    pub(crate) broken: Option<Broken>,
    subscriber: Subscriber,
    /// What nobody has been told of yet.
    notes: VecDeque<Note>,
    /// Keys that are not frozen any more, and nobody who waits for them has gone on yet.
    released: Vec<Bytes>,
}

/// Something to be told.
enum Note {
    Added(Bytes),
    Changed(Bytes, Cause),
}

/// Where keys are moved from, and where to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Source,
    Target,
}

/// What is at hand for one who acts.
pub(crate) struct Turn<'a> {
    pub(crate) history: &'a mut History,
    pub(crate) dice: &'a mut Dice,
    pub(crate) now_ms: i64,
}

impl Host {
    pub(crate) fn new(side: Side, broken: Option<Broken>) -> Self {
        let mut keyspace = Keyspace::new(1);
        keyspace.note_events(NotedEvents { changes: true, additions: true, misses: false });
        Self {
            side,
            keyspace,
            changes: Changes::default(),
            blocked: Blocked::default(),
            open: Vec::new(),
            parked: VecDeque::new(),
            author: None,
            last_author: 0,
            tally: Tally::default(),
            broken,
            subscriber: Subscriber::default(),
            notes: VecDeque::new(),
            released: Vec::new(),
        }
    }

    /// Writes a value of a new tag to a key that is free.
    pub(crate) fn write(&mut self, key: &Bytes, turn: &mut Turn<'_>) -> Result<(), String> {
        let expire_at_ms = expiry(turn.dice, turn.now_ms);
        let old = held(&self.keyspace, key, turn.now_ms);
        let tag = turn.history.write(key, old, expire_at_ms);
        self.put(key, tagged(tag, turn.dice), expire_at_ms, Cause::Written)
    }

    /// Has a free key removed by a client, if it is there.
    pub(crate) fn remove_written(
        &mut self,
        key: &Bytes,
        turn: &mut Turn<'_>,
    ) -> Result<(), String> {
        turn.history.overwrite(held(&self.keyspace, key, turn.now_ms));
        self.remove(key, turn.now_ms)
    }

    /// Gives a free key a value, for this cause.
    pub(crate) fn put(
        &mut self,
        key: &Bytes,
        value: Value,
        expire_at_ms: Option<i64>,
        cause: Cause,
    ) -> Result<(), String> {
        let stored = Stored { tag: tag_of(value.view()), expire_at_ms };
        self.keyspace.database_mut(0).insert(key, value, expire_at_ms);
        self.command_changes(key, cause, Some(stored))
    }

    /// Puts a value in place that has come from the other side.
    pub(crate) fn restore(
        &mut self,
        key: &Bytes,
        value: Value,
        expire_at_ms: Option<i64>,
        turn: &mut Turn<'_>,
    ) -> Result<(), String> {
        if self.broken == Some(Broken::WakesBeforeTheValue) {
            self.blocked.wake(key.clone());
            self.serve_blocked(turn)?;
        }
        self.put(key, value, expire_at_ms, Cause::Restored)
    }

    /// Removes a free key, if it is there.
    pub(crate) fn remove(&mut self, key: &Bytes, now_ms: i64) -> Result<(), String> {
        match self.keyspace.database_mut(0).remove(key, now_ms) {
            true => self.command_changes(key, Cause::Removed, None),
            false => Ok(()),
        }
    }

    /// The other side may have a frozen key now.
    pub(crate) fn park_reads(&mut self, key: &Bytes) -> Result<(), String> {
        match self.broken {
            Some(Broken::ParksNoReads) => return Ok(()),
            Some(Broken::DeletesBeforeTheReply) => return self.give_up(key),
            Some(Broken::TellsOfMovesEarly) => self.note(key, Cause::Moved),
            _ => {}
        }
        self.keyspace.database_mut(0).park_reads(key);
        Ok(())
    }

    /// A frozen key has moved to the other side.
    pub(crate) fn give_up(&mut self, key: &Bytes) -> Result<(), String> {
        if self.broken == Some(Broken::KeepsWhatMoved) {
            return self.thaw(key, i64::MIN);
        }
        self.keyspace.database_mut(0).release_moved(key);
        self.happened(key, Cause::Moved, None)?;
        if self.broken == Some(Broken::TellsOfMovesTwice) {
            self.note(key, Cause::Moved);
        }
        self.released.push(key.clone());
        Ok(())
    }

    /// A frozen key stays.
    pub(crate) fn thaw(&mut self, key: &Bytes, now_ms: i64) -> Result<(), String> {
        self.keyspace.database_mut(0).thaw(key, now_ms);
        if self.keyspace.database(0).is_past(key, now_ms) {
            return Err(format!("{key:?} is released and stays, although its time is up"));
        }
        self.released.push(key.clone());
        for Transaction { watcher, .. } in self.open.iter_mut().chain(&mut self.parked) {
            if self.broken == Some(Broken::BreaksWatchesOfWhatStays) {
                watcher.touch(key, Cause::Moved);
            }
            if watcher.is_content_with(key) {
                self.tally.count(Sight::WatchedThaw);
            }
        }
        Ok(())
    }

    /// Tells everybody what has changed, and has those go on who have waited for it.
    pub(crate) fn go_on(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        self.hand_out(turn.now_ms)?;
        let released = std::mem::take(&mut self.released);
        if !released.is_empty() {
            self.run_parked(turn)?;
            released.into_iter().for_each(|key| self.blocked.wake(key));
        }
        self.serve_blocked(turn)?;
        self.subscriber.check(&self.changes, &self.keyspace)?;
        self.blocked.check(&self.keyspace, turn.now_ms)
    }

    /// Nothing more will happen: whoever waits for a frozen key waits for ever.
    pub(crate) fn finish(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        self.keyspace.expire_cycle(turn.now_ms, usize::MAX);
        self.go_on(turn)?;
        while !self.open.is_empty() {
            self.exec(0, turn)?;
            self.go_on(turn)?;
        }
        match self.parked.is_empty() && self.keyspace.database(0).frozen_len() == 0 {
            true => Ok(()),
            false => Err(format!("{:?} wait for ever", self.parked)),
        }
    }

    /// Tells everybody what has changed.
    pub(crate) fn hand_out(&mut self, now_ms: i64) -> Result<(), String> {
        self.collect();
        while let Some(note) = self.notes.pop_front() {
            let (key, cause) = match note {
                Note::Changed(key, cause) => (key, cause),
                Note::Added(key) => {
                    self.subscriber.hear_added(key)?;
                    continue;
                }
            };
            self.subscriber.hear(&key, cause, &mut self.changes, now_ms)?;
            let (told, watched) = match cause {
                Cause::Restored => (Some(Sight::ToldRestored), Sight::WatchedRestored),
                Cause::Moved => (Some(Sight::ToldMoved), Sight::WatchedMoved),
                Cause::Expired => (Some(Sight::ToldExpired), Sight::WatchedExpired),
                Cause::Written | Cause::Removed => (None, Sight::Refused),
            };
            told.into_iter().for_each(|sight| self.tally.count(sight));
            for Transaction { watcher, .. } in self.open.iter_mut().chain(&mut self.parked) {
                if watcher.touch(&key, cause) && told.is_some() {
                    self.tally.count(watched);
                }
            }
            if self.broken != Some(Broken::WakesBeforeTheValue) || cause != Cause::Restored {
                self.blocked.wake(key);
            }
        }
        Ok(())
    }

    /// Adds what the keyspace has noted.
    fn collect(&mut self) {
        for noted in self.keyspace.take_events() {
            let key = Bytes::from(noted.key);
            match noted.event {
                KeyEvent::Moved if self.broken == Some(Broken::NotesNoMoves) => {}
                KeyEvent::Moved => self.note(&key, Cause::Moved),
                KeyEvent::Expired => self.note(&key, Cause::Expired),
                KeyEvent::Added => self.notes.push_back(Note::Added(key)),
                event => panic!("{event:?} is not of these keys, or was not to be noted"),
            }
        }
    }

    fn note(&mut self, key: &Bytes, cause: Cause) {
        self.notes.push_back(Note::Changed(key.clone(), cause));
    }

    /// A command has changed a key, and says so.
    fn command_changes(
        &mut self,
        key: &Bytes,
        cause: Cause,
        stored: Option<Stored>,
    ) -> Result<(), String> {
        self.collect();
        if self.broken != Some(Broken::NotesNoArrivals) || cause != Cause::Restored {
            self.note(key, cause);
        }
        self.happened(key, cause, stored)
    }

    fn happened(
        &mut self,
        key: &Bytes,
        cause: Cause,
        stored: Option<Stored>,
    ) -> Result<(), String> {
        let change = Change { key: key.clone(), cause, stored, author: self.author };
        self.changes.push(change)
    }
}
