//! Type codes: the byte that leads a value in a DUMP payload and a key in an RDB file.
//!
//! Codes of 22 and above mean different things to Redis and Valkey; see
//! [`Family`](crate::Family). 6 (modules before their release) and 8 (unassigned) are refused by
//! every release; 26 and above come with versions that are not read here.

/// A string; every server.
pub const STRING: u8 = 0;
/// A list, element by element; up to 3.0, read by all.
pub const LIST: u8 = 1;
/// A set, member by member; every server.
pub const SET: u8 = 2;
/// A sorted set with its scores as text; up to 3.2, read by all.
pub const SORTED_SET_TEXT: u8 = 3;
/// A hash, field by field; every server.
pub const HASH: u8 = 4;
/// A sorted set with its scores in binary; 4.0 and later.
pub const SORTED_SET: u8 = 5;
/// A module's value; 4.0 and later.
pub const MODULE: u8 = 7;
/// A hash in a zipmap; 2.4.
pub const HASH_ZIPMAP: u8 = 9;
/// A list in a ziplist; 2.4 to 3.0.
pub const LIST_ZIPLIST: u8 = 10;
/// A set in an intset; 2.4 and later.
pub const SET_INTSET: u8 = 11;
/// A sorted set in a ziplist; 2.4 to 6.2.
pub const SORTED_SET_ZIPLIST: u8 = 12;
/// A hash in a ziplist; 2.6 to 6.2.
pub const HASH_ZIPLIST: u8 = 13;
/// A list of ziplists; 3.2 to 6.2.
pub const LIST_QUICKLIST: u8 = 14;
/// A stream; 5.0 to 6.2.
pub const STREAM_1: u8 = 15;
/// A hash in a listpack; 7.0 and later.
pub const HASH_LISTPACK: u8 = 16;
/// A sorted set in a listpack; 7.0 and later.
pub const SORTED_SET_LISTPACK: u8 = 17;
/// A list of listpacks and plain nodes; 7.0 and later.
pub const LIST_QUICKLIST_2: u8 = 18;
/// A stream that knows its first entry and what was deleted; 7.0.
pub const STREAM_2: u8 = 19;
/// A set in a listpack; 7.2 and later.
pub const SET_LISTPACK: u8 = 20;
/// A stream that knows when its consumers were active; 7.2 and later.
pub const STREAM_3: u8 = 21;
/// Redis: a hash with field TTLs, of the release candidates of 7.4.
pub const REDIS_HASH_TTLS_RC: u8 = 22;
/// Redis: the same in a listpack.
pub const REDIS_HASH_TTLS_LISTPACK_RC: u8 = 23;
/// Redis: a hash with field TTLs; 7.4 and later.
pub const REDIS_HASH_TTLS: u8 = 24;
/// Redis: the same in a listpack.
pub const REDIS_HASH_TTLS_LISTPACK: u8 = 25;
/// Valkey: a hash with field TTLs; 9.0 and later.
pub const VALKEY_HASH_TTLS: u8 = 22;
