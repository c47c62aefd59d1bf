//! `XGROUP CREATE key group id | $ [MKSTREAM] [ENTRIESREAD entries-read]`,
//! `XGROUP CREATECONSUMER key group consumer`, `XGROUP DELCONSUMER key group consumer`,
//! `XGROUP DESTROY key group`, `XGROUP HELP` and
//! `XGROUP SETID key group id | $ [ENTRIESREAD entries-read]`

use keyspace::{Stream, StreamId, StreamRef, ValueMut};
use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::number::integer;
use super::stream_id::{id, id_or_end, no_group_of};
use super::{CommandError, Context, Reply, is_name, wrong_subcommand};
use crate::changes::Class;

pub(super) static XGROUP: Command = Command {
    name: "xgroup",
    arity: -2,
    flags: 0,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: None,
    docs: Docs { summary: "Changes consumer groups", syntax: "", ..DOCS },
    subcommands: &[
        Command {
            name: "create",
            arity: -5,
            flags: flags::WRITE | flags::DENYOOM,
            keys: Keys::Specs(&[KeySpec::at(2).used(usage::RW | usage::INSERT)]),
            run: Some(create),
            docs: Docs {
                summary: "Adds a consumer group to a stream",
                syntax: "key groupname id=<id | new-id=<\"$\">> [MKSTREAM] \
                         [ENTRIESREAD entries-read:integer]",
                ..DOCS
            },
            ..OF_GROUP
        },
        Command {
            name: "createconsumer",
            flags: flags::WRITE | flags::DENYOOM,
            keys: Keys::Specs(&[KeySpec::at(2).used(usage::RW | usage::INSERT)]),
            run: Some(createconsumer),
            docs: Docs { summary: "Adds a consumer to a group", since: "6.2.0", ..DOCS },
            ..OF_GROUP
        },
        Command {
            name: "delconsumer",
            run: Some(delconsumer),
            docs: Docs {
                summary: "Removes a consumer and what is pending at it",
                complexity: "O(N*log(M)) for N entries that are pending at it of M",
                ..DOCS
            },
            ..OF_GROUP
        },
        Command {
            name: "destroy",
            arity: 4,
            run: Some(destroy),
            docs: Docs {
                summary: "Removes a consumer group",
                complexity: "O(N) for N pending entries",
                syntax: "key groupname",
                ..DOCS
            },
            ..OF_GROUP
        },
        Command {
            name: "help",
            arity: 2,
            flags: flags::LOADING | flags::STALE,
            keys: Keys::None,
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", syntax: "", ..DOCS },
            ..OF_GROUP
        },
        Command {
            name: "setid",
            arity: -5,
            keys: Keys::Specs(&[KeySpec::at(2).used(usage::RW | usage::UPDATE)]),
            run: Some(setid),
            docs: Docs {
                summary: "Sets how far a consumer group has got",
                syntax: "key groupname id=<id | new-id=<\"$\">> \
                         [ENTRIESREAD entries-read:integer]",
                ..DOCS
            },
            ..OF_GROUP
        },
    ],
};

/// What the subcommands have in common.
const OF_GROUP: Command = Command {
    name: "",
    arity: 5,
    flags: flags::WRITE,
    keys: Keys::Specs(&[KeySpec::at(2).used(usage::RW | usage::DELETE)]),
    categories: &["stream"],
    tips: &[],
    run: None,
    docs: DOCS,
    subcommands: &[],
};

const DOCS: Docs = Docs {
    summary: "",
    since: "5.0.0",
    group: "stream",
    complexity: "O(1)",
    syntax: "key groupname consumername",
};

fn create(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(request, true)?;
    let (key, name) = (request.arg(2), request.arg(3));
    let Some(stream) = ctx.look_to_change::<Stream>(key)? else {
        if !options.make_stream {
            return Err(no_stream());
        }
        options.check_len(request)?;
        let last_id = last_id(request, None, id)?;
        ctx.edit_or_new::<Stream>(key)?.create_group(name, last_id, options.entries_read);
        ctx.notify(Class::STREAM, "xgroup-create", key);
        return Ok(Reply::OK);
    };
    options.check_len(request)?;
    let last_id = last_id(request, Some(stream), id)?;
    let is_new = existing(ctx, key)?.create_group(name, last_id, options.entries_read);
    match is_new {
        true => {
            ctx.notify_unmodified(Class::STREAM, "xgroup-create", key);
            Ok(Reply::OK)
        }
        false => Err(CommandError::Line(b"BUSYGROUP Consumer Group name already exists".to_vec())),
    }
}

fn setid(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let options = Options::parse(request, false)?;
    let (key, name) = (request.arg(2), request.arg(3));
    require_group(ctx, request)?;
    options.check_len(request)?;
    let last_id = last_id(request, ctx.look_to_change::<Stream>(key)?, id_or_end)?;
    existing(ctx, key)?.set_group(name, last_id, options.entries_read);
    ctx.notify_unmodified(Class::STREAM, "xgroup-setid", key);
    Ok(Reply::OK)
}

fn destroy(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let key = request.arg(2);
    let is_removed = existing(ctx, key)?.remove_group(request.arg(3));
    if is_removed {
        ctx.notify_unmodified(Class::STREAM, "xgroup-destroy", key);
    }
    Ok(Reply::flag(is_removed))
}

fn createconsumer(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    require_group(ctx, request)?;
    let now_ms = ctx.now_ms();
    let key = request.arg(2);
    let mut stream = existing(ctx, key)?;
    let group = stream.group_mut(request.arg(3)).ok_or_else(no_stream)?;
    let is_new = group.create_consumer(request.arg(4), now_ms);
    drop(stream);
    if is_new {
        ctx.notify_unmodified(Class::STREAM, CONSUMER_CREATED, key);
    }
    Ok(Reply::flag(is_new))
}

fn delconsumer(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    require_group(ctx, request)?;
    let (key, consumer) = (request.arg(2), request.arg(4));
    let mut stream = existing(ctx, key)?;
    let group = stream.group_mut(request.arg(3)).ok_or_else(no_stream)?;
    let is_there = group.consumer(consumer).is_some();
    let pending = group.remove_consumer(consumer);
    drop(stream);
    if is_there {
        ctx.notify_unmodified(Class::STREAM, "xgroup-delconsumer", key);
    }
    Ok(pending.into())
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CREATE <key> <groupname> <id|$> [option]",
        "    Add a consumer group. Options are:",
        "    * MKSTREAM",
        "      Make a stream without entries if there is none.",
        "    * ENTRIESREAD entries_read",
        "      Set how many entries the group has read.",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Add a consumer to the group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove the consumer.",
        "DESTROY <key> <groupname>",
        "    Remove the group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the last ID that the group was delivered, and how many entries it has read.",
        "HELP",
        "    Print this help.",
    ]))
}

/// The stream of a key, to change it.
fn existing<'k>(
    ctx: &'k mut Context<'_>,
    key: &[u8],
) -> Result<ValueMut<'k, Stream>, CommandError> {
    ctx.edit::<Stream>(key)?.ok_or_else(no_stream)
}

/// # Errors
/// The key of a subcommand holds no stream, or one without this group.
fn require_group(ctx: &mut Context<'_>, request: &Request) -> Result<(), CommandError> {
    let (key, name) = (request.arg(2), request.arg(3));
    let stream = ctx.look_to_change::<Stream>(key)?.ok_or_else(no_stream)?;
    match stream.group(name) {
        Some(_) => Ok(()),
        None => Err(no_group_of(key, name)),
    }
}

/// The event of a consumer that was added, by whatever command.
pub(super) const CONSUMER_CREATED: &str = "xgroup-createconsumer";

fn no_stream() -> CommandError {
    CommandError::err(
        "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use \
         the MKSTREAM option to create an empty stream automatically.",
    )
}

struct Options {
    /// Number of arguments with which each option is given once.
    len_max: usize,
    make_stream: bool,
    entries_read: Option<i64>,
}

impl Options {
    fn parse(request: &Request, may_make_stream: bool) -> Result<Self, CommandError> {
        let len_max = if may_make_stream { 8 } else { 7 };
        let mut options = Self { len_max, make_stream: false, entries_read: None };
        let mut rest = request.iter().skip(5);
        while let Some(word) = rest.next() {
            if may_make_stream && is_name("MKSTREAM", word) {
                options.make_stream = true;
            } else if is_name("ENTRIESREAD", word)
                && let Some(entries_read) = rest.next()
            {
                options.entries_read = match integer(entries_read)? {
                    -1 => None,
                    entries_read @ 0.. => Some(entries_read),
                    _ => {
                        let text = "value for ENTRIESREAD must be positive or -1";
                        return Err(CommandError::err(text));
                    }
                };
            } else {
                return Err(wrong_subcommand("xgroup", request.arg(1)));
            }
        }
        Ok(options)
    }

    /// # Errors
    /// An option is given twice. As in Redis, this is the last to be looked at.
    fn check_len(&self, request: &Request) -> Result<(), CommandError> {
        match request.len() <= self.len_max {
            true => Ok(()),
            false => Err(wrong_subcommand("xgroup", request.arg(1))),
        }
    }
}

/// The ID that a group is given, which `read` takes from an argument that is not `$`: only SETID takes
/// `-` and `+`.
fn last_id(
    request: &Request,
    stream: Option<StreamRef<'_>>,
    read: fn(&[u8], u64) -> Result<StreamId, CommandError>,
) -> Result<StreamId, CommandError> {
    match request.arg(4) {
        b"$" => Ok(stream.map_or(StreamId::MIN, |stream| stream.last_id())),
        argument => read(argument, 0),
    }
}
