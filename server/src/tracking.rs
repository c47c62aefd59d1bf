//! Client-side caching: clients keep what they have read, and are told when that may not be true any
//! more (CLIENT TRACKING).
//!
//! A client is told once of each key that it has read, or of all changes of keys that begin with one
//! of its prefixes. What changes keys is taken from [`Changes`](crate::changes::Changes). The first
//! kind is sent when the command that has changed the key has been answered, the second once a turn
//! of the event loop.

mod broadcast;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use resp::Protocol;

use self::broadcast::Prefixes;
use self::table::Table;
use crate::changes::{Consumer, KeyChange};
use crate::commands::Reply;
use crate::park::Parked;
use crate::random;
use crate::state::State;

/// What a client that caches is told, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracking {
    pub(crate) mode: Mode,
    /// It is not told of its own changes.
    pub(crate) no_loop: bool,
    /// Who is told in its place.
    pub(crate) redirect: Option<Parked>,
    /// That one was gone when it should have been told.
    pub(crate) is_redirect_broken: bool,
    /// CLIENT CACHING has asked for an exception for the next command.
    pub(crate) is_caching_given: bool,
    /// What the keys begin with that a [broadcast](Mode::Broadcast) is of.
    pub(crate) prefixes: BTreeSet<Bytes>,
}

/// Of which keys a client is told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Mode {
    /// Those that it reads.
    #[default]
    Read,
    /// Those that it reads after CLIENT CACHING YES.
    OptIn,
    /// Those that it reads, but not after CLIENT CACHING NO.
    OptOut,
    /// All that begin with one of its prefixes.
    Broadcast,
}

/// All clients that cache, and what they are to be told of.
#[derive(Debug, Default)]
pub(crate) struct Trackers {
    /// Slots by ids.
    clients: BTreeMap<u64, usize>,
    table: Table,
    prefixes: Prefixes,
}

impl Tracking {
    /// Whether the keys of a command that reads are to be remembered.
    fn remembers(&self) -> bool {
        match self.mode {
            Mode::Read => true,
            Mode::OptIn => self.is_caching_given,
            Mode::OptOut => !self.is_caching_given,
            Mode::Broadcast => false,
        }
    }
}

impl Trackers {
    /// Number of clients that cache.
    pub(crate) fn clients_len(&self) -> usize {
        self.clients.len()
    }

    /// Number of keys that clients have read and not been told of since.
    pub(crate) fn keys_len(&self) -> usize {
        self.table.keys_len()
    }

    /// The same, each key as often as clients have read it.
    pub(crate) fn items_len(&self) -> usize {
        self.table.items_len()
    }

    /// Number of prefixes that clients have asked for.
    pub(crate) fn prefixes_len(&self) -> usize {
        self.prefixes.len()
    }

    /// A client does not cache any more. What it has read is forgotten with the last of all.
    pub(crate) fn remove(&mut self, id: u64, tracking: &Tracking) {
        tracking.prefixes.iter().for_each(|prefix| self.prefixes.remove(prefix, id));
        self.clients.remove(&id);
        if self.clients.is_empty() {
            self.table.clear();
        }
    }
}

impl State {
    /// The client in `slot` caches from now on, or does so in another way. It keeps the prefixes that
    /// it has.
    pub(crate) fn track(&mut self, slot: usize, mut tracking: Tracking) {
        let client = &mut self.clients[slot];
        let id = client.id;
        for prefix in &tracking.prefixes {
            self.trackers.prefixes.add(prefix.clone(), (slot, id));
        }
        if let Some(before) = client.tracking.take() {
            tracking.prefixes.extend(before.prefixes);
            tracking.is_caching_given = before.is_caching_given;
        }
        client.tracking = Some(Box::new(tracking));
        self.trackers.clients.insert(id, slot);
        self.changes.want(Consumer::Trackers);
    }

    /// The client in `slot` does not cache any more.
    pub(crate) fn untrack(&mut self, slot: usize) {
        let client = &mut self.clients[slot];
        if let Some(tracking) = client.tracking.take() {
            self.trackers.remove(client.id, &tracking);
        }
    }

    /// The client in `slot`, which caches, has run a command that reads these keys.
    pub(crate) fn remember_read(&mut self, slot: usize, keys: &[&[u8]]) {
        let client = &self.clients[slot];
        if !client.tracking.as_ref().is_some_and(|tracking| tracking.remembers()) {
            return;
        }
        let Trackers { clients, table, .. } = &mut self.trackers;
        let caches = |(slot, id)| clients.get(&id) == Some(&slot);
        keys.iter().for_each(|key| table.insert(key, (slot, client.id), caches));
        self.forget_read(keys.len());
    }

    /// Forgets keys if more are remembered than may be: as many as have just been added, and a few
    /// that are left over from before that limit was set. Those who have read them are told, as if
    /// they had changed.
    pub(crate) fn forget_read(&mut self, added: usize) {
        let keys_max = self.config.tracking_table_max_keys();
        for _ in 0..added + FORGOTTEN_MORE {
            if keys_max == 0 || self.trackers.table.keys_len() <= keys_max {
                break;
            }
            if let Some((key, readers)) = self.trackers.table.remove_drawn(random::bits()) {
                self.tell_readers(&Bytes::from(key), readers, None);
            }
        }
    }

    /// A key has changed while a command of the client `current` ran, or while none did.
    pub(crate) fn invalidate(&mut self, change: &KeyChange, current: Option<u64>) {
        self.trackers.prefixes.key_changed(&change.key, change.client);
        let readers = self.trackers.table.remove(&change.key);
        self.tell_readers(&change.key, readers, current);
    }

    /// All keys of a database, or of all, are gone.
    pub(crate) fn invalidate_all(&mut self) {
        self.trackers.table.clear();
        let clients = self.trackers.clients.iter().map(|(id, slot)| (*slot, *id));
        for client in clients.collect::<Vec<_>>() {
            self.tell(client, Reply::Nil);
        }
    }

    /// Tells those who have asked for prefixes what has changed since the last time.
    pub(crate) fn broadcast_invalidations(&mut self) {
        if !self.trackers.prefixes.are_due() {
            return;
        }
        for (receivers, keys) in self.trackers.prefixes.take() {
            // Nearly all are told the same.
            let mut told = [Vec::new(), Vec::new()];
            for (slot, id) in receivers {
                let has_changed = |by: &Option<u64>| *by == Some(id);
                let no_loop = self.tracking(slot).is_some_and(|tracking| tracking.no_loop);
                if no_loop && keys.values().any(has_changed) {
                    let others = keys.iter().filter(|(_, by)| !has_changed(by));
                    let others: Vec<_> = others.map(|(key, _)| Reply::Bulk(key.clone())).collect();
                    if !others.is_empty() {
                        self.tell((slot, id), Reply::Array(others));
                    }
                } else if let Some((receiver, form)) = self.receiver((slot, id)) {
                    told[form as usize].push(receiver);
                }
            }
            let keys = Reply::Array(keys.into_keys().map(Reply::Bulk).collect());
            for (form, receivers) in [Form::Push, Form::Message].into_iter().zip(told) {
                self.pushes.send(&self.clients, receivers, &form.message(keys.clone()));
            }
        }
    }

    fn tell_readers(&mut self, key: &Bytes, readers: Vec<Parked>, current: Option<u64>) {
        for (slot, id) in readers {
            let caches = self.trackers.clients.get(&id) == Some(&slot);
            let Some(tracking) = self.tracking(slot).filter(|_| caches) else { continue };
            let is_own = tracking.no_loop && current == Some(id);
            // Who has read it before it has asked for broadcasts is told by those.
            if !is_own && tracking.mode != Mode::Broadcast {
                self.tell((slot, id), Reply::Array(vec![Reply::Bulk(key.clone())]));
            }
        }
    }

    /// Tells a client that caches that these keys have changed.
    fn tell(&mut self, client: Parked, keys: Reply) {
        if let Some((receiver, form)) = self.receiver(client) {
            self.pushes.send(&self.clients, [receiver], &form.message(keys));
        }
    }

    /// Who is told in the place of a client that caches, and in which form. Nobody is if the form
    /// that it would take cannot be had.
    fn receiver(&mut self, client: Parked) -> Option<(Parked, Form)> {
        let Self { clients, pushes, .. } = self;
        let redirect = clients[client.0].tracking.as_ref()?.redirect;
        let receiver = redirect.unwrap_or(client);
        match clients.get(receiver.0).filter(|it| it.id == receiver.1) {
            Some(it) if it.protocol == Protocol::Resp3 => Some((receiver, Form::Push)),
            Some(it) if redirect.is_some() && it.subscribed => Some((receiver, Form::Message)),
            Some(_) => None,
            None => {
                if let Some(tracking) = &mut clients[client.0].tracking {
                    tracking.is_redirect_broken = true;
                }
                if clients[client.0].protocol == Protocol::Resp3 {
                    let id = Reply::Integer(receiver.1 as i64);
                    let broken = Reply::Push(vec![Reply::text("tracking-redir-broken"), id]);
                    pushes.send(clients, [client], &broken);
                }
                None
            }
        }
    }

    fn tracking(&self, slot: usize) -> Option<&Tracking> {
        self.clients.get(slot)?.tracking.as_deref()
    }
}

/// What a message that keys have changed looks like.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// A push of RESP3.
    Push,
    /// A message of pub/sub, for one who speaks RESP2 and is told in the place of another.
    Message,
}

impl Form {
    fn message(self, keys: Reply) -> Reply {
        Reply::Push(match self {
            Self::Push => vec![Reply::text("invalidate"), keys],
            Self::Message => {
                vec![Reply::text("message"), Reply::text("__redis__:invalidate"), keys]
            }
        })
    }
}

/// How many keys are forgotten at a time beside those that were added.
const FORGOTTEN_MORE: usize = 100;
