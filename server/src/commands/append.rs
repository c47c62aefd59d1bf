//! `APPEND key value` and `SETRANGE key offset value`

use keyspace::{StringValue, string};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static APPEND: Command = Command {
    name: "append",
    arity: 3,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::INSERT)]),
    categories: &["string"],
    tips: &[],
    run: Some(append),
    docs: Docs {
        summary: "Appends to the string value of a key, which is created if it does not exist",
        since: "2.0.0",
        group: "string",
        complexity: "O(N) in the length of what is appended, amortized",
        syntax: "key value",
    },
    subcommands: &[],
};

pub(super) static SETRANGE: Command = Command {
    name: "setrange",
    arity: 4,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    run: Some(set_range),
    docs: Docs {
        summary: "Overwrites a part of the string value of a key, filling a gap with zero bytes",
        since: "2.2.0",
        complexity: "O(N) in the length of the new part and of the gap",
        syntax: "key offset:integer value",
        ..APPEND.docs
    },
    ..APPEND
};

fn append(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (key, suffix) = (request.arg(1), request.arg(2));
    let len_max = ctx.state.config.proto_max_bulk_len();
    let len = if let Some(mut value) = ctx.edit::<StringValue>(key)? {
        check_len(value.len(), suffix.len(), len_max)?;
        string::append(&mut value, suffix)
    } else {
        ctx.insert(key, StringValue::parse(request.owned_bytes(2)).into(), None);
        suffix.len()
    };
    ctx.notify(Class::STRING, "append", key);
    Ok(len.into())
}

fn set_range(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (key, patch) = (request.arg(1), request.arg(3));
    let offset = usize::try_from(integer(request.arg(2))?)
        .map_err(|_| CommandError::err("offset is out of range"))?;
    let len_max = ctx.state.config.proto_max_bulk_len();
    let len = ctx.edit::<StringValue>(key)?.map(|value| value.len());
    if patch.is_empty() {
        return Ok(len.unwrap_or(0).into());
    }
    check_len(offset, patch.len(), len_max)?;
    let mut value = ctx.edit_or_new::<StringValue>(key)?;
    let len = string::set_range(&mut value, offset, patch);
    drop(value);
    ctx.notify(Class::STRING, "setrange", key);
    Ok(len.into())
}

/// No string may be longer than a bulk that a client may send.
fn check_len(kept: usize, added: usize, len_max: u64) -> Result<(), CommandError> {
    match kept.checked_add(added) {
        Some(len) if len as u64 <= len_max => Ok(()),
        _ => Err(CommandError::err("string exceeds maximum allowed size (proto-max-bulk-len)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_grow_to_the_limit_and_no_further() {
        assert!(check_len(10, 5, 15).is_ok());
        assert!(check_len(10, 6, 15).is_err());
        assert!(check_len(usize::MAX, 1, u64::MAX).is_err());
    }
}
