//! What commands, expiry and migrations have changed, for all who want to know.
//!
//! A command that has changed a key says so with one call, [`Context::notify`]. What happens to keys
//! without being asked for, above all that their time is up, is taken from the keyspace, so that all
//! changes stand in one list in the order in which they came about. They are handed out from there
//! after each command, each turn of the migrations and each expire cycle.
//!
//! While nobody wants to know, a change costs the test of one flag.
//!
//! [`Context::notify`]: crate::commands::Context::notify

use std::collections::VecDeque;

use bytes::Bytes;
use keyspace::{KeyEvent, Keyspace, NotedEvent, NotedEvents};

use crate::notifications::EventFlags;
use crate::state::State;

/// The changes that have not been taken yet.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Who wants to know, a bit each.
    consumers: u8,
    /// Of which events keyspace notifications tell.
    notified: EventFlags,
    /// What the keyspace has been told to note.
    noted: NotedEvents,
    list: VecDeque<Change>,
}

/// Something that has changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    /// An event of one key.
    Key(KeyChange),
    /// All keys of a database, or of all databases, were removed.
    Flushed,
}

/// An event of one key, as keyspace notifications tell it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct KeyChange {
    pub(crate) db: usize,
    pub(crate) key: Bytes,
    pub(crate) class: Class,
    pub(crate) event: &'static str,
    /// The id of the client whose command it was; nobody's, if a key expired or was moved away.
    pub(crate) client: Option<u64>,
    /// What clients that watch or cache the key have seen of it may be different now.
    pub(crate) is_modified: bool,
}

/// Who may want to know of changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Consumer {
    /// Clients that watch keys.
    Watches,
    /// Clients that wait for elements.
    Blocked,
    /// Keyspace notifications, while anybody is subscribed.
    Notifications,
    /// Clients that cache.
    Trackers,
}

/// The class of an event: a letter of `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Class(u16);

/// Some classes of events.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Classes(u16);

impl Changes {
    /// A consumer may want to know of changes from now on.
    pub(crate) fn want(&mut self, consumer: Consumer) {
        self.consumers |= consumer.bit();
    }

    /// A consumer wants to know of changes only if this is so.
    fn want_if(&mut self, consumer: Consumer, wanted: bool) {
        self.consumers &= !consumer.bit();
        self.consumers |= if wanted { consumer.bit() } else { 0 };
    }

    /// Keyspace notifications are wanted of these events.
    pub(crate) fn want_notifications(&mut self, flags: EventFlags) {
        self.notified = flags;
        self.want(Consumer::Notifications);
    }

    /// Of which events keyspace notifications tell.
    pub(crate) fn notified(&self) -> EventFlags {
        self.notified
    }

    /// Whether anybody wants to know.
    #[inline]
    pub(crate) fn are_wanted(&self) -> bool {
        self.consumers != 0
    }

    /// Whether there is nothing to be taken, nor will be.
    #[inline]
    pub(crate) fn are_idle(&self) -> bool {
        self.consumers == 0 && !self.noted.changes
    }

    /// Adds a change, after those that the keyspace has noted.
    pub(crate) fn add(&mut self, change: KeyChange, keyspace: &mut Keyspace) {
        self.take_noted(keyspace);
        if change.class.is_change() || self.notified.tell(change.class) {
            self.list.push_back(Change::Key(change));
        }
    }

    /// Adds that databases are about to be flushed.
    pub(crate) fn add_flush(&mut self, keyspace: &mut Keyspace) {
        self.take_noted(keyspace);
        self.list.push_back(Change::Flushed);
    }

    /// Adds what the keyspace has noted, and has it note what is wanted now.
    fn collect(&mut self, keyspace: &mut Keyspace) {
        self.take_noted(keyspace);
        let are_told = self.consumers & Consumer::Notifications.bit() != 0;
        let noted = NotedEvents {
            changes: self.are_wanted(),
            misses: are_told && self.notified.tell(Class::MISSED),
            additions: are_told && self.notified.tell(Class::NEW),
        };
        if std::mem::replace(&mut self.noted, noted) != noted {
            keyspace.note_events(noted);
        }
    }

    fn take_noted(&mut self, keyspace: &mut Keyspace) {
        for NotedEvent { db, key, event, .. } in keyspace.take_events() {
            let Some((class, event)) = class_and_name(event) else { continue };
            let key = Bytes::from(key);
            self.list.push_back(Change::Key(KeyChange {
                db,
                key,
                class,
                event,
                client: None,
                is_modified: true,
            }));
        }
    }
}

impl State {
    /// Tells all who want to know of the changes since this was called last: after each command of a
    /// client, and whatever else may change keys.
    #[inline]
    pub(crate) fn hand_out_changes(&mut self, keyspace: &mut Keyspace, client: Option<u64>) {
        if !self.changes.are_idle() {
            self.hand_out(keyspace, client);
        }
    }

    #[cold]
    fn hand_out(&mut self, keyspace: &mut Keyspace, client: Option<u64>) {
        let Self { changes, watches, blocked, trackers, subscriptions, .. } = self;
        let are_heard = changes.notified.tell_any() && !subscriptions.is_empty();
        changes.want_if(Consumer::Notifications, are_heard);
        changes.want_if(Consumer::Watches, watches.keys_len() > 0);
        changes.want_if(Consumer::Blocked, blocked.keys_len() > 0);
        changes.want_if(Consumer::Trackers, trackers.clients_len() > 0);
        changes.collect(keyspace);
        while let Some(change) = self.changes.list.pop_front() {
            match change {
                Change::Key(change) => self.hand_out_key(&change, client),
                // Those who watch or wait for keys of them were told by the command.
                Change::Flushed => self.invalidate_all(),
            }
        }
    }

    fn hand_out_key(&mut self, change: &KeyChange, client: Option<u64>) {
        let KeyChange { db, key, class, .. } = change;
        if class.is_change() {
            self.blocked.key_changed(*db, key);
        }
        if class.is_change() && change.is_modified {
            let touched = self.watches.touch(*db, key, *class == Class::EXPIRED);
            self.break_watches(touched);
            self.invalidate(change, client);
        }
        self.publish_event(change);
    }
}

impl Consumer {
    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Class {
    pub(crate) const GENERIC: Self = Self(1 << 0);
    pub(crate) const STRING: Self = Self(1 << 1);
    pub(crate) const LIST: Self = Self(1 << 2);
    pub(crate) const SET: Self = Self(1 << 3);
    pub(crate) const HASH: Self = Self(1 << 4);
    pub(crate) const SORTED_SET: Self = Self(1 << 5);
    pub(crate) const EXPIRED: Self = Self(1 << 6);
    pub(crate) const EVICTED: Self = Self(1 << 7);
    pub(crate) const STREAM: Self = Self(1 << 8);
    pub(crate) const MODULE: Self = Self(1 << 9);
    /// A key was looked up and is not there.
    pub(crate) const MISSED: Self = Self(1 << 10);
    /// A key has come to be; another event tells how.
    pub(crate) const NEW: Self = Self(1 << 11);
    /// A key has changed in a way that no event tells of, nor any letter.
    pub(crate) const UNTOLD: Self = Self(1 << 12);

    /// Whether events of this class change anything.
    pub(crate) fn is_change(self) -> bool {
        self != Self::MISSED && self != Self::NEW
    }
}

impl Classes {
    pub(crate) fn add(&mut self, class: Class) {
        self.0 |= class.0;
    }

    pub(crate) fn contain(self, class: Class) -> bool {
        self.0 & class.0 != 0
    }
}

/// The event of keyspace notifications that this is.
fn class_and_name(event: KeyEvent) -> Option<(Class, &'static str)> {
    Some(match event {
        KeyEvent::Expired => (Class::EXPIRED, "expired"),
        KeyEvent::FieldsExpired => (Class::HASH, "hexpired"),
        KeyEvent::Emptied | KeyEvent::Moved => (Class::GENERIC, "del"),
        KeyEvent::Missed => (Class::MISSED, "keymiss"),
        KeyEvent::Added => (Class::NEW, "new"),
        _ => return None,
    })
}
