//! `GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds |
//! PXAT unix-time-milliseconds | PERSIST]`

use keyspace::StringValue;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::expiry::Expiry;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static GETEX: Command = Command {
    name: "getex",
    arity: -2,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::FIRST,
    categories: &["string"],
    tips: &[],
    run: Some(getex),
    docs: Docs {
        summary: "Returns the string value of a key and changes when the key expires",
        since: "6.2.0",
        group: "string",
        complexity: "O(1)",
        syntax: "key [EX seconds:integer | PX milliseconds:integer | \
                 EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | \
                 PERSIST]",
    },
    subcommands: &[],
};

fn getex(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(request)?;
    let now_ms = ctx.now_ms();
    let key = request.arg(1);
    let Some(string) = ctx.read::<StringValue>(key)? else { return Ok(Reply::Nil) };
    let reply = Reply::string(string);
    if let Some(expiry) = options.expiry {
        let expire_at_ms = expiry.unix_ms(now_ms, "getex")?;
        ctx.expire_at(key, expire_at_ms);
    } else if options.persist
        && ctx.db().look_to_change(key, now_ms).is_some_and(|it| it.expire_at_ms().is_some())
    {
        ctx.db().set_expire(key, None, now_ms);
        ctx.notify(Class::GENERIC, "persist", key);
    }
    Ok(reply)
}

#[derive(Debug, Default)]
struct Options<'a> {
    persist: bool,
    expiry: Option<Expiry<'a>>,
}

impl<'a> Options<'a> {
    fn parse(request: &'a Request) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut rest = request.iter().skip(2);
        while let Some(word) = rest.next() {
            if is_name("PERSIST", word) && options.expiry.is_none() {
                options.persist = true;
            } else if !options.persist {
                options.expiry = Some(Expiry::parse(word, &mut rest, options.expiry)?);
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }
}
