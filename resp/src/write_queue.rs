use std::{
    collections::VecDeque,
    io::{self, IoSlice, Write},
};

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

    /// Appends `bytes` that many queues may be given: copied if they are few, shared if they are
    /// many.
    pub fn append(&mut self, bytes: Bytes) {
        match bytes.len() {
            ..SHARED_FRAME_BYTES_MIN => self.tail.extend_from_slice(&bytes),
            _ => self.push(bytes),
        }
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

    /// Everything in one piece.
    pub fn into_bytes(self) -> Bytes {
        if self.parts.is_empty() {
            return self.tail.freeze();
        }
        let parts: Vec<Bytes> = self.parts.into_iter().chain([self.tail.freeze()]).collect();
        parts.concat().into()
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

    /// Writes everything to `writer`, which blocks.
    ///
    /// # Errors
    /// What `writer` returns, and `WriteZero` if it takes nothing. What was not written stays.
    pub fn write_to(&mut self, writer: &mut impl Write) -> io::Result<()> {
        while !self.is_empty() {
            let mut slices = [IoSlice::new(&[]); 64];
            let used = self.io_slices(&mut slices);
            match writer.write_vectored(&slices[..used]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => self.advance(n),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives the tail back to the allocator if nothing waits in it, for a connection that idles.
    pub fn release_buffer(&mut self) {
        if self.tail.is_empty() {
            self.tail = BytesMut::new();
        }
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
        // What was written counts no more as capacity, until it is reclaimed.
        if self.tail.is_empty() && self.tail.try_reclaim(TAIL_BYTES_KEPT + 1) {
            self.tail = BytesMut::new();
        }
    }
}

/// A bulk string of this length or longer is shared: below, copying it costs less than another
/// slice of a vectored write.
const SHARED_BYTES_MIN: usize = 16 * 1024;

/// The same for a whole frame, which many queues may hold: a handle of it takes less than the copy.
const SHARED_FRAME_BYTES_MIN: usize = 256;

/// Largest tail buffer that is kept once it is written.
const TAIL_BYTES_KEPT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use bytes::Bytes;

    use super::{SHARED_BYTES_MIN, TAIL_BYTES_KEPT, WriteQueue};

    fn filled(big: &Bytes) -> (WriteQueue, Vec<u8>) {
        let mut queue = WriteQueue::new();
        queue.tail().extend_from_slice(b"+OK\r\n");
        queue.bulk(Bytes::from_static(b"small"));
        queue.bulk(big.clone());
        queue.push(Bytes::new());
        queue.push(Bytes::from_static(b":1\r\n"));
        queue.tail().extend_from_slice(b":2\r\n");
        let expected = [b"+OK\r\n$5\r\nsmall\r\n$16384\r\n", &big[..], b"\r\n:1\r\n:2\r\n"];
        (queue, expected.concat())
    }

    #[test]
    fn everything_leaves_in_order_whatever_the_socket_takes() {
        let big = Bytes::from(vec![b'x'; SHARED_BYTES_MIN]);
        for step in [1, 2, 7, 5000, usize::MAX] {
            let (mut queue, expected) = filled(&big);
            assert_eq!(queue.len(), expected.len());
            let mut written = Vec::new();
            while !queue.is_empty() {
                let mut slices = [IoSlice::new(&[]); 2];
                let used = queue.io_slices(&mut slices);
                let bytes: Vec<u8> = slices[..used].iter().flat_map(|s| s.to_vec()).collect();
                let n = bytes.len().min(step);
                assert!(n > 0);
                written.extend_from_slice(&bytes[..n]);
                queue.advance(n);
            }
            assert!(written == expected, "{step} bytes at a time");
            assert_eq!((queue.len(), queue.io_slices(&mut [IoSlice::new(&[])])), (0, 0));
        }
    }

    #[test]
    fn big_bulks_are_shared_and_small_ones_are_not() {
        let big = Bytes::from(vec![b'x'; SHARED_BYTES_MIN]);
        let (queue, expected) = filled(&big);
        let mut slices = [IoSlice::new(&[]); 8];
        assert_eq!(queue.io_slices(&mut slices), 5);
        assert_eq!(slices[1].as_ptr(), big.as_ptr());
        let mut written = Vec::new();
        filled(&big).0.write_to(&mut written).unwrap();
        assert!(written == expected);
    }

    #[test]
    fn a_frame_for_many_is_copied_if_small_and_shared_if_big() {
        let (small, big) = (Bytes::from_static(b"+OK\r\n"), Bytes::from(vec![b'x'; 256]));
        let mut queue = WriteQueue::new();
        for frame in [&small, &big, &small] {
            queue.append(frame.clone());
        }
        let mut slices = [IoSlice::new(&[]); 3];
        assert_eq!(queue.io_slices(&mut slices), 3);
        assert_ne!(slices[0].as_ptr(), small.as_ptr());
        assert_eq!(slices[1].as_ptr(), big.as_ptr());
        assert_eq!(queue.into_bytes(), [&small[..], &big[..], &small[..]].concat());
        let mut queue = WriteQueue::new();
        queue.append(small.clone());
        assert_eq!(queue.into_bytes(), small);
    }

    #[test]
    fn a_small_tail_is_kept_until_it_is_released() {
        let mut queue = WriteQueue::new();
        let mut capacity_after = |bytes: usize| {
            queue.tail = bytes::BytesMut::with_capacity(bytes);
            queue.tail().resize(bytes, b'x');
            queue.advance(bytes - 1);
            queue.release_buffer();
            assert_eq!(queue.len(), 1);
            queue.advance(1);
            let kept = queue.tail.try_reclaim(bytes);
            queue.release_buffer();
            (kept, queue.tail.capacity())
        };
        assert_eq!(capacity_after(TAIL_BYTES_KEPT), (true, 0));
        assert_eq!(capacity_after(TAIL_BYTES_KEPT * 2), (false, 0));
    }
}
