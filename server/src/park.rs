//! Clients whose command waits for frozen keys, in order of arrival.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use crate::commands::Wait;

/// A client as it was when it was parked: its slot, and the id that the slot's client had then.
pub(crate) type Parked = (usize, u64);

/// Who waits for what.
#[derive(Debug, Default)]
pub(crate) struct Lot {
    keys: HashMap<(usize, Bytes), VecDeque<Parked>>,
    /// Those that wait for a whole database, or for all of them.
    databases: VecDeque<(Option<usize>, Parked)>,
}

impl Lot {
    /// Parks a client behind those that wait for the same.
    pub(crate) fn park(&mut self, wait: Wait, client: Parked) {
        match wait {
            Wait::Key { db, key } => self.keys.entry((db, key)).or_default().push_back(client),
            Wait::Database(db) => self.databases.push_back((Some(db), client)),
            Wait::AllDatabases => self.databases.push_back((None, client)),
        }
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.databases.is_empty()
    }

    /// Takes those who waited for this key.
    pub(crate) fn take_key(&mut self, db: usize, key: Bytes) -> VecDeque<Parked> {
        self.keys.remove(&(db, key)).unwrap_or_default()
    }

    /// Takes those who waited for databases in which, as `is_frozen` tells, nothing is frozen any
    /// more; `None` asks for all databases together.
    pub(crate) fn take_databases(
        &mut self,
        is_frozen: impl Fn(Option<usize>) -> bool,
    ) -> Vec<Parked> {
        let all = std::mem::take(&mut self.databases);
        let (wait, free) = all.into_iter().partition(|(db, _)| is_frozen(*db));
        self.databases = wait;
        VecDeque::into_iter(free).map(|(_, client)| client).collect()
    }

    /// Whether somebody waits for this database, so that no more of its keys may be frozen.
    pub(crate) fn holds_database(&self, db: usize) -> bool {
        self.databases.iter().any(|(waited, _)| waited.is_none_or(|waited| waited == db))
    }

    /// Whether somebody waits for any database.
    pub(crate) fn holds_databases(&self) -> bool {
        !self.databases.is_empty()
    }
}
