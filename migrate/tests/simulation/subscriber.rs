//! A client that is told of every change, and knows from that alone what is there.

use bytes::Bytes;
use keyspace::Keyspace;

use crate::changes::{Cause, Change, Changes, Moment};
use crate::value::tag_of;

#[derive(Debug, Default)]
pub(crate) struct Subscriber {
    /// Of the changes before this moment it was told.
    told: Moment,
    /// It was told that this key comes to be; how follows.
    added: Option<Bytes>,
    /// Up to then what it knows was compared with what is there.
    compared: Moment,
}

impl Subscriber {
    /// It is told that a key comes to be that was not there.
    pub(crate) fn hear_added(&mut self, key: Bytes) -> Result<(), String> {
        match self.added.replace(key) {
            None => Ok(()),
            Some(key) => Err(format!("{key:?} is told to come to be, and not how")),
        }
    }

    /// It is told of a change: the next one that happened, or that the time of a key is up, which
    /// nobody does and only the keyspace finds.
    pub(crate) fn hear(
        &mut self,
        key: &Bytes,
        cause: Cause,
        changes: &mut Changes,
        now_ms: i64,
    ) -> Result<(), String> {
        if cause == Cause::Expired {
            if changes.at(self.told, key).is_some_and(|stored| !stored.is_past(now_ms)) {
                return Err(format!("{key:?} is told to have expired before its time is up"));
            }
            let change = Change { key: key.clone(), cause, stored: None, author: None };
            changes.insert(self.told, change)?;
        }
        let happened = changes.get(self.told);
        if happened.is_none_or(|happened| (&happened.key, happened.cause) != (key, cause)) {
            return Err(format!("{key:?} is told as {cause:?}, and what happened is {happened:?}"));
        }
        let is_new = happened.is_some_and(|happened| happened.stored.is_some())
            && changes.at(self.told, key).is_none();
        if self.added.take() != is_new.then(|| key.clone()) {
            return Err(format!("{key:?} comes to be: {is_new}, and the opposite is told"));
        }
        self.told += 1;
        Ok(())
    }

    /// Whoever has been told of everything knows what is there.
    pub(crate) fn check(&mut self, changes: &Changes, keyspace: &Keyspace) -> Result<(), String> {
        if let Some(untold) = changes.get(self.told) {
            return Err(format!("nobody is told that {:?} has {:?}", untold.key, untold.cause));
        }
        if self.compared == self.told {
            return Ok(());
        }
        self.compared = self.told;
        let database = keyspace.database(0);
        let mut len = 0;
        for (key, stored) in changes.iter() {
            // Its time may be up, and it is there until that is told.
            let entry = database.peek(key, i64::MIN);
            let found = entry.map(|entry| (tag_of(entry.value()), entry.expire_at_ms()));
            if found != stored.map(|stored| (stored.tag, stored.expire_at_ms)) {
                return Err(format!("{key:?} is told to hold {stored:?}, and holds {found:?}"));
            }
            len += usize::from(found.is_some());
        }
        match database.len() == len {
            true => Ok(()),
            false => Err("keys are there of which nobody was told".into()),
        }
    }
}
