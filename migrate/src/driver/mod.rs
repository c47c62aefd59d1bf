//! Drivers feed sessions from real sockets.

pub mod mio;
mod pool;
mod resolve;
