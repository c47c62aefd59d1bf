//! `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::keys::matches;
use super::number::integer;
use super::reply::Elements;
use super::{CommandError, Context, Reply, is_name};

pub(super) static SCAN: Command = Command {
    name: "scan",
    arity: -2,
    flags: flags::READONLY,
    keys: Keys::None,
    categories: &["keyspace"],
    tips: &["nondeterministic_output", "request_policy:special", "response_policy:special"],
    run: Some(scan),
    docs: Docs {
        summary: "Returns some keys and the cursor with which to ask for more",
        since: "2.8.0",
        group: "generic",
        complexity: "O(1) for a call, O(N) for all N keys",
        syntax: "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [TYPE type]",
    },
    subcommands: &[],
};

fn scan(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let cursor = cursor(request.arg(1))?;
    let options = Options::parse(request.iter().skip(2), Extra::Type)?;
    let now_ms = ctx.now_ms();
    let mut found = Elements::new(ctx.protocol());
    let next = ctx.db().scan(cursor, options.count, now_ms, |entry| {
        if options.matches(entry.key())
            && options.type_name.is_none_or(|name| is_name(entry.value().type_name(), name))
        {
            found.bulk(entry.key());
        }
    });
    Ok(reply(next, found))
}

/// The reply of every scan.
pub(super) fn reply(next: u32, found: Elements) -> Reply {
    Reply::Array(vec![Reply::copied(next.to_string()), found.into()])
}

/// Takes what `strtoul` takes, as Redis 7.2 does: no text at all, too, and a sign. A number that no
/// SCAN has returned is past the end.
pub(super) fn cursor(argument: &[u8]) -> Result<u32, CommandError> {
    let (negative, digits) = match argument {
        [] => return Ok(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let text = str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'));
    let cursor: u64 = text
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| CommandError::err("invalid cursor"))?;
    let cursor = if negative { cursor.wrapping_neg() } else { cursor };
    Ok(u32::try_from(cursor).unwrap_or(u32::MAX))
}

/// The options of the scans.
#[derive(Debug)]
pub(super) struct Options<'a> {
    pattern: Option<&'a [u8]>,
    pub(super) count: usize,
    /// A type that does not exist is one that no key has.
    type_name: Option<&'a [u8]>,
    pub(super) no_values: bool,
}

/// What a scan has beside MATCH and COUNT.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Extra {
    /// Nothing.
    None,
    /// `TYPE type`.
    Type,
    /// `NOVALUES`.
    NoValues,
}

impl<'a> Options<'a> {
    pub(super) fn parse(
        mut words: impl Iterator<Item = &'a [u8]>,
        extra: Extra,
    ) -> Result<Self, CommandError> {
        let mut options =
            Self { pattern: None, count: COUNT_DEFAULT, type_name: None, no_values: false };
        while let Some(word) = words.next() {
            if extra == Extra::NoValues && is_name("NOVALUES", word) {
                options.no_values = true;
                continue;
            }
            let argument = words.next().ok_or(CommandError::Syntax)?;
            if is_name("COUNT", word) {
                options.count = match usize::try_from(integer(argument)?) {
                    Ok(count) if count > 0 => count,
                    _ => return Err(CommandError::Syntax),
                };
            } else if is_name("MATCH", word) {
                options.pattern = Some(argument);
            } else if extra == Extra::Type && is_name("TYPE", word) {
                options.type_name = Some(argument);
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }

    /// Whether a name is one that is asked for.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| matches(pattern, name))
    }
}

const COUNT_DEFAULT: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_redis_7_2_reads_them() {
        for (text, wanted) in [
            ("", Some(0)),
            ("0", Some(0)),
            ("-0", Some(0)),
            ("+007", Some(7)),
            ("2147483647", Some(0x7fff_ffff)),
            ("18446744073709551615", Some(u32::MAX)),
            ("-1", Some(u32::MAX)),
            ("18446744073709551616", None),
            ("+", None),
            ("-+1", None),
            (" 1", None),
            ("1x", None),
        ] {
            assert_eq!(cursor(text.as_bytes()).ok(), wanted, "{text:?}");
        }
    }
}
