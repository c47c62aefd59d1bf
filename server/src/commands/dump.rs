//! `DUMP key`

use rdb_format::{Target, payload};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static DUMP: Command = Command {
    name: "dump",
    arity: 2,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["keyspace"],
    tips: &["nondeterministic_output"],
    run: Some(dump),
    docs: Docs {
        summary: "Returns the value of a key in the serialized form that RESTORE takes",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1) to find the key, O(N) to serialize its N elements",
        syntax: "key",
    },
    subcommands: &[],
};

fn dump(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let Some(entry) = ctx.db().read(request.arg(1), now_ms) else { return Ok(Reply::Nil) };
    let payload = payload::encode_events(entry.value().events(now_ms), &Target::KEYFERRY);
    Ok(Reply::Bulk(payload.map_err(CommandError::err)?))
}
