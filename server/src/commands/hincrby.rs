//! `HINCRBY key field increment` and `HINCRBYFLOAT key field increment`

use keyspace::string::IncrError;
use keyspace::{FieldExpiry, Hash, LongDouble};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::integer;
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static HINCRBY: Command = Command {
    name: "hincrby",
    arity: 4,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::FIRST,
    categories: &["hash"],
    tips: &[],
    run: Some(hincrby),
    docs: Docs {
        summary: "Adds to the integer value of a field of a hash; one that is not there counts as 0",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        syntax: "key field increment:integer",
    },
    subcommands: &[],
};

pub(super) static HINCRBYFLOAT: Command = Command {
    name: "hincrbyfloat",
    run: Some(hincrbyfloat),
    docs: Docs {
        summary: "Adds to the floating-point value of a field of a hash; one that is not there \
                  counts as 0",
        since: "2.6.0",
        syntax: "key field increment:double",
        ..HINCRBY.docs
    },
    ..HINCRBY
};

fn hincrby(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let increment = integer(request.arg(3))?;
    let (thresholds, now_ms) = (ctx.thresholds(), ctx.now_ms());
    let key = request.arg(1);
    let mut hash = ctx.edit_or_new::<Hash>(key)?;
    let sum = hash.incr_by(request.arg(2), increment, &thresholds, now_ms).map_err(|error| {
        CommandError::err(match error {
            IncrError::Overflow => "increment or decrement would overflow",
            _ => "hash value is not an integer",
        })
    })?;
    drop(hash);
    ctx.notify(Class::HASH, "hincrby", key);
    Ok(Reply::Integer(sum))
}

fn hincrbyfloat(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let float = |text: &[u8], error| LongDouble::parse(text).ok_or(CommandError::err(error));
    let field = request.arg(2);
    let increment = float(request.arg(3), "value is not a valid float")?;
    if increment.is_infinite() {
        return Err(CommandError::err("value is NaN or Infinity"));
    }
    let (thresholds, now_ms) = (ctx.thresholds(), ctx.now_ms());
    let key = request.arg(1);
    let mut hash = ctx.edit_or_new::<Hash>(key)?;
    let number = hash.view().get(field, now_ms).map(|field| field.value.as_text());
    let number = number.as_deref().unwrap_or(b"0");
    let number = float(number, "hash value is not a float")?;
    let sum = number
        .checked_add(increment)
        .ok_or_else(|| CommandError::err("increment would produce NaN or Infinity"))?
        .to_string();
    hash.set(field, sum.as_bytes(), FieldExpiry::Keep, &thresholds, now_ms);
    drop(hash);
    ctx.notify(Class::HASH, "hincrbyfloat", key);
    Ok(Reply::Bulk(sum.into()))
}
