//! `MGET key [key ...]`, `MSET key value [key value ...]` and `MSETNX key value [key value ...]`

use resp::{Request, encode};

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::set::string;
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static MGET: Command = Command {
    name: "mget",
    arity: -2,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::ALL,
    categories: &["string"],
    tips: &["request_policy:multi_shard"],
    run: Some(mget),
    docs: Docs {
        summary: "Returns the string values of some keys",
        since: "1.0.0",
        group: "string",
        complexity: "O(N) in the number of keys",
        syntax: "key ...",
    },
    subcommands: &[],
};

pub(super) static MSET: Command = Command {
    name: "mset",
    arity: -3,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[KeySpec::at(1).to(-1).every(2).used(usage::OW | usage::UPDATE)]),
    categories: &["string"],
    tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
    run: Some(mset),
    docs: Docs {
        summary: "Sets the string values of some keys, whatever they held",
        since: "1.0.1",
        group: "string",
        complexity: "O(N) in the number of keys",
        syntax: "<key value> ...",
    },
    subcommands: &[],
};

pub(super) static MSETNX: Command = Command {
    name: "msetnx",
    keys: Keys::Specs(&[KeySpec::at(1).to(-1).every(2).used(usage::OW | usage::INSERT)]),
    tips: &[],
    run: Some(msetnx),
    docs: Docs {
        summary: "Sets the string values of some keys if none of them exists",
        ..MSET.docs
    },
    ..MSET
};

fn mget(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    encode::array_header(ctx.out.tail(), request.len() - 1);
    for key in request.iter().skip(1) {
        // A key that holds something else has no string.
        ctx.answer_string(key).unwrap_or(Reply::Nil).encode(ctx.out, protocol);
    }
    Ok(Reply::Written)
}

fn mset(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    check_pairs(request, "mset")?;
    set_pairs(ctx, request);
    Ok(Reply::OK)
}

fn msetnx(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    check_pairs(request, "msetnx")?;
    let now_ms = ctx.now_ms();
    let mut keys = request.iter().skip(1).step_by(2);
    if keys.any(|key| ctx.db().look_to_change(key, now_ms).is_some()) {
        return Ok(Reply::flag(false));
    }
    set_pairs(ctx, request);
    Ok(Reply::flag(true))
}

fn check_pairs(request: &Request, command: &str) -> Result<(), CommandError> {
    if request.len().is_multiple_of(2) {
        return Err(CommandError::Arity(command.into()));
    }
    Ok(())
}

fn set_pairs(ctx: &mut Context<'_>, request: &Request) {
    for index in (1..request.len()).step_by(2) {
        let key = request.arg(index);
        ctx.insert(key, string(request, index + 1), None);
        ctx.notify(Class::STRING, "set", key);
    }
}
