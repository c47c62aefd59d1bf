//! `ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]` and
//! `ZINCRBY key increment member`

use keyspace::{AddFlags, Added, NotANumber, SortedSet};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::score::float;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static ZADD: Command = Command {
    name: "zadd",
    arity: -4,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    categories: &["sortedset"],
    tips: &[],
    run: Some(|ctx, request| add(ctx, request, AddFlags::default())),
    docs: Docs {
        summary: "Adds members to a sorted set, or changes their scores",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(M*log(N)) for M members and a sorted set of N",
        syntax: "key condition=[NX@3.0.2 | XX@3.0.2] comparison=[GT@6.2.0 | LT@6.2.0] [CH@3.0.2] \
                 [INCR@3.0.2] data=<score:double member> ...",
    },
    subcommands: &[],
};

pub(super) static ZINCRBY: Command = Command {
    name: "zincrby",
    arity: 4,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::UPDATE)]),
    run: Some(|ctx, request| add(ctx, request, AddFlags { incr: true, ..AddFlags::default() })),
    docs: Docs {
        summary: "Adds to the score of a member; one that does not exist counts as 0",
        complexity: "O(log(N)) for a sorted set of N members",
        syntax: "key increment:integer member",
        ..ZADD.docs
    },
    ..ZADD
};

fn add(ctx: &mut Context<'_>, request: &Request, flags: AddFlags) -> Result<Reply, CommandError> {
    let options = Options::parse(request, flags)?;
    let flags = options.flags;
    let pairs = (options.first..request.len()).step_by(2);
    let member = |index| Ok((request.arg(index + 1), float(request.arg(index))?));
    let members = pairs.map(member).collect::<Result<Vec<_>, CommandError>>()?;
    add_all(ctx, request.arg(1), &members, flags, options.count_changed)
}

/// Adds members with their scores, and answers how many are new, or have another score now too if
/// these count.
///
/// # Errors
/// The key holds something else than a sorted set, or a sum of scores is no number.
pub(super) fn add_all(
    ctx: &mut Context<'_>,
    key: &[u8],
    members: &[(&[u8], f64)],
    flags: AddFlags,
    count_changed: bool,
) -> Result<Reply, CommandError> {
    let thresholds = ctx.thresholds();
    let mut set = ctx.edit_or_new::<SortedSet>(key)?;
    if set.view().is_empty() {
        // Where the first name is packed, zeros lose their signs, as in Redis.
        let name_len = members.first().map_or(0, |(name, _)| name.len());
        *set = SortedSet::with_room(members.len(), name_len, &thresholds);
    } else {
        set.expect(members.len(), &thresholds);
    }
    let (mut added, mut changed, mut score_now) = (0, 0, None);
    for (name, score) in members {
        match set.add(name, *score, flags, &thresholds)? {
            Added::New(score) => {
                added += 1;
                score_now = Some(score);
            }
            Added::Changed(score) => {
                changed += 1;
                score_now = Some(score);
            }
            Added::Same(score) => score_now = Some(score),
            Added::Not => {}
        }
    }
    drop(set);
    if added + changed > 0 {
        ctx.notify(Class::SORTED_SET, if flags.incr { "zincr" } else { "zadd" }, key);
    }
    Ok(match (flags.incr, score_now) {
        (true, Some(score)) => Reply::Double(score),
        (true, None) => Reply::Nil,
        (false, _) => Reply::Integer(if count_changed { added + changed } else { added }),
    })
}

struct Options {
    flags: AddFlags,
    count_changed: bool,
    /// The argument that is the first score.
    first: usize,
}

impl Options {
    fn parse(request: &Request, mut flags: AddFlags) -> Result<Self, CommandError> {
        let (mut count_changed, mut first) = (false, 2);
        while let Some(word) = request.get(first) {
            if is_name("NX", word) {
                flags.nx = true;
            } else if is_name("XX", word) {
                flags.xx = true;
            } else if is_name("GT", word) {
                flags.gt = true;
            } else if is_name("LT", word) {
                flags.lt = true;
            } else if is_name("CH", word) {
                count_changed = true;
            } else if is_name("INCR", word) {
                flags.incr = true;
            } else {
                break;
            }
            first += 1;
        }
        let words = request.len() - first;
        if words == 0 || !words.is_multiple_of(2) {
            return Err(CommandError::Syntax);
        }
        if flags.nx && flags.xx {
            return Err(CommandError::err("XX and NX options at the same time are not compatible"));
        }
        if (flags.nx && (flags.gt || flags.lt)) || (flags.gt && flags.lt) {
            return Err(CommandError::err(
                "GT, LT, and/or NX options at the same time are not compatible",
            ));
        }
        if flags.incr && words > 2 {
            return Err(CommandError::err("INCR option supports a single increment-element pair"));
        }
        Ok(Self { flags, count_changed, first })
    }
}

impl From<NotANumber> for CommandError {
    fn from(error: NotANumber) -> Self {
        Self::err(error)
    }
}
