//! Time is a parameter everywhere.

use std::time::Instant;

/// One moment on the two clocks that migrations need.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For timeouts.
    pub instant: Instant,
    /// Unix time in milliseconds, for the expiry of keys.
    pub unix_ms: i64,
}
