//! `HGETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds |
//! PERSIST] FIELDS numfields field [field ...]` and `HGETDEL key FIELDS numfields field [field ...]`

use keyspace::Hash;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::expiry::ExpiryForm;
use super::hexpire::field_expire_at_ms;
use super::httl::{self, fields};
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static HGETEX: Command = Command {
    name: "hgetex",
    arity: -5,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::UPDATE)]),
    categories: &["hash"],
    tips: &[],
    run: Some(hgetex),
    docs: Docs {
        summary: "Returns the values of fields of a hash and changes when they expire",
        since: "8.0.0",
        group: "hash",
        complexity: "O(N) for N fields",
        syntax: "key expiration=[EX seconds:integer | PX milliseconds:integer | \
                 EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | \
                 PERSIST] FIELDS <numfields:integer field ...>",
    },
    subcommands: &[],
};

pub(super) static HGETDEL: Command = Command {
    name: "hgetdel",
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    run: Some(hgetdel),
    docs: Docs {
        summary: "Returns the values of fields of a hash and removes them",
        syntax: "key FIELDS <numfields:integer field ...>",
        ..HGETEX.docs
    },
    ..HGETEX
};

fn hgetex(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let key = request.arg(1);
    // Its type counts before the arguments.
    ctx.edit::<Hash>(key)?;
    let (change, fields_at) = Change::parse(request, now_ms)?;
    if request.len() <= fields_at + 1 {
        return Err(CommandError::Arity(HGETEX.name.into()));
    }
    let fields = fields(request, fields_at, httl::INVALID_COUNT)?;
    visit(ctx, key, fields, change)
}

fn hgetdel(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let key = request.arg(1);
    // Its type counts before the arguments.
    ctx.edit::<Hash>(key)?;
    let fields = fields(request, 2, httl::INVALID_COUNT)?;
    visit(ctx, key, fields, Change::Remove)
}

/// What becomes of a field that has been read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Change {
    None,
    /// It expires then, which is now if the time is not in the future.
    Expire {
        at_ms: i64,
    },
    Persist,
    Remove,
}

impl Change {
    /// The change that the options tell, and the argument that comes after them.
    fn parse(request: &Request, now_ms: i64) -> Result<(Self, usize), CommandError> {
        let word = request.arg(2);
        if is_name("PERSIST", word) {
            return Ok((Self::Persist, 3));
        }
        let Some(form) = ExpiryForm::of_option(word) else { return Ok((Self::None, 2)) };
        let at_ms = field_expire_at_ms(form, request.arg(3), now_ms, HGETEX.name)?;
        Ok((Self::Expire { at_ms }, 4))
    }
}

/// Returns the values of fields, one after the other, each of which is changed then.
fn visit<'a>(
    ctx: &mut Context<'_>,
    key: &[u8],
    fields: impl Iterator<Item = &'a [u8]>,
    change: Change,
) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let mut values = Elements::new(ctx.protocol());
    let Some(mut hash) = ctx.edit::<Hash>(key)? else {
        fields.for_each(|_| values.nil());
        return Ok(values.into());
    };
    let (mut any_removed, mut any_changed) = (false, false);
    for name in fields {
        let Some(field) = hash.view().get(name, now_ms) else {
            values.nil();
            continue;
        };
        values.bulk(&field.value.as_text());
        match change {
            Change::Expire { at_ms } if at_ms > now_ms => {
                any_changed |= hash.set_expiry(name, Some(at_ms), now_ms);
            }
            Change::Expire { .. } | Change::Remove => any_removed |= hash.remove(name, now_ms),
            Change::Persist if field.expire_at_ms.is_some() => {
                any_changed |= hash.set_expiry(name, None, now_ms);
            }
            Change::Persist | Change::None => {}
        }
    }
    let is_emptied = hash.view().is_empty();
    drop(hash);
    if any_removed {
        ctx.notify_taken(Class::HASH, "hdel", key, is_emptied);
    }
    if any_changed {
        ctx.notify(
            Class::HASH,
            if change == Change::Persist { "hpersist" } else { "hexpire" },
            key,
        );
    }
    Ok(values.into())
}
