//! A client's share of a turn.

use std::time::Instant;

use keyspace::WARMED_KEYS_MAX;
use migrate::Now;
use resp::encode;

use super::{EventLoop, SHARE_TIME_MAX, request_limits};
use crate::client::Stage;
use crate::commands::{self, Answer, CommandError, Context, Reply};
use crate::connection::{Connection, Progress};
use crate::park::Woken;

impl EventLoop {
    /// Gives one client its share of a turn: runs what has come, answers, reads more.
    pub(super) fn serve(&mut self, slot: usize, now: Now) {
        let ends_at = self.state.read_clock() + SHARE_TIME_MAX;
        loop {
            self.run_requests(slot, now, ends_at);
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
            match flushed {
                Progress::Closed => return self.close(slot),
                Progress::Moved(_) if !connection.out.is_empty() => return self.enqueue(slot),
                Progress::Moved(_) | Progress::Blocked => {}
            }
            if client.closing {
                if connection.out.is_empty() {
                    self.close(slot);
                }
                return;
            }
            match client.stage {
                Stage::Open => {}
                // Its command is not run for nobody: who gave up waiting will try again. (A caller
                // of MIGRATE that hangs up cancels nothing, and is answered if it still listens.)
                Stage::Parked if connection.read_closed => return self.close(slot),
                Stage::Parked | Stage::Waiting => return,
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
                    if connection.decoder.buffered() > self.state.config.client_query_buffer_limit()
                    {
                        tracing::warn!("a client is over client-query-buffer-limit and is closed");
                        return self.close(slot);
                    }
                }
                Progress::Blocked => return,
                Progress::Closed => return self.close(slot),
            }
        }
    }

    /// Runs the requests that have been received completely, until one has to wait or it is
    /// `ends_at`.
    fn run_requests(&mut self, slot: usize, now: Now, ends_at: Instant) {
        let mut warmed = 0;
        while self.state.clock < ends_at {
            let connection = &mut self.connections[slot];
            let client = &mut self.state.clients[slot];
            if client.stage != Stage::Open || client.closing || self.state.shutdown {
                return;
            }
            if warmed == 0 {
                self.keyspace.database(client.db).warm(connection.decoder.upcoming());
                warmed = WARMED_KEYS_MAX;
            }
            warmed -= 1;
            match connection.decoder.decode(&mut connection.request) {
                Ok(true) => self.execute(slot, now, None),
                Ok(false) => return,
                Err(error) => {
                    error.encode(connection.out.tail());
                    client.closing = true;
                    return;
                }
            }
        }
    }

    /// Runs the connection's request, which may have waited before.
    pub(super) fn execute(&mut self, slot: usize, now: Now, woken: Option<Woken>) {
        let Self { keyspace, state, connections, .. } = self;
        let Connection { request, out, .. } = &mut connections[slot];
        let authenticated = state.clients[slot].authenticated;
        let waited = woken.as_ref().map(|woken| woken.wait.argument);
        let context = &mut Context { keyspace, state, out, slot, now };
        match commands::execute(context, request, waited) {
            Answer::Reply(Reply::Later) => state.clients[slot].stage = Stage::Waiting,
            Answer::Reply(reply) => reply.encode(out),
            Answer::Error(error) => self.answer_error(slot, error),
            Answer::HangUp => {
                tracing::warn!("a request came over HTTP: a web page may be behind it");
                state.clients[slot].closing = true;
            }
            Answer::Park(wait) => {
                let client = &mut state.clients[slot];
                client.stage = Stage::Parked;
                self.lot.park(wait, (slot, client.id), woken.map(|woken| woken.ticket));
                self.hold_databases();
            }
        }
        let now_authenticated = self.state.clients[slot].authenticated;
        if now_authenticated != authenticated {
            let limits = request_limits(&self.state.config, now_authenticated);
            self.connections[slot].decoder.set_limits(limits);
        }
    }

    pub(super) fn answer_error(&mut self, slot: usize, error: CommandError) {
        let line = error.into_line();
        self.state.counters.count_error(&line);
        encode::error(self.connections[slot].out.tail(), &line);
    }
}

/// Bytes that one client is sent in one turn, or a little more.
const SHARE_BYTES_MAX: usize = 256 * 1024;
