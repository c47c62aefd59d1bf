//! `DEBUG subcommand [argument ...]`
//!
//! The subcommands that tests of Redis and its clients use on keys. Those that have no meaning here
//! are not there; some are accepted and change nothing, as each says.

mod digest;
mod object;
mod populate;
mod reload;

use std::thread;
use std::time::Duration;

use keyspace::AccessKind;
use resp::Request;

use super::command::{Command, Docs, KeyUse, Keys, Others, Run, flags};
use super::double::double;
use super::{CommandError, Context, Reply, SHOWN_BYTES_MAX, is_name};
use crate::config::parse_memory;

pub(super) static DEBUG: Command = Command {
    name: "debug",
    arity: -2,
    flags: flags::ADMIN | flags::NOSCRIPT | flags::LOADING | flags::STALE,
    keys: Keys::Uses { find: key_uses, others, specs: &[] },
    categories: &[],
    tips: &[],
    run: Some(debug),
    docs: Docs {
        summary: "Looks inside the server, for tests",
        since: "1.0.0",
        group: "server",
        complexity: "Depends on the subcommand",
        syntax: "",
    },
    subcommands: &[],
};

/// What stands after DEBUG. It is no subcommand to the table of commands, in Redis neither: with
/// another number of arguments it does not exist.
struct Subcommand {
    name: &'static str,
    /// Least and largest number of arguments after its name.
    arguments: (usize, usize),
    uses: Uses,
    run: Run,
}

/// What it does with keys.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Uses {
    Nothing,
    /// Its arguments are keys, which it reads.
    Arguments,
    /// It adds keys to the selected database.
    Database,
    /// It goes over all databases.
    AllDatabases,
}

static SUBCOMMANDS: &[Subcommand] = &[
    Subcommand { name: "digest", arguments: (0, 0), uses: Uses::AllDatabases, run: digest::digest },
    Subcommand {
        name: "digest-value",
        arguments: (0, usize::MAX),
        uses: Uses::Arguments,
        run: digest::digest_value,
    },
    Subcommand { name: "help", arguments: (0, 0), uses: Uses::Nothing, run: help },
    Subcommand {
        name: "htstats-key",
        arguments: (1, 1),
        uses: Uses::Arguments,
        run: object::htstats_key,
    },
    Subcommand {
        name: "listpack",
        arguments: (1, 1),
        uses: Uses::Arguments,
        run: object::listpack,
    },
    Subcommand { name: "object", arguments: (1, 1), uses: Uses::Arguments, run: object::object },
    Subcommand {
        name: "populate",
        arguments: (1, 3),
        uses: Uses::Database,
        run: populate::populate,
    },
    Subcommand {
        name: "quicklist-packed-threshold",
        arguments: (1, 1),
        uses: Uses::Nothing,
        run: quicklist_packed_threshold,
    },
    Subcommand {
        name: "reload",
        arguments: (0, usize::MAX),
        uses: Uses::AllDatabases,
        run: reload::reload,
    },
    Subcommand {
        name: "set-active-expire",
        arguments: (1, 1),
        uses: Uses::Nothing,
        run: set_active_expire,
    },
    Subcommand {
        name: "set-skip-checksum-validation",
        arguments: (1, 1),
        uses: Uses::Nothing,
        run: set_skip_checksum_validation,
    },
    Subcommand { name: "sleep", arguments: (1, 1), uses: Uses::Nothing, run: sleep },
];

fn find(request: &Request) -> Option<&'static Subcommand> {
    let arguments = request.len() - 2;
    SUBCOMMANDS.iter().find(|it| {
        let (min, max) = it.arguments;
        is_name(it.name, request.arg(1)) && (min..=max).contains(&arguments)
    })
}

fn key_uses(request: &Request, db: usize) -> Vec<KeyUse> {
    match find(request).map(|it| it.uses) {
        Some(Uses::Arguments) => (2..request.len())
            .map(|argument| KeyUse { db, argument, access: AccessKind::Read })
            .collect(),
        _ => Vec::new(),
    }
}

fn others(request: &Request) -> Others {
    match find(request).map(|it| it.uses) {
        Some(Uses::Database) => Others::Frozen,
        Some(Uses::AllDatabases) => Others::FrozenAnywhere,
        _ => Others::None,
    }
}

fn debug(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let is_local = ctx.client().address.ip().to_canonical().is_loopback();
    match ctx.state.config.enable_debug_command() {
        "yes" => {}
        "local" if is_local => {}
        _ => {
            return Err(CommandError::err(
                "DEBUG command not allowed. If the enable-debug-command option is set to \
                 \"local\", you can run it from a local connection, otherwise you need to set this \
                 option in the configuration file, and then restart the server.",
            ));
        }
    }
    match find(request) {
        Some(subcommand) => (subcommand.run)(ctx, request),
        None => Err(unknown(request.arg(1))),
    }
}

fn unknown(name: &[u8]) -> CommandError {
    let mut line = b"ERR unknown subcommand or wrong number of arguments for '".to_vec();
    line.extend(&name[..name.len().min(SHOWN_BYTES_MAX)]);
    line.extend(b"'. Try DEBUG HELP.");
    CommandError::Line(line)
}

/// Stops the whole server, which is the purpose. What is no number is 0.
fn sleep(_: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let seconds = double(request.arg(2)).unwrap_or_default();
    thread::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default());
    Ok(Reply::OK)
}

/// Whether keys are removed when their time is up, before anybody comes upon them.
fn set_active_expire(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    ctx.state.active_expire = is_on(request.arg(2));
    Ok(Reply::OK)
}

/// Changes nothing: checksums are always checked.
fn set_skip_checksum_validation(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::OK)
}

/// Changes nothing: no element of a list is kept in another way because it is large.
fn quicklist_packed_threshold(
    _: &mut Context<'_>,
    request: &Request,
) -> Result<Reply, CommandError> {
    match parse_memory(request.arg(2)) {
        Some(bytes) if bytes <= PACKED_BYTES_MAX => Ok(Reply::OK),
        _ => Err(CommandError::err(
            "argument must be a memory value bigger than 1 and smaller than 4gb",
        )),
    }
}

/// Largest threshold that Redis takes, in bytes.
const PACKED_BYTES_MAX: u64 = (1 << 32) - (1 << 20);

/// A number other than 0, as C's `atoi` reads it.
fn is_on(argument: &[u8]) -> bool {
    let digits = match argument {
        [b'-' | b'+', digits @ ..] => digits,
        digits => digits,
    };
    let mut digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.any(|digit| *digit != b'0')
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DIGEST",
        "    Tell a digest of all databases. Servers that hold the same tell the same.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Tell a digest of each value and of whether it expires.",
        "HTSTATS-KEY <key>",
        "    Tell how large the hash table of the value is.",
        "LISTPACK <key>",
        "    Write the length of the listpack of the value to the log.",
        "OBJECT <key>",
        "    Tell how the value is kept.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Add strings named key:<number>, or with another prefix, of so many bytes.",
        "QUICKLIST-PACKED-THRESHOLD <size>",
        "    Accepted; changes nothing.",
        "RELOAD [MERGE] [NOFLUSH]",
        "    Write all databases to a file and read them back.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    With 0, keep keys whose time is up until somebody comes upon them.",
        "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
        "    Accepted; changes nothing.",
        "SLEEP <seconds>",
        "    Stop the server for so long.",
        "HELP",
        "    Print this help.",
    ]))
}
