//! `ZSCAN key cursor [MATCH pattern] [COUNT count]`

use keyspace::SortedSet;
use rdb_format::ScoreText;
use resp::Request;

use super::command::{Command, Docs};
use super::hscan::SSCAN;
use super::reply::Elements;
use super::scan::{self, Extra, Options};
use super::{CommandError, Context, Reply};

pub(super) static ZSCAN: Command = Command {
    name: "zscan",
    categories: &["sortedset"],
    run: Some(zscan),
    docs: Docs {
        summary: "Returns some members of a sorted set and the cursor with which to ask for more",
        group: "sorted-set",
        ..SSCAN.docs
    },
    ..SSCAN
};

fn zscan(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let cursor = scan::cursor(request.arg(2))?;
    let mut found = Elements::new(ctx.protocol());
    let Some(set) = ctx.read::<SortedSet>(request.arg(1))? else {
        return Ok(scan::reply(0, found));
    };
    let options = Options::parse(request.iter().skip(3), Extra::None)?;
    let next = set.scan(cursor, options.count, |member| {
        let name = member.name.as_text();
        if options.matches(&name) {
            found.bulk(&name);
            found.bulk(&ScoreText::new(member.score));
        }
    });
    Ok(scan::reply(next, found))
}
