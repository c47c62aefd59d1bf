//! Hashes.

use rdb_format::{Thresholds, ValueBuilder, ValueEvents};

/// A hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Hash(rdb_format::Value);

/// A view of a [`Hash`].
#[derive(Clone, Copy, Debug)]
pub struct HashRef<'a>(&'a rdb_format::Value);

impl Hash {
    /// One without elements.
    pub fn new() -> Self {
        Self(rdb_format::Value::Hash([].into()))
    }

    /// A view of it.
    pub fn view(&self) -> HashRef<'_> {
        HashRef(&self.0)
    }

    /// The value that a decoder has told.
    pub(crate) fn build(builder: ValueBuilder) -> Option<Self> {
        builder.finish().map(Self)
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> HashRef<'a> {
    /// Number of elements.
    pub fn len(self) -> usize {
        match self.0 {
            rdb_format::Value::Hash(elements) => elements.len(),
            _ => 0,
        }
    }

    /// Whether there is no element.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Name of the encoding, as OBJECT ENCODING shows it.
    pub fn encoding(self) -> &'static str {
        "unknown"
    }

    /// The value, to be kept.
    pub fn to_value(self) -> Hash {
        Hash(self.0.clone())
    }

    /// The events that tell it.
    pub(crate) fn events(self, thresholds: Thresholds) -> ValueEvents {
        self.0.events(thresholds)
    }
}
