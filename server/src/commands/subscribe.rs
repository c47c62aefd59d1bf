//! `SUBSCRIBE channel [channel ...]`, `PSUBSCRIBE pattern [pattern ...]` and
//! `SSUBSCRIBE shardchannel [shardchannel ...]`, and `UNSUBSCRIBE`, `PUNSUBSCRIBE` and
//! `SUNSUBSCRIBE`, which without arguments end all subscriptions of their kind

use bytes::Bytes;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};
use crate::changes::Consumer;
use crate::pubsub::Kind;
use crate::state::State;

pub(super) static SUBSCRIBE: Command = Command {
    name: "subscribe",
    arity: -2,
    flags: flags::PUBSUB
        | flags::NOSCRIPT
        | flags::LOADING
        | flags::STALE
        | flags::WHILE_SUBSCRIBED,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: Some(|ctx, request| subscribe(ctx, request, Kind::Channel, "subscribe")),
    docs: Docs {
        summary: "Has the connection sent every message that is published to some channels",
        since: "2.0.0",
        group: "pubsub",
        complexity: "O(N) for N channels",
        syntax: "channel ...",
    },
    subcommands: &[],
};

pub(super) static PSUBSCRIBE: Command = Command {
    name: "psubscribe",
    run: Some(|ctx, request| subscribe(ctx, request, Kind::Pattern, "psubscribe")),
    docs: Docs {
        summary: "Has the connection sent every message to channels whose names match patterns",
        complexity: "O(N) for N patterns",
        syntax: "pattern=<pattern:pattern> ...",
        ..SUBSCRIBE.docs
    },
    ..SUBSCRIBE
};

pub(super) static SSUBSCRIBE: Command = Command {
    name: "ssubscribe",
    keys: SHARD_CHANNELS,
    run: Some(|ctx, request| subscribe(ctx, request, Kind::Shard, "ssubscribe")),
    docs: Docs {
        summary: "Has the connection sent every message to some channels of a shard",
        since: "7.0.0",
        syntax: "shardchannel ...",
        ..SUBSCRIBE.docs
    },
    ..SUBSCRIBE
};

pub(super) static UNSUBSCRIBE: Command = Command {
    name: "unsubscribe",
    arity: -1,
    run: Some(|ctx, request| unsubscribe(ctx, request, Kind::Channel, "unsubscribe")),
    docs: Docs {
        summary: "Ends subscriptions to channels",
        syntax: "[channel ...]",
        ..SUBSCRIBE.docs
    },
    ..SUBSCRIBE
};

pub(super) static PUNSUBSCRIBE: Command = Command {
    name: "punsubscribe",
    run: Some(|ctx, request| unsubscribe(ctx, request, Kind::Pattern, "punsubscribe")),
    docs: Docs {
        summary: "Ends subscriptions to patterns",
        complexity: "O(N) for N patterns",
        syntax: "[pattern:pattern ...]",
        ..SUBSCRIBE.docs
    },
    ..UNSUBSCRIBE
};

pub(super) static SUNSUBSCRIBE: Command = Command {
    name: "sunsubscribe",
    keys: SHARD_CHANNELS,
    run: Some(|ctx, request| unsubscribe(ctx, request, Kind::Shard, "sunsubscribe")),
    docs: Docs {
        summary: "Ends subscriptions to channels of a shard",
        since: "7.0.0",
        syntax: "[shardchannel ...]",
        ..SUBSCRIBE.docs
    },
    ..UNSUBSCRIBE
};

const SHARD_CHANNELS: Keys = Keys::Specs(&[KeySpec::at(1).to(-1).used(usage::NOT_KEY)]);

/// Every name has an answer of its own.
fn subscribe(
    ctx: &mut Context<'_>,
    request: &Request,
    kind: Kind,
    word: &'static str,
) -> Result<Reply, CommandError> {
    // Redis lets the other two be.
    if kind == Kind::Shard && ctx.in_transaction {
        return Err(CommandError::err("SSUBSCRIBE isn't allowed for a DENY BLOCKING client"));
    }
    let (slot, id) = (ctx.slot, ctx.client().id);
    for index in 1..request.len() {
        let name = Bytes::copy_from_slice(request.arg(index));
        ctx.state.subscriptions.add((slot, id), kind, name.clone());
        tell(ctx, kind, word, Reply::Bulk(name));
    }
    ctx.client().subscribed = true;
    ctx.state.changes.want(Consumer::Notifications);
    Ok(Reply::Written)
}

fn unsubscribe(
    ctx: &mut Context<'_>,
    request: &Request,
    kind: Kind,
    word: &'static str,
) -> Result<Reply, CommandError> {
    let id = ctx.client().id;
    let names: Vec<Bytes> = match request.len() {
        1 => ctx.state.subscriptions.names(id, kind).cloned().collect(),
        _ => request.iter().skip(1).map(Bytes::copy_from_slice).collect(),
    };
    if names.is_empty() {
        tell(ctx, kind, word, Reply::Nil);
    }
    for name in names {
        ctx.state.subscriptions.remove(id, kind, &name);
        tell(ctx, kind, word, Reply::Bulk(name));
    }
    ctx.client().subscribed = ctx.state.subscriptions.has(id);
    Ok(Reply::Written)
}

/// Answers for one name: with the command, the name, and how many subscriptions there are now. Those
/// to channels of a shard are counted apart from the others. Who wants no replies is told all the
/// same.
fn tell(ctx: &mut Context<'_>, kind: Kind, word: &'static str, name: Reply) {
    let id = ctx.client().id;
    let count = |kind| ctx.state.subscriptions.count(id, kind);
    let count = match kind {
        Kind::Channel | Kind::Pattern => count(Kind::Channel) + count(Kind::Pattern),
        Kind::Shard => count(Kind::Shard),
    };
    let answer = Reply::Push(vec![Reply::text(word), name, count.into()]);
    if ctx.client().replies.is_silent() {
        let State { pushes, clients, .. } = &mut *ctx.state;
        return pushes.send(clients, [(ctx.slot, id)], &answer);
    }
    answer.encode(ctx.out, ctx.protocol());
}
