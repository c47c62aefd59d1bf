//! `FLUSHDB [ASYNC | SYNC]` and `FLUSHALL [ASYNC | SYNC]`; the keys are always gone at once, and
//! their memory is always freed elsewhere

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply, is_name};

pub(super) static FLUSHDB: Command = Command {
    name: "flushdb",
    arity: -1,
    flags: flags::WRITE,
    keys: Keys::Database,
    categories: &["keyspace", "dangerous"],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    run: Some(flushdb),
    docs: Docs {
        summary: "Deletes all keys of the selected database",
        since: "1.0.0",
        group: "server",
        complexity: "O(1); what the keys held is freed in another thread",
        syntax: "[ASYNC | SYNC]",
    },
    subcommands: &[],
};

pub(super) static FLUSHALL: Command = Command {
    name: "flushall",
    keys: Keys::AllDatabases,
    run: Some(flushall),
    docs: Docs {
        summary: "Deletes all keys of all databases",
        complexity: "O(N) in the number of databases; what the keys held is freed in another \
                     thread",
        ..FLUSHDB.docs
    },
    ..FLUSHDB
};

fn flushdb(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    check_mode(request)?;
    let db = ctx.client().db;
    ctx.notify_flush();
    ctx.database_goes(db, None);
    ctx.db().clear();
    Ok(Reply::OK)
}

fn flushall(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    check_mode(request)?;
    ctx.notify_flush();
    for index in 0..ctx.keyspace.database_count() {
        ctx.database_goes(index, None);
        ctx.keyspace.database_mut(index).clear();
    }
    Ok(Reply::OK)
}

fn check_mode(request: &Request) -> Result<(), CommandError> {
    match (request.get(1), request.len()) {
        (None, _) => Ok(()),
        (Some(mode), 2) if is_name("ASYNC", mode) || is_name("SYNC", mode) => Ok(()),
        _ => Err(CommandError::Syntax),
    }
}
