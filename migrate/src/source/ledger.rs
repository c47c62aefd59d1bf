//! What became of the keys of a migration so far.

use std::collections::BTreeSet;

use crate::error::{Failure, Outcome, Refusal};

#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The first key whose turn has not come. All before it have been passed over or begun.
    pub(super) next: usize,
    /// Keys that were found at the target, and are not sent again when those before them are.
    found: BTreeSet<usize>,
    /// Keys that are at the target.
    pub(super) moved: usize,
    /// Keys that were passed over because there is none of that name.
    pub(super) missing: usize,
    /// Bytes that went over connections that are not in use any more, or over one whose transfer
    /// has ended.
    pub(super) sent_bytes: u64,
    /// Keys of which it is not known whether the target has them.
    unsettled: bool,
    /// The first refusal.
    refusal: Option<Refusal>,
    /// Keys that were refused.
    pub(super) refused: usize,
    cancelled: bool,
    /// Whether the target answered any RESTORE: from then on nothing is tried again (rule F4).
    pub(super) answered: bool,
}

impl Ledger {
    /// The turn of the key whose turn has come is over.
    pub(super) fn go_past_next(&mut self) {
        self.next += 1;
        while self.found.remove(&self.next) {
            self.next += 1;
        }
    }

    /// A key that was sent is at the target.
    pub(super) fn found_there(&mut self, index: usize) {
        self.moved += 1;
        self.found.insert(index);
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.refused += 1;
        self.refusal.get_or_insert(refusal);
    }

    /// It was called off.
    pub(super) fn cancel(&mut self) {
        self.cancelled = true;
        self.refusal.get_or_insert(Refusal::Cancelled);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Whether it is not known of any key whether the target has it.
    pub(super) fn has_unsettled(&self) -> bool {
        self.unsettled
    }

    /// It is not known whether the target has a key.
    pub(super) fn unsettled(&mut self) {
        self.unsettled = true;
    }

    /// How a migration ends of which every key had its turn and its answer.
    pub(super) fn outcome(&mut self) -> Outcome {
        match self.refusal.take() {
            Some(refusal) => Outcome::Refused(refusal),
            None if self.moved > 0 => Outcome::Moved,
            None => Outcome::NoKey,
        }
    }

    /// How one ends whose conversation broke.
    pub(super) fn broken_outcome(&mut self, failure: Failure) -> Outcome {
        match self.refusal.take() {
            _ if self.unsettled => Outcome::Failed(failure),
            Some(refusal) => Outcome::Refused(refusal),
            None => Outcome::Failed(failure),
        }
    }

    /// How one ends whose conversation broke, and was settled. `rest` tells whether there are keys
    /// that the target does not have.
    pub(super) fn settled_outcome(&mut self, failure: Failure, rest: bool) -> Outcome {
        match self.refusal.take() {
            _ if self.unsettled => Outcome::Failed(failure),
            Some(refusal) => Outcome::Refused(refusal),
            None if rest => Outcome::Refused(Refusal::NotStored(failure)),
            None => Outcome::Moved,
        }
    }
}
