//! `SINTER key [key ...]`, `SUNION` and `SDIFF` likewise, `SINTERSTORE destination key [key ...]`,
//! `SUNIONSTORE` and `SDIFFSTORE` likewise, and `SINTERCARD numkeys key [key ...] [LIMIT limit]`

use std::ops::Range;

use keyspace::{Set, SetRef, Thresholds, ValueType, set};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{count, integer};
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static SINTER: Command = Command {
    name: "sinter",
    arity: -2,
    flags: flags::READONLY,
    keys: Keys::ALL,
    categories: &["set"],
    tips: &["nondeterministic_output_order"],
    run: Some(sinter),
    docs: Docs {
        summary: "Returns the members that all of some sets have",
        since: "1.0.0",
        group: "set",
        complexity: "O(N*M) for N members of the smallest of M sets",
        syntax: "key ...",
    },
    subcommands: &[],
};

pub(super) static SUNION: Command = Command {
    name: "sunion",
    run: Some(sunion),
    docs: Docs {
        summary: "Returns the members that any of some sets has",
        complexity: "O(N) for N members of all sets",
        ..SINTER.docs
    },
    ..SINTER
};

pub(super) static SDIFF: Command = Command {
    name: "sdiff",
    run: Some(sdiff),
    docs: Docs {
        summary: "Returns the members of a set that none of some others has",
        ..SUNION.docs
    },
    ..SINTER
};

pub(super) static SINTERCARD: Command = Command {
    name: "sintercard",
    arity: -3,
    flags: flags::READONLY | flags::MOVABLEKEYS,
    keys: Keys::Specs(&[KeySpec::counted_at(1)]),
    tips: &[],
    run: Some(sintercard),
    docs: Docs {
        summary: "Returns how many members all of some sets have, counting up to a limit",
        since: "7.0.0",
        syntax: "numkeys:integer key ... [LIMIT limit:integer]",
        ..SINTER.docs
    },
    ..SINTER
};

pub(super) static SINTERSTORE: Command = Command {
    name: "sinterstore",
    arity: -3,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::OW | usage::UPDATE),
        KeySpec::at(2).to(-1).used(usage::RO | usage::ACCESS),
    ]),
    tips: &[],
    run: Some(sinterstore),
    docs: Docs {
        summary: "Stores the members that all of some sets have",
        syntax: "destination:key key ...",
        ..SINTER.docs
    },
    ..SINTER
};

pub(super) static SUNIONSTORE: Command = Command {
    name: "sunionstore",
    run: Some(sunionstore),
    docs: Docs {
        summary: "Stores the members that any of some sets has",
        complexity: SUNION.docs.complexity,
        ..SINTERSTORE.docs
    },
    ..SINTERSTORE
};

pub(super) static SDIFFSTORE: Command = Command {
    name: "sdiffstore",
    run: Some(sdiffstore),
    docs: Docs {
        summary: "Stores the members of a set that none of some others has",
        ..SUNIONSTORE.docs
    },
    ..SINTERSTORE
};

fn sinter(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let mut members = Elements::set(ctx.protocol());
    if let Some(mut sets) = all(sets(ctx, request, 1..request.len())?) {
        set::intersection(&mut sets, |member| {
            members.bulk(&member.as_text());
            true
        });
    }
    Ok(members.into())
}

fn sunion(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let mut members = Elements::set(ctx.protocol());
    let sets: Vec<_> = sets(ctx, request, 1..request.len())?.into_iter().flatten().collect();
    set::union(&sets, |member| members.bulk(&member.as_text()));
    Ok(members.into())
}

fn sdiff(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let mut members = Elements::set(ctx.protocol());
    if let Some((first, mut others)) = minuend(sets(ctx, request, 1..request.len())?) {
        set::difference(first, &mut others, |member| members.bulk(&member.as_text()));
    }
    Ok(members.into())
}

fn sintercard(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let key_count = integer(request.arg(1)).ok().and_then(|count| usize::try_from(count).ok());
    let Some(key_count @ 1..) = key_count else {
        return Err(CommandError::err("numkeys should be greater than 0"));
    };
    if key_count > request.len() - 2 {
        return Err(CommandError::err("Number of keys can't be greater than number of args"));
    }
    let mut limit = 0;
    let mut options = request.iter().skip(2 + key_count);
    while let Some(word) = options.next() {
        let argument = options.next().filter(|_| is_name("LIMIT", word));
        limit = count(argument.ok_or(CommandError::Syntax)?)
            .map_err(|_| CommandError::err("LIMIT can't be negative"))?;
    }
    let mut found = 0_usize;
    if let Some(mut sets) = all(sets(ctx, request, 2..2 + key_count)?) {
        set::intersection(&mut sets, |_| {
            found += 1;
            found != limit
        });
    }
    Ok(found.into())
}

fn sinterstore(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    store(ctx, request, "sinterstore", |sets, thresholds| {
        let Some(mut sets) = all(sets) else { return Set::new() };
        sets.sort_by_key(|set| set.len());
        let mut result = Set::for_intersection(sets[0]);
        set::intersection(&mut sets, |member| {
            result.add(&member.as_text(), thresholds);
            true
        });
        result.pack_integers(thresholds);
        result
    })
}

fn sunionstore(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    store(ctx, request, "sunionstore", |sets, thresholds| {
        let mut result = Set::new();
        for member in sets.iter().flatten().flat_map(|set| set.iter()) {
            result.add(&member.as_text(), thresholds);
        }
        result
    })
}

fn sdiffstore(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    store(ctx, request, "sdiffstore", |sets, thresholds| match minuend(sets) {
        Some((first, mut others)) => set::difference_set(first, &mut others, thresholds),
        None => Set::new(),
    })
}

/// Replaces the destination by what `build` makes of the other keys' sets, and returns how many
/// members that has.
fn store(
    ctx: &mut Context<'_>,
    request: &Request,
    event: &'static str,
    build: impl FnOnce(Vec<Option<SetRef<'_>>>, &Thresholds) -> Set,
) -> Result<Reply, CommandError> {
    let destination = request.arg(1);
    let thresholds = ctx.thresholds();
    let result = build(sets(ctx, request, 2..request.len())?, &thresholds);
    let len = result.view().len();
    if len > 0 {
        ctx.insert(destination, result.into(), None);
        ctx.notify(Class::SET, event, destination);
    } else {
        ctx.remove(destination);
    }
    Ok(len.into())
}

/// The sets of the keys that these arguments are, `None` where there is no key.
///
/// # Errors
/// A key holds something else.
fn sets<'a>(
    ctx: &'a mut Context<'_>,
    request: &Request,
    keys: Range<usize>,
) -> Result<Vec<Option<SetRef<'a>>>, CommandError> {
    for key in keys.clone() {
        ctx.read::<Set>(request.arg(key))?;
    }
    let (index, now_ms) = (ctx.client().db, ctx.now_ms());
    let database = ctx.keyspace.database(index);
    let set = |key| {
        let entry = database.peek(request.arg(key), now_ms)?;
        <Set as ValueType>::view(entry.value())
    };
    Ok(keys.map(set).collect())
}

/// All of the sets, if there are no keys without one.
fn all(sets: Vec<Option<SetRef<'_>>>) -> Option<Vec<SetRef<'_>>> {
    sets.into_iter().collect()
}

/// The first set, from which members are taken, and the others, if there is a first.
fn minuend(sets: Vec<Option<SetRef<'_>>>) -> Option<(SetRef<'_>, Vec<SetRef<'_>>)> {
    let mut sets = sets.into_iter();
    let first = sets.next()??;
    Some((first, sets.flatten().collect()))
}
