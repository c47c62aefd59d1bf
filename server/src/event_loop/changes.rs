//! What was changed, handed to all who want to know.

use super::EventLoop;

impl EventLoop {
    /// Tells of the changes since this was called last: after each command, and whatever else may
    /// change keys.
    #[inline]
    pub(super) fn hand_out_changes(&mut self) {
        if !self.state.changes.are_idle() {
            self.hand_out();
        }
    }

    #[cold]
    fn hand_out(&mut self) {
        self.state.changes.collect(&mut self.keyspace);
        while let Some(change) = self.state.changes.take() {
            tracing::trace!(?change, "changed");
        }
    }
}
