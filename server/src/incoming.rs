//! A long argument that a command takes while it arrives.

use bytes::Bytes;
use keyspace::Value;
use migrate::RestoreSession;
use migrate::restore::Garbage;
use rdb_format::DecodeError;

use crate::commands::{CommandError, CommandId};

/// The payload of a RESTORE, as far as it has arrived. The command is run when the whole request is
/// there, and takes it then.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Whose argument it is.
    pub(crate) command: CommandId,
    /// How long the argument is.
    pub(crate) bytes: u64,
    /// An error if the command is refused before the payload is looked at, for this or for a reason
    /// that goes before: nothing of it is kept then.
    session: Result<RestoreSession, CommandError>,
}

/// Why there is no value.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The payload is broken.
    Payload(DecodeError),
    /// It was never looked at.
    Command(CommandError),
}

impl Incoming {
    /// What has not begun to arrive.
    pub(crate) fn new(
        command: CommandId,
        bytes: u64,
        session: Result<RestoreSession, CommandError>,
    ) -> Self {
        Self { command, bytes, session }
    }

    /// Takes a piece, after all [work](Self::has_work) on the one before is done.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if let Ok(session) = &mut self.session {
            session.handle_received(Bytes::copy_from_slice(piece));
        }
    }

    /// Whether there is something to do before the next piece.
    pub(crate) fn has_work(&self) -> bool {
        self.session.as_ref().is_ok_and(RestoreSession::has_work)
    }

    /// Works for some ten microseconds. Returns what turns out to have been built for nothing.
    pub(crate) fn advance(&mut self) -> Option<Garbage> {
        let session = self.session.as_mut().ok()?;
        session.advance(WORK_MAX);
        session.poll_garbage()
    }

    /// The value, when the whole argument has arrived.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn finish(&mut self) -> Result<Value, Refusal> {
        match &mut self.session {
            Ok(session) => session.finish().map_err(Refusal::Payload),
            Err(error) => Err(Refusal::Command(error.clone())),
        }
    }
}

/// An argument of so many bytes or more is taken as it arrives.
pub(crate) const INCOMING_BYTES_MIN: u64 = 64 << 10;

/// Work that is done between two looks at the clock.
const WORK_MAX: usize = 16 << 10;
