//! `HGETALL key`, `HKEYS key` and `HVALS key`

use keyspace::{FieldRef, Hash};
use resp::{Protocol, Request};

use super::command::{Command, Docs, Keys, flags};
use super::reply::Elements;
use super::{CommandError, Context, Reply};

pub(super) static HGETALL: Command = Command {
    name: "hgetall",
    arity: 2,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["hash"],
    tips: &["nondeterministic_output_order"],
    run: Some(hgetall),
    docs: Docs {
        summary: "Returns the fields of a hash with their values",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) for N fields",
        syntax: "key",
    },
    subcommands: &[],
};

pub(super) static HKEYS: Command = Command {
    name: "hkeys",
    run: Some(hkeys),
    docs: Docs { summary: "Returns the names of the fields of a hash", ..HGETALL.docs },
    ..HGETALL
};

pub(super) static HVALS: Command = Command {
    name: "hvals",
    run: Some(hvals),
    docs: Docs { summary: "Returns the values of the fields of a hash", ..HGETALL.docs },
    ..HGETALL
};

fn hgetall(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    all(ctx, request, Elements::map, |field, out| {
        out.bulk(&field.name.as_text());
        out.bulk(&field.value.as_text());
    })
}

fn hkeys(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    all(ctx, request, Elements::new, |field, out| out.bulk(&field.name.as_text()))
}

fn hvals(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    all(ctx, request, Elements::new, |field, out| out.bulk(&field.value.as_text()))
}

fn all(
    ctx: &mut Context<'_>,
    request: &Request,
    form: fn(Protocol) -> Elements,
    show: impl Fn(FieldRef<'_>, &mut Elements),
) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let mut shown = form(ctx.protocol());
    if let Some(hash) = ctx.read::<Hash>(request.arg(1))? {
        hash.iter(now_ms).for_each(|field| show(field, &mut shown));
    }
    Ok(shown.into())
}
