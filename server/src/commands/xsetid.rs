//! `XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]`

use keyspace::{Stream, StreamId};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::stream_id::id;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static XSETID: Command = Command {
    name: "xsetid",
    arity: -3,
    flags: flags::WRITE | flags::DENYOOM | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::UPDATE)]),
    categories: &["stream"],
    tips: &[],
    run: Some(xsetid),
    docs: Docs {
        summary: "Sets what a stream remembers of IDs that were given",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        syntax: "key last-id [ENTRIESADDED@7.0.0 entries-added:integer] \
                 [MAXDELETEDID@7.0.0 max-deleted-id]",
    },
    subcommands: &[],
};

fn xsetid(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let last_id = id(request.arg(2), 0)?;
    let (mut entries_added, mut max_deleted_id) = (None, None);
    let mut rest = request.iter().skip(3);
    while let Some(word) = rest.next() {
        let value = rest.next().ok_or(CommandError::Syntax)?;
        if is_name("ENTRIESADDED", word) {
            let number = u64::try_from(integer(value)?);
            let number = number.map_err(|_| CommandError::err("entries_added must be positive"))?;
            entries_added = Some(number);
        } else if is_name("MAXDELETEDID", word) {
            let max = id(value, 0)?;
            if last_id < max {
                return Err(CommandError::err(
                    "The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                ));
            }
            max_deleted_id = Some(max);
        } else {
            return Err(CommandError::Syntax);
        }
    }
    let key = request.arg(1);
    let Some(mut stream) = ctx.edit::<Stream>(key)? else {
        return Err(CommandError::NoSuchKey);
    };
    let view = stream.view();
    // Redis 7.0 lets it be lower, and then makes a DUMP that is not sound.
    if last_id < view.max_deleted_id() {
        return Err(CommandError::err(
            "The ID specified in XSETID is smaller than current max_deleted_entry_id",
        ));
    }
    if view.last_entry_id().is_some_and(|last| last_id < last) {
        return Err(CommandError::err(
            "The ID specified in XSETID is smaller than the target stream top item",
        ));
    }
    if !view.is_empty() && entries_added.is_some_and(|added| added < view.len() as u64) {
        return Err(CommandError::err(
            "The entries_added specified in XSETID is smaller than the target stream length",
        ));
    }
    stream.set_last_id(last_id);
    if let Some(entries_added) = entries_added {
        stream.set_entries_added(entries_added);
    }
    if let Some(max_deleted_id) = max_deleted_id.filter(|&max| max != StreamId::MIN) {
        stream.set_max_deleted_id(max_deleted_id);
    }
    drop(stream);
    ctx.notify_unmodified(Class::STREAM, "xsetid", key);
    Ok(Reply::OK)
}
