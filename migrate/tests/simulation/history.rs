//! What was written, and what must be true of it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

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
}

impl History {
    /// A new value is written under `key`, over `old` if there was one.
    pub(crate) fn write(&mut self, key: &Bytes, old: Option<Tag>) -> Tag {
        self.overwrite(old);
        self.last += 1;
        self.live.insert(self.last, key.clone());
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
