//! `PING [message]`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static PING: Command = Command {
    name: "ping",
    arity: -1,
    flags: flags::FAST,
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

fn ping(_: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    match request.len() {
        1 => Ok(Reply::Status("PONG")),
        2 => Ok(Reply::Bulk(request.owned_bytes(1))),
        _ => Err(CommandError::Arity("ping".into())),
    }
}
