//! How a migration ends, and what the caller is told: every text that clients match on is here.

use bytes::Bytes;

use crate::target::ServerVersion;

/// How a migration ended.
///
/// [`reply`](Self::reply) turns it into the answer to the caller. A definite outcome is true:
/// `Moved` and `NoKey` leave nothing behind, `Refused` leaves the keys it speaks of only at the
/// source, and `Failed` leaves them at the source and perhaps at the target too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Every key that existed is at the target.
    Moved,
    /// No key existed when its turn came (rules K2 and X13).
    NoKey,
    /// The first refusal; keys acknowledged before or after it are at the target.
    Refused(Refusal),
    /// The conversation broke.
    Failed(Failure),
}

impl Outcome {
    /// The answer to the caller: a status line, or the line of an error without its `-`.
    ///
    /// # Errors
    /// The error line of a refusal or failure.
    pub fn reply(&self) -> Result<&'static str, Vec<u8>> {
        match self {
            Self::Moved => Ok("OK"),
            Self::NoKey => Ok("NOKEY"),
            Self::Refused(refusal) => Err(refusal.line()),
            Self::Failed(failure) => Err(failure.to_string().into_bytes()),
        }
    }
}

/// Why a conversation broke, by what was going on (rules N4, F1 and F2).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// No connection could be made, or the name could not be resolved.
    #[error("IOERR error or timeout connecting to the client")]
    Connecting,
    /// The target stopped taking what was sent.
    #[error("IOERR error or timeout writing to target instance")]
    Writing,
    /// The target stopped answering, or answered what cannot be understood.
    #[error("IOERR error or timeout reading to target instance")]
    Reading,
}

/// Why a key was not taken; it is only at the source.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The target's own error line, without its `-` (rule T8).
    Target(Bytes),
    /// What answered during the handshake is no server of the family, or it broke the protocol.
    Stranger {
        /// The command that was answered oddly.
        command: &'static str,
    },
    /// The target is this very server and the destination is the source database (rule X11).
    Oneself,
    /// The conversation broke, and it is known that the target does not have the keys.
    NotStored(Failure),
    /// It was called off.
    Cancelled,
    /// The payload is larger than the target takes in one bulk string.
    TooLong {
        /// The key's name.
        key: Bytes,
        /// Length of its payload.
        payload_bytes: u64,
        /// The target's `proto-max-bulk-len`.
        bulk_bytes_max: u64,
    },
    /// The value cannot be expressed in a format that the target reads.
    Unsayable {
        /// The key's name.
        key: Bytes,
        /// What the target calls itself, if it says so.
        target: Option<ServerVersion>,
        /// Which value, which target, and what is missing there.
        reason: rdb_format::EncodeError,
    },
}

impl Refusal {
    fn line(&self) -> Vec<u8> {
        match self {
            // The target's words may be any bytes, so they do not pass through a string.
            Self::Target(text) => {
                [b"ERR Target instance replied with error: ".as_slice(), text].concat()
            }
            Self::Stranger { command } => format!(
                "ERR Target instance does not answer like a server of the Redis family: \
                 unexpected reply to {command}"
            )
            .into_bytes(),
            Self::Oneself => {
                b"ERR Target instance is this server and the destination database is the source's"
                    .to_vec()
            }
            Self::TooLong { key, payload_bytes, bulk_bytes_max } => format!(
                "ERR Key '{}' not sent: its payload of {payload_bytes} bytes is over the target's \
                 proto-max-bulk-len of {bulk_bytes_max}",
                shown(key)
            )
            .into_bytes(),
            Self::NotStored(failure) => format!(
                "ERR Keys not moved and not at the target instance, after {}",
                failure.to_string().trim_start_matches("IOERR ")
            )
            .into_bytes(),
            Self::Cancelled => b"ERR Migration cancelled, keys not acknowledged stay".to_vec(),
            Self::Unsayable { key, target, reason } => {
                let target = match target {
                    Some(version) => version.to_string(),
                    None => "a target instance that does not tell its version".to_owned(),
                };
                let key = shown(key);
                format!("ERR Key '{key}' not sent, {target} cannot be told it: {reason}")
                    .into_bytes()
            }
        }
    }
}

/// A key's name as an error line shows it: escaped, and cut when long.
fn shown(key: &[u8]) -> String {
    if key.len() <= SHOWN_BYTES_MAX {
        return key.escape_ascii().to_string();
    }
    format!("{}...", key[..SHOWN_BYTES_MAX].escape_ascii())
}

const SHOWN_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_what_clients_match_on() {
        let refused = |refusal| Outcome::Refused(refusal).reply().unwrap_err();
        assert_eq!(Outcome::Moved.reply(), Ok("OK"));
        assert_eq!(Outcome::NoKey.reply(), Ok("NOKEY"));
        assert_eq!(
            Outcome::Failed(Failure::Reading).reply().unwrap_err(),
            b"IOERR error or timeout reading to target instance"
        );
        let text = Bytes::from_static(b"BUSYKEY Target key name already exists.");
        assert_eq!(
            refused(Refusal::Target(text)),
            b"ERR Target instance replied with error: BUSYKEY Target key name already exists."
        );
        let key = Bytes::from(vec![b'\n'; 1000]);
        let line = refused(Refusal::TooLong { key, payload_bytes: 11, bulk_bytes_max: 10 });
        assert!(line.len() < 500 && !line.contains(&b'\n'));
    }
}
