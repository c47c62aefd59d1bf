//! `ZREM key member [member ...]`, `ZREMRANGEBYRANK key start stop`,
//! `ZREMRANGEBYSCORE key min max` and `ZREMRANGEBYLEX key min max`

use std::ops::Range;

use keyspace::{SortedSet, SortedSetRef};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{integer, positions};
use super::score::{lex_range, score_range};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static ZREM: Command = Command {
    name: "zrem",
    arity: -3,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::DELETE)]),
    categories: &["sortedset"],
    tips: &[],
    run: Some(zrem),
    docs: Docs {
        summary: "Removes members from a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(M*log(N)) for M members and a sorted set of N",
        syntax: "key member ...",
    },
    subcommands: &[],
};

pub(super) static ZREMRANGEBYRANK: Command = Command {
    name: "zremrangebyrank",
    arity: 4,
    flags: flags::WRITE,
    run: Some(zremrangebyrank),
    docs: Docs {
        summary: "Removes the members of a sorted set from one rank to another",
        since: "2.0.0",
        complexity: "O(M*log(N)) for M members that are removed from a sorted set of N",
        syntax: "key start:integer stop:integer",
        ..ZREM.docs
    },
    ..ZREM
};

pub(super) static ZREMRANGEBYSCORE: Command = Command {
    name: "zremrangebyscore",
    run: Some(zremrangebyscore),
    docs: Docs {
        summary: "Removes the members of a sorted set whose scores are in a range",
        since: "1.2.0",
        syntax: "key min:double max:double",
        ..ZREMRANGEBYRANK.docs
    },
    ..ZREMRANGEBYRANK
};

pub(super) static ZREMRANGEBYLEX: Command = Command {
    name: "zremrangebylex",
    run: Some(zremrangebylex),
    docs: Docs {
        summary: "Removes the members of a sorted set of equal scores whose names are in a range",
        since: "2.8.9",
        syntax: "key min max",
        ..ZREMRANGEBYRANK.docs
    },
    ..ZREMRANGEBYRANK
};

fn zrem(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let key = request.arg(1);
    let Some(mut set) = ctx.edit::<SortedSet>(key)? else {
        return Ok(Reply::Integer(0));
    };
    let removed = request.iter().skip(2).filter(|name| set.remove(name).is_some()).count();
    let is_emptied = set.view().is_empty();
    drop(set);
    if removed > 0 {
        ctx.notify_taken(Class::SORTED_SET, "zrem", key, is_emptied);
    }
    Ok(removed.into())
}

fn zremrangebyrank(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (start, stop) = (integer(request.arg(2))?, integer(request.arg(3))?);
    remove(ctx, request, "zremrangebyrank", |set| positions(start, stop, set.len()))
}

fn zremrangebyscore(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let range = score_range(request.arg(2), request.arg(3))?;
    remove(ctx, request, "zremrangebyscore", |set| set.ranks_by_score(&range))
}

fn zremrangebylex(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let range = lex_range(request.arg(2), request.arg(3))?;
    remove(ctx, request, "zremrangebylex", |set| set.ranks_by_name(&range))
}

fn remove(
    ctx: &mut Context<'_>,
    request: &Request,
    event: &'static str,
    ranks: impl FnOnce(SortedSetRef<'_>) -> Range<usize>,
) -> Result<Reply, CommandError> {
    let key = request.arg(1);
    let Some(mut set) = ctx.edit::<SortedSet>(key)? else {
        return Ok(Reply::Integer(0));
    };
    let ranks = ranks(set.view());
    set.remove_ranks(ranks.clone());
    let is_emptied = set.view().is_empty();
    drop(set);
    if !ranks.is_empty() {
        ctx.notify_taken(Class::SORTED_SET, event, key, is_emptied);
    }
    Ok(ranks.len().into())
}
