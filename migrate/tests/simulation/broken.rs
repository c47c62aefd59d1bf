//! Engines that are broken on purpose.

/// How an engine is broken, to see that it is found out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Broken {
    /// A key is given up when it has been sent.
    DeletesBeforeTheReply,
    /// Keys in doubt can be read.
    ParksNoReads,
    /// Moved keys stay.
    KeepsWhatMoved,
    /// What comes late over an old connection is executed.
    LeavesOldConnectionsAlive,
}

impl Broken {
    pub(crate) const ALL: [Self; 4] = [
        Self::DeletesBeforeTheReply,
        Self::ParksNoReads,
        Self::KeepsWhatMoved,
        Self::LeavesOldConnectionsAlive,
    ];
}
