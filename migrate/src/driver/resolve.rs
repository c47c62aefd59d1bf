//! Name resolution off the loop: the system's resolver blocks, so each lookup has a thread.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use mio::Waker;

use crate::request::Endpoint;

/// Looks up names and wakes the loop when an answer is there.
#[derive(Debug)]
pub(super) struct Resolver {
    waker: Arc<Waker>,
    sender: Sender<Resolved>,
    receiver: Receiver<Resolved>,
}

/// The answer to one lookup.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The number that the lookup was asked with.
    pub(super) ticket: u64,
    /// The addresses in the system's order; none if there is no such name.
    pub(super) addresses: Vec<SocketAddr>,
}

impl Resolver {
    pub(super) fn new(waker: Arc<Waker>) -> Self {
        let (sender, receiver) = channel();
        Self { waker, sender, receiver }
    }

    /// Asks for the addresses of `endpoint`. Some at once if it is an address already; otherwise
    /// [`poll`](Self::poll) will tell.
    pub(super) fn lookup(&self, ticket: u64, endpoint: &Endpoint) -> Option<Resolved> {
        let Endpoint { host, port } = endpoint.clone();
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Resolved { ticket, addresses: vec![SocketAddr::new(address, port)] });
        }
        let waker = Arc::clone(&self.waker);
        let sender = self.sender.clone();
        let lookup = move || {
            let found = (host.as_str(), port).to_socket_addrs();
            let addresses = found.map(Iterator::collect).unwrap_or_default();
            // Nobody listens any more when the driver is gone.
            if sender.send(Resolved { ticket, addresses }).is_ok()
                && let Err(error) = waker.wake()
            {
                tracing::warn!(%error, "cannot wake the loop for a resolved name");
            }
        };
        match std::thread::Builder::new().name("resolve".into()).spawn(lookup) {
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "cannot start a thread to resolve a name");
                Some(Resolved { ticket, addresses: Vec::new() })
            }
        }
    }

    /// Takes the next answer.
    pub(super) fn poll(&self) -> Option<Resolved> {
        self.receiver.try_recv().ok()
    }
}
