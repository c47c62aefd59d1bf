//! Drivers feed sessions from real sockets.

mod doubts;
mod endpoint;
pub mod mio;
mod overview;
mod pace;
mod pool;
mod resolve;
pub mod tls;
pub mod transport;

pub use endpoint::Endpoint;
pub use overview::{Migration, Totals};
