//! `HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]` and
//! `SSCAN key cursor [MATCH pattern] [COUNT count]`

use keyspace::{Hash, Set};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::reply::Elements;
use super::scan::{self, Extra, Options};
use super::{CommandError, Context, Reply};

pub(super) static HSCAN: Command = Command {
    name: "hscan",
    arity: -3,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["hash"],
    tips: &["nondeterministic_output"],
    run: Some(hscan),
    docs: Docs {
        summary: "Returns some fields of a hash and the cursor with which to ask for more",
        since: "2.8.0",
        group: "hash",
        complexity: "O(1) for a call, O(N) for all N fields",
        syntax: "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [NOVALUES]",
    },
    subcommands: &[],
};

pub(super) static SSCAN: Command = Command {
    name: "sscan",
    categories: &["set"],
    run: Some(sscan),
    docs: Docs {
        summary: "Returns some members of a set and the cursor with which to ask for more",
        group: "set",
        complexity: "O(1) for a call, O(N) for all N members",
        syntax: "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
        ..HSCAN.docs
    },
    ..HSCAN
};

fn hscan(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let cursor = scan::cursor(request.arg(2))?;
    let now_ms = ctx.now_ms();
    let mut found = Elements::new(ctx.protocol());
    let Some(hash) = ctx.read::<Hash>(request.arg(1))? else { return Ok(scan::reply(0, found)) };
    let options = Options::parse(request.iter().skip(3), Extra::NoValues)?;
    let next = hash.scan(cursor, options.count, now_ms, |field| {
        let name = field.name.as_text();
        if options.matches(&name) {
            found.bulk(&name);
            if !options.no_values {
                found.bulk(&field.value.as_text());
            }
        }
    });
    Ok(scan::reply(next, found))
}

fn sscan(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let cursor = scan::cursor(request.arg(2))?;
    let mut found = Elements::new(ctx.protocol());
    let Some(set) = ctx.read::<Set>(request.arg(1))? else { return Ok(scan::reply(0, found)) };
    let options = Options::parse(request.iter().skip(3), Extra::None)?;
    let next = set.scan(cursor, options.count, |member| {
        let member = member.as_text();
        if options.matches(&member) {
            found.bulk(&member);
        }
    });
    Ok(scan::reply(next, found))
}
