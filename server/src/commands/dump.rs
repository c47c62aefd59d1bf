//! `DUMP key`

use rdb_format::{EncodeOptions, Target, payload};
use resp::{Request, encode};

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
    let db = ctx.client().db;
    let found = ctx.keyspace.database_mut(db).read(request.arg(1), now_ms);
    let Some(entry) = found else { return Ok(Reply::Nil) };
    let whole = entry.whole();
    // A small one goes in one packet in any case, and LZF would be half of the work.
    let compress = ctx.state.config.compresses_dump(whole.is_some());
    let options = EncodeOptions { compress, ..EncodeOptions::default() };
    if let Some(whole) = whole {
        let mut payload = Vec::with_capacity(SMALL_PAYLOAD_BYTES);
        if payload::encode_whole(whole, &Target::KEYFERRY, options, &mut payload) {
            encode::bulk(ctx.out.tail(), &payload);
            return Ok(Reply::Written);
        }
    }
    let events = entry.value().events(now_ms);
    let payload = payload::encode_events(events, &Target::KEYFERRY, options);
    Ok(Reply::Bulk(payload.map_err(CommandError::err)?))
}

/// Room for most payloads of values that are kept as one string.
const SMALL_PAYLOAD_BYTES: usize = keyspace::INLINE_BYTES_MAX + 64;
