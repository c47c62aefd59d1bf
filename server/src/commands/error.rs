//! Why a command failed: the error lines of Redis 7.2, each written once.

/// The error of a command.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("ERR syntax error")]
    Syntax,
    #[error("ERR value is not an integer or out of range")]
    NotAnInteger,
    /// An expiry that this command cannot set.
    #[error("ERR invalid expire time in '{0}' command")]
    InvalidExpireTime(&'static str),
    #[error("ERR wrong number of arguments for '{0}' command")]
    Arity(String),
    #[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
    WrongType,
    #[error("NOAUTH Authentication required.")]
    NotAuthenticated,
    /// A command that a subscriber may not use, while it speaks RESP2.
    #[error(
        "ERR Can't execute '{0}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are \
         allowed in this context"
    )]
    Subscribed(String),
    #[error("WRONGPASS invalid username-password pair or user is disabled.")]
    WrongPassword,
    #[error("EXECABORT Transaction discarded because of previous errors.")]
    ExecAbort,
    #[error("BUSYKEY Target key name already exists.")]
    BusyKey,
    #[error("ERR no such key")]
    NoSuchKey,
    #[error("ERR source and destination objects are the same")]
    SameObject,
    /// Any other: the line as the client gets it, without the leading `-`. It may show bytes that
    /// a client or a target sent, and so need not be text.
    #[error("{}", .0.escape_ascii())]
    Line(Vec<u8>),
}

impl CommandError {
    /// `ERR` and a text.
    pub(crate) fn err(text: impl std::fmt::Display) -> Self {
        Self::Line(format!("ERR {text}").into_bytes())
    }

    /// The line that the client gets, without the leading `-`.
    pub(crate) fn into_line(self) -> Vec<u8> {
        match self {
            Self::Line(line) => line,
            error => error.to_string().into_bytes(),
        }
    }

    /// The text of the line, without `ERR` if that is how it begins.
    pub(crate) fn into_text(self) -> Vec<u8> {
        let mut line = self.into_line();
        if line.starts_with(b"ERR ") {
            line.drain(..4);
        }
        line
    }
}

impl From<keyspace::WrongType> for CommandError {
    fn from(_: keyspace::WrongType) -> Self {
        Self::WrongType
    }
}
