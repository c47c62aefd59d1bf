//! `SET key value`

use keyspace::StringValue;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static SET: Command = Command {
    name: "set",
    arity: -3,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::FIRST,
    categories: &["string"],
    tips: &[],
    run: Some(set),
    docs: Docs {
        summary: "Sets the string value of a key, whatever it held",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        syntax: "key value",
    },
    subcommands: &[],
};

fn set(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let value = StringValue::parse(request.owned_bytes(2));
    ctx.db().insert(request.arg(1), value.into(), None);
    Ok(Reply::OK)
}
