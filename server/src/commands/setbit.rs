//! `SETBIT key offset value` and `GETBIT key offset`

use keyspace::StringValue;
use keyspace::string::bits;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static SETBIT: Command = Command {
    name: "setbit",
    arity: 4,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::UPDATE)]),
    categories: &["bitmap"],
    tips: &[],
    run: Some(set_bit),
    docs: Docs {
        summary: "Sets or clears a bit of the string value of a key, filling a gap with zero bytes",
        since: "2.2.0",
        group: "bitmap",
        complexity: "O(1), O(N) for a gap of N bytes",
        syntax: "key offset:integer value:integer",
    },
    subcommands: &[],
};

pub(super) static GETBIT: Command = Command {
    name: "getbit",
    arity: 3,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::FIRST,
    run: Some(get_bit),
    docs: Docs {
        summary: "Returns a bit of the string value of a key",
        complexity: "O(1)",
        syntax: "key offset:integer",
        ..SETBIT.docs
    },
    ..SETBIT
};

fn set_bit(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let offset = bit_offset(ctx, integer(request.arg(2)).ok())?;
    let bit = match request.arg(3) {
        b"0" => false,
        b"1" => true,
        _ => return Err(CommandError::err("bit is not an integer or out of range")),
    };
    let key = request.arg(1);
    let mut value = ctx.edit_or_new::<StringValue>(key)?;
    let len = value.len();
    let before = bits::set_bit(&mut value, offset, bit);
    let is_changed = before != bit || value.len() != len;
    drop(value);
    if is_changed {
        ctx.notify(Class::STRING, "setbit", key);
    }
    Ok(Reply::flag(before))
}

fn get_bit(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let offset = bit_offset(ctx, integer(request.arg(2)).ok())?;
    let value = ctx.read::<StringValue>(request.arg(1))?;
    Ok(Reply::flag(value.is_some_and(|value| bits::bit(&value.text(), offset))))
}

/// A bit of a string that is not longer than a bulk that a client may send.
///
/// # Errors
/// `offset` is none, negative, or too large.
pub(super) fn bit_offset(ctx: &Context<'_>, offset: Option<i64>) -> Result<u64, CommandError> {
    let len_max = ctx.state.config.proto_max_bulk_len();
    let offset = offset.and_then(|offset| u64::try_from(offset).ok());
    let offset = offset.filter(|offset| offset / 8 < len_max);
    offset.ok_or_else(|| CommandError::err("bit offset is not an integer or out of range"))
}
