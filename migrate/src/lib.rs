#![doc = include_str!("../README.md")]

pub mod driver;
mod error;
mod request;
pub mod restore;
mod source;
mod target;
mod time;

pub use error::{Failure, Outcome, Refusal};
pub use request::{Compression, Credentials, Endpoint, MigrateRequest};
pub use restore::RestoreSession;
pub use source::{Event, IDLE_TIMEOUT_MAX, Progress, Settlement, SourceSession};
pub use target::{Established, Identity, Server, ServerVersion};
pub use time::Now;
