//! `HGET key field` and `HMGET key field [field ...]`

use keyspace::{Hash, HashRef};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::reply::Elements;
use super::{CommandError, Context, Reply};

pub(super) static HGET: Command = Command {
    name: "hget",
    arity: 3,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::FIRST,
    categories: &["hash"],
    tips: &[],
    run: Some(hget),
    docs: Docs {
        summary: "Returns the value of a field of a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        syntax: "key field",
    },
    subcommands: &[],
};

pub(super) static HMGET: Command = Command {
    name: "hmget",
    arity: -3,
    run: Some(hmget),
    docs: Docs {
        summary: "Returns the values of fields of a hash",
        complexity: "O(N) for N fields",
        syntax: "key field ...",
        ..HGET.docs
    },
    ..HGET
};

fn hget(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let hash = ctx.read::<Hash>(request.arg(1))?;
    let field = hash.and_then(|hash| hash.get(request.arg(2), now_ms));
    Ok(field.map_or(Reply::Nil, |field| Reply::copied(field.value.as_text())))
}

fn hmget(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let now_ms = ctx.now_ms();
    let hash: Option<HashRef<'_>> = ctx.read::<Hash>(request.arg(1))?;
    let mut values = Elements::new(protocol);
    for name in request.iter().skip(2) {
        match hash.and_then(|hash| hash.get(name, now_ms)) {
            Some(field) => values.bulk(&field.value.as_text()),
            None => values.nil(),
        }
    }
    Ok(values.into())
}
