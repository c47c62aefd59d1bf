//! Where encoders write.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{length, payload::Footer};

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

    /// With room for a string of `len` bytes that is built, and what stands around it. It is just
    /// enough for a payload of one short blob, which then goes out without another allocation.
    pub(crate) fn with_room(len: usize) -> Self {
        let room = match len {
            0 | SHARED_BYTES_MIN.. => 0,
            len => CODE_LEN + length::encoded_len(len as u64) + len + Footer::LEN,
        };
        Self { pieces: VecDeque::new(), built: Vec::with_capacity(room) }
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

    /// Puts what `write` appends in front of everything, and tells its length.
    pub(crate) fn prepend(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        if self.pieces.is_empty() {
            let body_len = self.built.len();
            write(&mut self.built);
            let head_len = self.built.len() - body_len;
            self.built.rotate_right(head_len);
            return head_len;
        }
        let mut head = Vec::new();
        write(&mut head);
        let head_len = head.len();
        self.pieces.push_front(head.into());
        head_len
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

/// A type code is a byte.
const CODE_LEN: usize = 1;

/// Shorter ones are copied: a piece of their own would cost the writer more.
const SHARED_BYTES_MIN: usize = 4 << 10;
