//! Numbers in arguments.

use std::ops::Range;

use super::CommandError;

/// A signed 64-bit integer, written the one way that Redis takes it.
///
/// # Errors
/// It is not one.
pub(super) fn integer(argument: &[u8]) -> Result<i64, CommandError> {
    rdb_format::parse_integer(argument).ok_or(CommandError::NotAnInteger)
}

/// A signed 32-bit integer, as [`integer`].
///
/// # Errors
/// It is not one.
pub(super) fn integer32(argument: &[u8]) -> Result<i32, CommandError> {
    i32::try_from(integer(argument)?).map_err(|_| {
        let (min, max) = (i32::MIN, i32::MAX);
        CommandError::err(format_args!("value is out of range, value must between {min} and {max}"))
    })
}

/// How many elements, which may be none.
///
/// # Errors
/// It is no such number.
pub(super) fn count(argument: &[u8]) -> Result<usize, CommandError> {
    let count = integer(argument).ok().and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| CommandError::err("value is out of range, must be positive"))
}

/// A count that is not less than `min`.
///
/// # Errors
/// It is not one: `ERR` and this text.
pub(super) fn count_from(
    min: usize,
    argument: &[u8],
    text: &'static str,
) -> Result<usize, CommandError> {
    let count = integer(argument).ok().and_then(|count| usize::try_from(count).ok());
    count.filter(|&count| count >= min).ok_or_else(|| CommandError::err(text))
}

/// A count whose sign tells something else, as of elements to draw.
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

/// The position `at` of `len`, if there is one; negative ones count from the end, -1 being the last.
pub(super) fn position(at: i64, len: usize) -> Option<usize> {
    let at = if at < 0 { at.checked_add(len as i64)? } else { at };
    usize::try_from(at).ok().filter(|&at| at < len)
}

/// The positions from `start` to `stop`, both included, of `len`; negative ones count from the end.
pub(super) fn positions(start: i64, stop: i64, len: usize) -> Range<usize> {
    // No collection is larger than isize::MAX.
    let len = len as i64;
    let from_start = |at: i64| if at < 0 { at.saturating_add(len) } else { at };
    let (start, stop) = (from_start(start).max(0), from_start(stop).min(len - 1));
    if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_either_end() {
        for (start, stop, wanted) in [
            (0, -1, 0..5),
            (1, 2, 1..3),
            (-2, -1, 3..5),
            (-100, 100, 0..5),
            (4, 4, 4..5),
            (3, 2, 0..0),
            (5, 9, 0..0),
            (-9, -6, 0..0),
            (i64::MIN, i64::MAX, 0..5),
        ] {
            assert_eq!(positions(start, stop, 5), wanted, "{start} {stop}");
        }
        assert_eq!(positions(0, -1, 0), 0..0);
        let all = [(0, Some(0)), (4, Some(4)), (5, None), (-5, Some(0)), (-6, None)];
        for (at, wanted) in all.into_iter().chain([(i64::MIN, None), (i64::MAX, None)]) {
            assert_eq!(position(at, 5), wanted, "{at}");
        }
    }
}
