//! The handshake: log in, choose the database, and learn what the target is.
//!
//! All questions leave in one write and every answer is awaited before the first RESTORE (rules X2
//! and X3). Where INFO tells no version, a second round finds out by probes what payloads are taken. A
//! cached connection that is already in the right database and needs no login has nothing to ask.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use rdb_format::{RdbVersion, payload};
use resp::{Reply, encode};

use super::{Established, Identity};
use crate::error::Refusal;
use crate::request::MigrateRequest;
use crate::time::Now;

/// The questions that are open on a connection.
#[derive(Debug)]
pub(crate) struct Handshake {
    awaited: VecDeque<Step>,
    identity: Identity,
    refused: Option<Bytes>,
    /// When the questions were asked.
    asked_at: Now,
    /// INFO told no version, and probes have not been sent.
    needs_probe: bool,
}

impl Handshake {
    /// Writes the questions for `request` into `out`. `known` tells what is known of a connection
    /// that served before.
    pub(crate) fn begin(
        request: &MigrateRequest,
        known: Option<Established>,
        now: Now,
        out: &mut BytesMut,
    ) -> Self {
        let mut awaited = VecDeque::new();
        let mut ask = |step: Step, args: &[&[u8]]| {
            awaited.push_back(step);
            encode::request(out, args);
        };
        if let Some(login) = &request.credentials {
            match &login.username {
                Some(username) => ask(Step::Auth, &[b"AUTH", username, &login.password]),
                None => ask(Step::Auth, &[b"AUTH", &login.password]),
            }
        }
        if known.as_ref().and_then(|known| known.selected_db) != Some(request.target_db) {
            let mut digits = itoa::Buffer::new();
            ask(Step::Select, &[b"SELECT", digits.format(request.target_db).as_bytes()]);
        }
        if known.is_none() {
            ask(Step::Info, &[b"INFO", b"server"]);
            ask(Step::BulkLimit, &[b"CONFIG", b"GET", b"proto-max-bulk-len"]);
            ask(Step::ClientId, &[b"CLIENT", b"ID"]);
            ask(Step::Time, &[b"TIME"]);
        }
        let identity = known.map(|known| known.identity).unwrap_or_default();
        Self { awaited, identity, refused: None, asked_at: now, needs_probe: false }
    }

    /// Whether every question is answered.
    pub(crate) fn is_complete(&self) -> bool {
        self.awaited.is_empty() && !self.needs_probe
    }

    /// The first error line among the answers to AUTH and SELECT.
    pub(crate) fn refused(&self) -> Option<&Bytes> {
        self.refused.as_ref()
    }

    /// What was learned.
    pub(crate) fn into_identity(self) -> Identity {
        self.identity
    }

    /// Takes the answer to the oldest open question. What is asked next goes to `out`.
    ///
    /// # Errors
    /// The answer is not one that a server of the family gives.
    pub(crate) fn handle_reply(
        &mut self,
        reply: Reply,
        request: &MigrateRequest,
        now: Now,
        out: &mut BytesMut,
    ) -> Result<(), Refusal> {
        let Some(step) = self.awaited.pop_front() else {
            return Err(Refusal::Stranger { command: "no command" });
        };
        match (step, reply) {
            // Only `+OK` is success (rule X1).
            (Step::Auth | Step::Select, Reply::Simple(text)) if text == "OK" => {}
            (Step::Auth | Step::Select, Reply::Error(text)) => {
                self.refused.get_or_insert(text);
            }
            (Step::Info, Reply::Bulk(text)) => {
                self.identity.learn_info(&text);
                self.needs_probe = self.identity.version.is_none();
            }
            (Step::BulkLimit, Reply::Array(pair)) => {
                if let [_, Reply::Bulk(value)] = &pair[..] {
                    self.identity.bulk_bytes_max = number(value);
                }
            }
            (Step::ClientId, Reply::Integer(id)) => self.identity.client_id = Some(id),
            (Step::Time, Reply::Array(time)) => self.learn_time(&time, now),
            // Who may not ask learns nothing, and moves keys all the same.
            (Step::Info, Reply::Error(_)) => self.needs_probe = true,
            (Step::BulkLimit | Step::ClientId | Step::Time, Reply::Error(_)) => {}
            (Step::Probe(version), Reply::Simple(text)) if text == "OK" => {
                self.identity.probed.get_or_insert(version);
            }
            (Step::Probe(_), Reply::Error(_)) => {}
            (step, _) => return Err(step.stranger()),
        }
        if self.needs_probe && self.awaited.is_empty() {
            self.needs_probe = false;
            // Under a key that is to be moved, and without REPLACE: what is there stays.
            if let Some(key) = request.keys().first().filter(|_| self.refused.is_none()) {
                self.probe(key, out);
            }
        }
        Ok(())
    }

    /// What to say of a reply to the oldest open question that is not RESP at all.
    pub(crate) fn stranger(&self) -> Refusal {
        self.awaited.front().map_or(Refusal::Stranger { command: "no command" }, Step::stranger)
    }

    /// Asks whether payloads of the versions that matter are taken. The absolute time is past, so
    /// that nothing is stored.
    fn probe(&mut self, key: &[u8], out: &mut BytesMut) {
        for version in PROBED_VERSIONS {
            self.awaited.push_back(Step::Probe(version));
            encode::request(out, &[b"RESTORE", key, b"1", &payload::probe(version), b"ABSTTL"]);
        }
    }

    /// Reads the reply to TIME: seconds and microseconds. A difference that the way there and back
    /// may account for is none.
    fn learn_time(&mut self, time: &[Reply], now: Now) {
        let [Reply::Bulk(seconds), Reply::Bulk(micros)] = time else { return };
        let (Some(seconds), Some(micros)) = (number::<i64>(seconds), number::<i64>(micros)) else {
            return;
        };
        let there_ms = seconds.saturating_mul(1000).saturating_add(micros / 1000);
        let round_trip = now.instant.duration_since(self.asked_at.instant);
        let round_trip_ms = i64::try_from(round_trip.as_millis()).unwrap_or(i64::MAX);
        let ahead_ms = there_ms.saturating_sub(now.unix_ms.saturating_sub(round_trip_ms / 2));
        if ahead_ms.saturating_abs() > round_trip_ms.saturating_add(CLOCK_SLACK_MS) {
            self.identity.clock_ahead_ms = ahead_ms;
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Auth,
    Select,
    Info,
    BulkLimit,
    ClientId,
    Time,
    Probe(RdbVersion),
}

impl Step {
    fn stranger(&self) -> Refusal {
        let command = match self {
            Self::Auth => "AUTH",
            Self::Select => "SELECT",
            Self::Info => "INFO",
            Self::BulkLimit => "CONFIG GET",
            Self::ClientId => "CLIENT ID",
            Self::Time => "TIME",
            Self::Probe(_) => "RESTORE",
        };
        Refusal::Stranger { command }
    }
}

fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// The best first: the forms of Redis 7.4 and later, of Valkey 9, of Redis 7.2, 7.0 and 5.0. One that
/// takes none of them gets what all read, without the options that came with the last.
const PROBED_VERSIONS: [RdbVersion; 5] =
    [RdbVersion(12), RdbVersion(80), RdbVersion(11), RdbVersion(10), RdbVersion(9)];

/// Clocks that are kept by the network time protocol differ by as much.
const CLOCK_SLACK_MS: i64 = 20;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::target::Buffers;

    fn request() -> MigrateRequest {
        MigrateRequest::new(0, 3, Duration::from_secs(1), vec![Bytes::from_static(b"key")])
    }

    #[test]
    fn a_cached_connection_in_the_right_database_asks_nothing() {
        let known = Established {
            identity: Identity::default(),
            selected_db: Some(3),
            buffers: Buffers::default(),
        };
        let mut out = BytesMut::new();
        let now = Now { instant: Instant::now(), unix_ms: 0 };
        assert!(Handshake::begin(&request(), Some(known), now, &mut out).is_complete());
        assert!(out.is_empty());
    }

    /// A clock that is a minute ahead is noticed, and one within the time that the answer took is not.
    #[test]
    fn x8_the_difference_of_the_clocks() {
        let asked_at = Now { instant: Instant::now(), unix_ms: 1_000_000 };
        let answered_at =
            Now { instant: asked_at.instant + Duration::from_millis(100), unix_ms: 1_000_100 };
        for (seconds, expected) in [("1000", 0), ("1060", 59_950), ("940", -60_050)] {
            let mut out = BytesMut::new();
            let mut handshake = Handshake::begin(&request(), None, asked_at, &mut out);
            let time = [seconds, "0"].map(|text| Reply::Bulk(text.into()));
            let answers = [
                Reply::Simple("OK".into()),
                Reply::Bulk("redis_version:7.0.15".into()),
                Reply::Error("ERR".into()),
                Reply::Integer(7),
                Reply::Array(time.into()),
            ];
            for answer in answers {
                assert!(!handshake.is_complete());
                handshake.handle_reply(answer, &request(), answered_at, &mut out).unwrap();
            }
            assert!(handshake.is_complete());
            let identity = handshake.into_identity();
            assert_eq!((identity.clock_ahead_ms, identity.client_id), (expected, Some(7)));
        }
    }

    #[test]
    fn where_info_is_refused_payloads_are_tried() {
        let now = Now { instant: Instant::now(), unix_ms: 0 };
        for (taken, expected) in
            [(0, Some(12)), (1, Some(80)), (3, Some(10)), (4, Some(9)), (5, None)]
        {
            let mut out = BytesMut::new();
            let mut handshake = Handshake::begin(&request(), None, now, &mut out);
            let mut answer = |handshake: &mut Handshake, reply| {
                handshake.handle_reply(reply, &request(), now, &mut out).unwrap();
            };
            answer(&mut handshake, Reply::Simple("OK".into()));
            for _ in 0..4 {
                answer(&mut handshake, Reply::Error("NOPERM".into()));
            }
            for probe in 0..PROBED_VERSIONS.len() {
                assert!(!handshake.is_complete());
                answer(
                    &mut handshake,
                    match probe == taken {
                        true => Reply::Simple("OK".into()),
                        false => {
                            Reply::Error("ERR DUMP payload version or checksum are wrong".into())
                        }
                    },
                );
            }
            assert!(handshake.is_complete());
            let identity = handshake.into_identity();
            assert_eq!(identity.probed, expected.map(RdbVersion));
            assert_eq!(identity.takes_restore_options(), expected.is_some());
        }
    }
}
