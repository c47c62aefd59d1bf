//! Numbers in arguments.

use super::CommandError;

/// A signed 64-bit integer, written the one way that Redis takes it.
///
/// # Errors
/// It is not one.
pub(super) fn integer(argument: &[u8]) -> Result<i64, CommandError> {
    rdb_format::parse_integer(argument).ok_or(CommandError::NotAnInteger)
}

/// How many elements, which may be none.
///
/// # Errors
/// It is no such number.
pub(super) fn count(argument: &[u8]) -> Result<usize, CommandError> {
    let count = integer(argument).ok().and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| CommandError::err("value is out of range, must be positive"))
}

/// How many elements are drawn, each as often as it comes if that is negative.
///
/// # Errors
/// It is no such number, or has no absolute value.
pub(super) fn signed_count(argument: &[u8]) -> Result<i64, CommandError> {
    match integer(argument)? {
        i64::MIN => {
            let max = i64::MAX;
            let text = format!("value is out of range, value must between -{max} and {max}");
            Err(CommandError::err(text))
        }
        count => Ok(count),
    }
}
