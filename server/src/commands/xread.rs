//! `XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]` and
//! `XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key
//! [key ...] id [id ...]`

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use keyspace::{Stream, StreamId, StreamRef};
use resp::{Protocol, Request};

use super::blocking::wait_for_keys;
use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::reply::Elements;
use super::stream_id::{entries_reply, id, no_group};
use super::xgroup::CONSUMER_CREATED;
use super::{CommandError, Context, Reply, is_name};
use crate::blocked::Wanted;
use crate::changes::Class;

pub(super) static XREAD: Command = Command {
    name: "xread",
    arity: -4,
    flags: flags::READONLY | flags::BLOCKING | flags::MOVABLEKEYS,
    keys: Keys::Procedure {
        find: keys,
        specs: &[KeySpec::after("STREAMS", 1).limited(2).used(usage::RO | usage::ACCESS)],
    },
    categories: &["stream"],
    tips: &[],
    run: Some(|ctx, request| read(ctx, request, false)),
    docs: Docs {
        summary: "Returns the entries of streams that come after an ID",
        since: "5.0.0",
        group: "stream",
        complexity: "O(log(N) + M) for each stream and M entries that are returned of N",
        syntax: "[COUNT count:integer] [BLOCK milliseconds:integer] STREAMS <key ... id ...>",
    },
    subcommands: &[],
};

pub(super) static XREADGROUP: Command = Command {
    name: "xreadgroup",
    arity: -7,
    flags: flags::WRITE | flags::BLOCKING | flags::MOVABLEKEYS,
    keys: Keys::Procedure {
        find: keys,
        specs: &[KeySpec::after("STREAMS", 4).limited(2).used(usage::RO | usage::ACCESS)],
    },
    run: Some(|ctx, request| read(ctx, request, true)),
    docs: Docs {
        summary: "Delivers entries of streams to a consumer of a group, new ones or those that are \
                  pending",
        syntax: "GROUP <group consumer> [COUNT count:integer] [BLOCK milliseconds:integer] [NOACK] \
                 STREAMS <key ... id ...>",
        ..XREAD.docs
    },
    ..XREAD
};

fn read(ctx: &mut Context<'_>, request: &Request, is_group: bool) -> Result<Reply, CommandError> {
    let mut options = Options::parse(request, is_group)?;
    let mut keys: Vec<usize> = options.streams.clone().collect();
    if ctx.served.is_some() {
        keys.retain(|&at| ctx.looks_at(request.arg(at)));
        keys.truncate(1);
        options.count = options.count.or(Some(SERVED_ENTRIES_MAX));
    }
    // All are looked at before anything is done.
    let starts: Vec<(usize, Start)> = keys
        .into_iter()
        .map(|at| Ok((at, options.start(ctx, request, at)?)))
        .collect::<Result<_, CommandError>>()?;
    let protocol = ctx.protocol();
    let mut replies = Vec::new();
    for &(at, start) in &starts {
        let key = request.arg(at);
        let entries = match (start, options.group) {
            (Start::After(start), None) => {
                let stream = ctx.read::<Stream>(key)?;
                stream.and_then(|stream| entries_after(stream, start, options.count, protocol))
            }
            (Start::New, Some(group)) => deliver_new(ctx, key, group, &options)?,
            (Start::After(start), Some(group)) => {
                Some(deliver_pending(ctx, key, group, start, &options)?)
            }
            (Start::New, None) => None,
        };
        if let Some(entries) = entries {
            replies.push((Reply::copied(key), entries.into()));
        }
    }
    match options.timeout {
        _ if !replies.is_empty() => Ok(by_key(replies, protocol)),
        None => Ok(Reply::NilArray),
        Some(timeout) => {
            let wanted = match options.group {
                Some(group) => Wanted::NewEntries(Bytes::copy_from_slice(group.name)),
                None => Wanted::Entries(starts.iter().map(|(_, start)| start.after()).collect()),
            };
            Ok(wait_for_keys(ctx, request, options.streams, wanted, timeout, Reply::NilArray))
        }
    }
}

/// How long a request waits, if it does: the inner `None` is for ever. What is wrong with it is told
/// when it is run.
pub(super) fn timeout(request: &Request, is_group: bool) -> Option<Option<Duration>> {
    Options::parse(request, is_group).ok()?.timeout
}

/// Entries by key: pairs in RESP2.
fn by_key(replies: Vec<(Reply, Reply)>, protocol: Protocol) -> Reply {
    match protocol {
        Protocol::Resp2 => {
            replies.into_iter().map(|(key, entries)| Reply::Array(vec![key, entries])).collect()
        }
        Protocol::Resp3 => Reply::Map(replies),
    }
}

fn entries_after(
    stream: StreamRef<'_>,
    id: StreamId,
    count: Option<usize>,
    protocol: Protocol,
) -> Option<Elements> {
    let mut entries = stream.range(id.next()?, StreamId::MAX).peekable();
    entries.peek()?;
    Some(entries_reply(entries.take(count.unwrap_or(usize::MAX)), protocol))
}

/// Entries that have been delivered to nobody.
fn deliver_new(
    ctx: &mut Context<'_>,
    key: &[u8],
    group: Group<'_>,
    options: &Options<'_>,
) -> Result<Option<Elements>, CommandError> {
    let now_ms = ctx.now_ms();
    let mut entries = Elements::new(ctx.protocol());
    let Some(mut stream) = ctx.edit::<Stream>(key)? else { return Ok(None) };
    let is_new = see_consumer(&mut stream, group, now_ms);
    let (count, no_ack) = (options.count, options.no_ack);
    let delivered = stream.read_new(group.name, group.consumer, count, no_ack, now_ms, |entry| {
        entries.stream_entry(&entry);
    });
    drop(stream);
    if is_new {
        ctx.notify_unmodified(Class::STREAM, CONSUMER_CREATED, key);
    }
    Ok((delivered > 0).then_some(entries))
}

/// Entries that have been delivered to this consumer.
fn deliver_pending(
    ctx: &mut Context<'_>,
    key: &[u8],
    group: Group<'_>,
    id: StreamId,
    options: &Options<'_>,
) -> Result<Elements, CommandError> {
    let now_ms = ctx.now_ms();
    let mut entries = Elements::new(ctx.protocol());
    let Some(mut stream) = ctx.edit::<Stream>(key)? else { return Ok(entries) };
    let is_new = see_consumer(&mut stream, group, now_ms);
    if let Some(start) = id.next() {
        let (name, count) = (group.name, options.count);
        stream.read_pending(name, group.consumer, start, count, now_ms, |id, entry| match entry {
            Some(entry) => entries.stream_entry(&entry),
            None => entries.deleted_stream_entry(id),
        });
    }
    drop(stream);
    if is_new {
        ctx.notify_unmodified(Class::STREAM, CONSUMER_CREATED, key);
    }
    Ok(entries)
}

/// Notes that the consumer of a group wants something. Returns whether it was added for that.
fn see_consumer(stream: &mut Stream, group: Group<'_>, now_ms: i64) -> bool {
    stream.group_mut(group.name).is_some_and(|it| it.see_consumer(group.consumer, now_ms))
}

/// Where to start in a stream.
#[derive(Clone, Copy, Debug)]
enum Start {
    After(StreamId),
    /// After the last entry that was delivered to the group.
    New,
}

impl Start {
    /// The entry before it; of a group nobody asks.
    fn after(self) -> StreamId {
        match self {
            Self::After(id) => id,
            Self::New => StreamId::MAX,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Group<'a> {
    name: &'a [u8],
    consumer: &'a [u8],
}

struct Options<'a> {
    group: Option<Group<'a>>,
    /// `None` for all.
    count: Option<usize>,
    no_ack: bool,
    /// How long to wait for entries, if at all; the inner `None` is for ever.
    timeout: Option<Option<Duration>>,
    /// The arguments that are keys; as many IDs follow.
    streams: Range<usize>,
}

impl<'a> Options<'a> {
    fn parse(request: &'a Request, is_group: bool) -> Result<Self, CommandError> {
        let (mut group, mut count, mut no_ack, mut at) = (None, None, false, 1);
        let mut timeout = None;
        let streams = loop {
            let word = request.get(at).ok_or(CommandError::Syntax)?;
            let more = request.len() - at - 1;
            if is_name("BLOCK", word) && more > 0 {
                timeout = Some(milliseconds(request.arg(at + 1))?);
                at += 2;
            } else if is_name("COUNT", word) && more > 0 {
                // None and fewer mean all.
                count = usize::try_from(integer(request.arg(at + 1))?).ok().filter(|&it| it > 0);
                at += 2;
            } else if is_name("STREAMS", word) && more > 0 {
                break keys_after(at, request.len()).ok_or_else(|| {
                    CommandError::err(
                        "Unbalanced XREAD list of streams: for each stream key an ID or '$' must be \
                         specified.",
                    )
                })?;
            } else if is_name("GROUP", word) && more > 1 {
                refuse_unless(is_group, "GROUP")?;
                let (name, consumer) = (request.arg(at + 1), request.arg(at + 2));
                group = Some(Group { name, consumer });
                at += 3;
            } else if is_name("NOACK", word) {
                refuse_unless(is_group, "NOACK")?;
                no_ack = true;
                at += 1;
            } else {
                return Err(CommandError::Syntax);
            }
        };
        if is_group && group.is_none() {
            return Err(CommandError::err("Missing GROUP option for XREADGROUP"));
        }
        Ok(Self { group, count, no_ack, timeout, streams })
    }

    /// Where to start in the stream whose key is this argument.
    fn start(
        &self,
        ctx: &mut Context<'_>,
        request: &Request,
        at: usize,
    ) -> Result<Start, CommandError> {
        let (key, argument) = (request.arg(at), request.arg(at + self.streams.len()));
        let client_id = ctx.client().id;
        if let Some(after) = ctx.state.blocked.entries_after(client_id) {
            return Ok(Start::After(after[at - self.streams.start]));
        }
        let stream = ctx.read::<Stream>(key)?;
        if let Some(Group { name, .. }) = self.group
            && stream.and_then(|stream| stream.group(name)).is_none()
        {
            return Err(no_group(key, name, " in XREADGROUP with GROUP option"));
        }
        match (argument, self.group) {
            (b"$", None) => {
                Ok(Start::After(stream.map_or(StreamId::MIN, |stream| stream.last_id())))
            }
            (b"$", Some(_)) => Err(CommandError::err(
                "The $ ID is meaningless in the context of XREADGROUP: you want to read the history \
                 of this consumer by specifying a proper ID, or use the > ID to get new messages. \
                 The $ ID would just return an empty result set.",
            )),
            (b">", None) => Err(CommandError::err(
                "The > ID can be specified only when calling XREADGROUP using the GROUP <group> \
                 <consumer> option.",
            )),
            (b">", Some(_)) => Ok(Start::New),
            _ => Ok(Start::After(id(argument, 0)?)),
        }
    }
}

fn refuse_unless(is_group: bool, option: &str) -> Result<(), CommandError> {
    match is_group {
        true => Ok(()),
        false => Err(CommandError::err(format_args!(
            "The {option} option is only supported by XREADGROUP. You called XREAD instead."
        ))),
    }
}

/// A timeout; `None` is none, for 0.
fn milliseconds(argument: &[u8]) -> Result<Option<Duration>, CommandError> {
    match integer(argument).map(u64::try_from) {
        Ok(Ok(0)) => Ok(None),
        Ok(Ok(milliseconds)) => Ok(Some(Duration::from_millis(milliseconds))),
        Ok(Err(_)) => Err(CommandError::err("timeout is negative")),
        Err(_) => Err(CommandError::err("timeout is not an integer or out of range")),
    }
}

/// Entries that a command gets which has waited for them, and told no number.
const SERVED_ENTRIES_MAX: usize = 1000;

/// The keys of a request, if its options are understood.
fn keys(request: &Request) -> Range<usize> {
    let mut at = 1;
    while let Some(word) = request.get(at) {
        if is_name("STREAMS", word) {
            return keys_after(at, request.len()).unwrap_or(0..0);
        }
        at += match word {
            word if is_name("BLOCK", word) || is_name("COUNT", word) => 2,
            word if is_name("GROUP", word) => 3,
            word if is_name("NOACK", word) => 1,
            _ => break,
        };
    }
    0..0
}

/// The arguments between the word at this place and the IDs; `None` if there is not an ID for each.
fn keys_after(word: usize, len: usize) -> Option<Range<usize>> {
    let rest = len - word - 1;
    let first = word + 1;
    (rest > 0 && rest.is_multiple_of(2)).then(|| first..first + rest / 2)
}
