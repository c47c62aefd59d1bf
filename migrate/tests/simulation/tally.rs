//! How often there was something to be checked.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Something that is not seen in every run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Sight {
    /// Somebody was told that a key has come from the other side.
    ToldRestored,
    /// Or that it has gone there.
    ToldMoved,
    ToldExpired,
    /// A watcher was told of a key that has come.
    WatchedRestored,
    /// Or has gone.
    WatchedMoved,
    WatchedExpired,
    /// A watcher found no change of a key of which a migration has failed, or which it has copied.
    WatchedThaw,
    /// What a client has queued was not run, as a watched key had changed.
    Refused,
    /// A transaction was run.
    Ran,
    /// One had to wait for a frozen key.
    Parked,
    /// One who waited for a list was served.
    Served,
    /// And with one that has come from the other side.
    ServedRestored,
}

impl Sight {
    pub(crate) const ALL: [Self; 12] = [
        Self::ToldRestored,
        Self::ToldMoved,
        Self::ToldExpired,
        Self::WatchedRestored,
        Self::WatchedMoved,
        Self::WatchedExpired,
        Self::WatchedThaw,
        Self::Refused,
        Self::Ran,
        Self::Parked,
        Self::Served,
        Self::ServedRestored,
    ];
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(BTreeMap<Sight, usize>);

impl Tally {
    pub(crate) fn count(&mut self, sight: Sight) {
        *self.0.entry(sight).or_default() += 1;
    }

    pub(crate) fn of(&self, sight: Sight) -> usize {
        self.0.get(&sight).copied().unwrap_or_default()
    }
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        for (sight, times) in &other.0 {
            *self.0.entry(*sight).or_default() += times;
        }
    }
}
