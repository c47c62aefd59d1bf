//! The commands that took longest to come to an end, for SLOWLOG.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::shown::Shown;

/// The last slow commands.
#[derive(Debug)]
pub(crate) struct SlowLog {
    /// `slowlog-log-slower-than`; `None` turns the log off.
    slower_than: Option<Duration>,
    /// `slowlog-max-len`.
    len_max: usize,
    /// The latest first.
    entries: VecDeque<Entry>,
    next_id: u64,
}

/// A slow command.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    /// When it ended, in Unix seconds.
    pub(crate) unix_seconds: i64,
    pub(crate) time: Duration,
    /// At most [`ARGUMENTS_MAX`], each little longer than [`ARGUMENT_BYTES_MAX`].
    pub(crate) arguments: Vec<Bytes>,
    pub(crate) address: SocketAddr,
    pub(crate) client_name: Bytes,
}

impl SlowLog {
    /// An empty log.
    pub(crate) fn new(slower_than: Option<Duration>, len_max: usize) -> Self {
        Self { slower_than, len_max, entries: VecDeque::new(), next_id: 0 }
    }

    /// Changes what is logged. A log that is too long by now is cut by the next entry, as in Redis.
    pub(crate) fn configure(&mut self, slower_than: Option<Duration>, len_max: usize) {
        (self.slower_than, self.len_max) = (slower_than, len_max);
    }

    /// Whether a command that took so long is logged.
    #[inline]
    pub(crate) fn takes(&self, time: Duration) -> bool {
        self.slower_than.is_some_and(|slower_than| time >= slower_than) && self.len_max > 0
    }

    /// Logs a command.
    pub(crate) fn push(
        &mut self,
        shown: &Shown<'_>,
        time: Duration,
        unix_ms: i64,
        address: SocketAddr,
        client_name: Bytes,
    ) {
        let id = self.next_id;
        self.next_id += 1;
        let arguments = shown.arguments(ARGUMENTS_MAX, ARGUMENT_BYTES_MAX).map(Bytes::from_owner);
        self.entries.push_front(Entry {
            id,
            unix_seconds: unix_ms / 1000,
            time,
            arguments: arguments.collect(),
            address,
            client_name,
        });
        self.entries.truncate(self.len_max);
    }

    /// The entries, the latest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets all entries, but not how many there were: numbers are not used again.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Arguments that are kept of a command, as in Redis.
const ARGUMENTS_MAX: usize = 32;

/// Bytes that are kept of an argument, as in Redis.
const ARGUMENT_BYTES_MAX: usize = 128;
