//! What happens to keys without a caller who asks for just that, noted for those who want to know.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that has happened to a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyEvent {
    /// It was removed because its time was up.
    Expired,
    /// Fields of it, a hash, were removed because their time was up.
    FieldsExpired,
    /// It was removed with the last of its fields that have expired.
    Emptied,
    /// It was removed because it [lives elsewhere](crate::Database::release_moved) now.
    Moved,
    /// It was looked up and is not there.
    Missed,
    /// It has come to be.
    Added,
}

/// What is noted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NotedEvents {
    /// All that changes a key that is there.
    pub changes: bool,
    /// [`KeyEvent::Missed`].
    pub misses: bool,
    /// [`KeyEvent::Added`].
    pub additions: bool,
}

/// An event that was noted.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NotedEvent {
    /// Index of the database.
    pub db: usize,
    /// The key.
    pub key: Box<[u8]>,
    /// What has happened to it.
    pub event: KeyEvent,
}

/// What one database notes, in the list of all of them.
pub(crate) struct Journal {
    pub(crate) noted: NotedEvents,
    /// Keys removed because their time was up.
    pub(crate) expired_keys: u64,
    /// Index of the database.
    pub(crate) db: usize,
    events: Events,
}

/// What was noted of the keys of all databases, in order, until it is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<NotedEvent>>>);

impl Events {
    pub(crate) fn take(&self) -> Vec<NotedEvent> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<NotedEvent>> {
        // Nothing that is done under the lock leaves the list half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    pub(crate) fn new(db: usize, events: Events) -> Self {
        Self { noted: NotedEvents::default(), expired_keys: 0, db, events }
    }

    #[inline]
    pub(crate) fn note_change(&mut self, event: KeyEvent, key: &[u8]) {
        if self.noted.changes {
            self.add(event, key);
        }
    }

    #[inline]
    pub(crate) fn note_miss(&mut self, key: &[u8]) {
        if self.noted.misses {
            self.add(KeyEvent::Missed, key);
        }
    }

    #[inline]
    pub(crate) fn note_addition(&mut self, key: &[u8]) {
        if self.noted.additions {
            self.add(KeyEvent::Added, key);
        }
    }

    #[cold]
    fn add(&mut self, event: KeyEvent, key: &[u8]) {
        self.events.lock().push(NotedEvent { db: self.db, key: key.into(), event });
    }
}
