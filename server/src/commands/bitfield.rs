//! `BITFIELD key [GET type offset | [OVERFLOW WRAP | SAT | FAIL] SET type offset value |
//! [OVERFLOW WRAP | SAT | FAIL] INCRBY type offset increment] ...` and
//! `BITFIELD_RO key [GET type offset] ...`

use keyspace::StringValue;
use keyspace::string::bitfield::{self, Field, FieldAction, FieldType, Overflow};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::setbit::bit_offset;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static BITFIELD: Command = Command {
    name: "bitfield",
    arity: -2,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::UPDATE | usage::VARIABLE_FLAGS)
    ]),
    categories: &["bitmap"],
    tips: &[],
    run: Some(|ctx, request| bit_field(ctx, request, false)),
    docs: Docs {
        summary: "Reads, sets and increments integers of any width in the string value of a key",
        since: "3.2.0",
        group: "bitmap",
        complexity: "O(1) for each operation",
        syntax: "key operation=[GET <encoding offset:integer> | \
                 write=<wrap-sat-fail=[OVERFLOW <WRAP | SAT | FAIL>] \
                 write-operation=<SET <encoding offset:integer value:integer> | \
                 INCRBY <encoding offset:integer increment:integer>>>] ...",
    },
    subcommands: &[],
};

pub(super) static BITFIELD_RO: Command = Command {
    name: "bitfield_ro",
    flags: flags::READONLY | flags::FAST,
    keys: Keys::FIRST,
    run: Some(|ctx, request| bit_field(ctx, request, true)),
    docs: Docs {
        summary: "Reads integers of any width in the string value of a key",
        since: "6.0.0",
        syntax: "key [GET <encoding offset:integer>] ...",
        ..BITFIELD.docs
    },
    ..BITFIELD
};

fn bit_field(
    ctx: &mut Context<'_>,
    request: &Request,
    reads_only: bool,
) -> Result<Reply, CommandError> {
    let actions = actions(ctx, request)?;
    let key = request.arg(1);
    let told = if actions.iter().all(|(_, action)| *action == FieldAction::Get) {
        let value = ctx.read::<StringValue>(key)?;
        let text = value.map(|value| value.text());
        let text = text.as_deref().unwrap_or_default();
        actions.iter().map(|(field, _)| Some(field.of(text))).collect()
    } else if reads_only {
        return Err(CommandError::err("BITFIELD_RO only supports the GET subcommand"));
    } else {
        let applied = bitfield::apply(&mut *ctx.edit_or_new::<StringValue>(key)?, &actions);
        if applied.is_changed {
            ctx.notify(Class::STRING, "setbit", key);
        }
        applied.told
    };
    Ok(told.into_iter().map(|number| number.map_or(Reply::Nil, Reply::Integer)).collect())
}

fn actions(
    ctx: &Context<'_>,
    request: &Request,
) -> Result<Vec<(Field, FieldAction)>, CommandError> {
    let mut overflow = Overflow::default();
    let mut actions = Vec::new();
    let mut index = 2;
    while let Some(word) = request.get(index) {
        let left = request.len() - index - 1;
        if is_name("OVERFLOW", word) && left >= 1 {
            overflow = self::overflow(request.arg(index + 1))?;
            index += 2;
            continue;
        }
        let is_get = is_name("GET", word) && left >= 2;
        let (is_set, is_increment) = (is_name("SET", word), is_name("INCRBY", word));
        if !is_get && !((is_set || is_increment) && left >= 3) {
            return Err(CommandError::Syntax);
        }
        let of_type = field_type(request.arg(index + 1))?;
        let offset = bit_offset(ctx, offset(request.arg(index + 2), of_type))?;
        let action = if is_get {
            FieldAction::Get
        } else if is_set {
            FieldAction::Set(integer(request.arg(index + 3))?, overflow)
        } else {
            FieldAction::Increment(integer(request.arg(index + 3))?, overflow)
        };
        actions.push((Field { of_type, offset }, action));
        index += if is_get { 3 } else { 4 };
    }
    Ok(actions)
}

fn overflow(word: &[u8]) -> Result<Overflow, CommandError> {
    if is_name("WRAP", word) {
        Ok(Overflow::Wrap)
    } else if is_name("SAT", word) {
        Ok(Overflow::Saturate)
    } else if is_name("FAIL", word) {
        Ok(Overflow::Fail)
    } else {
        Err(CommandError::err("Invalid OVERFLOW type specified"))
    }
}

/// `i` or `u`, and the number of bits.
fn field_type(argument: &[u8]) -> Result<FieldType, CommandError> {
    let bits = |text| integer(text).ok().and_then(|bits| u32::try_from(bits).ok());
    let found = match argument {
        [b'i', text @ ..] => bits(text).and_then(FieldType::signed),
        [b'u', text @ ..] => bits(text).and_then(FieldType::unsigned),
        _ => None,
    };
    found.ok_or_else(|| {
        CommandError::err(
            "Invalid bitfield type. Use something like i16 u8. \
             Note that u64 is not supported but i64 is.",
        )
    })
}

/// A bit, or behind a `#` a field counted in fields of its type. (A product that is no 64-bit number
/// is refused, of which Redis takes the lower bits.)
fn offset(argument: &[u8], of_type: FieldType) -> Option<i64> {
    match argument {
        [b'#', text @ ..] => integer(text).ok()?.checked_mul(of_type.bits().into()),
        text => integer(text).ok(),
    }
}
