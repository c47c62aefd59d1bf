//! Frozen keys and who waits for them.
//!
//! A key that is being moved away is frozen: it can be read but not changed. From the moment the
//! other side may have it, until it is known whether it has, the key is in doubt and cannot be read
//! either. A frozen key whose time is up reads as absent but stays until it is released.

use std::collections::HashMap;

use foldhash::quality::SeedableRandomState;

use crate::access::Access;
use crate::hash;
use crate::value::Value;

/// What became of the wish to freeze a key.
#[derive(Clone, Debug)]
pub enum Freeze {
    /// It is frozen, and this is what it holds.
    Frozen(FrozenKey),
    /// There is no such key.
    Missing,
    /// Not now: it is frozen already, or freezes are held while a flush waits.
    Busy,
}

/// What a frozen key holds: a handle of its own, so that whoever encodes the value does not borrow
/// the keyspace.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FrozenKey {
    /// The value, a cheap clone that shares the content.
    pub value: Value,
    /// When the key expires, in Unix milliseconds.
    pub expire_at_ms: Option<i64>,
    /// Its access record as it was before it was frozen.
    pub access: Access,
}

/// What a command does with its keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccessKind {
    /// It reads them; keys in doubt are in its way.
    Read,
    /// It may change them; frozen keys are in its way.
    Write,
}

/// The frozen keys of a database.
pub(crate) struct FrozenKeys {
    states: HashMap<Box<[u8]>, FrozenState, SeedableRandomState>,
    /// Whether a flush waits, so that no further key may be frozen.
    pub(crate) held: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum FrozenState {
    Readable,
    InDoubt,
}

impl FrozenKeys {
    pub(crate) fn new() -> Self {
        Self { states: HashMap::with_hasher(hash::random_state()), held: false }
    }

    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        !self.states.is_empty() && self.states.contains_key(key)
    }

    pub(crate) fn any_in_doubt(&self) -> bool {
        self.states.values().any(|state| *state == FrozenState::InDoubt)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.states.keys().map(|key| &**key)
    }

    pub(crate) fn insert(&mut self, key: &[u8]) {
        self.states.insert(key.into(), FrozenState::Readable);
    }

    pub(crate) fn park_reads(&mut self, key: &[u8]) {
        *self.states.get_mut(key).expect("the key is frozen") = FrozenState::InDoubt;
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.states.remove(key).expect("the key is frozen");
    }

    pub(crate) fn is_in_the_way(&self, key: &[u8], access: AccessKind) -> bool {
        match self.states.get(key) {
            None => false,
            Some(FrozenState::Readable) => access == AccessKind::Write,
            Some(FrozenState::InDoubt) => true,
        }
    }
}
