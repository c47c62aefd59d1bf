//! `HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]`, its kin `HPEXPIRE`,
//! `HEXPIREAT` and `HPEXPIREAT`, and `HPERSIST key FIELDS numfields field [field ...]`

use keyspace::Hash;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::expire::Condition;
use super::expiry::ExpiryForm;
use super::httl::{self, fields};
use super::number::integer;
use super::reply::Elements;
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static HEXPIRE: Command = Command {
    name: "hexpire",
    arity: -6,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    categories: &["hash"],
    tips: &[],
    run: Some(hexpire),
    docs: Docs {
        summary: "Sets how many seconds fields of a hash live",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) for N fields",
        syntax: "key seconds:integer condition=[NX | XX | GT | LT] \
                 FIELDS <numfields:integer field ...>",
    },
    subcommands: &[],
};

pub(super) static HPEXPIRE: Command = Command {
    name: "hpexpire",
    run: Some(hpexpire),
    docs: Docs {
        summary: "Sets how many milliseconds fields of a hash live",
        syntax: "key milliseconds:integer condition=[NX | XX | GT | LT] \
                 FIELDS <numfields:integer field ...>",
        ..HEXPIRE.docs
    },
    ..HEXPIRE
};

pub(super) static HEXPIREAT: Command = Command {
    name: "hexpireat",
    run: Some(hexpireat),
    docs: Docs {
        summary: "Sets the Unix time in seconds at which fields of a hash expire",
        syntax: "key unix-time-seconds:unix-time condition=[NX | XX | GT | LT] \
                 FIELDS <numfields:integer field ...>",
        ..HEXPIRE.docs
    },
    ..HEXPIRE
};

pub(super) static HPEXPIREAT: Command = Command {
    name: "hpexpireat",
    run: Some(hpexpireat),
    docs: Docs {
        summary: "Sets the Unix time in milliseconds at which fields of a hash expire",
        syntax: "key unix-time-milliseconds:unix-time condition=[NX | XX | GT | LT] \
                 FIELDS <numfields:integer field ...>",
        ..HEXPIRE.docs
    },
    ..HEXPIRE
};

pub(super) static HPERSIST: Command = Command {
    name: "hpersist",
    arity: -5,
    run: Some(hpersist),
    docs: Docs {
        summary: "Has fields of a hash live for ever",
        syntax: "key FIELDS <numfields:integer field ...>",
        ..HEXPIRE.docs
    },
    ..HEXPIRE
};

fn hexpire(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    expire_as(ctx, request, ExpiryForm::Seconds, "hexpire")
}

fn hpexpire(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    expire_as(ctx, request, ExpiryForm::Milliseconds, "hpexpire")
}

fn hexpireat(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    expire_as(ctx, request, ExpiryForm::UnixSeconds, "hexpireat")
}

fn hpexpireat(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    expire_as(ctx, request, ExpiryForm::UnixMilliseconds, "hpexpireat")
}

/// Of each field: whether it expires then, that it has been removed because it would have expired
/// already, or that there is none.
fn expire_as(
    ctx: &mut Context<'_>,
    request: &Request,
    form: ExpiryForm,
    command: &'static str,
) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let now_ms = ctx.now_ms();
    let key = request.arg(1);
    // Its type counts before the arguments.
    ctx.edit::<Hash>(key)?;
    let expire_at_ms = field_expire_at_ms(form, request.arg(2), now_ms, command)?;
    let mut condition = Condition::default();
    let fields_at = if condition.add(request.arg(3)) { 4 } else { 3 };
    let invalid_count = "Parameter `numFields` should be greater than 0";
    let fields = fields(request, fields_at, invalid_count)?;
    let mut results = Elements::new(protocol);
    let Some(mut hash) = ctx.edit::<Hash>(key)? else {
        fields.for_each(|_| results.integer(httl::NO_FIELD));
        return Ok(results.into());
    };
    let (mut any_expires, mut any_removed) = (false, false);
    for name in fields {
        results.integer(match hash.view().get(name, now_ms) {
            None => httl::NO_FIELD,
            Some(field) if !condition.allows(field.expire_at_ms, expire_at_ms) => NOT_ALLOWED,
            Some(_) if expire_at_ms <= now_ms => {
                hash.remove(name, now_ms);
                any_removed = true;
                REMOVED
            }
            Some(_) => {
                hash.set_expiry(name, Some(expire_at_ms), now_ms);
                any_expires = true;
                EXPIRES
            }
        });
    }
    let is_emptied = hash.view().is_empty();
    drop(hash);
    if any_removed {
        ctx.notify_taken(Class::HASH, "hdel", key, is_emptied);
    }
    if any_expires {
        ctx.notify(Class::HASH, "hexpire", key);
    }
    Ok(results.into())
}

/// The Unix time in milliseconds at which a field is to expire.
///
/// # Errors
/// The number is no integer, negative or too large.
pub(super) fn field_expire_at_ms(
    form: ExpiryForm,
    number: &[u8],
    now_ms: i64,
    command: &'static str,
) -> Result<i64, CommandError> {
    let number = integer(number)?;
    if number < 0 {
        return Err(CommandError::err("invalid expire time, must be >= 0"));
    }
    let expire_at_ms = form.unix_ms(number, now_ms).filter(|&at_ms| at_ms <= EXPIRE_AT_MS_MAX);
    expire_at_ms.ok_or(CommandError::InvalidExpireTime(command))
}

fn hpersist(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let now_ms = ctx.now_ms();
    let key = request.arg(1);
    // Its type counts before the arguments.
    ctx.edit::<Hash>(key)?;
    let fields = fields(request, 2, httl::INVALID_COUNT)?;
    let mut results = Elements::new(protocol);
    let Some(mut hash) = ctx.edit::<Hash>(key)? else {
        fields.for_each(|_| results.integer(httl::NO_FIELD));
        return Ok(results.into());
    };
    let mut any_persists = false;
    for name in fields {
        results.integer(match hash.view().get(name, now_ms).map(|field| field.expire_at_ms) {
            None => httl::NO_FIELD,
            Some(None) => httl::NO_EXPIRY,
            Some(Some(_)) => {
                hash.set_expiry(name, None, now_ms);
                any_persists = true;
                PERSISTS
            }
        });
    }
    drop(hash);
    if any_persists {
        ctx.notify(Class::HASH, "hpersist", key);
    }
    Ok(results.into())
}

const NOT_ALLOWED: i64 = 0;
const EXPIRES: i64 = 1;
const REMOVED: i64 = 2;
const PERSISTS: i64 = 1;

/// The latest time that Redis takes for the expiry of a field, in Unix milliseconds.
const EXPIRE_AT_MS_MAX: i64 = (1 << 46) - 1;
