//! `XPENDING key group [[IDLE min-idle-time] start end count [consumer]]`

use keyspace::{PendingRef, Stream, StreamGroup};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::stream_id::{id_reply, interval, no_group};
use super::{CommandError, Context, Reply, is_name};

pub(super) static XPENDING: Command = Command {
    name: "xpending",
    arity: -3,
    flags: flags::READONLY,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RO | usage::ACCESS)]),
    categories: &["stream"],
    tips: &["nondeterministic_output"],
    run: Some(xpending),
    docs: Docs {
        summary: "Tells which entries were delivered to consumers of a group and not acknowledged",
        since: "5.0.0",
        group: "stream",
        complexity: "O(log(N) + M) for M entries that are looked at of N, or M consumers",
        syntax: "key group filters=[[IDLE@6.2.0 min-idle-time:integer] start end count:integer \
                 [consumer]]",
    },
    subcommands: &[],
};

fn xpending(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let filter = Filter::parse(request)?;
    let now_ms = ctx.now_ms();
    let (key, name) = (request.arg(1), request.arg(2));
    let stream = ctx.read::<Stream>(key)?;
    let group =
        stream.and_then(|stream| stream.group(name)).ok_or_else(|| no_group(key, name, ""))?;
    Ok(match filter {
        Some(filter) => filter.apply(group, now_ms),
        None => summary(group),
    })
}

/// How many are pending, between which IDs, and how many of them where.
fn summary(group: &StreamGroup) -> Reply {
    let pending = Reply::from(group.pending_len());
    let Some((first, last)) = group.pending_ends() else {
        return Reply::Array(vec![pending, Reply::Nil, Reply::Nil, Reply::NilArray]);
    };
    let consumers = group.consumers().filter(|consumer| consumer.pending_len() > 0);
    let consumers = consumers.map(|consumer| {
        let pending = Reply::copied(consumer.pending_len().to_string());
        Reply::Array(vec![Reply::copied(consumer.name()), pending])
    });
    Reply::Array(vec![pending, id_reply(first), id_reply(last), consumers.collect()])
}

/// Which pending entries are shown.
struct Filter<'a> {
    min_idle_ms: i64,
    start: keyspace::StreamId,
    end: keyspace::StreamId,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Filter<'a> {
    fn parse(request: &'a Request) -> Result<Option<Self>, CommandError> {
        if request.len() == 3 {
            return Ok(None);
        }
        if !(6..=9).contains(&request.len()) {
            return Err(CommandError::Syntax);
        }
        let (mut min_idle_ms, mut first) = (0, 3);
        if is_name("IDLE", request.arg(3)) {
            min_idle_ms = integer(request.arg(4))?;
            first = 5;
            if request.len() < 8 {
                return Err(CommandError::Syntax);
            }
        }
        let count = usize::try_from(integer(request.arg(first + 2))?).unwrap_or(0);
        let (start, end) = interval(request.arg(first), request.arg(first + 1))?;
        let consumer = request.get(first + 3);
        Ok(Some(Self { min_idle_ms, start, end, count, consumer }))
    }

    fn apply(&self, group: &StreamGroup, now_ms: i64) -> Reply {
        match self.consumer {
            None => self.show(group.pending_from(self.start), now_ms),
            Some(name) => match group.consumer(name) {
                Some(consumer) => self.show(consumer.pending_from(self.start), now_ms),
                None => Reply::Array(Vec::new()),
            },
        }
    }

    fn show<'g>(&self, pending: impl Iterator<Item = PendingRef<'g>>, now_ms: i64) -> Reply {
        let idle_ms = |pending: &PendingRef<'_>| now_ms.saturating_sub(pending.delivered_at_ms);
        pending
            .take_while(|pending| pending.id <= self.end)
            .filter(|pending| self.min_idle_ms == 0 || idle_ms(pending) >= self.min_idle_ms)
            .take(self.count)
            .map(|pending| {
                Reply::Array(vec![
                    id_reply(pending.id),
                    Reply::copied(pending.consumer),
                    Reply::Integer(idle_ms(&pending).max(0)),
                    Reply::Integer(pending.deliveries as i64),
                ])
            })
            .collect()
    }
}
