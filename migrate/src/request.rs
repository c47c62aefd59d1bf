//! What a migration is asked to do.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;

/// How to log in at the target.
#[derive(Clone, Eq, PartialEq)]
pub struct Credentials {
    /// The ACL user; `None` logs in as the default user.
    pub username: Option<Bytes>,
    /// The password.
    pub password: Bytes,
}

/// Shows who logs in, never the password.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Whether strings and packed nodes are compressed on their way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Compression {
    /// Not for a target that builds a value while its payload arrives, which is keyferry, unless the
    /// payload would be longer than it takes. LZF would save it nothing but bytes on the wire, and
    /// takes the source its time twice, for the length comes first. Others keep what arrives until it
    /// is complete, and get as little as can be.
    #[default]
    Auto,
    /// Wherever that makes them shorter.
    Always,
    /// Never.
    Never,
}

/// One migration: which keys go where, and on what terms.
#[derive(Clone, Debug)]
pub struct MigrateRequest {
    /// Database of the keys at the source.
    pub source_db: usize,
    /// Database at the target, as the caller wrote it: the target judges it (rule M8).
    pub target_db: i64,
    /// Longest time without progress.
    pub idle_timeout: Duration,
    /// Logs in before anything else.
    pub credentials: Option<Credentials>,
    /// Keep the keys at the source.
    pub copy: bool,
    /// Overwrite keys that exist at the target.
    pub replace: bool,
    /// What is compressed.
    pub compression: Compression,
    /// After an ambiguous end, find out at the target what became of the keys, within the idle
    /// timeout once more.
    pub settle: bool,
    /// Keys that an earlier migration may have left at the target, whose end was ambiguous and could
    /// not be settled. If one of them is refused because it exists there, and is equal, it counts as
    /// moved (rule X4).
    pub maybe_there: HashSet<Bytes>,
    keys: Vec<Bytes>,
}

impl MigrateRequest {
    /// A move of `keys` from database `source_db` here to `target_db` there, which is settled if its
    /// end is ambiguous. A name that is listed twice is sent once (rule X12).
    pub fn new(
        source_db: usize,
        target_db: i64,
        idle_timeout: Duration,
        mut keys: Vec<Bytes>,
    ) -> Self {
        if keys.len() > 1 {
            let mut seen = HashSet::with_capacity(keys.len());
            keys.retain(|key| seen.insert(key.clone()));
        }
        Self {
            source_db,
            target_db,
            idle_timeout,
            credentials: None,
            copy: false,
            replace: false,
            compression: Compression::default(),
            settle: true,
            maybe_there: HashSet::new(),
            keys,
        }
    }

    /// The names of the keys, each once, in the order in which they were listed and are sent.
    pub fn keys(&self) -> &[Bytes] {
        &self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_password() {
        let credentials =
            Credentials { username: None, password: Bytes::from_static(b"open sesame") };
        assert!(!format!("{credentials:?}").contains("sesame"));
    }
}
