//! Transactions: the queued commands of a client are run with nothing between them.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use migrate::Now;
use mio::Events;
use resp::{WriteQueue, encode};

use super::{EVENTS_MAX, EventLoop};
use crate::client::Client;
use crate::commands::{self, Context, Reply};
use crate::connection::Connection;

impl EventLoop {
    /// Runs what the client has queued, and answers: an EXEC that has begun at `started_at` has found
    /// that it may.
    pub(super) fn run_transaction(&mut self, slot: usize, now: Now, started_at: Instant) {
        let transaction = self.state.clients[slot].transaction.take();
        let queued = transaction.map(|it| it.into_queued()).unwrap_or_default();
        if !self.state.clients[slot].replies.is_silent() {
            encode::array_header(self.connections[slot].out.tail(), queued.len());
        }
        for queued in queued {
            self.state.clients[slot].incoming = queued.incoming;
            let Self { keyspace, state, connections, .. } = self;
            let mut unwanted = state.clients[slot].replies.is_silent().then(WriteQueue::new);
            let out = unwanted.as_mut().unwrap_or(&mut connections[slot].out);
            let (in_transaction, served) = (true, None);
            let context = &mut Context { keyspace, state, out, slot, now, in_transaction, served };
            match commands::call(context, queued.command, &queued.request) {
                Ok(Reply::Later) => {
                    self.finish_alone(slot, now);
                    let client = Some(self.state.clients[slot].id);
                    self.state.hand_out_changes(&mut self.keyspace, client);
                }
                answer => self.answer(slot, answer),
            }
            self.release_incoming(slot);
        }
        let time = self.state.read_clock() - started_at;
        let Self { keyspace, state, connections, .. } = self;
        let Connection { out, request, .. } = &mut connections[slot];
        let (in_transaction, served) = (false, None);
        let context = &mut Context { keyspace, state, out, slot, now, in_transaction, served };
        commands::end_exec(context, request, time);
    }

    /// Has the migration that a client has just begun run to its end before anything else is done,
    /// and answers. Others stand still meanwhile, and so do their idle timeouts.
    fn finish_alone(&mut self, slot: usize, now: Now) {
        let Client { id, db, .. } = self.state.clients[slot];
        let mut callers = self.state.callers.iter();
        let called = callers.find(|(_, caller)| caller.client == (slot, id));
        let (&migration, _) = called.expect("only who moves keys is answered later");
        self.flush_kept();
        // Who waits until no key of the database is frozen waits for these keys too.
        self.keyspace.database_mut(db).hold_freezes(false);
        self.state.migrations.let_run_alone(migration, super::now());
        let mut events = Events::with_capacity(EVENTS_MAX);
        loop {
            // Of the keys' expiry, the time of the transaction.
            let now = Now { unix_ms: now.unix_ms, ..super::now() };
            self.state.migrations.turn(&mut self.keyspace, now);
            self.handle_migration_events(now);
            if !self.state.callers.contains_key(&migration) {
                break;
            }
            let patience = match self.state.migrations.has_work() {
                true => Duration::ZERO,
                false => PATIENCE_MAX,
            };
            let deadline = self.state.migrations.poll_timeout();
            let left = deadline.map(|it| it.saturating_duration_since(now.instant));
            let patience = left.map_or(patience, |left| left.min(patience));
            match self.poll.poll(&mut events, Some(patience)) {
                Ok(()) => self.handle_events(&events, now),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The timeout of the migration ends it.
                Err(error) => tracing::error!(%error, "cannot wait for events"),
            }
        }
        self.hold_databases();
    }
}

/// The longest sleep, whatever a migration waits for.
const PATIENCE_MAX: Duration = Duration::from_millis(100);
