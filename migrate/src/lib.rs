#![cfg_attr(feature = "driver", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "driver"),
    doc = "The engine behind MIGRATE, without the driver that feeds it."
)]

#[cfg(feature = "driver")]
pub mod driver;
mod error;
mod request;
pub mod restore;
mod source;
mod target;
mod time;

pub use error::{Failure, Outcome, Refusal};
pub use request::{Compression, Credentials, MigrateRequest};
pub use restore::RestoreSession;
pub use source::{Event, IDLE_TIMEOUT_MAX, Progress, Settlement, SourceSession};
pub use target::{Established, Identity, Server, ServerVersion};
pub use time::Now;
