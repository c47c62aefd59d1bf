//! `ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
//! [WITHSCORES]`, `ZINTER` likewise, `ZDIFF numkeys key [key ...] [WITHSCORES]`, their forms that
//! store (`ZUNIONSTORE destination numkeys ...`), and
//! `ZINTERCARD numkeys key [key ...] [LIMIT limit]`

use std::cmp::Ordering;
use std::ops::Range;

use foldhash::HashMap;
use keyspace::{ScoredRef, SetRef, SortedSet, SortedSetRef, ValueRef};
use rdb_format::packed::Entry;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{count_from, integer};
use super::reply::Elements;
use super::score::parse_float;
use super::zrange::replace;
use super::{CommandError, Context, Reply, is_name};

pub(super) static ZUNION: Command = Command {
    name: "zunion",
    arity: -3,
    flags: flags::READONLY | flags::MOVABLEKEYS,
    keys: Keys::Specs(&[KeySpec::counted_at(1)]),
    categories: &["sortedset"],
    tips: &[],
    run: Some(|ctx, request| show(ctx, request, Operation::Union, ZUNION.name)),
    docs: Docs {
        summary: "Returns the members that any of some sorted sets has, with their scores combined",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(N + M*log(M)) for N members of all sets, M of them different",
        syntax: "numkeys:integer key ... [WEIGHTS weight:integer ...] \
                 [AGGREGATE aggregate=<SUM | MIN | MAX>] [WITHSCORES]",
    },
    subcommands: &[],
};

pub(super) static ZINTER: Command = Command {
    name: "zinter",
    run: Some(|ctx, request| show(ctx, request, Operation::Intersection, ZINTER.name)),
    docs: Docs {
        summary: "Returns the members that all of some sorted sets have, with their scores combined",
        complexity: "O(N*K + M*log(M)) for N members of the smallest of K sets, M of them in all",
        ..ZUNION.docs
    },
    ..ZUNION
};

pub(super) static ZDIFF: Command = Command {
    name: "zdiff",
    run: Some(|ctx, request| show(ctx, request, Operation::Difference, ZDIFF.name)),
    docs: Docs {
        summary: "Returns the members of a sorted set that none of some others has",
        complexity: "O(N*K) for N members of the first of K sets",
        syntax: "numkeys:integer key ... [WITHSCORES]",
        ..ZUNION.docs
    },
    ..ZUNION
};

pub(super) static ZUNIONSTORE: Command = Command {
    name: "zunionstore",
    arity: -4,
    flags: flags::WRITE | flags::DENYOOM | flags::MOVABLEKEYS,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::OW | usage::UPDATE),
        KeySpec::counted_at(2).used(usage::RO | usage::ACCESS),
    ]),
    run: Some(|ctx, request| store(ctx, request, Operation::Union, ZUNIONSTORE.name)),
    docs: Docs {
        summary: "Stores the members that any of some sorted sets has, with their scores combined",
        since: "2.0.0",
        syntax: "destination:key numkeys:integer key ... [WEIGHTS weight:integer ...] \
                 [AGGREGATE aggregate=<SUM | MIN | MAX>]",
        ..ZUNION.docs
    },
    ..ZUNION
};

pub(super) static ZINTERSTORE: Command = Command {
    name: "zinterstore",
    run: Some(|ctx, request| store(ctx, request, Operation::Intersection, ZINTERSTORE.name)),
    docs: Docs {
        summary: "Stores the members that all of some sorted sets have, with their scores combined",
        complexity: ZINTER.docs.complexity,
        ..ZUNIONSTORE.docs
    },
    ..ZUNIONSTORE
};

pub(super) static ZDIFFSTORE: Command = Command {
    name: "zdiffstore",
    run: Some(|ctx, request| store(ctx, request, Operation::Difference, ZDIFFSTORE.name)),
    docs: Docs {
        summary: "Stores the members of a sorted set that none of some others has",
        since: "6.2.0",
        complexity: ZDIFF.docs.complexity,
        syntax: "destination:key numkeys:integer key ...",
        ..ZUNIONSTORE.docs
    },
    ..ZUNIONSTORE
};

pub(super) static ZINTERCARD: Command = Command {
    name: "zintercard",
    run: Some(zintercard),
    docs: Docs {
        summary: "Returns how many members all of some sorted sets have, counting up to a limit",
        since: "7.0.0",
        complexity: "O(N*K) for N members of the smallest of K sets",
        syntax: "numkeys:integer key ... [LIMIT limit:integer]",
        ..ZUNION.docs
    },
    ..ZUNION
};

fn show(
    ctx: &mut Context<'_>,
    request: &Request,
    operation: Operation,
    name: &str,
) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let keys = keys(request, 1, name)?;
    let sources = sources(ctx, request, keys.clone())?;
    let options = Options::parse(request, &keys, Form::Shown(operation))?;
    let mut shown = Elements::new(protocol);
    for member in combine(sources, operation, &options) {
        match options.with_scores {
            true => shown.scored(member),
            false => shown.bulk(&member.name.as_text()),
        }
    }
    Ok(shown.into())
}

fn store(
    ctx: &mut Context<'_>,
    request: &Request,
    operation: Operation,
    name: &'static str,
) -> Result<Reply, CommandError> {
    let thresholds = ctx.thresholds();
    let keys = keys(request, 2, name)?;
    let sources = sources(ctx, request, keys.clone())?;
    let options = Options::parse(request, &keys, Form::Stored(operation))?;
    let set = SortedSet::of(combine(sources, operation, &options), &thresholds);
    Ok(replace(ctx, request.arg(1), set, name))
}

fn zintercard(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let keys = keys(request, 1, ZINTERCARD.name)?;
    let sources = sources(ctx, request, keys.clone())?;
    let options = Options::parse(request, &keys, Form::Counted)?;
    let mut found = 0_usize;
    intersect(sources, &options, |_| {
        found += 1;
        found < options.limit
    });
    Ok(found.into())
}

/// The arguments that are keys, of which argument `index` tells the number.
fn keys(request: &Request, index: usize, name: &str) -> Result<Range<usize>, CommandError> {
    let count = integer(request.arg(index))?;
    if count < 1 {
        return Err(CommandError::err(format!(
            "at least 1 input key is needed for '{name}' command"
        )));
    }
    match usize::try_from(count) {
        Ok(count) if count < request.len() - index => Ok(index + 1..index + 1 + count),
        _ => Err(CommandError::Syntax),
    }
}

/// What members are taken from.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// No key.
    None,
    /// A set, whose members have the score 1.
    Set(SetRef<'a>),
    SortedSet(SortedSetRef<'a>),
}

impl<'a> Source<'a> {
    fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::Set(set) => set.len(),
            Self::SortedSet(set) => set.len(),
        }
    }

    fn score(self, name: &Entry<'_>) -> Option<f64> {
        match self {
            Self::None => None,
            Self::Set(set) => set.contains_entry(*name).then_some(1.0),
            Self::SortedSet(set) => set.score(&name.as_text()),
        }
    }

    /// Visits members until `visit` returns false.
    fn visit(self, mut visit: impl FnMut(ScoredRef<'a>) -> bool) {
        match self {
            Self::None => {}
            Self::Set(set) => {
                set.iter().all(|name| visit(ScoredRef { name, score: 1.0 }));
            }
            Self::SortedSet(set) => {
                set.iter().all(visit);
            }
        }
    }
}

/// What the keys hold.
///
/// # Errors
/// A key holds neither a set nor a sorted set.
fn sources<'a>(
    ctx: &'a mut Context<'_>,
    request: &Request,
    keys: Range<usize>,
) -> Result<Vec<Source<'a>>, CommandError> {
    let (index, now_ms) = (ctx.client().db, ctx.now_ms());
    for key in keys.clone() {
        match ctx.db().read(request.arg(key), now_ms).map(|entry| entry.value()) {
            None | Some(ValueRef::Set(_) | ValueRef::SortedSet(_)) => {}
            Some(_) => return Err(CommandError::WrongType),
        }
    }
    let database = ctx.keyspace.database(index);
    let source = |key| match database.peek(request.arg(key), now_ms).map(|entry| entry.value()) {
        None => Ok(Source::None),
        Some(ValueRef::Set(set)) => Ok(Source::Set(set)),
        Some(ValueRef::SortedSet(set)) => Ok(Source::SortedSet(set)),
        Some(_) => Err(CommandError::WrongType),
    };
    keys.map(source).collect()
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// What becomes of the members.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Shown(Operation),
    Stored(Operation),
    Counted,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn combine(self, score: f64, other: f64) -> f64 {
        match self {
            // Infinities of both signs are 0.
            Self::Sum => or_zero(score + other),
            Self::Min if other < score => other,
            Self::Max if other > score => other,
            Self::Min | Self::Max => score,
        }
    }
}

struct Options {
    /// One for each key.
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    limit: usize,
}

impl Options {
    fn parse(request: &Request, keys: &Range<usize>, form: Form) -> Result<Self, CommandError> {
        let mut options = Self {
            weights: vec![1.0; keys.len()],
            aggregate: Aggregate::Sum,
            with_scores: false,
            limit: usize::MAX,
        };
        let has_weights = !matches!(
            form,
            Form::Counted
                | Form::Shown(Operation::Difference)
                | Form::Stored(Operation::Difference)
        );
        let mut index = keys.end;
        while let Some(word) = request.get(index) {
            index += 1;
            let left = request.len() - index;
            if has_weights && left >= keys.len() && is_name("WEIGHTS", word) {
                for weight in &mut options.weights {
                    *weight = parse_float(request.arg(index))
                        .ok_or_else(|| CommandError::err("weight value is not a float"))?;
                    index += 1;
                }
            } else if has_weights && left >= 1 && is_name("AGGREGATE", word) {
                options.aggregate = match request.arg(index) {
                    word if is_name("SUM", word) => Aggregate::Sum,
                    word if is_name("MIN", word) => Aggregate::Min,
                    word if is_name("MAX", word) => Aggregate::Max,
                    _ => return Err(CommandError::Syntax),
                };
                index += 1;
            } else if matches!(form, Form::Shown(_)) && is_name("WITHSCORES", word) {
                options.with_scores = true;
            } else if form == Form::Counted && left >= 1 && is_name("LIMIT", word) {
                let limit = count_from(0, request.arg(index), "LIMIT can't be negative")?;
                options.limit = if limit == 0 { usize::MAX } else { limit };
                index += 1;
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }
}

/// The members that an operation leaves, by rank.
fn combine<'a>(
    sources: Vec<Source<'a>>,
    operation: Operation,
    options: &Options,
) -> Vec<ScoredRef<'a>> {
    let mut members = match operation {
        Operation::Union => unite(sources, options),
        Operation::Intersection => {
            let mut members = Vec::new();
            intersect(sources, options, |member| {
                members.push(member);
                true
            });
            members
        }
        Operation::Difference => subtract(&sources),
    };
    members.sort_unstable_by(|a, b| {
        let by_score = a.score.partial_cmp(&b.score).unwrap_or(Ordering::Equal);
        by_score.then_with(|| a.name.cmp(&b.name))
    });
    members
}

/// From the smallest set on, which is also the order in which scores are added.
fn by_size<'a>(sources: Vec<Source<'a>>, options: &Options) -> Vec<(Source<'a>, f64)> {
    let mut weighted: Vec<_> = sources.into_iter().zip(options.weights.iter().copied()).collect();
    weighted.sort_by_key(|(source, _)| source.len());
    weighted
}

fn unite<'a>(sources: Vec<Source<'a>>, options: &Options) -> Vec<ScoredRef<'a>> {
    let mut scores: HashMap<Entry<'a>, f64> = HashMap::default();
    for (source, weight) in by_size(sources, options) {
        source.visit(|member| {
            let score = or_zero(weight * member.score);
            scores
                .entry(member.name)
                .and_modify(|sum| *sum = options.aggregate.combine(*sum, score))
                .or_insert(score);
            true
        });
    }
    scores.into_iter().map(|(name, score)| ScoredRef { name, score }).collect()
}

/// Visits members that all sources have until `visit` returns false.
fn intersect<'a>(
    sources: Vec<Source<'a>>,
    options: &Options,
    mut visit: impl FnMut(ScoredRef<'a>) -> bool,
) {
    let weighted = by_size(sources, options);
    let Some(((smallest, weight), others)) = weighted.split_first() else { return };
    smallest.visit(|member| {
        let first = or_zero(weight * member.score);
        let score = others.iter().try_fold(first, |sum, (other, weight)| {
            Some(options.aggregate.combine(sum, weight * other.score(&member.name)?))
        });
        score.is_none_or(|score| visit(ScoredRef { score, ..member }))
    });
}

/// The members of the first source that none of the others has.
fn subtract<'a>(sources: &[Source<'a>]) -> Vec<ScoredRef<'a>> {
    let mut left = Vec::new();
    if let Some((first, others)) = sources.split_first() {
        first.visit(|member| {
            if others.iter().all(|other| other.score(&member.name).is_none()) {
                left.push(member);
            }
            true
        });
    }
    left
}

/// Zero times an infinity is 0 here.
fn or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}
