//! A client that watches keys: what it queues is run only if none of them has changed.

use bytes::Bytes;
use keyspace::Keyspace;

use crate::changes::{Cause, Changes, Moment};
use crate::client::held;
use crate::value::Tag;

#[derive(Debug)]
pub(crate) struct Watcher {
    keys: Vec<Watched>,
    /// It was told of a change.
    dirty: bool,
    /// When it began.
    since: Moment,
}

#[derive(Debug)]
struct Watched {
    key: Bytes,
    /// The time of the key was up already, so that its removal changes nothing.
    was_past: bool,
    /// What it held.
    held: Option<Tag>,
}

impl Watcher {
    pub(crate) fn new(
        keys: impl IntoIterator<Item = Bytes>,
        keyspace: &Keyspace,
        changes: &Changes,
        now_ms: i64,
    ) -> Self {
        let watch = |key: Bytes| {
            let was_past = keyspace.database(0).is_past(&key, now_ms);
            Watched { was_past, held: held(keyspace, &key, now_ms), key }
        };
        let keys = keys.into_iter().map(watch).collect();
        Self { keys, dirty: false, since: changes.now() }
    }

    /// It is told of a change. True if it finds that it has watched in vain.
    pub(crate) fn touch(&mut self, key: &Bytes, cause: Cause) -> bool {
        let was_dirty = self.dirty;
        for watched in self.keys.iter_mut().filter(|watched| watched.key == key) {
            match watched.was_past && cause == Cause::Expired {
                true => watched.was_past = false,
                false => self.dirty = true,
            }
        }
        self.dirty && !was_dirty
    }

    /// Whether it watches a key, and was told of no change.
    pub(crate) fn is_content_with(&self, key: &[u8]) -> bool {
        !self.dirty && self.keys.iter().any(|watched| watched.key == key)
    }

    /// Whether the time of a key is up that is there yet.
    pub(crate) fn any_past(&self, keyspace: &Keyspace, now_ms: i64) -> bool {
        let is_past = |key: &Bytes| keyspace.database(0).is_past(key, now_ms);
        self.keys.iter().any(|watched| !watched.was_past && is_past(&watched.key))
    }

    /// Whether what it has queued may run: `finds_past` as [`any_past`](Self::any_past) tells. To
    /// find a key changed that is not is as wrong as to find one unchanged that is.
    pub(crate) fn may_run(
        &self,
        finds_past: bool,
        keyspace: &Keyspace,
        changes: &Changes,
        now_ms: i64,
    ) -> Result<bool, String> {
        let changed = self.keys.iter().find(|Watched { key, held: before, .. }| {
            changes.has_changed_since(self.since, key) || held(keyspace, key, now_ms) != *before
        });
        match (self.dirty || finds_past, changed) {
            (true, None) => Err(format!("{self:?} finds a change where none is")),
            (false, Some(changed)) => Err(format!("{changed:?} has changed, and nobody sees it")),
            (found, _) => Ok(!found),
        }
    }
}
