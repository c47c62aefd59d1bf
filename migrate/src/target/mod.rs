//! The other end of a connection: what it is, and how that is found out.

mod buffers;
mod handshake;
mod identity;

pub(crate) use buffers::Buffers;
pub(crate) use handshake::Handshake;
pub use identity::{Identity, Server, ServerVersion};

/// A connection whose handshake is done and on which no reply is outstanding.
#[derive(Debug)]
pub struct Established {
    /// Who is there.
    pub identity: Identity,
    /// The selected database; `None` after an error, when it is not trusted any more (rule T9).
    pub selected_db: Option<i64>,
    /// Empty.
    pub(crate) buffers: Buffers,
}
