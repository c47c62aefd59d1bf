//! How much a client may leave unread of what it is sent (`client-output-buffer-limit`).

use std::time::{Duration, Instant};

use crate::client::Client;

/// The limits of one class of clients; 0 is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct OutputLimit {
    /// More bytes than this are too many.
    pub(crate) hard_bytes: usize,
    /// More bytes than this are too many if they are that many for [`soft_time`](Self::soft_time).
    pub(crate) soft_bytes: usize,
    pub(crate) soft_time: Duration,
}

/// The limits of the classes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct OutputLimits {
    pub(crate) normal: OutputLimit,
    pub(crate) pubsub: OutputLimit,
}

impl OutputLimits {
    /// Whether a client that has not read so many bytes is to be disconnected.
    pub(crate) fn are_exceeded(&self, client: &mut Client, unread: usize, now: Instant) -> bool {
        let limit = match client.subscribed {
            true => self.pubsub,
            false => self.normal,
        };
        // What monitors are told is without a limit in Redis.
        let unread_max = if client.monitoring { MONITOR_BYTES_MAX } else { usize::MAX };
        unread > unread_max || limit.is_exceeded(&mut client.unread_since, unread, now)
    }
}

impl OutputLimit {
    /// `over_since` notes when more than the soft limit was first found.
    fn is_exceeded(&self, over_since: &mut Option<Instant>, unread: usize, now: Instant) -> bool {
        let exceeds = |limit| limit > 0 && unread > limit;
        if !exceeds(self.soft_bytes) {
            *over_since = None;
        } else if now.duration_since(*over_since.get_or_insert(now)) > self.soft_time {
            return true;
        }
        exceeds(self.hard_bytes)
    }
}

/// A client that monitors may leave so many bytes unread, which all that monitor share.
const MONITOR_BYTES_MAX: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: OutputLimit =
        OutputLimit { hard_bytes: 100, soft_bytes: 10, soft_time: Duration::from_secs(5) };

    #[test]
    fn the_hard_limit_holds_at_once_and_the_soft_one_after_its_time() {
        let start = Instant::now();
        let mut over_since = None;
        let mut is_exceeded = |unread, second| {
            let now = start + Duration::from_secs(second);
            LIMIT.is_exceeded(&mut over_since, unread, now)
        };
        assert!(!is_exceeded(10, 0), "that is not more than the limit");
        assert!(!is_exceeded(11, 1));
        assert!(!is_exceeded(100, 6));
        assert!(!is_exceeded(10, 7), "it has read enough");
        assert!(!is_exceeded(11, 8), "the time begins anew");
        assert!(!is_exceeded(11, 13));
        assert!(is_exceeded(11, 14));
        assert!(is_exceeded(101, 20));
    }

    #[test]
    fn zero_is_no_limit() {
        let none = OutputLimit { hard_bytes: 0, soft_bytes: 0, soft_time: Duration::ZERO };
        assert!(!none.is_exceeded(&mut None, usize::MAX, Instant::now()));
    }
}
