//! Messages that clients get beside the replies to their requests: of pub/sub, and of whatever else
//! tells clients something that they did not ask for just now.
//!
//! A message is put here when it comes up, usually while a command runs, and is sent when that
//! command has been answered: whoever causes a message to itself reads the reply first.

use bytes::Bytes;
use resp::{Protocol, WriteQueue};
use slab::Slab;

use crate::client::Client;
use crate::commands::Reply;
use crate::park::Parked;

/// Messages that are to be sent, in order.
#[derive(Debug, Default)]
pub(crate) struct Pushes {
    waiting: Vec<(Parked, Bytes)>,
}

impl Pushes {
    /// Has a message sent to each of `receivers` that is connected. It is encoded once for each
    /// protocol that is spoken among them, and all share its bytes.
    ///
    /// `message` is a [`Reply::Push`], which a client that speaks RESP2 gets as an array.
    pub(crate) fn send(
        &mut self,
        clients: &Slab<Client>,
        receivers: impl IntoIterator<Item = Parked>,
        message: &Reply,
    ) {
        let mut encoded = [None, None];
        for (slot, id) in receivers {
            let Some(client) = clients.get(slot).filter(|client| client.id == id) else { continue };
            let frame: &mut Option<Bytes> = &mut encoded[client.protocol as usize];
            let frame = frame.get_or_insert_with(|| encode(message, client.protocol)).clone();
            self.waiting.push(((slot, id), frame));
        }
    }

    /// Has one client sent what is encoded already.
    pub(crate) fn send_encoded(&mut self, receiver: Parked, message: Bytes) {
        self.waiting.push((receiver, message));
    }

    /// Whether nothing is to be sent.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes what is to be sent.
    pub(crate) fn take(&mut self) -> Vec<(Parked, Bytes)> {
        std::mem::take(&mut self.waiting)
    }
}

fn encode(message: &Reply, protocol: Protocol) -> Bytes {
    let mut queue = WriteQueue::new();
    message.clone().encode(&mut queue, protocol);
    queue.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Instant;

    use migrate::Now;

    use super::*;

    fn clients(protocols: &[Protocol]) -> Slab<Client> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let now = Now { instant: Instant::now(), unix_ms: 0 };
        let mut clients = Slab::new();
        for (slot, &protocol) in protocols.iter().enumerate() {
            let client = Client::new(slot as u64 + 10, address, address, 0, true, now);
            clients.insert(Client { protocol, ..client });
        }
        clients
    }

    #[test]
    fn a_message_is_encoded_once_for_each_protocol() {
        let clients =
            clients(&[Protocol::Resp2, Protocol::Resp3, Protocol::Resp2, Protocol::Resp3]);
        let mut pushes = Pushes::default();
        let long = "x".repeat(100_000);
        let message = Reply::Push(vec![Reply::text("told"), Reply::copied(&long)]);
        pushes.send(&clients, (0..4).map(|slot| (slot, slot as u64 + 10)), &message);
        let sent = pushes.take();
        for (nth, kind) in [(0, '*'), (1, '>')] {
            let (_, frame) = &sent[nth];
            let wanted = format!("{kind}2\r\n$4\r\ntold\r\n$100000\r\n{long}\r\n");
            assert!(frame == wanted.as_bytes(), "{kind}");
            assert_eq!(sent[nth].0, (nth, nth as u64 + 10));
            assert_eq!(frame.as_ptr(), sent[nth + 2].1.as_ptr());
        }
        assert!(pushes.is_empty());
    }

    #[test]
    fn who_is_gone_is_not_sent_anything() {
        let clients = clients(&[Protocol::Resp2]);
        let mut pushes = Pushes::default();
        pushes.send(&clients, [(0, 9), (1, 11)], &Reply::Push(Vec::new()));
        assert!(pushes.is_empty());
    }
}
