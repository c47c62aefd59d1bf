//! `HSET key field value [field value ...]`, the older `HMSET`, and `HSETNX key field value`

use keyspace::{FieldExpiry, Hash};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static HSET: Command = Command {
    name: "hset",
    arity: -4,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    categories: &["hash"],
    tips: &[],
    run: Some(hset),
    docs: Docs {
        summary: "Gives fields of a hash new values, and returns how many of them are new",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) for N fields",
        syntax: "key <field value> ...",
    },
    subcommands: &[],
};

pub(super) static HMSET: Command = Command {
    name: "hmset",
    run: Some(hmset),
    docs: Docs { summary: "Gives fields of a hash new values; HSET does the same", ..HSET.docs },
    ..HSET
};

pub(super) static HSETNX: Command = Command {
    name: "hsetnx",
    arity: 4,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::INSERT)]),
    run: Some(hsetnx),
    docs: Docs {
        summary: "Adds a field to a hash unless it is there",
        complexity: "O(1)",
        syntax: "key field value",
        ..HSET.docs
    },
    ..HSET
};

fn hset(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(set(ctx, request, "hset")?.into())
}

fn hmset(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    set(ctx, request, "hmset")?;
    Ok(Reply::OK)
}

fn hsetnx(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (thresholds, now_ms) = (ctx.thresholds(), ctx.now_ms());
    let (field, value) = (request.arg(2), request.arg(3));
    let key = request.arg(1);
    let mut hash = ctx.edit_or_new::<Hash>(key)?;
    let is_new = hash.view().get(field, now_ms).is_none();
    if is_new {
        hash.set(field, value, FieldExpiry::Clear, &thresholds, now_ms);
        drop(hash);
        ctx.notify(Class::HASH, "hset", key);
    }
    Ok(Reply::flag(is_new))
}

/// Number of fields that are new.
fn set(
    ctx: &mut Context<'_>,
    request: &Request,
    command: &'static str,
) -> Result<usize, CommandError> {
    if !request.len().is_multiple_of(2) {
        return Err(CommandError::Arity(command.into()));
    }
    let (thresholds, now_ms) = (ctx.thresholds(), ctx.now_ms());
    let key = request.arg(1);
    let mut hash = ctx.edit_or_new::<Hash>(key)?;
    hash.expect(request.len() / 2 - 1, &thresholds);
    let pairs = (2..request.len()).step_by(2);
    let new = pairs.filter(|&at| {
        let (field, value) = (request.arg(at), request.arg(at + 1));
        hash.set(field, value, FieldExpiry::Clear, &thresholds, now_ms)
    });
    let new = new.count();
    drop(hash);
    ctx.notify(Class::HASH, "hset", key);
    Ok(new)
}
