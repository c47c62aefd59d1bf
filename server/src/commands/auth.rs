//! `AUTH [username] password`

use std::hint::black_box;

use resp::Request;

use super::command::{Command, Docs, Keys, flags};
use super::{CommandError, Context, Reply};

pub(super) static AUTH: Command = Command {
    name: "auth",
    arity: -2,
    flags: flags::NOSCRIPT
        | flags::LOADING
        | flags::STALE
        | flags::FAST
        | flags::NO_AUTH
        | flags::ALLOW_BUSY,
    keys: Keys::None,
    categories: &["connection"],
    tips: &[],
    run: Some(auth),
    docs: Docs {
        summary: "Logs the connection in",
        since: "1.0.0",
        group: "connection",
        complexity: "O(N) in the length of the password",
        syntax: "[username] password",
    },
    subcommands: &[],
};

fn auth(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    match request.len() {
        2 if ctx.state.config.requirepass().is_none() => Err(CommandError::err(
            "AUTH <password> called without any password configured for the default user. Are you \
             sure your configuration is correct?",
        )),
        2 => log_in(ctx, DEFAULT_USER, request.arg(1)),
        3 => log_in(ctx, request.arg(1), request.arg(2)),
        _ => Err(CommandError::Syntax),
    }?;
    Ok(Reply::OK)
}

/// Logs the caller in. While no password is set, any will do.
///
/// # Errors
/// No such user, or the wrong password.
pub(super) fn log_in(
    ctx: &mut Context<'_>,
    username: &[u8],
    password: &[u8],
) -> Result<(), CommandError> {
    let right = ctx.state.config.requirepass().is_none_or(|secret| is_same(secret, password));
    if username != DEFAULT_USER || !right {
        return Err(CommandError::WrongPassword);
    }
    ctx.client().authenticated = true;
    Ok(())
}

/// Compares in a time that depends on the length of `given` alone. `secret` is not empty.
fn is_same(secret: &[u8], given: &[u8]) -> bool {
    let secret_bytes = secret.iter().cycle();
    let difference = given.iter().zip(secret_bytes).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
    secret.len() == given.len() && difference == 0
}

/// The one user.
pub(super) const DEFAULT_USER: &[u8] = b"default";

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn only_the_whole_secret_is_the_same() {
        assert!(is_same(b"secret", b"secret"));
        for given in [&b""[..], b"s", b"secre", b"secrets", b"secretsecret", b"Secret", b"secreT"] {
            assert!(!is_same(b"secret", given), "{}", given.escape_ascii());
        }
    }
}
