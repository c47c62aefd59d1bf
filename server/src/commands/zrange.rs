//! `ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`, its older
//! forms `ZREVRANGE`, `ZRANGEBYSCORE`, `ZREVRANGEBYSCORE`, `ZRANGEBYLEX` and `ZREVRANGEBYLEX`, and
//! `ZRANGESTORE destination source min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]`

use std::ops::Range;

use keyspace::{LexRange, ScoreRange, ScoredRef, SortedSet, SortedSetRef};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{integer, positions};
use super::reply::Elements;
use super::score::{lex_range, score_range};
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static ZRANGE: Command = Command {
    name: "zrange",
    arity: -4,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["sortedset"],
    tips: &[],
    run: Some(|ctx, request| range(ctx, request, None, None)),
    docs: Docs {
        summary: "Returns the members of a sorted set in a range of ranks, scores or names",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N) + M) for M members of a sorted set of N",
        syntax: "key start stop sortby=[BYSCORE@6.2.0 | BYLEX@6.2.0] [REV@6.2.0] \
                 [LIMIT@6.2.0 <offset:integer count:integer>] [WITHSCORES]",
    },
    subcommands: &[],
};

pub(super) static ZREVRANGE: Command = Command {
    name: "zrevrange",
    run: Some(|ctx, request| range(ctx, request, Some(By::Rank), Some(true))),
    docs: Docs {
        summary: "The old form of ZRANGE with REV",
        syntax: "key start:integer stop:integer [WITHSCORES]",
        ..ZRANGE.docs
    },
    ..ZRANGE
};

pub(super) static ZRANGEBYSCORE: Command = Command {
    name: "zrangebyscore",
    run: Some(|ctx, request| range(ctx, request, Some(By::Score), Some(false))),
    docs: Docs {
        summary: "The old form of ZRANGE with BYSCORE",
        since: "1.0.5",
        syntax: "key min:double max:double [WITHSCORES@2.0.0] \
                 [LIMIT <offset:integer count:integer>]",
        ..ZRANGE.docs
    },
    ..ZRANGE
};

pub(super) static ZREVRANGEBYSCORE: Command = Command {
    name: "zrevrangebyscore",
    run: Some(|ctx, request| range(ctx, request, Some(By::Score), Some(true))),
    docs: Docs {
        summary: "The old form of ZRANGE with REV and BYSCORE",
        since: "2.2.0",
        syntax: "key max:double min:double [WITHSCORES] [LIMIT <offset:integer count:integer>]",
        ..ZRANGE.docs
    },
    ..ZRANGE
};

pub(super) static ZRANGEBYLEX: Command = Command {
    name: "zrangebylex",
    run: Some(|ctx, request| range(ctx, request, Some(By::Name), Some(false))),
    docs: Docs {
        summary: "The old form of ZRANGE with BYLEX",
        since: "2.8.9",
        syntax: "key min max [LIMIT <offset:integer count:integer>]",
        ..ZRANGE.docs
    },
    ..ZRANGE
};

pub(super) static ZREVRANGEBYLEX: Command = Command {
    name: "zrevrangebylex",
    run: Some(|ctx, request| range(ctx, request, Some(By::Name), Some(true))),
    docs: Docs {
        summary: "The old form of ZRANGE with REV and BYLEX",
        since: "2.8.9",
        syntax: "key max min [LIMIT <offset:integer count:integer>]",
        ..ZRANGE.docs
    },
    ..ZRANGE
};

pub(super) static ZRANGESTORE: Command = Command {
    name: "zrangestore",
    arity: -5,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::OW | usage::UPDATE),
        KeySpec::at(2).used(usage::RO | usage::ACCESS),
    ]),
    run: Some(store),
    docs: Docs {
        summary: "Stores the members of a sorted set in a range of ranks, scores or names",
        since: "6.2.0",
        syntax: "dst:key src:key min max sortby=[BYSCORE | BYLEX] [REV] \
                 [LIMIT <offset:integer count:integer>]",
        ..ZRANGE.docs
    },
    ..ZRANGE
};

fn range(
    ctx: &mut Context<'_>,
    request: &Request,
    by: Option<By>,
    reverse: Option<bool>,
) -> Result<Reply, CommandError> {
    let query = Query::parse(request, 1, by, reverse)?;
    let mut members = Elements::new(ctx.protocol());
    if let Some(set) = ctx.read::<SortedSet>(request.arg(1))? {
        query.visit(set, |member| match query.with_scores {
            true => members.scored(member),
            false => members.bulk(&member.name.as_text()),
        });
    }
    Ok(members.into())
}

fn store(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let query = Query::parse(request, 2, None, None)?;
    let thresholds = ctx.thresholds();
    let mut members = Vec::new();
    if let Some(set) = ctx.read::<SortedSet>(request.arg(2))? {
        query.visit(set, |member| members.push(member));
    }
    let stored = SortedSet::of(members, &thresholds);
    Ok(replace(ctx, request.arg(1), stored, "zrangestore"))
}

/// Puts a sorted set in the place of what a key holds, or removes the key if the set has no members,
/// of which the reply tells the number.
pub(super) fn replace(
    ctx: &mut Context<'_>,
    key: &[u8],
    set: SortedSet,
    event: &'static str,
) -> Reply {
    let len = set.view().len();
    if len > 0 {
        ctx.insert(key, set.into(), None);
        ctx.notify(Class::SORTED_SET, event, key);
    } else {
        ctx.remove(key);
    }
    len.into()
}

/// What the ends of a range are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum By {
    Rank,
    Score,
    Name,
}

struct Query<'a> {
    ends: Ends<'a>,
    reverse: bool,
    /// Members that are passed over; negative: all.
    offset: i64,
    /// Negative: all of them.
    count: i64,
    with_scores: bool,
}

enum Ends<'a> {
    Rank(i64, i64),
    Score(ScoreRange),
    Name(LexRange<'a>),
}

impl<'a> Query<'a> {
    /// Reads what follows the key, the `key`th argument. What the command has settled is no option
    /// of it; if it stores the members it has no use for their scores.
    fn parse(
        request: &'a Request,
        key: usize,
        mut by: Option<By>,
        mut reverse: Option<bool>,
    ) -> Result<Self, CommandError> {
        let (by_is_open, reverse_is_open) = (by.is_none(), reverse.is_none());
        let (mut offset, mut count, mut with_scores) = (0, ALL, false);
        let mut index = key + 3;
        while let Some(word) = request.get(index) {
            if key == 1 && is_name("WITHSCORES", word) {
                with_scores = true;
            } else if is_name("LIMIT", word) && request.len() > index + 2 {
                offset = integer(request.arg(index + 1))?;
                count = integer(request.arg(index + 2))?;
                index += 2;
            } else if reverse_is_open && is_name("REV", word) {
                reverse = Some(true);
            } else if by_is_open && by.is_none() && is_name("BYLEX", word) {
                by = Some(By::Name);
            } else if by_is_open && by.is_none() && is_name("BYSCORE", word) {
                by = Some(By::Score);
            } else {
                return Err(CommandError::Syntax);
            }
            index += 1;
        }
        let (by, reverse) = (by.unwrap_or(By::Rank), reverse.unwrap_or(false));
        if count != ALL && by == By::Rank {
            return Err(CommandError::err(
                "syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if with_scores && by == By::Name {
            return Err(CommandError::err(
                "syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let (first, second) = (request.arg(key + 1), request.arg(key + 2));
        let (min, max) = if reverse { (second, first) } else { (first, second) };
        let ends = match by {
            By::Rank => Ends::Rank(integer(first)?, integer(second)?),
            By::Score => Ends::Score(score_range(min, max)?),
            By::Name => Ends::Name(lex_range(min, max)?),
        };
        Ok(Self { ends, reverse, offset, count, with_scores })
    }

    fn visit<'s>(&self, set: SortedSetRef<'s>, visit: impl FnMut(ScoredRef<'s>)) {
        let len = set.len();
        let ranks = match &self.ends {
            Ends::Rank(start, stop) if self.reverse => {
                let ranks = positions(*start, *stop, len);
                len - ranks.end..len - ranks.start
            }
            Ends::Rank(start, stop) => positions(*start, *stop, len),
            Ends::Score(range) => self.limited(set.ranks_by_score(range)),
            Ends::Name(range) => self.limited(set.ranks_by_name(range)),
        };
        if self.reverse {
            set.iter_back_from(ranks.end).take(ranks.len()).for_each(visit);
        } else {
            set.iter_from(ranks.start).take(ranks.len()).for_each(visit);
        }
    }

    fn limited(&self, ranks: Range<usize>) -> Range<usize> {
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX).min(ranks.len());
        let count = usize::try_from(self.count).unwrap_or(usize::MAX).min(ranks.len() - offset);
        if self.reverse {
            let end = ranks.end - offset;
            end - count..end
        } else {
            let start = ranks.start + offset;
            start..start + count
        }
    }
}

/// A count that is no limit.
const ALL: i64 = -1;
