//! `ZSCORE key member`, `ZMSCORE key member [member ...]`, `ZCARD key`, `ZCOUNT key min max` and
//! `ZLEXCOUNT key min max`

use keyspace::{SortedSet, SortedSetRef};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::reply::Elements;
use super::score::{lex_range, score_range};
use super::{CommandError, Context, Reply};

pub(super) static ZSCORE: Command = Command {
    name: "zscore",
    arity: 3,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::FIRST,
    categories: &["sortedset"],
    tips: &[],
    run: Some(zscore),
    docs: Docs {
        summary: "Returns the score of a member of a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(1)",
        syntax: "key member",
    },
    subcommands: &[],
};

pub(super) static ZMSCORE: Command = Command {
    name: "zmscore",
    arity: -3,
    run: Some(zmscore),
    docs: Docs {
        summary: "Returns the scores of some members of a sorted set",
        since: "6.2.0",
        complexity: "O(N) for N members",
        syntax: "key member ...",
        ..ZSCORE.docs
    },
    ..ZSCORE
};

pub(super) static ZCARD: Command = Command {
    name: "zcard",
    arity: 2,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RO)]),
    run: Some(zcard),
    docs: Docs {
        summary: "Returns the number of members of a sorted set",
        syntax: "key",
        ..ZSCORE.docs
    },
    ..ZSCORE
};

pub(super) static ZCOUNT: Command = Command {
    name: "zcount",
    arity: 4,
    run: Some(zcount),
    docs: Docs {
        summary: "Returns how many members of a sorted set have scores in a range",
        since: "2.0.0",
        complexity: "O(log(N)) for a sorted set of N members",
        syntax: "key min:double max:double",
        ..ZSCORE.docs
    },
    ..ZSCORE
};

pub(super) static ZLEXCOUNT: Command = Command {
    name: "zlexcount",
    run: Some(zlexcount),
    docs: Docs {
        summary: "Returns how many members of a sorted set of equal scores have names in a range",
        since: "2.8.9",
        syntax: "key min max",
        ..ZCOUNT.docs
    },
    ..ZCOUNT
};

fn zscore(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let set = ctx.read::<SortedSet>(request.arg(1))?;
    let score = set.and_then(|set| set.score(request.arg(2)));
    Ok(score.map_or(Reply::Nil, Reply::Double))
}

fn zmscore(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let set = ctx.read::<SortedSet>(request.arg(1))?;
    let mut scores = Elements::new(protocol);
    for name in request.iter().skip(2) {
        match set.and_then(|set| set.score(name)) {
            Some(score) => scores.double(score),
            None => scores.nil(),
        }
    }
    Ok(scores.into())
}

fn zcard(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.read::<SortedSet>(request.arg(1))?.map_or(0, SortedSetRef::len).into())
}

fn zcount(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let range = score_range(request.arg(2), request.arg(3))?;
    let set = ctx.read::<SortedSet>(request.arg(1))?;
    Ok(set.map_or(0, |set| set.ranks_by_score(&range).len()).into())
}

fn zlexcount(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let range = lex_range(request.arg(2), request.arg(3))?;
    let set = ctx.read::<SortedSet>(request.arg(1))?;
    Ok(set.map_or(0, |set| set.ranks_by_name(&range).len()).into())
}
