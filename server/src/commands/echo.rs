//! `ECHO message`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static ECHO: Command = Command {
    name: "echo",
    arity: 2,
    flags: flags::LOADING | flags::STALE | flags::FAST,
    keys: Keys::None,
    categories: &["connection"],
    tips: &[],
    run: Some(echo),
    docs: Docs {
        summary: "Answers with the message",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        syntax: "message",
    },
    subcommands: &[],
};

fn echo(_: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::Bulk(request.owned_bytes(1)))
}
