//! `GEOSEARCH key FROMMEMBER member | FROMLONLAT longitude latitude BYRADIUS radius unit |
//! BYBOX width height unit [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]`, and
//! `GEOSEARCHSTORE destination`, which stores the members and goes on in the same way, with STOREDIST
//! in the place of what shows more of them

pub(super) mod options;

use keyspace::geo::{self, Area, Found};
use keyspace::{ScoredRef, SortedSet, SortedSetRef};
use resp::{Protocol, Request};

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::geopos::{coordinates, distance_reply};
use super::reply::Elements;
use super::{CommandError, Context, Reply, zrange};
use options::{Family, Options, Order};

pub(super) static GEOSEARCH: Command = Command {
    name: "geosearch",
    arity: -7,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["geo"],
    tips: &[],
    run: Some(search),
    docs: Docs {
        summary: "Returns the members that are in a circle or a box",
        since: "6.2.0",
        group: "geo",
        complexity: "O(N+log(M)) for N members in the rectangles around it, of M",
        syntax: "key from=<FROMMEMBER member | FROMLONLAT <longitude:double latitude:double>> \
                 by=<circle=<BYRADIUS radius:double unit=<M | KM | FT | MI>> | \
                 box=<BYBOX width:double height:double unit=<M | KM | FT | MI>>> \
                 order=[ASC | DESC] [COUNT count:integer [ANY]] \
                 [WITHCOORD] [WITHDIST] [WITHHASH]",
    },
    subcommands: &[],
};

pub(super) static GEOSEARCHSTORE: Command = Command {
    name: "geosearchstore",
    arity: -8,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::OW | usage::UPDATE),
        KeySpec::at(2).used(usage::RO | usage::ACCESS),
    ]),
    run: Some(store),
    docs: Docs {
        summary: "Stores the members that are in a circle or a box",
        syntax: "destination:key source:key \
                 from=<FROMMEMBER member | FROMLONLAT <longitude:double latitude:double>> \
                 by=<circle=<BYRADIUS radius:double unit=<M | KM | FT | MI>> | \
                 box=<BYBOX width:double height:double unit=<M | KM | FT | MI>>> \
                 order=[ASC | DESC] [COUNT count:integer [ANY]] [STOREDIST]",
        ..GEOSEARCH.docs
    },
    ..GEOSEARCH
};

fn search(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    answer(ctx, request.arg(1), |set| Options::parse(request, 2, Family::Search, set, None))
}

fn store(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    answer(ctx, request.arg(2), |set| Options::parse(request, 3, Family::SearchStore, set, None))
}

/// Answers with the members of the sorted set at `source` that are in an area, or stores them. The
/// options are read when it is known that the key holds no other type.
pub(super) fn answer<'a>(
    ctx: &mut Context<'_>,
    source: &[u8],
    options: impl FnOnce(Option<SortedSetRef<'_>>) -> Result<Options<'a>, CommandError>,
) -> Result<Reply, CommandError> {
    let (thresholds, protocol) = (ctx.thresholds(), ctx.protocol());
    let set = ctx.read::<SortedSet>(source)?;
    let options = options(set)?;
    let found = match (set, options.area) {
        (Some(set), Some(area)) => found(set, &area, &options),
        _ => Vec::new(),
    };
    let Some(target) = options.store else { return Ok(shown(&found, &options, protocol)) };
    let members = found.iter().map(|found| ScoredRef {
        score: if options.store_distance { options.distance(found) } else { found.member.score },
        ..found.member
    });
    let stored = SortedSet::of(members, &thresholds);
    Ok(zrange::replace(ctx, target, stored, options.event))
}

fn found<'a>(set: SortedSetRef<'a>, area: &Area, options: &Options<'_>) -> Vec<Found<'a>> {
    let count = options.count.unwrap_or(usize::MAX);
    if options.any {
        let mut found = geo::search(set, area, count);
        options.order.inspect(|order| sort(&mut found, *order));
        return found;
    }
    let mut found = geo::search(set, area, usize::MAX);
    let nearest_first = options.count.map(|_| Order::Ascending);
    if let Some(order) = options.order.or(nearest_first) {
        if count < found.len() {
            found.select_nth_unstable_by(count, |a, b| order.compare(a, b));
            found.truncate(count);
        }
        sort(&mut found, order);
    }
    found
}

fn sort(found: &mut [Found<'_>], order: Order) {
    found.sort_by(|a, b| order.compare(a, b));
}

fn shown(found: &[Found<'_>], options: &Options<'_>, protocol: Protocol) -> Reply {
    if !options.with_distance && !options.with_hash && !options.with_coordinates {
        let mut names = Elements::new(protocol);
        found.iter().for_each(|found| names.bulk(&found.member.name.as_text()));
        return names.into();
    }
    let one = |found: &Found<'_>| {
        let distance = options.with_distance.then(|| distance_reply(options.distance(found)));
        let hash = options.with_hash.then_some(Reply::Integer(found.member.score as i64));
        let place = options.with_coordinates.then(|| coordinates(found.point));
        let name = Some(Reply::copied(found.member.name.as_text()));
        [name, distance, hash, place].into_iter().flatten().collect()
    };
    found.iter().map(one).collect()
}
