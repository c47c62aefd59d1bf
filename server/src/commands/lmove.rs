//! `LMOVE source destination LEFT | RIGHT LEFT | RIGHT` and `RPOPLPUSH source destination`

use keyspace::{List, ListEnd};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::lpop::{end_of_list, pop_event};
use super::lpush::push_event;
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static LMOVE: Command = Command {
    name: "lmove",
    arity: 5,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::DELETE),
        KeySpec::at(2).used(usage::RW | usage::INSERT),
    ]),
    categories: &["list"],
    tips: &[],
    run: Some(lmove),
    docs: Docs {
        summary: "Moves an element from one end of a list to one of another and returns it",
        since: "6.2.0",
        group: "list",
        complexity: "O(1)",
        syntax: "source:key destination:key wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT>",
    },
    subcommands: &[],
};

pub(super) static RPOPLPUSH: Command = Command {
    name: "rpoplpush",
    arity: 3,
    run: Some(rpoplpush),
    docs: Docs {
        summary: "Moves an element from the tail of a list to the head of another and returns it",
        since: "1.2.0",
        syntax: "source:key destination:key",
        ..LMOVE.docs
    },
    ..LMOVE
};

fn lmove(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (from, to) = (end_of_list(request.arg(3))?, end_of_list(request.arg(4))?);
    move_element(ctx, request, from, to)
}

fn rpoplpush(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    move_element(ctx, request, ListEnd::Tail, ListEnd::Head)
}

fn move_element(
    ctx: &mut Context<'_>,
    request: &Request,
    from: ListEnd,
    to: ListEnd,
) -> Result<Reply, CommandError> {
    let (source, destination) = (request.arg(1), request.arg(2));
    let thresholds = ctx.thresholds();
    if ctx.edit::<List>(source)?.is_none() {
        return Ok(Reply::Nil);
    }
    // Its type counts before anything is removed.
    ctx.edit::<List>(destination)?;
    let Some(mut list) = ctx.edit::<List>(source)? else { return Ok(Reply::Nil) };
    let is_same = source == destination;
    let element =
        if is_same { list.rotate(from, to, &thresholds) } else { list.pop(from, &thresholds) };
    let is_emptied = list.view().is_empty();
    drop(list);
    if let Some(element) = &element {
        if !is_same {
            ctx.edit_or_new::<List>(destination)?.push(to, [&**element], &thresholds);
        }
        ctx.notify(Class::LIST, push_event(to), destination);
        ctx.notify_taken(Class::LIST, pop_event(from), source, is_emptied);
    }
    Ok(element.into())
}
