//! How fast a counter grows.

use std::time::Instant;

/// Growth per second, averaged over the last [`SAMPLES`] samples.
#[derive(Debug)]
pub(crate) struct Rate {
    samples: [f64; SAMPLES],
    next: usize,
    count: u64,
    at: Instant,
}

impl Rate {
    /// Of a counter that is 0 now.
    pub(crate) fn new(now: Instant) -> Self {
        Self { samples: [0.0; SAMPLES], next: 0, count: 0, at: now }
    }

    /// Notes what the counter is now.
    pub(crate) fn sample(&mut self, count: u64, now: Instant) {
        let seconds = now.duration_since(self.at).as_secs_f64();
        if seconds > 0.0 {
            self.samples[self.next] = count.saturating_sub(self.count) as f64 / seconds;
            self.next = (self.next + 1) % SAMPLES;
            (self.count, self.at) = (count, now);
        }
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.samples.iter().sum::<f64>() / SAMPLES as f64
    }
}

const SAMPLES: usize = 16;
