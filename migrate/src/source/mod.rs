//! The source's side of one migration, as a state machine without socket, clock or thread.

mod ledger;
mod settle;
mod transfer;
mod verify;

use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;
use std::time::{Duration, Instant};

use bytes::Bytes;
use keyspace::FrozenKey;
use resp::{Reply, ReplyProgress};

use crate::error::{Failure, Outcome, Refusal};
use crate::request::MigrateRequest;
use crate::target::{Buffers, Established, Handshake, Identity};
use crate::time::Now;
use ledger::Ledger;
use settle::{OldConnection, Settling};
use transfer::{Answer, Step, Transfer};
use verify::{Found, Nonsense, Verify};

/// One migration, seen from the source.
///
/// Whoever drives it calls `handle_*` with what happened and then, until nothing moves any more:
///
/// 1. [`poll_event`](Self::poll_event) until `None`, doing what each event says;
/// 2. [`wanted_key`](Self::wanted_key): freezes the key whose turn has come and answers with
///    [`handle_frozen`](Self::handle_frozen) or [`handle_missing`](Self::handle_missing), or with
///    nothing as long as somebody else keeps it frozen;
/// 3. [`work`](Self::work) while it [has any](Self::has_work), or as long as there is time for it;
/// 4. [`transmit_slices`](Self::transmit_slices), writing them, and
///    [`handle_transmitted`](Self::handle_transmitted) with how much the socket took.
///
/// The order is part of the contract: nothing is handed out for sending while an event waits to be
/// taken, so that reads of a key are parked before the target can know it.
/// [`poll_timeout`](Self::poll_timeout) is the only deadline.
///
/// No key is lost whatever happens: a key is given up ([`Event::Moved`]) only on the target's
/// `+OK` to its own, completely sent RESTORE, or when an equal one was found there after an end that
/// was ambiguous.
pub struct SourceSession {
    request: MigrateRequest,
    /// Our own run id: a target that shows the same is ourselves (rule X11).
    own_run_id: Bytes,
    state: State,
    /// Who is at the other end, since the last handshake.
    identity: Identity,
    /// An ambiguous end that is being settled.
    settling: Option<Settling>,
    buffers: Buffers,
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
    /// How an ambiguous end was settled for the key; its release follows.
    Settled(usize, Settlement),
    /// The end: tell the caller. No event follows.
    Finished(Outcome),
}

/// How an ambiguous end was settled for one key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Settlement {
    /// The target has it: it counts as moved.
    Stored,
    /// The target does not have it: it is only here.
    NotStored,
    /// It was not found out: the key stays here, and may be there too.
    Unknown,
}

/// How far a migration is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    /// Keys whose fate is settled: moved, refused or missing.
    pub keys_done: usize,
    /// Keys that are at the target; with COPY they are here too.
    pub keys_moved: usize,
    /// Keys that were asked for.
    pub keys_total: usize,
    /// Bytes of payload that were encoded of the key that is leaving, and all it has, once it is
    /// measured.
    pub current_bytes: Option<(u64, u64)>,
    /// Bytes that the target's socket took of all.
    pub sent_bytes: u64,
    /// Keys whose RESTORE has left and is not answered.
    pub keys_in_doubt: usize,
    /// Whether an ambiguous end is being settled.
    pub settling: bool,
}

/// A key on its way.
#[derive(Debug)]
struct Parcel {
    index: usize,
    frozen: FrozenKey,
    /// When its turn came, in Unix milliseconds.
    begun_at_ms: i64,
    /// Length of its payload, once it is measured.
    payload_bytes: u64,
}

#[derive(Debug)]
enum State {
    Connecting,
    Handshaking(Handshake),
    Transferring(Transfer),
    /// The old connection is being ended at the target.
    Killing,
    /// The target is asked what it has under the names of keys. `busy` is what it answered where it
    /// refused one because there is such a key.
    Verifying {
        verify: Verify,
        busy: Option<Bytes>,
    },
    /// Until the next attempt to settle.
    Pausing,
    /// `Some` while the connection can serve another migration.
    Finished(Option<Box<Established>>),
}

impl SourceSession {
    /// A session for `request`. With `established`, a connection that served before is at hand and
    /// [`Event::Connect`] comes only if that one proves dead.
    pub fn new(
        request: MigrateRequest,
        own_run_id: Bytes,
        mut established: Option<Established>,
        now: Now,
    ) -> Self {
        let buffers = established.as_mut().map(|known| std::mem::take(&mut known.buffers));
        let mut session = Self {
            request,
            own_run_id,
            state: State::Connecting,
            identity: Identity::default(),
            settling: None,
            buffers: buffers.unwrap_or_default(),
            events: VecDeque::new(),
            ledger: Ledger::default(),
            progress_at: now.instant,
            retried: false,
        };
        match established {
            Some(_) => session.shake_hands(established, now),
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

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let Ledger { moved, refused, missing, sent_bytes, .. } = self.ledger;
        let (current_bytes, sent_now, keys_in_doubt) = match &self.state {
            State::Transferring(transfer) => {
                (transfer.current(), transfer.transmitted, transfer.sent_len())
            }
            _ => (None, 0, self.settling.as_ref().map_or(0, |settling| settling.parcels.len())),
        };
        Progress {
            keys_done: moved + refused + missing,
            keys_moved: moved,
            keys_total: self.request.keys().len(),
            current_bytes,
            sent_bytes: sent_bytes + sent_now,
            keys_in_doubt,
            settling: self.settling.is_some(),
        }
    }

    /// The connection that [`Event::Connect`] asked for is there.
    pub fn handle_connected(&mut self, now: Now) {
        if matches!(self.state, State::Connecting) {
            self.note_progress(now);
            // What came over the old connection meanwhile is nobody's.
            self.buffers = Buffers::default();
            self.shake_hands(None, now);
        }
    }

    /// The connection that [`Event::Connect`] asked for cannot be made.
    pub fn handle_connect_failed(&mut self, now: Now, failure: Failure) {
        if !matches!(self.state, State::Connecting) {
            return;
        }
        if self.settling.is_some() {
            self.fail(now, false);
        } else {
            let outcome = self.ledger.broken_outcome(failure);
            self.finish(outcome, None);
        }
    }

    /// Where the next bytes from the target go; never empty.
    pub fn read_space(&mut self) -> &mut [u8] {
        self.buffers.replies.read_space()
    }

    /// `n` bytes from the target lie in [`read_space`](Self::read_space).
    pub fn handle_received(&mut self, now: Now, n: usize) {
        self.note_progress(now);
        self.buffers.replies.commit(n);
        while !matches!(self.state, State::Finished(_) | State::Connecting | State::Pausing) {
            match self.handle_next_reply(now) {
                Ok(true) => {}
                Ok(false) => return,
                Err(Nonsense) => self.handle_nonsense(now),
            }
        }
    }

    /// The socket took the first `n` bytes of what [`transmit_slices`](Self::transmit_slices) gave.
    pub fn handle_transmitted(&mut self, now: Now, n: usize) {
        self.note_progress(now);
        self.buffers.outbox.advance(n);
        if let State::Transferring(transfer) = &mut self.state {
            transfer.transmitted += n as u64;
        }
    }

    /// The target closed or reset the connection. Everything that it sent before has been handed
    /// to [`handle_received`](Self::handle_received).
    pub fn handle_closed(&mut self, now: Now) {
        self.progress_at = now.instant;
        if !matches!(self.state, State::Connecting | State::Pausing) {
            self.fail(now, true);
        }
    }

    /// Whoever drives the session keeps what is to be written from leaving, for a reason of its own:
    /// the idle timeout begins anew, unless the target owes a reply.
    pub fn handle_held_back(&mut self, now: Now) {
        if let State::Transferring(transfer) = &self.state
            && !self.buffers.outbox.is_empty()
            && !transfer.is_owed_reply()
        {
            self.progress_at = now.instant;
        }
    }

    /// Whoever drives the session has not looked at it for this long: its deadlines move by as much.
    pub fn handle_pause(&mut self, pause: Duration) {
        self.progress_at += pause;
        if let Some(settling) = &mut self.settling {
            settling.pause(pause);
        }
    }

    /// The deadline of [`poll_timeout`](Self::poll_timeout) may have passed.
    pub fn handle_timeout(&mut self, now: Now) {
        if self.poll_timeout().is_none_or(|deadline| deadline > now.instant) {
            return;
        }
        if self.settling.as_mut().is_some_and(|settling| settling.is_due(now.instant)) {
            self.state = State::Connecting;
            self.events.push_back(Event::Connect);
        } else {
            self.fail(now, false);
        }
    }

    /// Calls it off: keys that the target has not acknowledged stay here.
    pub fn cancel(&mut self, now: Now) {
        if matches!(self.state, State::Finished(_)) {
            return;
        }
        self.ledger.cancel();
        if let Some(settling) = &mut self.settling {
            settling.give_up(now.instant);
        }
        self.fail(now, false);
    }

    /// The key whose turn has come, which is to be frozen now.
    pub fn wanted_key(&self) -> Option<usize> {
        match &self.state {
            State::Transferring(transfer) if transfer.takes_another(&self.buffers.outbox) => {
                Some(self.ledger.next).filter(|&next| next < self.request.keys().len())
            }
            _ => None,
        }
    }

    /// The [`wanted_key`](Self::wanted_key) is frozen, and this is what it holds.
    pub fn handle_frozen(&mut self, now: Now, frozen: FrozenKey) {
        let State::Transferring(transfer) = &mut self.state else { return };
        transfer.begin(self.ledger.next, frozen, &self.request, &self.identity, now);
        self.ledger.go_past_next();
        self.work(now);
    }

    /// There is no key like the [`wanted_key`](Self::wanted_key) (any more): it is skipped (rule
    /// K2).
    pub fn handle_missing(&mut self) {
        if let State::Transferring(_) = &self.state {
            self.ledger.go_past_next();
            self.ledger.missing += 1;
            self.go_on();
        }
    }

    /// Whether [`work`](Self::work) has something to do.
    pub fn has_work(&self) -> bool {
        match &self.state {
            State::Transferring(transfer) => transfer.has_work(&self.buffers.outbox),
            _ => false,
        }
    }

    /// Measures or encodes a bounded piece of the key that is leaving: a few hundred microseconds
    /// where 64 KiB are compressed, and tens otherwise.
    pub fn work(&mut self, now: Now) {
        let waited = self.waits_for_peer();
        let State::Transferring(transfer) = &mut self.state else { return };
        match transfer.work(&self.request, &self.identity, now, &mut self.buffers.outbox) {
            Step::Going => {}
            Step::Encoded(index) => {
                if !self.request.copy {
                    self.events.push_back(Event::InDoubt(index));
                }
            }
            Step::Refused(index, refusal) => {
                self.ledger.refuse(refusal);
                self.events.push_back(Event::Thaw(index));
                self.go_on();
            }
        }
        if !waited {
            self.progress_at = now.instant;
        }
    }

    /// Takes the next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Fills `slices` with what to write next and tells how many it filled: none while an event
    /// waits to be taken.
    pub fn transmit_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        if self.events.is_empty() { self.buffers.outbox.io_slices(slices) } else { 0 }
    }

    /// Whether what is to be written are keys, and not the questions before and after them.
    pub fn sends_keys(&self) -> bool {
        matches!(self.state, State::Transferring(_))
    }

    /// Bytes that wait to be written, 0 while an event waits to be taken.
    pub fn transmit_len(&self) -> usize {
        if self.events.is_empty() { self.buffers.outbox.len() } else { 0 }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). `None` while the session waits for
    /// nothing from the target: the timeout is an idle timeout.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.settling {
            _ if matches!(self.state, State::Finished(_)) => None,
            Some(settling) => Some(settling.deadline()),
            None => self.waits_for_peer().then(|| self.progress_at + self.request.idle_timeout),
        }
    }

    /// After [`Event::Finished`]: what to remember of the connection if it can serve again. `None`
    /// means that it must be closed.
    pub fn into_established(self) -> Option<Established> {
        match self.state {
            State::Finished(established) => established.map(|it| *it),
            _ => None,
        }
    }

    fn note_progress(&mut self, now: Now) {
        self.progress_at = now.instant;
        if let Some(settling) = &mut self.settling {
            settling.progress(now.instant);
        }
    }

    fn waits_for_peer(&self) -> bool {
        match &self.state {
            State::Connecting
            | State::Handshaking(_)
            | State::Killing
            | State::Verifying { .. } => true,
            State::Transferring(transfer) => {
                !self.buffers.outbox.is_empty() || transfer.awaits_replies()
            }
            State::Pausing | State::Finished(_) => false,
        }
    }

    fn shake_hands(&mut self, known: Option<Established>, now: Now) {
        let handshake = Handshake::begin(&self.request, known, now, self.buffers.outbox.tail());
        self.state = State::Handshaking(handshake);
        self.end_handshake_when_complete(now);
    }

    /// Takes the next reply, or a piece of a long one. False if none is complete.
    fn handle_next_reply(&mut self, now: Now) -> Result<bool, Nonsense> {
        let State::Verifying { verify, .. } = &mut self.state else {
            let Some(reply) = self.buffers.replies.decode().map_err(|_| Nonsense)? else {
                return Ok(false);
            };
            self.handle_reply(now, reply)?;
            return Ok(true);
        };
        while let Some(chunk) = self.buffers.replies.chunk() {
            verify.handle_chunk(chunk)?;
        }
        let found = match self.buffers.replies.decode_streaming(0).map_err(|_| Nonsense)? {
            ReplyProgress::Incomplete => return Ok(false),
            ReplyProgress::Reply(reply) => {
                verify.handle_reply(reply, &self.request, now, self.buffers.outbox.tail())?
            }
            ReplyProgress::Stream { bulk_bytes } => {
                verify.handle_stream(bulk_bytes)?;
                None
            }
            ReplyProgress::StreamEnd => Some(verify.handle_stream_end()?),
        };
        if let Some((parcel, found)) = found {
            self.conclude(parcel, found);
        }
        self.go_on_verifying();
        Ok(true)
    }

    fn handle_reply(&mut self, now: Now, reply: Reply) -> Result<(), Nonsense> {
        match &mut self.state {
            State::Handshaking(handshake) => {
                match handshake.handle_reply(reply, &self.request, now, self.buffers.outbox.tail())
                {
                    Ok(()) => self.end_handshake_when_complete(now),
                    Err(stranger) => self.end_handshake_badly(now, stranger),
                }
            }
            State::Transferring(transfer) => match transfer.handle_reply(reply) {
                Answer::Stored(index) => {
                    self.ledger.answered = true;
                    self.ledger.moved += 1;
                    self.release(index, !self.request.copy);
                    self.go_on();
                }
                Answer::Refused(parcel, text) => {
                    self.ledger.answered = true;
                    let key = &self.request.keys()[parcel.index];
                    if text.starts_with(b"BUSYKEY") && self.request.maybe_there.contains(key) {
                        transfer.disputed.push((parcel, text));
                    } else {
                        self.ledger.refuse(Refusal::Target(text));
                        self.release(parcel.index, false);
                    }
                    self.go_on();
                }
                Answer::CutShort(text) => {
                    self.ledger.answered = true;
                    self.ledger.refuse(Refusal::Target(text));
                    self.fail(now, false);
                }
                Answer::Nonsense => return Err(Nonsense),
            },
            State::Killing if Settling::is_killed(&reply) => self.verify_parcels(),
            // It may still be executed: whatever is found now need not stay so.
            State::Killing => self.give_up_settling(),
            State::Connecting | State::Pausing | State::Verifying { .. } | State::Finished(_) => {}
        }
        Ok(())
    }

    /// The target said what cannot be understood: nothing that follows is believed (rule X1).
    fn handle_nonsense(&mut self, now: Now) {
        match &self.state {
            State::Handshaking(handshake) => {
                let stranger = handshake.stranger();
                self.end_handshake_badly(now, stranger);
            }
            _ => self.fail(now, false),
        }
    }

    fn end_handshake_when_complete(&mut self, now: Now) {
        if !matches!(&self.state, State::Handshaking(handshake) if handshake.is_complete()) {
            return;
        }
        let state = std::mem::replace(&mut self.state, State::Connecting);
        let State::Handshaking(handshake) = state else { return };
        let refused = handshake.refused().cloned().map(Refusal::Target);
        let identity = handshake.into_identity();
        if let Some(refusal) = refused {
            return self.refuse_connection(now, identity, refusal, None);
        }
        let ourselves = identity.run_id.as_ref() == Some(&self.own_run_id);
        if ourselves && self.request.target_db == self.request.source_db as i64 {
            let selected_db = Some(self.request.target_db);
            return self.refuse_connection(now, identity, Refusal::Oneself, selected_db);
        }
        self.identity = identity;
        let Some(settling) = &self.settling else {
            self.state = State::Transferring(Transfer::default());
            return self.go_on();
        };
        match settling.old_connection(&self.identity) {
            OldConnection::Dead => self.verify_parcels(),
            OldConnection::Alive(client_id) => {
                Settling::ask_to_kill(client_id, self.buffers.outbox.tail());
                self.state = State::Killing;
            }
            OldConnection::Unknown => self.give_up_settling(),
        }
    }

    /// The handshake is complete, and the keys do not go there.
    fn refuse_connection(
        &mut self,
        now: Now,
        identity: Identity,
        refusal: Refusal,
        selected_db: Option<i64>,
    ) {
        if self.settling.is_some() {
            return self.fail(now, false);
        }
        self.ledger.refuse(refusal);
        let outcome = self.ledger.outcome();
        let known = self.keep_connection(identity, selected_db);
        self.finish(outcome, known);
    }

    fn end_handshake_badly(&mut self, now: Now, stranger: Refusal) {
        if self.settling.is_some() {
            return self.fail(now, false);
        }
        self.ledger.refuse(stranger);
        let outcome = self.ledger.outcome();
        self.finish(outcome, None);
    }

    /// Comes to the end once every key has had its turn and its answer.
    fn go_on(&mut self) {
        let State::Transferring(transfer) = &mut self.state else { return };
        if !transfer.is_idle() {
            return;
        }
        if !transfer.disputed.is_empty() {
            let disputed = std::mem::take(&mut transfer.disputed);
            self.ledger.sent_bytes += transfer.transmitted;
            let busy = disputed.first().map(|(_, text)| text.clone());
            let parcels = disputed.into_iter().map(|(parcel, _)| parcel).collect();
            self.begin_verifying(parcels, busy);
            return;
        }
        if self.ledger.next < self.request.keys().len() {
            return;
        }
        let outcome = self.ledger.outcome();
        // After an error the remembered database is not trusted (rule T9).
        let trusted = !matches!(outcome, Outcome::Refused(_));
        let selected_db = trusted.then_some(self.request.target_db);
        let known = self.keep_connection(self.identity.clone(), selected_db);
        self.finish(outcome, known);
    }

    fn begin_verifying(&mut self, parcels: Vec<Parcel>, busy: Option<Bytes>) {
        let mut verify = Verify::new(parcels);
        verify.ask(&self.request, self.buffers.outbox.tail());
        self.state = State::Verifying { verify, busy };
    }

    fn verify_parcels(&mut self) {
        let parcels = self.settling.as_mut().map(|settling| std::mem::take(&mut settling.parcels));
        self.begin_verifying(parcels.unwrap_or_default(), None);
        self.go_on_verifying();
    }

    fn go_on_verifying(&mut self) {
        let State::Verifying { verify, .. } = &mut self.state else { return };
        verify.ask(&self.request, self.buffers.outbox.tail());
        if !verify.is_done() {
            return;
        }
        if let Some(Settling { failure, may_retry, .. }) = self.settling.take() {
            let rest = self.ledger.next < self.request.keys().len();
            if !(may_retry && self.may_retry() && rest) {
                let outcome = self.ledger.settled_outcome(failure, rest);
                return self.finish(outcome, None);
            }
            self.retried = true;
        }
        self.state = State::Transferring(Transfer::default());
        self.go_on();
    }

    /// What was found of a key decides where it is.
    fn conclude(&mut self, parcel: Parcel, found: Found) {
        let settlement = match found {
            Found::Equal => Settlement::Stored,
            Found::Nothing => Settlement::NotStored,
            Found::Other => Settlement::Unknown,
        };
        let State::Verifying { busy, .. } = &self.state else { return };
        match (found, busy.clone()) {
            (Found::Equal, _) => self.ledger.found_there(parcel.index),
            (_, Some(text)) => self.ledger.refuse(Refusal::Target(text)),
            (Found::Nothing, None) => self.ledger.next = self.ledger.next.min(parcel.index),
            (Found::Other, None) => self.ledger.unsettled(),
        }
        self.events.push_back(Event::Settled(parcel.index, settlement));
        self.release(parcel.index, found == Found::Equal && !self.request.copy);
    }

    fn release(&mut self, index: usize, moved: bool) {
        self.events.push_back(if moved { Event::Moved(index) } else { Event::Thaw(index) });
    }

    /// The conversation broke. Keys whose RESTORE had not left completely are known to be only
    /// here; one retry is allowed while that is true of all (rule F3). Those that had left are to be
    /// settled.
    fn fail(&mut self, now: Now, may_retry: bool) {
        let failure = match &self.state {
            State::Finished(_) => return,
            State::Connecting => Failure::Connecting,
            _ if self.buffers.outbox.is_empty() => Failure::Reading,
            _ => Failure::Writing,
        };
        self.buffers = Buffers::default();
        match std::mem::replace(&mut self.state, State::Pausing) {
            State::Handshaking(handshake) if self.settling.is_none() => {
                if let Some(text) = handshake.refused() {
                    return self.end_handshake_badly(now, Refusal::Target(text.clone()));
                }
            }
            State::Transferring(mut transfer) => {
                self.ledger.sent_bytes += transfer.transmitted;
                let (left, kept) = transfer.abandon();
                // An earlier migration may have left them there.
                self.leave_unsettled(transfer.disputed.drain(..).map(|(parcel, _)| parcel));
                for index in kept {
                    self.release(index, false);
                    self.ledger.next = self.ledger.next.min(index);
                }
                if !left.is_empty() {
                    return self.settle(now, left, failure, may_retry);
                }
            }
            State::Verifying { verify, .. } => match &mut self.settling {
                Some(settling) => settling.parcels = verify.abandon(),
                None => self.leave_unsettled(verify.abandon()),
            },
            _ => {}
        }
        if let Some(settling) = &mut self.settling {
            if !settling.try_later(now.instant) {
                self.give_up_settling();
            }
            return;
        }
        if may_retry && self.may_retry() {
            self.retried = true;
            self.state = State::Connecting;
            self.events.push_back(Event::Connect);
            return;
        }
        let outcome = self.ledger.broken_outcome(failure);
        self.finish(outcome, None);
    }

    /// Whether what was not answered may be sent once more after a failure that was no timeout
    /// (rules F3 and F4).
    fn may_retry(&self) -> bool {
        !(self.retried || self.ledger.answered || self.ledger.has_unsettled())
    }

    /// Begins to find out what became of keys that had left.
    fn settle(&mut self, now: Now, parcels: Vec<Parcel>, failure: Failure, may_retry: bool) {
        // A target that is ourselves would be asked about the very keys that are frozen (rule X11).
        let run_id = self.identity.run_id.as_ref();
        let is_another = run_id.is_some_and(|run_id| *run_id != self.own_run_id);
        if !(self.request.settle && is_another) || self.ledger.is_cancelled() {
            self.leave_unsettled(parcels);
            let outcome = self.ledger.broken_outcome(failure);
            return self.finish(outcome, None);
        }
        let (old, timeout) = (self.identity.clone(), self.request.idle_timeout);
        let settling = Settling::new(parcels, failure, may_retry, old, timeout, now.instant);
        self.settling = Some(settling);
        self.state = State::Connecting;
        self.events.push_back(Event::Connect);
    }

    /// It cannot be found out what became of the keys that are left.
    fn give_up_settling(&mut self) {
        let Some(settling) = self.settling.take() else { return };
        self.leave_unsettled(settling.parcels);
        let outcome = self.ledger.broken_outcome(settling.failure);
        self.finish(outcome, None);
    }

    fn leave_unsettled(&mut self, parcels: impl IntoIterator<Item = Parcel>) {
        for parcel in parcels {
            self.ledger.unsettled();
            self.events.push_back(Event::Settled(parcel.index, Settlement::Unknown));
            self.release(parcel.index, false);
        }
    }

    /// What to remember of the connection. One with bytes left to read is not used again (rule X5).
    fn keep_connection(
        &mut self,
        identity: Identity,
        selected_db: Option<i64>,
    ) -> Option<Established> {
        let buffers = std::mem::take(&mut self.buffers);
        buffers.is_empty().then_some(Established { identity, selected_db, buffers })
    }

    fn finish(&mut self, outcome: Outcome, established: Option<Established>) {
        self.buffers = Buffers::default();
        self.state = State::Finished(established.map(Box::new));
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

/// The longest idle timeout that is kept to: a longer one would overflow the clock.
pub const IDLE_TIMEOUT_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
