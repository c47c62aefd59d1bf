//! What commands, expiry and migrations have changed, for all who want to know.
//!
//! A command that has changed a key says so with one call, [`Context::notify`]. What happens to keys
//! without being asked for, above all that their time is up, is taken from the keyspace, so that all
//! changes stand in one list in the order in which they came about. The event loop takes them from
//! there after each command, each turn of the migrations and each expire cycle.
//!
//! While nobody wants to know, a change costs the test of one flag.
//!
//! [`Context::notify`]: crate::commands::Context::notify

use std::collections::VecDeque;

use bytes::Bytes;
use keyspace::{KeyEvent, Keyspace, NotedEvents};

/// The changes that have not been taken yet.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Who wants to know, a bit each.
    consumers: u8,
    /// Of which events keyspace notifications tell.
    notified: Classes,
    /// What the keyspace has been told to note.
    noted: NotedEvents,
    list: VecDeque<Change>,
}

/// Something that has changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    /// An event of one key.
    Key(KeyChange),
    /// All keys of a database, or of all databases, were removed. What was there before, who wants to
    /// know has to know.
    Flushed { db: Option<usize> },
    /// Two databases were exchanged.
    Swapped { left: usize, right: usize },
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
}

/// Who may want to know of changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Consumer {
    /// Clients that watch keys.
    Watches,
    /// Clients that wait for elements.
    Blocked,
    /// Keyspace notifications.
    Notifications,
}

/// The class of an event: a letter of `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Class(u16);

/// Some classes of events.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Classes(u16);

impl Changes {
    /// A consumer wants to know of changes from now on, or does not any more.
    pub(crate) fn want(&mut self, consumer: Consumer, wanted: bool) {
        let bit = 1 << consumer as u8;
        self.consumers = if wanted { self.consumers | bit } else { self.consumers & !bit };
    }

    /// Keyspace notifications are wanted as these letters of `notify-keyspace-events` say.
    pub(crate) fn want_notifications(&mut self, letters: &[u8]) {
        self.notified = Classes::of_letters(letters);
        self.want(Consumer::Notifications, self.notified != Classes::default());
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

    /// Adds a change, after those that the keyspace has noted in its database.
    pub(crate) fn add(&mut self, change: KeyChange, keyspace: &mut Keyspace) {
        self.collect_database(change.db, keyspace);
        if change.class.is_change() || self.notified.contain(change.class) {
            self.list.push_back(Change::Key(change));
        }
    }

    /// Adds a change of whole databases, about to be made.
    pub(crate) fn add_databases(&mut self, change: Change, keyspace: &mut Keyspace) {
        self.collect(keyspace);
        self.list.push_back(change);
    }

    /// Adds what the keyspace has noted, and has it note what is wanted now.
    pub(crate) fn collect(&mut self, keyspace: &mut Keyspace) {
        if self.noted.changes {
            for db in 0..keyspace.database_count() {
                self.collect_database(db, keyspace);
            }
        }
        let noted = NotedEvents {
            changes: self.are_wanted(),
            misses: self.notified.contain(Class::MISSED),
            additions: self.notified.contain(Class::NEW),
        };
        if std::mem::replace(&mut self.noted, noted) != noted {
            keyspace.note_events(noted);
        }
    }

    /// Takes the oldest change.
    pub(crate) fn take(&mut self) -> Option<Change> {
        self.list.pop_front()
    }

    fn collect_database(&mut self, db: usize, keyspace: &mut Keyspace) {
        for (event, key) in keyspace.database_mut(db).take_events() {
            let Some((class, event)) = class_and_name(event) else { continue };
            let key = Bytes::from(key);
            self.list.push_back(Change::Key(KeyChange { db, key, class, event, client: None }));
        }
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

    /// The class of this letter.
    fn of_letter(letter: u8) -> Option<Self> {
        Some(match letter {
            b'g' => Self::GENERIC,
            b'$' => Self::STRING,
            b'l' => Self::LIST,
            b's' => Self::SET,
            b'h' => Self::HASH,
            b'z' => Self::SORTED_SET,
            b'x' => Self::EXPIRED,
            b'e' => Self::EVICTED,
            b't' => Self::STREAM,
            b'd' => Self::MODULE,
            b'm' => Self::MISSED,
            b'n' => Self::NEW,
            _ => return None,
        })
    }
}

impl Classes {
    /// Those that the letters of `notify-keyspace-events` name; `A` is all but misses and new keys.
    pub(crate) fn of_letters(letters: &[u8]) -> Self {
        letters.iter().fold(Self::default(), |classes, letter| match letter {
            b'A' => Self(classes.0 | ALL),
            letter => Self(classes.0 | Class::of_letter(*letter).map_or(0, |class| class.0)),
        })
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

/// All classes but misses and new keys.
const ALL: u16 = Class::MISSED.0 - 1;
