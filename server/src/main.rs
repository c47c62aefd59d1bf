//! The keyferry server.

mod client;
mod commands;
mod config;
mod connection;
mod event_loop;
mod glob;
mod listen;
mod park;
mod random;
mod state;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::event_loop::EventLoop;

/// A server that moves keys between live Redis-family servers without making anybody wait.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Subcommand)]
enum Subcommands {
    /// Serve, as redis-server does: [CONFIGFILE] [--port N] [--bind ADDR] [--NAME VALUE ...]
    Serve {
        /// A file of directives, then options, of which later ones win
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Subcommands::Serve { arguments } => serve(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keyferry: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &[String]) -> anyhow::Result<()> {
    let (file, options) = match arguments {
        [file, options @ ..] if !file.starts_with("--") => (Some(Path::new(file)), options),
        options => (None, options),
    };
    let config = Config::load(file, options)?;
    tracing_subscriber::fmt().with_writer(std::io::stdout).init();
    EventLoop::bind(config)?.run()
}
