//! Drivers feed sessions from real sockets.

mod doubts;
pub mod mio;
mod pool;
mod resolve;
pub mod tls;
pub mod transport;
