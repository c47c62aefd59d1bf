//! `SLOWLOG GET [count]`, `SLOWLOG HELP`, `SLOWLOG LEN` and `SLOWLOG RESET`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::integer;
use super::{CommandError, Context, Reply};
use crate::slow_log::Entry;

pub(super) static SLOWLOG: Command = Command {
    name: "slowlog",
    arity: -2,
    flags: 0,
    docs: Docs { summary: "Tells of the commands that took long", ..DOCS },
    subcommands: &[
        Command {
            name: "get",
            arity: -2,
            tips: &["request_policy:all_nodes", "nondeterministic_output"],
            run: Some(get),
            docs: Docs {
                summary: "Tells the last of them",
                complexity: "O(N) in the number of entries that are asked for",
                syntax: "[count:integer]",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "help",
            flags: flags::LOADING | flags::STALE,
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", since: "6.2.0", ..DOCS },
            ..BASE
        },
        Command {
            name: "len",
            tips: &[
                "request_policy:all_nodes",
                "response_policy:agg_sum",
                "nondeterministic_output",
            ],
            run: Some(len),
            docs: Docs { summary: "Tells how many are remembered", ..DOCS },
            ..BASE
        },
        Command {
            name: "reset",
            tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
            run: Some(reset),
            docs: Docs {
                summary: "Forgets all of them",
                complexity: "O(N) in the number of entries",
                ..DOCS
            },
            ..BASE
        },
    ],
    ..BASE
};

/// What the subcommands have in common.
const BASE: Command = Command {
    name: "",
    arity: 2,
    flags: flags::ADMIN | flags::LOADING | flags::STALE,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: None,
    docs: DOCS,
    subcommands: &[],
};

const DOCS: Docs =
    Docs { summary: "", since: "2.2.12", group: "server", complexity: "O(1)", syntax: "" };

fn get(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let count = match request.len() {
        2 => COUNT_DEFAULT,
        3 => match integer(request.arg(2)) {
            Ok(-1) => usize::MAX,
            Ok(count @ 0..) => usize::try_from(count).unwrap_or(usize::MAX),
            _ => {
                return Err(CommandError::err("count should be greater than or equal to -1"));
            }
        },
        _ => return Err(super::wrong_subcommand("slowlog", request.arg(1))),
    };
    Ok(ctx.state.slow_log.iter().take(count).map(entry).collect())
}

fn entry(entry: &Entry) -> Reply {
    [
        Reply::Integer(i64::try_from(entry.id).unwrap_or(i64::MAX)),
        Reply::Integer(entry.unix_seconds),
        Reply::Integer(i64::try_from(entry.time.as_micros()).unwrap_or(i64::MAX)),
        entry.arguments.iter().cloned().map(Reply::Bulk).collect(),
        Reply::copied(entry.address.to_string()),
        Reply::Bulk(entry.client_name.clone()),
    ]
    .into_iter()
    .collect()
}

fn len(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.state.slow_log.len().into())
}

fn reset(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    ctx.state.slow_log.clear();
    Ok(Reply::OK)
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "GET [<count>]",
        "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
        "    Entries are made of:",
        "    id, timestamp, time in microseconds, arguments array, client IP and port,",
        "    client name",
        "LEN",
        "    Return the length of the slowlog.",
        "RESET",
        "    Reset the slowlog.",
        "HELP",
        "    Prints this help.",
    ]))
}

const COUNT_DEFAULT: usize = 10;
