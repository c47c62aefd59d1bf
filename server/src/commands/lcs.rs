//! `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]`

use bytes::Bytes;
use keyspace::StringValue;
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags};
use super::number::integer;
use super::{CommandError, Context, Reply, is_name};

pub(super) static LCS: Command = Command {
    name: "lcs",
    arity: -3,
    flags: flags::READONLY,
    keys: Keys::Specs(&[KeySpec::at(1).to(1)]),
    categories: &["string"],
    tips: &[],
    run: Some(lcs),
    docs: Docs {
        summary: "Finds the longest text that both strings contain, though not in one piece",
        since: "7.0.0",
        group: "string",
        complexity: "O(N*M) in the lengths of the strings",
        syntax: "key1:key key2:key [LEN] [IDX] [MINMATCHLEN min-match-len:integer] \
                 [WITHMATCHLEN]",
    },
    subcommands: &[],
};

fn lcs(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    // Both are looked up before either is found to be something else.
    let (left, right) = (text(ctx, request.arg(1)), text(ctx, request.arg(2)));
    let (left, right) = (left?, right?);
    let options = Options::parse(request)?;
    let cells = (left.len() as u128 + 1) * (right.len() as u128 + 1);
    if cells * size_of::<u32>() as u128 > ctx.state.config.proto_max_bulk_len().into() {
        return Err(CommandError::err(
            "Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    let lengths = Lengths::of(&left, &right);
    if options.len {
        return Ok(lengths.longest().into());
    }
    let matches = lengths.matches(&left, &right);
    if !options.idx {
        let text = matches.iter().rev().flat_map(|it| &left[it.left..it.left + it.len]);
        return Ok(Reply::Bulk(text.copied().collect()));
    }
    let shown = matches.iter().filter(|it| it.len as u64 >= options.len_min);
    let shown = shown.map(|it| it.reply(options.with_len)).collect();
    Ok(Reply::Map(vec![
        (Reply::text("matches"), shown),
        (Reply::text("len"), lengths.longest().into()),
    ]))
}

fn text(ctx: &mut Context<'_>, key: &[u8]) -> Result<Bytes, CommandError> {
    match ctx.read::<StringValue>(key) {
        Ok(value) => Ok(value.map_or(Bytes::new(), |value| value.to_bytes())),
        Err(_) => Err(CommandError::err("The specified keys must contain string values")),
    }
}

#[derive(Debug, Default)]
struct Options {
    len: bool,
    idx: bool,
    with_len: bool,
    len_min: u64,
}

impl Options {
    fn parse(request: &Request) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut rest = request.iter().skip(3);
        while let Some(word) = rest.next() {
            if is_name("IDX", word) {
                options.idx = true;
            } else if is_name("LEN", word) {
                options.len = true;
            } else if is_name("WITHMATCHLEN", word) {
                options.with_len = true;
            } else if is_name("MINMATCHLEN", word) {
                let len = integer(rest.next().ok_or(CommandError::Syntax)?)?;
                options.len_min = u64::try_from(len).unwrap_or(0);
            } else {
                return Err(CommandError::Syntax);
            }
        }
        if options.len && options.idx {
            return Err(CommandError::err(
                "If you want both the length and indexes, please just use IDX.",
            ));
        }
        Ok(options)
    }
}

/// For each beginning of the one text and each of the other, the length of the longest text that
/// both contain. Their number is bounded by proto-max-bulk-len.
struct Lengths {
    cells: Vec<u32>,
    /// Cells for each beginning of the left text.
    row_len: usize,
}

/// A part of the texts in which they agree.
#[derive(Debug, Eq, PartialEq)]
struct Match {
    left: usize,
    right: usize,
    len: usize,
}

impl Lengths {
    fn of(left: &[u8], right: &[u8]) -> Self {
        let row_len = right.len() + 1;
        let mut cells = vec![0; (left.len() + 1) * row_len];
        for (row, left) in left.iter().enumerate() {
            let (before, here) = cells[row * row_len..].split_at_mut(row_len);
            for (column, right) in right.iter().enumerate() {
                here[column + 1] = if left == right {
                    before[column] + 1
                } else {
                    before[column + 1].max(here[column])
                };
            }
        }
        Self { cells, row_len }
    }

    fn at(&self, left: usize, right: usize) -> u32 {
        self.cells[left * self.row_len + right]
    }

    fn longest(&self) -> usize {
        self.cells.last().map_or(0, |&len| len as usize)
    }

    /// Where the texts agree, from the end on.
    fn matches(&self, left: &[u8], right: &[u8]) -> Vec<Match> {
        let mut matches: Vec<Match> = Vec::new();
        let (mut i, mut j) = (left.len(), right.len());
        while i > 0 && j > 0 {
            if left[i - 1] == right[j - 1] {
                match matches.last_mut() {
                    Some(last) if (last.left, last.right) == (i, j) => {
                        (last.left, last.right, last.len) = (i - 1, j - 1, last.len + 1);
                    }
                    _ => matches.push(Match { left: i - 1, right: j - 1, len: 1 }),
                }
                (i, j) = (i - 1, j - 1);
            } else if self.at(i - 1, j) > self.at(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        matches
    }
}

impl Match {
    fn reply(&self, with_len: bool) -> Reply {
        let range = |start: usize| {
            Reply::Array(vec![Reply::from(start), Reply::from(start + self.len - 1)])
        };
        let mut shown = vec![range(self.left), range(self.right)];
        shown.extend(with_len.then(|| Reply::from(self.len)));
        Reply::Array(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_found_from_the_end_on() {
        let (left, right) = (b"ohmytext", b"mynewtext");
        let lengths = Lengths::of(left, right);
        assert_eq!(lengths.longest(), 6);
        let found = [Match { left: 4, right: 5, len: 4 }, Match { left: 2, right: 0, len: 2 }];
        assert_eq!(lengths.matches(left, right), found);
        assert_eq!(Lengths::of(b"", b"x").longest(), 0);
    }
}
