#![doc = include_str!("../README.md")]

mod access;
mod blob;
mod content;
mod database;
mod edit;
mod entry;
mod expiry;
mod freeze;
pub mod geo;
mod hash;
mod journal;
mod keys;
mod keyspace;
mod release;
pub mod sequence;
mod serialize;
mod slab;
mod slot;
mod stats;
pub mod table;
mod value;

pub use access::{Access, AccessPolicy};
pub use content::INLINE_BYTES_MAX;
pub use database::Database;
pub use edit::ValueMut;
pub use entry::EntryRef;
pub use freeze::{AccessKind, Freeze, FrozenKey};
pub use journal::{KeyEvent, NotedEvent, NotedEvents};
pub use keys::{Taken, WARMED_KEYS_MAX};
pub use keyspace::Keyspace;
pub use rdb_format::stream::{StreamEntry, StreamId};
pub use rdb_format::{StringValue, Thresholds};
pub use serialize::{ValueBuilder, ValueComparison, ValueSource};
pub use slot::Slot;
pub use stats::Stats;
pub use value::{
    AddFlags, Added, AppendError, Claim, Claimed, Elements, ElementsBack, FieldExpiry, FieldRef,
    Hash, HashPacking, HashRef, HashTable, LexBound, LexRange, List, ListEnd, ListRef, LongDouble,
    Members, MembersBack, NotANumber, PendingRef, ScoreBound, ScoreRange, ScoredRef, Set,
    SetPacking, SetRef, SetTable, SortedSet, SortedSetRef, Stream, StreamConsumerRef, StreamGroup,
    StreamRange, StreamRangeBack, StreamRef, StringRef, Trim, TrimTo, Value, ValueRef, ValueType,
    WrongType, hyperloglog, set, string,
};
