//! `XDEL key id [id ...]` and `XACK key group id [id ...]`

use keyspace::{Stream, StreamId};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::stream_id::id;
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static XDEL: Command = Command {
    name: "xdel",
    arity: -3,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::DELETE)]),
    categories: &["stream"],
    tips: &[],
    run: Some(xdel),
    docs: Docs {
        summary: "Removes entries from a stream",
        since: "5.0.0",
        group: "stream",
        complexity: "O(log(N)) for each ID and a stream of N entries",
        syntax: "key id ...",
    },
    subcommands: &[],
};

pub(super) static XACK: Command = Command {
    name: "xack",
    arity: -4,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    run: Some(xack),
    docs: Docs {
        summary: "Takes entries off those that are pending in a consumer group",
        complexity: "O(log(N)) for each ID and N pending entries",
        syntax: "key group id ...",
        ..XDEL.docs
    },
    ..XDEL
};

fn xdel(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let key = request.arg(1);
    if ctx.look_to_change::<Stream>(key)?.is_none() {
        return Ok(Reply::Integer(0));
    }
    let ids = ids(request, 2)?;
    let Some(mut stream) = ctx.edit::<Stream>(key)? else { return Ok(Reply::Integer(0)) };
    let deleted = ids.into_iter().filter(|&id| stream.delete(id)).count();
    drop(stream);
    if deleted > 0 {
        ctx.notify(Class::STREAM, "xdel", key);
    }
    Ok(deleted.into())
}

fn xack(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (key, name) = (request.arg(1), request.arg(2));
    let stream = ctx.read::<Stream>(key)?;
    if stream.and_then(|stream| stream.group(name)).is_none() {
        return Ok(Reply::Integer(0));
    }
    let ids = ids(request, 3)?;
    let Some(mut stream) = ctx.edit::<Stream>(key)? else { return Ok(Reply::Integer(0)) };
    let Some(group) = stream.group_mut(name) else { return Ok(Reply::Integer(0)) };
    Ok(ids.into_iter().filter(|&id| group.acknowledge(id)).count().into())
}

/// The arguments from this one on. All are looked at before anything is done.
fn ids(request: &Request, first: usize) -> Result<Vec<StreamId>, CommandError> {
    request.iter().skip(first).map(|argument| id(argument, 0)).collect()
}
