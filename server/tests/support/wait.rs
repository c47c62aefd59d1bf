//! Waiting for what other threads and processes do.

use std::thread;
use std::time::{Duration, Instant};

/// Waits for a condition that others bring about, and fails if that takes them over 5 seconds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(5), "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}
