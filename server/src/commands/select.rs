//! `SELECT index` and `SWAPDB index1 index2`

use keyspace::Keyspace;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::{integer, integer32};
use super::{CommandError, Context, Reply};

pub(super) static SELECT: Command = Command {
    name: "select",
    arity: 2,
    flags: flags::LOADING | flags::STALE | flags::FAST,
    keys: Keys::None,
    categories: &["connection"],
    tips: &[],
    run: Some(select),
    docs: Docs {
        summary: "Selects the database of the connection",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        syntax: "index:integer",
    },
    subcommands: &[],
};

pub(super) static SWAPDB: Command = Command {
    name: "swapdb",
    arity: 3,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::AllDatabases,
    categories: &["keyspace", "dangerous"],
    tips: &[],
    run: Some(swapdb),
    docs: Docs {
        summary: "Exchanges the keys of two databases",
        since: "4.0.0",
        group: "server",
        complexity: "O(1)",
        syntax: "index1:integer index2:integer",
    },
    subcommands: &[],
};

fn select(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let index = integer32(request.arg(1))?;
    ctx.client().db = database_index(ctx.keyspace, index)?;
    Ok(Reply::OK)
}

fn swapdb(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let parse = |argument| i32::try_from(integer(argument).ok()?).ok();
    let left = parse(request.arg(1)).ok_or_else(|| CommandError::err("invalid first DB index"))?;
    let right =
        parse(request.arg(2)).ok_or_else(|| CommandError::err("invalid second DB index"))?;
    let (left, right) = (database_index(ctx.keyspace, left)?, database_index(ctx.keyspace, right)?);
    ctx.database_goes(left, Some(right));
    ctx.database_goes(right, Some(left));
    ctx.keyspace.swap_databases(left, right);
    Ok(Reply::OK)
}

/// The database that a SELECT is going to select, if it is not going to fail.
pub(super) fn selected(keyspace: &Keyspace, request: &Request) -> Option<usize> {
    database_index(keyspace, integer32(request.arg(1)).ok()?).ok()
}

/// The database that `index` means.
///
/// # Errors
/// There is none.
pub(super) fn database_index(keyspace: &Keyspace, index: i32) -> Result<usize, CommandError> {
    match usize::try_from(index) {
        Ok(index) if index < keyspace.database_count() => Ok(index),
        _ => Err(CommandError::err("DB index is out of range")),
    }
}
