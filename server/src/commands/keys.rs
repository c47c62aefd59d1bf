//! `KEYS pattern`, `RANDOMKEY` and `DBSIZE`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::reply::Elements;
use super::{CommandError, Context, Reply};
use crate::{glob, random};

pub(super) static KEYS: Command = Command {
    name: "keys",
    arity: 2,
    flags: flags::READONLY,
    keys: Keys::None,
    categories: &["keyspace", "dangerous"],
    tips: &["request_policy:all_shards", "nondeterministic_output_order"],
    run: Some(keys),
    docs: Docs {
        summary: "Returns all keys that match a pattern",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) in the number of keys of the database",
        syntax: "pattern:pattern",
    },
    subcommands: &[],
};

pub(super) static RANDOMKEY: Command = Command {
    name: "randomkey",
    arity: 1,
    categories: &["keyspace"],
    tips: &["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
    run: Some(randomkey),
    docs: Docs {
        summary: "Returns a key drawn at random",
        complexity: "O(1)",
        syntax: "",
        ..KEYS.docs
    },
    ..KEYS
};

pub(super) static DBSIZE: Command = Command {
    name: "dbsize",
    arity: 1,
    flags: flags::READONLY | flags::FAST,
    categories: &["keyspace"],
    tips: &["request_policy:all_shards", "response_policy:agg_sum"],
    run: Some(dbsize),
    docs: Docs {
        summary: "Returns the number of keys in the selected database",
        group: "server",
        complexity: "O(1)",
        syntax: "",
        ..KEYS.docs
    },
    ..KEYS
};

fn keys(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let pattern = request.arg(1);
    let mut found = Elements::new(ctx.protocol());
    ctx.db().scan(0, usize::MAX, now_ms, |entry| {
        if matches(pattern, entry.key()) {
            found.bulk(entry.key());
        }
    });
    Ok(found.into())
}

fn randomkey(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    Ok(ctx.db().random_key(random::bits, now_ms).map_or(Reply::Nil, Reply::copied))
}

fn dbsize(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.db().len().into())
}

/// Whether a key matches; `*` alone also matches the empty one.
pub(super) fn matches(pattern: &[u8], key: &[u8]) -> bool {
    pattern == b"*" || glob::matches(pattern, key)
}
