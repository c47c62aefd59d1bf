//! Type codes: the byte that leads a value in a DUMP payload and a key in an RDB file.
//!
//! Codes of 22 and above mean different things to Redis and Valkey; see
//! [`Family`](crate::Family).

/// A string, written by every server.
pub const STRING: u8 = 0;

/// Whether a server whose payloads are [readable](crate::RdbVersion::is_readable) gives a value
/// this code.
///
/// 6 (modules before their release) and 8 (unassigned) are refused by every release; 26 and above
/// come with versions that are not readable.
pub(crate) const fn is_assigned(code: u8) -> bool {
    matches!(code, 0..=5 | 7 | 9..=25)
}
