//! The bytes of a value, as they arrive and bounded by the footer that follows them.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use crate::DecodeError;

/// Bytes handed in but not yet read, and the knowledge of how many there will be.
///
/// "Not here yet" is `None`; "will never be here" is [`DecodeError::UnexpectedEnd`].
#[derive(Debug)]
pub(crate) struct Input {
    /// None of them empty; together at most `left` bytes.
    arrived: VecDeque<Bytes>,
    offset: u64,
    left: u64,
}

impl Input {
    /// Input that will be `len` bytes long.
    pub(crate) fn new(len: u64) -> Self {
        Self { arrived: VecDeque::new(), offset: 0, left: len }
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.arrived.push_back(bytes);
        }
    }

    /// Lets go of what has arrived and will not be read.
    pub(crate) fn clear(&mut self) {
        self.arrived.clear();
    }

    /// Bytes read so far.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes that are still to be read, arrived or not.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Checks a claim on the next `needed` bytes.
    pub(crate) fn require(&self, needed: u64) -> Result<(), DecodeError> {
        if needed <= self.left {
            return Ok(());
        }
        Err(DecodeError::UnexpectedEnd { offset: self.offset, needed, left: self.left })
    }

    pub(crate) fn next_byte(&mut self) -> Result<Option<u8>, DecodeError> {
        self.require(1)?;
        let Some(&byte) = self.peek().first() else { return Ok(None) };
        self.advance(1);
        Ok(Some(byte))
    }

    /// The next 1 to `max` bytes, sharing what was pushed.
    pub(crate) fn take(&mut self, max: u64) -> Option<Bytes> {
        let front = self.arrived.front_mut()?;
        let bytes = if front.len() as u64 <= max {
            self.arrived.pop_front()?
        } else {
            front.split_to(max as usize)
        };
        self.count(bytes.len());
        Some(bytes)
    }

    /// The next bytes that lie together; empty if none have arrived.
    pub(crate) fn peek(&self) -> &[u8] {
        self.arrived.front().map_or(&[], |front| front)
    }

    /// Takes `bytes` of those [peeked](Self::peek) at as read.
    pub(crate) fn advance(&mut self, bytes: usize) {
        if let Some(front) = self.arrived.front_mut() {
            front.advance(bytes);
            if front.is_empty() {
                self.arrived.pop_front();
            }
            self.count(bytes);
        }
    }

    fn count(&mut self, bytes: usize) {
        self.offset += bytes as u64;
        self.left -= bytes as u64;
    }
}
