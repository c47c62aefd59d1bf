//! Engines, and servers around them, that are broken on purpose.

/// What is broken, to see that it is found out.
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
    /// Nobody is told that a key has moved.
    NotesNoMoves,
    /// Both the keyspace and the one who moves keys tell of it.
    TellsOfMovesTwice,
    /// A key that is in doubt is told as moved.
    TellsOfMovesEarly,
    /// Nobody is told that a key has come from the other side.
    NotesNoArrivals,
    /// Watches break by a migration that leaves the key.
    BreaksWatchesOfWhatStays,
    /// EXEC finds no change in a key whose time is up and that nobody has removed.
    OverlooksThatTimeIsUp,
    /// Who waits for a key is woken before its value is in place.
    WakesBeforeTheValue,
    /// All who wait for a key are given its value.
    ServesEveryReader,
    /// Who came last is served first.
    ServesTheLastReader,
    /// Who waits for a key is given what it holds while it is frozen.
    ServesReadersOfFrozenKeys,
    /// Who waits for a key takes it between the operations of a transaction.
    ServesReadersWithinTransactions,
    /// A transaction begins when its first key is free, and waits for the others on its way.
    ParksWithinTransactions,
    /// The reads of transactions do not wait.
    ReadsKeysInDoubt,
}

impl Broken {
    /// All of them, and what those who find out say.
    pub(crate) const ALL: [(Self, &str); 17] = [
        (Self::DeletesBeforeTheReply, "is lost"),
        (Self::ParksNoReads, "can be read on both sides"),
        (Self::KeepsWhatMoved, "can be read on both sides"),
        (Self::LeavesOldConnectionsAlive, "is stored when nobody sends it any more"),
        (Self::NotesNoMoves, "nobody is told that"),
        (Self::TellsOfMovesTwice, "and what happened is"),
        (Self::TellsOfMovesEarly, "and what happened is"),
        (Self::NotesNoArrivals, "nobody is told that"),
        (Self::BreaksWatchesOfWhatStays, "finds a change where none is"),
        (Self::OverlooksThatTimeIsUp, "has changed, and nobody sees it"),
        (Self::WakesBeforeTheValue, "is not woken"),
        (Self::ServesEveryReader, "is taken twice"),
        (Self::ServesTheLastReader, "goes to one who came later"),
        (Self::ServesReadersOfFrozenKeys, "is taken while it is on its way"),
        (Self::ServesReadersWithinTransactions, "came between the changes"),
        (Self::ParksWithinTransactions, "came between the changes"),
        (Self::ReadsKeysInDoubt, "is read while it is in doubt"),
    ];
}
