//! `SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]`

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply, is_name};

pub(super) static SHUTDOWN: Command = Command {
    name: "shutdown",
    arity: -1,
    flags: flags::ADMIN
        | flags::NOSCRIPT
        | flags::LOADING
        | flags::STALE
        | flags::NO_MULTI
        | flags::ALLOW_BUSY,
    keys: Keys::None,
    categories: &[],
    tips: &[],
    run: Some(shutdown),
    docs: Docs {
        summary: "Ends the server; nothing is saved",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        syntax: "save-selector=[NOSAVE | SAVE] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]",
    },
    subcommands: &[],
};

fn shutdown(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let has = |word| request.iter().skip(1).any(|argument| is_name(word, argument));
    let [nosave, save, abort] = ["NOSAVE", "SAVE", "ABORT"].map(has);
    let is_known = |argument| WORDS.iter().any(|word| is_name(word, argument));
    if !request.iter().skip(1).all(is_known) || (nosave && save) || (abort && request.len() > 2) {
        return Err(CommandError::Syntax);
    }
    if abort {
        // One that was begun ends within the turn.
        return Err(CommandError::err("No shutdown in progress."));
    }
    if save {
        return Err(CommandError::err("SHUTDOWN SAVE is not possible: there are no snapshots"));
    }
    tracing::info!("shutting down as a client asked");
    ctx.state.shutdown = true;
    Ok(Reply::Later)
}

const WORDS: &[&str] = &["NOSAVE", "SAVE", "NOW", "FORCE", "ABORT"];
