//! A client's share of a turn.

use std::time::{Duration, Instant};

use keyspace::WARMED_KEYS_MAX;
use migrate::Now;
use resp::{Progress as Decoded, WriteQueue, encode};

use super::{EventLoop, SHARE_TIME_MAX, request_limits};
use crate::client::Stage;
use crate::commands::{self, Answer, CommandError, Context, Reply};
use crate::connection::{Connection, Progress};
use crate::incoming::INCOMING_BYTES_MIN;
use crate::park::Woken;

impl EventLoop {
    /// Gives one client its share of a turn: runs what has come, answers, reads more.
    pub(super) fn serve(&mut self, slot: usize, now: Now) {
        let ends_at = self.state.read_clock() + SHARE_TIME_MAX;
        if !self.secure(slot) {
            return;
        }
        loop {
            self.run_requests(slot, now, ends_at);
            if self.keeps_answers(slot) {
                return;
            }
            let connection = &mut self.connections[slot];
            let unsent = connection.out.len();
            let flushed = connection.flush(SHARE_BYTES_MAX);
            let client = &mut self.state.clients[slot];
            if connection.out.len() < unsent {
                client.active_at = now;
            }
            client.query_bytes = connection.decoder.buffered();
            client.output_bytes = connection.out.len();
            self.state.counters.net_output_bytes += (unsent - client.output_bytes) as u64;
            if !connection.out.is_empty() {
                self.limit_output(slot);
            }
            let (connection, client) = (&mut self.connections[slot], &mut self.state.clients[slot]);
            match flushed {
                Progress::Closed => return self.close(slot),
                Progress::Moved(_) if !connection.out.is_empty() => return self.enqueue(slot),
                Progress::Moved(_) | Progress::Blocked => {}
            }
            if client.closing {
                if !connection.has_unsent() {
                    self.close(slot);
                }
                return;
            }
            match client.stage {
                Stage::Open => {}
                // Its command is not run for nobody: who gave up waiting will try again. (A caller
                // of MIGRATE that hangs up cancels nothing, and is answered if it still listens.)
                Stage::Parked | Stage::Blocked if connection.read_closed => {
                    return self.close(slot);
                }
                Stage::Parked | Stage::Blocked | Stage::Waiting => return,
            }
            // A clock that was read before the last bytes were sent will do to tell whether requests
            // may be left in the buffer.
            if ends_at <= self.state.clock {
                return self.enqueue(slot);
            }
            if !connection.readable {
                return;
            }
            match connection.read() {
                Progress::Moved(n) => {
                    self.state.read_clock();
                    self.state.counters.net_input_bytes += n as u64;
                    self.state.clients[slot].active_at = now;
                    let transaction = self.state.clients[slot].transaction.as_ref();
                    let queued = transaction.map_or(0, |transaction| transaction.bytes());
                    let unrun = connection.decoder.buffered().saturating_add(queued);
                    if unrun > self.state.config.client_query_buffer_limit() {
                        tracing::warn!("a client is over client-query-buffer-limit and is closed");
                        return self.close(slot);
                    }
                }
                Progress::Blocked => return,
                Progress::Closed => return self.close(slot),
            }
        }
    }

    /// Whether a client's answers wait while a MIGRATE of its own is under way: more of its requests lie
    /// behind that one. They leave when the last of those is under way, or after a while. To send each
    /// by itself would take an eighth of the time of a pipeline that moves small keys.
    fn keeps_answers(&mut self, slot: usize) -> bool {
        let connection = &mut self.connections[slot];
        let client = &self.state.clients[slot];
        let is_pipelined = client.stage == Stage::Waiting && connection.decoder.buffered() > 0;
        if !is_pipelined || !(1..=KEPT_BYTES_MAX).contains(&connection.out.len()) {
            connection.kept_until = None;
            return false;
        }
        let now = self.state.clock;
        let until = *connection.kept_until.get_or_insert_with(|| {
            self.keepers.push_back((now + ANSWERS_KEPT_FOR, (slot, client.id)));
            now + ANSWERS_KEPT_FOR
        });
        if until <= now {
            connection.kept_until = None;
        }
        until > now
    }

    /// Gives those a turn whose answers have been kept long enough.
    pub(super) fn send_kept(&mut self, now: Now) {
        while let Some((_, client)) = self.keepers.pop_front_if(|(until, _)| *until <= now.instant)
        {
            if let Some(slot) = self.slot_of(client) {
                self.enqueue(slot);
            }
        }
    }

    /// Sends all answers that are kept: for a while, or for ever, nobody is served.
    pub(super) fn flush_kept(&mut self) {
        for (_, client) in std::mem::take(&mut self.keepers) {
            if let Some(slot) = self.slot_of(client) {
                let connection = &mut self.connections[slot];
                if connection.kept_until.take().is_some() {
                    // What the socket does not take now, or cannot, is seen to when it is served.
                    connection.flush(SHARE_BYTES_MAX);
                }
            }
        }
    }

    /// Runs the requests that have been received completely, until one has to wait or it is
    /// `ends_at`.
    fn run_requests(&mut self, slot: usize, now: Now, ends_at: Instant) {
        let mut warmed = 0;
        while self.state.clock < ends_at {
            let client = &mut self.state.clients[slot];
            if client.stage != Stage::Open || client.closing || self.state.shutdown {
                return;
            }
            if client.incoming.is_some() && !self.take_incoming(slot, ends_at) {
                return;
            }
            let connection = &mut self.connections[slot];
            let client = &mut self.state.clients[slot];
            if warmed == 0 {
                self.keyspace.database(client.db).warm(connection.decoder.upcoming());
                warmed = WARMED_KEYS_MAX;
            }
            warmed -= 1;
            match connection.decoder.decode_offering(&mut connection.request, INCOMING_BYTES_MIN) {
                Ok(Decoded::Complete) => self.execute(slot, now, None),
                Ok(Decoded::Incomplete) => return,
                Ok(Decoded::Offer) => self.begin_incoming(slot, now),
                Err(error) => {
                    if !client.replies.is_silent() {
                        error.encode(connection.out.tail());
                    }
                    client.closing = true;
                    self.state.counters.count_error(b"ERR");
                    return;
                }
            }
        }
    }

    /// Has a long argument that is about to arrive taken as it does, if its command wants that.
    fn begin_incoming(&mut self, slot: usize, now: Now) {
        let Self { keyspace, state, connections, .. } = self;
        let Connection { decoder, out, .. } = &mut connections[slot];
        let (in_transaction, served) = (false, None);
        let context = &mut Context { keyspace, state, out, slot, now, in_transaction, served };
        let incoming = decoder.offer().and_then(|offer| commands::take_offer(context, &offer));
        if let Some(incoming) = incoming {
            decoder.stream();
            state.clients[slot].incoming = Some(Box::new(incoming));
        }
    }

    /// Takes what has come of the argument that is taken as it arrives, until it is `ends_at`. Tells
    /// whether the rest of the request is next.
    fn take_incoming(&mut self, slot: usize, ends_at: Instant) -> bool {
        let decoder = &mut self.connections[slot].decoder;
        loop {
            let incoming = self.state.clients[slot].incoming.as_mut();
            let incoming = incoming.expect("there is an argument to take");
            if incoming.has_work() {
                let (command, started_at) = (incoming.command, self.state.clock);
                if let Some(garbage) = incoming.advance() {
                    self.keyspace.release_other(garbage);
                }
                let time = self.state.read_clock() - started_at;
                self.state.counters.count_time(command, time);
                if self.state.clock >= ends_at {
                    return false;
                }
            } else if let Some(piece) = decoder.chunk() {
                incoming.push(piece);
            } else {
                return decoder.stream_rest() == 0;
            }
        }
    }

    /// Runs the connection's request, which may have waited for frozen keys before, and the requests
    /// of those who have waited for keys that it has brought.
    pub(super) fn execute(&mut self, slot: usize, now: Now, woken: Option<Woken>) {
        self.run_request(slot, now, woken, None);
        self.serve_blocked(now);
    }

    /// Runs the connection's request, which may have waited before: for frozen keys, or for the key
    /// `served`.
    pub(super) fn run_request(
        &mut self,
        slot: usize,
        now: Now,
        woken: Option<Woken>,
        served: Option<&[u8]>,
    ) {
        let Self { keyspace, state, connections, .. } = self;
        let Connection { request, out, .. } = &mut connections[slot];
        // Where what is not sent goes: commands that write their answer need not know.
        let mut unwanted = state.clients[slot].replies.is_silent().then(WriteQueue::new);
        let out = unwanted.as_mut().unwrap_or(out);
        let authenticated = state.clients[slot].authenticated;
        let started_at = state.clock;
        let has_waited = woken.is_some() || served.is_some();
        let waited = woken.as_ref().map(|woken| woken.wait.argument);
        let context =
            &mut Context { keyspace, state, out, slot, now, in_transaction: false, served };
        match commands::execute(context, request, waited) {
            Answer::Reply(Reply::Blocked) => state.clients[slot].stage = Stage::Blocked,
            Answer::Reply(Reply::Later) => state.clients[slot].stage = Stage::Waiting,
            Answer::Reply(Reply::Transaction) => self.run_transaction(slot, now, started_at),
            Answer::Reply(reply) => self.answer(slot, Ok(reply)),
            Answer::Error(error) => self.answer(slot, Err(error)),
            Answer::HangUp => {
                tracing::warn!("a request came over HTTP: a web page may be behind it");
                state.clients[slot].closing = true;
            }
            Answer::Park(wait) => {
                let client = &mut state.clients[slot];
                client.stage = Stage::Parked;
                client.parked_at.get_or_insert(state.clock);
                self.lot.park(wait, (slot, client.id), woken.map(|woken| woken.ticket));
                self.hold_databases();
            }
        }
        if self.state.clients[slot].stage == Stage::Open {
            self.end_request(slot);
        }
        self.deliver_pushes();
        let client = &mut self.state.clients[slot];
        // CLIENT CACHING is for the command that follows it.
        if let Some(tracking) = &mut client.tracking
            && client.transaction.is_none()
            && client.stage != Stage::Parked
            && !commands::is_name("CLIENT", self.connections[slot].request.arg(0))
        {
            tracking.is_caching_given = false;
        }
        if client.stage == Stage::Open && has_waited {
            self.state.blocked.remove(client.id);
        }
        if client.stage != Stage::Parked {
            self.release_incoming(slot);
        }
        let now_authenticated = self.state.clients[slot].authenticated;
        if now_authenticated != authenticated {
            let limits = request_limits(&self.state.config, now_authenticated);
            self.connections[slot].decoder.set_limits(limits);
        }
    }

    /// Lets go of an argument that the client's command has not taken: it was refused before.
    pub(super) fn release_incoming(&mut self, slot: usize) {
        if let Some(incoming) = self.state.clients[slot].incoming.take() {
            self.keyspace.release_other(incoming);
        }
    }

    /// Answers a client, unless it wants no reply.
    pub(super) fn answer(&mut self, slot: usize, answer: Result<Reply, CommandError>) {
        let client = &self.state.clients[slot];
        let out = &mut self.connections[slot].out;
        match answer {
            Ok(reply) if !client.replies.is_silent() => reply.encode(out, client.protocol),
            Ok(_) => {}
            Err(error) => {
                let line = error.into_line();
                self.state.counters.count_error(&line);
                if !client.replies.is_silent() {
                    encode::error(out.tail(), &line);
                }
            }
        }
    }

    /// The client's request has come to its end: it may have been the one that was not to be
    /// answered, or have asked for the next not to be.
    pub(super) fn end_request(&mut self, slot: usize) {
        if self.state.clients[slot].replies.ends_with_request() {
            self.state.tell_monitors();
            self.state.clients[slot].replies.end_request();
        }
    }
}

/// Bytes that one client is sent in one turn, or a little more.
const SHARE_BYTES_MAX: usize = 256 * 1024;

/// More bytes of answers are not kept: to send these takes little beside the MIGRATEs they belong to.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// After about so long answers are sent though a MIGRATE of their client is under way.
const ANSWERS_KEPT_FOR: Duration = Duration::from_millis(1);
