//! What the server knows of a client, apart from its socket.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::Instant;

use bytes::Bytes;
use migrate::Now;
use resp::Protocol;

use crate::commands::CommandId;
use crate::incoming::Incoming;
use crate::reply_mode::ReplyMode;
use crate::tracking::Tracking;
use crate::transaction::Transaction;

/// One connected client.
#[derive(Debug)]
pub(crate) struct Client {
    /// Unique for the life of the server.
    pub(crate) id: u64,
    pub(crate) address: SocketAddr,
    pub(crate) local_address: SocketAddr,
    /// The socket's number in the process.
    pub(crate) descriptor: RawFd,
    pub(crate) connected_at: Now,
    pub(crate) active_at: Now,
    /// Selected database.
    pub(crate) db: usize,
    pub(crate) authenticated: bool,
    /// What it has agreed on with HELLO.
    pub(crate) protocol: Protocol,
    /// CLIENT REPLY.
    pub(crate) replies: ReplyMode,
    pub(crate) stage: Stage,
    /// When it was parked, while it is.
    pub(crate) parked_at: Option<Instant>,
    /// MONITOR: it is told every command that is run.
    pub(crate) monitoring: bool,
    /// It has subscriptions. While it speaks RESP2 it may do little else then.
    pub(crate) subscribed: bool,
    /// CLIENT TRACKING: it caches.
    pub(crate) tracking: Option<Box<Tracking>>,
    /// CLIENT SETNAME.
    pub(crate) name: Bytes,
    /// CLIENT SETINFO LIB-NAME.
    pub(crate) library_name: Bytes,
    /// CLIENT SETINFO LIB-VER.
    pub(crate) library_version: Bytes,
    pub(crate) last_command: Option<CommandId>,
    /// What it has queued since MULTI, while it does.
    pub(crate) transaction: Option<Box<Transaction>>,
    /// A key that it watched has changed: its transaction is not going to be run.
    pub(crate) is_watch_broken: bool,
    /// The argument of its request that is taken as it arrives, until the request has run.
    pub(crate) incoming: Option<Box<Incoming>>,
    /// Bytes received and not yet run, when last served.
    pub(crate) query_bytes: usize,
    /// Bytes answered and not yet sent, when last served.
    pub(crate) output_bytes: usize,
    /// Since when it has left more unread than its soft limit allows.
    pub(crate) unread_since: Option<Instant>,
    /// The connection ends when what was answered has been sent.
    pub(crate) closing: bool,
}

/// What the client does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// Its requests are run as they come.
    Open,
    /// Its request waits for frozen keys.
    Parked,
    /// Its request was run, and waits for keys that are not there yet.
    Blocked,
    /// Its request was run, and the answer is yet to come.
    Waiting,
}

impl Client {
    /// A client that has just connected.
    pub(crate) fn new(
        id: u64,
        address: SocketAddr,
        local_address: SocketAddr,
        descriptor: RawFd,
        authenticated: bool,
        now: Now,
    ) -> Self {
        Self {
            id,
            address,
            local_address,
            descriptor,
            connected_at: now,
            active_at: now,
            db: 0,
            authenticated,
            protocol: Protocol::default(),
            replies: ReplyMode::default(),
            stage: Stage::Open,
            parked_at: None,
            monitoring: false,
            subscribed: false,
            tracking: None,
            name: Bytes::new(),
            library_name: Bytes::new(),
            library_version: Bytes::new(),
            last_command: None,
            transaction: None,
            is_watch_broken: false,
            incoming: None,
            query_bytes: 0,
            output_bytes: 0,
            unread_since: None,
            closing: false,
        }
    }
}
