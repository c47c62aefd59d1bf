//! `LPOP key [count]`, `RPOP key [count]` and
//! `LMPOP numkeys key [key ...] LEFT | RIGHT [COUNT count]`

use std::ops::Range;

use keyspace::{List, ListEnd, Thresholds};
use resp::{Protocol, Request};

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{count, count_from};
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static LPOP: Command = Command {
    name: "lpop",
    arity: -2,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    categories: &["list"],
    tips: &[],
    run: Some(|ctx, request| pop(ctx, request, ListEnd::Head, "lpop")),
    docs: Docs {
        summary: "Removes elements from the head of a list and returns them",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) for N elements",
        syntax: "key [count:integer]",
    },
    subcommands: &[],
};

pub(super) static RPOP: Command = Command {
    name: "rpop",
    run: Some(|ctx, request| pop(ctx, request, ListEnd::Tail, "rpop")),
    docs: Docs {
        summary: "Removes elements from the tail of a list and returns them",
        ..LPOP.docs
    },
    ..LPOP
};

pub(super) static LMPOP: Command = Command {
    name: "lmpop",
    arity: -4,
    flags: flags::WRITE | flags::MOVABLEKEYS,
    keys: Keys::Specs(&[KeySpec::counted_at(1).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    run: Some(lmpop),
    docs: Docs {
        summary: "Removes elements from the first of some lists that exists and returns them",
        since: "7.0.0",
        complexity: "O(K + N) for K keys and N elements",
        syntax: "numkeys:integer key ... where=<LEFT | RIGHT> [COUNT count:integer]",
        ..LPOP.docs
    },
    ..LPOP
};

fn pop(
    ctx: &mut Context<'_>,
    request: &Request,
    end: ListEnd,
    name: &str,
) -> Result<Reply, CommandError> {
    if request.len() > 3 {
        return Err(CommandError::Arity(name.into()));
    }
    let wanted = match request.get(2) {
        Some(argument) => Some(count(argument)?),
        None => None,
    };
    let (thresholds, protocol) = (ctx.thresholds(), ctx.protocol());
    let key = request.arg(1);
    let Some(mut list) = ctx.edit::<List>(key)? else {
        return Ok(wanted.map_or(Reply::Nil, |_| Reply::NilArray));
    };
    let reply = match wanted {
        Some(count) => take(&mut list, end, count, &thresholds, protocol).into(),
        None => list.pop(end, &thresholds).into(),
    };
    let is_emptied = list.view().is_empty();
    drop(list);
    if wanted != Some(0) {
        ctx.notify_taken(Class::LIST, pop_event(end), key, is_emptied);
    }
    Ok(reply)
}

fn lmpop(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(MultiPop::parse(request, 1)?.run(ctx, request)?.unwrap_or(Reply::NilArray))
}

/// What LMPOP and BLMPOP do.
pub(super) struct MultiPop {
    /// The arguments that name keys.
    pub(super) keys: Range<usize>,
    end: ListEnd,
    count: usize,
}

impl MultiPop {
    /// Reads `numkeys`, which is this argument, and what follows.
    pub(super) fn parse(request: &Request, numkeys: usize) -> Result<Self, CommandError> {
        let keys = count_from(1, request.arg(numkeys), "numkeys should be greater than 0")?;
        let place = keys.saturating_add(numkeys + 1);
        let end = end_of_list(request.get(place).ok_or(CommandError::Syntax)?)?;
        let count = count_option(request, place + 1)?.unwrap_or(1);
        Ok(Self { keys: numkeys + 1..place, end, count })
    }

    /// Removes elements from the first key that has some.
    pub(super) fn run(
        &self,
        ctx: &mut Context<'_>,
        request: &Request,
    ) -> Result<Option<Reply>, CommandError> {
        let (thresholds, protocol) = (ctx.thresholds(), ctx.protocol());
        for key in self.keys.clone().map(|index| request.arg(index)) {
            if !ctx.looks_at(key) {
                continue;
            }
            let Some(mut list) = ctx.edit::<List>(key)? else { continue };
            let taken = take(&mut list, self.end, self.count, &thresholds, protocol);
            let is_emptied = list.view().is_empty();
            drop(list);
            ctx.notify_taken(Class::LIST, pop_event(self.end), key, is_emptied);
            return Ok(Some(Reply::Array(vec![Reply::copied(key), taken.into()])));
        }
        Ok(None)
    }
}

/// `[COUNT count]` from an argument on to the last, with a count that is not 0.
pub(super) fn count_option(request: &Request, first: usize) -> Result<Option<usize>, CommandError> {
    match request.len().saturating_sub(first) {
        0 => Ok(None),
        more if more > 1 && is_name("COUNT", request.arg(first)) => {
            let wanted = count_from(1, request.arg(first + 1), "count should be greater than 0")?;
            if more > 2 { Err(CommandError::Syntax) } else { Ok(Some(wanted)) }
        }
        _ => Err(CommandError::Syntax),
    }
}

/// `LEFT` or `RIGHT`.
pub(super) fn end_of_list(word: &[u8]) -> Result<ListEnd, CommandError> {
    if is_name("LEFT", word) {
        Ok(ListEnd::Head)
    } else if is_name("RIGHT", word) {
        Ok(ListEnd::Tail)
    } else {
        Err(CommandError::Syntax)
    }
}

/// The event of elements that were removed from this end.
pub(super) fn pop_event(end: ListEnd) -> &'static str {
    match end {
        ListEnd::Head => "lpop",
        ListEnd::Tail => "rpop",
    }
}

/// Removes up to `count` elements from an end.
fn take(
    list: &mut List,
    end: ListEnd,
    count: usize,
    thresholds: &Thresholds,
    protocol: Protocol,
) -> Elements {
    let len = list.view().len();
    let count = count.min(len);
    let mut taken = Elements::new(protocol);
    match end {
        ListEnd::Head => list.view().iter().take(count).for_each(|it| taken.bulk(&it.as_text())),
        ListEnd::Tail => {
            let elements = list.view().iter_back_from(len).take(count);
            elements.for_each(|it| taken.bulk(&it.as_text()));
        }
    }
    let range = if end == ListEnd::Head { 0..count } else { len - count..len };
    list.remove_range(range, thresholds);
    taken
}
