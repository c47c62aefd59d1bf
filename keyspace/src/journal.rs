//! What happens to keys without a caller who asks for just that, noted for those who want to know.

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

/// What was noted of the keys of a database, in order, until it is taken.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) noted: NotedEvents,
    /// Keys removed because their time was up.
    pub(crate) expired_keys: u64,
    events: Vec<(KeyEvent, Box<[u8]>)>,
}

impl Journal {
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

    /// What was noted since it was taken last.
    pub(crate) fn take(&mut self) -> Vec<(KeyEvent, Box<[u8]>)> {
        std::mem::take(&mut self.events)
    }

    #[cold]
    fn add(&mut self, event: KeyEvent, key: &[u8]) {
        self.events.push((event, key.into()));
    }
}
