//! `OBJECT ENCODING key`, `OBJECT FREQ key`, `OBJECT HELP`, `OBJECT IDLETIME key` and
//! `OBJECT REFCOUNT key`

use keyspace::{AccessPolicy, EntryRef};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};

pub(super) static OBJECT: Command = Command {
    name: "object",
    arity: -2,
    flags: 0,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: None,
    docs: Docs { summary: "Tells how a value is kept", since: "2.2.3", syntax: "", ..DOCS },
    subcommands: &[
        Command {
            name: "encoding",
            run: Some(encoding),
            docs: Docs { summary: "Tells the encoding of a value", ..DOCS },
            ..OF_KEY
        },
        Command {
            name: "freq",
            run: Some(freq),
            docs: Docs {
                summary: "Tells the logarithmic access frequency of a key",
                since: "4.0.0",
                ..DOCS
            },
            ..OF_KEY
        },
        Command {
            name: "help",
            arity: 2,
            flags: flags::LOADING | flags::STALE,
            keys: Keys::None,
            tips: &[],
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", since: "6.2.0", syntax: "", ..DOCS },
            ..OF_KEY
        },
        Command {
            name: "idletime",
            run: Some(idletime),
            docs: Docs { summary: "Tells the seconds since the last access to a key", ..DOCS },
            ..OF_KEY
        },
        Command {
            name: "refcount",
            run: Some(refcount),
            docs: Docs { summary: "Tells how many keys share a value: one", ..DOCS },
            ..OF_KEY
        },
    ],
};

/// What the subcommands that take a key have in common.
const OF_KEY: Command = Command {
    name: "",
    arity: 3,
    flags: flags::READONLY,
    keys: Keys::Specs(&[KeySpec::at(2).used(usage::RO)]),
    categories: &["keyspace"],
    tips: &["nondeterministic_output"],
    run: None,
    docs: DOCS,
    subcommands: &[],
};

const DOCS: Docs =
    Docs { summary: "", since: "2.2.3", group: "generic", complexity: "O(1)", syntax: "key" };

fn encoding(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let Some(entry) = entry(ctx, request) else { return Ok(Reply::Nil) };
    Ok(Reply::text(entry.value().encoding()))
}

fn freq(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (policy, now_ms) = (ctx.state.config.access_policy(), ctx.now_ms());
    match entry(ctx, request) {
        None => Ok(Reply::Nil),
        Some(_) if policy == AccessPolicy::Lru => Err(CommandError::err(
            "An LFU maxmemory policy is not selected, access frequency not tracked. Please note \
             that when switching between policies at runtime LRU and LFU data will take some time \
             to adjust.",
        )),
        // Zero for a record that is still of the other kind.
        Some(entry) => {
            Ok(Reply::Integer(entry.access().frequency(now_ms).unwrap_or_default().into()))
        }
    }
}

fn idletime(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (policy, now_ms) = (ctx.state.config.access_policy(), ctx.now_ms());
    match entry(ctx, request) {
        None => Ok(Reply::Nil),
        Some(_) if policy == AccessPolicy::Lfu => Err(CommandError::err(
            "An LFU maxmemory policy is selected, idle time not tracked. Please note that when \
             switching between policies at runtime LRU and LFU data will take some time to adjust.",
        )),
        // Zero for a record that is still of the other kind.
        Some(entry) => {
            Ok(Reply::Integer(entry.access().idle_seconds(now_ms).unwrap_or_default() as i64))
        }
    }
}

fn refcount(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(entry(ctx, request).map_or(Reply::Nil, |_| Reply::Integer(1)))
}

/// Looks at the key without accessing it.
fn entry<'a>(ctx: &'a mut Context<'_>, request: &Request) -> Option<EntryRef<'a>> {
    let now_ms = ctx.now_ms();
    ctx.db().peek(request.arg(2), now_ms)
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "ENCODING <key>",
        "    Tell the encoding of the value.",
        "FREQ <key>",
        "    Tell the logarithmic access frequency of the key.",
        "IDLETIME <key>",
        "    Tell the seconds since the last access to the key.",
        "REFCOUNT <key>",
        "    Tell how many keys share the value.",
        "HELP",
        "    Print this help.",
    ]))
}
