//! What is known of a target, and what follows from it.

use bytes::Bytes;
use nom::Parser;
use nom::bytes::complete::take_till1;
use nom::character::complete::{char, u32 as decimal};
use nom::combinator::{map, opt, rest};
use nom::sequence::{preceded, separated_pair};
use rdb_format::{RdbVersion, Target};

/// What is known of the server at the other end of a connection. What could not be learned, because
/// the user may not ask or the server does not tell, is `None`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity {
    /// What it calls itself in INFO.
    pub version: Option<ServerVersion>,
    /// The highest version of payloads that a probe found it to take; asked only where INFO
    /// tells no version.
    pub probed: Option<RdbVersion>,
    /// 40 characters that name one run of one server process.
    pub run_id: Option<Bytes>,
    /// The connection's number there (CLIENT ID), by which another one can end it.
    pub client_id: Option<i64>,
    /// Longest bulk string accepted (`proto-max-bulk-len`).
    pub bulk_bytes_max: Option<u64>,
    /// How far its clock is ahead of ours in milliseconds; 0 if no difference can be told.
    pub clock_ahead_ms: i64,
}

/// A version number in the numbering of one line of servers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerVersion {
    /// Whose numbering it is.
    pub server: Server,
    /// Major, minor and patch number.
    pub number: (u32, u32, u32),
}

/// A line of servers that speak the protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Server {
    /// Redis, and all that present themselves by `redis_version` alone.
    Redis,
    /// Redict.
    Redict,
    /// Valkey, which shows `redis_version:7.2.4` beside its own for ever.
    Valkey,
    /// keyferry.
    Keyferry,
    /// Dragonfly.
    Dragonfly,
    /// KeyDB.
    KeyDb,
    /// Apache Kvrocks.
    Kvrocks,
    /// Garnet.
    Garnet,
}

impl Server {
    /// The field of INFO by which it tells itself, and its number.
    const FIELDS: [(&'static str, Self); 6] = [
        ("keyferry_version", Self::Keyferry),
        ("valkey_version", Self::Valkey),
        ("redict_version", Self::Redict),
        ("dragonfly_version", Self::Dragonfly),
        ("kvrocks_version", Self::Kvrocks),
        ("garnet_version", Self::Garnet),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Redis => "Redis",
            Self::Redict => "Redict",
            Self::Valkey => "Valkey",
            Self::Keyferry => "keyferry",
            Self::Dragonfly => "Dragonfly",
            Self::KeyDb => "KeyDB",
            Self::Kvrocks => "Kvrocks",
            Self::Garnet => "Garnet",
        }
    }
}

impl std::fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor, patch) = self.number;
        write!(f, "{} {major}.{minor}.{patch}", self.server.name())
    }
}

impl Identity {
    /// Reads the fields of an INFO reply.
    pub(super) fn learn_info(&mut self, info: &[u8]) {
        let mut redis = None;
        let mut own = None;
        let mut is_keydb = false;
        for line in info.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some((name, value)) = info_field(line) else { continue };
            match name {
                b"redis_version" => redis = version(value),
                b"run_id" => self.run_id = Some(Bytes::copy_from_slice(value)),
                // It has no version field of its own.
                b"executable" => is_keydb = value.ends_with(b"keydb-server"),
                _ => {
                    let mut fields = Server::FIELDS.iter();
                    if let Some((_, server)) = fields.find(|(field, _)| field.as_bytes() == name) {
                        own = Some((*server, version(value).unwrap_or_default()));
                    }
                }
            }
        }
        let redis =
            redis.map(|number| (if is_keydb { Server::KeyDb } else { Server::Redis }, number));
        self.version = own.or(redis).map(|(server, number)| ServerVersion { server, number });
    }

    /// What payloads for this server may contain.
    pub fn rdb_target(&self) -> Target {
        match self.version {
            Some(ServerVersion { server, number: (major, minor, patch) }) => match server {
                // One without RESTORE says so itself.
                Server::Redis | Server::Redict => {
                    Target::of_redis_release(major, minor, patch).unwrap_or(EVERYBODY_READS)
                }
                Server::Valkey => Target::of_valkey_release(major, minor),
                Server::Keyferry => Target::KEYFERRY,
                // They follow Redis's formats at a distance, and not by their version numbers.
                Server::KeyDb | Server::Dragonfly | Server::Kvrocks | Server::Garnet => {
                    EVERYBODY_READS
                }
            },
            None => self.probed.and_then(Target::of_own_footer).unwrap_or(EVERYBODY_READS),
        }
    }

    /// Whether it builds a value while the payload arrives, and does not keep the payload.
    pub fn decodes_while_receiving(&self) -> bool {
        self.version.is_some_and(|version| version.server == Server::Keyferry)
    }

    /// Whether RESTORE takes ABSTTL, IDLETIME and FREQ: Redis 5.0 and later.
    pub fn takes_restore_options(&self) -> bool {
        match self.version {
            Some(ServerVersion { server, number: (major, ..) }) => match server {
                Server::Redis | Server::KeyDb => major >= 5,
                Server::Redict | Server::Valkey | Server::Keyferry => true,
                // What they take of them was not tried.
                Server::Dragonfly | Server::Kvrocks | Server::Garnet => false,
            },
            // The probe has ABSTTL too.
            None => self.probed.is_some(),
        }
    }
}

/// The forms of Redis 5.0 to 6.2, which every server since reads.
const EVERYBODY_READS: Target = Target::redis(RdbVersion(9));

/// `name:value`, one line of INFO.
fn info_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    parsed(separated_pair(take_till1(|byte| byte == b':'), char(':'), rest), line)
}

/// `major.minor.patch`, of which servers leave out the last one or two at times; what comes before,
/// such as `df-v`, and what follows, such as `-rc1`, does not matter.
fn version(text: &[u8]) -> Option<(u32, u32, u32)> {
    let digits = text.iter().position(u8::is_ascii_digit)?;
    let next = || map(opt(preceded(char('.'), decimal)), Option::unwrap_or_default);
    parsed((decimal, next(), next()), &text[digits..])
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

    fn server(info: &str) -> Option<(Server, (u32, u32, u32))> {
        identity(info).version.map(|version| (version.server, version.number))
    }

    #[test]
    fn info_tells_family_version_and_run() {
        let valkey = identity(
            "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n\
             run_id:00ff\r\n",
        );
        assert_eq!(valkey.run_id.as_deref(), Some(b"00ff".as_slice()));
        assert_eq!(valkey.rdb_target(), Target::of_valkey_release(9, 1));
        for (info, expected) in [
            ("redis_version:8.2.3\n", Some((Server::Redis, (8, 2, 3)))),
            ("redis_version:7.4-rc1", Some((Server::Redis, (7, 4, 0)))),
            ("redis_version:7.2.4\r\nvalkey_version:9.1.2", Some((Server::Valkey, (9, 1, 2)))),
            ("redict_version:7.3.0\r\nredis_version:7.2.4", Some((Server::Redict, (7, 3, 0)))),
            ("redis_version:7.2.4\nkeyferry_version:0.1.0", Some((Server::Keyferry, (0, 1, 0)))),
            (
                "redis_version:7.4.0\ndragonfly_version:df-v1.27.1",
                Some((Server::Dragonfly, (1, 27, 1))),
            ),
            ("redis_version:4.0.0\nkvrocks_version:2.9.0", Some((Server::Kvrocks, (2, 9, 0)))),
            ("garnet_version:1.0.30\r\nredis_version:7.2.5", Some((Server::Garnet, (1, 0, 30)))),
            (
                "redis_version:6.3.4\nexecutable:/usr/bin/keydb-server",
                Some((Server::KeyDb, (6, 3, 4))),
            ),
            ("dragonfly_version:unknown", Some((Server::Dragonfly, (0, 0, 0)))),
            ("redis_version:\r\nrole:master", None),
            ("", None),
        ] {
            assert_eq!(server(info), expected, "{info}");
        }
    }

    #[test]
    fn what_is_not_known_is_told_in_the_words_of_all() {
        for info in ["", "kvrocks_version:2.9.0", "dragonfly_version:df-v1.27.1"] {
            assert_eq!(identity(info).rdb_target().version_max(), RdbVersion(9), "{info}");
            assert!(!identity(info).takes_restore_options(), "{info}");
        }
        let probed = Identity { probed: Some(RdbVersion(80)), ..Identity::default() };
        assert_eq!(probed.rdb_target().version_max(), RdbVersion(80));
        assert!(probed.takes_restore_options());
    }

    #[test]
    fn x8_absolute_times_go_to_redis_from_5_0_on() {
        assert!(!identity("redis_version:4.0.14").takes_restore_options());
        assert!(identity("redis_version:5.0.0").takes_restore_options());
    }
}
