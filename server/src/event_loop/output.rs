//! What clients are sent beside the replies to their requests, and how much they may leave unread.

use bytes::Bytes;

use super::EventLoop;
use crate::connection::Connection;
use crate::park::Parked;
use crate::state::State;

impl EventLoop {
    /// Gives clients the messages that have come up for them.
    pub(super) fn deliver_pushes(&mut self) {
        if self.state.pushes.is_empty() {
            return;
        }
        for (client, message) in self.state.pushes.take() {
            self.tell(client, message);
        }
    }

    /// Sends a client what is no reply, if it is still there. One that leaves too much unread is
    /// closed at the end of the turn.
    fn tell(&mut self, client: Parked, message: Bytes) {
        let Some(slot) = self.slot_of(client) else { return };
        if self.state.clients[slot].closing {
            return;
        }
        self.connections[slot].out.append(message);
        self.limit_output(slot);
        self.enqueue(slot);
    }

    /// Has a client closed that leaves too much unread.
    pub(super) fn limit_output(&mut self, slot: usize) {
        let State { clients, output_limits, clock, killed, .. } = &mut self.state;
        let client = &mut clients[slot];
        let connection = &self.connections[slot];
        // Answers that are kept are not left unread.
        if connection.kept_until.is_some() {
            return;
        }
        let unread = connection.out.len();
        if !client.closing && output_limits.are_exceeded(client, unread, *clock) {
            let (id, address) = (client.id, client.address);
            tracing::warn!(id, %address, unread, "a client is over its output buffer limit and is closed");
            client.closing = true;
            killed.push((slot, id));
        }
    }

    /// Looks at all that have something unread, or had too much when they were looked at last.
    pub(super) fn limit_outputs(&mut self) {
        let is_counted = |(slot, connection): (usize, &Connection)| {
            let counted = self.state.clients[slot].unread_since.is_some();
            (counted || !connection.out.is_empty()).then_some(slot)
        };
        for slot in self.connections.iter().filter_map(is_counted).collect::<Vec<_>>() {
            self.limit_output(slot);
        }
    }
}
