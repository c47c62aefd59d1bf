//! What a host can show of its migrations.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Endpoint;
use crate::source::Progress;

/// A migration under way, as [`Driver::migrations`](super::mio::Driver::migrations) tells it.
#[derive(Clone, Copy, Debug)]
pub struct Migration<'a> {
    /// Its number, which [`Driver::cancel`](super::mio::Driver::cancel) takes.
    pub id: u64,
    /// Where it goes.
    pub endpoint: &'a Endpoint,
    /// The database there.
    pub target_db: i64,
    /// How far it is.
    pub progress: Progress,
    /// Bytes per second that the target's socket took over the last seconds.
    pub bytes_per_second: u64,
    /// Bytes that are encoded and not sent.
    pub(super) unsent_bytes: usize,
}

impl Migration<'_> {
    /// How long it will take at the present rate. `None` while it cannot be told: nothing moves, an
    /// ambiguous end is being settled, or keys are left and none is done to tell their size by.
    pub fn time_left(&self) -> Option<Duration> {
        let Progress { keys_done, keys_moved, keys_total, current_bytes, sent_bytes, .. } =
            self.progress;
        if self.progress.settling || self.bytes_per_second == 0 {
            return None;
        }
        let (current_done, current_total) = current_bytes.unwrap_or_default();
        let begun = keys_done + self.progress.keys_in_doubt + usize::from(current_bytes.is_some());
        let waiting = keys_total.saturating_sub(begun) as u64;
        let sent_before = sent_bytes.saturating_sub(current_done);
        let each = sent_before.checked_div(keys_moved as u64);
        let waiting_bytes = if waiting == 0 { 0 } else { waiting.saturating_mul(each?) };
        let current_left = current_total - current_done + self.unsent_bytes as u64;
        let left = current_left.saturating_add(waiting_bytes);
        let milliseconds = u128::from(left) * 1000 / u128::from(self.bytes_per_second);
        Some(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX)))
    }
}

/// What a driver has done since it was made or its totals were reset.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// Keys that came to a target, those of COPY too.
    pub keys_moved: u64,
    /// Bytes that the sockets of targets took.
    pub sent_bytes: u64,
    /// How ambiguous ends were settled.
    pub settled: super::mio::Settled,
}

/// How fast a session sends.
#[derive(Debug)]
pub(super) struct Meter {
    /// Times, each with the bytes that were sent until then, the oldest first.
    samples: VecDeque<(Instant, u64)>,
    sent_bytes: u64,
}

impl Meter {
    pub(super) fn new(now: Instant) -> Self {
        Self { samples: VecDeque::from([(now, 0)]), sent_bytes: 0 }
    }

    /// So many bytes were sent.
    pub(super) fn add(&mut self, sent_bytes: usize, now: Instant) {
        let last = self.samples.back().map(|(at, _)| *at);
        if last.is_none_or(|last| now.saturating_duration_since(last) >= SAMPLE_PERIOD) {
            self.samples.push_back((now, self.sent_bytes));
            while self.samples.get(1).is_some_and(|(at, _)| *at + WINDOW <= now) {
                self.samples.pop_front();
            }
        }
        self.sent_bytes += sent_bytes as u64;
    }

    /// Bytes per second over the last seconds.
    pub(super) fn bytes_per_second(&self, now: Instant) -> u64 {
        let before_window = |(at, _): &&(Instant, u64)| *at + WINDOW <= now;
        let oldest = self.samples.iter().rev().find(before_window).or(self.samples.front());
        let Some((since, sent_before)) = oldest else { return 0 };
        let seconds = now.saturating_duration_since(*since).max(TIME_MIN).as_secs_f64();
        ((self.sent_bytes - sent_before) as f64 / seconds) as u64
    }
}

/// How far back the rate looks.
const WINDOW: Duration = Duration::from_secs(4);

const SAMPLE_PERIOD: Duration = Duration::from_millis(250);

/// A rate is not told of less time than this.
const TIME_MIN: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut meter = Meter::new(start);
        for tick in 1..=200 {
            meter.add(100, at(tick * 10));
        }
        assert_eq!(meter.bytes_per_second(at(2000)), 10_000);
        for tick in 201..=1200 {
            meter.add(1000, at(tick * 10));
        }
        let rate = meter.bytes_per_second(at(12_000));
        assert!((99_000..=101_000).contains(&rate), "{rate}");
        assert!(meter.samples.len() <= 18, "{}", meter.samples.len());
        // Nothing moves any more.
        assert!(meter.bytes_per_second(at(14_000)) < 60_000);
        assert!(meter.bytes_per_second(at(60_000)) < 1000);
    }

    fn migration(endpoint: &Endpoint, progress: Progress) -> Migration<'_> {
        let bytes_per_second = 1000;
        Migration { id: 1, endpoint, target_db: 0, progress, bytes_per_second, unsent_bytes: 0 }
    }

    #[test]
    fn the_time_left_is_told_where_the_size_is_known_or_can_be_guessed() {
        let endpoint = Endpoint { host: "127.0.0.1".into(), port: 1, tls: None };
        let time_left = |progress| migration(&endpoint, progress).time_left();
        let one = Progress {
            keys_total: 1,
            current_bytes: Some((500, 3500)),
            sent_bytes: 600,
            ..Progress::default()
        };
        assert_eq!(time_left(one), Some(Duration::from_secs(3)));
        assert_eq!(time_left(Progress { settling: true, ..one }), None);
        assert_eq!(time_left(Progress { keys_total: 2, ..one }), None, "the other is not known");
        // Two keys of 1000 bytes have gone, one is on its way, and three are left.
        let many = Progress {
            keys_total: 6,
            keys_done: 2,
            keys_moved: 2,
            current_bytes: Some((500, 1500)),
            sent_bytes: 2500,
            ..Progress::default()
        };
        assert_eq!(time_left(many), Some(Duration::from_secs(4)));
        let still = Migration { bytes_per_second: 0, ..migration(&endpoint, one) };
        assert_eq!(still.time_left(), None);
    }
}
