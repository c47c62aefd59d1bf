//! The driver on [mio]: many sessions on the event loop of a host.
//!
//! The host owns the [`Poll`](mio::Poll) and the [`Keyspace`]. Each turn of its loop it hands over
//! the events whose tokens are the driver's, calls [`Driver::turn`], and takes what
//! [`Driver::poll_event`] tells. A turn does a bounded amount of work for all sessions together.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use keyspace::{Freeze, Keyspace, WARMED_KEYS_MAX};
use mio::event::Event as MioEvent;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use slab::Slab;

use super::Endpoint;
use super::doubts::{Doubts, Place};
use super::overview::{Meter, Migration, Totals};
use super::pace::{self, Pace};
use super::pool::{Pool, PoolKey};
use super::resolve::{Resolved, Resolver};
use super::transport::Transport;
use crate::error::{Failure, Outcome};
use crate::request::MigrateRequest;
use crate::source::{Event, Settlement, SourceSession};
use crate::time::Now;

/// Runs migrations out of one [`Keyspace`].
#[derive(Debug)]
pub struct Driver {
    registry: Registry,
    first_token: usize,
    own_run_id: Bytes,
    resolver: Resolver,
    links: Slab<Link>,
    sessions: Slab<Running>,
    pool: Pool,
    /// Sessions that may have something to do, each at most once.
    ready: VecDeque<usize>,
    /// Sessions whose next key could not be frozen.
    blocked: Vec<usize>,
    /// Sessions that have something to send and may not yet, in the order in which they asked.
    held_back: VecDeque<usize>,
    /// The session that is moved while all others stand still, and since when.
    alone: Option<(usize, Instant)>,
    pace: Pace,
    events: VecDeque<DriverEvent>,
    totals: Totals,
    doubts: Doubts,
    tickets: u64,
}

/// Names a migration for as long as the driver lives.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct MigrationId(u64);

impl MigrationId {
    /// The number that [`Migration::id`] shows and [`Driver::cancel`] takes.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// How ambiguous ends were settled, in keys.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Settled {
    /// The target had them: they counted as moved.
    pub stored: u64,
    /// The target did not have them.
    pub not_stored: u64,
    /// It could not be found out.
    pub unknown: u64,
}

impl Settled {
    fn count(&mut self, settlement: Settlement) {
        *match settlement {
            Settlement::Stored => &mut self.stored,
            Settlement::NotStored => &mut self.not_stored,
            Settlement::Unknown => &mut self.unknown,
        } += 1;
    }
}

/// What the host has to know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DriverEvent {
    /// A key is no longer frozen: whoever waited for it may go on.
    Released {
        /// The key's database.
        db: usize,
        /// The key's name.
        key: Bytes,
    },
    /// A migration has ended.
    Finished {
        /// Which.
        id: MigrationId,
        /// How.
        outcome: Outcome,
    },
}

/// A socket, idle in the pool or in the hands of a session.
#[derive(Debug)]
struct Link {
    transport: Transport<TcpStream>,
    session: Option<usize>,
    /// Whether the socket may have bytes for us.
    readable: bool,
    /// Whether the end of what the target sends has been announced.
    read_closed: bool,
    /// Whether the socket may take bytes.
    writable: bool,
}

#[derive(Debug)]
struct Running {
    id: MigrationId,
    session: SourceSession,
    endpoint: Endpoint,
    stage: Stage,
    queued: bool,
    /// Keys up to this one were looked up ahead of their turn.
    warmed: usize,
    /// Keys of the session that are in the driver's totals.
    counted: usize,
    meter: Meter,
}

/// How a session is connected.
#[derive(Debug)]
enum Stage {
    Unconnected,
    /// The answer to the lookup with this number is awaited.
    Resolving(u64),
    /// One address is being tried, the others are left.
    Connecting {
        link: usize,
        others: VecDeque<SocketAddr>,
    },
    /// One address has been reached, and the handshake of TLS is under way.
    Securing {
        link: usize,
        others: VecDeque<SocketAddr>,
    },
    Connected(usize),
}

impl Driver {
    /// A driver whose sockets are registered at `registry` under tokens from `first_token` up;
    /// `waker` must wake the same loop. `own_run_id` is the run id that the host shows in INFO.
    pub fn new(
        registry: Registry,
        first_token: Token,
        waker: Arc<Waker>,
        own_run_id: Bytes,
    ) -> Self {
        Self {
            registry,
            first_token: first_token.0,
            own_run_id,
            resolver: Resolver::new(move || {
                if let Err(error) = waker.wake() {
                    tracing::warn!(%error, "cannot wake the loop for a resolved name");
                }
            }),
            links: Slab::new(),
            sessions: Slab::new(),
            pool: Pool::default(),
            ready: VecDeque::new(),
            blocked: Vec::new(),
            held_back: VecDeque::new(),
            alone: None,
            pace: Pace::default(),
            events: VecDeque::new(),
            totals: Totals::default(),
            doubts: Doubts::default(),
            tickets: 0,
        }
    }

    /// Begins a migration; the next [`turn`](Self::turn) moves it.
    pub fn start(
        &mut self,
        endpoint: Endpoint,
        mut request: MigrateRequest,
        now: Now,
    ) -> MigrationId {
        if request.settle {
            self.doubts.recall(&Place::of(&endpoint, &request), &mut request);
        }
        let cached = self.pool.take(&PoolKey::new(endpoint.clone(), &request));
        let (link, established) = cached.unzip();
        let session = SourceSession::new(request, self.own_run_id.clone(), established, now);
        // Had the target said anything on it, or closed it, the poll would have told.
        let stage = link.map_or(Stage::Unconnected, Stage::Connected);
        let id = MigrationId(self.ticket());
        let slot = self.sessions.insert(Running {
            id,
            session,
            endpoint,
            stage,
            queued: false,
            warmed: 0,
            counted: 0,
            meter: Meter::new(now.instant),
        });
        if let Some(link) = link {
            self.links[link].session = Some(slot);
        }
        self.enqueue(slot);
        id
    }

    /// Calls off the migration with this number: keys that its target has not acknowledged stay here,
    /// and the next [`turn`](Self::turn) ends it. False if it is not under way.
    pub fn cancel(&mut self, id: u64, now: Now) -> bool {
        let Some((slot, _)) = self.sessions.iter().find(|(_, running)| running.id.0 == id) else {
            return false;
        };
        self.sessions[slot].session.cancel(now);
        self.enqueue(slot);
        true
    }

    /// Has the others stand still from now on until this migration has ended: their timeouts do not
    /// run, and what they wait for is looked at then. Nothing is done if it has ended already.
    pub fn let_run_alone(&mut self, id: MigrationId, now: Now) {
        let slot = self.sessions.iter().find(|(_, running)| running.id == id);
        self.alone = slot.map(|(slot, _)| (slot, now.instant));
    }

    /// How many bytes of keys all migrations together may send in a second; 0 for no limit, which is
    /// the default. Replies are read whatever the limit is, and questions to targets do not count.
    pub fn set_bytes_per_second_max(&mut self, bytes_per_second_max: u64) {
        self.pace.set_bytes_per_second_max(bytes_per_second_max);
        self.release_held_back();
    }

    /// Whether `token` belongs to this driver.
    pub fn owns(&self, token: Token) -> bool {
        token.0 >= self.first_token
    }

    /// Takes note of what the poll says of one of the driver's sockets.
    pub fn handle_event(&mut self, event: &MioEvent) {
        let number = event.token().0 - self.first_token;
        // An event of a socket that was closed earlier in this turn.
        let Some(link) = self.links.get_mut(number) else { return };
        link.read_closed |= event.is_read_closed() || event.is_error();
        link.readable |= event.is_readable() || link.read_closed;
        link.writable |= event.is_writable();
        if let Some(slot) = link.session {
            self.enqueue(slot);
        } else if !link.is_silent() {
            self.pool.remove(number);
            self.close(number);
        }
    }

    /// Moves every session that can move, within the budget of one turn.
    pub fn turn(&mut self, keyspace: &mut Keyspace, now: Now) {
        while let Some(answer) = self.resolver.poll() {
            self.handle_resolved(answer, now);
        }
        while let Some(link) = self.pool.take_stale(now.instant) {
            self.close(link);
        }
        for &slot in &self.held_back {
            self.sessions[slot].session.handle_held_back(now);
        }
        if self.pace.allowance(now.instant) != Some(0) {
            self.release_held_back();
        }
        let mut late = Vec::new();
        let alone = self.alone.map(|(slot, _)| slot);
        let stands_still = |slot| alone.is_some_and(|alone| alone != slot);
        for (slot, running) in &mut self.sessions {
            if stands_still(slot) {
                continue;
            }
            // One whose socket has something to say is heard first.
            let deadline = running.session.poll_timeout().filter(|_| !running.queued);
            if deadline.is_some_and(|deadline| deadline <= now.instant) {
                running.session.handle_timeout(now);
                late.push(slot);
            }
        }
        late.into_iter().for_each(|slot| self.enqueue(slot));

        let budget = Budget { ends_at: Instant::now() + TURN_TIME_MAX };
        for _ in 0..self.ready.len() {
            if budget.is_spent() {
                break;
            }
            let Some(slot) = self.ready.pop_front() else { break };
            if stands_still(slot) {
                self.ready.push_back(slot);
                continue;
            }
            self.sessions[slot].queued = false;
            if self.pump(slot, keyspace, now, &budget) {
                self.enqueue(slot);
            }
        }
    }

    /// Whether [`turn`](Self::turn) has something to do at once. To be asked last before the host
    /// sleeps: migrations may have begun since the last turn.
    pub fn has_work(&self) -> bool {
        match self.alone {
            Some((slot, _)) => self.sessions[slot].queued,
            None => !self.ready.is_empty(),
        }
    }

    /// Takes the next event.
    pub fn poll_event(&mut self) -> Option<DriverEvent> {
        self.events.pop_front()
    }

    /// When [`turn`](Self::turn) has to be called at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let alone = self.alone.map(|(slot, _)| slot);
        let moved = self.sessions.iter().filter(|(slot, _)| alone.is_none_or(|it| it == *slot));
        let sessions = moved.filter_map(|(_, running)| running.session.poll_timeout());
        let allowed = self.pace.next().filter(|_| !self.held_back.is_empty());
        sessions.chain(self.pool.next_stale()).chain(allowed).min()
    }

    /// Lets sessions try again that could not freeze a key. The driver does so itself when its own
    /// sessions release one; the host does when freezing is possible again for another reason.
    pub fn retry_blocked(&mut self) {
        for slot in std::mem::take(&mut self.blocked) {
            self.enqueue(slot);
        }
    }

    /// Migrations under way.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether no migration is under way.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Connections that are kept for the next migration (`migrate_cached_sockets` in INFO).
    pub fn cached_sockets(&self) -> usize {
        self.pool.len()
    }

    /// The migrations under way.
    pub fn migrations(&self, now: Now) -> impl Iterator<Item = Migration<'_>> {
        self.sessions.iter().map(move |(_, running)| Migration {
            id: running.id.0,
            endpoint: &running.endpoint,
            target_db: running.session.request().target_db,
            progress: running.session.progress(),
            bytes_per_second: running.meter.bytes_per_second(now.instant),
            unsent_bytes: running.session.transmit_len(),
        })
    }

    /// What was done so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Begins to count anew.
    pub fn reset_totals(&mut self) {
        self.totals = Totals::default();
    }

    /// Moves one session until it has to wait or the budget is spent. True if it can go on.
    fn pump(&mut self, slot: usize, keyspace: &mut Keyspace, now: Now, budget: &Budget) -> bool {
        self.check_connect(slot, now);
        self.check_secure(slot, now);
        loop {
            let read = self.read(slot, now);
            if self.prepare(slot, keyspace, now, budget) {
                return false;
            }
            let written = self.write(slot, now);
            if budget.is_spent() {
                return true;
            }
            if !read && !written {
                let session = &self.sessions[slot].session;
                return session.has_work()
                    && !self.pace.is_ahead(session.transmit_len(), now.instant);
            }
        }
    }

    /// Does what the session's events say. True if it has ended.
    fn handle_session_events(&mut self, slot: usize, keyspace: &mut Keyspace, now: Now) -> bool {
        while let Some(event) = self.sessions[slot].session.poll_event() {
            let session = &self.sessions[slot].session;
            let db = session.request().source_db;
            let database = keyspace.database_mut(db);
            match event {
                Event::Connect => self.connect(slot, now),
                Event::InDoubt(index) => database.park_reads(session.key(index)),
                Event::Moved(index) => {
                    let key = session.key(index).clone();
                    database.release_moved(&key);
                    self.released(db, key);
                }
                Event::Settled(index, settlement) => {
                    self.totals.settled.count(settlement);
                    let running = &self.sessions[slot];
                    let (request, key) = (session.request(), session.key(index));
                    let place = Place::of(&running.endpoint, request);
                    match settlement {
                        Settlement::Unknown => self.doubts.add(place, key.clone()),
                        _ => self.doubts.remove(&place, key),
                    }
                }
                Event::Thaw(index) => {
                    let key = session.key(index).clone();
                    database.thaw(&key, now.unix_ms);
                    self.released(db, key);
                }
                Event::Finished(outcome) => {
                    self.count_moved(slot);
                    self.end(slot, outcome, now);
                    return true;
                }
            }
        }
        self.count_moved(slot);
        false
    }

    fn count_moved(&mut self, slot: usize) {
        let Running { session, counted, .. } = &mut self.sessions[slot];
        let moved = session.progress().keys_moved;
        self.totals.keys_moved += (moved - std::mem::replace(counted, moved)) as u64;
    }

    /// Prepares what is to be written: freezes the keys whose turn has come, measures and encodes
    /// them. True if the session has ended.
    fn prepare(&mut self, slot: usize, keyspace: &mut Keyspace, now: Now, budget: &Budget) -> bool {
        loop {
            if self.handle_session_events(slot, keyspace, now) {
                return true;
            }
            let Running { session, warmed, .. } = &mut self.sessions[slot];
            let (has_work, wanted) = (session.has_work(), session.wanted_key());
            if !has_work && wanted.is_none()
                || budget.is_spent()
                || self.pace.is_ahead(session.transmit_len(), now.instant)
            {
                return false;
            }
            if has_work {
                session.work(now);
                continue;
            }
            let Some(index) = wanted else { return false };
            let database = keyspace.database_mut(session.request().source_db);
            if index >= *warmed {
                let keys = &session.request().keys()[index..];
                database.warm(keys.iter().map(|key| &key[..]).take(WARMED_KEYS_MAX));
                *warmed = index + WARMED_KEYS_MAX;
            }
            // Its hit or its miss is counted, and the access recorded (rule K1).
            match database.freeze(session.key(index), now.unix_ms) {
                Freeze::Frozen(frozen) => session.handle_frozen(now, frozen),
                Freeze::Missing => session.handle_missing(),
                Freeze::Busy => {
                    if !self.blocked.contains(&slot) {
                        self.blocked.push(slot);
                    }
                    return false;
                }
            }
        }
    }

    /// Reads once. True if something happened.
    fn read(&mut self, slot: usize, now: Now) -> bool {
        let Running { session, stage: Stage::Connected(link), .. } = &mut self.sessions[slot]
        else {
            return false;
        };
        let link = &mut self.links[*link];
        if !link.readable {
            return false;
        }
        match link.read(session.read_space()) {
            Ok(0) => session.handle_closed(now),
            Ok(n) => session.handle_received(now, n),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(_) => session.handle_closed(now),
        }
        true
    }

    /// Writes once. True if something happened.
    fn write(&mut self, slot: usize, now: Now) -> bool {
        let Running { session, stage: Stage::Connected(link), meter, .. } =
            &mut self.sessions[slot]
        else {
            return false;
        };
        let Link { transport, readable, writable: writable @ true, .. } = &mut self.links[*link]
        else {
            return false;
        };
        let mut slices = [IoSlice::new(&[]); WRITE_SLICES_MAX];
        let count = session.transmit_slices(&mut slices);
        if count == 0 && !transport.wants_write() {
            return false;
        }
        let allowance =
            self.pace.allowance(now.instant).filter(|_| count > 0 && session.sends_keys());
        let mut allowed = [IoSlice::new(&[]); WRITE_SLICES_MAX];
        let slices = match allowance {
            None => &slices[..count],
            Some(0) => {
                session.handle_held_back(now);
                if !self.held_back.contains(&slot) {
                    self.held_back.push_back(slot);
                }
                return false;
            }
            Some(bytes_max) => {
                let count = pace::first_bytes(&slices[..count], bytes_max, &mut allowed);
                &allowed[..count]
            }
        };
        let written = match slices {
            // None of the session's bytes, but progress on those that it has given.
            [] => transport.flush().map(|_| 0),
            slices => transport.write_vectored(slices),
        };
        match written {
            Ok(n) => {
                if allowance.is_some() {
                    self.pace.pay(n, now.instant);
                }
                session.handle_transmitted(now, n);
                meter.add(n, now.instant);
                self.totals.sent_bytes += n as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                *writable = false;
                return false;
            }
            // The target is gone. What it said before lies in the socket and is read first; the
            // end of the stream follows it.
            Err(_) => {
                *writable = false;
                *readable = true;
            }
        }
        true
    }

    /// Opens a connection for a session, in place of the one it had.
    fn connect(&mut self, slot: usize, now: Now) {
        self.disconnect(slot);
        let ticket = self.ticket();
        let running = &mut self.sessions[slot];
        running.stage = Stage::Resolving(ticket);
        let Endpoint { host, port, .. } = &running.endpoint;
        if let Some(answer) = self.resolver.lookup(ticket, host, *port) {
            self.handle_resolved(answer, now);
        }
    }

    fn handle_resolved(&mut self, answer: Resolved, now: Now) {
        let waits = |running: &Running| matches!(running.stage, Stage::Resolving(ticket) if ticket == answer.ticket);
        // The session may have run into its timeout meanwhile.
        let Some((slot, _)) = self.sessions.iter().find(|(_, running)| waits(running)) else {
            return;
        };
        self.try_addresses(slot, answer.addresses.into(), Failure::Connecting, now);
    }

    /// Tries the next address; `failure` tells how it is that there are no others.
    fn try_addresses(
        &mut self,
        slot: usize,
        mut left: VecDeque<SocketAddr>,
        mut failure: Failure,
        now: Now,
    ) {
        self.disconnect(slot);
        while let Some(address) = left.pop_front() {
            match self.open(slot, address) {
                Ok(link) => {
                    self.sessions[slot].stage = Stage::Connecting { link, others: left };
                    return;
                }
                Err(_) => failure = Failure::Connecting,
            }
        }
        self.sessions[slot].session.handle_connect_failed(now, failure);
        self.enqueue(slot);
    }

    fn open(&mut self, slot: usize, address: SocketAddr) -> io::Result<usize> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let endpoint = &self.sessions[slot].endpoint;
        let tls = endpoint.tls.as_ref().map(|tls| tls.connection(&endpoint.host)).transpose();
        let tls = tls.map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let entry = self.links.vacant_entry();
        let token = Token(self.first_token + entry.key());
        self.registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let transport = match tls {
            Some(tls) => Transport::tls(stream, tls),
            None => Transport::plain(stream),
        };
        let link = entry.key();
        entry.insert(Link {
            transport,
            session: Some(slot),
            readable: false,
            read_closed: false,
            writable: true,
        });
        Ok(link)
    }

    /// Looks whether the connection that is being made is there by now.
    fn check_connect(&mut self, slot: usize, now: Now) {
        let Stage::Connecting { link, others } = &mut self.sessions[slot].stage else { return };
        let stream = self.links[*link].transport.stream();
        let refused = match stream.take_error() {
            Ok(None) => match stream.peer_addr() {
                Ok(_) => false,
                Err(error) if error.kind() == ErrorKind::NotConnected => return,
                Err(_) => true,
            },
            Ok(Some(_)) | Err(_) => true,
        };
        if refused {
            // A refusal is told in the words of the reference, which notices it when it writes
            // (rule N5).
            let others = std::mem::take(others);
            self.try_addresses(slot, others, Failure::Writing, now);
        } else {
            let (link, others) = (*link, std::mem::take(others));
            self.sessions[slot].stage = Stage::Securing { link, others };
        }
    }

    /// Goes on with the handshake of TLS; in the clear there is none.
    fn check_secure(&mut self, slot: usize, now: Now) {
        let Running { stage, endpoint, .. } = &mut self.sessions[slot];
        let Stage::Securing { link, others } = stage else { return };
        match self.links[*link].transport.handshake() {
            Ok(false) => {}
            Ok(true) => {
                let link = *link;
                let running = &mut self.sessions[slot];
                // The target's first words may have come with its last ones of the handshake.
                self.links[link].readable = true;
                running.stage = Stage::Connected(link);
                running.session.handle_connected(now);
            }
            Err(error) => {
                // The caller gets the words of the reference, which do not tell why.
                let Endpoint { host, port, .. } = &*endpoint;
                tracing::warn!(%error, host, port, "no TLS with a target");
                let others = std::mem::take(others);
                self.try_addresses(slot, others, Failure::Connecting, now);
            }
        }
    }

    fn end(&mut self, slot: usize, outcome: Outcome, now: Now) {
        let Running { id, session, endpoint, stage, .. } = self.sessions.remove(slot);
        if let Some((_, since)) = self.alone.take_if(|(alone, _)| *alone == slot) {
            let pause = now.instant.saturating_duration_since(since);
            self.sessions.iter_mut().for_each(|(_, other)| other.session.handle_pause(pause));
        }
        self.held_back.retain(|&held_back| held_back != slot);
        self.ready.retain(|&ready| ready != slot);
        self.blocked.retain(|&blocked| blocked != slot);
        let key = PoolKey::new(endpoint, session.request());
        if let Stage::Resolving(ticket) = stage {
            self.resolver.cancel(ticket);
        }
        if let Some(link) = stage.link() {
            // What has come behind the last reply makes no event of its own.
            match session.into_established().filter(|_| self.links[link].is_silent()) {
                Some(established) => {
                    self.links[link].session = None;
                    if let Some(evicted) = self.pool.put(link, key, established, now.instant) {
                        self.close(evicted);
                    }
                }
                None => self.close(link),
            }
        }
        self.events.push_back(DriverEvent::Finished { id, outcome });
    }

    fn disconnect(&mut self, slot: usize) {
        let stage = std::mem::replace(&mut self.sessions[slot].stage, Stage::Unconnected);
        if let Some(link) = stage.link() {
            self.close(link);
        }
        if let Stage::Resolving(ticket) = stage {
            self.resolver.cancel(ticket);
        }
    }

    fn close(&mut self, link: usize) {
        let mut link = self.links.remove(link);
        link.transport.close();
        if let Err(error) = self.registry.deregister(link.transport.stream_mut()) {
            tracing::debug!(%error, "cannot deregister a socket that is being closed");
        }
    }

    /// Lets sessions try again that had something to send and were not allowed to.
    fn release_held_back(&mut self) {
        for slot in std::mem::take(&mut self.held_back) {
            self.enqueue(slot);
        }
    }

    fn released(&mut self, db: usize, key: Bytes) {
        self.events.push_back(DriverEvent::Released { db, key });
        self.retry_blocked();
    }

    fn enqueue(&mut self, slot: usize) {
        let running = &mut self.sessions[slot];
        if !std::mem::replace(&mut running.queued, true) {
            self.ready.push_back(slot);
        }
    }

    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }
}

impl Link {
    /// Reads once, and takes note of whether there may be more.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.transport.read(buf);
        self.readable = match &read {
            // An end that was announced with the bytes makes no event of its own.
            Ok(1..) => !self.transport.is_drained() || self.read_closed,
            Ok(0) => false,
            Err(error) => error.kind() == ErrorKind::Interrupted,
        };
        read
    }

    /// Whether the target says nothing. It has no reason to on an idle connection: it has closed
    /// it, or it breaks the protocol (rule X5).
    fn is_silent(&mut self) -> bool {
        !self.readable
            || self.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

impl Stage {
    fn link(&self) -> Option<usize> {
        match self {
            Self::Connecting { link, .. } | Self::Securing { link, .. } | Self::Connected(link) => {
                Some(*link)
            }
            Self::Unconnected | Self::Resolving(_) => None,
        }
    }
}

/// What one turn may still do, for all sessions together.
///
/// Time is what others wait for. Neither bytes nor keys tell it: a key that compresses to a few
/// bytes may have cost a hundred times its share.
#[derive(Debug)]
struct Budget {
    ends_at: Instant,
}

impl Budget {
    fn is_spent(&self) -> bool {
        self.ends_at <= Instant::now()
    }
}

/// After this long a turn begins nothing new. What is begun by then ends with the key or the write
/// that is under way: a few hundred microseconds at most, for 64 KiB that are compressed.
const TURN_TIME_MAX: Duration = Duration::from_micros(500);

/// Slices in one write.
const WRITE_SLICES_MAX: usize = 32;
