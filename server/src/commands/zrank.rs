//! `ZRANK key member [WITHSCORE]` and `ZREVRANK key member [WITHSCORE]`

use keyspace::SortedSet;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply, is_name};

pub(super) static ZRANK: Command = Command {
    name: "zrank",
    arity: -3,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::FIRST,
    categories: &["sortedset"],
    tips: &[],
    run: Some(|ctx, request| rank(ctx, request, false)),
    docs: Docs {
        summary: "Returns how many members of a sorted set come before one",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(log(N)) for a sorted set of N members",
        syntax: "key member [WITHSCORE@7.2.0]",
    },
    subcommands: &[],
};

pub(super) static ZREVRANK: Command = Command {
    name: "zrevrank",
    run: Some(|ctx, request| rank(ctx, request, true)),
    docs: Docs { summary: "Returns how many members of a sorted set come after one", ..ZRANK.docs },
    ..ZRANK
};

fn rank(ctx: &mut Context<'_>, request: &Request, reverse: bool) -> Result<Reply, CommandError> {
    let with_score = match request.get(3) {
        None => false,
        Some(_) if request.len() > 4 => {
            let name = if reverse { ZREVRANK.name } else { ZRANK.name };
            return Err(CommandError::Arity(name.into()));
        }
        Some(word) if is_name("WITHSCORE", word) => true,
        Some(_) => return Err(CommandError::Syntax),
    };
    let set = ctx.read::<SortedSet>(request.arg(1))?;
    let found = set.and_then(|set| {
        let (rank, score) = set.rank(request.arg(2))?;
        Some((if reverse { set.len() - 1 - rank } else { rank }, score))
    });
    Ok(match found {
        None if with_score => Reply::NilArray,
        None => Reply::Nil,
        Some((rank, score)) if with_score => Reply::Array(vec![rank.into(), Reply::Double(score)]),
        Some((rank, _)) => rank.into(),
    })
}
