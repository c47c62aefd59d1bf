//! Where encoders write.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{length::LEN_MAX, payload::Footer};

/// Bytes that were built, and between them some that are shared with the value.
#[derive(Debug, Default)]
pub(crate) struct Out {
    /// Before `built`.
    pieces: VecDeque<Bytes>,
    pub(crate) built: Vec<u8>,
}

impl Out {
    /// Appends `bytes`: their own memory if they are worth a piece of their own, else a copy.
    pub(crate) fn share(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARED_BYTES_MIN {
            self.built.extend_from_slice(bytes);
            return;
        }
        self.flush();
        self.pieces.push_back(bytes.clone());
    }

    /// Makes room for a string of `len` bytes and what stands around it.
    pub(crate) fn reserve(&mut self, len: usize) {
        if len < SHARED_BYTES_MIN {
            self.built.reserve(len + AROUND_BYTES);
        }
    }

    /// Whether there is less to [`pop`](Self::pop) than `wanted` bytes.
    pub(crate) fn is_short_of(&self, wanted: usize) -> bool {
        self.pieces.is_empty() && self.built.len() < wanted
    }

    pub(crate) fn len(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len() as u64).sum::<u64>() + self.built.len() as u64
    }

    /// How many pieces are ready.
    pub(crate) fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Bytes that are built since the last piece.
    pub(crate) fn built_bytes(&self) -> usize {
        self.built.len()
    }

    /// Puts `head` in front of everything.
    pub(crate) fn prepend(&mut self, head: &[u8]) {
        match self.pieces.front() {
            None => drop(self.built.splice(..0, head.iter().copied())),
            Some(_) => self.pieces.push_front(Bytes::copy_from_slice(head)),
        }
    }

    /// Everything, if it was all built.
    pub(crate) fn take_built(&mut self) -> Option<Vec<u8>> {
        self.pieces.is_empty().then(|| std::mem::take(&mut self.built))
    }

    /// The next bytes, at most `bytes_max`.
    pub(crate) fn pop(&mut self, bytes_max: usize) -> Option<Bytes> {
        if self.pieces.is_empty() {
            self.flush();
        }
        let front = self.pieces.front_mut()?;
        if front.len() > bytes_max {
            return Some(front.split_to(bytes_max));
        }
        self.pieces.pop_front()
    }

    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
        self.built.clear();
    }

    fn flush(&mut self) {
        if !self.built.is_empty() {
            self.pieces.push_back(Bytes::from(std::mem::take(&mut self.built)));
        }
    }
}

/// Type code, count, length and footer, each at its longest.
const AROUND_BYTES: usize = 1 + LEN_MAX + LEN_MAX + Footer::LEN;

/// Shorter ones are copied: a piece of their own would cost the writer more.
const SHARED_BYTES_MIN: usize = 4 << 10;
