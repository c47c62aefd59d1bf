//! Connections between the source and the target, and the bytes on their way.

use std::collections::VecDeque;
use std::time::Instant;

/// One connection, as the network sees it.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) to_target: VecDeque<u8>,
    pub(crate) to_source: VecDeque<u8>,
    /// The source has closed its end, or has seen the end of the stream.
    pub(crate) source_gone: bool,
    /// The source sees the end of the stream once it has read what is on its way.
    pub(crate) ended: bool,
    /// What is on its way to the target arrives then at the earliest.
    pub(crate) late_until: Option<Instant>,
    /// Nothing arrives any more, and nobody is told.
    pub(crate) silent: bool,
}

impl Link {
    /// Room for what the source writes.
    pub(crate) fn room(&self) -> usize {
        match self.silent {
            true => 0,
            false => SOCKET_BYTES.saturating_sub(self.to_target.len()),
        }
    }

    /// Takes up to `bytes_max` bytes that arrive at the target.
    pub(crate) fn arrive_at_target(&mut self, bytes_max: usize) -> Vec<u8> {
        take(&mut self.to_target, bytes_max, self.silent)
    }

    /// Takes up to `bytes_max` bytes that arrive at the source.
    pub(crate) fn arrive_at_source(&mut self, bytes_max: usize) -> Vec<u8> {
        take(&mut self.to_source, bytes_max, self.silent)
    }

    /// When something is to arrive at the target late.
    pub(crate) fn late_arrival(&self) -> Option<Instant> {
        self.late_until.filter(|_| !self.to_target.is_empty() && !self.silent)
    }

    /// The connection ends, and nothing that is on its way arrives.
    pub(crate) fn end(&mut self) {
        self.end_late(None);
        self.to_target.clear();
    }

    /// The connection ends for the source, and what is on its way to the target arrives all the same.
    pub(crate) fn end_late(&mut self, late_until: Option<Instant>) {
        self.ended = true;
        self.late_until = late_until;
        self.to_source.clear();
    }
}

fn take(queue: &mut VecDeque<u8>, bytes_max: usize, silent: bool) -> Vec<u8> {
    let n = if silent { 0 } else { queue.len().min(bytes_max) };
    queue.drain(..n).collect()
}

/// What the buffers of a connection hold.
const SOCKET_BYTES: usize = 100_000;
