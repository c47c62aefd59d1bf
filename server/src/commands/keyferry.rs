//! `KEYFERRY CANCEL id`, `KEYFERRY HELP` and `KEYFERRY MIGRATIONS`: migrations under way

use migrate::driver::Migration;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::integer;
use super::{CommandError, Context, Reply};

pub(super) static KEYFERRY: Command = Command {
    name: "keyferry",
    arity: -2,
    flags: 0,
    docs: Docs { summary: "Tells of migrations under way and calls them off", ..DOCS },
    subcommands: &[
        Command {
            name: "cancel",
            arity: 3,
            run: Some(cancel),
            docs: Docs {
                summary: "Calls a migration off: keys that are not acknowledged stay",
                complexity: "O(N) in the number of migrations",
                syntax: "id:integer",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "help",
            flags: flags::LOADING | flags::STALE,
            categories: &[],
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", ..DOCS },
            ..BASE
        },
        Command {
            name: "migrations",
            tips: &["nondeterministic_output"],
            run: Some(migrations),
            docs: Docs {
                summary: "Tells how far the migrations under way are",
                complexity: "O(N) in the number of migrations",
                ..DOCS
            },
            ..BASE
        },
    ],
    ..BASE
};

/// What the subcommands have in common. From `ADMIN` follow the categories admin and dangerous.
const BASE: Command = Command {
    name: "",
    arity: 2,
    flags: flags::ADMIN | flags::NOSCRIPT | flags::LOADING | flags::STALE,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: None,
    docs: DOCS,
    subcommands: &[],
};

/// No version of Redis has it: the one that INFO shows is told.
const DOCS: Docs =
    Docs { summary: "", since: "7.2.4", group: "server", complexity: "O(1)", syntax: "" };

fn cancel(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let id = integer(request.arg(2)).ok().and_then(|id| u64::try_from(id).ok());
    let id = id.ok_or_else(|| CommandError::err("Invalid migration ID"))?;
    let now = ctx.now;
    Ok(Reply::flag(ctx.state.migrations.cancel(id, now)))
}

fn migrations(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let mut migrations: Vec<_> = ctx.state.migrations.migrations(ctx.now).collect();
    migrations.sort_unstable_by_key(|migration| migration.id);
    Ok(migrations.iter().map(shown).collect())
}

fn shown(migration: &Migration<'_>) -> Reply {
    let progress = &migration.progress;
    let (current_done, current_total) = progress.current_bytes.unwrap_or_default();
    let milliseconds = migration.time_left().map(|left| left.as_millis());
    let eta_ms = milliseconds.map_or(-1, |left| i64::try_from(left).unwrap_or(i64::MAX));
    let number = |number: u64| Reply::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    Reply::Map(vec![
        (Reply::text("id"), number(migration.id)),
        (Reply::text("target"), Reply::copied(target(migration))),
        (Reply::text("db"), Reply::Integer(migration.target_db)),
        (Reply::text("keys-done"), progress.keys_done.into()),
        (Reply::text("keys-total"), progress.keys_total.into()),
        (Reply::text("keys-in-doubt"), progress.keys_in_doubt.into()),
        (Reply::text("bytes-sent"), number(progress.sent_bytes)),
        (Reply::text("key-bytes-done"), number(current_done)),
        (Reply::text("key-bytes-total"), number(current_total)),
        (Reply::text("bytes-per-second"), number(migration.bytes_per_second)),
        (Reply::text("eta-ms"), Reply::Integer(eta_ms)),
        (Reply::text("settling"), Reply::flag(progress.settling)),
    ])
}

fn target(migration: &Migration<'_>) -> String {
    let (host, port) = (&migration.endpoint.host, migration.endpoint.port);
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "KEYFERRY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CANCEL <id>",
        "    Call the migration off. Keys that its target has not acknowledged stay, and its",
        "    caller gets an error. Return 1, or 0 if it is not under way.",
        "MIGRATIONS",
        "    Tell of each migration under way:",
        "    id, target (host:port), db (there), keys-done, keys-total, keys-in-doubt (sent and",
        "    not answered), bytes-sent, key-bytes-done and key-bytes-total (of the key that is",
        "    leaving), bytes-per-second (over the last seconds), eta-ms (-1 if it cannot be told)",
        "    and settling (1 while it is found out what became of keys in doubt).",
        "HELP",
        "    Print this help.",
    ]))
}
