//! `HDEL key field [field ...]`

use keyspace::Hash;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static HDEL: Command = Command {
    name: "hdel",
    arity: -3,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::DELETE)]),
    categories: &["hash"],
    tips: &[],
    run: Some(hdel),
    docs: Docs {
        summary: "Removes fields of a hash, and the hash with the last of them",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) for N fields",
        syntax: "key field ...",
    },
    subcommands: &[],
};

fn hdel(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let key = request.arg(1);
    let Some(mut hash) = ctx.edit::<Hash>(key)? else { return Ok(Reply::Integer(0)) };
    let removed = request.iter().skip(2).filter(|field| hash.remove(field, now_ms)).count();
    let is_emptied = hash.view().is_empty();
    drop(hash);
    if removed > 0 {
        ctx.notify_taken(Class::HASH, "hdel", key, is_emptied);
    }
    Ok(removed.into())
}
