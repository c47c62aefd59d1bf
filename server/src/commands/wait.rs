//! `WAIT numreplicas timeout` and `WAITAOF numlocal numreplicas timeout`: there are neither replicas
//! nor an append-only file, so that the timeout is waited for unless nothing is asked for

use std::time::Duration;

use resp::Request;

use super::blocking::block;
use super::command::{Command, Docs, Keys, flags};
use super::number::{count, integer};
use super::{CommandError, Context, Reply};
use crate::blocked::{Block, Wanted};

pub(super) static WAIT: Command = Command {
    name: "wait",
    arity: 3,
    flags: flags::BLOCKING,
    keys: Keys::None,
    categories: &["connection"],
    tips: &["request_policy:all_shards", "response_policy:agg_min"],
    run: Some(wait),
    docs: Docs {
        summary: "Waits until replicas have what this connection has written: there are none",
        since: "3.0.0",
        group: "generic",
        complexity: "O(1)",
        syntax: "numreplicas:integer timeout:integer",
    },
    subcommands: &[],
};

pub(super) static WAITAOF: Command = Command {
    name: "waitaof",
    arity: 4,
    run: Some(waitaof),
    docs: Docs {
        summary: "Waits until append-only files have what this connection has written: there are \
                  none",
        since: "7.2.0",
        syntax: "numlocal:integer numreplicas:integer timeout:integer",
        ..WAIT.docs
    },
    ..WAIT
};

fn wait(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let replicas = integer(request.arg(1))?;
    let timeout = timeout_ms(request.arg(2))?;
    Ok(wait_or_answer(ctx, replicas > 0, timeout, Reply::Integer(0)))
}

fn waitaof(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let local = integer(request.arg(1))?;
    if !(0..=1).contains(&local) {
        return Err(CommandError::err("value is out of range, value must between 0 and 1"));
    }
    let replicas = count(request.arg(2))?;
    let timeout = timeout_ms(request.arg(3))?;
    if local > 0 {
        return Err(CommandError::err(
            "WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
        ));
    }
    let none = Reply::Array(vec![Reply::Integer(0), Reply::Integer(0)]);
    Ok(wait_or_answer(ctx, replicas > 0, timeout, none))
}

fn wait_or_answer(
    ctx: &mut Context<'_>,
    waits: bool,
    timeout: Option<Duration>,
    answer: Reply,
) -> Reply {
    if !waits || ctx.in_transaction {
        return answer;
    }
    let (keys, wanted) = (Vec::new(), Wanted::Nothing);
    block(ctx, Block { keys, wanted, timeout, at_timeout: answer });
    Reply::Blocked
}

/// A timeout in milliseconds; `None` is none, for 0.
fn timeout_ms(argument: &[u8]) -> Result<Option<Duration>, CommandError> {
    let timeout = integer(argument)
        .map_err(|_| CommandError::err("timeout is not an integer or out of range"))?;
    let timeout = u64::try_from(timeout).map_err(|_| CommandError::err("timeout is negative"))?;
    Ok((timeout > 0).then(|| Duration::from_millis(timeout)))
}
