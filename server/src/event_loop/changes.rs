//! What was changed, handed to all who want to know.

use super::EventLoop;
use crate::changes::{Change, Class, Consumer, KeyChange};
use crate::state::State;

impl EventLoop {
    /// Tells of the changes since this was called last: after each command, and whatever else may
    /// change keys.
    #[inline]
    pub(super) fn hand_out_changes(&mut self) {
        let State { changes, watches, blocked, .. } = &mut self.state;
        changes.want(Consumer::Watches, watches.keys_len() > 0);
        changes.want(Consumer::Blocked, blocked.keys_len() > 0);
        if !changes.are_idle() {
            self.hand_out();
        }
    }

    /// Tells those who watch a key or wait for it that it has changed.
    fn hand_out_key(&mut self, change: &KeyChange) {
        let KeyChange { db, key, class, .. } = change;
        if !class.is_change() {
            return;
        }
        let State { watches, blocked, .. } = &mut self.state;
        let touched = watches.touch(*db, key, *class == Class::EXPIRED);
        blocked.key_changed(*db, key);
        self.state.break_watches(touched);
    }

    #[cold]
    fn hand_out(&mut self) {
        self.state.changes.collect(&mut self.keyspace);
        while let Some(change) = self.state.changes.take() {
            match change {
                Change::Key(change) => self.hand_out_key(&change),
                // Those who watch or wait for keys of them were told by the command.
                Change::Flushed { .. } | Change::Swapped { .. } => {}
            }
        }
    }
}
