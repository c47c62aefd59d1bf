//! `INCRBYFLOAT key increment`

use bytes::Bytes;
use keyspace::{LongDouble, StringRef, StringValue};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

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
    let mut value = ctx.edit::<StringValue>(key)?;
    let number = match &value {
        Some(value) => float(&StringRef::from(&**value).text())?,
        None => float(b"0")?,
    };
    let sum = number
        .checked_add(float(request.arg(2))?)
        .ok_or_else(|| CommandError::err("increment would produce NaN or Infinity"))?;
    // It stays a text, even one that reads like an integer.
    let text = Bytes::from(sum.to_string());
    match &mut value {
        Some(value) => **value = StringValue::Raw(text.clone()),
        None => {
            drop(value);
            ctx.db().insert(key, StringValue::Raw(text.clone()).into(), None);
        }
    }
    Ok(Reply::Bulk(text))
}

fn float(text: &[u8]) -> Result<LongDouble, CommandError> {
    LongDouble::parse(text).ok_or_else(|| CommandError::err("value is not a valid float"))
}
