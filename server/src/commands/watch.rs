//! `WATCH key [key ...]` and `UNWATCH`

use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};
use crate::changes::Consumer;

pub(super) static WATCH: Command = Command {
    name: "watch",
    arity: -2,
    flags: flags::NOSCRIPT
        | flags::LOADING
        | flags::STALE
        | flags::FAST
        | flags::ALLOW_BUSY
        | flags::UNQUEUED,
    keys: Keys::Specs(&[KeySpec::at(1).to(-1).used(usage::RO)]),
    categories: &["transaction"],
    tips: &[],
    run: Some(watch),
    docs: Docs {
        summary: "Has the next EXEC run nothing if one of these keys has changed by then",
        since: "2.2.0",
        group: "transactions",
        complexity: "O(1) for each key",
        syntax: "key ...",
    },
    subcommands: &[],
};

pub(super) static UNWATCH: Command = Command {
    name: "unwatch",
    arity: 1,
    flags: WATCH.flags & !flags::UNQUEUED,
    keys: Keys::None,
    run: Some(unwatch),
    docs: Docs {
        summary: "Forgets the watched keys, and whether they have changed",
        complexity: "O(1)",
        syntax: "",
        ..WATCH.docs
    },
    ..WATCH
};

fn watch(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (slot, now_ms) = (ctx.slot, ctx.now_ms());
    let client = ctx.client();
    if client.transaction.is_some() {
        return Err(CommandError::err("WATCH inside MULTI is not allowed"));
    }
    // Whose transaction is not going to be run needs not to watch.
    if client.is_watch_broken {
        return Ok(Reply::OK);
    }
    let (db, id) = (client.db, client.id);
    for key in request.iter().skip(1) {
        let was_past = ctx.keyspace.database(db).is_past(key, now_ms);
        ctx.state.watches.watch((slot, id), db, key, was_past);
    }
    ctx.state.changes.want(Consumer::Watches);
    Ok(Reply::OK)
}

fn unwatch(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    ctx.unwatch();
    Ok(Reply::OK)
}
