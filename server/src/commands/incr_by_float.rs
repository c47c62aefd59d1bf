//! `INCRBYFLOAT key increment`

use bytes::Bytes;
use keyspace::{LongDouble, StringRef, StringValue};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static INCRBYFLOAT: Command = Command {
    name: "incrbyfloat",
    arity: 3,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::FIRST,
    categories: &["string"],
    tips: &[],
    run: Some(incr_by_float),
    docs: Docs {
        summary: "Adds to the floating-point value of a key; a key that does not exist counts as 0",
        since: "2.6.0",
        group: "string",
        complexity: "O(1)",
        syntax: "key increment:double",
    },
    subcommands: &[],
};

fn incr_by_float(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let key = request.arg(1);
    let text = if let Some(mut value) = ctx.edit::<StringValue>(key)? {
        let text = sum(&StringRef::from(&*value).text(), request.arg(2))?;
        *value = StringValue::Raw(text.clone());
        text
    } else {
        let text = sum(b"0", request.arg(2))?;
        ctx.insert(key, StringValue::Raw(text.clone()).into(), None);
        text
    };
    ctx.notify(Class::STRING, "incrbyfloat", key);
    Ok(Reply::Bulk(text))
}

/// The sum of two numbers: a text, even where it reads like an integer.
fn sum(number: &[u8], increment: &[u8]) -> Result<Bytes, CommandError> {
    let sum = float(number)?
        .checked_add(float(increment)?)
        .ok_or_else(|| CommandError::err("increment would produce NaN or Infinity"))?;
    Ok(sum.to_string().into())
}

fn float(text: &[u8]) -> Result<LongDouble, CommandError> {
    LongDouble::parse(text).ok_or_else(|| CommandError::err("value is not a valid float"))
}
