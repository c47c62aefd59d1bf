//! `ZRANDMEMBER key [count [WITHSCORES]]`

use keyspace::{ScoredRef, SortedSet};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::signed_count;
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};
use crate::random;

pub(super) static ZRANDMEMBER: Command = Command {
    name: "zrandmember",
    arity: -2,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["sortedset"],
    tips: &["nondeterministic_output"],
    run: Some(zrandmember),
    docs: Docs {
        summary: "Returns members of a sorted set drawn at random, the same one more than once if \
                  the count is negative",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(M*log(N)) for M members of a sorted set of N",
        syntax: "key options=[count:integer [WITHSCORES]]",
    },
    subcommands: &[],
};

fn zrandmember(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let Some(count) = request.get(2) else {
        let set = ctx.read::<SortedSet>(request.arg(1))?;
        let member = set.and_then(|set| set.random(random::bits));
        return Ok(member.map_or(Reply::Nil, |member| Reply::copied(member.name.as_text())));
    };
    let count = signed_count(count)?;
    let with_scores = match request.get(3) {
        None => false,
        Some(word) if is_name("WITHSCORES", word) && request.len() == 4 => true,
        Some(_) => return Err(CommandError::Syntax),
    };
    if with_scores && count.unsigned_abs() > COUNT_WITH_SCORES_MAX {
        return Err(CommandError::err("value is out of range"));
    }
    let mut shown = Elements::new(ctx.protocol());
    let mut show = |member: ScoredRef<'_>| {
        match with_scores {
            true => shown.scored(member),
            false => shown.bulk(&member.name.as_text()),
        }
        shown.check_size()
    };
    if let Some(set) = ctx.read::<SortedSet>(request.arg(1))? {
        match usize::try_from(count) {
            Ok(count) => set.sample(count, random::bits).into_iter().try_for_each(&mut show)?,
            Err(_) => {
                for _ in 0..count.unsigned_abs() {
                    let Some(member) = set.random(random::bits) else { break };
                    show(member)?;
                }
            }
        }
    }
    Ok(shown.into())
}

/// Twice as many elements have to be a number still.
const COUNT_WITH_SCORES_MAX: u64 = i64::MAX as u64 / 2;
