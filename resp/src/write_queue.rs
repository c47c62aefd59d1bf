use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes, BytesMut};

use crate::encode;

/// Bytes to be written to a socket: small frames are gathered in a tail buffer, big bulk strings
/// are shared.
#[derive(Debug, Default)]
pub struct WriteQueue {
    /// What comes before the tail.
    parts: VecDeque<Bytes>,
    /// Sum of the lengths of `parts`.
    parts_bytes: usize,
    tail: BytesMut,
}

impl WriteQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether everything is written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes to be written.
    pub fn len(&self) -> usize {
        self.parts_bytes + self.tail.len()
    }

    /// The buffer at the end of the queue: append to it, and leave alone what it holds.
    #[inline]
    pub fn tail(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Appends `bytes` without copying them.
    pub fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        if !self.tail.is_empty() {
            let tail = self.tail.split().freeze();
            self.push_part(tail);
        }
        self.push_part(bytes);
    }

    fn push_part(&mut self, part: Bytes) {
        self.parts_bytes += part.len();
        self.parts.push_back(part);
    }

    /// Appends a bulk string, copied if it is small and shared if it is big.
    pub fn bulk(&mut self, bytes: Bytes) {
        if bytes.len() < SHARED_BYTES_MIN {
            return encode::bulk(&mut self.tail, &bytes);
        }
        encode::bulk_header(&mut self.tail, bytes.len());
        self.push(bytes);
        self.tail.extend_from_slice(b"\r\n");
    }

    /// Points the first of `slices` to what is to be written next, and returns how many it took.
    pub fn io_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let parts = self.parts.iter().map(|part| &part[..]);
        let tail = (!self.tail.is_empty()).then_some(&self.tail[..]);
        let mut used = 0;
        for (slice, part) in slices.iter_mut().zip(parts.chain(tail)) {
            *slice = IoSlice::new(part);
            used += 1;
        }
        used
    }

    /// Takes the first `n` bytes as written.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn advance(&mut self, mut n: usize) {
        assert!(n <= self.len(), "more written than there was");
        while let Some(part) = self.parts.front_mut() {
            let taken = part.len().min(n);
            part.advance(taken);
            self.parts_bytes -= taken;
            n -= taken;
            if !part.is_empty() {
                return;
            }
            self.parts.pop_front();
        }
        self.tail.advance(n);
        if self.tail.is_empty() && self.tail.capacity() > TAIL_BYTES_KEPT {
            self.tail = BytesMut::new();
        }
    }
}

/// A bulk string of this length or longer is shared: below, copying it costs less than another
/// slice of a vectored write.
const SHARED_BYTES_MIN: usize = 16 * 1024;

/// Largest tail buffer that is kept once it is written.
const TAIL_BYTES_KEPT: usize = 64 * 1024;
