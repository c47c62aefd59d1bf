//! `TIME`

use std::time::SystemTime;

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static TIME: Command = Command {
    name: "time",
    arity: 1,
    flags: flags::LOADING | flags::STALE | flags::FAST,
    keys: Keys::None,
    categories: &[],
    tips: &["nondeterministic_output"],
    run: Some(time),
    docs: Docs {
        summary: "Tells the Unix time in seconds, and the microseconds within the second",
        since: "2.6.0",
        group: "server",
        complexity: "O(1)",
        syntax: "",
    },
    subcommands: &[],
};

fn time(_: &mut Context<'_>, _: &Request) -> Result<Reply, CommandError> {
    // Finer than the command's time.
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let parts = [time.as_secs(), time.subsec_micros().into()];
    Ok(parts.iter().map(|part| Reply::copied(part.to_string())).collect())
}
