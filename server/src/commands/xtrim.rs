//! `XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT count]`

use keyspace::{Stream, Trim, TrimTo};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::stream_id::id;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static XTRIM: Command = Command {
    name: "xtrim",
    arity: -4,
    flags: flags::WRITE,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::DELETE)]),
    categories: &["stream"],
    tips: &["nondeterministic_output"],
    run: Some(xtrim),
    docs: Docs {
        summary: "Removes the first entries of a stream",
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) for N entries that are removed",
        syntax: "key trim=<strategy=<MAXLEN | MINID@6.2.0> \
                 operator=[equal=<\"=\"> | approximately=<\"~\">] threshold \
                 [LIMIT@6.2.0 count:integer]>",
    },
    subcommands: &[],
};

fn xtrim(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let mut options = TrimOptions::default();
    let mut at = 2;
    while at < request.len() {
        if !options.take(request, &mut at)? {
            return Err(CommandError::Syntax);
        }
    }
    if options.to.is_none() {
        let text = "syntax error, XTRIM must be called with a trimming strategy";
        return Err(CommandError::err(text));
    }
    let trim = options.finish(ctx.thresholds().stream_node_max_entries)?;
    let key = request.arg(1);
    let Some(mut stream) = ctx.edit::<Stream>(key)? else { return Ok(Reply::Integer(0)) };
    let trimmed = trim.map_or(0, |trim| stream.trim(trim));
    drop(stream);
    if trimmed > 0 {
        ctx.notify(Class::STREAM, "xtrim", key);
    }
    Ok(Reply::Integer(trimmed as i64))
}

/// What XADD and XTRIM are told of trimming.
#[derive(Debug, Default)]
pub(super) struct TrimOptions {
    to: Option<TrimTo>,
    is_approximate: bool,
    limit: Option<i64>,
}

impl TrimOptions {
    /// Takes the option at `at`, which is moved behind it. Returns `false` if it is another.
    pub(super) fn take(&mut self, request: &Request, at: &mut usize) -> Result<bool, CommandError> {
        let word = request.arg(*at);
        let has_more = *at + 1 < request.len();
        let is_len = is_name("MAXLEN", word);
        if (is_len || is_name("MINID", word)) && has_more {
            if self.to.is_some() {
                return Err(CommandError::err(
                    "syntax error, MAXLEN and MINID options at the same time are not compatible",
                ));
            }
            *at += 1;
            self.is_approximate = false;
            if *at + 1 < request.len() && matches!(request.arg(*at), b"~" | b"=") {
                self.is_approximate = request.arg(*at) == b"~";
                *at += 1;
            }
            let threshold = request.arg(*at);
            self.to = Some(match is_len {
                true => TrimTo::Len(not_negative(threshold, "MAXLEN")? as u64),
                false => TrimTo::MinId(id(threshold, 0)?),
            });
        } else if is_name("LIMIT", word) && has_more {
            *at += 1;
            self.limit = Some(not_negative(request.arg(*at), "LIMIT")?);
        } else {
            return Ok(false);
        }
        *at += 1;
        Ok(true)
    }

    /// What they add up to, if anything is to be trimmed.
    pub(super) fn finish(self, node_entries_max: usize) -> Result<Option<Trim>, CommandError> {
        let Some(to) = self.to else {
            return match self.limit {
                Some(1..) => Err(CommandError::err(
                    "syntax error, LIMIT cannot be used without specifying a trimming strategy",
                )),
                Some(_) => Err(needs_approximation()),
                None => Ok(None),
            };
        };
        let limit = match (self.limit, self.is_approximate) {
            (Some(_), false) => return Err(needs_approximation()),
            (Some(limit), true) => Some(limit as u64).filter(|&limit| limit > 0),
            (None, true) => Some(match (node_entries_max as u64).saturating_mul(100) {
                0 => LIMIT_DEFAULT,
                limit => limit.min(LIMIT_DEFAULT_MAX),
            }),
            (None, false) => None,
        };
        Ok(Some(Trim { to, is_approximate: self.is_approximate, limit }))
    }
}

fn not_negative(argument: &[u8], name: &str) -> Result<i64, CommandError> {
    match integer(argument)? {
        number @ 0.. => Ok(number),
        _ => Err(CommandError::err(format_args!("The {name} argument must be >= 0."))),
    }
}

fn needs_approximation() -> CommandError {
    CommandError::err("syntax error, LIMIT cannot be used without the special ~ option")
}

/// Entries that are removed at most if nothing tells how many nodes may hold.
const LIMIT_DEFAULT: u64 = 10_000;

/// The same if nodes may hold many.
const LIMIT_DEFAULT_MAX: u64 = 1_000_000;
