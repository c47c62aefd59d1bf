//! `CLIENT UNBLOCK client-id [TIMEOUT | ERROR]`

use resp::Request;

use super::number::integer;
use super::{CommandError, Context, Reply, is_name, wrong_subcommand};

/// Has the command of a client wait no longer for keys.
pub(super) fn unblock(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let error = match request.get(3) {
        _ if request.len() > 4 => return Err(wrong_subcommand("client", request.arg(1))),
        None => None,
        Some(word) if is_name("TIMEOUT", word) => None,
        Some(word) if is_name("ERROR", word) => {
            Some(CommandError::Line(b"UNBLOCKED client unblocked via CLIENT UNBLOCK".to_vec()))
        }
        Some(_) => {
            return Err(CommandError::err("CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
        }
    };
    let id = integer(request.arg(2))?;
    let is_ended = u64::try_from(id).is_ok_and(|id| ctx.state.blocked.end(id, error));
    Ok(Reply::flag(is_ended))
}
