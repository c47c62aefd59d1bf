//! What happened to the keys of one side, change by change: what everybody who looks on has to see.

use bytes::Bytes;

use crate::value::Tag;

/// All changes of one side, in order.
#[derive(Debug, Default)]
pub(crate) struct Changes(Vec<Change>);

/// A change of one key.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: Bytes,
    pub(crate) cause: Cause,
    /// What the key holds then.
    pub(crate) stored: Option<Stored>,
    /// The transaction that did it.
    pub(crate) author: Option<Author>,
}

/// How a key changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cause {
    Written,
    Removed,
    /// It came from the other side.
    Restored,
    /// It was given up, for the other side has it.
    Moved,
    Expired,
}

/// What a key holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stored {
    pub(crate) tag: Tag,
    pub(crate) expire_at_ms: Option<i64>,
}

/// A moment of one side: so many changes have happened.
pub(crate) type Moment = usize;

/// The number of a transaction.
pub(crate) type Author = u64;

impl Stored {
    pub(crate) fn is_past(&self, now_ms: i64) -> bool {
        self.expire_at_ms.is_some_and(|at_ms| at_ms < now_ms)
    }
}

impl Changes {
    pub(crate) fn now(&self) -> Moment {
        self.0.len()
    }

    /// A change happens now.
    pub(crate) fn push(&mut self, change: Change) -> Result<(), String> {
        self.insert(self.now(), change)
    }

    /// A change comes to be known that happened before those since `moment`.
    pub(crate) fn insert(&mut self, moment: Moment, change: Change) -> Result<(), String> {
        let Change { key, cause, stored, .. } = &change;
        if stored.is_none() && self.at(moment, key).is_none() {
            return Err(format!("{key:?} has {cause:?}, and was not there"));
        }
        self.0.insert(moment, change);
        Ok(())
    }

    pub(crate) fn get(&self, moment: Moment) -> Option<&Change> {
        self.0.get(moment)
    }

    /// What a key held at a moment, its time being up or not.
    pub(crate) fn at(&self, moment: Moment, key: &[u8]) -> Option<Stored> {
        self.0[..moment].iter().rfind(|change| change.key == key)?.stored
    }

    /// What could be read of a key at a moment.
    pub(crate) fn readable_at(&self, moment: Moment, key: &[u8], now_ms: i64) -> Option<Tag> {
        Some(self.at(moment, key).filter(|stored| !stored.is_past(now_ms))?.tag)
    }

    /// The last change of a key.
    pub(crate) fn last_of(&self, key: &[u8]) -> Option<&Change> {
        self.0.iter().rfind(|change| change.key == key)
    }

    /// What a transaction has made of a key, if it has changed it.
    pub(crate) fn made_by(&self, author: Author, key: &[u8]) -> Option<Option<Tag>> {
        let is_its = |change: &&Change| change.author == Some(author) && change.key == key;
        let change = self.0.iter().rfind(is_its)?;
        Some(change.stored.map(|stored| stored.tag))
    }

    /// Whether a key was changed since, and not by the time alone.
    pub(crate) fn has_changed_since(&self, moment: Moment, key: &[u8]) -> bool {
        let mut since = self.0[moment..].iter();
        since.any(|change| change.key == key && change.cause != Cause::Expired)
    }

    /// From the first change of a transaction to its last.
    pub(crate) fn range_of(&self, author: Author) -> Option<std::ops::RangeInclusive<Moment>> {
        let is_its = |change: &Change| change.author == Some(author);
        Some(self.0.iter().position(is_its)?..=self.0.iter().rposition(is_its)?)
    }

    /// What every key that was ever there holds.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Bytes, Option<Stored>)> {
        let is_last = |(at, change): &(usize, &Change)| {
            self.0[at + 1..].iter().all(|later| later.key != change.key)
        };
        self.0.iter().enumerate().filter(is_last).map(|(_, change)| (&change.key, change.stored))
    }
}
