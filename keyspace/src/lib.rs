#![doc = include_str!("../README.md")]

mod access;
mod database;
mod entry;
mod expiry;
mod freeze;
mod hash;
mod key;
mod keys;
mod keyspace;
mod release;
mod stats;
pub mod string;
pub mod table;

pub use access::{Access, AccessPolicy};
pub use database::Database;
pub use entry::Entry;
pub use freeze::{AccessKind, Freeze, FrozenKey};
pub use keyspace::Keyspace;
pub use rdb_format::{StringValue, Value};
pub use stats::Stats;
