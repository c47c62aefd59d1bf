//! `DEBUG OBJECT key`, `DEBUG LISTPACK key` and `DEBUG HTSTATS-KEY key`

use keyspace::{EntryRef, ValueRef};
use rdb_format::{EncodeOptions, Measure, Target};
use resp::Request;

use super::super::{CommandError, Context, Reply};

pub(super) fn object(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let compress = ctx.state.config.rdbcompression();
    let options = EncodeOptions { compress, ..EncodeOptions::default() };
    let entry = entry(ctx, request)?;
    let value = entry.value();
    let mut measure = Measure::new(value.events(now_ms), Target::KEYFERRY, options);
    while !measure.advance(usize::MAX).map_err(CommandError::err)? {}
    // Redis leaves the byte of the type out.
    let serialized_len = measure.finish().len() - 1;
    let idle_seconds = entry.access().idle_seconds(now_ms).unwrap_or_default();
    let lru = (now_ms / 1000 - idle_seconds as i64) & LRU_CLOCK_MAX;
    Ok(Reply::Line(format!(
        "Value at:{:p} refcount:1 encoding:{} serializedlength:{serialized_len} lru:{lru} \
         lru_seconds_idle:{idle_seconds}",
        entry.key(),
        value.encoding(),
    )))
}

pub(super) fn listpack(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let value = entry(ctx, request)?.value();
    if !value.encoding().starts_with("listpack") {
        return Err(CommandError::err("Not a listpack encoded object."));
    }
    tracing::info!(elements = len(value), "a listpack, as DEBUG was asked for");
    Ok(Reply::Status("Listpack structure printed on stdout"))
}

pub(super) fn htstats_key(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let value = entry(ctx, request)?.value();
    if !["hashtable", "skiplist"].contains(&value.encoding()) {
        return Err(CommandError::err(
            "The value stored at the specified key is not represented using an hash table",
        ));
    }
    let text =
        format!("Hash table 0 stats (main hash table):\n number of elements: {}\n", len(value));
    Ok(Reply::Bulk(text.into()))
}

fn entry<'a>(ctx: &'a mut Context<'_>, request: &Request) -> Result<EntryRef<'a>, CommandError> {
    let now_ms = ctx.now_ms();
    ctx.db().peek(request.arg(2), now_ms).ok_or(CommandError::NoSuchKey)
}

/// Number of elements of a collection.
fn len(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::List(list) => list.len(),
        ValueRef::Set(set) => set.len(),
        ValueRef::SortedSet(sorted_set) => sorted_set.len(),
        ValueRef::Hash(hash) => hash.len(),
        _ => 0,
    }
}

/// The clock of Redis, in seconds, wraps around.
const LRU_CLOCK_MAX: i64 = (1 << 24) - 1;
