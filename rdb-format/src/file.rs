//! RDB files, read and written as streams.
//!
//! `REDIS` and four digits of version, or `VALKEY` and three, then records up to the end:
//!
//! | opcode | then | since version |
//! |---|---|---|
//! | 255 end | from version 5 on the CRC-64 of everything before it, little-endian; 0: none was made | 1 |
//! | 254 database | length: its number | 1 |
//! | 253 expiry | i32, little-endian: Unix seconds, of the key that follows | 1 |
//! | 252 expiry | i64, little-endian: Unix milliseconds, of the key that follows | 3 |
//! | 251 size | length, length: keys and expiring keys of the database; a hint | 7 |
//! | 250 auxiliary | string, string: a name and what it says of the file | 7 |
//! | 249 frequency | 1 byte: LFU counter of the key that follows | 9 |
//! | 248 idle | length: seconds since the key that follows was used | 9 |
//! | 247 module | what a module says of the file, laid out like a module's value | 9 |
//! | 245 function | string: source of a library | 10 |
//! | 244 slot | three lengths: slot, its keys and expiring keys; a hint | 12 |
//! | type code | string: the key, then its value | |
//!
//! 246, and what 242 and 243 mean in newer versions, is refused.

mod feed;
mod reader;
mod skip;
mod value;
mod writer;

use std::{convert::Infallible, io};

use bytes::Bytes;

use crate::{DecodeError, EncodeError, ModuleId, RdbVersion};

pub use reader::FileReader;
pub use value::FileValue;
pub use writer::FileWriter;

/// A record of a file. The value of a key follows as events.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Record {
    /// Something about the file as a whole.
    Aux {
        /// What it is about.
        name: Bytes,
        /// What it says.
        value: Bytes,
    },
    /// The keys that follow are of this database.
    Database(u64),
    /// How many keys the database has; a hint.
    DatabaseSize {
        /// Keys.
        keys: u64,
        /// Those that expire.
        expiring: u64,
    },
    /// How many keys a hash slot has; a hint.
    SlotSize {
        /// The slot.
        slot: u64,
        /// Its keys.
        keys: u64,
        /// Those that expire.
        expiring: u64,
    },
    /// The source of a library of functions.
    Function(Bytes),
    /// What a module says of the file. Follows as events, like a module's value.
    ModuleAux(ModuleId),
    /// A key. Its value follows as events.
    Key(KeyRecord),
    /// The end of the file.
    End(Checksum),
}

/// A key and what is known of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyRecord {
    /// The key.
    pub key: Bytes,
    /// When it expires, in Unix milliseconds, if it does.
    pub expire_at_ms: Option<i64>,
    /// Seconds since it was used, if the file tells.
    pub idle_seconds: Option<u64>,
    /// Its LFU counter, if the file tells.
    pub frequency: Option<u8>,
}

impl KeyRecord {
    /// Nothing but the key.
    pub fn new(key: Bytes) -> Self {
        Self { key, ..Self::default() }
    }
}

/// What the end of a file says of all that was before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checksum {
    /// The checksum is right.
    Verified,
    /// The file was written without one.
    Off,
    /// Files of version 4 and below have none.
    Absent,
}

/// Why a file cannot be read. Offsets count from its first byte.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be had.
    #[error("at offset {offset}: {cause}")]
    Io {
        /// How far it was read.
        offset: u64,
        /// What the system says.
        cause: io::Error,
    },
    /// It does not begin as RDB files do.
    #[error("not an RDB file: it begins with neither REDIS nor VALKEY and a version")]
    Magic,
    /// Its version is not read here.
    #[error("RDB version {version} is not supported")]
    Version {
        /// The version.
        version: RdbVersion,
    },
    /// It ends before its end record is complete.
    #[error("the file ends at offset {offset}, inside a record")]
    Truncated {
        /// Its length.
        offset: u64,
    },
    /// A record has an opcode that is not read here.
    #[error("unknown opcode {opcode} at offset {offset}")]
    UnknownOpcode {
        /// Where the record begins.
        offset: u64,
        /// The opcode.
        opcode: u8,
    },
    /// Something in a record is broken.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// The checksum is not that of the file.
    #[error("checksum {stored:016x} at offset {offset}, of bytes whose checksum is {actual:016x}")]
    Checksum {
        /// Where it stands.
        offset: u64,
        /// The checksum in the file.
        stored: u64,
        /// That of the bytes before it.
        actual: u64,
    },
    /// Bytes follow the end record.
    #[error("bytes after the end of the file, at offset {offset}")]
    TrailingBytes {
        /// Where they begin.
        offset: u64,
    },
}

/// Why a record cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The file takes no more.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It cannot be said in a file of this version.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// It comes from a file, which cannot be read.
    #[error(transparent)]
    Source(#[from] FileError),
}

/// What comes from memory can always be had.
impl From<Infallible> for WriteError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

mod opcode {
    pub(super) const END: u8 = 255;
    pub(super) const DATABASE: u8 = 254;
    pub(super) const EXPIRE_SECONDS: u8 = 253;
    pub(super) const EXPIRE_MS: u8 = 252;
    pub(super) const DATABASE_SIZE: u8 = 251;
    pub(super) const AUX: u8 = 250;
    pub(super) const FREQUENCY: u8 = 249;
    pub(super) const IDLE: u8 = 248;
    pub(super) const MODULE_AUX: u8 = 247;
    pub(super) const FUNCTION: u8 = 245;
    pub(super) const SLOT_SIZE: u8 = 244;
    /// The lowest byte that is an opcode and no type code.
    pub(super) const LOWEST: u8 = 242;
}

/// Length of a magic.
const MAGIC_LEN: usize = 9;

/// Files below this version have no checksum.
const CHECKSUM_SINCE: RdbVersion = RdbVersion(5);
