//! Clients whose command waits for frozen keys. They go on in the order in which they came.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use crate::commands::{Wait, WaitFor};

/// A client as it was when it was parked: its slot, and the id that the slot's client had then.
pub(crate) type Parked = (usize, u64);

/// A client's place among all that were ever parked. It keeps it when it is parked again.
pub(crate) type Ticket = u64;

/// Who waits for what, and who need not wait any more.
#[derive(Debug, Default)]
pub(crate) struct Lot {
    keys: HashMap<(usize, Bytes), BTreeMap<Ticket, Parked>>,
    /// Those that wait for a whole database, or (`None`) for all of them.
    databases: BTreeMap<Ticket, (Option<usize>, Parked)>,
    /// Every client that waits or is woken, by its id.
    clients: HashMap<u64, (Ticket, Wait)>,
    woken: BTreeMap<Ticket, Parked>,
    next_ticket: Ticket,
}

/// A client that need not wait any more.
#[derive(Debug)]
pub(crate) struct Woken {
    pub(crate) client: Parked,
    pub(crate) ticket: Ticket,
    /// What it waited for.
    pub(crate) wait: Wait,
}

impl Lot {
    /// Parks a client: where its ticket says if it was parked before, else behind all others.
    pub(crate) fn park(&mut self, wait: Wait, client: Parked, ticket: Option<Ticket>) {
        let ticket = ticket.unwrap_or_else(|| {
            self.next_ticket += 1;
            self.next_ticket
        });
        match &wait.target {
            WaitFor::Key { db, key } => {
                self.keys.entry((*db, key.clone())).or_default().insert(ticket, client);
            }
            WaitFor::Database(db) => {
                self.databases.insert(ticket, (Some(*db), client));
            }
            WaitFor::AllDatabases => {
                self.databases.insert(ticket, (None, client));
            }
        }
        self.clients.insert(client.1, (ticket, wait));
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Whether somebody need not wait any more.
    pub(crate) fn has_woken(&self) -> bool {
        !self.woken.is_empty()
    }

    /// Wakes those who wait for this key.
    pub(crate) fn wake_key(&mut self, db: usize, key: Bytes) {
        self.woken.extend(self.keys.remove(&(db, key)).unwrap_or_default());
    }

    /// Wakes those who wait for databases in which, as `is_frozen` tells, nothing is frozen any
    /// more; `None` asks for all databases together.
    pub(crate) fn wake_databases(&mut self, is_frozen: impl Fn(Option<usize>) -> bool) {
        let free = self.databases.iter().filter(|(_, (db, _))| !is_frozen(*db));
        self.woken.extend(free.map(|(ticket, (_, client))| (*ticket, *client)));
    }

    /// Takes the one who came first among the woken.
    pub(crate) fn take_woken(&mut self) -> Option<Woken> {
        let (ticket, client) = self.woken.pop_first()?;
        self.databases.remove(&ticket);
        let (_, wait) = self.clients.remove(&client.1).expect("who is woken was parked");
        Some(Woken { client, ticket, wait })
    }

    /// Forgets a client that is gone.
    pub(crate) fn remove(&mut self, client_id: u64) {
        let Some((ticket, wait)) = self.clients.remove(&client_id) else { return };
        self.woken.remove(&ticket);
        self.databases.remove(&ticket);
        if let WaitFor::Key { db, key } = wait.target
            && let Some(waiting) = self.keys.get_mut(&(db, key.clone()))
        {
            waiting.remove(&ticket);
            if waiting.is_empty() {
                self.keys.remove(&(db, key));
            }
        }
    }

    /// Whether somebody waits for this database, or is woken and about to have it, so that no more
    /// of its keys may be frozen.
    pub(crate) fn holds_database(&self, db: usize) -> bool {
        self.databases.values().any(|(waited, _)| waited.is_none_or(|waited| waited == db))
    }

    /// Whether somebody waits for any database.
    pub(crate) fn holds_databases(&self) -> bool {
        !self.databases.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &'static str) -> Wait {
        let key = Bytes::from_static(name.as_bytes());
        Wait { target: WaitFor::Key { db: 0, key }, argument: 1 }
    }

    fn database() -> Wait {
        Wait { target: WaitFor::Database(0), argument: 0 }
    }

    fn woken(lot: &mut Lot) -> Vec<u64> {
        std::iter::from_fn(|| lot.take_woken()).map(|woken| woken.client.1).collect()
    }

    #[test]
    fn the_woken_go_on_in_the_order_in_which_they_came() {
        let mut lot = Lot::default();
        lot.park(key("b"), (0, 10), None);
        lot.park(database(), (1, 11), None);
        lot.park(key("a"), (2, 12), None);
        lot.wake_key(0, Bytes::from_static(b"a"));
        lot.wake_databases(|_| false);
        lot.wake_key(0, Bytes::from_static(b"b"));
        assert!(lot.holds_database(0), "until the flush has run");
        assert_eq!(woken(&mut lot), [10, 11, 12]);
        assert!(lot.is_empty() && !lot.holds_databases());
    }

    #[test]
    fn who_is_parked_again_keeps_the_place() {
        let mut lot = Lot::default();
        lot.park(key("a"), (0, 10), None);
        lot.park(key("b"), (1, 11), None);
        lot.wake_key(0, Bytes::from_static(b"a"));
        let first = lot.take_woken().expect("it was woken");
        lot.park(key("b"), first.client, Some(first.ticket));
        lot.wake_key(0, Bytes::from_static(b"b"));
        assert_eq!(woken(&mut lot), [10, 11]);
    }

    #[test]
    fn who_is_gone_holds_nothing() {
        let mut lot = Lot::default();
        lot.park(database(), (0, 10), None);
        lot.park(key("a"), (1, 11), None);
        lot.park(key("b"), (2, 12), None);
        lot.wake_key(0, Bytes::from_static(b"b"));
        [10, 11, 12].into_iter().for_each(|id| lot.remove(id));
        assert!(lot.is_empty() && !lot.has_woken() && !lot.holds_databases());
        assert!(lot.keys.is_empty());
    }
}
