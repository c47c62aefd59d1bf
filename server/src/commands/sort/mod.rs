//! `SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]
//! [STORE destination]`, and `SORT_RO`, which has no STORE

mod elements;
mod options;
mod order;
mod pattern;

use bytes::Bytes;
use keyspace::{AccessKind, List, ListEnd};
use resp::Request;

use super::command::{Command, Docs, KeySpec, KeyUse, Keys, Others, flags, usage};
use super::reply::Elements;
use super::{CommandError, Context, Reply};
use crate::changes::Class;
use options::Options;

pub(super) static SORT: Command = Command {
    name: "sort",
    arity: -2,
    flags: flags::WRITE | flags::DENYOOM | flags::MOVABLEKEYS,
    keys: Keys::Uses {
        find: keys_of_sort,
        others: |request| others(request, true),
        specs: &[
            KeySpec::at(1).used(usage::RO | usage::ACCESS),
            KeySpec::UNKNOWN.used(usage::RO | usage::ACCESS),
            KeySpec::UNKNOWN.used(usage::OW | usage::UPDATE),
        ],
    },
    categories: &["set", "sortedset", "list", "dangerous"],
    tips: &[],
    run: Some(sort),
    docs: Docs {
        summary: "Sorts the elements of a list, a set or a sorted set, and may store the result",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N*log(N)) in the number of elements, O(N) if they are not sorted",
        syntax: "key [BY by-pattern:pattern] [LIMIT <offset:integer count:integer>] \
                 [GET get-pattern:pattern ...] order=[ASC | DESC] [ALPHA] \
                 [STORE destination:key]",
    },
    subcommands: &[],
};

pub(super) static SORT_RO: Command = Command {
    name: "sort_ro",
    flags: flags::READONLY | flags::MOVABLEKEYS,
    keys: Keys::Uses {
        find: keys_of_sort_ro,
        others: |request| others(request, false),
        specs: &[
            KeySpec::at(1).used(usage::RO | usage::ACCESS),
            KeySpec::UNKNOWN.used(usage::RO | usage::ACCESS),
        ],
    },
    run: Some(sort_ro),
    docs: Docs {
        summary: "Returns the elements of a list, a set or a sorted set in order",
        since: "7.0.0",
        syntax: "key [BY by-pattern:pattern] [LIMIT <offset:integer count:integer>] \
                 [GET get-pattern:pattern ...] order=[ASC | DESC] [ALPHA]",
        ..SORT.docs
    },
    ..SORT
};

fn sort(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(request, true)?;
    let sorted = sorted(ctx, request, &options)?;
    let Some(target) = options.store else { return Ok(reply(ctx, &sorted, &options)) };
    let thresholds = ctx.thresholds();
    let mut list = List::new();
    for_each_text(ctx, &sorted, &options, |text| {
        let text = text.unwrap_or_default();
        list.push(ListEnd::Tail, [&*text], &thresholds);
    });
    let len = list.view().len();
    if len > 0 {
        ctx.insert(target, list.into(), None);
        ctx.notify(Class::LIST, "sortstore", target);
    } else {
        ctx.remove(target);
    }
    Ok(len.into())
}

fn sort_ro(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(request, false)?;
    let sorted = sorted(ctx, request, &options)?;
    Ok(reply(ctx, &sorted, &options))
}

fn sorted(
    ctx: &mut Context<'_>,
    request: &Request,
    options: &Options<'_>,
) -> Result<Vec<Bytes>, CommandError> {
    let unsorted = elements::unsorted(ctx, request.arg(1), options)?;
    order::sorted(ctx, unsorted, options)
}

fn reply(ctx: &mut Context<'_>, sorted: &[Bytes], options: &Options<'_>) -> Reply {
    let mut elements = Elements::new(ctx.protocol());
    for_each_text(ctx, sorted, options, |text| match text {
        Some(text) => elements.bulk(&text),
        None => elements.nil(),
    });
    elements.into()
}

/// Visits what is returned or stored: the elements, or what the patterns of GET say for each.
fn for_each_text(
    ctx: &mut Context<'_>,
    sorted: &[Bytes],
    options: &Options<'_>,
    mut visit: impl FnMut(Option<Bytes>),
) {
    for element in sorted {
        if options.get.is_empty() {
            visit(Some(element.clone()));
        }
        for pattern in &options.get {
            visit(pattern::look_up(ctx, pattern, element));
        }
    }
}

fn keys_of_sort(request: &Request, db: usize) -> Vec<KeyUse> {
    let mut uses = keys_of_sort_ro(request, db);
    if let Some(argument) = Options::parse(request, true).ok().and_then(|it| it.store_argument) {
        uses.push(KeyUse { db, argument, access: AccessKind::Write });
    }
    uses
}

fn keys_of_sort_ro(_: &Request, db: usize) -> Vec<KeyUse> {
    vec![KeyUse { db, argument: 1, access: AccessKind::Read }]
}

fn others(request: &Request, may_store: bool) -> Others {
    match Options::parse(request, may_store) {
        Ok(options) if options.reads_others() => Others::InDoubt,
        _ => Others::None,
    }
}
