//! `SMOVE source destination member`

use keyspace::Set;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static SMOVE: Command = Command {
    name: "smove",
    arity: 4,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::DELETE),
        KeySpec::at(2).used(usage::RW | usage::INSERT),
    ]),
    categories: &["set"],
    tips: &[],
    run: Some(smove),
    docs: Docs {
        summary: "Takes a member out of a set and adds it to another",
        since: "1.0.0",
        group: "set",
        complexity: "O(1)",
        syntax: "source:key destination:key member",
    },
    subcommands: &[],
};

fn smove(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (source, destination, member) = (request.arg(1), request.arg(2), request.arg(3));
    let thresholds = ctx.thresholds();
    let Some(set) = ctx.edit::<Set>(source)? else { return Ok(Reply::flag(false)) };
    if source == destination {
        return Ok(Reply::flag(set.view().contains(member)));
    }
    drop(set);
    // It has to be a set before anything is taken out of the other.
    ctx.edit::<Set>(destination)?;
    let Some(mut set) = ctx.edit::<Set>(source)? else { return Ok(Reply::flag(false)) };
    let is_there = set.remove(member);
    let is_emptied = set.view().is_empty();
    drop(set);
    if is_there {
        ctx.notify_taken(Class::SET, "srem", source, is_emptied);
        let mut set = ctx.edit_or_new::<Set>(destination)?;
        if set.view().is_empty() {
            *set = Set::for_members(member, 1, &thresholds);
        }
        let is_new = set.add(member, &thresholds);
        drop(set);
        if is_new {
            ctx.notify(Class::SET, "sadd", destination);
        }
    }
    Ok(Reply::flag(is_there))
}
