//! `LRANGE key start stop`, `LINDEX key index` and `LLEN key`

use keyspace::{List, ListRef};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{integer, position, positions};
use super::reply::Elements;
use super::{CommandError, Context, Reply};

pub(super) static LRANGE: Command = Command {
    name: "lrange",
    arity: 4,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["list"],
    tips: &[],
    run: Some(lrange),
    docs: Docs {
        summary: "Returns the elements of a list from one index to another",
        since: "1.0.0",
        group: "list",
        complexity: "O(log(N) + M) for M elements of a list of N",
        syntax: "key start:integer stop:integer",
    },
    subcommands: &[],
};

pub(super) static LINDEX: Command = Command {
    name: "lindex",
    arity: 3,
    run: Some(lindex),
    docs: Docs {
        summary: "Returns the element of a list at an index",
        complexity: "O(log(N)) for a list of N elements",
        syntax: "key index:integer",
        ..LRANGE.docs
    },
    ..LRANGE
};

pub(super) static LLEN: Command = Command {
    name: "llen",
    arity: 2,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RO)]),
    run: Some(llen),
    docs: Docs {
        summary: "Returns the length of a list",
        complexity: "O(1)",
        syntax: "key",
        ..LRANGE.docs
    },
    ..LRANGE
};

fn lrange(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (start, stop) = (integer(request.arg(2))?, integer(request.arg(3))?);
    let mut elements = Elements::new(ctx.protocol());
    if let Some(list) = ctx.read::<List>(request.arg(1))? {
        let range = positions(start, stop, list.len());
        let wanted = list.iter_from(range.start).take(range.len());
        wanted.for_each(|element| elements.bulk(&element.as_text()));
    }
    Ok(elements.into())
}

fn lindex(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let Some(list) = ctx.read::<List>(request.arg(1))? else { return Ok(Reply::Nil) };
    let index = integer(request.arg(2))?;
    let element = position(index, list.len()).and_then(|index| list.get(index));
    Ok(element.map_or(Reply::Nil, |element| Reply::copied(element.as_text())))
}

fn llen(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.read::<List>(request.arg(1))?.map_or(0, ListRef::len).into())
}
