//! Streams: their entries, which come in listpacks, and what else they know.
//!
//! A node holds the entries that follow an ID, its key. Its listpack begins with a master entry:
//!
//! | element | meaning |
//! |---|---|
//! | live | entries that are not deleted |
//! | deleted | entries that are |
//! | n, then n texts | the fields of the entry that opened the node |
//! | 0 | |
//!
//! and goes on with the entries, deleted ones too:
//!
//! | element | meaning |
//! |---|---|
//! | flags | bit 0: deleted; bit 1: it has the fields of the master entry |
//! | ms, seq | signed distances of its ID from the key of the node, modulo 2^64 |
//! | n, then n pairs | fields and values, unless bit 1 is set |
//! | values | one for each field of the master entry, if bit 1 is set |
//! | count | elements of this entry before this one, for readers that come from behind |

mod entries;

use std::fmt;

use bytes::Bytes;

use crate::packed::Listpack;

pub use entries::{StreamEntries, StreamEntry};

/// ID of an entry.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamId {
    /// Milliseconds, usually Unix time.
    pub ms: u64,
    /// Number among the entries of that millisecond.
    pub seq: u64,
}

impl StreamId {
    /// Bytes of an ID.
    pub const LEN: usize = 16;

    /// The lowest ID, which no entry has.
    pub const MIN: Self = Self { ms: 0, seq: 0 };

    /// The highest ID.
    pub const MAX: Self = Self { ms: u64::MAX, seq: u64::MAX };

    /// The ID that `bytes` are, big-endian.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        let both = u128::from_be_bytes(bytes);
        Self { ms: (both >> 64) as u64, seq: both as u64 }
    }

    /// The ID as it is written, big-endian, so that bytes sort as IDs do.
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        ((self.ms as u128) << 64 | self.seq as u128).to_be_bytes()
    }

    /// The ID that follows this one, or `None` if this is the highest.
    pub const fn next(self) -> Option<Self> {
        match (self.seq.checked_add(1), self.ms.checked_add(1)) {
            (Some(seq), _) => Some(Self { seq, ..self }),
            (None, Some(ms)) => Some(Self { ms, seq: 0 }),
            (None, None) => None,
        }
    }

    /// The ID before this one, or `None` if this is the lowest.
    pub const fn previous(self) -> Option<Self> {
        match (self.seq.checked_sub(1), self.ms.checked_sub(1)) {
            (Some(seq), _) => Some(Self { seq, ..self }),
            (None, Some(ms)) => Some(Self { ms, seq: u64::MAX }),
            (None, None) => None,
        }
    }

    /// The ID at these distances. Both wrap around, so that there is one to each ID.
    const fn at_distance(self, ms: i64, seq: i64) -> Self {
        Self { ms: self.ms.wrapping_add_signed(ms), seq: self.seq.wrapping_add_signed(seq) }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// How much a stream tells of itself.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum StreamVersion {
    /// Redis 5.0 to 6.2.
    V1,
    /// Redis 7.0: with [`StreamHistory`] and [`StreamGroup::entries_read`].
    V2,
    /// Redis 7.2 and later: with [`StreamConsumer::active_at_ms`].
    V3,
}

/// What a stream knows beside its entries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StreamInfo {
    /// Entries that are not deleted.
    pub length: u64,
    /// The highest ID that was ever given.
    pub last_id: StreamId,
    /// Told by [`V2`](StreamVersion::V2) and later.
    pub history: Option<StreamHistory>,
    /// How many groups follow.
    pub groups: u64,
}

/// What a stream remembers of entries that are gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StreamHistory {
    /// ID of the first entry; 0-0 in an empty stream.
    pub first_id: StreamId,
    /// The highest ID that was deleted.
    pub max_deleted_id: StreamId,
    /// Entries that were ever added.
    pub entries_added: u64,
}

/// A consumer group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamGroup {
    /// Its name.
    pub name: Bytes,
    /// The last entry that was delivered.
    pub last_id: StreamId,
    /// Entries that were read; -1 if that is not known. Told by [`V2`](StreamVersion::V2) and
    /// later.
    pub entries_read: Option<i64>,
    /// How many pending entries follow.
    pub pending: u64,
}

/// A consumer of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamConsumer {
    /// Its name.
    pub name: Bytes,
    /// When it last tried to read, in Unix milliseconds.
    pub seen_at_ms: i64,
    /// When it last got something, in Unix milliseconds; -1 for never. Told by
    /// [`V3`](StreamVersion::V3).
    pub active_at_ms: Option<i64>,
    /// How many IDs of its pending entries follow.
    pub pending: u64,
}

/// Some consecutive entries of a stream, packed.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamNode {
    key: StreamId,
    listpack: Listpack,
    /// Entries that are not deleted.
    live: u64,
    /// The first and the last entry that is not deleted.
    ends: Option<(StreamId, StreamId)>,
}

impl StreamNode {
    /// The node of `listpack` at `key`.
    ///
    /// # Errors
    ///
    /// The [`StreamError`]s that a node alone can have.
    pub fn parse(key: StreamId, listpack: Listpack) -> Result<Self, StreamError> {
        let (mut live, mut deleted) = (0, 0);
        let mut ends: Option<(StreamId, StreamId)> = None;
        let mut entries = StreamEntries::new(key, listpack.iter())?;
        let (claimed_live, claimed_deleted) = (entries.live(), entries.deleted());
        while let Some(entry) = entries.read()? {
            // XSETID may let an ID that was deleted be given again, so deleted entries are in no
            // order that matters.
            if entry.deleted {
                deleted += 1;
                continue;
            }
            live += 1;
            let id = entry.id;
            ends = match ends {
                Some((_, last)) if id <= last => return Err(StreamError::EntryOrder { id }),
                Some((first, _)) => Some((first, id)),
                None => Some((id, id)),
            };
        }
        if (live, deleted) != (claimed_live, claimed_deleted) {
            return Err(StreamError::NodeCount { key });
        }
        Ok(Self { key, listpack, live, ends })
    }

    /// The node of `listpack` at `key`, which was made here or has been parsed before: what it says of
    /// its entries is believed, and only the first and the last are looked at. What is no node may
    /// make one that holds other entries than it says, or none.
    pub fn of_trusted(key: StreamId, listpack: Listpack) -> Self {
        let entries = StreamEntries::of_trusted(key, listpack.iter());
        let live = entries.live();
        let mut ids = entries.filter(|entry| !entry.deleted).map(|entry| entry.id);
        let ends = ids.clone().next().zip(ids.next_back());
        Self { key, live, ends, listpack }
    }

    /// The ID that those of the entries are distances from.
    pub const fn key(&self) -> StreamId {
        self.key
    }

    /// The entries in packed form.
    pub const fn listpack(&self) -> &Listpack {
        &self.listpack
    }

    /// How many entries are not deleted.
    pub const fn live(&self) -> u64 {
        self.live
    }

    /// ID of the first entry that is not deleted.
    pub fn first_id(&self) -> Option<StreamId> {
        self.ends.map(|(first, _)| first)
    }

    /// ID of the last entry that is not deleted.
    pub fn last_id(&self) -> Option<StreamId> {
        self.ends.map(|(_, last)| last)
    }

    /// The entries, deleted ones too.
    pub fn entries(&self) -> StreamEntries<'_> {
        StreamEntries::of_trusted(self.key, self.listpack.iter())
    }

    /// The entries in packed form, no longer a node.
    pub fn into_listpack(self) -> Listpack {
        self.listpack
    }
}

/// What is wrong with a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The key of a node is no ID.
    #[error("the key of a node has {len} bytes")]
    NodeKey {
        /// Its length in bytes, which should be 16.
        len: usize,
    },
    /// A node does not come after the one before it.
    #[error("node {key} does not ascend")]
    NodeOrder {
        /// Key of the node.
        key: StreamId,
    },
    /// A node does not begin with a master entry.
    #[error("node {key} has a broken master entry")]
    MasterEntry {
        /// Key of the node.
        key: StreamId,
    },
    /// An entry is not put together as it should be.
    #[error("node {key} has a broken entry")]
    Entry {
        /// Key of the node.
        key: StreamId,
    },
    /// An entry does not come after the one before it.
    #[error("entry {id} does not ascend")]
    EntryOrder {
        /// The entry.
        id: StreamId,
    },
    /// A node has more or fewer live or deleted entries than it says.
    #[error("node {key} does not have the entries that it counts")]
    NodeCount {
        /// Key of the node.
        key: StreamId,
    },
    /// The stream has more or fewer live entries than it says.
    #[error("length {declared} of a stream with {live} entries")]
    Length {
        /// What it says.
        declared: u64,
        /// What the nodes hold.
        live: u64,
    },
    /// The last ID is below that of an entry.
    #[error("last ID {last_id} is below entry {entry}")]
    LastId {
        /// The last ID.
        last_id: StreamId,
        /// The last entry.
        entry: StreamId,
    },
    /// An ID above the last one was deleted.
    #[error("deleted ID {max_deleted_id} is above the last ID {last_id}")]
    MaxDeletedId {
        /// The highest deleted ID.
        max_deleted_id: StreamId,
        /// The last ID.
        last_id: StreamId,
    },
    /// More entries are there than were ever added.
    #[error("{entries_added} entries added to a stream of {length}")]
    EntriesAdded {
        /// Entries that were ever added.
        entries_added: u64,
        /// Entries that are there.
        length: u64,
    },
    /// Two groups have the same name.
    #[error("two groups of one name")]
    DuplicateGroup,
    /// Two consumers of a group have the same name.
    #[error("two consumers of one name")]
    DuplicateConsumer,
    /// A group lists an entry as pending twice.
    #[error("entry {id} is pending twice")]
    DuplicatePending {
        /// The entry.
        id: StreamId,
    },
    /// A consumer has an entry that is not pending in its group, or that it or another has already.
    #[error("a consumer has entry {id}, which is not pending or has a consumer already")]
    NotPending {
        /// The entry.
        id: StreamId,
    },
    /// Pending entries of a group have no consumer.
    #[error("{unowned} pending entries have no consumer")]
    Unowned {
        /// How many.
        unowned: u64,
    },
}
