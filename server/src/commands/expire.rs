//! `EXPIRE key seconds [NX | XX | GT | LT]`, its kin `PEXPIRE`, `EXPIREAT` and `PEXPIREAT`, and
//! `PERSIST key`

use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::expiry::ExpiryForm;
use super::number::integer;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static EXPIRE: Command = Command {
    name: "expire",
    arity: -3,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    categories: &["keyspace"],
    tips: &[],
    run: Some(expire),
    docs: Docs {
        summary: "Sets how many seconds a key lives",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        syntax: "key seconds:integer [NX | XX | GT | LT]",
    },
    subcommands: &[],
};

pub(super) static PEXPIRE: Command = Command {
    name: "pexpire",
    run: Some(pexpire),
    docs: Docs {
        summary: "Sets how many milliseconds a key lives",
        since: "2.6.0",
        syntax: "key milliseconds:integer [NX | XX | GT | LT]",
        ..EXPIRE.docs
    },
    ..EXPIRE
};

pub(super) static EXPIREAT: Command = Command {
    name: "expireat",
    run: Some(expireat),
    docs: Docs {
        summary: "Sets the Unix time in seconds at which a key expires",
        since: "1.2.0",
        syntax: "key unix-time-seconds:unix-time [NX | XX | GT | LT]",
        ..EXPIRE.docs
    },
    ..EXPIRE
};

pub(super) static PEXPIREAT: Command = Command {
    name: "pexpireat",
    run: Some(pexpireat),
    docs: Docs {
        summary: "Sets the Unix time in milliseconds at which a key expires",
        since: "2.6.0",
        syntax: "key unix-time-milliseconds:unix-time [NX | XX | GT | LT]",
        ..EXPIRE.docs
    },
    ..EXPIRE
};

pub(super) static PERSIST: Command = Command {
    name: "persist",
    arity: 2,
    run: Some(persist),
    docs: Docs { summary: "Has a key live for ever", since: "2.2.0", syntax: "key", ..EXPIRE.docs },
    ..EXPIRE
};

fn expire(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    expire_as(ctx, request, ExpiryForm::Seconds, "expire")
}

fn pexpire(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    expire_as(ctx, request, ExpiryForm::Milliseconds, "pexpire")
}

fn expireat(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    expire_as(ctx, request, ExpiryForm::UnixSeconds, "expireat")
}

fn pexpireat(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    expire_as(ctx, request, ExpiryForm::UnixMilliseconds, "pexpireat")
}

fn persist(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let key = request.arg(1);
    let entry = ctx.db().look_to_change(key, now_ms);
    let expires = entry.is_some_and(|entry| entry.expire_at_ms().is_some());
    if expires {
        ctx.db().set_expire(key, None, now_ms);
        ctx.notify(Class::GENERIC, "persist", key);
    }
    Ok(Reply::flag(expires))
}

/// Negative numbers are allowed: they, like all times that are not in the future, delete the key.
fn expire_as(
    ctx: &mut Context<'_>,
    request: &Request,
    form: ExpiryForm,
    command: &'static str,
) -> Result<Reply, CommandError> {
    let condition = Condition::parse(request)?;
    let now_ms = ctx.now_ms();
    let key = request.arg(1);
    let expire_at_ms = form
        .unix_ms(integer(request.arg(2))?, now_ms)
        .ok_or(CommandError::InvalidExpireTime(command))?;
    let Some(entry) = ctx.db().look_to_change(key, now_ms) else { return Ok(Reply::flag(false)) };
    if !condition.allows(entry.expire_at_ms(), expire_at_ms) {
        return Ok(Reply::flag(false));
    }
    ctx.expire_at(key, expire_at_ms);
    Ok(Reply::flag(true))
}

/// What must be true of the expiry that a key or field has.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// It has none.
    nx: bool,
    /// It has one.
    xx: bool,
    /// The new one is later.
    gt: bool,
    /// The new one is earlier.
    lt: bool,
}

impl Condition {
    fn parse(request: &Request) -> Result<Self, CommandError> {
        let mut condition = Self::default();
        for word in request.iter().skip(3) {
            if !condition.add(word) {
                return Err(CommandError::Line([b"ERR Unsupported option ", word].concat()));
            }
        }
        let Self { nx, xx, gt, lt } = condition;
        if nx && (xx || gt || lt) {
            return Err(CommandError::err(
                "NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if gt && lt {
            return Err(CommandError::err("GT and LT options at the same time are not compatible"));
        }
        Ok(condition)
    }

    /// Adds the condition that has this name, and tells whether there is one.
    pub(super) fn add(&mut self, word: &[u8]) -> bool {
        let conditions = [
            ("NX", &mut self.nx),
            ("XX", &mut self.xx),
            ("GT", &mut self.gt),
            ("LT", &mut self.lt),
        ];
        for (name, condition) in conditions {
            if is_name(name, word) {
                *condition = true;
                return true;
            }
        }
        false
    }

    /// A key or field without an expiry lives longer than any other.
    pub(super) fn allows(&self, old_ms: Option<i64>, new_ms: i64) -> bool {
        match old_ms {
            None => !self.xx && !self.gt,
            Some(old_ms) => {
                !self.nx && (!self.gt || new_ms > old_ms) && (!self.lt || new_ms < old_ms)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &str) -> Result<Condition, CommandError> {
        let request = ["EXPIRE", "key", "1"].into_iter().chain(options.split_whitespace());
        Condition::parse(&Request::from_args(request))
    }

    #[test]
    fn conditions_are_those_of_redis_7_2() {
        const EARLIER: Option<i64> = Some(1);
        const SAME: Option<i64> = Some(2);
        const LATER: Option<i64> = Some(3);
        for (options, allowed) in [
            ("", &[None, EARLIER, SAME, LATER][..]),
            ("nx", &[None]),
            ("XX", &[EARLIER, SAME, LATER]),
            ("GT", &[EARLIER]),
            ("LT", &[None, LATER]),
            ("XX GT", &[EARLIER]),
            ("XX LT", &[LATER]),
        ] {
            let condition = parse(options).unwrap();
            for old_ms in [None, EARLIER, SAME, LATER] {
                let wanted = allowed.contains(&old_ms);
                assert_eq!(condition.allows(old_ms, 2), wanted, "{options} {old_ms:?}");
            }
        }
        for options in ["NX XX", "NX GT", "LT NX", "GT LT", "XX GT LT", "ON"] {
            assert!(parse(options).is_err(), "{options}");
        }
    }
}
