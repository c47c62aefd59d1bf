//! The keyferry server.

mod allocator;
mod blocked;
mod changes;
mod client;
mod commands;
mod config;
mod connection;
mod demo;
mod event_loop;
mod glob;
mod incoming;
mod interrupt;
mod listen;
mod log;
mod monitor;
mod notifications;
mod output_limit;
mod park;
mod process;
mod pubsub;
mod push;
mod quote;
mod random;
mod rate;
mod rdb_tool;
mod reply_mode;
mod shown;
mod slow_log;
mod state;
mod tls;
mod tracking;
mod transaction;
mod watch;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::event_loop::EventLoop;
use crate::log::Log;

/// The version of Redis whose behaviour, formats and metadata these are.
const REDIS_VERSION: &str = "7.2.4";

const KEYFERRY_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A server that moves keys between live Redis-family servers without making anybody wait.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Subcommand)]
enum Subcommands {
    /// Serve, started as redis-server is
    #[command(
        override_usage = "keyferry serve [CONFIGFILE] [--port N] [--bind ADDR] [--NAME VALUE ...]"
    )]
    Serve {
        /// A file of directives, then options, of which later ones win
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Show it: move many keys between two servers while other clients use both
    Demo(demo::Options),
    /// Check RDB files, print them as JSON, or convert them for other servers
    #[command(subcommand)]
    Rdb(rdb_tool::Tool),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Subcommands::Serve { arguments } => serve(&arguments).map(|()| ExitCode::SUCCESS),
        Subcommands::Demo(options) => demo::run(&options).map(|()| ExitCode::SUCCESS),
        Subcommands::Rdb(tool) => rdb_tool::run(&tool),
    };
    match result {
        Ok(status) => status,
        Err(error) => {
            eprintln!("keyferry: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &[String]) -> anyhow::Result<()> {
    allocator::configure();
    let (file, options) = match arguments {
        [file, options @ ..] if !file.starts_with("--") => (Some(Path::new(file)), options),
        options => (None, options),
    };
    let config = Config::load(file, options)?;
    std::env::set_current_dir(config.dir()).context("cannot change the working directory")?;
    let log = Log::start(&config)?;
    for directive in config.idle_directives() {
        tracing::warn!(directive, "this directive is accepted and has no effect yet");
    }
    let pidfile = config.pidfile();
    let server = EventLoop::bind(config, log)?;
    // As in Redis, a server that cannot tell its id serves nevertheless.
    let written = pidfile.filter(|path| match write_pid(path) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "cannot write the pidfile");
            false
        }
    });
    let result = server.run();
    if let Some(Err(error)) = written.map(std::fs::remove_file) {
        tracing::warn!(%error, "cannot remove the pidfile");
    }
    result
}

fn write_pid(path: &Path) -> std::io::Result<()> {
    std::fs::write(path, format!("{}\n", std::process::id()))
}
