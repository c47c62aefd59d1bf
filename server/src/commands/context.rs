//! What a command may touch.

use bytes::Bytes;
use keyspace::{Database, Keyspace, StringValue, Taken, Thresholds, Value, ValueMut, ValueType};
use migrate::Now;
use resp::{Protocol, WriteQueue};

use super::reply::{self, Reply};
use crate::changes::{Class, KeyChange};
use crate::client::Client;
use crate::commands::CommandError;
use crate::state::State;
use crate::watch::{Presence, Replaced};

/// The world of one command.
pub(crate) struct Context<'a> {
    pub(crate) keyspace: &'a mut Keyspace,
    pub(crate) state: &'a mut State,
    /// What the client is sent, for commands that write their answer themselves.
    pub(crate) out: &'a mut WriteQueue,
    /// Slot of the client that called.
    pub(crate) slot: usize,
    /// The command's time: it does not move while the command runs.
    pub(crate) now: Now,
    /// It is one of a transaction: nothing comes between them, and so it waits for nothing.
    pub(crate) in_transaction: bool,
    /// It has waited for keys, and this one has come: no other is looked at.
    pub(crate) served: Option<&'a [u8]>,
}

impl Context<'_> {
    /// Whether a command that may wait for keys looks at this one.
    pub(crate) fn looks_at(&self, key: &[u8]) -> bool {
        self.served.is_none_or(|served| served == key)
    }

    /// Who called.
    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.state.clients[self.slot]
    }

    /// What the caller speaks.
    pub(crate) fn protocol(&self) -> Protocol {
        self.state.clients[self.slot].protocol
    }

    /// The caller's database.
    pub(crate) fn db(&mut self) -> &mut Database {
        let index = self.client().db;
        self.keyspace.database_mut(index)
    }

    /// Reads a value of type `T`.
    ///
    /// # Errors
    /// The key holds something else.
    pub(crate) fn read<T: ValueType>(
        &mut self,
        key: &[u8],
    ) -> Result<Option<T::Ref<'_>>, CommandError> {
        let now_ms = self.now_ms();
        Ok(self.db().read_as::<T>(key, now_ms)?)
    }

    /// Reads a value of type `T` that the caller is going to change, or not: that it is not there is
    /// no miss.
    ///
    /// # Errors
    /// The key holds something else.
    pub(crate) fn look_to_change<T: ValueType>(
        &mut self,
        key: &[u8],
    ) -> Result<Option<T::Ref<'_>>, CommandError> {
        let now_ms = self.now_ms();
        let entry = self.db().look_to_change(key, now_ms);
        entry.map(|entry| T::view(entry.value()).ok_or(CommandError::WrongType)).transpose()
    }

    /// A value of type `T`, to change it.
    ///
    /// # Errors
    /// The key holds something else.
    pub(crate) fn edit<T: ValueType>(
        &mut self,
        key: &[u8],
    ) -> Result<Option<ValueMut<'_, T>>, CommandError> {
        let now_ms = self.now_ms();
        Ok(self.db().edit::<T>(key, now_ms)?)
    }

    /// As [`edit`](Self::edit), an empty value if there is no key.
    ///
    /// # Errors
    /// The key holds something else.
    pub(crate) fn edit_or_new<'k, T: ValueType>(
        &'k mut self,
        key: &'k [u8],
    ) -> Result<ValueMut<'k, T>, CommandError> {
        let now_ms = self.now_ms();
        Ok(self.db().edit_or_new::<T>(key, now_ms)?)
    }

    /// Answers with the string that a key holds, or with no value.
    ///
    /// # Errors
    /// The key holds something else.
    pub(crate) fn answer_string(&mut self, key: &[u8]) -> Result<Reply, CommandError> {
        let (db, now_ms) = (self.client().db, self.now_ms());
        match self.keyspace.database_mut(db).read_as::<StringValue>(key, now_ms)? {
            None => Ok(Reply::Nil),
            Some(string) => {
                reply::encode_string(string, self.out);
                Ok(Reply::Written)
            }
        }
    }

    /// Up to what size collections are packed.
    pub(crate) fn thresholds(&self) -> Thresholds {
        self.state.config.thresholds()
    }

    /// Has a key expire then, which is now if the time is not in the future.
    pub(crate) fn expire_at(&mut self, key: &[u8], expire_at_ms: i64) {
        let now_ms = self.now_ms();
        if expire_at_ms <= now_ms {
            self.remove(key);
        } else {
            self.db().set_expire(key, Some(expire_at_ms), now_ms);
            self.notify(Class::GENERIC, "expire", key);
        }
    }

    /// Removes a key and tells of it. `false` if there is none.
    pub(crate) fn remove(&mut self, key: &[u8]) -> bool {
        let now_ms = self.now_ms();
        let is_removed = self.db().remove(key, now_ms);
        if is_removed {
            self.notify(Class::GENERIC, "del", key);
        }
        is_removed
    }

    /// Gives a key of the caller's database this value and this expiry, whatever it had before.
    pub(crate) fn insert(&mut self, key: &[u8], value: Value, expire_at_ms: Option<i64>) {
        let (are_wanted, now_ms) = (self.state.changes.are_wanted(), self.now_ms());
        let db = self.db();
        if are_wanted {
            db.remove_expired(key, now_ms);
        }
        db.insert(key, value, expire_at_ms);
    }

    /// Gives a key what was taken from another, as a new key even if there is one of that name.
    pub(crate) fn put_anew(&mut self, db: usize, key: &[u8], taken: Taken) {
        if self.is_replaced(db, key) {
            self.note(db, Class::NEW, "new", key, true);
        }
        self.keyspace.database_mut(db).put(key, taken);
    }

    /// Whether a key that is about to be made is there already: somebody may want to know of it as a
    /// new one all the same.
    pub(crate) fn is_replaced(&mut self, db: usize, key: &[u8]) -> bool {
        self.state.changes.are_wanted() && {
            let now_ms = self.now_ms();
            let database = self.keyspace.database_mut(db);
            database.look_to_change(key, now_ms).is_some()
        }
    }

    /// Tells that a key of the caller's database was changed, by an event as keyspace notifications
    /// name it. To be called when it has been, once for each event.
    #[inline]
    pub(crate) fn notify(&mut self, class: Class, event: &'static str, key: &[u8]) {
        if self.state.changes.are_wanted() {
            let db = self.client().db;
            self.note(db, class, event, key, true);
        }
    }

    /// As [`notify`](Self::notify), of what is no modification to clients that watch or cache the
    /// key: what Redis does not take for one.
    #[inline]
    pub(crate) fn notify_unmodified(&mut self, class: Class, event: &'static str, key: &[u8]) {
        if self.state.changes.are_wanted() {
            let db = self.client().db;
            self.note(db, class, event, key, false);
        }
    }

    /// As [`notify`](Self::notify), in another database.
    #[inline]
    pub(crate) fn notify_in(&mut self, db: usize, class: Class, event: &'static str, key: &[u8]) {
        if self.state.changes.are_wanted() {
            self.note(db, class, event, key, true);
        }
    }

    /// As [`notify`](Self::notify), of elements that were taken out of a collection, and that the
    /// key is gone with the last of them.
    #[inline]
    pub(crate) fn notify_taken(
        &mut self,
        class: Class,
        event: &'static str,
        key: &[u8],
        is_emptied: bool,
    ) {
        self.notify(class, event, key);
        if is_emptied {
            self.notify(Class::GENERIC, "del", key);
        }
    }

    /// Tells that all keys of a database, or of all, are about to be removed.
    pub(crate) fn notify_flush(&mut self) {
        if self.state.changes.are_wanted() {
            self.state.changes.add_flush(self.keyspace);
        }
    }

    #[cold]
    fn note(
        &mut self,
        db: usize,
        class: Class,
        event: &'static str,
        key: &[u8],
        is_modified: bool,
    ) {
        let client = Some(self.client().id);
        let key = Bytes::copy_from_slice(key);
        let change = KeyChange { db, key, class, event, client, is_modified };
        self.state.changes.add(change, self.keyspace);
    }

    /// Whether a key that the caller watched has changed, or is gone because its time was up.
    pub(crate) fn is_watch_broken(&mut self) -> bool {
        let now_ms = self.now_ms();
        let client = self.client();
        let (is_broken, id) = (client.is_watch_broken, client.id);
        let is_past = |db, key: &[u8]| self.keyspace.database(db).is_past(key, now_ms);
        is_broken || self.state.watches.any_past(id, is_past)
    }

    /// The caller watches nothing any more.
    pub(crate) fn unwatch(&mut self) {
        let client = self.client();
        client.is_watch_broken = false;
        let id = client.id;
        self.state.watches.unwatch(id);
    }

    /// Every key of a database is about to go, and those of another perhaps to come in their place:
    /// breaks the watches of the keys that this changes, and has those who wait for keys look again.
    pub(crate) fn database_goes(&mut self, db: usize, by: Option<usize>) {
        let now_ms = self.now_ms();
        let keyspace = &*self.keyspace;
        let presence = |db, key: &[u8]| match keyspace.database(db) {
            database if database.peek(key, now_ms).is_some() => Presence::Present,
            database if database.is_past(key, now_ms) => Presence::Past,
            _ => Presence::Absent,
        };
        let touched = self.state.watches.touch_database(db, |key| Replaced {
            before: presence(db, key),
            after: by.map_or(Presence::Absent, |by| presence(by, key)),
        });
        self.state.break_watches(touched);
        self.state.blocked.database_changed(db);
    }

    /// Ends the caller's transaction without running it.
    pub(crate) fn end_transaction(&mut self) {
        let transaction = self.client().transaction.take();
        if let Some(transaction) = transaction.filter(|transaction| transaction.holds_values()) {
            self.keyspace.release_other(transaction);
        }
        self.unwatch();
    }

    /// Whether the caller has to log in first. Nobody has while there is no password.
    pub(crate) fn needs_login(&mut self) -> bool {
        self.state.config.requirepass().is_some() && !self.client().authenticated
    }

    /// The command's Unix time in milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.now.unix_ms
    }
}
