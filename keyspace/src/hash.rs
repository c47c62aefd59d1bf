//! The hash of a key's name, keyed by a seed.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

use crate::slot::Slot;

/// Hashes names under a seed of its own.
///
/// foldhash mixes a name with a seed of 64 random bits and with words derived from 64 others, all of
/// them from the operating system. A client that sees neither the seed nor a hash cannot choose names
/// that collide. It is no cryptographic function, though: against one who can measure single lookups
/// precisely enough to learn hashes, nothing is proved.
#[derive(Clone)]
pub(crate) struct NameHasher(SeedableRandomState);

impl NameHasher {
    pub(crate) fn with_random_seed() -> Self {
        Self(random_state())
    }

    /// The slot of the name in the leading 14 bits and 50 others, so that what is in one slot is
    /// together in a table.
    pub(crate) fn hash(&self, name: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(name);
        u64::from(Slot::of(name).number()) << (u64::BITS - Slot::BITS)
            | hasher.finish() >> Slot::BITS
    }
}

/// A seed of its own for a hash map of the standard library, whose SipHash is slow for short names.
pub(crate) fn random_state() -> SeedableRandomState {
    SeedableRandomState::with_seed(system_random(), &SHARED_SEED)
}

/// The hash of the name of a field or member, under a seed of the process: what a collection holds is
/// in the same order wherever it is copied.
pub(crate) fn of(name: &[u8]) -> u64 {
    static STATE: LazyLock<SeedableRandomState> = LazyLock::new(random_state);
    let mut hasher = STATE.build_hasher();
    hasher.write(name);
    hasher.finish()
}

/// 64 bits that nobody can foresee: what `std` draws from the operating system for its SipHash keys,
/// through SipHash.
pub(crate) fn system_random() -> u64 {
    RandomState::new().hash_one(0)
}

static SHARED_SEED: LazyLock<SharedSeed> = LazyLock::new(|| SharedSeed::from_u64(system_random()));
