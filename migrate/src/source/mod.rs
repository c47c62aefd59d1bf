//! The source's side of one migration, as a state machine without socket, clock or thread.

mod transfer;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io::IoSlice;
use std::time::{Duration, Instant};

use bytes::Bytes;
use keyspace::FrozenKey;
use resp::{Reply, ReplyDecoder, ReplyLimits, WriteQueue};

use crate::error::{Failure, Outcome, Refusal};
use crate::request::MigrateRequest;
use crate::target::{Established, Handshake};
use transfer::{Answer, Transfer};

/// One migration, seen from the source.
///
/// Whoever drives it calls `handle_*` with what happened and then, until nothing moves any more:
///
/// 1. [`poll_event`](Self::poll_event) until `None`, doing what each event says;
/// 2. [`wanted_key`](Self::wanted_key): freezes the key whose turn has come and answers with
///    [`handle_frozen`](Self::handle_frozen) or [`handle_missing`](Self::handle_missing), or with
///    nothing as long as somebody else keeps it frozen;
/// 3. [`transmit_slices`](Self::transmit_slices), writing them, and
///    [`handle_transmitted`](Self::handle_transmitted) with how much the socket took.
///
/// The order is part of the contract: nothing is handed out for sending while an event waits to be
/// taken, so that reads of a key are parked before the target can know it.
/// [`poll_timeout`](Self::poll_timeout) is the only deadline.
///
/// No key is lost whatever happens: a key is given up ([`Event::Moved`]) only on the target's
/// `+OK` to its own, completely sent RESTORE.
pub struct SourceSession {
    request: MigrateRequest,
    /// Our own run id: a target that shows the same is ourselves (rule X11).
    own_run_id: Bytes,
    state: State,
    outbox: WriteQueue,
    replies: ReplyDecoder,
    events: VecDeque<Event>,
    ledger: Ledger,
    /// When the peer last took or sent a byte, or when we began to wait for it.
    progress_at: Instant,
    retried: bool,
}

/// What whoever drives a [`SourceSession`] has to do. Keys are told by their place in
/// [`MigrateRequest::keys`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// Close the connection, if there is one, and open a new one; then call
    /// [`SourceSession::handle_connected`] or [`SourceSession::handle_connect_failed`].
    Connect,
    /// The last byte of the key's RESTORE may leave next: park reads of it.
    InDoubt(usize),
    /// The key is at the target. Remove it here and release it.
    Moved(usize),
    /// The key stays here. Release it.
    Thaw(usize),
    /// The end: tell the caller. No event follows.
    Finished(Outcome),
}

#[derive(Debug)]
enum State {
    Connecting,
    Handshaking(Handshake),
    Transferring(Transfer),
    /// `Some` while the connection can serve another migration.
    Finished(Option<Established>),
}

/// What became of the keys so far.
#[derive(Debug, Default)]
struct Ledger {
    /// The first key whose turn has not come. All before it have been passed over or begun.
    next: usize,
    /// The names of the keys up to the next one, of which none is sent twice (rule X12).
    seen: HashSet<Bytes>,
    /// Keys that the target acknowledged.
    moved: usize,
    /// The first refusal.
    refusal: Option<Refusal>,
    /// Whether the target answered any RESTORE: from then on nothing is tried again (rule F4).
    answered: bool,
}

impl Ledger {
    /// Goes on to the first name from `index` on that has not been seen.
    fn go_on_at(&mut self, index: usize, keys: &[Bytes]) {
        let repeated = keys[index..].iter().take_while(|key| !self.seen.insert((*key).clone()));
        self.next = index + repeated.count();
    }

    /// Goes back to a key whose turn comes once more.
    fn go_back_to(&mut self, index: usize, keys: &[Bytes]) {
        self.seen = keys[..=index].iter().cloned().collect();
        self.next = index;
    }
}

impl SourceSession {
    /// A session for `request`. With `established`, a connection that served before is at hand and
    /// [`Event::Connect`] comes only if that one proves dead.
    pub fn new(
        request: MigrateRequest,
        own_run_id: Bytes,
        established: Option<Established>,
        now: Instant,
    ) -> Self {
        let mut session = Self {
            request,
            own_run_id,
            state: State::Connecting,
            outbox: WriteQueue::new(),
            replies: ReplyDecoder::new(reply_limits()),
            events: VecDeque::new(),
            ledger: Ledger::default(),
            progress_at: now,
            retried: false,
        };
        session.ledger.go_on_at(0, session.request.keys());
        match established {
            Some(_) => session.shake_hands(established),
            None => session.events.push_back(Event::Connect),
        }
        session
    }

    /// What the session was asked to do.
    pub fn request(&self) -> &MigrateRequest {
        &self.request
    }

    /// The name of the key with the number that events carry.
    pub fn key(&self, index: usize) -> &Bytes {
        &self.request.keys()[index]
    }

    /// The connection that [`Event::Connect`] asked for is there.
    pub fn handle_connected(&mut self, now: Instant) {
        if matches!(self.state, State::Connecting) {
            self.progress_at = now;
            self.shake_hands(None);
        }
    }

    /// The connection that [`Event::Connect`] asked for cannot be made.
    pub fn handle_connect_failed(&mut self, failure: Failure) {
        if matches!(self.state, State::Connecting) {
            self.finish(Outcome::Failed(failure), None);
        }
    }

    /// Where the next bytes from the target go; never empty.
    pub fn read_space(&mut self) -> &mut [u8] {
        self.replies.read_space()
    }

    /// `n` bytes from the target lie in [`read_space`](Self::read_space).
    pub fn handle_received(&mut self, now: Instant, n: usize) {
        self.progress_at = now;
        self.replies.commit(n);
        while !matches!(self.state, State::Finished(_)) {
            match self.replies.decode() {
                Ok(Some(reply)) => self.handle_reply(reply),
                Ok(None) => return,
                Err(_) => self.handle_nonsense(),
            }
        }
    }

    /// The socket took the first `n` bytes of what [`transmit_slices`](Self::transmit_slices) gave.
    pub fn handle_transmitted(&mut self, now: Instant, n: usize) {
        self.progress_at = now;
        self.outbox.advance(n);
        if let State::Transferring(transfer) = &mut self.state {
            transfer.transmitted += n as u64;
            self.advance();
        }
    }

    /// The target closed or reset the connection. Everything that it sent before has been handed
    /// to [`handle_received`](Self::handle_received).
    pub fn handle_closed(&mut self, now: Instant) {
        self.progress_at = now;
        self.fail(true);
    }

    /// The deadline of [`poll_timeout`](Self::poll_timeout) may have passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.fail(false);
        }
    }

    /// The key whose turn has come, which is to be frozen now.
    pub fn wanted_key(&self) -> Option<usize> {
        match &self.state {
            State::Transferring(transfer) if transfer.takes_another(&self.outbox) => {
                Some(self.ledger.next).filter(|&next| next < self.request.keys().len())
            }
            _ => None,
        }
    }

    /// The [`wanted_key`](Self::wanted_key) is frozen, and this is what it holds. `now_ms` is the
    /// Unix time, for targets that take only relative expiry times.
    pub fn handle_frozen(&mut self, now: Instant, now_ms: i64, frozen: FrozenKey) {
        if !self.waits_for_peer() {
            self.progress_at = now;
        }
        let State::Transferring(transfer) = &mut self.state else { return };
        let index = self.ledger.next;
        self.ledger.go_on_at(index + 1, self.request.keys());
        if let Err(refusal) = transfer.begin(index, &self.request, frozen, now_ms, &mut self.outbox)
        {
            self.ledger.refusal.get_or_insert(refusal);
            self.events.push_back(Event::Thaw(index));
        }
        self.advance();
    }

    /// There is no key like the [`wanted_key`](Self::wanted_key) (any more): it is skipped (rule
    /// K2).
    pub fn handle_missing(&mut self) {
        if let State::Transferring(_) = &self.state {
            self.ledger.go_on_at(self.ledger.next + 1, self.request.keys());
            self.advance();
        }
    }

    /// Takes the next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Fills `slices` with what to write next and tells how many it filled: none while an event
    /// waits to be taken.
    pub fn transmit_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        if self.events.is_empty() { self.outbox.io_slices(slices) } else { 0 }
    }

    /// Whether bytes wait to be written.
    pub fn has_transmit(&self) -> bool {
        self.events.is_empty() && !self.outbox.is_empty()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). `None` while the session waits for
    /// nothing from the target: the timeout is an idle timeout.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waits_for_peer().then(|| self.progress_at + self.request.idle_timeout)
    }

    /// After [`Event::Finished`]: what to remember of the connection if it can serve again. `None`
    /// means that it must be closed.
    pub fn into_established(self) -> Option<Established> {
        match self.state {
            State::Finished(established) => established,
            _ => None,
        }
    }

    fn waits_for_peer(&self) -> bool {
        match &self.state {
            State::Connecting | State::Handshaking(_) => true,
            State::Transferring(transfer) => !self.outbox.is_empty() || transfer.awaits_replies(),
            State::Finished(_) => false,
        }
    }

    fn shake_hands(&mut self, known: Option<Established>) {
        let handshake = Handshake::begin(&self.request, known, self.outbox.tail());
        self.state = State::Handshaking(handshake);
        self.end_handshake_when_complete();
    }

    fn handle_reply(&mut self, reply: Reply) {
        match &mut self.state {
            State::Handshaking(handshake) => match handshake.handle_reply(reply) {
                Ok(()) => self.end_handshake_when_complete(),
                Err(stranger) => self.finish(Outcome::Refused(stranger), None),
            },
            State::Transferring(transfer) => match transfer.handle_reply(reply) {
                Answer::Stored(index) => {
                    self.ledger.answered = true;
                    self.ledger.moved += 1;
                    self.release(index, !self.request.copy);
                    self.advance();
                }
                Answer::Refused(index, text) => {
                    self.ledger.answered = true;
                    self.ledger.refusal.get_or_insert(Refusal::Target(text));
                    self.release(index, false);
                    self.advance();
                }
                Answer::CutShort(text) => {
                    self.ledger.answered = true;
                    self.ledger.refusal.get_or_insert(Refusal::Target(text));
                    self.fail(false);
                }
                Answer::Nonsense => self.handle_nonsense(),
            },
            State::Connecting | State::Finished(_) => {}
        }
    }

    /// The target said what cannot be understood: nothing that follows is believed (rule X1).
    fn handle_nonsense(&mut self) {
        match &self.state {
            State::Handshaking(handshake) => {
                let stranger = handshake.stranger();
                self.finish(Outcome::Refused(stranger), None);
            }
            _ => self.fail(false),
        }
    }

    fn end_handshake_when_complete(&mut self) {
        match std::mem::replace(&mut self.state, State::Connecting) {
            State::Handshaking(handshake) if handshake.is_complete() => {
                if let Some(text) = handshake.refused().cloned() {
                    let known =
                        Established { identity: handshake.into_identity(), selected_db: None };
                    self.finish(Outcome::Refused(Refusal::Target(text)), Some(known));
                    return;
                }
                let identity = handshake.into_identity();
                let ourselves = identity.run_id.as_ref() == Some(&self.own_run_id);
                if ourselves && self.request.target_db == self.request.source_db as i64 {
                    let selected_db = Some(self.request.target_db);
                    let known = Established { identity, selected_db };
                    self.finish(Outcome::Refused(Refusal::Oneself), Some(known));
                    return;
                }
                self.state = State::Transferring(Transfer::new(identity));
                self.advance();
            }
            state => self.state = state,
        }
    }

    /// Encodes ahead, or comes to the end.
    fn advance(&mut self) {
        let State::Transferring(transfer) = &mut self.state else { return };
        if let Some(index) = transfer.fill(&mut self.outbox)
            && !self.request.copy
        {
            self.events.push_back(Event::InDoubt(index));
        }
        if !transfer.is_idle() || self.ledger.next < self.request.keys().len() {
            return;
        }
        let outcome = match self.ledger.refusal.take() {
            Some(refusal) => Outcome::Refused(refusal),
            None if self.ledger.moved > 0 => Outcome::Moved,
            None => Outcome::NoKey,
        };
        // After an error the remembered database is not trusted (rule T9), and a connection with
        // bytes left to read is not used again (rule X5).
        let trusted = !matches!(outcome, Outcome::Refused(_));
        let selected_db = trusted.then_some(self.request.target_db);
        let known = Established { identity: transfer.identity.clone(), selected_db };
        let clean = self.replies.buffered() == 0;
        self.finish(outcome, clean.then_some(known));
    }

    fn release(&mut self, index: usize, moved: bool) {
        self.events.push_back(if moved { Event::Moved(index) } else { Event::Thaw(index) });
    }

    /// The conversation broke. Keys whose RESTORE had not left completely are known to be only
    /// here; one retry is allowed while that is true of all (rule F3). Those that had left are
    /// unsettled.
    fn fail(&mut self, may_retry: bool) {
        let failure = match &self.state {
            State::Connecting => Failure::Connecting,
            State::Finished(_) => return,
            _ if self.outbox.is_empty() => Failure::Reading,
            _ => Failure::Writing,
        };
        let mut unsettled = false;
        if let State::Handshaking(handshake) = &mut self.state
            && let Some(text) = handshake.refused().cloned()
        {
            self.finish(Outcome::Refused(Refusal::Target(text)), None);
            return;
        }
        if let State::Transferring(transfer) = &mut self.state {
            for (index, left) in transfer.abandon() {
                self.events.push_back(Event::Thaw(index));
                if left {
                    unsettled = true;
                } else if index < self.ledger.next {
                    self.ledger.go_back_to(index, self.request.keys());
                }
            }
        }
        if may_retry && !unsettled && !self.ledger.answered && !self.retried {
            self.retried = true;
            self.outbox = WriteQueue::new();
            self.replies = ReplyDecoder::new(reply_limits());
            self.state = State::Connecting;
            self.events.push_back(Event::Connect);
            return;
        }
        let outcome = match self.ledger.refusal.take() {
            Some(refusal) if !unsettled => Outcome::Refused(refusal),
            _ => Outcome::Failed(failure),
        };
        self.finish(outcome, None);
    }

    fn finish(&mut self, outcome: Outcome, established: Option<Established>) {
        self.state = State::Finished(established);
        self.outbox = WriteQueue::new();
        self.events.push_back(Event::Finished(outcome));
    }
}

impl fmt::Debug for SourceSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceSession")
            .field("request", &self.request)
            .field("state", &self.state)
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}

/// Replies to what a session sends are lines, one INFO section, and one parameter with its name. No
/// target needs more, and none can make us hold more.
fn reply_limits() -> ReplyLimits {
    ReplyLimits {
        line_bytes_max: 64 * 1024,
        bulk_bytes_max: 1024 * 1024,
        elements_max: 16,
        depth_max: 2,
        total_bytes_max: 2 * 1024 * 1024,
    }
}

/// The longest idle timeout that is kept to: a longer one would overflow the clock.
pub const IDLE_TIMEOUT_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
