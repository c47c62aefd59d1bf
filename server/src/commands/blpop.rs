//! `BLPOP key [key ...] timeout`, `BRPOP key [key ...] timeout` and
//! `BLMPOP timeout numkeys key [key ...] LEFT | RIGHT [COUNT count]`

use keyspace::{List, ListEnd};
use resp::Request;

use super::blocking::{timeout, wait_for_keys};
use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::lpop::{MultiPop, pop_event};
use super::{CommandError, Context, Reply};
use crate::blocked::Wanted;
use crate::changes::Class;

pub(super) static BLPOP: Command = Command {
    name: "blpop",
    arity: -3,
    flags: flags::WRITE | flags::BLOCKING,
    keys: Keys::Specs(&[KeySpec::at(1).to(-2).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    categories: &["list"],
    tips: &[],
    run: Some(|ctx, request| pop(ctx, request, ListEnd::Head)),
    docs: Docs {
        summary: "Removes the first element of a list and returns it, or waits for one",
        since: "2.0.0",
        group: "list",
        complexity: "O(N) for N keys",
        syntax: "key ... timeout:double",
    },
    subcommands: &[],
};

pub(super) static BRPOP: Command = Command {
    name: "brpop",
    run: Some(|ctx, request| pop(ctx, request, ListEnd::Tail)),
    docs: Docs {
        summary: "Removes the last element of a list and returns it, or waits for one",
        ..BLPOP.docs
    },
    ..BLPOP
};

pub(super) static BLMPOP: Command = Command {
    name: "blmpop",
    arity: -5,
    flags: flags::WRITE | flags::BLOCKING | flags::MOVABLEKEYS,
    keys: Keys::Specs(&[KeySpec::counted_at(2).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    run: Some(blmpop),
    docs: Docs {
        summary: "Removes elements from the first of some lists that exists and returns them, or \
                  waits for one",
        since: "7.0.0",
        complexity: "O(K + N) for K keys and N elements",
        syntax: "timeout:double numkeys:integer key ... where=<LEFT | RIGHT> [COUNT count:integer]",
        ..BLPOP.docs
    },
    ..BLPOP
};

fn pop(ctx: &mut Context<'_>, request: &Request, end: ListEnd) -> Result<Reply, CommandError> {
    let keys = 1..request.len() - 1;
    let timeout = timeout(request.arg(keys.end))?;
    let thresholds = ctx.thresholds();
    for key in keys.clone().map(|index| request.arg(index)) {
        if !ctx.looks_at(key) {
            continue;
        }
        let Some(mut list) = ctx.edit::<List>(key)? else { continue };
        let element = list.pop(end, &thresholds);
        let is_emptied = list.view().is_empty();
        drop(list);
        ctx.notify_taken(Class::LIST, pop_event(end), key, is_emptied);
        return Ok(Reply::Array(vec![Reply::copied(key), element.into()]));
    }
    Ok(wait_for_keys(ctx, request, keys, Wanted::List, timeout, Reply::NilArray))
}

fn blmpop(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let pop = MultiPop::parse(request, 2)?;
    let timeout = timeout(request.arg(1))?;
    match pop.run(ctx, request)? {
        Some(reply) => Ok(reply),
        None => Ok(wait_for_keys(ctx, request, pop.keys, Wanted::List, timeout, Reply::NilArray)),
    }
}
