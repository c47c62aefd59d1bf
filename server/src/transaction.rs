//! Commands that a client has queued between MULTI and EXEC.

use resp::Request;

use crate::commands::CommandId;
use crate::incoming::Incoming;

/// What a client has queued since MULTI.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    queued: Vec<Queued>,
    /// What the queue keeps alive, in bytes.
    bytes: usize,
    /// A command was refused: EXEC runs none.
    pub(crate) aborted: bool,
}

/// One queued command.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) command: CommandId,
    pub(crate) request: Request,
    /// The argument that was taken as it arrived.
    pub(crate) incoming: Option<Box<Incoming>>,
}

impl Transaction {
    /// Puts a command behind the others.
    pub(crate) fn push(
        &mut self,
        command: CommandId,
        request: &Request,
        incoming: Option<Box<Incoming>>,
    ) {
        let arguments = request.iter().map(|argument| argument.len() + ARGUMENT_BYTES);
        let streamed = incoming.as_ref().map_or(0, |incoming| incoming.bytes);
        let streamed = usize::try_from(streamed).unwrap_or(usize::MAX);
        self.bytes += size_of::<Queued>() + arguments.sum::<usize>();
        self.bytes = self.bytes.saturating_add(streamed);
        self.queued.push(Queued { command, request: request.detached(), incoming });
    }

    /// Number of queued commands.
    pub(crate) fn len(&self) -> usize {
        self.queued.len()
    }

    /// What the queue keeps alive, in bytes: it counts as not yet run input of the client.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The queued commands in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.queued.iter()
    }

    /// Whether it holds values that were built as they arrived, which may be large.
    pub(crate) fn holds_values(&self) -> bool {
        self.queued.iter().any(|queued| queued.incoming.is_some())
    }

    /// Takes the queued commands out, in order.
    pub(crate) fn into_queued(self) -> Vec<Queued> {
        self.queued
    }
}

/// What an argument takes beside its bytes.
const ARGUMENT_BYTES: usize = 16;
