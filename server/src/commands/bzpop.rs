//! `BZPOPMIN key [key ...] timeout`, `BZPOPMAX key [key ...] timeout` and
//! `BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count]`

use keyspace::SortedSet;
use resp::Request;

use super::blocking::{timeout, wait_for_keys};
use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::zpop::{End, MultiPop, take};
use super::{CommandError, Context, Reply};
use crate::blocked::Wanted;
use crate::changes::Class;

pub(super) static BZPOPMIN: Command = Command {
    name: "bzpopmin",
    arity: -3,
    flags: flags::WRITE | flags::BLOCKING | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).to(-2).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    categories: &["sortedset"],
    tips: &[],
    run: Some(|ctx, request| pop(ctx, request, End::Min)),
    docs: Docs {
        summary: "Removes the member of the lowest score from a sorted set and returns it, or \
                  waits for one",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(log(N)) for a sorted set of N members",
        syntax: "key ... timeout:double",
    },
    subcommands: &[],
};

pub(super) static BZPOPMAX: Command = Command {
    name: "bzpopmax",
    run: Some(|ctx, request| pop(ctx, request, End::Max)),
    docs: Docs {
        summary: "Removes the member of the highest score from a sorted set and returns it, or \
                  waits for one",
        ..BZPOPMIN.docs
    },
    ..BZPOPMIN
};

pub(super) static BZMPOP: Command = Command {
    name: "bzmpop",
    arity: -5,
    flags: flags::WRITE | flags::BLOCKING | flags::MOVABLEKEYS,
    keys: Keys::Specs(&[KeySpec::counted_at(2).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    run: Some(bzmpop),
    docs: Docs {
        summary: "Removes members from the first of some sorted sets that exists and returns them, \
                  or waits for one",
        since: "7.0.0",
        complexity: "O(K + M*log(N)) for K keys, M members and a sorted set of N",
        syntax: "timeout:double numkeys:integer key ... where=<MIN | MAX> [COUNT count:integer]",
        ..BZPOPMIN.docs
    },
    ..BZPOPMIN
};

fn pop(ctx: &mut Context<'_>, request: &Request, end: End) -> Result<Reply, CommandError> {
    let keys = 1..request.len() - 1;
    let timeout = timeout(request.arg(keys.end))?;
    for key in keys.clone().map(|index| request.arg(index)) {
        if !ctx.looks_at(key) {
            continue;
        }
        let Some(mut set) = ctx.edit::<SortedSet>(key)? else { continue };
        let mut taken = vec![Reply::copied(key)];
        take(&mut set, end, 1, |member| {
            taken.push(Reply::copied(member.name.as_text()));
            taken.push(Reply::Double(member.score));
        });
        let is_emptied = set.view().is_empty();
        drop(set);
        ctx.notify_taken(Class::SORTED_SET, end.event(), key, is_emptied);
        return Ok(Reply::Array(taken));
    }
    Ok(wait_for_keys(ctx, request, keys, Wanted::SortedSet, timeout, Reply::NilArray))
}

fn bzmpop(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let pop = MultiPop::parse(request, 2)?;
    let timeout = timeout(request.arg(1))?;
    match pop.run(ctx, request)? {
        Some(reply) => Ok(reply),
        None => {
            let wanted = Wanted::SortedSet;
            Ok(wait_for_keys(ctx, request, pop.keys, wanted, timeout, Reply::NilArray))
        }
    }
}
