//! `HINCRBY key field increment`

use keyspace::Hash;
use keyspace::string::IncrError;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::integer;
use super::{CommandError, Context, Reply};

pub(super) static HINCRBY: Command = Command {
    name: "hincrby",
    arity: 4,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::FIRST,
    categories: &["hash"],
    tips: &[],
    run: Some(hincrby),
    docs: Docs {
        summary: "Adds to the integer value of a field of a hash; one that is not there counts as 0",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        syntax: "key field increment:integer",
    },
    subcommands: &[],
};

fn hincrby(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let increment = integer(request.arg(3))?;
    let (thresholds, now_ms) = (ctx.thresholds(), ctx.now_ms());
    let mut hash = ctx.edit_or_new::<Hash>(request.arg(1))?;
    let sum = hash.incr_by(request.arg(2), increment, &thresholds, now_ms);
    sum.map(Reply::Integer).map_err(|error| {
        CommandError::err(match error {
            IncrError::Overflow => "increment or decrement would overflow",
            _ => "hash value is not an integer",
        })
    })
}
