//! `keyferry rdb`: looks into RDB files, and rewrites them for other servers.
//!
//! Each tool goes over its file once, as a stream. Memory holds a chunk of the file, the largest
//! packed node in it, and some bytes for each member of the collection at hand (which is how
//! duplicates are found).

mod check;
mod convert;
mod encoding;
mod json;
mod output;
mod target;
mod walk;

use std::io;
use std::process::ExitCode;

use clap::Subcommand;

/// What to do with a file.
#[derive(Subcommand)]
pub(crate) enum Tool {
    Check(check::Options),
    Json(json::Options),
    Convert(convert::Options),
}

/// Runs a tool and tells its exit status.
///
/// # Errors
/// A file cannot be read or written, or is damaged.
pub(crate) fn run(tool: &Tool) -> anyhow::Result<ExitCode> {
    let result = match tool {
        Tool::Check(options) => check::run(options),
        Tool::Json(options) => json::run(options),
        Tool::Convert(options) => convert::run(options),
    };
    match result {
        // Who reads the output has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        result => result,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
