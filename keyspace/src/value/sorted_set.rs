//! Sorted sets.

use rdb_format::{Thresholds, ValueBuilder, ValueEvents};

/// A sorted set.
#[derive(Clone, Debug, PartialEq)]
pub struct SortedSet(rdb_format::Value);

/// A view of a [`SortedSet`].
#[derive(Clone, Copy, Debug)]
pub struct SortedSetRef<'a>(&'a rdb_format::Value);

impl SortedSet {
    /// One without elements.
    pub fn new() -> Self {
        Self(rdb_format::Value::SortedSet([].into()))
    }

    /// A view of it.
    pub fn view(&self) -> SortedSetRef<'_> {
        SortedSetRef(&self.0)
    }

    /// The value that a decoder has told.
    pub(crate) fn build(builder: ValueBuilder) -> Option<Self> {
        builder.finish().map(Self)
    }
}

impl Default for SortedSet {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> SortedSetRef<'a> {
    /// Number of elements.
    pub fn len(self) -> usize {
        match self.0 {
            rdb_format::Value::SortedSet(elements) => elements.len(),
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
    pub fn to_value(self) -> SortedSet {
        SortedSet(self.0.clone())
    }

    /// The events that tell it.
    pub(crate) fn events(self, thresholds: Thresholds) -> ValueEvents {
        self.0.events(thresholds)
    }
}
