//! `XADD key [NOMKSTREAM] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] * | id field value
//! [field value ...]`

use keyspace::{AppendError, Stream, StreamId, StreamRef};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::stream_id::id_to_add;
use super::xtrim::TrimOptions;
use super::{CommandError, Context, Reply, is_name, reply};
use crate::changes::Class;

pub(super) static XADD: Command = Command {
    name: "xadd",
    arity: -5,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    categories: &["stream"],
    tips: &["nondeterministic_output"],
    run: Some(xadd),
    docs: Docs {
        summary: "Adds an entry to a stream",
        since: "5.0.0",
        group: "stream",
        complexity: "O(log(N)) for a stream of N entries, O(M) for M that are removed by trimming",
        syntax: "key [NOMKSTREAM@6.2.0] trim=[strategy=<MAXLEN | MINID@6.2.0> \
                 operator=[equal=<\"=\"> | approximately=<\"~\">] threshold \
                 [LIMIT@6.2.0 count:integer]] id-or-auto=<auto-id=<\"*\"> | id> \
                 data=<field value> ...",
    },
    subcommands: &[],
};

fn xadd(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let Options { no_mkstream, trim, id: wanted, first } = Options::parse(request)?;
    let thresholds = ctx.thresholds();
    let trim = trim.finish(thresholds.stream_node_max_entries)?;
    let rest = request.len() - first;
    if rest < 2 || !rest.is_multiple_of(2) {
        return Err(CommandError::Arity("xadd".into()));
    }
    if wanted == Some((0, Some(0))) {
        return Err(CommandError::err("The ID specified in XADD must be greater than 0-0"));
    }
    let (key, now_ms) = (request.arg(1), ctx.now_ms());
    let mut stream = match no_mkstream {
        false => ctx.edit_or_new::<Stream>(key)?,
        true => match ctx.edit::<Stream>(key)? {
            Some(stream) => stream,
            None => return Ok(Reply::Nil),
        },
    };
    let id = new_id(stream.view(), wanted, now_ms)?;
    let fields: Vec<(&[u8], &[u8])> = (first..request.len())
        .step_by(2)
        .map(|index| (request.arg(index), request.arg(index + 1)))
        .collect();
    stream.append(id, &fields, &thresholds)?;
    let trimmed = trim.map_or(0, |trim| stream.trim(trim));
    drop(stream);
    ctx.notify(Class::STREAM, "xadd", key);
    if trimmed > 0 {
        ctx.notify(Class::STREAM, "xtrim", key);
    }
    reply::encode_id(ctx.out.tail(), id);
    Ok(Reply::Written)
}

/// The ID that is given, or the next one of the stream as far as it is left to that.
fn new_id(
    stream: StreamRef<'_>,
    wanted: Option<(u64, Option<u64>)>,
    now_ms: i64,
) -> Result<StreamId, CommandError> {
    let last_id = stream.last_id();
    if last_id == StreamId::MAX {
        return Err(CommandError::err(
            "The stream has exhausted the last possible ID, unable to add more items",
        ));
    }
    match wanted {
        Some((ms, Some(seq))) => Ok(StreamId { ms, seq }),
        Some((ms, None)) if ms == last_id.ms => {
            let seq = last_id.seq.checked_add(1).ok_or(AppendError::Id)?;
            Ok(StreamId { ms, seq })
        }
        Some((ms, None)) => Ok(StreamId { ms, seq: 0 }),
        None => Ok(stream.next_id(now_ms).ok_or(AppendError::Id)?),
    }
}

struct Options {
    no_mkstream: bool,
    trim: TrimOptions,
    /// `None` if all of it is left to the stream.
    id: Option<(u64, Option<u64>)>,
    /// The argument that is the first field.
    first: usize,
}

impl Options {
    fn parse(request: &Request) -> Result<Self, CommandError> {
        let (mut no_mkstream, mut trim, mut at) = (false, TrimOptions::default(), 2);
        while let Some(word) = request.get(at) {
            if word == b"*" {
                return Ok(Self { no_mkstream, trim, id: None, first: at + 1 });
            } else if is_name("NOMKSTREAM", word) {
                no_mkstream = true;
                at += 1;
            } else if !trim.take(request, &mut at)? {
                let id = Some(id_to_add(word)?);
                return Ok(Self { no_mkstream, trim, id, first: at + 1 });
            }
        }
        // Then it is the number of fields that is wrong.
        Ok(Self { no_mkstream, trim, id: None, first: at })
    }
}

impl From<AppendError> for CommandError {
    fn from(error: AppendError) -> Self {
        Self::err(match error {
            AppendError::Id => {
                "The ID specified in XADD is equal or smaller than the target stream top item"
            }
            AppendError::TooLarge => "Elements are too large to be stored",
        })
    }
}
