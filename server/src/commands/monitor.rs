//! `MONITOR`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static MONITOR: Command = Command {
    name: "monitor",
    arity: 1,
    flags: flags::ADMIN | flags::NOSCRIPT | flags::LOADING | flags::STALE,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: Some(monitor),
    docs: Docs {
        summary: "Tells the connection of every command that is run from now on",
        since: "1.0.0",
        group: "server",
        complexity: "O(1), and O(N) for every command that is run, in its length",
        syntax: "",
    },
    subcommands: &[],
};

/// Whoever monitors already gets no answer, as in Redis.
fn monitor(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    if ctx.in_transaction {
        // It would be told in the midst of the answers.
        let text = "MONITOR isn't allowed for DENY BLOCKING client";
        return Err(CommandError::err(text));
    }
    let slot = ctx.slot;
    let client = ctx.client();
    if std::mem::replace(&mut client.monitoring, true) {
        return Ok(Reply::Written);
    }
    let id = client.id;
    ctx.state.monitors.add((slot, id));
    Ok(Reply::OK)
}
