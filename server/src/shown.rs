//! Requests as MONITOR and SLOWLOG show them.

use std::borrow::Cow;

use resp::Request;

use crate::commands::{self, CommandId};

/// A request without its secrets (rule M10), and without the payload of a RESTORE if it is long.
pub(crate) struct Shown<'a> {
    request: &'a Request,
    /// Arguments that are passwords, or names of users that stand before one.
    secrets: Vec<usize>,
    /// The argument that is shown by its size when it is long.
    payload: Option<usize>,
    /// How long that is, if it was taken as it arrived and is not in the request.
    streamed: Option<u64>,
}

impl<'a> Shown<'a> {
    /// What is shown of a request for this command, of which an argument of `streamed` bytes was taken
    /// as it arrived.
    pub(crate) fn new(command: CommandId, request: &'a Request, streamed: Option<u64>) -> Self {
        Self {
            streamed,
            request,
            secrets: commands::secrets(command, request),
            payload: commands::payload(command),
        }
    }

    /// At most `arguments_max` arguments with at most `bytes_max` bytes of each, and in place of what
    /// is cut a text that tells how much it is, in the words of Redis.
    pub(crate) fn arguments(
        &self,
        arguments_max: usize,
        bytes_max: usize,
    ) -> impl Iterator<Item = Vec<u8>> {
        let len = self.request.len();
        let shown = if len > arguments_max { arguments_max - 1 } else { len };
        let rest = (len > shown).then(|| format!("... ({} more arguments)", len - shown));
        let shown = (0..shown).map(move |index| {
            let argument = self.argument(index);
            match argument.len().checked_sub(bytes_max) {
                None | Some(0) => argument.into_owned(),
                Some(cut) => {
                    let more = format!("... ({cut} more bytes)");
                    [&argument[..bytes_max], more.as_bytes()].concat()
                }
            }
        });
        shown.chain(rest.map(String::into_bytes))
    }

    fn argument(&self, index: usize) -> Cow<'a, [u8]> {
        let argument = self.request.arg(index);
        if self.secrets.contains(&index) {
            return Cow::Borrowed(REDACTED);
        }
        if self.payload == Some(index) {
            let bytes = self.streamed.unwrap_or(argument.len() as u64);
            if bytes >= PAYLOAD_BYTES_MIN {
                return Cow::Owned(format!("({bytes} bytes)").into_bytes());
            }
        }
        Cow::Borrowed(argument)
    }
}

const REDACTED: &[u8] = b"(redacted)";

/// A payload of so many bytes or more is shown by its size.
const PAYLOAD_BYTES_MIN: u64 = 64 << 10;
