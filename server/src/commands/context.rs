//! What a command may touch.

use keyspace::{Database, Keyspace, StringValue, Value};
use migrate::driver::mio::Now;

use crate::client::Client;
use crate::commands::CommandError;
use crate::state::State;

/// The world of one command.
pub(crate) struct Context<'a> {
    pub(crate) keyspace: &'a mut Keyspace,
    pub(crate) state: &'a mut State,
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

    /// Reads a string.
    ///
    /// # Errors
    /// The key holds something else.
    pub(crate) fn read_string(&mut self, key: &[u8]) -> Result<Option<&StringValue>, CommandError> {
        let now_ms = self.now_ms();
        match self.db().read(key, now_ms).map(|entry| entry.value()) {
            None => Ok(None),
            Some(Value::String(string)) => Ok(Some(string)),
            Some(_) => Err(CommandError::WrongType),
        }
    }

    /// A string, to change it in place.
    ///
    /// # Errors
    /// The key holds something else.
    pub(crate) fn update_string(
        &mut self,
        key: &[u8],
    ) -> Result<Option<&mut StringValue>, CommandError> {
        let now_ms = self.now_ms();
        match self.db().update(key, now_ms) {
            None => Ok(None),
            Some(Value::String(string)) => Ok(Some(string)),
            Some(_) => Err(CommandError::WrongType),
        }
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
