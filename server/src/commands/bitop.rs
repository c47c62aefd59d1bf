//! `BITOP AND | OR | XOR | NOT destination key [key ...]`

use bytes::Bytes;
use keyspace::string::bits::{self, BitOp};
use keyspace::{StringRef, StringValue, ValueType};
use rdb_format::StringText;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static BITOP: Command = Command {
    name: "bitop",
    arity: -4,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[
        KeySpec::at(2).used(usage::OW | usage::UPDATE),
        KeySpec::at(3).to(-1).used(usage::RO | usage::ACCESS),
    ]),
    categories: &["bitmap"],
    tips: &[],
    run: Some(bit_op),
    docs: Docs {
        summary: "Combines the bits of the string values of keys and stores the result",
        since: "2.6.0",
        group: "bitmap",
        complexity: "O(N) in the length of all strings",
        syntax: "operation destkey:key key ...",
    },
    subcommands: &[],
};

fn bit_op(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let op = operation(request.arg(1))?;
    if op.is_none() && request.len() != 4 {
        return Err(CommandError::err("BITOP NOT must be called with a single source key."));
    }
    for key in request.iter().skip(3) {
        ctx.read::<StringValue>(key)?;
    }
    let (index, now_ms) = (ctx.client().db, ctx.now_ms());
    let database = ctx.keyspace.database(index);
    let text = |key| {
        let entry = database.peek(key, now_ms)?;
        <StringValue as ValueType>::view(entry.value()).map(StringRef::text)
    };
    let texts: Vec<Option<StringText<'_>>> = request.iter().skip(3).map(text).collect();
    let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_deref().unwrap_or_default()).collect();
    let result = match op {
        Some(op) => bits::combine(op, &texts),
        None => bits::invert(texts[0]),
    };
    let (key, len) = (request.arg(2), result.len());
    if len > 0 {
        ctx.insert(key, StringValue::Raw(Bytes::from(result)).into(), None);
        ctx.notify(Class::STRING, "set", key);
    } else {
        ctx.remove(key);
    }
    Ok(len.into())
}

/// `None` of NOT.
fn operation(word: &[u8]) -> Result<Option<BitOp>, CommandError> {
    if is_name("AND", word) {
        Ok(Some(BitOp::And))
    } else if is_name("OR", word) {
        Ok(Some(BitOp::Or))
    } else if is_name("XOR", word) {
        Ok(Some(BitOp::Xor))
    } else if is_name("NOT", word) {
        Ok(None)
    } else {
        Err(CommandError::Syntax)
    }
}
