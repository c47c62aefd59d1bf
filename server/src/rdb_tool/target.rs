//! The servers that a file can be written for.

use rdb_format::{RdbVersion, Target};

/// The names that [`parse`] knows, for `--help`.
pub(super) const HELP: &str = "\
The server that is to load the file:
  redis-2.6 ... redis-7.0.15 ... redis-8.2   a release of Redis
  redict-7.3                                 a release of Redict
  valkey-7.2 ... valkey-8.1 ... valkey-9.1   a release of Valkey
  keyferry                                   this server
  rdb-6 ... rdb-12, rdb-80                   whatever reads this version of the format";

/// The target that `text` names.
///
/// # Errors
/// Why there is none, for who has typed it.
pub(super) fn parse(text: &str) -> Result<Target, String> {
    if text == "keyferry" {
        return Ok(Target::KEYFERRY);
    }
    let unknown = || "expected a name and a release like redis-6.2, valkey-9.1 or rdb-9".to_owned();
    let (name, release) = text.split_once('-').ok_or_else(unknown)?;
    let numbers: Vec<u32> =
        release.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| unknown())?;
    let part = |index: usize| numbers.get(index).copied().unwrap_or(0);
    let (major, minor, patch) = (part(0), part(1), part(2));
    match (name, numbers.len()) {
        ("redis", 2..=3) => Target::of_redis_release(major, minor, patch)
            .ok_or_else(|| "releases before 2.6 are not written for".to_owned()),
        ("redict", 2..=3) => match (major, minor) {
            (7, 3) => Ok(Target::redis(RdbVersion(11))),
            _ => Err("of Redict only 7.3 is known".to_owned()),
        },
        ("valkey", 2..=3) => match (major, minor) {
            (7, 2) | (8.., _) => Ok(Target::of_valkey_release(major, minor)),
            _ => Err("the first release of Valkey is 7.2".to_owned()),
        },
        ("rdb", 1) => match major {
            6..=12 => Ok(Target::redis(RdbVersion(major as u16))),
            80 => Ok(Target::valkey(RdbVersion(80))),
            _ => Err("the versions that are written are 6 to 12, and 80".to_owned()),
        },
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_releases() {
        let highest = |text| parse(text).map(|target| target.version_max().0);
        for (text, version) in [
            ("redis-2.6", 6),
            ("redis-3.2", 7),
            ("redis-4.0", 8),
            ("redis-6.2", 9),
            ("redis-7.0.15", 10),
            ("redis-7.2", 11),
            ("redis-8.2.3", 12),
            ("redict-7.3", 11),
            ("redict-7.3.1", 11),
            ("valkey-7.2", 11),
            ("valkey-8.1", 11),
            ("valkey-9.1", 80),
            ("keyferry", 12),
            ("rdb-6", 6),
            ("rdb-9", 9),
            ("rdb-80", 80),
        ] {
            assert_eq!(highest(text), Ok(version), "{text}");
        }
        let wrong = [
            "",
            "redis",
            "redis-",
            "redis-7",
            "redis-2.4",
            "redis-7.0.15.1",
            "redis-a.b",
            "redis-7.x",
            "Redis-7.0",
            "redict-8.0",
            "valkey-7.0",
            "valkey-6.2",
            "rdb-5",
            "rdb-13",
            "rdb-79",
            "rdb-81",
            "rdb-9.1",
            "rdb-4294967296",
            "dragonfly-1.0",
        ];
        for text in wrong {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
