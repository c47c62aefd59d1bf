//! The event loop: one thread that serves every client and moves every migration, a bounded piece
//! of work at a time.

mod blocked;
mod output;
mod secure;
mod serve;
mod transaction;

use std::collections::{BTreeSet, VecDeque};
use std::io::ErrorKind;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use keyspace::Keyspace;
use migrate::driver::mio::{Driver, DriverEvent, MigrationId};
use migrate::driver::transport::Transport;
use migrate::{Now, Outcome};
use mio::{Events, Interest, Poll, Token, Waker};
use resp::{RequestDecoder, RequestLimits};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;
use slab::Slab;

use crate::allocator;
use crate::blocked::Blocked;
use crate::changes::Changes;
use crate::client::{Client, Stage};
use crate::commands::{CommandError, Reply};
use crate::config::Config;
use crate::connection::Connection;
use crate::listen::{self, Accepted, Listeners};
use crate::log::Log;
use crate::monitor::Monitors;
use crate::park::{Lot, Parked};
use crate::random;
use crate::shown::Shown;
use crate::slow_log::SlowLog;
use crate::state::{Counters, State};
use crate::tls::Tls;
use crate::watch::Watches;

/// A server that is ready to run.
pub(crate) struct EventLoop {
    poll: Poll,
    signals: Signals,
    connections: Slab<Connection>,
    /// Connections with something to do, each at most once.
    ready: VecDeque<usize>,
    lot: Lot,
    /// Whose answers are kept, or were, and until when: the earliest first.
    keepers: VecDeque<(Instant, Parked)>,
    keyspace: Keyspace,
    state: State,
    /// Listeners at which connections may wait that could not be accepted.
    accept_again: BTreeSet<usize>,
    /// Time that this turn has spent on handshakes of TLS.
    handshakes_took: Duration,
    next_client_id: u64,
    next_cron: Instant,
    next_expire: Instant,
    next_give_back: Instant,
}

impl EventLoop {
    /// Binds every address and port of the configuration, and reads what TLS needs.
    pub(crate) fn bind(config: Config, log: Log) -> anyhow::Result<Self> {
        let mut tls = Tls::default();
        tls.reload(&config).context("Failed to configure TLS")?;
        let poll = Poll::new().context("cannot create an event queue")?;
        let registry = poll.registry();
        let listeners = Listeners::bind(&config, registry.try_clone()?, FIRST_LISTENER)?;
        let mut signals = Signals::new([SIGINT, SIGTERM]).context("cannot watch for signals")?;
        registry.register(&mut signals, SIGNALS, Interest::READABLE)?;
        let waker = Arc::new(Waker::new(registry, WAKER)?);
        let run_id = random::run_id();
        let mut migrations =
            Driver::new(registry.try_clone()?, FIRST_MIGRATION, waker, run_id.clone());
        migrations.set_bytes_per_second_max(config.migrate_max_bytes_per_second());
        let slow_log = SlowLog::new(config.slowlog_log_slower_than(), config.slowlog_max_len());
        let mut keyspace = Keyspace::new(config.databases());
        keyspace.set_access_policy(config.access_policy());
        keyspace.set_after_release(allocator::give_back);
        let mut changes = Changes::default();
        changes.want_notifications(config.notify_keyspace_events());
        let started_at = Instant::now();
        let output_limits = config.output_limits();
        let state = State {
            output_limits,
            config,
            run_id,
            started_at,
            clock: started_at,
            log,
            listeners,
            tls,
            clients: Slab::new(),
            migrations,
            callers: Default::default(),
            slow_log,
            monitors: Monitors::default(),
            changes,
            blocked: Blocked::default(),
            watches: Watches::default(),
            subscriptions: Default::default(),
            pushes: Default::default(),
            trackers: Default::default(),
            counters: Counters::new(started_at),
            killed: Vec::new(),
            limits_changed: false,
            active_expire: true,
            shutdown: false,
        };
        Ok(Self {
            poll,
            signals,
            connections: Slab::new(),
            ready: VecDeque::new(),
            lot: Lot::default(),
            keepers: VecDeque::new(),
            keyspace,
            state,
            accept_again: BTreeSet::new(),
            handshakes_took: Duration::ZERO,
            next_client_id: 1,
            next_cron: Instant::now(),
            next_expire: Instant::now(),
            next_give_back: Instant::now() + GIVE_BACK_PERIOD,
        })
    }

    /// Serves until SHUTDOWN, SIGTERM or SIGINT.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut awake_since = Instant::now();
        while !self.state.shutdown {
            let patience = self.patience();
            let sleeps = !patience.is_zero();
            // A loop that never sleeps keeps its CPU until the system's next tick, which takes
            // milliseconds, while a client or a target is ready to run on it.
            let yields = !sleeps && awake_since.elapsed() >= AWAKE_TIME_MAX;
            if yields {
                thread::yield_now();
            }
            match self.poll.poll(&mut events, Some(patience)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result.context("cannot wait for events")?,
            }
            let now = now();
            if sleeps || yields {
                awake_since = now.instant;
            }
            self.handle_events(&events, now);
            self.move_migrations(now);
            self.resume_woken(now);
            self.handshakes_took = Duration::ZERO;
            self.send_kept(now);
            let out_of_time = self.state.migrations.has_work();
            self.serve_ready(now);
            // What has just begun need not wait for the next turn, unless others do.
            if !out_of_time && self.state.migrations.has_work() {
                self.move_migrations(now);
            }
            self.serve_blocked(now);
            self.end_waits(now);
            self.state.tell_monitors();
            if self.next_cron <= now.instant {
                self.cron(now);
            }
            if self.next_expire <= now.instant {
                self.expire(now);
            }
            self.state.broadcast_invalidations();
            self.deliver_pushes();
            self.apply_changes();
        }
        self.flush_kept();
        tracing::info!("bye");
        Ok(())
    }

    /// How long the loop may sleep.
    fn patience(&self) -> Duration {
        if !self.ready.is_empty() || self.lot.has_woken() || self.state.migrations.has_work() {
            return Duration::ZERO;
        }
        let deadlines = [
            self.state.migrations.poll_timeout(),
            self.state.blocked.next_deadline(),
            self.keepers.front().map(|(until, _)| *until),
        ];
        let own = self.next_cron.min(self.next_expire);
        let next = deadlines.into_iter().flatten().fold(own, Instant::min);
        next.saturating_duration_since(Instant::now())
    }

    /// Takes note of what the poll says.
    fn handle_events(&mut self, events: &Events, now: Now) {
        for event in events {
            match event.token() {
                SIGNALS => self.handle_signals(),
                WAKER => {}
                token if self.state.migrations.owns(token) => {
                    self.state.migrations.handle_event(event);
                }
                Token(listener) if listener < FIRST_CLIENT => {
                    self.accept(listener, now);
                }
                Token(client) => {
                    let slot = client - FIRST_CLIENT;
                    if let Some(connection) = self.connections.get_mut(slot) {
                        connection.read_closed |= event.is_read_closed() || event.is_error();
                        connection.readable |= event.is_readable() || connection.read_closed;
                        connection.writable |= event.is_writable();
                        self.enqueue(slot);
                    }
                }
            }
        }
    }

    /// Gives a share to each client that has something to do. Those whose argument is taken as it
    /// arrives have one budget together: the others of a turn wait for all of them.
    fn serve_ready(&mut self, now: Now) {
        let mut incoming_took = Duration::ZERO;
        for _ in 0..self.ready.len() {
            let Some(slot) = self.ready.pop_front() else { break };
            let Some(connection) = self.connections.get_mut(slot) else { continue };
            connection.queued = false;
            let takes_argument = self.state.clients[slot].incoming.is_some();
            if takes_argument && incoming_took >= INCOMING_TIME_MAX {
                self.enqueue(slot);
                continue;
            }
            let started_at = takes_argument.then(|| self.state.read_clock());
            self.serve(slot, now);
            if let Some(started_at) = started_at {
                incoming_took += self.state.read_clock() - started_at;
            }
            if self.state.monitors.is_full() {
                self.state.tell_monitors();
                self.deliver_pushes();
            }
        }
    }

    fn handle_signals(&mut self) {
        for signal in self.signals.pending() {
            tracing::info!(signal, "received a signal, shutting down");
            self.state.shutdown = true;
        }
    }

    fn accept(&mut self, listener: usize, now: Now) {
        loop {
            match self.state.listeners.accept(listener) {
                Ok(accepted) => {
                    let address = accepted.address;
                    if let Err(error) = self.admit(accepted, now) {
                        tracing::warn!(%error, %address, "cannot admit a client");
                    }
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    // Out of file descriptors, for one. No event tells when there are some again.
                    tracing::warn!(%error, "cannot accept a connection");
                    self.accept_again.insert(listener);
                    return;
                }
            }
        }
    }

    fn admit(&mut self, accepted: Accepted, now: Now) -> anyhow::Result<()> {
        let Accepted { stream, address, tls } = accepted;
        let config = &self.state.config;
        let counters = &mut self.state.counters;
        counters.connections_received += 1;
        if self.connections.len() >= config.maxclients() {
            counters.connections_rejected += 1;
            // Over TLS there can be no word before the handshake, which costs us more than it
            // costs the client.
            if !tls {
                listen::refuse(stream, b"-ERR max number of clients reached\r\n");
            }
            return Ok(());
        }
        if let Err(error) = listen::tune(&stream, config) {
            tracing::warn!(%error, "cannot set up the socket of a client");
        }
        let authenticated = config.requirepass().is_none();
        let is_local = address.ip().to_canonical().is_loopback();
        let refused = authenticated && config.protected_mode() && !is_local;
        if refused {
            counters.connections_rejected += 1;
            if !tls {
                listen::refuse(stream, PROTECTED.as_bytes());
                return Ok(());
            }
        }
        let mut client = Client::new(
            self.next_client_id,
            address,
            stream.local_addr()?,
            stream.as_raw_fd(),
            authenticated,
            now,
        );
        self.next_client_id += 1;
        let transport = if tls { self.state.tls.accept(stream)? } else { Transport::plain(stream) };
        let limits = request_limits(config, authenticated);
        let entry = self.connections.vacant_entry();
        let slot = entry.key();
        let connection = entry.insert(Connection::new(transport, RequestDecoder::new(limits)));
        if refused {
            // It hears why after the handshake.
            connection.out.tail().extend_from_slice(PROTECTED.as_bytes());
            client.closing = true;
        }
        // Both slabs are filled and emptied together, so their slots agree.
        let client_slot = self.state.clients.insert(client);
        assert_eq!(slot, client_slot, "a client's two halves have one slot");
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Token(FIRST_CLIENT + slot);
        if let Err(error) =
            self.poll.registry().register(connection.transport.stream_mut(), token, interest)
        {
            self.connections.remove(slot);
            self.state.clients.remove(slot);
            return Err(error.into());
        }
        Ok(())
    }

    /// Moves the migrations, and has their callers answered and those who wait for keys go on.
    fn move_migrations(&mut self, now: Now) {
        self.state.migrations.turn(&mut self.keyspace, now);
        self.state.hand_out_changes(&mut self.keyspace, None);
        self.handle_migration_events(now);
    }

    fn handle_migration_events(&mut self, now: Now) {
        let mut released = false;
        while let Some(event) = self.state.migrations.poll_event() {
            match event {
                DriverEvent::Released { .. } if self.lot.is_empty() => {}
                DriverEvent::Released { db, key } => {
                    self.lot.wake_key(db, key);
                    released = true;
                }
                DriverEvent::Finished { id, outcome } => self.finish_migration(id, outcome, now),
            }
        }
        if released {
            let keyspace = &self.keyspace;
            self.lot.wake_databases(|db| match db {
                Some(db) => keyspace.database(db).frozen_len() > 0,
                None => keyspace.any_frozen(),
            });
        }
    }

    /// Answers the caller of a migration, if it is still there: one that has hung up cancels
    /// nothing.
    ///
    /// The command has taken the time from its call to its reply, as it would in Redis, where it has
    /// that time to itself.
    fn finish_migration(&mut self, id: MigrationId, outcome: Outcome, now: Now) {
        let Some(caller) = self.state.callers.remove(&id) else { return };
        let reply = outcome.reply();
        let time = self.state.read_clock() - caller.started_at;
        self.state.counters.count_call(caller.command, time, reply.is_err());
        if self.state.slow_log.takes(time) {
            let shown = Shown::new(caller.command, &caller.request, None);
            self.state.slow_log.push(&shown, time, now.unix_ms, caller.address, caller.name);
        }
        let Some(slot) = self.slot_of(caller.client) else { return };
        self.answer(slot, reply.map(Reply::Status).map_err(CommandError::Line));
        // Of a transaction this is one command.
        if self.state.clients[slot].stage == Stage::Waiting {
            self.state.clients[slot].stage = Stage::Open;
            self.end_request(slot);
        }
        // Not served here: another client's transaction may be what this migration ends in.
        self.enqueue(slot);
    }

    /// Runs the requests of those who need not wait any more, in the order in which they came, for
    /// as long as one share of a turn.
    fn resume_woken(&mut self, now: Now) {
        if !self.lot.has_woken() {
            return;
        }
        let ends_at = self.state.read_clock() + SHARE_TIME_MAX;
        while self.state.clock < ends_at {
            let Some(woken) = self.lot.take_woken() else { break };
            let slot = self.slot_of(woken.client).expect("who is gone is not in the lot");
            self.state.clients[slot].stage = Stage::Open;
            let woken_at = self.state.clock;
            self.execute(slot, now, Some(woken));
            if self.state.clients[slot].stage != Stage::Parked {
                self.state.end_park(slot, woken_at);
            }
            self.enqueue(slot);
        }
        self.hold_databases();
    }

    /// Keeps keys from being frozen where somebody waits for the whole database.
    fn hold_databases(&mut self) {
        for db in 0..self.keyspace.database_count() {
            self.keyspace.database_mut(db).hold_freezes(self.lot.holds_database(db));
        }
        if !self.lot.holds_databases() {
            self.state.migrations.retry_blocked();
        }
    }

    /// The client's slot, if it is still connected.
    fn slot_of(&self, (slot, id): Parked) -> Option<usize> {
        self.state.clients.get(slot).filter(|client| client.id == id).map(|_| slot)
    }

    /// What is done ten times a second.
    fn cron(&mut self, now: Now) {
        self.state.counters.sample(now.instant);
        for listener in std::mem::take(&mut self.accept_again) {
            self.accept(listener, now);
        }
        self.close_stalled(now);
        self.limit_outputs();
        if let Some(timeout) = self.state.config.timeout() {
            let idle = |slot: &usize| {
                let client = &self.state.clients[*slot];
                let idle = now.instant.duration_since(client.active_at.instant);
                let listens = client.monitoring || client.subscribed;
                client.stage == Stage::Open && !listens && idle > timeout
            };
            let slots: Vec<usize> = self.connections.iter().map(|(slot, _)| slot).collect();
            for slot in slots.into_iter().filter(idle).collect::<Vec<_>>() {
                self.close(slot);
            }
        }
        if self.next_give_back <= now.instant {
            self.next_give_back = now.instant + GIVE_BACK_PERIOD;
            self.keyspace.call_after_release();
        }
        self.state.forget_read(0);
        self.release_idle_buffers(now);
        self.next_cron = now.instant + CRON_PERIOD;
    }

    /// Removes what has expired, ten times a second, and in each turn as long as that takes longer than
    /// its share of a turn, which is a quarter of what all else has taken.
    fn expire(&mut self, now: Now) {
        self.next_expire = now.instant + CRON_PERIOD;
        if !self.state.active_expire {
            return;
        }
        let started_at = self.state.read_clock();
        let share = started_at.saturating_duration_since(now.instant) / 4;
        let ends_at = started_at + share.max(EXPIRE_TIME_MIN);
        while self.keyspace.expire_cycle(now.unix_ms, EXPIRED_AT_ONCE) == EXPIRED_AT_ONCE {
            self.state.hand_out_changes(&mut self.keyspace, None);
            if self.state.read_clock() >= ends_at {
                self.next_expire = now.instant;
                break;
            }
        }
        self.state.hand_out_changes(&mut self.keyspace, None);
        self.serve_blocked(now);
    }

    fn release_idle_buffers(&mut self, now: Now) {
        for (slot, connection) in &mut self.connections {
            let active_at = self.state.clients[slot].active_at.instant;
            if now.instant.duration_since(active_at) >= BUFFERS_KEPT_FOR {
                connection.release_buffers();
            }
        }
    }

    /// Does to connections what commands of this turn have asked for.
    fn apply_changes(&mut self) {
        for killed in std::mem::take(&mut self.state.killed) {
            if let Some(slot) = self.slot_of(killed) {
                self.close(slot);
            }
        }
        if std::mem::take(&mut self.state.limits_changed) {
            for (slot, connection) in &mut self.connections {
                let authenticated = self.state.clients[slot].authenticated;
                connection.decoder.set_limits(request_limits(&self.state.config, authenticated));
            }
        }
    }

    fn enqueue(&mut self, slot: usize) {
        let connection = &mut self.connections[slot];
        if !std::mem::replace(&mut connection.queued, true) {
            self.ready.push_back(slot);
        }
    }

    fn close(&mut self, slot: usize) {
        let mut connection = self.connections.remove(slot);
        self.state.end_park(slot, self.state.clock);
        let client = self.state.clients.remove(slot);
        if client.monitoring {
            self.state.monitors.remove(client.id);
        }
        if client.subscribed {
            self.state.subscriptions.remove_client(client.id);
        }
        if let Some(tracking) = &client.tracking {
            self.state.trackers.remove(client.id, tracking);
        }
        if client.stage == Stage::Parked {
            self.lot.remove(client.id);
            self.hold_databases();
        }
        self.state.watches.unwatch(client.id);
        self.state.blocked.remove(client.id);
        if let Some(incoming) = client.incoming {
            self.keyspace.release_other(incoming);
        }
        if let Some(transaction) = client.transaction.filter(|it| it.holds_values()) {
            self.keyspace.release_other(transaction);
        }
        connection.transport.close();
        let stream = connection.transport.stream_mut();
        if let Err(error) = self.poll.registry().deregister(stream) {
            tracing::debug!(%error, "cannot deregister a socket that is being closed");
        }
    }
}

fn request_limits(config: &Config, authenticated: bool) -> RequestLimits {
    RequestLimits {
        bulk_bytes_max: config.proto_max_bulk_len(),
        authenticated: authenticated || config.requirepass().is_none(),
        ..RequestLimits::default()
    }
}

/// The time on both clocks.
fn now() -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Now { instant: Instant::now(), unix_ms: i64::try_from(unix.as_millis()).unwrap_or(i64::MAX) }
}

const SIGNALS: Token = Token(0);
const WAKER: Token = Token(1);
const FIRST_LISTENER: usize = 2;
const FIRST_CLIENT: usize = 1 << 16;
const FIRST_MIGRATION: Token = Token(usize::MAX / 2);

/// What a client from elsewhere gets while anybody could log in.
const PROTECTED: &str = "-DENIED protected mode is enabled and no password is set, so that only \
    clients of this machine are served. Set one (requirepass), or disable protected-mode.\r\n";

const EVENTS_MAX: usize = 1024;
const CRON_PERIOD: Duration = Duration::from_millis(100);

/// So often what this thread has freed is given back to the system.
const GIVE_BACK_PERIOD: Duration = Duration::from_secs(1);

/// How long a client that is silent keeps its buffers, as in Redis.
const BUFFERS_KEPT_FOR: Duration = Duration::from_secs(2);

/// After this long without sleep the loop lets others run. One that needs a CPU for itself takes it for
/// some milliseconds then: more often than this would leave the loop with too little beside it.
const AWAKE_TIME_MAX: Duration = Duration::from_millis(2);

/// After this long a client's share of a turn ends with the request or the read that is under way.
const SHARE_TIME_MAX: Duration = Duration::from_micros(200);

/// After this long a turn gives no share to further clients whose argument is taken as it arrives.
const INCOMING_TIME_MAX: Duration = Duration::from_micros(500);

/// What has expired may take so long in any turn.
const EXPIRE_TIME_MIN: Duration = Duration::from_micros(500);

/// Keys and fields that are removed between two looks at the clock.
const EXPIRED_AT_ONCE: usize = 50;
