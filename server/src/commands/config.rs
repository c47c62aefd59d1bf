//! `CONFIG GET parameter [parameter ...]`, `CONFIG HELP`, `CONFIG RESETSTAT`, `CONFIG REWRITE` and
//! `CONFIG SET parameter value [parameter value ...]`

use anyhow::{Context as _, anyhow};
use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};
use crate::state::{Counters, State};

pub(super) static CONFIG: Command = Command {
    name: "config",
    arity: -2,
    flags: 0,
    run: None,
    docs: Docs { summary: "Reads and changes the configuration", ..DOCS },
    subcommands: &[
        Command {
            name: "get",
            arity: -3,
            run: Some(get),
            docs: Docs {
                summary: "Tells the values of parameters",
                complexity: "O(N) in the number of parameters",
                syntax: "parameter ...",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "help",
            arity: 2,
            flags: flags::LOADING | flags::STALE,
            run: Some(help),
            docs: Docs { summary: "Tells the subcommands", since: "5.0.0", ..DOCS },
            ..BASE
        },
        Command {
            name: "resetstat",
            arity: 2,
            tips: EVERYWHERE,
            run: Some(resetstat),
            docs: Docs { summary: "Sets the statistics of INFO to zero", ..DOCS },
            ..BASE
        },
        Command {
            name: "rewrite",
            arity: 2,
            tips: EVERYWHERE,
            run: Some(rewrite),
            docs: Docs {
                summary: "Would write the configuration to its file; refused",
                since: "2.8.0",
                ..DOCS
            },
            ..BASE
        },
        Command {
            name: "set",
            arity: -4,
            tips: EVERYWHERE,
            run: Some(set),
            docs: Docs {
                summary: "Changes parameters, all of them or none",
                complexity: "O(N) in the number of parameters",
                syntax: "data=<parameter value> ...",
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
    arity: 0,
    flags: flags::ADMIN | flags::NOSCRIPT | flags::LOADING | flags::STALE,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: None,
    docs: DOCS,
    subcommands: &[],
};

const DOCS: Docs =
    Docs { summary: "", since: "2.0.0", group: "server", complexity: "O(1)", syntax: "" };

const EVERYWHERE: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

fn get(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let patterns: Vec<_> = request.iter().skip(2).collect();
    let found = ctx.state.config.matching(&patterns).into_iter();
    Ok(Reply::Map(found.map(|(name, value)| (Reply::text(name), Reply::copied(value))).collect()))
}

/// Either all parameters take effect or none of them changes.
fn set(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    if !request.len().is_multiple_of(2) {
        return Err(CommandError::Syntax);
    }
    let pairs: Vec<_> =
        (2..request.len()).step_by(2).map(|i| (request.arg(i), request.arg(i + 1))).collect();
    let before = ctx.state.config.clone();
    let is_local = ctx.client().address.ip().to_canonical().is_loopback();
    let config = &mut ctx.state.config;
    let set = if is_local { config.set_from_loopback(&pairs) } else { config.set(&pairs) };
    let changed = set.map_err(CommandError::err)?;
    for (index, name) in changed.iter().enumerate() {
        if let Err(error) = apply(ctx, name) {
            tracing::warn!(error = format!("{error:#}"), name, "a parameter cannot take effect");
            ctx.state.config = before;
            for name in &changed[..=index] {
                if let Err(error) = apply(ctx, name) {
                    let error = format!("{error:#}");
                    tracing::error!(error, name, "nor can the value that it had before");
                }
            }
            return Err(CommandError::err(format!(
                "CONFIG SET failed (possibly related to argument '{name}') - {error}"
            )));
        }
    }
    Ok(Reply::OK)
}

/// Has a parameter take effect that is not asked for its value whenever it matters.
///
/// # Errors
/// The outermost text is for the client, the causes are for the log.
fn apply(ctx: &mut Context<'_>, name: &str) -> anyhow::Result<()> {
    let state = &mut *ctx.state;
    match name {
        "bind" => {
            let bound = state.listeners.rebind(&state.config);
            bound.context("Failed to bind to specified addresses.")?;
        }
        "port" => state.listeners.rebind(&state.config).context(UNABLE_TO_LISTEN)?,
        "tls-port" => {
            reload_tls(state)?;
            state.listeners.rebind(&state.config).context(UNABLE_TO_LISTEN)?;
        }
        name if name.starts_with("tls-") => reload_tls(state)?,
        "dir" => {
            let changed = std::env::set_current_dir(state.config.dir());
            changed.context("The value cannot take effect. Check server logs.")?;
        }
        "loglevel" => state.log.set_level(state.config.loglevel()),
        "notify-keyspace-events" => {
            state.changes.want_notifications(state.config.notify_keyspace_events());
        }
        "maxmemory-policy" => ctx.keyspace.set_access_policy(state.config.access_policy()),
        "migrate-max-bytes-per-second" => {
            let bytes_per_second_max = state.config.migrate_max_bytes_per_second();
            state.migrations.set_bytes_per_second_max(bytes_per_second_max);
        }
        "client-output-buffer-limit" => state.output_limits = state.config.output_limits(),
        "slowlog-log-slower-than" | "slowlog-max-len" => {
            let config = &state.config;
            let slower_than = config.slowlog_log_slower_than();
            state.slow_log.configure(slower_than, config.slowlog_max_len());
        }
        "proto-max-bulk-len" | "requirepass" => state.limits_changed = true,
        _ => {}
    }
    Ok(())
}

/// Redis leaves the cause to its log.
fn reload_tls(state: &mut State) -> anyhow::Result<()> {
    let reloaded = state.tls.reload(&state.config);
    reloaded.map_err(|error| anyhow!("Unable to update TLS configuration. {error:#}"))
}

const UNABLE_TO_LISTEN: &str = "Unable to listen on this port. Check server logs.";

fn resetstat(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    ctx.keyspace.reset_stats();
    ctx.state.counters = Counters::new(ctx.now.instant);
    ctx.state.migrations.reset_totals();
    Ok(Reply::OK)
}

fn rewrite(ctx: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Err(CommandError::err(match ctx.state.config.config_file() {
        None => "The server is running without a config file",
        Some(_) => "Rewriting config file: not supported, the file is left as it is",
    }))
}

fn help(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    Ok(Reply::lines(&[
        "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "GET <pattern> [<pattern> ...]",
        "    Tell the parameters that a glob-like pattern matches, with their values.",
        "SET <parameter> <value> [<parameter> <value> ...]",
        "    Change parameters, all of them or none.",
        "RESETSTAT",
        "    Set the statistics of INFO to zero.",
        "REWRITE",
        "    Refused: the file is never written.",
        "HELP",
        "    Print this help.",
    ]))
}
