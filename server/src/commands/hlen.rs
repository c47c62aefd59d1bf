//! `HLEN key`, `HEXISTS key field` and `HSTRLEN key field`

use keyspace::{FieldRef, Hash};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};

pub(super) static HLEN: Command = Command {
    name: "hlen",
    arity: 2,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RO)]),
    categories: &["hash"],
    tips: &[],
    run: Some(hlen),
    docs: Docs {
        summary: "Returns the number of fields of a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        syntax: "key",
    },
    subcommands: &[],
};

pub(super) static HEXISTS: Command = Command {
    name: "hexists",
    arity: 3,
    run: Some(hexists),
    docs: Docs { summary: "Tells whether a hash has a field", syntax: "key field", ..HLEN.docs },
    ..HLEN
};

pub(super) static HSTRLEN: Command = Command {
    name: "hstrlen",
    arity: 3,
    run: Some(hstrlen),
    docs: Docs {
        summary: "Returns the length of the value of a field of a hash",
        since: "3.2.0",
        syntax: "key field",
        ..HLEN.docs
    },
    ..HLEN
};

fn hlen(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let hash = ctx.read::<Hash>(request.arg(1))?;
    Ok(hash.map_or(0, |hash| hash.live_len(now_ms)).into())
}

fn hexists(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::flag(field(ctx, request)?.is_some()))
}

fn hstrlen(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(field(ctx, request)?.map_or(0, |field| field.value.text_len()).into())
}

fn field<'a>(
    ctx: &'a mut Context<'_>,
    request: &Request,
) -> Result<Option<FieldRef<'a>>, CommandError> {
    let now_ms = ctx.now_ms();
    let hash = ctx.read::<Hash>(request.arg(1))?;
    Ok(hash.and_then(|hash| hash.get(request.arg(2), now_ms)))
}
