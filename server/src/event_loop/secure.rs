//! Handshakes of TLS, and the time that they may take: of a turn, and of their clients.

use std::time::Duration;

use migrate::Now;

use super::EventLoop;
use crate::connection::Connection;

impl EventLoop {
    /// Goes on with a client's handshake of TLS. True if it can be served; that is at once in the
    /// clear.
    pub(super) fn secure(&mut self, slot: usize) -> bool {
        if !self.connections[slot].transport.is_handshaking() {
            return true;
        }
        if self.handshakes_took >= HANDSHAKES_TIME_MAX {
            self.enqueue(slot);
            return false;
        }
        let begun = self.state.clock;
        let result = self.connections[slot].handshake();
        self.handshakes_took += self.state.read_clock().duration_since(begun);
        result.unwrap_or_else(|error| {
            let address = self.state.clients[slot].address;
            tracing::warn!(%error, %address, "no TLS with a client");
            self.close(slot);
            false
        })
    }

    /// Closes the connections whose handshake does not come to an end.
    pub(super) fn close_stalled(&mut self, now: Now) {
        let stalled = |(slot, connection): (usize, &Connection)| {
            let since = self.state.clients[slot].connected_at.instant;
            let is_late = now.instant.duration_since(since) >= HANDSHAKE_TIME_MAX;
            (is_late && connection.transport.is_handshaking()).then_some(slot)
        };
        for slot in self.connections.iter().filter_map(stalled).collect::<Vec<_>>() {
            let address = self.state.clients[slot].address;
            tracing::warn!(%address, "a client takes too long for the handshake of TLS");
            self.close(slot);
        }
    }
}

/// After this long the handshakes of a turn end with the step that is under way, which signs
/// perhaps: up to a millisecond.
const HANDSHAKES_TIME_MAX: Duration = Duration::from_micros(500);

/// How long a handshake may take, from the moment the client has connected.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
