//! What all commands share beside the keyspace.

use std::collections::HashMap;
use std::time::Instant;

use bytes::Bytes;
use migrate::driver::mio::{Driver, MigrationId};
use slab::Slab;

use crate::client::Client;
use crate::config::Config;

/// The server as commands see it.
pub(crate) struct State {
    pub(crate) config: Config,
    /// 40 hexadecimal characters that name this run.
    pub(crate) run_id: Bytes,
    pub(crate) started_at: Instant,
    pub(crate) clients: Slab<Client>,
    pub(crate) migrations: Driver,
    /// Who waits for which migration: the client's slot and id.
    pub(crate) callers: HashMap<MigrationId, (usize, u64)>,
    pub(crate) counters: Counters,
    /// Set by SHUTDOWN and by signals; the loop ends when it sees it.
    pub(crate) shutdown: bool,
}

/// What INFO counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections_received: u64,
    pub(crate) connections_rejected: u64,
    pub(crate) commands_processed: u64,
    pub(crate) net_input_bytes: u64,
    pub(crate) net_output_bytes: u64,
    pub(crate) error_replies: u64,
    /// Error replies by their first word.
    pub(crate) errors: HashMap<String, u64>,
}

impl Counters {
    /// Counts an error reply under its first word.
    pub(crate) fn count_error(&mut self, line: &[u8]) {
        self.error_replies += 1;
        let word = line.split(|&byte| byte == b' ').next().unwrap_or_default();
        let word = String::from_utf8_lossy(word);
        // The words are ours or a migration target's, but no input may fill the memory.
        if let Some(count) = self.errors.get_mut(&*word) {
            *count += 1;
        } else if self.errors.len() < ERROR_WORDS_MAX {
            self.errors.insert(word.into_owned(), 1);
        }
    }
}

/// How many kinds of errors are told apart.
const ERROR_WORDS_MAX: usize = 128;
