//! `SPOP key [count]` and `SRANDMEMBER key [count]`

use keyspace::Set;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::{count, signed_count};
use super::reply::Elements;
use super::{CommandError, Context, Reply};
use crate::changes::Class;
use crate::random;

pub(super) static SPOP: Command = Command {
    name: "spop",
    arity: -2,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    categories: &["set"],
    tips: &["nondeterministic_output"],
    run: Some(spop),
    docs: Docs {
        summary: "Removes members of a set drawn at random and returns them",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) for N members returned",
        syntax: "key [count:integer]",
    },
    subcommands: &[],
};

pub(super) static SRANDMEMBER: Command = Command {
    name: "srandmember",
    flags: flags::READONLY,
    keys: Keys::FIRST,
    run: Some(srandmember),
    docs: Docs {
        summary: "Returns members of a set drawn at random, the same one more than once if the \
                  count is negative",
        ..SPOP.docs
    },
    ..SPOP
};

fn spop(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let count = match request.len() {
        2 => None,
        3 => Some(count(request.arg(2))?),
        _ => return Err(CommandError::Syntax),
    };
    let thresholds = ctx.thresholds();
    let key = request.arg(1);
    let Some(mut set) = ctx.edit::<Set>(key)?.filter(|_| count != Some(0)) else {
        return Ok(count.map_or(Reply::Nil, |_| Elements::set(protocol).into()));
    };
    let reply = match count {
        None => set.pop(random::bits).into(),
        Some(count) => {
            let mut members = Elements::set(protocol);
            let popped = set.pop_many(count, random::bits, &thresholds);
            popped.iter().for_each(|member| members.bulk(member));
            members.into()
        }
    };
    let is_emptied = set.view().is_empty();
    drop(set);
    ctx.notify_taken(Class::SET, "spop", key, is_emptied);
    Ok(reply)
}

fn srandmember(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let protocol = ctx.protocol();
    let count = match request.len() {
        2 => None,
        3 => Some(signed_count(request.arg(2))?),
        _ => return Err(CommandError::Syntax),
    };
    let set = ctx.read::<Set>(request.arg(1))?;
    let Some(count) = count else {
        let member = set.and_then(|set| set.random(random::bits));
        return Ok(member.map_or(Reply::Nil, |member| Reply::copied(member.as_text())));
    };
    let mut members = Elements::new(protocol);
    if let Some(set) = set {
        match usize::try_from(count) {
            Ok(count) => set
                .sample(count, random::bits)
                .iter()
                .for_each(|member| members.bulk(&member.as_text())),
            Err(_) => {
                for _ in 0..count.unsigned_abs() {
                    let Some(member) = set.random(random::bits) else { break };
                    members.bulk(&member.as_text());
                    members.check_size()?;
                }
            }
        }
    }
    Ok(members.into())
}
