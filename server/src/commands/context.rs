//! What a command may touch.

use keyspace::{Database, Keyspace, StringValue, Thresholds, ValueMut, ValueType};
use migrate::Now;
use resp::WriteQueue;

use super::reply::{self, Reply};
use crate::client::Client;
use crate::commands::CommandError;
use crate::state::State;

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
}

impl Context<'_> {
    /// Who called.
    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.state.clients[self.slot]
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
            self.db().remove(key, now_ms);
        } else {
            self.db().set_expire(key, Some(expire_at_ms), now_ms);
        }
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
