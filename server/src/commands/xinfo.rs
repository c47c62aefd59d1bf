//! `XINFO CONSUMERS key group`, `XINFO GROUPS key`, `XINFO HELP` and
//! `XINFO STREAM key [FULL [COUNT count]]`

use keyspace::{PendingRef, Stream, StreamConsumerRef, StreamGroup, StreamId, StreamRef};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::stream_id::{entries_reply, entry_reply, id_reply, no_group_of};
use super::{CommandError, Context, Reply, is_name, wrong_subcommand};

pub(super) static XINFO: Command = Command {
    name: "xinfo",
    arity: -2,
    flags: 0,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: None,
    docs: Docs { summary: "Tells of streams", syntax: "", ..DOCS },
    subcommands: &[
        Command {
            name: "consumers",
            arity: 4,
            tips: &["nondeterministic_output"],
            run: Some(consumers),
            docs: Docs {
                summary: "Tells the consumers of a group",
                complexity: "O(N) for N consumers",
                syntax: "key groupname",
                ..DOCS
            },
            ..OF_STREAM
        },
        Command {
            name: "groups",
            run: Some(groups),
            docs: Docs {
                summary: "Tells the consumer groups of a stream",
                complexity: "O(N) for N groups",
                ..DOCS
            },
            ..OF_STREAM
        },
        Command {
            name: "help",
            arity: 2,
            flags: flags::LOADING | flags::STALE,
            keys: Keys::None,
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", syntax: "", ..DOCS },
            ..OF_STREAM
        },
        Command {
            name: "stream",
            arity: -3,
            run: Some(stream),
            docs: Docs {
                summary: "Tells of a stream",
                syntax: "key full=[FULL <[COUNT count:integer]>]",
                ..DOCS
            },
            ..OF_STREAM
        },
    ],
};

/// What the subcommands have in common.
const OF_STREAM: Command = Command {
    name: "",
    arity: 3,
    flags: flags::READONLY,
    keys: Keys::Specs(&[KeySpec::at(2).used(usage::RO | usage::ACCESS)]),
    categories: &["stream"],
    tips: &[],
    run: None,
    docs: DOCS,
    subcommands: &[],
};

const DOCS: Docs =
    Docs { summary: "", since: "5.0.0", group: "stream", complexity: "O(1)", syntax: "key" };

fn consumers(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let (key, name) = (request.arg(2), request.arg(3));
    let stream = ctx.read::<Stream>(key)?.ok_or(CommandError::NoSuchKey)?;
    let group = stream.group(name).ok_or_else(|| no_group_of(key, name))?;
    let since = |at_ms: i64| Reply::Integer(now_ms.saturating_sub(at_ms).max(0));
    let consumers = group.consumers().map(|consumer| {
        let inactive = consumer.active_at_ms().map_or(Reply::Integer(-1), since);
        map([
            ("name", Reply::copied(consumer.name())),
            ("pending", consumer.pending_len().into()),
            ("idle", since(consumer.seen_at_ms())),
            ("inactive", inactive),
        ])
    });
    Ok(consumers.collect())
}

fn groups(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let stream = ctx.read::<Stream>(request.arg(2))?.ok_or(CommandError::NoSuchKey)?;
    let groups = stream.groups().map(|(name, group)| {
        map([
            ("name", Reply::copied(name)),
            ("consumers", group.consumers_len().into()),
            ("pending", group.pending_len().into()),
            ("last-delivered-id", id_reply(group.last_id())),
            ("entries-read", known(group.entries_read())),
            ("lag", known(stream.lag(group))),
        ])
    });
    Ok(groups.collect())
}

fn stream(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let stream = ctx.read::<Stream>(request.arg(2))?.ok_or(CommandError::NoSuchKey)?;
    let full = full_count(request)?;
    let mut fields = vec![
        ("length", stream.len().into()),
        ("radix-tree-keys", stream.nodes_len().into()),
        // As many as a tree has whose keys differ in the last byte.
        ("radix-tree-nodes", (stream.nodes_len() + 1).into()),
        ("last-generated-id", id_reply(stream.last_id())),
        ("max-deleted-entry-id", id_reply(stream.max_deleted_id())),
        ("entries-added", Reply::Integer(stream.entries_added() as i64)),
        ("recorded-first-entry-id", id_reply(stream.first_id().unwrap_or(StreamId::MIN))),
    ];
    match full {
        Some(count) => fields.extend([
            ("entries", entries_reply(stream.iter().take(count), protocol).into()),
            (
                "groups",
                stream.groups().map(|(name, it)| full_group(stream, name, it, count)).collect(),
            ),
        ]),
        None => {
            let last = stream.range_back(StreamId::MIN, StreamId::MAX).next();
            fields.extend([
                ("groups", stream.groups_len().into()),
                ("first-entry", stream.iter().next().map_or(Reply::Nil, |it| entry_reply(&it))),
                ("last-entry", last.map_or(Reply::Nil, |entry| entry_reply(&entry))),
            ]);
        }
    }
    Ok(map(fields))
}

/// How many of each to show if FULL is given.
fn full_count(request: &Request) -> Result<Option<usize>, CommandError> {
    let count = match request.len() {
        3 => return Ok(None),
        4 if is_name("FULL", request.arg(3)) => -1,
        6 if is_name("FULL", request.arg(3)) && is_name("COUNT", request.arg(4)) => {
            integer(request.arg(5))?
        }
        _ => return Err(wrong_subcommand("xinfo", request.arg(1))),
    };
    Ok(Some(match usize::try_from(count) {
        Ok(0) => usize::MAX,
        Ok(count) => count,
        Err(_) => FULL_COUNT_DEFAULT,
    }))
}

fn full_group(stream: StreamRef<'_>, name: &[u8], group: &StreamGroup, count: usize) -> Reply {
    let pending = group.pending_from(StreamId::MIN).take(count).map(|pending| {
        let PendingRef { id, consumer, delivered_at_ms, deliveries } = pending;
        let (at_ms, deliveries) = (Reply::Integer(delivered_at_ms), deliveries as i64);
        Reply::Array(vec![id_reply(id), Reply::copied(consumer), at_ms, deliveries.into()])
    });
    map([
        ("name", Reply::copied(name)),
        ("last-delivered-id", id_reply(group.last_id())),
        ("entries-read", known(group.entries_read())),
        ("lag", known(stream.lag(group))),
        ("pel-count", group.pending_len().into()),
        ("pending", pending.collect()),
        ("consumers", group.consumers().map(|it| full_consumer(it, count)).collect()),
    ])
}

fn full_consumer(consumer: StreamConsumerRef<'_>, count: usize) -> Reply {
    let pending = consumer.pending_from(StreamId::MIN).take(count).map(|pending| {
        let PendingRef { id, delivered_at_ms, deliveries, .. } = pending;
        Reply::Array(vec![id_reply(id), delivered_at_ms.into(), (deliveries as i64).into()])
    });
    map([
        ("name", Reply::copied(consumer.name())),
        ("seen-time", consumer.seen_at_ms().into()),
        ("active-time", consumer.active_at_ms().unwrap_or(-1).into()),
        ("pel-count", consumer.pending_len().into()),
        ("pending", pending.collect()),
    ])
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CONSUMERS <key> <groupname>",
        "    Tell the consumers of the group.",
        "GROUPS <key>",
        "    Tell the consumer groups of the stream.",
        "STREAM <key> [FULL [COUNT <count>]",
        "    Tell of the stream, and with FULL of its entries and groups.",
        "HELP",
        "    Print this help.",
    ]))
}

fn known(number: Option<i64>) -> Reply {
    number.map_or(Reply::Nil, Reply::Integer)
}

fn map(fields: impl IntoIterator<Item = (&'static str, Reply)>) -> Reply {
    Reply::Map(fields.into_iter().map(|(name, value)| (Reply::text(name), value)).collect())
}

/// Entries, pending entries and such that FULL shows of each unless told.
const FULL_COUNT_DEFAULT: usize = 10;
