//! Clients that wait for keys: they go on when a key has come, or when their time is up.

use migrate::Now;

use super::EventLoop;
use crate::blocked::Key;
use crate::client::Stage;
use crate::park::Parked;

impl EventLoop {
    /// Has those go on who wait for keys that have come, key by key and in the order in which they
    /// came, and those whose wait was ended. What they change may be waited for by others.
    pub(super) fn serve_blocked(&mut self, now: Now) {
        while let Some(key) = self.state.blocked.take_ready() {
            let mut after = 0;
            while let Some((ticket, client)) = self.state.blocked.next_after(&key, after) {
                after = ticket;
                self.serve_key(client, &key, now);
            }
        }
        self.answer_ended(now);
    }

    /// Ends the waits whose time is up.
    pub(super) fn end_waits(&mut self, now: Now) {
        self.state.blocked.end_due(now.instant);
        self.answer_ended(now);
    }

    /// Runs the command of a client again if it finds in this key what it waits for.
    fn serve_key(&mut self, client: Parked, key: &Key, now: Now) {
        let entry = self.keyspace.database(key.0).peek(&key.1, now.unix_ms);
        let is_met = self.state.blocked.is_met(client.1, key, entry.map(|entry| entry.value()));
        let Some(slot) = self.slot_of(client).filter(|_| is_met) else { return };
        self.state.clients[slot].stage = Stage::Open;
        self.run_request(slot, now, None, Some(&key.1));
        self.enqueue(slot);
    }

    /// Answers those whose wait was ended.
    fn answer_ended(&mut self, now: Now) {
        for (client, answer) in self.state.blocked.take_ended() {
            let Some(slot) = self.slot_of(client) else { continue };
            self.answer(slot, answer);
            let stage = std::mem::replace(&mut self.state.clients[slot].stage, Stage::Open);
            if stage == Stage::Parked {
                self.state.end_park(slot, now.instant);
                self.lot.remove(client.1);
                self.hold_databases();
            }
            self.end_request(slot);
            self.enqueue(slot);
        }
    }
}
