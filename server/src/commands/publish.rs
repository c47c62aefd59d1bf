//! `PUBLISH channel message` and `SPUBLISH shardchannel message`

use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};

pub(super) static PUBLISH: Command = Command {
    name: "publish",
    arity: 3,
    flags: flags::PUBSUB | flags::LOADING | flags::STALE | flags::FAST,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: Some(publish),
    docs: Docs {
        summary: "Sends a message to everybody who is subscribed to a channel",
        since: "2.0.0",
        group: "pubsub",
        complexity: "O(N + M) for N subscribers of the channel and M patterns of all clients",
        syntax: "channel message",
    },
    subcommands: &[],
};

pub(super) static SPUBLISH: Command = Command {
    name: "spublish",
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::NOT_KEY)]),
    run: Some(spublish),
    docs: Docs {
        summary: "Sends a message to everybody who is subscribed to a channel of a shard",
        since: "7.0.0",
        complexity: "O(N) for N subscribers of the channel",
        syntax: "shardchannel message",
        ..PUBLISH.docs
    },
    ..PUBLISH
};

fn publish(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.state.publish(request.arg(1), request.arg(2)).into())
}

fn spublish(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.state.publish_to_shard(request.arg(1), request.arg(2)).into())
}
