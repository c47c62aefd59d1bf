//! All databases of a server.

use crate::access::AccessPolicy;
use crate::database::Database;
use crate::hash::NameHasher;
use crate::journal::{Events, Journal, NotedEvent, NotedEvents};
use crate::release::Releaser;
use crate::stats::Stats;
use crate::value::Value;

/// A fixed number of databases, what they count together, and the thread that frees for them.
///
/// Dropping a keyspace ends that thread and waits for it.
#[derive(Debug)]
pub struct Keyspace {
    databases: Vec<Database>,
    /// Where the next expire cycle begins.
    next_to_expire: usize,
    releaser: Releaser,
    events: Events,
}

impl Keyspace {
    /// Empty databases, whose keys are hashed under a random seed.
    pub fn new(database_count: usize) -> Self {
        let hasher = NameHasher::with_random_seed();
        let releaser = Releaser::default();
        let events = Events::default();
        let database = |index| {
            let journal = Journal::new(index, events.clone());
            Database::new(hasher.clone(), releaser.clone(), journal)
        };
        let databases = (0..database_count).map(database).collect();
        Self { databases, next_to_expire: 0, releaser, events }
    }

    /// Number of databases.
    pub fn database_count(&self) -> usize {
        self.databases.len()
    }

    /// The database with this index.
    ///
    /// # Panics
    /// If there is none.
    pub fn database(&self, index: usize) -> &Database {
        &self.databases[index]
    }

    /// The database with this index, to change it.
    ///
    /// # Panics
    /// If there is none.
    pub fn database_mut(&mut self, index: usize) -> &mut Database {
        &mut self.databases[index]
    }

    /// Every database, by index.
    pub fn iter(&self) -> impl Iterator<Item = &Database> {
        self.databases.iter()
    }

    /// Exchanges two databases under their indices, with all that belongs to them: held freezes and
    /// counters too.
    ///
    /// # Panics
    /// If a key of either is frozen.
    pub fn swap_databases(&mut self, left: usize, right: usize) {
        for index in [left, right] {
            assert_eq!(self.databases[index].frozen_len(), 0, "a swap waits for frozen keys");
        }
        self.databases.swap(left, right);
        for index in [left, right] {
            self.databases[index].set_index(index);
        }
    }

    /// Removes keys and fields of hashes whose time is up, frozen keys excepted, and returns how many.
    ///
    /// A call removes no more than `removed_max`; if that many, there may be more. The next call begins
    /// with the next database. One where nothing is due costs a few nanoseconds.
    pub fn expire_cycle(&mut self, now_ms: i64, removed_max: usize) -> usize {
        let mut removed = 0;
        for _ in 0..self.databases.len() {
            if removed == removed_max {
                break;
            }
            let database = &mut self.databases[self.next_to_expire];
            removed += database.expire_due(now_ms, removed_max - removed);
            self.next_to_expire = (self.next_to_expire + 1) % self.databases.len();
        }
        removed
    }

    /// Has a value freed off this thread if it is large: for the last handle of one that was frozen.
    pub fn release(&self, value: Value) {
        self.releaser.release_value(value);
    }

    /// Has anything else freed off this thread that may be large, as a value that was not completed.
    pub fn release_other(&self, garbage: impl Send + 'static) {
        self.releaser.release(0, garbage);
    }

    /// Has `after` called, on the thread that frees large values, whenever it has freed all there is:
    /// so that an allocator that gives memory back later can be told to do it there. To be set before
    /// anything is removed.
    pub fn set_after_release(&mut self, after: fn()) {
        self.releaser.set_after(after);
    }

    /// Has what was [set](Self::set_after_release) called on that thread now, for what other threads have
    /// freed.
    pub fn call_after_release(&self) {
        self.releaser.release(0, ());
    }

    /// From now on notes these events of all databases, until they are [taken](Self::take_events).
    /// What is not noted costs nothing.
    ///
    /// Whoever has them noted has to take them again and again: a command may cause as many as it has
    /// arguments, a call of [`expire_cycle`](Self::expire_cycle) as many as it removes keys.
    pub fn note_events(&mut self, noted: NotedEvents) {
        for database in &mut self.databases {
            database.note_events(noted);
        }
    }

    /// What was [noted](Self::note_events) since this was called last, in order.
    pub fn take_events(&mut self) -> Vec<NotedEvent> {
        self.events.take()
    }

    /// Chooses what access records are kept for.
    pub fn set_access_policy(&mut self, policy: AccessPolicy) {
        for database in &mut self.databases {
            database.set_access_policy(policy);
        }
    }

    /// The counters of all databases together.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            lazyfree_pending_objects: self.releaser.pending(),
            lazyfreed_objects: self.releaser.released(),
            ..Stats::default()
        };
        for database in &self.databases {
            database.add_stats(&mut stats);
        }
        stats
    }

    /// Sets the counters to zero, except for what is pending.
    pub fn reset_stats(&mut self) {
        self.releaser.reset_released();
        for database in &mut self.databases {
            database.reset_stats();
        }
    }

    /// Whether any key of any database is frozen.
    pub fn any_frozen(&self) -> bool {
        self.databases.iter().any(|database| database.frozen_len() > 0)
    }
}
