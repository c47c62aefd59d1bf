//! What the server knows of a client, apart from its socket.

use std::net::SocketAddr;

use bytes::Bytes;
use migrate::driver::mio::Now;

use crate::commands::CommandId;

/// One connected client.
#[derive(Debug)]
pub(crate) struct Client {
    /// Unique for the life of the server.
    pub(crate) id: u64,
    pub(crate) address: SocketAddr,
    pub(crate) local_address: SocketAddr,
    pub(crate) connected_at: Now,
    pub(crate) active_at: Now,
    /// Selected database.
    pub(crate) db: usize,
    pub(crate) authenticated: bool,
    /// CLIENT SETNAME.
    pub(crate) name: Bytes,
    /// CLIENT SETINFO LIB-NAME.
    pub(crate) library_name: Bytes,
    /// CLIENT SETINFO LIB-VER.
    pub(crate) library_version: Bytes,
    pub(crate) last_command: Option<CommandId>,
    /// The connection ends when what was answered has been sent.
    pub(crate) closing: bool,
}

impl Client {
    /// A client that has just connected.
    pub(crate) fn new(
        id: u64,
        address: SocketAddr,
        local_address: SocketAddr,
        authenticated: bool,
        now: Now,
    ) -> Self {
        Self {
            id,
            address,
            local_address,
            connected_at: now,
            active_at: now,
            db: 0,
            authenticated,
            name: Bytes::new(),
            library_name: Bytes::new(),
            library_version: Bytes::new(),
            last_command: None,
            closing: false,
        }
    }
}
