//! `COPY source destination [DB destination-db] [REPLACE]` and `MOVE key db`

use keyspace::AccessKind;
use resp::Request;

use super::command::{Command, Docs, KeySpec, KeyUse, Keys, Others, flags, usage};
use super::number::integer32;
use super::select::database_index;
use super::{CommandError, Context, Reply, is_name};
use crate::changes::Class;

pub(super) static COPY: Command = Command {
    name: "copy",
    arity: -3,
    flags: flags::WRITE | flags::DENYOOM,
    keys: Keys::Uses {
        find: keys_of_copy,
        others: |_| Others::None,
        specs: &[
            KeySpec::at(1).used(usage::RO | usage::ACCESS),
            KeySpec::at(2).used(usage::OW | usage::UPDATE),
        ],
    },
    categories: &["keyspace"],
    tips: &[],
    run: Some(copy),
    docs: Docs {
        summary: "Copies the value of a key, and its expiry, to another key",
        since: "6.2.0",
        group: "generic",
        complexity: "O(N) in the size of the value",
        syntax: "source:key destination:key [DB destination-db:integer] [REPLACE]",
    },
    subcommands: &[],
};

pub(super) static MOVE: Command = Command {
    name: "move",
    arity: 3,
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Uses {
        find: keys_of_move,
        others: |_| Others::None,
        specs: &[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::UPDATE)],
    },
    run: Some(move_key),
    docs: Docs {
        summary: "Moves a key to another database if that has none of the same name",
        since: "1.0.0",
        complexity: "O(1)",
        syntax: "key db:integer",
        ..COPY.docs
    },
    ..COPY
};

fn copy(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let now_ms = ctx.now_ms();
    let (source, target) = (request.arg(1), request.arg(2));
    let source_db = ctx.client().db;
    let options = Options::parse(request, source_db, |index| database_index(ctx.keyspace, index))?;
    if options.target_db == source_db && source == target {
        return Err(CommandError::SameObject);
    }
    let Some(entry) = ctx.db().read(source, now_ms) else { return Ok(Reply::flag(false)) };
    let expire_at_ms = entry.expire_at_ms();
    let target_db = ctx.keyspace.database_mut(options.target_db);
    if !options.replace && target_db.look_to_change(target, now_ms).is_some() {
        return Ok(Reply::flag(false));
    }
    let Some(entry) = ctx.db().peek(source, now_ms) else { return Ok(Reply::flag(false)) };
    let value = entry.value().to_separate_value();
    if ctx.is_replaced(options.target_db, target) {
        ctx.notify_in(options.target_db, Class::NEW, "new", target);
    }
    ctx.keyspace.database_mut(options.target_db).insert(target, value, expire_at_ms);
    ctx.notify_in(options.target_db, Class::GENERIC, "copy_to", target);
    Ok(Reply::flag(true))
}

fn move_key(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let (now_ms, key) = (ctx.now_ms(), request.arg(1));
    let target_db = database_index(ctx.keyspace, integer32(request.arg(2))?)?;
    if target_db == ctx.client().db {
        return Err(CommandError::SameObject);
    }
    if ctx.db().look_to_change(key, now_ms).is_none()
        || ctx.keyspace.database_mut(target_db).look_to_change(key, now_ms).is_some()
    {
        return Ok(Reply::flag(false));
    }
    let Some(taken) = ctx.db().take(key, now_ms) else { return Ok(Reply::flag(false)) };
    ctx.put_anew(target_db, key, taken);
    ctx.notify(Class::GENERIC, "move_from", key);
    ctx.notify_in(target_db, Class::GENERIC, "move_to", key);
    Ok(Reply::flag(true))
}

/// The options of COPY.
struct Options {
    target_db: usize,
    replace: bool,
}

impl Options {
    /// The last of several databases counts; `index` says which one a number means.
    fn parse(
        request: &Request,
        source_db: usize,
        index: impl Fn(i32) -> Result<usize, CommandError>,
    ) -> Result<Self, CommandError> {
        let mut options = Self { target_db: source_db, replace: false };
        let mut rest = request.iter().skip(3);
        while let Some(word) = rest.next() {
            if is_name("REPLACE", word) {
                options.replace = true;
            } else if is_name("DB", word) {
                let number = rest.next().ok_or(CommandError::Syntax)?;
                options.target_db = index(integer32(number)?)?;
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }
}

/// Nothing has to be waited for where the options are wrong and the command fails.
fn keys_of_copy(request: &Request, db: usize) -> Vec<KeyUse> {
    let index = |number| usize::try_from(number).map_err(|_| CommandError::Syntax);
    let target_db = Options::parse(request, db, index).map_or(db, |options| options.target_db);
    vec![
        KeyUse { db, argument: 1, access: AccessKind::Read },
        KeyUse { db: target_db, argument: 2, access: AccessKind::Write },
    ]
}

fn keys_of_move(request: &Request, db: usize) -> Vec<KeyUse> {
    let write = |db| KeyUse { db, argument: 1, access: AccessKind::Write };
    let target_db = integer32(request.arg(2)).ok().and_then(|number| usize::try_from(number).ok());
    [Some(db), target_db].into_iter().flatten().map(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_wait_for_their_target_where_it_is() {
        let read = KeyUse { db: 3, argument: 1, access: AccessKind::Read };
        let write = |db| KeyUse { db, argument: 2, access: AccessKind::Write };
        for (options, target_db) in
            [("", 3), ("REPLACE", 3), ("db 1", 1), ("DB 1 REPLACE Db 2", 2), ("DB x", 3), ("DB", 3)]
        {
            let words = ["COPY", "a", "b"].into_iter().chain(options.split_whitespace());
            let request = Request::from_args(words);
            assert_eq!(keys_of_copy(&request, 3), [read, write(target_db)], "{options}");
        }
    }
}
