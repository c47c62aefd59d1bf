//! `HRANDFIELD key [count [WITHVALUES]]`

use keyspace::{FieldRef, Hash};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::signed_count;
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};
use crate::random;

pub(super) static HRANDFIELD: Command = Command {
    name: "hrandfield",
    arity: -2,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["hash"],
    tips: &["nondeterministic_output"],
    run: Some(hrandfield),
    docs: Docs {
        summary: "Returns fields of a hash drawn at random, the same one more than once if the count \
                  is negative",
        since: "6.2.0",
        group: "hash",
        complexity: "O(N) for N fields returned",
        syntax: "key options=[count:integer [WITHVALUES]]",
    },
    subcommands: &[],
};

fn hrandfield(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let Some(count) = request.get(2) else {
        let hash = ctx.read::<Hash>(request.arg(1))?;
        let field = hash.and_then(|hash| hash.random(random::bits, now_ms));
        return Ok(field.map_or(Reply::Nil, |field| Reply::copied(field.name.as_text())));
    };
    let count = signed_count(count)?;
    let with_values = match request.get(3) {
        None => false,
        Some(word) if is_name("WITHVALUES", word) && request.len() == 4 => true,
        Some(_) => return Err(CommandError::Syntax),
    };
    if with_values && count.unsigned_abs() > COUNT_WITH_VALUES_MAX {
        return Err(CommandError::err("value is out of range"));
    }
    let mut shown = Elements::new(ctx.protocol());
    let mut show = |field: FieldRef<'_>| {
        let name = field.name.as_text();
        match with_values {
            true => shown.pair(|pair| {
                pair.bulk(&name);
                pair.bulk(&field.value.as_text());
            }),
            false => shown.bulk(&name),
        }
        shown.check_size()
    };
    if let Some(hash) = ctx.read::<Hash>(request.arg(1))? {
        let distinct = usize::try_from(count);
        match distinct {
            Ok(count) => {
                hash.sample(count, random::bits, now_ms).into_iter().try_for_each(&mut show)?
            }
            Err(_) => {
                for _ in 0..count.unsigned_abs() {
                    let Some(field) = hash.random(random::bits, now_ms) else { break };
                    show(field)?;
                }
            }
        }
    }
    Ok(shown.into())
}

/// Twice as many elements have to be a number still.
const COUNT_WITH_VALUES_MAX: u64 = i64::MAX as u64 / 2;
