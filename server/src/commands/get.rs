//! `GET key`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static GET: Command = Command {
    name: "get",
    arity: 2,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::FIRST,
    categories: &["string"],
    tips: &[],
    run: Some(get),
    docs: Docs {
        summary: "Returns the string value of a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        syntax: "key",
    },
    subcommands: &[],
};

fn get(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.read_string(request.arg(1))?.map(|string| string.to_bytes()).into())
}
