//! `DEL key [key ...]` and `UNLINK key [key ...]`, which do the same: large values are freed
//! elsewhere anyway

use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};

pub(super) static DEL: Command = Command {
    name: "del",
    arity: -2,
    flags: flags::WRITE,
    keys: Keys::Specs(&[KeySpec::at(1).to(-1).used(usage::RM | usage::DELETE)]),
    categories: &["keyspace"],
    tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
    run: Some(del),
    docs: Docs {
        summary: "Deletes keys and returns how many there were",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) in the number of keys; what is large is freed in another thread",
        syntax: "key ...",
    },
    subcommands: &[],
};

pub(super) static UNLINK: Command = Command {
    name: "unlink",
    flags: flags::WRITE | flags::FAST,
    docs: Docs { since: "4.0.0", ..DEL.docs },
    ..DEL
};

fn del(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    Ok(request.iter().skip(1).filter(|key| ctx.remove(key)).count().into())
}
