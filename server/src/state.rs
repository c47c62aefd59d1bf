//! What all commands share beside the keyspace.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use migrate::driver::mio::{Driver, MigrationId};
use resp::Request;
use slab::Slab;

use crate::blocked::Blocked;
use crate::changes::Changes;
use crate::client::Client;
use crate::commands::CommandId;
use crate::config::Config;
use crate::listen::Listeners;
use crate::log::Log;
use crate::monitor::Monitors;
use crate::output_limit::OutputLimits;
use crate::park::Parked;
use crate::pubsub::Subscriptions;
use crate::push::Pushes;
use crate::rate::Rate;
use crate::slow_log::SlowLog;
use crate::tls::Tls;
use crate::tracking::Trackers;
use crate::watch::Watches;

/// The server as commands see it.
pub(crate) struct State {
    pub(crate) config: Config,
    /// 40 hexadecimal characters that name this run.
    pub(crate) run_id: Bytes,
    pub(crate) started_at: Instant,
    /// When the last command ended, or the loop has looked at the clock since: the next command
    /// starts then.
    pub(crate) clock: Instant,
    pub(crate) log: Log,
    pub(crate) listeners: Listeners,
    pub(crate) tls: Tls,
    pub(crate) clients: Slab<Client>,
    pub(crate) migrations: Driver,
    /// Who waits for which migration.
    pub(crate) callers: HashMap<MigrationId, Caller>,
    pub(crate) slow_log: SlowLog,
    pub(crate) monitors: Monitors,
    /// What has changed and has not been told yet.
    pub(crate) changes: Changes,
    pub(crate) blocked: Blocked,
    pub(crate) watches: Watches,
    pub(crate) subscriptions: Subscriptions,
    /// Clients that cache.
    pub(crate) trackers: Trackers,
    /// Messages for clients beside their replies.
    pub(crate) pushes: Pushes,
    /// `client-output-buffer-limit`.
    pub(crate) output_limits: OutputLimits,
    pub(crate) counters: Counters,
    /// Clients that CLIENT KILL ends at the end of the turn: slots and ids.
    pub(crate) killed: Vec<(usize, u64)>,
    /// The limits of requests have changed for everybody.
    pub(crate) limits_changed: bool,
    /// Keys are removed when their time is up, before anybody comes upon them; off only in tests.
    pub(crate) active_expire: bool,
    /// Set by SHUTDOWN and by signals; the loop ends when it sees it.
    pub(crate) shutdown: bool,
}

/// Who asked for a migration, and how: what is told of the command when it has come to its end. The
/// client may be gone by then.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) client: Parked,
    pub(crate) command: CommandId,
    pub(crate) request: Request,
    pub(crate) started_at: Instant,
    pub(crate) address: SocketAddr,
    pub(crate) name: Bytes,
}

impl State {
    /// The client in `slot` had not to wait for frozen keys any more at this time.
    pub(crate) fn end_park(&mut self, slot: usize, ended_at: Instant) {
        if let Some(parked_at) = self.clients[slot].parked_at.take() {
            let park = ended_at.saturating_duration_since(parked_at);
            self.counters.longest_park = self.counters.longest_park.max(park);
        }
    }

    /// Has those who watch what is run told what was run since they were told last, unless they want
    /// no replies now.
    pub(crate) fn tell_monitors(&mut self) {
        let Some((feed, watchers)) = self.monitors.take() else { return };
        // Who watches is connected.
        for watcher in watchers.iter().filter(|it| !self.clients[it.client.0].replies.is_silent()) {
            self.pushes.send_encoded(watcher.client, feed.slice(watcher.from..));
        }
    }

    /// Watched keys have changed: the transactions of these clients are not going to be run.
    pub(crate) fn break_watches(&mut self, clients: Vec<Parked>) {
        for (slot, _) in clients {
            // Who watches is connected: it is forgotten when it is closed.
            self.clients[slot].is_watch_broken = true;
        }
    }

    /// The time, which is also that of [`clock`](Self::clock) now.
    pub(crate) fn read_clock(&mut self) -> Instant {
        self.clock = Instant::now();
        self.clock
    }
}

/// What INFO counts.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) connections_received: u64,
    pub(crate) connections_rejected: u64,
    pub(crate) commands_processed: u64,
    pub(crate) net_input_bytes: u64,
    pub(crate) net_output_bytes: u64,
    pub(crate) error_replies: u64,
    /// The longest that a command has waited for frozen keys.
    pub(crate) longest_park: Duration,
    /// Error replies by their first word.
    pub(crate) errors: HashMap<String, u64>,
    /// By the number of the command.
    commands: Vec<CommandCounters>,
    pub(crate) command_rate: Rate,
    pub(crate) input_rate: Rate,
    pub(crate) output_rate: Rate,
}

/// What INFO counts of one command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CommandCounters {
    pub(crate) calls: u64,
    pub(crate) time: Duration,
    /// Not run: the number of arguments was wrong, or the client may not.
    pub(crate) rejected: u64,
    /// Run and answered with an error.
    pub(crate) failed: u64,
}

impl Counters {
    /// Counts from now on.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            connections_received: 0,
            connections_rejected: 0,
            commands_processed: 0,
            net_input_bytes: 0,
            net_output_bytes: 0,
            error_replies: 0,
            longest_park: Duration::ZERO,
            errors: HashMap::new(),
            commands: vec![CommandCounters::default(); CommandId::all().len()],
            command_rate: Rate::new(now),
            input_rate: Rate::new(now),
            output_rate: Rate::new(now),
        }
    }

    pub(crate) fn command(&self, id: CommandId) -> CommandCounters {
        self.commands[id.index()]
    }

    /// Counts a command that was run.
    pub(crate) fn count_call(&mut self, id: CommandId, time: Duration, failed: bool) {
        self.commands_processed += 1;
        let counters = &mut self.commands[id.index()];
        counters.calls += 1;
        counters.time += time;
        counters.failed += u64::from(failed);
    }

    /// A command that was counted before has failed, or has not.
    pub(crate) fn count_failures(&mut self, id: CommandId, failed: bool) {
        self.commands[id.index()].failed += u64::from(failed);
    }

    /// Counts time that a command took beside that of its call: for an argument that it took as it
    /// arrived, or when it was run again.
    pub(crate) fn count_time(&mut self, id: CommandId, time: Duration) {
        self.commands[id.index()].time += time;
    }

    /// Counts a command that was not run.
    pub(crate) fn count_rejection(&mut self, id: CommandId) {
        self.commands[id.index()].rejected += 1;
    }

    /// Notes how fast the counters grow.
    pub(crate) fn sample(&mut self, now: Instant) {
        self.command_rate.sample(self.commands_processed, now);
        self.input_rate.sample(self.net_input_bytes, now);
        self.output_rate.sample(self.net_output_bytes, now);
    }

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
