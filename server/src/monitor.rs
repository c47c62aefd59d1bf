//! What clients that sent MONITOR are told: every command of everybody, as it is run.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};

use crate::park::Parked;
use crate::quote::Quoted;
use crate::shown::Shown;

/// The clients that watch, and what they have not been told yet.
#[derive(Debug, Default)]
pub(crate) struct Monitors {
    watchers: Vec<Watcher>,
    /// Lines for all of them.
    feed: BytesMut,
}

/// A client that watches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watcher {
    /// Its slot and id.
    pub(crate) client: Parked,
    /// Where in the feed it begins: what stands before was run before it came.
    pub(crate) from: usize,
}

impl Monitors {
    /// Whether anybody watches.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        !self.watchers.is_empty()
    }

    /// A client begins to watch.
    pub(crate) fn add(&mut self, client: Parked) {
        self.watchers.push(Watcher { client, from: self.feed.len() });
    }

    /// The client with this id does not watch any more.
    pub(crate) fn remove(&mut self, client_id: u64) {
        self.watchers.retain(|watcher| watcher.client.1 != client_id);
    }

    /// Tells of a command that was run in database `db` for the client at this address.
    pub(crate) fn tell(&mut self, db: usize, address: SocketAddr, shown: &Shown<'_>) {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (seconds, microseconds) = (unix.as_secs(), unix.subsec_micros());
        let mut add = |text: fmt::Arguments<'_>| {
            self.feed.write_fmt(text).expect("a buffer takes everything");
        };
        add(format_args!("+{seconds}.{microseconds:06} [{db} {address}]"));
        for argument in shown.arguments(ARGUMENTS_MAX, ARGUMENT_BYTES_MAX) {
            add(format_args!(" {}", Quoted(&argument)));
        }
        add(format_args!("\r\n"));
    }

    /// Whether what waits to be told is much.
    pub(crate) fn is_full(&self) -> bool {
        self.feed.len() >= FEED_BYTES_MAX
    }

    /// Takes what waits to be told, and who is to be told it.
    pub(crate) fn take(&mut self) -> Option<(Bytes, Vec<Watcher>)> {
        if self.feed.is_empty() {
            return None;
        }
        let watchers = self.watchers.clone();
        self.watchers.iter_mut().for_each(|watcher| watcher.from = 0);
        Some((self.feed.split().freeze(), watchers))
    }
}

/// As much as this is told before the turn ends.
const FEED_BYTES_MAX: usize = 1 << 20;

/// Bytes of an argument, and arguments, that are told: Redis tells all, and waits for it.
const ARGUMENT_BYTES_MAX: usize = 64 << 10;
const ARGUMENTS_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_later_is_not_told_what_was_run_before() {
        let mut monitors = Monitors::default();
        monitors.add((0, 1));
        monitors.feed.extend_from_slice(b"early");
        monitors.add((1, 2));
        monitors.feed.extend_from_slice(b" late");
        let (feed, watchers) = monitors.take().expect("there is something to tell");
        let told: Vec<_> = watchers.iter().map(|watcher| &feed[watcher.from..]).collect();
        assert_eq!(told, [&b"early late"[..], b" late"]);
        monitors.feed.extend_from_slice(b"more");
        assert!(monitors.take().expect("more").1.iter().all(|watcher| watcher.from == 0));
        monitors.remove(1);
        assert!(monitors.is_watched());
        monitors.remove(2);
        assert!(!monitors.is_watched());
    }
}
