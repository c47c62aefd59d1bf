//! `MULTI`, `EXEC` and `DISCARD`: a transaction

use keyspace::Keyspace;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::select::{SELECT, selected};
use super::{CommandError, Context, Reply, Wait, waits_in};
use crate::transaction::Transaction;

pub(super) static MULTI: Command = Command {
    name: "multi",
    arity: 1,
    flags: flags::NOSCRIPT
        | flags::LOADING
        | flags::STALE
        | flags::FAST
        | flags::ALLOW_BUSY
        | flags::UNQUEUED,
    keys: Keys::None,
    categories: &["transaction"],
    tips: &[],
    run: Some(multi),
    docs: Docs {
        summary: "Starts a transaction: the commands that follow are queued until EXEC",
        since: "1.2.0",
        group: "transactions",
        complexity: "O(1)",
        syntax: "",
    },
    subcommands: &[],
};

pub(super) static EXEC: Command = Command {
    name: "exec",
    flags: flags::NOSCRIPT | flags::LOADING | flags::STALE | flags::SKIP_SLOWLOG | flags::UNQUEUED,
    run: Some(exec),
    docs: Docs {
        summary: "Runs the queued commands with nothing between them, unless a watched key has \
                  changed",
        complexity: "That of the queued commands",
        ..MULTI.docs
    },
    ..MULTI
};

pub(super) static DISCARD: Command = Command {
    name: "discard",
    run: Some(discard),
    docs: Docs {
        summary: "Ends a transaction without running its commands",
        since: "2.0.0",
        complexity: "O(N) for N queued commands",
        ..MULTI.docs
    },
    ..MULTI
};

/// What stands in the way of a transaction that is run in this database: whatever does of one of its
/// commands, in the database that this is run in.
pub(super) fn waits_for(
    keyspace: &Keyspace,
    db: usize,
    transaction: &Transaction,
    waited: Option<usize>,
) -> Option<Wait> {
    let in_the_way = |first| {
        let mut db = db;
        transaction.iter().enumerate().find_map(|(index, queued)| {
            let row = queued.command.resolved().row;
            let selected = std::ptr::eq(row, &SELECT).then(|| selected(keyspace, &queued.request));
            let wait = (index >= first)
                .then(|| waits_in(keyspace, db, row, &queued.request, None))
                .flatten();
            db = selected.flatten().unwrap_or(db);
            wait.map(|wait| Wait { argument: index, ..wait })
        })
    };
    // As for one command: what was waited for is looked at first.
    waited.and_then(in_the_way).or_else(|| in_the_way(0))
}

fn multi(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let transaction = &mut ctx.client().transaction;
    if transaction.is_some() {
        return Err(CommandError::err("MULTI calls can not be nested"));
    }
    *transaction = Some(Box::default());
    Ok(Reply::OK)
}

/// Decides whether the queue is run, which the event loop does: nothing may come between its
/// commands, and some of them take their time.
fn exec(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let Some(transaction) = &ctx.client().transaction else {
        return Err(CommandError::err("EXEC without MULTI"));
    };
    if transaction.aborted {
        ctx.end_transaction();
        return Err(CommandError::ExecAbort);
    }
    if ctx.is_watch_broken() {
        ctx.end_transaction();
        return Ok(Reply::NilArray);
    }
    ctx.unwatch();
    Ok(Reply::Transaction)
}

fn discard(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    if ctx.client().transaction.is_none() {
        return Err(CommandError::err("DISCARD without MULTI"));
    }
    ctx.end_transaction();
    Ok(Reply::OK)
}
