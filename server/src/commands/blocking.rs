//! What the commands that may wait for keys have in common.

use std::ops::Range;
use std::time::Duration;

use resp::Request;

use super::command::{Command, flags};
use super::double::strtod;
use super::{CommandError, Context, Reply, xread};
use crate::blocked::{Block, Wanted};
use crate::changes::Consumer;

/// A timeout in seconds; `None` is none, for 0.
///
/// # Errors
/// It is no number, negative, or too large to be counted in milliseconds.
pub(super) fn timeout(argument: &[u8]) -> Result<Option<Duration>, CommandError> {
    let seconds = strtod(argument)
        .ok_or_else(|| CommandError::err("timeout is not a float or out of range"))?;
    let milliseconds = (seconds * 1000.0).ceil();
    if milliseconds < 0.0 {
        Err(CommandError::err("timeout is negative"))
    } else if milliseconds >= i64::MAX as f64 {
        Err(CommandError::err("timeout is out of range"))
    } else {
        let milliseconds = milliseconds as u64;
        Ok((milliseconds > 0).then(|| Duration::from_millis(milliseconds)))
    }
}

/// Waits until one of the keys that these arguments name holds what is wanted. In a transaction the
/// command does not wait, and answers `otherwise`.
pub(super) fn wait_for_keys(
    ctx: &mut Context<'_>,
    request: &Request,
    keys: Range<usize>,
    wanted: Wanted,
    timeout: Option<Duration>,
    otherwise: Reply,
) -> Reply {
    if ctx.in_transaction {
        return otherwise;
    }
    let db = ctx.client().db;
    let keys = keys.map(|index| (db, request.owned_bytes(index))).collect();
    block(ctx, Block { keys, wanted, timeout, at_timeout: Reply::NilArray });
    Reply::Blocked
}

/// The caller's command waits, as a rule for keys.
pub(super) fn block(ctx: &mut Context<'_>, block: Block) {
    let client = (ctx.slot, ctx.client().id);
    ctx.state.blocked.block(client, block, ctx.state.clock);
    ctx.state.changes.want(Consumer::Blocked);
}

/// A command is parked for frozen keys: if it is one that may wait for keys, its timeout runs all the
/// same.
pub(super) fn begin_timeout(ctx: &mut Context<'_>, command: &Command, request: &Request) {
    if !command.is(flags::BLOCKING) {
        return;
    }
    // What is wrong with it is told when the command runs.
    let timeout = match command.name {
        "xread" | "xreadgroup" => xread::timeout(request, command.name == "xreadgroup"),
        "blmpop" | "bzmpop" => timeout(request.arg(1)).ok(),
        _ => timeout(request.arg(request.len() - 1)).ok(),
    };
    if let Some(timeout) = timeout {
        let (wanted, at_timeout) = (Wanted::Nothing, Reply::NilArray);
        block(ctx, Block { keys: Vec::new(), wanted, timeout, at_timeout });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_rounded_up_to_milliseconds() {
        let milliseconds = |text: &[u8]| timeout(text).map(|it| it.map(|it| it.as_millis()));
        for (text, wanted) in [
            (&b"0"[..], None),
            (b"-0.0001", None),
            (b"0.0001", Some(1)),
            (b"+1.5", Some(1500)),
            (b"0x10", Some(16_000)),
            (b"1e15", Some(1_000_000_000_000_000_000)),
        ] {
            assert_eq!(milliseconds(text), Ok(wanted), "{}", text.escape_ascii());
        }
        for (text, wanted) in [
            (&b""[..], "timeout is not a float or out of range"),
            (b" 1", "timeout is not a float or out of range"),
            (b"nan", "timeout is not a float or out of range"),
            (b"-1", "timeout is negative"),
            (b"-inf", "timeout is negative"),
            (b"inf", "timeout is out of range"),
            (b"9223372036854776", "timeout is out of range"),
        ] {
            assert_eq!(milliseconds(text), Err(CommandError::err(wanted)));
        }
    }
}
