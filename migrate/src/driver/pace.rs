//! How fast all sessions together may send.

use std::io::IoSlice;
use std::time::{Duration, Instant};

/// A token bucket. What was sent is paid for as time passes, and the bucket holds as much as is paid
/// for in [`CREDIT_MAX`].
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// 0 stands for no limit.
    bytes_per_second_max: u64,
    /// When everything that was sent will have been paid for.
    paid_at: Option<Instant>,
}

impl Pace {
    /// From now on so many bytes a second; 0 for no limit.
    pub(super) fn set_bytes_per_second_max(&mut self, bytes_per_second_max: u64) {
        *self = Self { bytes_per_second_max, paid_at: None };
    }

    /// How many bytes may be sent at once; `None` stands for any number.
    pub(super) fn allowance(&self, now: Instant) -> Option<usize> {
        if self.bytes_per_second_max == 0 {
            return None;
        }
        if self.next().is_some_and(|next| next > now) {
            return Some(0);
        }
        let share = (self.bytes_per_second_max / SHARES_PER_SECOND).max(1);
        Some(usize::try_from(share).unwrap_or(usize::MAX))
    }

    /// Whether as much as this waits to be sent as is allowed, so that more need not be prepared: what
    /// lies ready to be sent keeps reads of its key waiting.
    pub(super) fn is_ahead(&self, unsent_bytes: usize, now: Instant) -> bool {
        unsent_bytes > 0 && self.allowance(now).is_some_and(|allowance| allowance <= unsent_bytes)
    }

    /// So many bytes were sent.
    pub(super) fn pay(&mut self, sent_bytes: usize, now: Instant) {
        if self.bytes_per_second_max == 0 {
            return;
        }
        let nanoseconds =
            sent_bytes as u128 * 1_000_000_000 / u128::from(self.bytes_per_second_max);
        let price = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        let credit_begins = now.checked_sub(CREDIT_MAX).unwrap_or(now);
        let paid_at = self.paid_at.map_or(credit_begins, |paid_at| paid_at.max(credit_begins));
        self.paid_at = Some(paid_at + price);
    }

    /// When something may be sent again.
    pub(super) fn next(&self) -> Option<Instant> {
        self.paid_at
    }
}

/// Points `first` to the first `bytes_max` bytes of `slices`, and returns how many it took.
pub(super) fn first_bytes<'a>(
    slices: &'a [IoSlice<'_>],
    bytes_max: usize,
    first: &mut [IoSlice<'a>],
) -> usize {
    let (mut left, mut used) = (bytes_max, 0);
    for (to, from) in first.iter_mut().zip(slices) {
        if left == 0 {
            break;
        }
        *to = IoSlice::new(&from[..from.len().min(left)]);
        left -= to.len();
        used += 1;
    }
    used
}

/// What was not used for so long is lost. It makes up for a loop that comes late.
const CREDIT_MAX: Duration = Duration::from_millis(100);

/// How many writes a second use the limit up: each session gets one of them in turn.
const SHARES_PER_SECOND: u64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends all that is allowed whenever it is, in a loop that comes `late`, for ten seconds.
    fn sent_in_ten_seconds(bytes_per_second_max: u64, late: Duration) -> u64 {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.set_bytes_per_second_max(bytes_per_second_max);
        let (mut now, mut sent) = (start, 0);
        while now < start + Duration::from_secs(10) {
            while let Some(bytes @ 1..) = pace.allowance(now) {
                pace.pay(bytes, now);
                sent += bytes as u64;
            }
            now = pace.next().expect("something was sent") + late;
        }
        sent
    }

    #[test]
    fn the_rate_is_kept_to_whatever_it_is_and_however_late_the_loop_is() {
        for limit in [1, 49, 1000, 1 << 20, 10 << 30] {
            for late in [0, 1, 50].map(Duration::from_millis) {
                let sent = sent_in_ten_seconds(limit, late);
                let (least, most) = (limit * 10, limit * 10 + limit / 5 + 1);
                assert!((least..=most).contains(&sent), "{sent} at {limit} bytes/s, {late:?} late");
            }
        }
    }

    #[test]
    fn time_in_which_nothing_was_sent_is_not_made_up_for() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.set_bytes_per_second_max(1000);
        pace.pay(1000, start);
        assert_eq!(pace.allowance(start), Some(0));
        let later = start + Duration::from_secs(3600);
        let mut sent = 0;
        while let Some(bytes @ 1..) = pace.allowance(later) {
            pace.pay(bytes, later);
            sent += bytes;
        }
        assert!((100..=120).contains(&sent), "{sent}");
    }

    #[test]
    fn without_a_limit_nothing_is_held_back() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.pay(usize::MAX, now);
        assert_eq!((pace.allowance(now), pace.next()), (None, None));
    }

    #[test]
    fn slices_are_cut_where_the_allowance_ends() {
        let slices = [IoSlice::new(b"abc"), IoSlice::new(b"de")];
        for (bytes_max, shown) in
            [(0, vec![]), (2, vec!["ab"]), (3, vec!["abc"]), (9, vec!["abc", "de"])]
        {
            let mut first = [IoSlice::new(&[]); 3];
            let count = first_bytes(&slices, bytes_max, &mut first);
            let first: Vec<_> = first[..count].iter().map(|slice| str::from_utf8(slice)).collect();
            assert_eq!(first, shown.into_iter().map(Ok).collect::<Vec<_>>());
        }
    }
}
