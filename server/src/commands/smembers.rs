//! `SMEMBERS key`, `SCARD key`, `SISMEMBER key member` and `SMISMEMBER key member [member ...]`

use keyspace::{Set, SetRef};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::reply::Elements;
use super::{CommandError, Context, Reply};

pub(super) static SMEMBERS: Command = Command {
    name: "smembers",
    arity: 2,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["set"],
    tips: &["nondeterministic_output_order"],
    run: Some(smembers),
    docs: Docs {
        summary: "Returns the members of a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) for N members",
        syntax: "key",
    },
    subcommands: &[],
};

pub(super) static SCARD: Command = Command {
    name: "scard",
    flags: flags::READONLY | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RO)]),
    tips: &[],
    run: Some(scard),
    docs: Docs {
        summary: "Returns the number of members of a set",
        complexity: "O(1)",
        ..SMEMBERS.docs
    },
    ..SMEMBERS
};

pub(super) static SISMEMBER: Command = Command {
    name: "sismember",
    arity: 3,
    run: Some(sismember),
    docs: Docs { summary: "Tells whether a set has a member", syntax: "key member", ..SCARD.docs },
    ..SCARD
};

pub(super) static SMISMEMBER: Command = Command {
    name: "smismember",
    arity: -3,
    keys: Keys::FIRST,
    run: Some(smismember),
    docs: Docs {
        summary: "Tells of each of some members whether a set has it",
        since: "6.2.0",
        complexity: "O(N) for N members",
        syntax: "key member ...",
        ..SCARD.docs
    },
    ..SCARD
};

fn smembers(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let mut members = Elements::set(ctx.protocol());
    if let Some(set) = ctx.read::<Set>(request.arg(1))? {
        set.iter().for_each(|member| members.bulk(&member.as_text()));
    }
    Ok(members.into())
}

fn scard(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.read::<Set>(request.arg(1))?.map_or(0, SetRef::len).into())
}

fn sismember(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let set = ctx.read::<Set>(request.arg(1))?;
    Ok(Reply::flag(set.is_some_and(|set| set.contains(request.arg(2)))))
}

fn smismember(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let set = ctx.read::<Set>(request.arg(1))?;
    let mut found = Elements::new(protocol);
    for member in request.iter().skip(2) {
        found.integer(set.is_some_and(|set| set.contains(member)).into());
    }
    Ok(found.into())
}
