//! `GETRANGE key start end`, which was once called `SUBSTR`, and `STRLEN key`

use bytes::Bytes;
use keyspace::{StringRef, StringValue};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::{CommandError, Context, Reply};

pub(super) static GETRANGE: Command = Command {
    name: "getrange",
    arity: 4,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["string"],
    tips: &[],
    run: Some(get_range),
    docs: Docs {
        summary: "Returns a part of the string value of a key",
        since: "2.4.0",
        group: "string",
        complexity: "O(1); a long part is sent without being copied",
        syntax: "key start:integer end:integer",
    },
    subcommands: &[],
};

pub(super) static SUBSTR: Command = Command {
    name: "substr",
    docs: Docs { summary: "The old name of GETRANGE", since: "1.0.0", ..GETRANGE.docs },
    ..GETRANGE
};

pub(super) static STRLEN: Command = Command {
    name: "strlen",
    arity: 2,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RO)]),
    run: Some(strlen),
    docs: Docs {
        summary: "Returns the length of the string value of a key",
        since: "2.2.0",
        complexity: "O(1)",
        syntax: "key",
        ..GETRANGE.docs
    },
    ..GETRANGE
};

fn get_range(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (start, end) = (integer(request.arg(2))?, integer(request.arg(3))?);
    let part = match ctx.read::<StringValue>(request.arg(1))? {
        Some(value) => value.range(start, end),
        None => Bytes::new(),
    };
    Ok(Reply::Bulk(part))
}

fn strlen(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.read::<StringValue>(request.arg(1))?.map_or(0, StringRef::len).into())
}
