//! The bytes that have come from the peer and wait to be decoded.
//!
//! ```text
//!            start            filled        len
//!  block  | ..... | frame so far | free space |
//! ```
//!
//! A block is open while it is read into and shared once a frame of it has been handed out. When
//! the last handle on a shared block is back, it is opened again; otherwise reading goes on in a
//! new one, to which the frame so far is copied. A bulk string of [`OWN_BYTES_MIN`] or more is
//! read into a buffer of its own.

use bytes::{Bytes, BytesMut};

pub(crate) struct Input {
    /// The block while it is open, else empty.
    open: BytesMut,
    /// The block while it is shared, else empty.
    shared: Bytes,
    /// `start <= filled <= ` length of the block
    start: usize,
    filled: usize,
    /// Size of the next block in bytes.
    block_bytes: usize,
    own: Option<OwnBuffer>,
    /// Bytes consumed before `start`, and bulk strings taken out of the frame so far.
    passed: u64,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self {
            open: BytesMut::new(),
            shared: Bytes::new(),
            start: 0,
            filled: 0,
            block_bytes: BLOCK_BYTES_MIN,
            own: None,
            passed: 0,
        }
    }

    /// The frame so far, and what follows it.
    #[inline]
    pub(crate) fn data(&self) -> &[u8] {
        let block = if self.open.is_empty() { &self.shared[..] } else { &self.open[..] };
        &block[self.start..self.filled]
    }

    /// Length of [`data`](Self::data).
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.filled - self.start
    }

    /// Bytes received and not consumed.
    pub(crate) fn buffered(&self) -> usize {
        self.len() + self.own.as_ref().map_or(0, |own| own.filled)
    }

    /// Offset of byte `at` of [`data`](Self::data) in all that was received.
    pub(crate) fn offset(&self, at: usize) -> u64 {
        self.passed + at as u64
    }

    /// Where the next bytes of the peer go; never empty.
    #[inline]
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.own.is_some() || self.open.len() < self.filled + SPACE_BYTES_MIN {
            return self.make_space();
        }
        &mut self.open[self.filled..]
    }

    /// Takes the first `n` bytes of [`space`](Self::space) as received.
    #[inline]
    pub(crate) fn commit(&mut self, n: usize) {
        if let Some(own) = self.own.as_mut().filter(|own| !own.is_complete()) {
            return own.commit(n);
        }
        let space = self.open.len().saturating_sub(self.filled);
        assert!(n <= space, "more than there was space for");
        self.filled += n;
        if n == space {
            self.block_bytes = BLOCK_BYTES_MAX;
        }
    }

    #[cold]
    fn make_space(&mut self) -> &mut [u8] {
        if self.own.as_ref().is_none_or(OwnBuffer::is_complete) {
            self.make_block_space();
        }
        match &mut self.own {
            Some(own) if !own.is_complete() => own.space(),
            _ => &mut self.open[self.filled..],
        }
    }

    fn make_block_space(&mut self) {
        let len = self.len();
        if !self.shared.is_empty() {
            match std::mem::take(&mut self.shared).try_into_mut() {
                Ok(block) => self.open = block,
                Err(shared) => self.move_to_new_block(&shared),
            }
        }
        let too_small = self.open.len() < self.block_bytes || self.open.len() < len * 2;
        let too_big = self.open.len() > self.block_bytes && self.block_bytes >= len * 2;
        if too_small || too_big {
            let old = std::mem::take(&mut self.open);
            self.move_to_new_block(&old);
        } else if self.open.len() < self.filled + SPACE_BYTES_MIN {
            self.open.copy_within(self.start..self.filled, 0);
            (self.start, self.filled) = (0, len);
        }
    }

    fn move_to_new_block(&mut self, old: &[u8]) {
        let len = self.len();
        self.open = BytesMut::zeroed(self.block_bytes.max(len * 2));
        self.open[..len].copy_from_slice(&old[self.start..self.filled]);
        (self.start, self.filled) = (0, len);
    }

    /// Hands out the first `len` bytes of [`data`](Self::data) as a part of `frame`, which may
    /// hold the block already, and says where in `frame` they start.
    #[inline(always)]
    pub(crate) fn hand_out(&mut self, len: usize, frame: &mut Bytes) -> usize {
        let start = self.start;
        self.start += len;
        self.passed += len as u64;
        if !self.open.is_empty() {
            self.shared = std::mem::take(&mut self.open).freeze();
        }
        if self.start == self.filled {
            (self.start, self.filled) = (0, 0);
            *frame = std::mem::take(&mut self.shared);
        } else if (self.shared.as_ptr(), self.shared.len()) != (frame.as_ptr(), frame.len()) {
            frame.clone_from(&self.shared);
        }
        start
    }

    /// Takes a block back that was handed out whole, if nothing else holds it.
    pub(crate) fn take_back(&mut self, frame: &mut Bytes) {
        if frame.is_empty() {
            return;
        }
        let frame = std::mem::take(frame);
        if frame.len() == self.block_bytes
            && self.open.is_empty()
            && self.shared.is_empty()
            && let Ok(block) = frame.try_into_mut()
        {
            self.open = block;
        }
    }

    /// Drops the first `len` bytes of [`data`](Self::data).
    pub(crate) fn skip(&mut self, len: usize) {
        self.start += len;
        self.passed += len as u64;
        if self.start == self.filled {
            (self.start, self.filled) = (0, 0);
        }
    }

    /// Starts a buffer of its own for a bulk string of `len` bytes whose first bytes are those
    /// after the first `at` of [`data`](Self::data). They must not reach its end.
    pub(crate) fn start_own(&mut self, at: usize, len: usize) {
        let own = OwnBuffer::new(len, &self.data()[at..]);
        self.filled = self.start + at;
        self.own = Some(own);
    }

    /// The bulk string of the buffer of its own once it is complete, and the two bytes after it.
    pub(crate) fn take_own(&mut self) -> Option<(Bytes, [u8; 2])> {
        Some(self.own.take_if(|own| own.is_complete())?.finish())
    }

    /// Counts `n` bytes as consumed that were not in the block.
    pub(crate) fn pass(&mut self, n: usize) {
        self.passed += n as u64;
    }

    /// Consumes the last `n` bytes of [`data`](Self::data).
    pub(crate) fn take_last(&mut self, n: usize) {
        self.filled -= n;
        self.pass(n);
    }

    /// Drops a block in which nothing waits.
    pub(crate) fn release(&mut self) {
        if self.len() == 0 && self.own.is_none() {
            (self.open, self.shared) = (BytesMut::new(), Bytes::new());
            (self.start, self.filled) = (0, 0);
            self.block_bytes = BLOCK_BYTES_MIN;
        }
    }
}

struct OwnBuffer {
    /// Its capacity is the room that was reserved; only a little more than what has come is ever
    /// initialized. A vector, because that grows by `realloc`, which moves the pages of a large
    /// buffer instead of copying them.
    buffer: Vec<u8>,
    /// `filled <= buffer.len() <= target`
    filled: usize,
    /// Length of the bulk string and its CR LF.
    target: usize,
}

impl OwnBuffer {
    fn new(len: usize, received: &[u8]) -> Self {
        let target = len + 2;
        let room = target.min((received.len() * 2).max(BLOCK_BYTES_MAX));
        let mut buffer = Vec::with_capacity(room);
        buffer.extend_from_slice(received);
        Self { buffer, filled: received.len(), target }
    }

    fn is_complete(&self) -> bool {
        self.filled == self.target
    }

    fn space(&mut self) -> &mut [u8] {
        if self.filled == self.buffer.len() {
            self.make_space();
        }
        &mut self.buffer[self.filled..]
    }

    fn make_space(&mut self) {
        if self.filled == self.buffer.capacity() {
            let room = if self.filled < RESERVE_BYTES_MIN {
                self.filled * 4
            } else {
                (self.filled * 2).max(RESERVE_BYTES_MAX)
            };
            self.buffer.reserve_exact(room.min(self.target) - self.filled);
        }
        let room = self.buffer.capacity().min(self.target);
        self.buffer.resize(room.min(self.filled + OWN_SPACE_BYTES_MAX), 0);
    }

    fn commit(&mut self, n: usize) {
        assert!(n <= self.buffer.len() - self.filled, "more than there was space for");
        self.filled += n;
    }

    fn finish(mut self) -> (Bytes, [u8; 2]) {
        let end = self.target - 2;
        let terminator = [self.buffer[end], self.buffer[end + 1]];
        self.buffer.truncate(end);
        (self.buffer.into(), terminator)
    }
}

/// A bulk string of this length or longer gets a buffer of its own.
pub(crate) const OWN_BYTES_MIN: usize = 32 * 1024;

/// Longest bulk string in bytes that is accepted whatever the limit says: its length and that of
/// its frame can be added up, and room for it can be asked of the allocator.
pub(crate) const BULK_BYTES_CEILING: u64 = isize::MAX as u64 / 4;

/// Size of a block until a read has filled one.
const BLOCK_BYTES_MIN: usize = 16 * 1024;

/// Size of a block that holds no larger frame.
const BLOCK_BYTES_MAX: usize = 64 * 1024;

/// A read gets at least this much space.
const SPACE_BYTES_MIN: usize = 4 * 1024;

/// Most space for one read into a buffer of its own.
const OWN_SPACE_BYTES_MAX: usize = 128 * 1024;

/// Once this much of a bulk string has come, room for all of it is reserved ...
const RESERVE_BYTES_MIN: usize = 1024 * 1024;

/// ... but for no more than this, or twice what has come.
const RESERVE_BYTES_MAX: usize = 512 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{BLOCK_BYTES_MAX, BLOCK_BYTES_MIN, Input};

    /// As if a read had filled all the space there is.
    fn fill(input: &mut Input) -> usize {
        let n = input.space().len();
        input.commit(n);
        n
    }

    #[test]
    fn a_block_grows_with_its_frame_and_shrinks_after_it() {
        let mut input = Input::new();
        assert_eq!(fill(&mut input), BLOCK_BYTES_MIN);
        while input.len() < 1024 * 1024 {
            fill(&mut input);
        }
        assert!(input.open.len() >= 1024 * 1024);
        input.skip(input.len() - 100);
        input.space();
        assert_eq!((input.open.len(), input.len()), (BLOCK_BYTES_MAX, 100));
        input.skip(100);
        fill(&mut input);
        input.skip(BLOCK_BYTES_MAX);
        assert_eq!(fill(&mut input), BLOCK_BYTES_MAX);
    }

    #[test]
    fn a_block_that_comes_back_is_read_into_again() {
        let mut input = Input::new();
        fill(&mut input);
        let mut frame = Bytes::new();
        input.hand_out(input.len(), &mut frame);
        input.take_back(&mut frame);
        // Reads that fill a block make the next one larger.
        let n = fill(&mut input);
        assert_eq!(n, BLOCK_BYTES_MAX);
        let address = input.open.as_ptr();
        for kept in [false, true, false] {
            // In one piece, or with something behind it.
            input.hand_out(n - 1, &mut frame);
            if !kept {
                input.hand_out(1, &mut frame);
            }
            assert_eq!(frame.as_ptr(), address);
            let held = kept.then(|| frame.clone());
            input.take_back(&mut frame);
            assert!(frame.is_empty());
            drop(held);
            input.space();
            assert_eq!(input.open.as_ptr(), address);
            input.skip(input.len());
            input.commit(n);
        }
        input.hand_out(n, &mut frame);
        let held = frame.clone();
        input.take_back(&mut frame);
        input.space();
        assert_ne!(input.open.as_ptr(), held.as_ptr());
    }

    #[test]
    fn an_idle_input_holds_nothing() {
        let mut input = Input::new();
        fill(&mut input);
        fill(&mut input);
        input.skip(input.len() - 1);
        input.release();
        assert_eq!(input.len(), 1);
        input.skip(1);
        input.release();
        assert!(input.open.is_empty() && input.shared.is_empty());
        assert_eq!(fill(&mut input), BLOCK_BYTES_MIN);
    }
}
