//! `GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]`

use keyspace::AddFlags;
use keyspace::geo::Point;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::score::float;
use super::zadd;
use super::{CommandError, Context, Reply, is_name};

pub(super) static GEOADD: Command = Command {
    name: "geoadd",
    arity: -5,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    categories: &["geo"],
    tips: &[],
    run: Some(add),
    docs: Docs {
        summary: "Adds members to a sorted set whose scores tell where on the earth they are",
        since: "3.2.0",
        group: "geo",
        complexity: "O(M*log(N)) for M members and a sorted set of N",
        syntax: "key condition=[NX@6.2.0 | XX@6.2.0] [CH@6.2.0] \
                 data=<longitude:double latitude:double member> ...",
    },
    subcommands: &[],
};

fn add(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (mut flags, mut count_changed, mut first) = (AddFlags::default(), false, 2);
    while let Some(word) = request.get(first) {
        if is_name("NX", word) {
            flags.nx = true;
        } else if is_name("XX", word) {
            flags.xx = true;
        } else if is_name("CH", word) {
            count_changed = true;
        } else {
            break;
        }
        first += 1;
    }
    let words = request.len() - first;
    if words == 0 || !words.is_multiple_of(3) || flags.nx && flags.xx {
        return Err(CommandError::Syntax);
    }
    let places = (first..request.len()).step_by(3);
    let members = places.map(|index| {
        let place = point(request.arg(index), request.arg(index + 1))?;
        Ok((request.arg(index + 2), place.score()))
    });
    let members = members.collect::<Result<Vec<_>, CommandError>>()?;
    zadd::add_all(ctx, request.arg(1), &members, flags, count_changed)
}

/// A place on the map.
///
/// # Errors
/// A coordinate is no number, or it is not on the map.
pub(super) fn point(longitude: &[u8], latitude: &[u8]) -> Result<Point, CommandError> {
    let (longitude, latitude) = (float(longitude)?, float(latitude)?);
    Point::new(longitude, latitude).ok_or_else(|| {
        let pair = format_args!("{longitude:.6},{latitude:.6}");
        CommandError::err(format_args!("invalid longitude,latitude pair {pair}"))
    })
}
