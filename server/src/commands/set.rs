//! `SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds |
//! PXAT unix-time-milliseconds | KEEPTTL]`, and its older forms `SETNX key value`,
//! `SETEX key seconds value`, `PSETEX key milliseconds value` and `GETSET key value`

use keyspace::{INLINE_BYTES_MAX, StringValue, Value};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::expiry::{Expiry, ExpiryForm};
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static SET: Command = Command {
    name: "set",
    arity: -3,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Specs(&[KeySpec::at(1).used(OVERWRITTEN)]),
    categories: &["string"],
    tips: &[],
    run: Some(set),
    docs: Docs {
        summary: "Sets the string value of a key, whatever it held",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        syntax: "key value [NX | XX] [GET] [EX seconds:integer | PX milliseconds:integer | \
                 EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | \
                 KEEPTTL]",
    },
    subcommands: &[],
};

pub(super) static SETNX: Command = Command {
    name: "setnx",
    arity: 3,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::OW | usage::INSERT)]),
    run: Some(setnx),
    docs: Docs {
        summary: "Sets the string value of a key that does not exist",
        syntax: "key value",
        ..SET.docs
    },
    ..SET
};

pub(super) static SETEX: Command = Command {
    name: "setex",
    arity: 4,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::OW | usage::UPDATE)]),
    run: Some(setex),
    docs: Docs {
        summary: "Sets the string value of a key and how many seconds it lives",
        since: "2.0.0",
        syntax: "key seconds:integer value",
        ..SET.docs
    },
    ..SET
};

pub(super) static PSETEX: Command = Command {
    name: "psetex",
    arity: 4,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::OW | usage::UPDATE)]),
    run: Some(psetex),
    docs: Docs {
        summary: "Sets the string value of a key and how many milliseconds it lives",
        since: "2.6.0",
        syntax: "key milliseconds:integer value",
        ..SET.docs
    },
    ..SET
};

pub(super) static GETSET: Command = Command {
    name: "getset",
    arity: 3,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::UPDATE)]),
    run: Some(getset),
    docs: Docs {
        summary: "Sets the string value of a key and returns the one it had",
        syntax: "key value",
        ..SET.docs
    },
    ..SET
};

fn set(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(request)?;
    let now_ms = ctx.now_ms();
    let key = request.arg(1);
    let mut expire_at_ms = match options.expiry {
        Some(expiry) => Some(expiry.unix_ms(now_ms, "set")?),
        None => None,
    };
    // The reply, whether the value is set or not.
    let old = match options.get {
        true => Some(ctx.read::<StringValue>(key)?.map_or(Reply::Nil, Reply::string)),
        false => None,
    };
    if options.nx || options.xx || options.keep_ttl {
        let entry = ctx.db().look_to_change(key, now_ms);
        if (options.nx && entry.is_some()) || (options.xx && entry.is_none()) {
            return Ok(old.unwrap_or(Reply::Nil));
        }
        if options.keep_ttl {
            expire_at_ms = entry.and_then(|entry| entry.expire_at_ms());
        }
    }
    ctx.insert(key, string(request, 2), expire_at_ms);
    ctx.notify(Class::STRING, "set", key);
    if options.expiry.is_some() {
        ctx.notify(Class::GENERIC, "expire", key);
    }
    if expire_at_ms.is_some_and(|expire_at_ms| expire_at_ms <= now_ms) {
        ctx.db().remove(key, now_ms);
        ctx.notify(Class::EXPIRED, "expired", key);
    }
    Ok(old.unwrap_or(Reply::OK))
}

fn setnx(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let key = request.arg(1);
    if ctx.db().look_to_change(key, now_ms).is_some() {
        return Ok(Reply::flag(false));
    }
    ctx.insert(key, string(request, 2), None);
    ctx.notify(Class::STRING, "set", key);
    Ok(Reply::flag(true))
}

fn setex(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    set_expiring(ctx, request, ExpiryForm::Seconds, "setex")
}

fn psetex(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    set_expiring(ctx, request, ExpiryForm::Milliseconds, "psetex")
}

fn set_expiring(
    ctx: &mut Context<'_>,
    request: &Request,
    form: ExpiryForm,
    command: &'static str,
) -> Result<Reply, CommandError> {
    let expiry = Expiry { form, number: request.arg(2) };
    let expire_at_ms = expiry.unix_ms(ctx.now_ms(), command)?;
    let key = request.arg(1);
    ctx.insert(key, string(request, 3), Some(expire_at_ms));
    ctx.notify(Class::STRING, "set", key);
    ctx.notify(Class::GENERIC, "expire", key);
    Ok(Reply::OK)
}

fn getset(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let key = request.arg(1);
    let old = ctx.read::<StringValue>(key)?.map_or(Reply::Nil, Reply::string);
    ctx.insert(key, string(request, 2), None);
    ctx.notify(Class::STRING, "set", key);
    Ok(old)
}

/// Argument `index` as a value for the keyspace: it copies a short one, which needs no buffer of its
/// own before, and a long one shares the buffer that it came in.
pub(super) fn string(request: &Request, index: usize) -> Value {
    let text = match request.arg(index).len() {
        ..=INLINE_BYTES_MAX => request.bytes(index),
        _ => request.owned_bytes(index),
    };
    StringValue::parse(text).into()
}

#[derive(Debug, Default)]
struct Options<'a> {
    nx: bool,
    xx: bool,
    get: bool,
    keep_ttl: bool,
    expiry: Option<Expiry<'a>>,
}

impl<'a> Options<'a> {
    /// Repeating an option is allowed; of two expiries in the same form the last one wins.
    fn parse(request: &'a Request) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut rest = request.iter().skip(3);
        while let Some(word) = rest.next() {
            if is_name("NX", word) && !options.xx {
                options.nx = true;
            } else if is_name("XX", word) && !options.nx {
                options.xx = true;
            } else if is_name("GET", word) {
                options.get = true;
            } else if is_name("KEEPTTL", word) && options.expiry.is_none() {
                options.keep_ttl = true;
            } else if !options.keep_ttl {
                options.expiry = Some(Expiry::parse(word, &mut rest, options.expiry)?);
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }
}

/// With GET, SET also returns what was there.
const OVERWRITTEN: u32 = usage::RW | usage::ACCESS | usage::UPDATE | usage::VARIABLE_FLAGS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_exclude_each_other_as_in_redis_7_2() {
        for (options, allowed) in [
            ("", true),
            ("nx GET Px 1", true),
            ("NX NX KEEPTTL KEEPTTL", true),
            ("EX 1 EX 2", true),
            ("EX NX", true),
            ("NX XX", false),
            ("XX NX", false),
            ("EX 1 PX 1", false),
            ("EXAT 1 PXAT 1", false),
            ("EX 1 KEEPTTL", false),
            ("KEEPTTL EX 1", false),
            ("EX", false),
            ("EX 1 2", false),
            ("PERSIST", false),
        ] {
            let request = ["SET", "key", "value"].into_iter().chain(options.split_whitespace());
            let request = Request::from_args(request);
            assert_eq!(Options::parse(&request).is_ok(), allowed, "{options}");
        }
    }

    #[test]
    fn of_two_expiries_the_last_one_wins() {
        let request = Request::from_args(["SET", "key", "value", "EX", "1", "ex", "2"]);
        let expiry = Options::parse(&request).unwrap().expiry.unwrap();
        assert_eq!((expiry.form, expiry.number), (ExpiryForm::Seconds, &b"2"[..]));
    }
}
