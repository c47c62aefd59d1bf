//! `LINSERT key BEFORE | AFTER pivot element` and `LSET key index element`

use keyspace::List;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{integer, position};
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static LINSERT: Command = Command {
    name: "linsert",
    arity: 5,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::INSERT)]),
    categories: &["list"],
    tips: &[],
    run: Some(linsert),
    docs: Docs {
        summary: "Inserts an element before or after the first one that is equal to another",
        since: "2.2.0",
        group: "list",
        complexity: "O(N) in the number of elements before the pivot",
        syntax: "key where=<BEFORE | AFTER> pivot element",
    },
    subcommands: &[],
};

pub(super) static LSET: Command = Command {
    name: "lset",
    arity: 4,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    run: Some(lset),
    docs: Docs {
        summary: "Replaces the element of a list at an index",
        since: "1.0.0",
        complexity: "O(log(N)) for a list of N elements",
        syntax: "key index:integer element",
        ..LINSERT.docs
    },
    ..LINSERT
};

fn linsert(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let after = is_name("AFTER", request.arg(2));
    if !after && !is_name("BEFORE", request.arg(2)) {
        return Err(CommandError::Syntax);
    }
    let thresholds = ctx.thresholds();
    let key = request.arg(1);
    let Some(mut list) = ctx.edit::<List>(key)? else { return Ok(Reply::Integer(0)) };
    if !list.insert(request.arg(3), after, request.arg(4), &thresholds) {
        return Ok(Reply::Integer(-1));
    }
    let len = list.view().len();
    drop(list);
    ctx.notify(Class::LIST, "linsert", key);
    Ok(len.into())
}

fn lset(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let thresholds = ctx.thresholds();
    let key = request.arg(1);
    let Some(mut list) = ctx.edit::<List>(key)? else {
        return Err(CommandError::err("no such key"));
    };
    let len = list.view().len();
    // An index that is none becomes one past the end.
    let index = position(integer(request.arg(2))?, len).unwrap_or(len);
    if !list.set(index, request.arg(3), &thresholds) {
        return Err(CommandError::err("index out of range"));
    }
    drop(list);
    ctx.notify(Class::LIST, "lset", key);
    Ok(Reply::OK)
}
