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

    /// Makes room for a string of `len` bytes that is built, and what stands around it. It is just
    /// enough for a payload of one short blob, `counted` if it is the node of a list, which then goes
    /// out without another allocation.
    pub(crate) fn make_room(&mut self, len: usize, counted: bool) {
        let room = match len {
            0 | SHARED_BYTES_MIN.. => 0,
            len => {
                let head_len = CODE_LEN + if counted { NODE_HEAD_LEN } else { 0 };
                head_len + length::encoded_len(len as u64) + len + Footer::LEN
            }
        };
        self.built.reserve_exact(room);
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

    /// Puts the length `len` in the place of the byte at `at`, which was built before any piece.
    pub(crate) fn put_length(&mut self, at: usize, len: u64) {
        let Some(first) = self.pieces.front_mut() else {
            return put_length(&mut self.built, at, len);
        };
        let mut front = Vec::from(std::mem::take(first));
        put_length(&mut front, at, len);
        *first = front.into();
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

fn put_length(bytes: &mut Vec<u8>, at: usize, len: u64) {
    if length::encoded_len(len) == 1 {
        bytes[at] = len as u8;
    } else {
        let mut encoded = Vec::with_capacity(length::LEN_MAX);
        length::encode(len, &mut encoded);
        bytes.splice(at..=at, encoded);
    }
}

/// A type code is a byte.
const CODE_LEN: usize = 1;

/// A count of one node, and what kind it is of.
const NODE_HEAD_LEN: usize = 2;

/// Shorter ones are copied: a piece of their own would cost the writer more.
const SHARED_BYTES_MIN: usize = 4 << 10;
