//! `SADD key member [member ...]` and `SREM key member [member ...]`

use keyspace::Set;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static SADD: Command = Command {
    name: "sadd",
    arity: -3,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::INSERT)]),
    categories: &["set"],
    tips: &[],
    run: Some(sadd),
    docs: Docs {
        summary: "Adds members to a set, and returns how many of them are new",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) for N members",
        syntax: "key member ...",
    },
    subcommands: &[],
};

pub(super) static SREM: Command = Command {
    name: "srem",
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::DELETE)]),
    run: Some(srem),
    docs: Docs {
        summary: "Removes members of a set, and the set with the last of them",
        ..SADD.docs
    },
    ..SADD
};

fn sadd(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let thresholds = ctx.thresholds();
    let count = request.len() - 2;
    let key = request.arg(1);
    let mut set = ctx.edit_or_new::<Set>(key)?;
    if set.view().is_empty() {
        *set = Set::for_members(request.arg(2), count, &thresholds);
    } else {
        set.expect(count, &thresholds);
    }
    let added = request.iter().skip(2).filter(|member| set.add(member, &thresholds)).count();
    drop(set);
    if added > 0 {
        ctx.notify(Class::SET, "sadd", key);
    }
    Ok(added.into())
}

fn srem(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let key = request.arg(1);
    let Some(mut set) = ctx.edit::<Set>(key)? else { return Ok(Reply::Integer(0)) };
    let removed = request.iter().skip(2).filter(|member| set.remove(member)).count();
    let is_emptied = set.view().is_empty();
    drop(set);
    if removed > 0 {
        ctx.notify_taken(Class::SET, "srem", key, is_emptied);
    }
    Ok(removed.into())
}
