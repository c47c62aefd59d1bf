//! `GEOPOS key [member ...]`, `GEOHASH key [member ...]` and
//! `GEODIST key member member [M | KM | FT | MI]`

use keyspace::geo::Point;
use keyspace::{SortedSet, SortedSetRef};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};

pub(super) static GEOPOS: Command = Command {
    name: "geopos",
    arity: -2,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["geo"],
    tips: &[],
    run: Some(positions),
    docs: Docs {
        summary: "Returns where members are",
        since: "3.2.0",
        group: "geo",
        complexity: "O(M) for M members",
        syntax: "key [member ...]",
    },
    subcommands: &[],
};

pub(super) static GEOHASH: Command = Command {
    name: "geohash",
    run: Some(hashes),
    docs: Docs { summary: "Returns where members are, as texts of geohash.org", ..GEOPOS.docs },
    ..GEOPOS
};

pub(super) static GEODIST: Command = Command {
    name: "geodist",
    arity: -4,
    run: Some(distance),
    docs: Docs {
        summary: "Returns how far two members are from each other",
        complexity: "O(1)",
        syntax: "key member1 member2 unit=[M | KM | FT | MI]",
        ..GEOPOS.docs
    },
    ..GEOPOS
};

fn positions(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let set = ctx.read::<SortedSet>(request.arg(1))?;
    let members = request.iter().skip(2);
    Ok(members.map(|name| place(set, name).map_or(Reply::NilArray, coordinates)).collect())
}

fn hashes(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let set = ctx.read::<SortedSet>(request.arg(1))?;
    let mut hashes = Elements::new(protocol);
    for name in request.iter().skip(2) {
        match place(set, name) {
            Some(place) => hashes.bulk(&place.geohash()),
            None => hashes.nil(),
        }
    }
    Ok(hashes.into())
}

fn distance(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let unit_m = match request.len() {
        4 => 1.0,
        5 => unit_m(request.arg(4))?,
        _ => return Err(CommandError::Syntax),
    };
    let set = ctx.read::<SortedSet>(request.arg(1))?;
    let (from, to) = (place(set, request.arg(2)), place(set, request.arg(3)));
    let distance_m = from.zip(to).map(|(from, to)| from.distance_m(to));
    Ok(distance_m.map_or(Reply::Nil, |distance_m| distance_reply(distance_m / unit_m)))
}

fn place(set: Option<SortedSetRef<'_>>, name: &[u8]) -> Option<Point> {
    set?.score(name).map(Point::of_score)
}

/// Metres of a unit of this name.
///
/// # Errors
/// There is none.
pub(super) fn unit_m(name: &[u8]) -> Result<f64, CommandError> {
    let unit = UNITS.iter().find(|(unit, _)| is_name(unit, name));
    let text = "unsupported unit provided. please use M, KM, FT, MI";
    unit.map(|(_, metres)| *metres).ok_or_else(|| CommandError::err(text))
}

const UNITS: [(&str, f64); 4] = [("M", 1.0), ("KM", 1000.0), ("FT", 0.3048), ("MI", 1609.34)];

/// A distance as a reply: with four digits after the point. As in Redis, the number of these parts is
/// a floating-point number before it is rounded.
pub(super) fn distance_reply(distance: f64) -> Reply {
    let parts = (distance * 10_000.0).round_ties_even() as u64;
    Reply::copied(format!("{}.{:04}", parts / 10_000, parts % 10_000))
}

/// Longitude and latitude as a reply.
pub(super) fn coordinates(point: Point) -> Reply {
    Reply::Array([point.longitude, point.latitude].map(coordinate).into())
}

/// With up to 17 digits after the point, as many as are not 0 at the end.
fn coordinate(degrees: f64) -> Reply {
    let text = format!("{degrees:.17}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => Reply::Decimal("0".into()),
        text => Reply::Decimal(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Redis 7.0.15 replies.
    #[test]
    fn distances_have_four_digits_after_the_point() {
        for (distance, text) in [
            (0.0, "0.0000"),
            (0.000_05, "0.0000"),
            (0.000_051, "0.0001"),
            (166_274.151_569_600_3, "166274.1516"),
            (19_270_727.723_95, "19270727.7240"),
            (17_076_966.521_85, "17076966.5218"),
        ] {
            assert_eq!(distance_reply(distance), Reply::copied(text), "{distance}");
        }
    }

    #[test]
    fn coordinates_have_no_zeros_at_the_end() {
        for (degrees, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (-1e-18, "0"),
            (100.0, "100"),
            (-13.5, "-13.5"),
            (13.361_389_338_970_184, "13.36138933897018433"),
            // Halfway between two texts: the even one.
            (2.0_f64.powi(-18), "0.00000381469726562"),
        ] {
            assert_eq!(coordinate(degrees), Reply::Decimal(text.into()), "{degrees}");
        }
    }
}
