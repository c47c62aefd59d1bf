//! `XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-ms]
//! [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]` and
//! `XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]`

use keyspace::{Claim, Claimed, Stream, StreamId};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::stream_id::{entry_reply, id, id_reply, interval, no_group};
use super::xgroup::CONSUMER_CREATED;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static XCLAIM: Command = Command {
    name: "xclaim",
    arity: -6,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    categories: &["stream"],
    tips: &["nondeterministic_output"],
    run: Some(xclaim),
    docs: Docs {
        summary: "Gives pending entries of a group to another consumer",
        since: "5.0.0",
        group: "stream",
        complexity: "O(log(N)) for each ID and N pending entries",
        syntax: "key group consumer min-idle-time id ... [IDLE ms:integer] \
                 [TIME unix-time-milliseconds:unix-time] [RETRYCOUNT count:integer] [FORCE] [JUSTID] \
                 [LASTID id]",
    },
    subcommands: &[],
};

pub(super) static XAUTOCLAIM: Command = Command {
    name: "xautoclaim",
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::DELETE)]),
    run: Some(xautoclaim),
    docs: Docs {
        summary: "Gives the pending entries of a group that are idle to another consumer",
        since: "6.2.0",
        complexity: "O(log(N)) for each entry that is looked at of N that are pending",
        syntax: "key group consumer min-idle-time start [COUNT count:integer] [JUSTID]",
        ..XCLAIM.docs
    },
    ..XCLAIM
};

fn xclaim(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let (key, name, consumer) = (request.arg(1), request.arg(2), request.arg(3));
    ctx.db().read(key, now_ms);
    require_group(ctx, key, name)?;
    let options = Options::parse(request, now_ms)?;
    let Some(mut stream) = ctx.edit::<Stream>(key)? else { return Err(no_group(key, name, "")) };
    if let Some(last_id) = options.last_id {
        let group = stream.view().group(name).map(|group| (group.last_id(), group.entries_read()));
        if let Some((before, entries_read)) = group
            && last_id > before
        {
            stream.set_group(name, last_id, entries_read);
        }
    }
    let is_new = stream.group_mut(name).is_some_and(|group| group.see_consumer(consumer, now_ms));
    let mut claimed = Vec::new();
    for id in options.ids {
        if let Claimed::Entry(entry) = stream.claim(name, consumer, id, options.claim, now_ms) {
            claimed.push(if options.claim.only_id { id_reply(id) } else { entry_reply(&entry) });
        }
    }
    drop(stream);
    if is_new {
        ctx.notify_unmodified(Class::STREAM, CONSUMER_CREATED, key);
    }
    Ok(Reply::Array(claimed))
}

struct Options {
    claim: Claim,
    ids: Vec<StreamId>,
    last_id: Option<StreamId>,
}

impl Options {
    fn parse(request: &Request, now_ms: i64) -> Result<Self, CommandError> {
        let mut claim = Claim {
            min_idle_ms: min_idle_ms(request, "XCLAIM")?,
            delivered_at_ms: now_ms,
            deliveries: None,
            force: false,
            only_id: false,
        };
        let words = request.iter().skip(5);
        let ids: Vec<StreamId> = words.map_while(|word| id(word, 0).ok()).collect();
        let mut last_id = None;
        let mut rest = request.iter().skip(5 + ids.len());
        while let Some(word) = rest.next() {
            let invalid = |name| {
                let text = format!("Invalid {name} option argument for XCLAIM");
                move |_| CommandError::err(text)
            };
            if is_name("FORCE", word) {
                claim.force = true;
                continue;
            }
            if is_name("JUSTID", word) {
                claim.only_id = true;
                continue;
            }
            let names = ["IDLE", "TIME", "RETRYCOUNT", "LASTID"];
            let name = names.into_iter().find(|name| is_name(name, word));
            let (Some(name), Some(value)) = (name, rest.next()) else {
                return Err(unrecognized(word));
            };
            match name {
                "IDLE" => {
                    let idle_ms = integer(value).map_err(invalid(name))?;
                    claim.delivered_at_ms = now_ms.wrapping_sub(idle_ms);
                }
                "TIME" => claim.delivered_at_ms = integer(value).map_err(invalid(name))?,
                "RETRYCOUNT" => {
                    let count = integer(value).map_err(invalid(name))?;
                    claim.deliveries = u64::try_from(count).ok();
                }
                _ => last_id = Some(id(value, 0)?),
            }
        }
        if !(0..=now_ms).contains(&claim.delivered_at_ms) {
            claim.delivered_at_ms = now_ms;
        }
        Ok(Self { claim, ids, last_id })
    }
}

fn xautoclaim(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let (key, name, consumer) = (request.arg(1), request.arg(2), request.arg(3));
    ctx.db().read(key, now_ms);
    let min_idle_ms = min_idle_ms(request, "XAUTOCLAIM")?;
    let (start, _) = interval(request.arg(5), b"+")?;
    let (mut count, mut only_id) = (COUNT_DEFAULT, false);
    let mut rest = request.iter().skip(6);
    while let Some(word) = rest.next() {
        if is_name("JUSTID", word) {
            only_id = true;
        } else if is_name("COUNT", word)
            && let Some(value) = rest.next()
        {
            count = integer(value)
                .ok()
                .and_then(|count| usize::try_from(count).ok())
                .filter(|count| (1..=COUNT_MAX).contains(count))
                .ok_or_else(|| CommandError::err("COUNT must be > 0"))?;
        } else {
            return Err(CommandError::Syntax);
        }
    }
    require_group(ctx, key, name)?;
    let Some(mut stream) = ctx.edit::<Stream>(key)? else { return Err(no_group(key, name, "")) };
    let Some(group) = stream.group_mut(name) else { return Err(no_group(key, name, "")) };
    let is_new = group.see_consumer(consumer, now_ms);
    let claim =
        Claim { min_idle_ms, delivered_at_ms: now_ms, deliveries: None, force: false, only_id };
    let mut attempts = count.saturating_mul(ATTEMPTS_PER_ENTRY);
    let (mut claimed, mut deleted, mut next) = (Vec::new(), Vec::new(), Some(start));
    while let Some(id) = next.and_then(|from| first_pending(&stream, name, from)) {
        next = Some(id);
        if attempts == 0 || claimed.len() + deleted.len() == count {
            break;
        }
        attempts -= 1;
        match stream.claim(name, consumer, id, claim, now_ms) {
            Claimed::Entry(entry) => {
                claimed.push(if only_id { id_reply(id) } else { entry_reply(&entry) });
            }
            Claimed::Deleted => deleted.push(id_reply(id)),
            Claimed::Not => {}
        }
        next = id.next();
    }
    let next = next.and_then(|from| first_pending(&stream, name, from)).unwrap_or(StreamId::MIN);
    drop(stream);
    if is_new {
        ctx.notify_unmodified(Class::STREAM, CONSUMER_CREATED, key);
    }
    Ok(Reply::Array(vec![id_reply(next), Reply::Array(claimed), Reply::Array(deleted)]))
}

/// The first entry from this ID on that is pending in a group.
fn first_pending(stream: &Stream, group: &[u8], id: StreamId) -> Option<StreamId> {
    stream.view().group(group)?.pending_from(id).next().map(|pending| pending.id)
}

/// # Errors
/// The key holds no stream with this group.
fn require_group(ctx: &mut Context<'_>, key: &[u8], name: &[u8]) -> Result<(), CommandError> {
    let stream = ctx.look_to_change::<Stream>(key)?;
    match stream.and_then(|stream| stream.group(name)) {
        Some(_) => Ok(()),
        None => Err(no_group(key, name, "")),
    }
}

fn min_idle_ms(request: &Request, command: &str) -> Result<i64, CommandError> {
    integer(request.arg(4)).map_err(|_| {
        CommandError::err(format_args!("Invalid min-idle-time argument for {command}"))
    })
}

fn unrecognized(word: &[u8]) -> CommandError {
    let line = [b"ERR Unrecognized XCLAIM option '", word, b"'"].concat();
    CommandError::Line(line)
}

/// Entries that XAUTOCLAIM claims at most unless told.
const COUNT_DEFAULT: usize = 100;

/// The largest count that Redis takes.
const COUNT_MAX: usize = i64::MAX as usize / 16;

/// For each of them so many pending entries are looked at.
const ATTEMPTS_PER_ENTRY: usize = 10;
