//! `CLIENT CACHING YES|NO`, `GETNAME`, `GETREDIR`, `HELP`, `ID`, `INFO`, `KILL ...`,
//! `LIST [TYPE type] [ID id ...]`, `NO-EVICT ON|OFF`, `NO-TOUCH ON|OFF`, `REPLY ON|OFF|SKIP`,
//! `SETINFO LIB-NAME|LIB-VER value`, `SETNAME name`, `TRACKING ON|OFF ...`, `TRACKINGINFO` and
//! `UNBLOCK id [TIMEOUT|ERROR]`

use std::fmt::Write as _;

use bytes::Bytes;
use resp::Request;

use super::client_kill::kill;
use super::client_tracking::{caching, getredir, redirection, tracking, trackinginfo};
use super::client_unblock::unblock;
use super::command::{Command, Docs, Keys, flags};
use super::number::integer;
use super::{CommandError, Context, Reply, SHOWN_BYTES_MAX, is_name};
use crate::client::{Client, Stage};
use crate::pubsub::Kind;
use crate::tracking::Mode;

pub(super) static CLIENT: Command = Command {
    name: "client",
    arity: -2,
    flags: 0,
    categories: &[],
    docs: Docs { summary: "Tells about connections and changes them", since: "2.4.0", ..DOCS },
    subcommands: &[
        Command {
            name: "caching",
            arity: 3,
            run: Some(caching),
            docs: Docs {
                summary: "Has the keys of the next command tracked, or not",
                since: "6.0.0",
                syntax: "mode=<YES | NO>",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "getname",
            run: Some(name),
            docs: Docs { summary: "Tells the name of this connection", ..DOCS },
            ..BASE
        },
        Command {
            name: "getredir",
            run: Some(getredir),
            docs: Docs {
                summary: "Tells which connection is told of changed keys in place of this one",
                since: "6.0.0",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "help",
            flags: flags::LOADING | flags::STALE,
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", since: "5.0.0", ..DOCS },
            ..BASE
        },
        Command {
            name: "id",
            run: Some(id),
            docs: Docs { summary: "Tells the number of this connection", since: "5.0.0", ..DOCS },
            ..BASE
        },
        Command {
            name: "info",
            tips: &["nondeterministic_output"],
            run: Some(info),
            docs: Docs { summary: "Tells about this connection", since: "6.2.0", ..DOCS },
            ..BASE
        },
        Command {
            name: "kill",
            arity: -3,
            flags: BASE.flags | flags::ADMIN,
            run: Some(kill),
            docs: Docs {
                summary: "Closes connections",
                since: "2.4.0",
                complexity: "O(N) in the number of connections",
                syntax: "filter=<old-format | new-format=<[ID client-id:integer] | \
                         [TYPE client-type=<NORMAL | MASTER | REPLICA | SLAVE | PUBSUB>] | \
                         [USER username] | [ADDR addr] | [LADDR laddr] | \
                         [SKIPME skipme=<YES | NO>]> ...>",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "list",
            arity: -2,
            flags: BASE.flags | flags::ADMIN,
            tips: &["nondeterministic_output"],
            run: Some(list),
            docs: Docs {
                summary: "Tells about connections",
                since: "2.4.0",
                complexity: "O(N) in the number of connections",
                syntax: "[TYPE@5.0.0 client-type=<NORMAL | MASTER | REPLICA | PUBSUB>] \
                         [ID@6.2.0 client-id:integer ...]",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "no-evict",
            arity: 3,
            flags: BASE.flags | flags::ADMIN,
            run: Some(on_or_off),
            docs: Docs {
                summary: "Accepted: no connection is ever evicted",
                since: "7.0.0",
                syntax: "enabled=<ON | OFF>",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "no-touch",
            arity: 3,
            run: Some(on_or_off),
            docs: Docs {
                summary: "Accepted without an effect: accesses are always recorded",
                since: "7.2.0",
                syntax: "enabled=<ON | OFF>",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "reply",
            arity: 3,
            run: Some(reply),
            docs: Docs {
                summary: "Has commands answered or not",
                since: "3.2.0",
                syntax: "action=<ON | OFF | SKIP>",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "setinfo",
            arity: 4,
            tips: EVERYWHERE,
            run: Some(setinfo),
            docs: Docs {
                summary: "Tells the name or the version of the client's library",
                since: "7.2.0",
                syntax: "attr=<LIB-NAME libname | LIB-VER libver>",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "setname",
            arity: 3,
            tips: EVERYWHERE,
            run: Some(setname),
            docs: Docs { summary: "Names this connection", syntax: "connection-name", ..DOCS },
            ..BASE
        },
        Command {
            name: "tracking",
            arity: -3,
            run: Some(tracking),
            docs: Docs {
                summary: "Has this connection told when keys that it caches have changed",
                since: "6.0.0",
                complexity: "O(1); O(N) for N prefixes",
                syntax: "status=<ON | OFF> [REDIRECT client-id:integer] [PREFIX prefix ...] \
                         [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "trackinginfo",
            run: Some(trackinginfo),
            docs: Docs {
                summary: "Tells how the keys that this connection caches are tracked",
                since: "6.2.0",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "unblock",
            arity: -3,
            flags: BASE.flags | flags::ADMIN,
            run: Some(unblock),
            docs: Docs {
                summary: "Ends the wait of a connection whose command waits for keys",
                since: "5.0.0",
                complexity: "O(log(N)) in the number of connections that wait",
                syntax: "client-id:integer [unblock-type=<TIMEOUT | ERROR>]",
                ..DOCS
            },
            ..BASE
        },
    ],
    ..BASE
};

/// What the subcommands have in common.
const BASE: Command = Command {
    name: "",
    arity: 2,
    flags: flags::NOSCRIPT | flags::LOADING | flags::STALE,
    keys: Keys::None,
    categories: &["connection"],
    tips: &[],
    run: None,
    docs: DOCS,
    subcommands: &[],
};

const DOCS: Docs =
    Docs { summary: "", since: "2.6.9", group: "connection", complexity: "O(1)", syntax: "" };

const EVERYWHERE: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

fn id(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::Integer(ctx.client().id as i64))
}

fn name(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let name = ctx.client().name.clone();
    Ok(Some(name).filter(|name| !name.is_empty()).into())
}

fn setname(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    ctx.client().name = connection_name(request.arg(2))?;
    Ok(Reply::OK)
}

/// A name that can be shown in CLIENT LIST.
///
/// # Errors
/// It has other characters than visible ones of ASCII.
pub(super) fn connection_name(name: &[u8]) -> Result<Bytes, CommandError> {
    shown("Client names", name)
}

fn shown(what: &str, text: &[u8]) -> Result<Bytes, CommandError> {
    if !text.iter().all(u8::is_ascii_graphic) {
        return Err(CommandError::err(format!(
            "{what} cannot contain spaces, newlines or special characters."
        )));
    }
    Ok(Bytes::copy_from_slice(text))
}

fn setinfo(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    match request.arg(2) {
        option if is_name("lib-name", option) => {
            ctx.client().library_name = shown("lib-name", request.arg(3))?;
        }
        option if is_name("lib-ver", option) => {
            ctx.client().library_version = shown("lib-ver", request.arg(3))?;
        }
        option => return Err(quoting("Unrecognized option", option)),
    }
    Ok(Reply::OK)
}

fn on_or_off(_: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    match request.arg(2) {
        word if is_name("ON", word) || is_name("OFF", word) => Ok(Reply::OK),
        _ => Err(CommandError::Syntax),
    }
}

/// Only ON is answered.
fn reply(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    // A monitor is told what was run before as it wanted it before.
    ctx.state.tell_monitors();
    let replies = &mut ctx.client().replies;
    match request.arg(2) {
        word if is_name("ON", word) => {
            replies.turn_on();
            return Ok(Reply::OK);
        }
        word if is_name("OFF", word) => replies.turn_off(),
        word if is_name("SKIP", word) => replies.skip_next(),
        _ => return Err(CommandError::Syntax),
    }
    Ok(Reply::Written)
}

fn info(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    let client = &ctx.state.clients[ctx.slot];
    Ok(Reply::Verbatim(line(client, ctx).into()))
}

fn list(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let mut listed: Vec<&Client> = match request.get(2) {
        None => ctx.state.clients.iter().map(|(_, client)| client).collect(),
        Some(word) if is_name("TYPE", word) && request.len() == 4 => {
            let class = client_type(request.arg(3))?;
            let clients = ctx.state.clients.iter().map(|(_, client)| client);
            clients.filter(|client| class.is_of(client)).collect()
        }
        Some(word) if is_name("ID", word) && request.len() > 3 => {
            let ids = request.iter().skip(3).map(integer).collect::<Result<Vec<_>, _>>();
            let ids = ids.map_err(|_| CommandError::err("Invalid client ID"))?;
            let clients = ctx.state.clients.iter().map(|(_, client)| client);
            clients.filter(|client| ids.contains(&(client.id as i64))).collect()
        }
        Some(_) => return Err(CommandError::Syntax),
    };
    listed.sort_by_key(|client| client.id);
    let lines: String = listed.into_iter().map(|client| line(client, ctx)).collect();
    Ok(Reply::Verbatim(lines.into()))
}

/// A type of clients.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ClientType {
    Normal,
    /// Has subscriptions.
    Pubsub,
    /// One that no client is of.
    Other,
}

impl ClientType {
    pub(super) fn is_of(self, client: &Client) -> bool {
        self == if client.subscribed { Self::Pubsub } else { Self::Normal }
    }
}

/// The type that a word names.
///
/// # Errors
/// It names none.
pub(super) fn client_type(word: &[u8]) -> Result<ClientType, CommandError> {
    match word {
        word if is_name("normal", word) => Ok(ClientType::Normal),
        word if is_name("pubsub", word) => Ok(ClientType::Pubsub),
        word if ["master", "replica", "slave"].iter().any(|it| is_name(it, word)) => {
            Ok(ClientType::Other)
        }
        word => Err(quoting("Unknown client type", word)),
    }
}

/// An error that shows the argument that it is about.
pub(super) fn quoting(text: &str, argument: &[u8]) -> CommandError {
    let mut line = format!("ERR {text} '").into_bytes();
    line.extend(&argument[..argument.len().min(SHOWN_BYTES_MAX)]);
    line.push(b'\'');
    CommandError::Line(line)
}

/// One line of CLIENT LIST: the fields of Redis 7.2 that have a meaning here.
fn line(client: &Client, ctx: &Context<'_>) -> String {
    let seconds_since = |then: std::time::Instant| ctx.now.instant.duration_since(then).as_secs();
    let mut line = String::new();
    let mut field = |name: &str, value: &dyn std::fmt::Display| {
        let space = if line.is_empty() { "" } else { " " };
        write!(line, "{space}{name}={value}").expect("a string takes everything");
    };
    field("id", &client.id);
    field("addr", &client.address);
    field("laddr", &client.local_address);
    field("fd", &client.descriptor);
    field("name", &client.name.escape_ascii());
    field("age", &seconds_since(client.connected_at.instant));
    field("idle", &seconds_since(client.active_at.instant));
    field("flags", &flags_of(client));
    field("db", &client.db);
    let subscriptions = |kind| ctx.state.subscriptions.count(client.id, kind);
    field("sub", &subscriptions(Kind::Channel));
    field("psub", &subscriptions(Kind::Pattern));
    field("ssub", &subscriptions(Kind::Shard));
    let queued = client.transaction.as_ref().map_or(-1, |transaction| transaction.len() as i64);
    field("multi", &queued);
    field("watch", &ctx.state.watches.len_of(client.id));
    field("qbuf", &client.query_bytes);
    field("omem", &client.output_bytes);
    let command = client.last_command.map_or("NULL".into(), |command| command.full_name());
    field("cmd", &command);
    field("user", &"default");
    field("redir", &redirection(client.tracking.as_deref()));
    field("resp", &client.protocol.version());
    field("lib-name", &client.library_name.escape_ascii());
    field("lib-ver", &client.library_version.escape_ascii());
    line.push('\n');
    line
}

fn flags_of(client: &Client) -> String {
    let tracking = client.tracking.as_deref();
    let flags = [
        (client.monitoring, 'O'),
        (client.subscribed, 'P'),
        (client.transaction.is_some(), 'x'),
        (client.stage != Stage::Open, 'b'),
        (tracking.is_some(), 't'),
        (tracking.is_some_and(|it| it.is_redirect_broken), 'R'),
        (tracking.is_some_and(|it| it.mode == Mode::Broadcast), 'B'),
        (client.is_watch_broken, 'd'),
        (client.closing, 'c'),
    ];
    let set: String =
        flags.into_iter().filter_map(|(is_set, flag)| is_set.then_some(flag)).collect();
    if set.is_empty() { "N".into() } else { set }
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CACHING (YES|NO)",
        "    Have the keys of the next command tracked, with OPTIN, or not, with OPTOUT.",
        "GETNAME",
        "    Tell the name of this connection.",
        "GETREDIR",
        "    Tell which connection is told of changed keys in place of this one.",
        "ID",
        "    Tell the number of this connection.",
        "INFO",
        "    Tell about this connection.",
        "KILL <ip:port>",
        "    Close the connection from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Close the connections that all options fit:",
        "    * ADDR <ip:port>",
        "    * ID <client-id>",
        "    * LADDR <ip:port>",
        "    * SKIPME (YES|NO), by default YES: not this connection",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "    * USER <username>",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <client-id> ...]",
        "    Tell about connections, one on each line.",
        "NO-EVICT (ON|OFF)",
        "    Accepted: no connection is ever evicted.",
        "NO-TOUCH (ON|OFF)",
        "    Accepted without an effect: accesses are always recorded.",
        "REPLY (ON|OFF|SKIP)",
        "    Have commands answered, or not, or the next one not.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Tell the name or the version of the client's library.",
        "SETNAME <name>",
        "    Name this connection.",
        "TRACKING (ON|OFF) [REDIRECT <client-id>] [BCAST] [PREFIX <prefix> [...]]",
        "         [OPTIN] [OPTOUT] [NOLOOP]",
        "    Have this connection told when keys that it caches have changed.",
        "TRACKINGINFO",
        "    Tell how the keys that this connection caches are tracked.",
        "UNBLOCK <client-id> [TIMEOUT|ERROR]",
        "    End the wait for keys of a connection, as its timeout would, or with an error.",
        "HELP",
        "    Print this help.",
    ]))
}
