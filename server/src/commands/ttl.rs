//! `TTL key`, `PTTL key`, `EXPIRETIME key` and `PEXPIRETIME key`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static TTL: Command = Command {
    name: "ttl",
    arity: 2,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::FIRST,
    categories: &["keyspace"],
    tips: &["nondeterministic_output"],
    run: Some(ttl),
    docs: Docs {
        summary: "Returns how many seconds a key has to live",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        syntax: "key",
    },
    subcommands: &[],
};

pub(super) static PTTL: Command = Command {
    name: "pttl",
    run: Some(pttl),
    docs: Docs {
        summary: "Returns how many milliseconds a key has to live",
        since: "2.6.0",
        ..TTL.docs
    },
    ..TTL
};

pub(super) static EXPIRETIME: Command = Command {
    name: "expiretime",
    tips: &[],
    run: Some(expiretime),
    docs: Docs {
        summary: "Returns the Unix time in seconds at which a key expires",
        since: "7.0.0",
        ..TTL.docs
    },
    ..TTL
};

pub(super) static PEXPIRETIME: Command = Command {
    name: "pexpiretime",
    run: Some(pexpiretime),
    docs: Docs {
        summary: "Returns the Unix time in milliseconds at which a key expires",
        ..EXPIRETIME.docs
    },
    ..EXPIRETIME
};

fn ttl(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    Ok(reply(ctx, request, |expire_at_ms| seconds(expire_at_ms.saturating_sub(now_ms))))
}

fn pttl(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    Ok(reply(ctx, request, |expire_at_ms| expire_at_ms.saturating_sub(now_ms)))
}

fn expiretime(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(reply(ctx, request, seconds))
}

fn pexpiretime(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(reply(ctx, request, |expire_at_ms| expire_at_ms))
}

fn reply(ctx: &mut Context<'_>, request: &Request, show: impl FnOnce(i64) -> i64) -> Reply {
    let now_ms = ctx.now_ms();
    let Some(entry) = ctx.db().look(request.arg(1), now_ms) else {
        return Reply::Integer(NO_KEY);
    };
    Reply::Integer(entry.expire_at_ms().map_or(NO_EXPIRY, show))
}

/// To the nearest second.
fn seconds(ms: i64) -> i64 {
    ms / 1000 + i64::from(ms % 1000 >= 500)
}

const NO_KEY: i64 = -2;
const NO_EXPIRY: i64 = -1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded() {
        for (ms, rounded) in
            [(0, 0), (499, 0), (500, 1), (1499, 1), (i64::MAX, 9_223_372_036_854_776)]
        {
            assert_eq!(seconds(ms), rounded);
        }
    }
}
