//! Random numbers for names and draws, not for secrets.

use std::hash::{BuildHasher, Hasher, RandomState};

use bytes::Bytes;

/// 64 random bits: a keyed hash, whose key the standard library draws from the system and changes
/// with each call.
pub(crate) fn bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// 40 random hexadecimal characters, the form of a run id.
pub(crate) fn run_id() -> Bytes {
    let digits = format!("{:016x}{:016x}{:08x}", bits(), bits(), bits() as u32);
    Bytes::from(digits)
}
