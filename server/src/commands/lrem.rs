//! `LREM key count element` and `LTRIM key start stop`

use keyspace::{List, ListEnd};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{integer, positions, signed_count};
use super::{CommandError, Context, Reply};

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
    let Some(mut list) = ctx.edit::<List>(request.arg(1))? else { return Ok(Reply::Integer(0)) };
    Ok(list.remove(request.arg(3), count, from, &thresholds).into())
}

fn ltrim(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (start, stop) = (integer(request.arg(2))?, integer(request.arg(3))?);
    let thresholds = ctx.thresholds();
    if let Some(mut list) = ctx.edit::<List>(request.arg(1))? {
        let range = positions(start, stop, list.view().len());
        list.retain_range(range, &thresholds);
    }
    Ok(Reply::OK)
}
