//! The handshake: log in, choose the database, and learn what the target is.
//!
//! All questions leave in one write and every answer is awaited before the first RESTORE (rules X2
//! and X3). A cached connection that is already in the right database and needs no login has
//! nothing to ask.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use nom::Parser;
use nom::bytes::complete::take_till1;
use nom::character::complete::{char, u32 as decimal};
use nom::combinator::{map, opt, rest};
use nom::sequence::{preceded, separated_pair};
use rdb_format::Target;
use resp::{Reply, encode};

use crate::error::Refusal;
use crate::request::MigrateRequest;

/// What is known of the server at the other end of a connection. What could not be learned, because
/// the user may not ask or the server does not tell, is `None`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity {
    /// Version by which the server tells what it accepts, and whose numbering it is.
    pub version: Option<ServerVersion>,
    /// 40 characters that name one run of one server process.
    pub run_id: Option<Bytes>,
    /// Longest bulk string accepted (`proto-max-bulk-len`).
    pub bulk_bytes_max: Option<u64>,
}

/// A version number in the numbering of one line of servers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ServerVersion {
    /// Redis, and all that present themselves by `redis_version` alone.
    Redis(u32, u32, u32),
    /// Valkey, which shows `redis_version:7.2.4` beside its own.
    Valkey(u32, u32, u32),
}

impl Identity {
    /// Reads the fields of an INFO reply.
    fn learn_info(&mut self, info: &[u8]) {
        let mut redis = None;
        let mut valkey = None;
        for line in info.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match info_field(line) {
                Some((b"redis_version", value)) => redis = version(value),
                Some((b"valkey_version", value)) => valkey = version(value),
                Some((b"run_id", value)) => self.run_id = Some(Bytes::copy_from_slice(value)),
                _ => {}
            }
        }
        self.version = valkey
            .map(|(major, minor, patch)| ServerVersion::Valkey(major, minor, patch))
            .or(redis.map(|(major, minor, patch)| ServerVersion::Redis(major, minor, patch)));
    }

    /// Reads the reply to `CONFIG GET proto-max-bulk-len`.
    fn learn_bulk_limit(&mut self, pair: &[Reply]) {
        if let [_, Reply::Bulk(value)] = pair {
            self.bulk_bytes_max = str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        }
    }

    /// What payloads for this server may contain.
    pub fn rdb_target(&self) -> Target {
        match self.version {
            Some(ServerVersion::Redis(major, minor, patch)) => {
                // One without RESTORE says so itself.
                Target::of_redis_release(major, minor, patch).unwrap_or(Target::KEYFERRY)
            }
            Some(ServerVersion::Valkey(major, minor, _)) => Target::of_valkey_release(major, minor),
            None => Target::KEYFERRY,
        }
    }

    /// Whether RESTORE takes ABSTTL: Redis 5.0 and later, which an unknown server is taken for. An
    /// older one answers with a syntax error, and the key stays.
    pub fn takes_absttl(&self) -> bool {
        !matches!(self.version, Some(ServerVersion::Redis(major, ..)) if major < 5)
    }
}

/// A connection whose handshake is done and on which no reply is outstanding.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Established {
    /// Who is there.
    pub identity: Identity,
    /// The selected database; `None` after an error, when it is not trusted any more (rule T9).
    pub selected_db: Option<i64>,
}

/// The questions that are open on a connection.
#[derive(Debug)]
pub(crate) struct Handshake {
    awaited: VecDeque<Step>,
    identity: Identity,
    refused: Option<Bytes>,
}

impl Handshake {
    /// Writes the questions for `request` into `out`. `known` tells what is known of a connection
    /// that served before.
    pub(crate) fn begin(
        request: &MigrateRequest,
        known: Option<Established>,
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
        }
        let identity = known.map(|known| known.identity).unwrap_or_default();
        Self { awaited, identity, refused: None }
    }

    /// Whether every question is answered.
    pub(crate) fn is_complete(&self) -> bool {
        self.awaited.is_empty()
    }

    /// The first error line among the answers to AUTH and SELECT.
    pub(crate) fn refused(&self) -> Option<&Bytes> {
        self.refused.as_ref()
    }

    /// What was learned.
    pub(crate) fn into_identity(self) -> Identity {
        self.identity
    }

    /// Takes the answer to the oldest open question.
    ///
    /// # Errors
    /// The answer is not one that a server of the family gives.
    pub(crate) fn handle_reply(&mut self, reply: Reply) -> Result<(), Refusal> {
        let Some(step) = self.awaited.pop_front() else {
            return Err(Refusal::Stranger { command: "no command" });
        };
        match (step, reply) {
            // Only `+OK` is success (rule X1).
            (Step::Auth | Step::Select, Reply::Simple(text)) if text == "OK" => Ok(()),
            (Step::Auth | Step::Select, Reply::Error(text)) => {
                self.refused.get_or_insert(text);
                Ok(())
            }
            (Step::Info, Reply::Bulk(text)) => {
                self.identity.learn_info(&text);
                Ok(())
            }
            (Step::BulkLimit, Reply::Array(pair)) => {
                self.identity.learn_bulk_limit(&pair);
                Ok(())
            }
            // Who may not ask learns nothing, and moves keys all the same.
            (Step::Info | Step::BulkLimit, Reply::Error(_)) => Ok(()),
            (step, _) => Err(step.stranger()),
        }
    }

    /// What to say of a reply to the oldest open question that is not RESP at all.
    pub(crate) fn stranger(&self) -> Refusal {
        self.awaited.front().map_or(Refusal::Stranger { command: "no command" }, Step::stranger)
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Auth,
    Select,
    Info,
    BulkLimit,
}

impl Step {
    fn stranger(&self) -> Refusal {
        let command = match self {
            Self::Auth => "AUTH",
            Self::Select => "SELECT",
            Self::Info => "INFO",
            Self::BulkLimit => "CONFIG GET",
        };
        Refusal::Stranger { command }
    }
}

/// `name:value`, one line of INFO.
fn info_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    parsed(separated_pair(take_till1(|byte| byte == b':'), char(':'), rest), line)
}

/// `major.minor.patch`, of which servers leave out the last one or two at times; what follows, such
/// as `-rc1`, does not matter.
fn version(text: &[u8]) -> Option<(u32, u32, u32)> {
    let next = || map(opt(preceded(char('.'), decimal)), Option::unwrap_or_default);
    parsed((decimal, next(), next()), text)
}

/// What `parser` finds at the start of `text`, if it finds anything.
fn parsed<'a, T>(
    mut parser: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
    text: &'a [u8],
) -> Option<T> {
    parser.parse(text).ok().map(|(_, found)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(info: &str) -> Identity {
        let mut identity = Identity::default();
        identity.learn_info(info.as_bytes());
        identity
    }

    #[test]
    fn info_tells_family_version_and_run() {
        let valkey = identity(
            "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n\
             run_id:00ff\r\n",
        );
        assert_eq!(valkey.version, Some(ServerVersion::Valkey(9, 1, 2)));
        assert_eq!(valkey.run_id.as_deref(), Some(b"00ff".as_slice()));
        let redis = identity("redis_version:8.2.3\n");
        assert_eq!(redis.version, Some(ServerVersion::Redis(8, 2, 3)));
        assert_eq!(identity("redis_version:7.4-rc1").version, Some(ServerVersion::Redis(7, 4, 0)));
        assert_eq!(identity("redis_version:\r\nrole:master"), Identity::default());
        assert!(!identity("redis_version:4.0.14").takes_absttl());
        assert!(identity("").takes_absttl());
    }

    #[test]
    fn a_cached_connection_in_the_right_database_asks_nothing() {
        let request = MigrateRequest::new(0, 3, std::time::Duration::from_secs(1), Vec::new());
        let known = Established { identity: Identity::default(), selected_db: Some(3) };
        let mut out = BytesMut::new();
        assert!(Handshake::begin(&request, Some(known), &mut out).is_complete());
        assert!(out.is_empty());
    }
}
