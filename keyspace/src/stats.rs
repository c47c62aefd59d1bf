//! Counters for INFO.

/// What has happened in a [`Keyspace`](crate::Keyspace) since the last reset.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Reads that found their key.
    pub keyspace_hits: u64,
    /// Reads that did not.
    pub keyspace_misses: u64,
    /// Keys removed because their time was up.
    pub expired_keys: u64,
    /// Values that wait to be freed off the caller's thread. This one is not reset.
    pub lazyfree_pending_objects: u64,
    /// Values that have been freed off the caller's thread.
    pub lazyfreed_objects: u64,
}
