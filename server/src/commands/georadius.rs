//! `GEORADIUS key longitude latitude radius unit [options]`, `GEORADIUSBYMEMBER key member radius unit
//! [options]` with `[WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]
//! [STORE key] [STOREDIST key]`, and `GEORADIUS_RO` and `GEORADIUSBYMEMBER_RO`, which store nothing

use keyspace::AccessKind;
use keyspace::geo::Area;
use resp::Request;

use super::command::{Command, Docs, KeySpec, KeyUse, Keys, Others, flags, usage};
use super::geoadd::point;
use super::geosearch::answer;
use super::geosearch::options::{Family, Options, circle, is_store, place_of};
use super::{CommandError, Context, Reply};

pub(super) static GEORADIUS: Command = Command {
    name: "georadius",
    arity: -6,
    flags: flags::WRITE | flags::DENYOOM | flags::MOVABLEKEYS,
    keys: Keys::Uses {
        find: |request, db| keys(request, db, 6),
        others: |_| Others::None,
        specs: &[SOURCE, stored_after("STORE", 6), stored_after("STOREDIST", 6)],
    },
    categories: &["geo"],
    tips: &[],
    run: Some(|ctx, request| around_place(ctx, request, Family::Radius)),
    docs: Docs {
        summary: "Returns or stores the members that are near a place",
        since: "3.2.0",
        group: "geo",
        complexity: "O(N+log(M)) for N members in the rectangles around it, of M",
        syntax: "key longitude:double latitude:double radius:double unit=<M | KM | FT | MI> \
                 [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count:integer [ANY@6.2.0]] \
                 order=[ASC | DESC] [STORE key] [STOREDIST key]",
    },
    subcommands: &[],
};

pub(super) static GEORADIUS_RO: Command = Command {
    name: "georadius_ro",
    flags: flags::READONLY,
    keys: Keys::FIRST,
    run: Some(|ctx, request| around_place(ctx, request, Family::RadiusReadOnly)),
    docs: Docs {
        summary: "Returns the members that are near a place",
        since: "3.2.10",
        syntax: "key longitude:double latitude:double radius:double unit=<M | KM | FT | MI> \
                 [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count:integer [ANY@6.2.0]] \
                 order=[ASC | DESC]",
        ..GEORADIUS.docs
    },
    ..GEORADIUS
};

pub(super) static GEORADIUSBYMEMBER: Command = Command {
    name: "georadiusbymember",
    arity: -5,
    keys: Keys::Uses {
        find: |request, db| keys(request, db, 5),
        others: |_| Others::None,
        specs: &[SOURCE, stored_after("STORE", 5), stored_after("STOREDIST", 5)],
    },
    run: Some(|ctx, request| around_member(ctx, request, Family::Radius)),
    docs: Docs {
        summary: "Returns or stores the members that are near one of them",
        syntax: "key member radius:double unit=<M | KM | FT | MI> \
                 [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count:integer [ANY]] \
                 order=[ASC | DESC] [STORE key] [STOREDIST key]",
        ..GEORADIUS.docs
    },
    ..GEORADIUS
};

pub(super) static GEORADIUSBYMEMBER_RO: Command = Command {
    name: "georadiusbymember_ro",
    arity: -5,
    run: Some(|ctx, request| around_member(ctx, request, Family::RadiusReadOnly)),
    docs: Docs {
        summary: "Returns the members that are near one of them",
        syntax: "key member radius:double unit=<M | KM | FT | MI> \
                 [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count:integer [ANY]] \
                 order=[ASC | DESC]",
        ..GEORADIUS_RO.docs
    },
    ..GEORADIUS_RO
};

const SOURCE: KeySpec = KeySpec::at(1).used(usage::RO | usage::ACCESS);

const fn stored_after(word: &'static str, from: i32) -> KeySpec {
    KeySpec::after(word, from).to(0).used(usage::OW | usage::UPDATE)
}

fn around_place(
    ctx: &mut Context<'_>,
    request: &Request,
    family: Family,
) -> Result<Reply, CommandError> {
    answer(ctx, request.arg(1), |set| {
        let center = point(request.arg(2), request.arg(3))?;
        let (form, unit_m) = circle(request.arg(4), request.arg(5))?;
        Options::parse(request, 6, family, set, Some(Area { center, form, unit_m }))
    })
}

fn around_member(
    ctx: &mut Context<'_>,
    request: &Request,
    family: Family,
) -> Result<Reply, CommandError> {
    answer(ctx, request.arg(1), |set| {
        let area = |set| {
            let center = place_of(set, request.arg(2))?;
            let (form, unit_m) = circle(request.arg(3), request.arg(4))?;
            Ok::<_, CommandError>(Area { center, form, unit_m })
        };
        // Without a key, neither member nor radius is looked at.
        Options::parse(request, 5, family, set, set.map(area).transpose()?)
    })
}

/// The key that is read, and those after STORE or STOREDIST, of which the last one is stored; the
/// options begin at argument `first`.
fn keys(request: &Request, db: usize, first: usize) -> Vec<KeyUse> {
    let mut uses = vec![KeyUse { db, argument: 1, access: AccessKind::Read }];
    let mut index = first;
    while index + 1 < request.len() {
        if is_store(request.arg(index)) {
            index += 1;
            uses.push(KeyUse { db, argument: index, access: AccessKind::Write });
        }
        index += 1;
    }
    uses
}
