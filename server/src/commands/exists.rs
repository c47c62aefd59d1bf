//! `EXISTS key [key ...]`, `TOUCH key [key ...]` and `TYPE key`

use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};

pub(super) static EXISTS: Command = Command {
    name: "exists",
    arity: -2,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).to(-1).used(usage::RO)]),
    categories: &["keyspace"],
    tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
    run: Some(exists),
    docs: Docs {
        summary: "Returns how many of the keys exist, each as often as it is named",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) in the number of keys",
        syntax: "key ...",
    },
    subcommands: &[],
};

pub(super) static TOUCH: Command = Command {
    name: "touch",
    run: Some(touch),
    docs: Docs {
        summary: "Records an access to keys and returns how many of them exist",
        since: "3.2.1",
        ..EXISTS.docs
    },
    ..EXISTS
};

pub(super) static TYPE: Command = Command {
    name: "type",
    arity: 2,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RO)]),
    tips: &[],
    run: Some(type_of),
    docs: Docs {
        summary: "Returns the type of the value of a key",
        complexity: "O(1)",
        syntax: "key",
        ..EXISTS.docs
    },
    ..EXISTS
};

fn exists(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let db = ctx.db();
    Ok(request.iter().skip(1).filter(|key| db.look(key, now_ms).is_some()).count().into())
}

fn touch(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let db = ctx.db();
    Ok(request.iter().skip(1).filter(|key| db.read(key, now_ms).is_some()).count().into())
}

fn type_of(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let entry = ctx.db().look(request.arg(1), now_ms);
    Ok(Reply::Status(entry.map_or("none", |entry| entry.value().type_name())))
}
