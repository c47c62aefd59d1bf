//! `ZPOPMIN key [count]`, `ZPOPMAX key [count]` and
//! `ZMPOP numkeys key [key ...] MIN | MAX [COUNT count]`

use std::ops::Range;

use keyspace::{ScoredRef, SortedSet};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::lpop::count_option;
use super::number::{count, count_from};
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static ZPOPMIN: Command = Command {
    name: "zpopmin",
    arity: -2,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    categories: &["sortedset"],
    tips: &[],
    run: Some(|ctx, request| pop(ctx, request, End::Min)),
    docs: Docs {
        summary: "Removes the members of the lowest scores from a sorted set and returns them",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(M*log(N)) for M members and a sorted set of N",
        syntax: "key [count:integer]",
    },
    subcommands: &[],
};

pub(super) static ZPOPMAX: Command = Command {
    name: "zpopmax",
    run: Some(|ctx, request| pop(ctx, request, End::Max)),
    docs: Docs {
        summary: "Removes the members of the highest scores from a sorted set and returns them",
        ..ZPOPMIN.docs
    },
    ..ZPOPMIN
};

pub(super) static ZMPOP: Command = Command {
    name: "zmpop",
    arity: -4,
    flags: flags::WRITE | flags::MOVABLEKEYS,
    keys: Keys::Specs(&[KeySpec::counted_at(1).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    run: Some(zmpop),
    docs: Docs {
        summary: "Removes members from the first of some sorted sets that exists and returns them",
        since: "7.0.0",
        complexity: "O(K + M*log(N)) for K keys, M members and a sorted set of N",
        syntax: "numkeys:integer key ... where=<MIN | MAX> [COUNT count:integer]",
        ..ZPOPMIN.docs
    },
    ..ZPOPMIN
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    Min,
    Max,
}

impl End {
    /// The event of members that were removed from this end.
    pub(super) fn event(self) -> &'static str {
        match self {
            Self::Min => "zpopmin",
            Self::Max => "zpopmax",
        }
    }
}

fn pop(ctx: &mut Context<'_>, request: &Request, end: End) -> Result<Reply, CommandError> {
    if request.len() > 3 {
        return Err(CommandError::Syntax);
    }
    let wanted = match request.get(2) {
        Some(argument) => count(argument)?,
        None => 1,
    };
    let mut taken = Elements::new(ctx.protocol());
    let key = request.arg(1);
    let Some(mut set) = ctx.edit::<SortedSet>(key)?.filter(|_| wanted > 0) else {
        return Ok(taken.into());
    };
    // Without a count the one member and its score are the whole reply.
    take(&mut set, end, wanted, |member| match request.len() {
        2 => {
            taken.bulk(&member.name.as_text());
            taken.double(member.score);
        }
        _ => taken.scored(member),
    });
    let is_emptied = set.view().is_empty();
    drop(set);
    ctx.notify_taken(Class::SORTED_SET, end.event(), key, is_emptied);
    Ok(taken.into())
}

fn zmpop(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(MultiPop::parse(request, 1)?.run(ctx, request)?.unwrap_or(Reply::NilArray))
}

/// What ZMPOP and BZMPOP do.
pub(super) struct MultiPop {
    /// The arguments that name keys.
    pub(super) keys: Range<usize>,
    end: End,
    count: usize,
}

impl MultiPop {
    /// Reads `numkeys`, which is this argument, and what follows.
    pub(super) fn parse(request: &Request, numkeys: usize) -> Result<Self, CommandError> {
        let keys = count_from(1, request.arg(numkeys), "numkeys should be greater than 0")?;
        let place = keys.saturating_add(numkeys + 1);
        let end = match request.get(place) {
            Some(word) if is_name("MIN", word) => End::Min,
            Some(word) if is_name("MAX", word) => End::Max,
            _ => return Err(CommandError::Syntax),
        };
        let count = count_option(request, place + 1)?.unwrap_or(1);
        Ok(Self { keys: numkeys + 1..place, end, count })
    }

    /// Removes members from the first key that has some.
    pub(super) fn run(
        &self,
        ctx: &mut Context<'_>,
        request: &Request,
    ) -> Result<Option<Reply>, CommandError> {
        for key in self.keys.clone().map(|index| request.arg(index)) {
            if !ctx.looks_at(key) {
                continue;
            }
            let Some(mut set) = ctx.edit::<SortedSet>(key)? else { continue };
            let mut taken = Vec::new();
            take(&mut set, self.end, self.count, |member| {
                let name = Reply::copied(member.name.as_text());
                taken.push(Reply::Array(vec![name, Reply::Double(member.score)]));
            });
            let is_emptied = set.view().is_empty();
            drop(set);
            ctx.notify_taken(Class::SORTED_SET, self.end.event(), key, is_emptied);
            return Ok(Some(Reply::Array(vec![Reply::copied(key), Reply::Array(taken)])));
        }
        Ok(None)
    }
}

/// Removes up to `count` members from an end, the outermost first.
pub(super) fn take(set: &mut SortedSet, end: End, count: usize, visit: impl FnMut(ScoredRef<'_>)) {
    let len = set.view().len();
    let count = count.min(len);
    let ranks = match end {
        End::Min => {
            set.view().iter().take(count).for_each(visit);
            0..count
        }
        End::Max => {
            set.view().iter_back_from(len).take(count).for_each(visit);
            len - count..len
        }
    };
    set.remove_ranks(ranks);
}
