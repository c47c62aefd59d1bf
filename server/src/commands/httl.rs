//! `HTTL key FIELDS numfields field [field ...]`, `HPTTL`, `HEXPIRETIME` and `HPEXPIRETIME` likewise

use keyspace::Hash;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::integer;
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};

pub(super) static HTTL: Command = Command {
    name: "httl",
    arity: -5,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::FIRST,
    categories: &["hash"],
    tips: &["nondeterministic_output"],
    run: Some(httl),
    docs: Docs {
        summary: "Returns how many seconds fields of a hash have to live",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) for N fields",
        syntax: "key FIELDS <numfields:integer field ...>",
    },
    subcommands: &[],
};

pub(super) static HPTTL: Command = Command {
    name: "hpttl",
    run: Some(hpttl),
    docs: Docs {
        summary: "Returns how many milliseconds fields of a hash have to live",
        ..HTTL.docs
    },
    ..HTTL
};

pub(super) static HEXPIRETIME: Command = Command {
    name: "hexpiretime",
    tips: &[],
    run: Some(hexpiretime),
    docs: Docs {
        summary: "Returns the Unix times in seconds at which fields of a hash expire",
        ..HTTL.docs
    },
    ..HTTL
};

pub(super) static HPEXPIRETIME: Command = Command {
    name: "hpexpiretime",
    run: Some(hpexpiretime),
    docs: Docs {
        summary: "Returns the Unix times in milliseconds at which fields of a hash expire",
        ..HTTL.docs
    },
    ..HEXPIRETIME
};

fn httl(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    reply(ctx, request, |expire_at_ms| seconds(expire_at_ms.saturating_sub(now_ms)))
}

fn hpttl(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    reply(ctx, request, |expire_at_ms| expire_at_ms.saturating_sub(now_ms))
}

fn hexpiretime(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    reply(ctx, request, seconds)
}

fn hpexpiretime(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    reply(ctx, request, |expire_at_ms| expire_at_ms)
}

fn reply(
    ctx: &mut Context<'_>,
    request: &Request,
    show: impl Fn(i64) -> i64,
) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let now_ms = ctx.now_ms();
    let hash = ctx.read::<Hash>(request.arg(1))?;
    let mut times = Elements::new(protocol);
    for name in fields(request, 2, INVALID_COUNT)? {
        let field = hash.and_then(|hash| hash.get(name, now_ms));
        times.integer(match field.map(|field| field.expire_at_ms) {
            None => NO_FIELD,
            Some(None) => NO_EXPIRY,
            Some(Some(expire_at_ms)) => show(expire_at_ms),
        });
    }
    Ok(times.into())
}

/// The fields that are named after `FIELDS numfields`, which begins at argument `at` and goes to the
/// end. `at + 1` is less than the number of arguments.
///
/// # Errors
/// It is something else, or the number is not that of the fields.
pub(super) fn fields<'a>(
    request: &'a Request,
    at: usize,
    invalid_count: &'static str,
) -> Result<impl Iterator<Item = &'a [u8]>, CommandError> {
    if !is_name("FIELDS", request.arg(at)) {
        return Err(CommandError::err(
            "Mandatory argument FIELDS is missing or not at the right position",
        ));
    }
    let count = integer(request.arg(at + 1)).ok().filter(|&count| count > 0);
    let count = count.ok_or_else(|| CommandError::err(invalid_count))?;
    if usize::try_from(count) != Ok(request.len() - at - 2) {
        return Err(CommandError::err(
            "The `numfields` parameter must match the number of arguments",
        ));
    }
    Ok(request.iter().skip(at + 2))
}

/// Begun seconds.
fn seconds(ms: i64) -> i64 {
    ms / 1000 + i64::from(ms % 1000 > 0)
}

/// What is told of a field that is not there.
pub(super) const NO_FIELD: i64 = -2;

/// What is told of a field that does not expire.
pub(super) const NO_EXPIRY: i64 = -1;

/// What is wrong with a number of fields that is none.
pub(super) const INVALID_COUNT: &str = "Number of fields must be a positive integer";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begun_seconds_count() {
        for (ms, shown) in [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2)] {
            assert_eq!(seconds(ms), shown);
        }
    }
}
