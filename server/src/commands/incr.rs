//! `INCR key`, `DECR key`, `INCRBY key increment` and `DECRBY key decrement`

use keyspace::StringValue;
use keyspace::string::{self, IncrError};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::integer;
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static INCR: Command = Command {
    name: "incr",
    arity: 2,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::FIRST,
    categories: &["string"],
    tips: &[],
    run: Some(incr),
    docs: Docs {
        summary: "Adds one to the integer value of a key; a key that does not exist counts as 0",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        syntax: "key",
    },
    subcommands: &[],
};

pub(super) static DECR: Command = Command {
    name: "decr",
    run: Some(decr),
    docs: Docs {
        summary: "Takes one from the integer value of a key; a key that does not exist counts as 0",
        ..INCR.docs
    },
    ..INCR
};

pub(super) static INCRBY: Command = Command {
    name: "incrby",
    arity: 3,
    run: Some(incrby),
    docs: Docs {
        summary: "Adds to the integer value of a key; a key that does not exist counts as 0",
        syntax: "key increment:integer",
        ..INCR.docs
    },
    ..INCR
};

pub(super) static DECRBY: Command = Command {
    name: "decrby",
    arity: 3,
    run: Some(decrby),
    docs: Docs {
        summary: "Takes from the integer value of a key; a key that does not exist counts as 0",
        syntax: "key decrement:integer",
        ..INCR.docs
    },
    ..INCR
};

fn incr(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    add(ctx, request.arg(1), 1)
}

fn decr(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    add(ctx, request.arg(1), -1)
}

fn incrby(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    add(ctx, request.arg(1), integer(request.arg(2))?)
}

fn decrby(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let increment = integer(request.arg(2))?
        .checked_neg()
        .ok_or_else(|| CommandError::err("decrement would overflow"))?;
    add(ctx, request.arg(1), increment)
}

fn add(ctx: &mut Context<'_>, key: &[u8], increment: i64) -> Result<Reply, CommandError> {
    let sum = if let Some(mut value) = ctx.edit::<StringValue>(key)? {
        string::incr_by(&mut value, increment).map_err(|error| match error {
            IncrError::Overflow => CommandError::err("increment or decrement would overflow"),
            _ => CommandError::NotAnInteger,
        })?
    } else {
        ctx.insert(key, StringValue::Int(increment).into(), None);
        increment
    };
    ctx.notify(Class::STRING, "incrby", key);
    Ok(Reply::Integer(sum))
}
