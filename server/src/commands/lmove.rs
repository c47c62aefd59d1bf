//! `LMOVE source destination LEFT | RIGHT LEFT | RIGHT` and `RPOPLPUSH source destination`, and
//! `BLMOVE` and `BRPOPLPUSH`, which wait for an element up to a timeout, their last argument

use bytes::Bytes;
use keyspace::{List, ListEnd};
use resp::Request;

use super::blocking::{timeout, wait_for_keys};
use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::lpop::{end_of_list, pop_event};
use super::lpush::push_event;
use super::{CommandError, Context, Reply};
use crate::blocked::Wanted;
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

pub(super) static BLMOVE: Command = Command {
    name: "blmove",
    arity: 6,
    flags: LMOVE.flags | flags::BLOCKING,
    run: Some(blmove),
    docs: Docs {
        summary: "Moves an element from one end of a list to one of another and returns it, or \
                  waits for one",
        syntax: "source:key destination:key wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT> \
                 timeout:double",
        ..LMOVE.docs
    },
    ..LMOVE
};

pub(super) static BRPOPLPUSH: Command = Command {
    name: "brpoplpush",
    arity: 4,
    flags: BLMOVE.flags,
    run: Some(brpoplpush),
    docs: Docs {
        summary: "Moves an element from the tail of a list to the head of another and returns it, \
                  or waits for one",
        since: "2.2.0",
        syntax: "source:key destination:key timeout:double",
        ..LMOVE.docs
    },
    ..LMOVE
};

fn lmove(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (from, to) = (end_of_list(request.arg(3))?, end_of_list(request.arg(4))?);
    Ok(move_element(ctx, request, from, to)?.into())
}

fn rpoplpush(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(move_element(ctx, request, ListEnd::Tail, ListEnd::Head)?.into())
}

fn blmove(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (from, to) = (end_of_list(request.arg(3))?, end_of_list(request.arg(4))?);
    move_or_wait(ctx, request, from, to, request.arg(5))
}

fn brpoplpush(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    move_or_wait(ctx, request, ListEnd::Tail, ListEnd::Head, request.arg(3))
}

fn move_or_wait(
    ctx: &mut Context<'_>,
    request: &Request,
    from: ListEnd,
    to: ListEnd,
    timeout_argument: &[u8],
) -> Result<Reply, CommandError> {
    let timeout = timeout(timeout_argument)?;
    match move_element(ctx, request, from, to)? {
        Some(element) => Ok(Reply::Bulk(element)),
        None => Ok(wait_for_keys(ctx, request, 1..2, Wanted::List, timeout, Reply::Nil)),
    }
}

fn move_element(
    ctx: &mut Context<'_>,
    request: &Request,
    from: ListEnd,
    to: ListEnd,
) -> Result<Option<Bytes>, CommandError> {
    let (source, destination) = (request.arg(1), request.arg(2));
    let thresholds = ctx.thresholds();
    if ctx.edit::<List>(source)?.is_none() {
        return Ok(None);
    }
    // Its type counts before anything is removed.
    ctx.edit::<List>(destination)?;
    let Some(mut list) = ctx.edit::<List>(source)? else { return Ok(None) };
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
    Ok(element)
}
