//! `COMMAND`, alone or with `COUNT`, `DOCS [name ...]`, `GETKEYS command [argument ...]`, `HELP`,
//! `INFO [name ...]` or `LIST [FILTERBY ACLCAT category | MODULE name | PATTERN pattern]`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, INDEX, Reply, Resolved, describe, find, is_name};
use crate::glob;

pub(super) static COMMAND: Command = Command {
    subcommands: &[
        Command {
            name: "count",
            arity: 2,
            tips: &[],
            run: Some(count),
            docs: Docs { summary: "Counts the commands", complexity: "O(1)", ..BASE.docs },
            ..BASE
        },
        Command {
            name: "docs",
            arity: -2,
            run: Some(docs),
            docs: Docs {
                summary: "Documents commands, all if none is named",
                since: "7.0.0",
                syntax: "[command-name ...]",
                ..BASE.docs
            },
            ..BASE
        },
        Command {
            name: "getkeys",
            arity: -3,
            tips: &[],
            run: Some(getkeys),
            docs: Docs {
                summary: "Extracts the keys from a command with its arguments",
                complexity: "O(N) in the number of arguments",
                syntax: "command [arg ...]",
                ..BASE.docs
            },
            ..BASE
        },
        Command {
            name: "help",
            arity: 2,
            tips: &[],
            run: Some(help),
            docs: Docs {
                summary: "Tells the subcommands",
                since: "5.0.0",
                complexity: "O(1)",
                ..BASE.docs
            },
            ..BASE
        },
        Command {
            name: "info",
            arity: -2,
            run: Some(info),
            docs: Docs {
                summary: "Describes commands, all if none is named",
                syntax: "[command-name ...]",
                ..BASE.docs
            },
            ..BASE
        },
        Command {
            name: "list",
            arity: -2,
            run: Some(list),
            docs: Docs {
                summary: "Lists the names of commands",
                since: "7.0.0",
                syntax: "filterby=[FILTERBY <MODULE module-name | ACLCAT category | \
                         PATTERN pattern:pattern>]",
                ..BASE.docs
            },
            ..BASE
        },
    ],
    ..BASE
};

/// COMMAND alone.
const BASE: Command = Command {
    name: "command",
    arity: -1,
    flags: flags::LOADING | flags::STALE,
    keys: Keys::None,
    categories: &["connection"],
    tips: &["nondeterministic_output_order"],
    run: Some(all),
    docs: Docs {
        summary: "Describes every command",
        since: "2.8.13",
        group: "server",
        complexity: "O(N) in the number of commands",
        syntax: "",
    },
    subcommands: &[],
};

fn all(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(commands().map(describe::info).collect())
}

fn count(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::from(commands().count()))
}

fn info(_: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    if request.len() == 2 {
        return Ok(commands().map(describe::info).collect());
    }
    let named = request.iter().skip(2).map(find_full);
    Ok(named.map(|command| command.map_or(Reply::NilArray, describe::info)).collect())
}

fn docs(_: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let entry = |command: Resolved| (Reply::copied(command.full_name()), describe::docs(command));
    Ok(Reply::Map(if request.len() == 2 {
        commands().map(entry).collect()
    } else {
        request.iter().skip(2).filter_map(find_full).map(entry).collect()
    }))
}

fn list(_: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let filter = Filter::parse(request)?;
    let rows = INDEX.rows.iter().filter(|command| filter.lets_through(command));
    Ok(rows.map(|command| Reply::copied(command.full_name())).collect())
}

enum Filter<'a> {
    Everything,
    /// Commands of a module, of which there are none.
    Module,
    Category(&'a [u8]),
    Pattern(&'a [u8]),
}

impl<'a> Filter<'a> {
    fn parse(request: &'a Request) -> Result<Self, CommandError> {
        if request.len() == 2 {
            return Ok(Self::Everything);
        }
        if request.len() != 5 || !is_name("FILTERBY", request.arg(2)) {
            return Err(CommandError::Syntax);
        }
        match (request.arg(3), request.arg(4)) {
            (kind, _) if is_name("MODULE", kind) => Ok(Self::Module),
            (kind, category) if is_name("ACLCAT", kind) => Ok(Self::Category(category)),
            (kind, pattern) if is_name("PATTERN", kind) => Ok(Self::Pattern(pattern)),
            _ => Err(CommandError::Syntax),
        }
    }

    fn lets_through(&self, command: &Resolved) -> bool {
        match self {
            Self::Everything => true,
            Self::Module => false,
            Self::Category(name) => {
                command.row.acl_categories().any(|category| is_name(&category[1..], name))
            }
            Self::Pattern(pattern) => {
                glob::matches_ignore_case(pattern, command.full_name().as_bytes())
            }
        }
    }
}

fn getkeys(_: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let inner = Request::from_args(request.iter().skip(2));
    let command =
        super::resolve(&inner).map_err(|_| CommandError::err("Invalid command specified"))?;
    if !command.row.has_keys() {
        return Err(CommandError::err("The command has no key arguments"));
    }
    if !command.row.accepts(inner.len()) {
        return Err(CommandError::err("Invalid number of arguments specified for command"));
    }
    let mut keys = command.row.key_uses(&inner, 0, 0).peekable();
    if keys.peek().is_none() {
        return Err(CommandError::err("Invalid arguments specified for command"));
    }
    Ok(keys.map(|key| Reply::copied(inner.arg(key.argument))).collect())
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "(no subcommand)",
        "    Describe every command.",
        "COUNT",
        "    Count the commands.",
        "DOCS [<command-name> ...]",
        "    Document commands, all if none is named.",
        "GETKEYS <full-command>",
        "    Extract the keys from a command with its arguments.",
        "INFO [<command-name> ...]",
        "    Describe commands, all if none is named.",
        "LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]",
        "    List the names of commands.",
        "HELP",
        "    Print this help.",
    ]))
}

/// Every command, without the subcommands.
fn commands() -> impl Iterator<Item = Resolved> {
    INDEX.rows.iter().filter(|command| command.container.is_none()).copied()
}

/// The command called `name`, or the subcommand called `container|name`.
fn find_full(name: &[u8]) -> Option<Resolved> {
    let mut words = name.splitn(2, |&byte| byte == b'|');
    let command = find(words.next()?)?;
    match words.next() {
        None => Some(command),
        Some(name) => command.subcommands().find(|it| is_name(it.row.name, name)),
    }
}
