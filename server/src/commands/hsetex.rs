//! `HSETEX key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds |
//! PXAT unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]`

use keyspace::{FieldExpiry, Hash};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::expiry::ExpiryForm;
use super::hexpire::field_expire_at_ms;
use super::number::integer;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static HSETEX: Command = Command {
    name: "hsetex",
    arity: -6,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    categories: &["hash"],
    tips: &[],
    run: Some(hsetex),
    docs: Docs {
        summary: "Gives fields of a hash new values, all or none, and sets when they expire",
        since: "8.0.0",
        group: "hash",
        complexity: "O(N) for N fields",
        syntax: "key condition=[FNX | FXX] \
                 expiration=[EX seconds:integer | PX milliseconds:integer | \
                 EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | \
                 KEEPTTL] FIELDS <numfields:integer data=<field value> ...>",
    },
    subcommands: &[],
};

/// Whether the fields were set.
fn hsetex(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (thresholds, now_ms) = (ctx.thresholds(), ctx.now_ms());
    let options = Options::parse(request, now_ms)?;
    let key = request.arg(1);
    let pairs = (options.first..request.len()).step_by(2);
    if let Some(wanted) = options.condition {
        let hash = ctx.edit::<Hash>(key)?;
        let hash = hash.as_ref().map(|hash| hash.view());
        let is_there = |at| hash.is_some_and(|hash| hash.get(request.arg(at), now_ms).is_some());
        if !pairs.clone().all(|at| is_there(at) == wanted) {
            return Ok(Reply::Integer(0));
        }
    }
    let mut hash = ctx.edit_or_new::<Hash>(key)?;
    hash.expect(pairs.len(), &thresholds);
    for at in pairs.clone() {
        let (name, value) = (request.arg(at), request.arg(at + 1));
        let keep = if options.keeps_ttl { FieldExpiry::Keep } else { FieldExpiry::Clear };
        hash.set(name, value, keep, &thresholds, now_ms);
        if let Some(at_ms) = options.expire_at_ms.filter(|&at_ms| at_ms > now_ms) {
            hash.set_expiry(name, Some(at_ms), now_ms);
        }
    }
    drop(hash);
    ctx.notify(Class::HASH, "hset", key);
    match options.expire_at_ms {
        None => {}
        Some(at_ms) if at_ms > now_ms => ctx.notify(Class::HASH, "hexpire", key),
        Some(_) => remove(ctx, key, pairs.map(|at| request.arg(at)))?,
    }
    Ok(Reply::Integer(1))
}

/// Removes fields that have been set to expire in the past.
fn remove<'a>(
    ctx: &mut Context<'_>,
    key: &[u8],
    names: impl Iterator<Item = &'a [u8]>,
) -> Result<(), CommandError> {
    let now_ms = ctx.now_ms();
    let Some(mut hash) = ctx.edit::<Hash>(key)? else { return Ok(()) };
    for name in names {
        hash.remove(name, now_ms);
    }
    let is_emptied = hash.view().is_empty();
    drop(hash);
    ctx.notify_taken(Class::HASH, "hdel", key, is_emptied);
    Ok(())
}

#[derive(Debug, Default)]
struct Options {
    /// All fields have to be there, or none.
    condition: Option<bool>,
    keeps_ttl: bool,
    expire_at_ms: Option<i64>,
    /// The argument that is the first field.
    first: usize,
}

impl Options {
    fn parse(request: &Request, now_ms: i64) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = 2;
        while let Some(word) = request.get(index) {
            index += 1;
            if is_name("FIELDS", word) {
                options.first = first_field(request, index)?;
                return Ok(options);
            } else if is_name("FNX", word) || is_name("FXX", word) {
                if options.condition.is_some() {
                    let text = "Only one of FXX or FNX arguments can be specified";
                    return Err(CommandError::err(text));
                }
                options.condition = Some(is_name("FXX", word));
                continue;
            }
            let form = ExpiryForm::of_option(word);
            if form.is_none() && !is_name("KEEPTTL", word) {
                return Err(CommandError::Line([b"ERR unknown argument: ", word].concat()));
            }
            if options.keeps_ttl || options.expire_at_ms.is_some() {
                let text = "Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
                return Err(CommandError::err(text));
            }
            if let Some(form) = form {
                let number = request.get(index).ok_or_else(arity)?;
                options.expire_at_ms = Some(field_expire_at_ms(form, number, now_ms, HSETEX.name)?);
                index += 1;
            } else {
                options.keeps_ttl = true;
            }
        }
        Err(arity())
    }
}

/// The first field after their number, which is argument `count_at`; they go to the end.
fn first_field(request: &Request, count_at: usize) -> Result<usize, CommandError> {
    let first = count_at + 1;
    let words = request.len().saturating_sub(first);
    if words < 2 {
        return Err(arity());
    }
    let count = integer(request.arg(count_at)).ok().and_then(|count| i32::try_from(count).ok());
    let count = count
        .filter(|&count| count > 0)
        .ok_or_else(|| CommandError::err("invalid number of fields"))?;
    if usize::try_from(count) != Ok(words / 2) || !words.is_multiple_of(2) {
        return Err(arity());
    }
    Ok(first)
}

fn arity() -> CommandError {
    CommandError::Arity(HSETEX.name.into())
}
