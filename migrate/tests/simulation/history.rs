//! What was written, and what must be true of it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::host::Side;
use crate::value::Tag;

/// The values that were ever written, by their tags.
#[derive(Debug, Default)]
pub(crate) struct History {
    last: Tag,
    /// Those that nobody has overwritten, and the keys that they were written to.
    pub(crate) live: BTreeMap<Tag, Bytes>,
    /// Those that the target has stored.
    pub(crate) stored: BTreeSet<Tag>,
    /// Those that may be on both sides: copied, or in doubt for ever.
    pub(crate) excused: BTreeSet<Tag>,
    /// Those that a migration is sending.
    in_flight: BTreeSet<Tag>,
    /// Those of them that the target may have, for all the source knows.
    in_doubt: BTreeSet<Tag>,
    /// Those that somebody who waited for them has taken.
    taken: BTreeSet<Tag>,
    /// Those that the target may have had when the connection ended: it was asked, or told again.
    unanswered: BTreeSet<Tag>,
    /// When the time of a value is up, or up at the source.
    expire_at_ms: BTreeMap<Tag, i64>,
}

impl History {
    /// A new value is written under `key`, over `old` if there was one.
    pub(crate) fn write(
        &mut self,
        key: &Bytes,
        old: Option<Tag>,
        expire_at_ms: Option<i64>,
    ) -> Tag {
        self.overwrite(old);
        self.last += 1;
        self.live.insert(self.last, key.clone());
        self.expire_at_ms.extend(expire_at_ms.map(|at_ms| (self.last, at_ms)));
        self.last
    }

    /// A value is overwritten or removed by a client.
    pub(crate) fn overwrite(&mut self, old: Option<Tag>) {
        if let Some(old) = old {
            self.live.remove(&old);
        }
    }

    /// A migration begins to send a value.
    pub(crate) fn send(&mut self, tag: Tag, copy: bool) {
        self.in_flight.insert(tag);
        if copy {
            self.excused.insert(tag);
        }
    }

    /// The target may have a value from now on.
    pub(crate) fn suspect(&mut self, tag: Tag) {
        self.in_doubt.insert(tag);
    }

    /// Whether a migration is sending a value.
    pub(crate) fn is_in_flight(&self, tag: Tag) -> bool {
        self.in_flight.contains(&tag)
    }

    /// Whether the target may have a value, for all the source knows.
    pub(crate) fn is_in_doubt(&self, tag: Tag) -> bool {
        self.in_doubt.contains(&tag)
    }

    /// The connection ends over which a value is sent: if the target may have it, its reply will not
    /// come.
    pub(crate) fn lose_reply(&mut self, tag: Tag) {
        self.unanswered.extend(self.in_doubt.get(&tag));
    }

    /// A transaction has read a value.
    pub(crate) fn read(&self, tag: Tag, side: Side) -> Result<(), String> {
        match side == Side::Source && self.in_doubt.contains(&tag) {
            true => Err(format!("value {tag} is read while it is in doubt")),
            false => Ok(()),
        }
    }

    /// A client that waited for a value has taken it. That happens once, unless the value was on both
    /// sides, or the target cannot tell any more that it was there.
    pub(crate) fn take(&mut self, tag: Tag, side: Side) -> Result<(), String> {
        self.live.remove(&tag);
        if side == Side::Source && self.in_flight.contains(&tag) {
            return Err(format!("value {tag} is taken while it is on its way"));
        }
        let is_first = self.taken.insert(tag);
        match is_first || self.excused.contains(&tag) || self.unanswered.contains(&tag) {
            true => Ok(()),
            false => Err(format!("value {tag} is taken twice")),
        }
    }

    /// Whether the time of a value is up, so that it need not be anywhere.
    pub(crate) fn is_past(&self, tag: Tag, now_ms: i64) -> bool {
        self.expire_at_ms.get(&tag).is_some_and(|at_ms| *at_ms <= now_ms)
    }

    /// The target stores a value, over another one if there was one.
    pub(crate) fn store(&mut self, tag: Tag, old: Option<Tag>) -> Result<(), String> {
        self.overwrite(old.filter(|old| *old != tag));
        self.stored.insert(tag);
        match self.in_flight.contains(&tag) || self.excused.contains(&tag) {
            true => Ok(()),
            false => Err(format!("value {tag} is stored when nobody sends it any more")),
        }
    }

    /// A migration has done with a value.
    pub(crate) fn land(&mut self, tag: Tag) {
        self.in_flight.remove(&tag);
        self.in_doubt.remove(&tag);
    }

    /// A migration ends in doubt of a value.
    pub(crate) fn doubt(&mut self, tag: Tag) {
        self.excused.insert(tag);
    }

    /// The caller of a migration is told that a value stays at the source. `is_there` tells whether
    /// the target has it.
    pub(crate) fn keep(&self, tag: Tag, is_there: bool) -> Result<(), String> {
        match is_there && !self.excused.contains(&tag) {
            true => Err(format!("value {tag} is told to stay, and the target has stored it")),
            false => Ok(()),
        }
    }
}
