//! What is done after an ambiguous end: the last byte of a RESTORE may have left, and there is no
//! reply to it (rules F7 and X4).
//!
//! On a new connection the old one is ended at the target, so that nothing of it is executed any
//! more; then the target is asked what it has. Where that cannot be done, the end stays ambiguous.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use resp::{Reply, encode};

use super::Parcel;
use crate::error::Failure;
use crate::target::Identity;

/// An ambiguous end that is being settled.
#[derive(Debug)]
pub(super) struct Settling {
    /// What broke the conversation.
    pub(super) failure: Failure,
    /// Whether what the target does not have may be sent once more.
    pub(super) may_retry: bool,
    /// The keys in question, while nobody else has them.
    pub(super) parcels: Vec<Parcel>,
    /// No attempt begins later.
    until: Instant,
    /// When the attempt that is under way, or the way to it, last got on.
    progress_at: Instant,
    idle_timeout: Duration,
    /// The target, and the connection on which the conversation broke.
    old: Identity,
    /// When to connect again.
    again_at: Option<Instant>,
}

/// What is known of the old connection once the new one is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum OldConnection {
    /// It died with the process that it was a connection of.
    Dead,
    /// It can be ended, by this number.
    Alive(i64),
    /// Nothing: what it brought may be executed at any time.
    Unknown,
}

impl Settling {
    pub(super) fn new(
        parcels: Vec<Parcel>,
        failure: Failure,
        may_retry: bool,
        old: Identity,
        idle_timeout: Duration,
        now: Instant,
    ) -> Self {
        let until = now + idle_timeout;
        let progress_at = now;
        Self { failure, may_retry, parcels, until, progress_at, idle_timeout, old, again_at: None }
    }

    /// Whose connection the old one was, as seen from a new one to `target`.
    pub(super) fn old_connection(&self, target: &Identity) -> OldConnection {
        match (&self.old.run_id, &target.run_id, self.old.client_id) {
            (Some(old), Some(new), _) if old != new => OldConnection::Dead,
            (Some(_), Some(_), Some(client_id)) => OldConnection::Alive(client_id),
            _ => OldConnection::Unknown,
        }
    }

    /// Asks to end the old connection.
    pub(super) fn ask_to_kill(client_id: i64, out: &mut BytesMut) {
        let mut digits = itoa::Buffer::new();
        let id = digits.format(client_id).as_bytes();
        encode::request(out, &[b"CLIENT".as_slice(), b"KILL", b"ID", id]);
    }

    /// Whether that reply says that it is ended: by us, or before.
    pub(super) fn is_killed(reply: &Reply) -> bool {
        matches!(reply, Reply::Integer(_))
    }

    /// The target has taken or sent something: an attempt has the idle timeout from then on.
    pub(super) fn progress(&mut self, now: Instant) {
        self.progress_at = now;
    }

    /// An attempt has failed: the target may be starting again. False if it is too late for another.
    pub(super) fn try_later(&mut self, now: Instant) -> bool {
        self.again_at = Some(now + PAUSE).filter(|again_at| *again_at < self.until);
        self.again_at.is_some()
    }

    /// Whether it is time for another attempt, which is to begin now.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.again_at.take_if(|again_at| *again_at <= now).is_some();
        if is_due {
            self.progress_at = now;
        }
        is_due
    }

    /// Nobody has looked at it for this long.
    pub(super) fn pause(&mut self, pause: Duration) {
        let again_at = self.again_at.as_mut();
        let moments = [&mut self.until, &mut self.progress_at].into_iter().chain(again_at);
        moments.for_each(|moment| *moment += pause);
    }

    /// No attempt begins any more.
    pub(super) fn give_up(&mut self, now: Instant) {
        self.until = now;
    }

    /// When the next attempt begins, or the one that is under way has failed.
    pub(super) fn deadline(&self) -> Instant {
        self.again_at.unwrap_or(self.progress_at + self.idle_timeout)
    }
}

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE_TIMEOUT: Duration = Duration::from_millis(100);

    fn begun_at(now: Instant) -> Settling {
        Settling::new(Vec::new(), Failure::Reading, true, Identity::default(), IDLE_TIMEOUT, now)
    }

    /// An attempt, the time to the next one and the time for all of them go on where they stood.
    #[test]
    fn nothing_passes_during_a_pause() {
        let start = Instant::now();
        let pause = Duration::from_secs(60);
        let mut settling = begun_at(start);
        settling.pause(pause);
        assert_eq!(settling.deadline(), start + pause + IDLE_TIMEOUT);
        assert!(settling.try_later(start + pause), "there is time for another attempt");
        settling.pause(pause);
        assert_eq!(settling.deadline(), start + 2 * pause + PAUSE);
        assert!(!settling.is_due(start + pause + PAUSE));
        assert!(settling.is_due(start + 2 * pause + PAUSE));
        assert!(!settling.try_later(start + 2 * pause + PAUSE), "the time for all of them is up");
    }
}
