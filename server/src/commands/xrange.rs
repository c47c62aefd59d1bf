//! `XRANGE key start end [COUNT count]`, `XREVRANGE key end start [COUNT count]` and `XLEN key`

use keyspace::Stream;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::stream_id::{entries_reply, interval};
use super::{CommandError, Context, Reply, is_name};

pub(super) static XRANGE: Command = Command {
    name: "xrange",
    arity: -4,
    flags: flags::READONLY,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RO | usage::ACCESS)]),
    categories: &["stream"],
    tips: &[],
    run: Some(|ctx, request| range(ctx, request, false)),
    docs: Docs {
        summary: "Returns the entries of a stream whose IDs are in a range",
        since: "5.0.0",
        group: "stream",
        complexity: "O(log(N) + M) for M entries that are returned of N",
        syntax: "key start end [COUNT count:integer]",
    },
    subcommands: &[],
};

pub(super) static XREVRANGE: Command = Command {
    name: "xrevrange",
    run: Some(|ctx, request| range(ctx, request, true)),
    docs: Docs {
        summary: "Returns the entries of a stream whose IDs are in a range, the last one first",
        syntax: "key end start [COUNT count:integer]",
        ..XRANGE.docs
    },
    ..XRANGE
};

pub(super) static XLEN: Command = Command {
    name: "xlen",
    arity: 2,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RO)]),
    run: Some(xlen),
    docs: Docs {
        summary: "Tells how many entries a stream has",
        complexity: "O(1)",
        syntax: "key",
        ..XRANGE.docs
    },
    ..XRANGE
};

fn range(
    ctx: &mut Context<'_>,
    request: &Request,
    is_reversed: bool,
) -> Result<Reply, CommandError> {
    let (start, end) = if is_reversed { (3, 2) } else { (2, 3) };
    let (start, end) = interval(request.arg(start), request.arg(end))?;
    let mut count = usize::MAX;
    let mut rest = request.iter().skip(4);
    while let Some(word) = rest.next() {
        let wanted = rest.next().filter(|_| is_name("COUNT", word)).ok_or(CommandError::Syntax)?;
        count = usize::try_from(integer(wanted)?).unwrap_or(0);
    }
    let protocol = ctx.protocol();
    let Some(stream) = ctx.read::<Stream>(request.arg(1))? else {
        return Ok(Reply::Array(Vec::new()));
    };
    Ok(match (count, is_reversed) {
        (0, _) => Reply::NilArray,
        (_, false) => entries_reply(stream.range(start, end).take(count), protocol).into(),
        (_, true) => entries_reply(stream.range_back(start, end).take(count), protocol).into(),
    })
}

fn xlen(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let stream = ctx.read::<Stream>(request.arg(1))?;
    Ok(stream.map_or(0, |stream| stream.len()).into())
}
