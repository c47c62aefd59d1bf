//! `CLUSTER KEYSLOT key`, `CLUSTER COUNTKEYSINSLOT slot`, `CLUSTER GETKEYSINSLOT slot count` and
//! `CLUSTER HELP`
//!
//! Keys have hash slots whether or not the server is part of a cluster, which it never is: what asks
//! for the cluster itself gets the error of a Redis that is in none.

use keyspace::Slot;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::integer;
use super::reply::Elements;
use super::{CommandError, Context, Reply};

pub(super) static CLUSTER: Command = Command {
    name: "cluster",
    arity: -2,
    flags: 0,
    run: None,
    docs: Docs { summary: "Tells of hash slots", ..DOCS },
    subcommands: &[
        Command {
            name: "countkeysinslot",
            arity: 3,
            run: Some(count_keys_in_slot),
            docs: Docs {
                summary: "Returns the number of keys in a hash slot",
                syntax: "slot:integer",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "getkeysinslot",
            arity: 4,
            tips: &["nondeterministic_output"],
            run: Some(get_keys_in_slot),
            docs: Docs {
                summary: "Returns keys in a hash slot",
                complexity: "O(N) in the number of keys that are asked for",
                syntax: "slot:integer count:integer",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "help",
            flags: flags::LOADING | flags::STALE,
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", since: "5.0.0", ..DOCS },
            ..BASE
        },
        Command {
            name: "info",
            tips: &["nondeterministic_output"],
            docs: Docs { summary: "Returns the state of the cluster", ..DOCS },
            ..BASE
        },
        Command {
            name: "keyslot",
            arity: 3,
            run: Some(key_slot),
            docs: Docs {
                summary: "Returns the hash slot of a key",
                complexity: "O(N) in the length of the key",
                syntax: "key:string",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "myid",
            docs: Docs { summary: "Returns the ID of the node", ..DOCS },
            ..BASE
        },
        Command {
            name: "nodes",
            tips: &["nondeterministic_output"],
            docs: Docs { summary: "Returns the nodes of the cluster", ..DOCS },
            ..BASE
        },
        Command {
            name: "shards",
            flags: flags::LOADING | flags::STALE,
            tips: &["nondeterministic_output"],
            docs: Docs {
                summary: "Returns the shards of the cluster and their hash slots",
                since: "7.0.0",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "slots",
            flags: flags::LOADING | flags::STALE,
            tips: &["nondeterministic_output"],
            docs: Docs { summary: "Returns the nodes of ranges of hash slots", ..DOCS },
            ..BASE
        },
    ],
    ..BASE
};

/// What the subcommands have in common.
const BASE: Command = Command {
    name: "",
    arity: 2,
    flags: flags::STALE,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: Some(no_cluster),
    docs: DOCS,
    subcommands: &[],
};

const DOCS: Docs =
    Docs { summary: "", since: "3.0.0", group: "cluster", complexity: "O(1)", syntax: "" };

fn key_slot(_: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::Integer(Slot::of(request.arg(2)).number().into()))
}

/// Keys count until they are removed, though their time may be up.
fn count_keys_in_slot(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let slot = slot(integer(request.arg(2))?).ok_or_else(|| CommandError::err("Invalid slot"))?;
    Ok(ctx.db().slot_len(slot).into())
}

fn get_keys_in_slot(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let (slot_number, count) = (integer(request.arg(2))?, integer(request.arg(3))?);
    let (Some(slot), Ok(count)) = (slot(slot_number), usize::try_from(count)) else {
        return Err(CommandError::err("Invalid slot or number of keys"));
    };
    let now_ms = ctx.now_ms();
    let db = ctx.db();
    let mut keys = Elements::new(protocol);
    let live = db.slot_keys(slot).filter(|key| db.peek(key, now_ms).is_some());
    live.take(count).for_each(|key| keys.bulk(key));
    Ok(keys.into())
}

fn no_cluster(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Err(CommandError::err("This instance has cluster support disabled"))
}

fn slot(number: i64) -> Option<Slot> {
    u16::try_from(number).ok().and_then(Slot::new)
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "COUNTKEYSINSLOT <slot>",
        "    Tell the number of keys in the hash slot.",
        "GETKEYSINSLOT <slot> <count>",
        "    Tell so many keys in the hash slot.",
        "KEYSLOT <key>",
        "    Tell the hash slot of the key.",
        "HELP",
        "    Print this help.",
    ]))
}
