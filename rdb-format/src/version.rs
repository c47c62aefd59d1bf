//! RDB versions, the two families that number them, and what a target accepts.
//!
//! Redis counts 1, 2, 3 ...; Valkey shares 1 to 11 and went on with 80. Servers of the first
//! releases compare the version of a payload for equality, later ones take any that is not above
//! their own, so a payload names the *lowest* version that its content needs.
//!
//! What a server accepts can be learnt in three ways, the best first:
//!
//! - From INFO: `valkey_version` if it is there, for the `redis_version` beside it says 7.2.4 for
//!   ever, else `redis_version` ([`Target::of_valkey_release`], [`Target::of_redis_release`]).
//! - From the footer of a payload that it dumped itself ([`Target::of_own_footer`]), where INFO is
//!   refused.
//! - By asking, where there is nothing to dump: `RESTORE key 1 payload ABSTTL` with a
//!   [probe](crate::payload::probe). The time is past, so servers from 5.0 on check version,
//!   checksum and value, answer OK or the error, and store nothing. The same asks whether a real
//!   payload would be taken.

use std::fmt;

use crate::packed::BackLengths;

/// The version of an RDB file or of a DUMP payload's body.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RdbVersion(pub u16);

impl RdbVersion {
    /// The family that writes this version: 80 and above are Valkey's, all others Redis's.
    pub const fn family(self) -> Family {
        if self.0 >= VALKEY_FIRST { Family::Valkey } else { Family::Redis }
    }

    /// Whether payloads of this version are read here: 0 to 12 and 80.
    ///
    /// Redis takes 0 as it takes any version not above its own; Valkey 9 does not.
    pub const fn is_readable(self) -> bool {
        matches!(self.0, 0..=12 | 80)
    }
}

impl fmt::Display for RdbVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whose type codes and opcodes a payload or file uses.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Family {
    /// Redis, Redict, and Valkey up to 8.1.
    Redis,
    /// Valkey 9 and later.
    Valkey,
}

/// What the server that a payload is written for accepts.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Target {
    family: Family,
    version_max: RdbVersion,
    exact: bool,
    back_lengths: Option<BackLengths>,
}

impl Target {
    /// keyferry itself: the forms of Redis 7.2, and the field TTLs of Redis 7.4.
    pub const KEYFERRY: Self = Self::redis(RdbVersion(12));

    /// A Redis or Redict that takes every version up to `version_max`.
    pub const fn redis(version_max: RdbVersion) -> Self {
        let back_lengths = Some(BackLengths::Wide);
        Self { family: Family::Redis, version_max, exact: false, back_lengths }
    }

    /// A Redis that takes `version` alone: 6 for 2.6, 2.8 and 3.0; 7 for 3.2.0.
    pub const fn redis_exact(version: RdbVersion) -> Self {
        Self { exact: true, ..Self::redis(version) }
    }

    /// A Valkey 9.1 or later: it takes the versions 1 to 11 it shares with Redis, and its own from
    /// 80 up to `version_max`.
    pub const fn valkey(version_max: RdbVersion) -> Self {
        let back_lengths = Some(BackLengths::Minimal);
        Self { family: Family::Valkey, version_max, exact: false, back_lengths }
    }

    /// The target for a Redis or Redict release, from the `redis_version` of its INFO; `None`
    /// before 2.6, which has no RESTORE.
    pub const fn of_redis_release(major: u32, minor: u32, patch: u32) -> Option<Self> {
        Some(match (major, minor, patch) {
            (0..=1, _, _) | (2, 0..=5, _) => return None,
            (2, _, _) | (3, 0..=1, _) => Self::redis_exact(RdbVersion(6)),
            (3, 2, 0) => Self::redis_exact(RdbVersion(7)),
            (3, _, _) => Self::redis(RdbVersion(7)),
            (4, _, _) => Self::redis(RdbVersion(8)),
            (5..=6, _, _) => Self::redis(RdbVersion(9)),
            (7, 0..=1, _) => Self::redis(RdbVersion(10)),
            (7, 2..=3, _) => Self::redis(RdbVersion(11)),
            _ => Self::redis(RdbVersion(12)),
        })
    }

    /// The target for a Valkey release, from the `valkey_version` of its INFO (whose
    /// `redis_version` says 7.2.4).
    pub const fn of_valkey_release(major: u32, minor: u32) -> Self {
        match (major, minor) {
            // Which back lengths these read was never tried.
            (0..=8, _) => Self { back_lengths: None, ..Self::redis(RdbVersion(11)) },
            (9, 0) => Self { back_lengths: None, ..Self::valkey(RdbVersion(VALKEY_FIRST)) },
            _ => Self::valkey(RdbVersion(VALKEY_FIRST)),
        }
    }

    /// The target for a server whose own payloads have a footer of `version`, or `None` if that is
    /// no version that is read here.
    pub const fn of_own_footer(version: RdbVersion) -> Option<Self> {
        Some(match version.0 {
            // 3.2.0 takes this alone, later ones too.
            6 | 7 => Self::redis_exact(version),
            8..=10 | 12 => Self::redis(version),
            // Of Redis 7.2 or of Valkey up to 8.1, of Valkey 9.0 or 9.1.
            11 => Self { back_lengths: None, ..Self::redis(version) },
            VALKEY_FIRST => Self { back_lengths: None, ..Self::valkey(version) },
            _ => return None,
        })
    }

    /// Whose meaning of the type codes the target shares.
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The highest version that the target accepts.
    pub const fn version_max(&self) -> RdbVersion {
        self.version_max
    }

    /// How wide the target reads the back lengths of listpacks where that is in dispute: `None` if
    /// it is not known.
    pub const fn back_lengths(&self) -> Option<BackLengths> {
        self.back_lengths
    }

    /// Whether the target takes bodies that need at least `needed`.
    pub const fn accepts(&self, needed: RdbVersion) -> bool {
        self.footer(needed).is_some()
    }

    /// The version to write into the footer of a body that needs at least `needed`, or `None` if
    /// the target accepts none that will do.
    ///
    /// This is `needed` itself, except for a server that compares for equality.
    pub const fn footer(&self, needed: RdbVersion) -> Option<RdbVersion> {
        let taken = match (self.family, needed.family()) {
            (Family::Redis, Family::Valkey) => false,
            (Family::Redis, Family::Redis) => needed.0 <= self.version_max.0,
            (Family::Valkey, Family::Redis) => needed.0 <= VALKEY_SHARED_MAX,
            (Family::Valkey, Family::Valkey) => needed.0 <= self.version_max.0,
        };
        match (taken, self.exact) {
            (false, _) => None,
            (true, false) => Some(needed),
            (true, true) => Some(self.version_max),
        }
    }
}

/// The first version of Valkey's own.
const VALKEY_FIRST: u16 = 80;

/// The last version of Redis that Valkey 9 takes under its strict check.
const VALKEY_SHARED_MAX: u16 = 11;

#[cfg(test)]
mod tests {
    use super::*;

    /// The footer that each target gets for a body that needs version 6, 9, 11, 12 and 80.
    #[test]
    fn lowest_footer_that_the_target_takes() {
        let cases = [
            (Target::of_redis_release(2, 8, 24), [Some(6), None, None, None, None]),
            (Target::of_redis_release(3, 2, 0), [Some(7), None, None, None, None]),
            (Target::of_redis_release(3, 2, 1), [Some(6), None, None, None, None]),
            (Target::of_redis_release(6, 2, 14), [Some(6), Some(9), None, None, None]),
            (Target::of_redis_release(7, 0, 15), [Some(6), Some(9), None, None, None]),
            (Target::of_redis_release(7, 2, 4), [Some(6), Some(9), Some(11), None, None]),
            (Target::of_redis_release(8, 2, 3), [Some(6), Some(9), Some(11), Some(12), None]),
            (Some(Target::of_valkey_release(8, 1)), [Some(6), Some(9), Some(11), None, None]),
            (Some(Target::of_valkey_release(9, 1)), [Some(6), Some(9), Some(11), None, Some(80)]),
            (Some(Target::KEYFERRY), [Some(6), Some(9), Some(11), Some(12), None]),
        ];
        for (target, expected) in cases {
            let target = target.expect("all of these have RESTORE");
            let footers = [6, 9, 11, 12, 80]
                .map(|needed| target.footer(RdbVersion(needed)).map(|version| version.0));
            assert_eq!(footers, expected, "{target:?}");
        }
        assert_eq!(Target::of_redis_release(2, 4, 18), None);
    }

    #[test]
    fn a_server_takes_what_its_own_footer_says() {
        for version in [6, 7, 8, 9, 10, 11, 12, 80].map(RdbVersion) {
            let target = Target::of_own_footer(version).expect("it is read here");
            assert_eq!(target.footer(version), Some(version));
            assert_eq!(target.family(), version.family());
        }
        for version in [0, 5, 13, 79, 81].map(RdbVersion) {
            assert_eq!(Target::of_own_footer(version), None);
        }
    }

    #[test]
    fn readable_versions() {
        let readable: Vec<u16> =
            (0..=u16::MAX).filter(|&version| RdbVersion(version).is_readable()).collect();
        assert_eq!(readable, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 80]);
        assert_eq!(RdbVersion(79).family(), Family::Redis);
        assert_eq!(RdbVersion(80).family(), Family::Valkey);
    }
}
