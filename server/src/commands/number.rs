//! Numbers in arguments.

use super::CommandError;

/// A signed 64-bit integer, written the one way that Redis takes it.
///
/// # Errors
/// It is not one.
pub(super) fn integer(argument: &[u8]) -> Result<i64, CommandError> {
    rdb_format::parse_integer(argument).ok_or(CommandError::NotAnInteger)
}
