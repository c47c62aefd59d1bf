//! `PUBSUB CHANNELS [pattern]`, `HELP`, `NUMPAT`, `NUMSUB [channel ...]`,
//! `SHARDCHANNELS [pattern]` and `SHARDNUMSUB [shardchannel ...]`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::reply::Elements;
use super::{CommandError, Context, Reply, wrong_subcommand};
use crate::glob;
use crate::pubsub::Kind;

pub(super) static PUBSUB: Command = Command {
    name: "pubsub",
    flags: 0,
    docs: Docs { summary: "Tells about subscriptions", complexity: "O(N)", ..DOCS },
    subcommands: &[
        Command {
            name: "channels",
            run: Some(|ctx, request| channels(ctx, request, Kind::Channel)),
            docs: Docs {
                summary: "Tells the channels that anybody is subscribed to",
                complexity: "O(N) for N channels",
                syntax: "[pattern:pattern]",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "help",
            arity: 2,
            flags: flags::LOADING | flags::STALE,
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", since: "6.2.0", ..DOCS },
            ..BASE
        },
        Command {
            name: "numpat",
            arity: 2,
            run: Some(numpat),
            docs: Docs { summary: "Tells how many patterns anybody is subscribed to", ..DOCS },
            ..BASE
        },
        Command {
            name: "numsub",
            run: Some(|ctx, request| numsub(ctx, request, Kind::Channel)),
            docs: Docs {
                summary: "Tells how many clients are subscribed to each of some channels",
                complexity: "O(N) for N channels",
                syntax: "[channel ...]",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "shardchannels",
            run: Some(|ctx, request| channels(ctx, request, Kind::Shard)),
            docs: Docs {
                summary: "Tells the channels of shards that anybody is subscribed to",
                since: "7.0.0",
                complexity: "O(N) for N channels",
                syntax: "[pattern:pattern]",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "shardnumsub",
            run: Some(|ctx, request| numsub(ctx, request, Kind::Shard)),
            docs: Docs {
                summary: "Tells how many clients are subscribed to each of some channels of shards",
                since: "7.0.0",
                complexity: "O(N) for N channels",
                syntax: "[shardchannel ...]",
                ..DOCS
            },
            ..BASE
        },
    ],
    ..BASE
};

/// What the subcommands have in common.
const BASE: Command = Command {
    name: "",
    arity: -2,
    flags: flags::PUBSUB | flags::LOADING | flags::STALE,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: None,
    docs: DOCS,
    subcommands: &[],
};

const DOCS: Docs =
    Docs { summary: "", since: "2.8.0", group: "pubsub", complexity: "O(1)", syntax: "" };

fn channels(ctx: &mut Context<'_>, request: &Request, kind: Kind) -> Result<Reply, CommandError> {
    if request.len() > 3 {
        return Err(wrong_subcommand("pubsub", request.arg(1)));
    }
    let mut found = Elements::new(ctx.protocol());
    let fits = |name: &[u8]| request.get(2).is_none_or(|pattern| glob::matches(pattern, name));
    let names = ctx.state.subscriptions.all_names(kind).filter(|name| fits(name));
    names.for_each(|name| found.bulk(name));
    Ok(found.into())
}

fn numpat(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(ctx.state.subscriptions.all_names(Kind::Pattern).len().into())
}

fn numsub(ctx: &mut Context<'_>, request: &Request, kind: Kind) -> Result<Reply, CommandError> {
    let mut counts = Elements::new(ctx.protocol());
    for channel in request.iter().skip(2) {
        counts.bulk(channel);
        counts.integer(ctx.state.subscriptions.receiver_count(kind, channel) as i64);
    }
    Ok(counts.into())
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CHANNELS [<pattern>]",
        "    Tell the channels, that match <pattern>, with subscribers.",
        "NUMPAT",
        "    Tell how many patterns have subscribers.",
        "NUMSUB [<channel> ...]",
        "    Tell how many subscribers each channel has.",
        "SHARDCHANNELS [<pattern>]",
        "    Tell the channels of shards, that match <pattern>, with subscribers.",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Tell how many subscribers each channel of a shard has.",
        "HELP",
        "    Print this help.",
    ]))
}
