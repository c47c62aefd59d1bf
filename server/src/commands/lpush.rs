//! `LPUSH key element [element ...]`, `RPUSH key element [element ...]`, and `LPUSHX` and `RPUSHX`,
//! which add to no key that does not exist

use keyspace::{List, ListEnd, Thresholds, ValueMut};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static LPUSH: Command = Command {
    name: "lpush",
    arity: -3,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::INSERT)]),
    categories: &["list"],
    tips: &[],
    run: Some(|ctx, request| push(ctx, request, ListEnd::Head)),
    docs: Docs {
        summary: "Adds elements at the head of a list, one after the other",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) for N elements",
        syntax: "key element ...",
    },
    subcommands: &[],
};

pub(super) static RPUSH: Command = Command {
    name: "rpush",
    run: Some(|ctx, request| push(ctx, request, ListEnd::Tail)),
    docs: Docs { summary: "Adds elements at the tail of a list", ..LPUSH.docs },
    ..LPUSH
};

pub(super) static LPUSHX: Command = Command {
    name: "lpushx",
    run: Some(|ctx, request| push_if_exists(ctx, request, ListEnd::Head)),
    docs: Docs {
        summary: "Adds elements at the head of a list, if it exists",
        since: "2.2.0",
        ..LPUSH.docs
    },
    ..LPUSH
};

pub(super) static RPUSHX: Command = Command {
    name: "rpushx",
    run: Some(|ctx, request| push_if_exists(ctx, request, ListEnd::Tail)),
    docs: Docs {
        summary: "Adds elements at the tail of a list, if it exists",
        since: "2.2.0",
        ..LPUSH.docs
    },
    ..LPUSH
};

fn push(ctx: &mut Context<'_>, request: &Request, end: ListEnd) -> Result<Reply, CommandError> {
    let thresholds = ctx.thresholds();
    let key = request.arg(1);
    let list = ctx.edit_or_new::<List>(key)?;
    let len = push_all(list, request, end, &thresholds);
    ctx.notify(Class::LIST, push_event(end), key);
    Ok(len.into())
}

fn push_if_exists(
    ctx: &mut Context<'_>,
    request: &Request,
    end: ListEnd,
) -> Result<Reply, CommandError> {
    let thresholds = ctx.thresholds();
    let key = request.arg(1);
    let Some(list) = ctx.edit::<List>(key)? else { return Ok(Reply::Integer(0)) };
    let len = push_all(list, request, end, &thresholds);
    ctx.notify(Class::LIST, push_event(end), key);
    Ok(len.into())
}

/// Returns how long the list is then.
fn push_all(
    mut list: ValueMut<'_, List>,
    request: &Request,
    end: ListEnd,
    thresholds: &Thresholds,
) -> usize {
    let elements = (2..request.len()).map(|index| request.arg(index));
    list.push(end, elements, thresholds);
    list.view().len()
}

/// The event of elements that were added at this end.
pub(super) fn push_event(end: ListEnd) -> &'static str {
    match end {
        ListEnd::Head => "lpush",
        ListEnd::Tail => "rpush",
    }
}
