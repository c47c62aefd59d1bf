//! `PING [message]`

use resp::{Protocol, Request};

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static PING: Command = Command {
    name: "ping",
    arity: -1,
    flags: flags::FAST | flags::WHILE_SUBSCRIBED,
    keys: Keys::None,
    categories: &["connection"],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    run: Some(ping),
    docs: Docs {
        summary: "Answers with PONG, or with the message",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        syntax: "[message]",
    },
    subcommands: &[],
};

/// Who is subscribed and speaks RESP2 expects messages, and gets the form of one.
fn ping(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let is_message = ctx.client().subscribed && ctx.protocol() == Protocol::Resp2;
    match request.len() {
        len @ (1 | 2) if is_message => {
            let message = if len == 2 { request.arg(1) } else { b"" };
            Ok(Reply::Array(vec![Reply::text("pong"), Reply::copied(message)]))
        }
        1 => Ok(Reply::Status("PONG")),
        2 => Ok(Reply::Bulk(request.owned_bytes(1))),
        _ => Err(CommandError::Arity("ping".into())),
    }
}
