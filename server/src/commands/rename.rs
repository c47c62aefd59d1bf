//! `RENAME key newkey` and `RENAMENX key newkey`

use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};
use crate::changes::Class;

pub(super) static RENAME: Command = Command {
    name: "rename",
    arity: 3,
    flags: flags::WRITE,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::DELETE),
        KeySpec::at(2).used(usage::OW | usage::UPDATE),
    ]),
    categories: &["keyspace"],
    tips: &[],
    run: Some(rename),
    docs: Docs {
        summary: "Renames a key, in place of one that may have the new name",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        syntax: "key newkey:key",
    },
    subcommands: &[],
};

pub(super) static RENAMENX: Command = Command {
    name: "renamenx",
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[
        KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::DELETE),
        KeySpec::at(2).used(usage::OW | usage::INSERT),
    ]),
    run: Some(renamenx),
    docs: Docs { summary: "Renames a key if no other has the new name", ..RENAME.docs },
    ..RENAME
};

fn rename(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    rename_unless(ctx, request, false)?;
    Ok(Reply::OK)
}

fn renamenx(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    rename_unless(ctx, request, true).map(Reply::flag)
}

/// Whether the key was renamed; not if it has that name already, nor if another one has and may
/// not be replaced.
fn rename_unless(
    ctx: &mut Context<'_>,
    request: &Request,
    is_taken: bool,
) -> Result<bool, CommandError> {
    let now_ms = ctx.now_ms();
    let (old, new) = (request.arg(1), request.arg(2));
    let db = ctx.db();
    if db.look_to_change(old, now_ms).is_none() {
        return Err(CommandError::NoSuchKey);
    }
    if old == new || is_taken && db.look_to_change(new, now_ms).is_some() {
        return Ok(false);
    }
    if let Some(taken) = db.take(old, now_ms) {
        let index = ctx.client().db;
        ctx.put_anew(index, new, taken);
        ctx.notify(Class::GENERIC, "rename_from", old);
        ctx.notify(Class::GENERIC, "rename_to", new);
    }
    Ok(true)
}
