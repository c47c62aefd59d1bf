//! `LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]`

use keyspace::List;
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::number::{count_from, signed_count};
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};

pub(super) static LPOS: Command = Command {
    name: "lpos",
    arity: -3,
    flags: flags::READONLY,
    keys: Keys::FIRST,
    categories: &["list"],
    tips: &[],
    run: Some(lpos),
    docs: Docs {
        summary: "Returns the indexes of elements that are equal to another",
        since: "6.0.6",
        group: "list",
        complexity: "O(N) for N elements that are looked at",
        syntax: "key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]",
    },
    subcommands: &[],
};

fn lpos(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(request)?;
    let mut found = Vec::new();
    if let Some(list) = ctx.read::<List>(request.arg(1))? {
        let (element, len) = (request.arg(2), list.len());
        let found_max = options.count.unwrap_or(1);
        let passed = options.rank.unsigned_abs() as usize - 1;
        let seen = options.seen_max.min(len);
        if options.rank > 0 {
            let (mut elements, mut next) = (list.iter(), 0);
            let matches = std::iter::from_fn(|| {
                let at = next + elements.position_of(element)?;
                next = at + 1;
                Some(at)
            });
            found.extend(matches.take_while(|&at| at < seen).skip(passed).take(found_max));
        } else {
            let elements = list.iter_back_from(len).take(seen).enumerate();
            let matches = elements.filter(|(_, it)| it.eq_text(element));
            found.extend(matches.skip(passed).take(found_max).map(|(nth, _)| len - nth - 1));
        }
    }
    Ok(match options.count {
        None => found.first().map_or(Reply::Nil, |&index| index.into()),
        Some(_) => {
            let mut indexes = Elements::new(ctx.protocol());
            found.into_iter().for_each(|index| indexes.integer(index as i64));
            indexes.into()
        }
    })
}

struct Options {
    /// Not 0; negative: from the tail.
    rank: i64,
    count: Option<usize>,
    seen_max: usize,
}

impl Options {
    fn parse(request: &Request) -> Result<Self, CommandError> {
        let mut options = Self { rank: 1, count: None, seen_max: usize::MAX };
        let all_for_none = |count| if count == 0 { usize::MAX } else { count };
        let mut rest = request.iter().skip(3);
        while let Some(word) = rest.next() {
            let argument = rest.next().ok_or(CommandError::Syntax)?;
            if is_name("RANK", word) {
                options.rank = signed_count(argument)?;
                if options.rank == 0 {
                    return Err(CommandError::err(
                        "RANK can't be zero: use 1 to start from the first match, 2 from the \
                         second ... or use negative to start from the end of the list",
                    ));
                }
            } else if is_name("COUNT", word) {
                let wanted = count_from(0, argument, "COUNT can't be negative")?;
                options.count = Some(all_for_none(wanted));
            } else if is_name("MAXLEN", word) {
                options.seen_max =
                    all_for_none(count_from(0, argument, "MAXLEN can't be negative")?);
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }
}
