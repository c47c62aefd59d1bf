//! `QUIT`, and `RESET`, which makes a connection as good as new

use bytes::Bytes;
use resp::{Protocol, Request};

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static QUIT: Command = Command {
    name: "quit",
    arity: -1,
    flags: flags::NOSCRIPT
        | flags::LOADING
        | flags::STALE
        | flags::FAST
        | flags::NO_AUTH
        | flags::ALLOW_BUSY
        | flags::UNQUEUED
        | flags::WHILE_SUBSCRIBED,
    keys: Keys::None,
    categories: &["connection"],
    tips: &[],
    run: Some(quit),
    docs: Docs {
        summary: "Closes the connection",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        syntax: "",
    },
    subcommands: &[],
};

pub(super) static RESET: Command = Command {
    name: "reset",
    arity: 1,
    run: Some(reset),
    docs: Docs {
        summary: "Makes the connection as it was when it was opened",
        since: "6.2.0",
        ..QUIT.docs
    },
    ..QUIT
};

fn quit(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    ctx.client().closing = true;
    Ok(Reply::OK)
}

fn reset(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let authenticated = ctx.state.config.requirepass().is_none();
    ctx.end_transaction();
    let client = ctx.client();
    client.db = 0;
    client.name = Bytes::new();
    client.authenticated = authenticated;
    client.protocol = Protocol::Resp2;
    client.replies.reset();
    client.monitoring = false;
    client.subscribed = false;
    let id = client.id;
    ctx.state.subscriptions.remove_client(id);
    ctx.state.monitors.remove(id);
    ctx.state.untrack(ctx.slot);
    Ok(Reply::Status("RESET"))
}
