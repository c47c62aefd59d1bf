//! `LREM key count element` and `LTRIM key start stop`

use keyspace::{List, ListEnd};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{integer, positions, signed_count};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static LREM: Command = Command {
    name: "lrem",
    arity: 4,
    flags: flags::WRITE,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::DELETE)]),
    categories: &["list"],
    tips: &[],
    run: Some(lrem),
    docs: Docs {
        summary: "Removes elements that are equal to another from a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) for a list of N elements",
        syntax: "key count:integer element",
    },
    subcommands: &[],
};

pub(super) static LTRIM: Command = Command {
    name: "ltrim",
    run: Some(ltrim),
    docs: Docs {
        summary: "Removes all elements of a list but those from one index to another",
        complexity: "O(log(N) + M) for M elements that are removed from a list of N",
        syntax: "key start:integer stop:integer",
        ..LREM.docs
    },
    ..LREM
};

fn lrem(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (count, from) = match signed_count(request.arg(2))? {
        0 => (usize::MAX, ListEnd::Head),
        count if count < 0 => (count.unsigned_abs() as usize, ListEnd::Tail),
        count => (count as usize, ListEnd::Head),
    };
    let thresholds = ctx.thresholds();
    let key = request.arg(1);
    let Some(mut list) = ctx.edit::<List>(key)? else { return Ok(Reply::Integer(0)) };
    let removed = list.remove(request.arg(3), count, from, &thresholds);
    let is_emptied = list.view().is_empty();
    drop(list);
    if removed > 0 {
        ctx.notify_taken(Class::LIST, "lrem", key, is_emptied);
    }
    Ok(removed.into())
}

fn ltrim(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (start, stop) = (integer(request.arg(2))?, integer(request.arg(3))?);
    let thresholds = ctx.thresholds();
    let key = request.arg(1);
    let Some(mut list) = ctx.edit::<List>(key)? else { return Ok(Reply::OK) };
    let range = positions(start, stop, list.view().len());
    list.retain_range(range, &thresholds);
    let is_emptied = list.view().is_empty();
    drop(list);
    ctx.notify_taken(Class::LIST, "ltrim", key, is_emptied);
    Ok(Reply::OK)
}
