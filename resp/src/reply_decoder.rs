mod aggregate;
mod stream;
mod value;

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    Frame, Reply, ReplyError, ReplyErrorKind as Kind, ReplyLimits,
    input::{BULK_BYTES_CEILING, Input},
    number,
    tape::{AggregateKind, StringKind, Tape},
};

pub use stream::ReplyProgress;

/// Turns a server's bytes, split anywhere, into replies.
///
/// Read into [`read_space`](Self::read_space), [`commit`](Self::commit) what was read, then call
/// [`decode`](Self::decode) or [`decode_frame`](Self::decode_frame) until it has no more.
pub struct ReplyDecoder {
    limits: ReplyLimits,
    input: Input,
    stage: Stage,
    /// Up to where the reply so far is decoded.
    at: usize,
    /// How many bytes after `at` are known not to end the line there.
    searched: usize,
    tape: Tape,
    /// What came of a streamed string.
    streamed: BytesMut,
    /// The aggregates that `at` is in.
    levels: Vec<Level>,
    /// Elements so far, counted when they are announced.
    elements: u64,
    /// Bytes of the reply that are not in the frame.
    own_bytes: u64,
    /// Length of a frame or chunk that the caller has had and that still has to be dropped.
    lent: usize,
    /// From this length on, a reply that is a bulk string is streamed.
    streamed_bytes_min: u64,
    error: Option<ReplyError>,
}

/// What `at` is before.
#[derive(Clone, Copy)]
enum Stage {
    /// A value.
    Value,
    /// A string of `len` bytes.
    Body { kind: StringKind, len: usize },
    /// What follows a string that goes to a buffer of its own.
    Own { kind: StringKind },
    /// The header of a piece of a streamed string.
    Piece,
    /// A piece of `len` bytes.
    PieceBody { len: usize },
    /// `rest` more bytes of a reply that the caller takes as they come, and the CR LF.
    Stream { rest: u64 },
    /// The caller's being told that the streamed reply is complete.
    StreamEnded,
}

/// An aggregate whose elements are coming.
struct Level {
    kind: AggregateKind,
    node: usize,
    /// Values to come, [`STREAMED`] if a `.` ends them.
    left: u64,
    /// Values of a streamed aggregate that came.
    came: usize,
}

const STREAMED: u64 = u64::MAX;

/// Whether the reply goes on.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Step {
    Continue,
    Incomplete,
    Complete,
}

impl ReplyDecoder {
    /// A decoder at the start of a connection.
    pub fn new(limits: ReplyLimits) -> Self {
        Self {
            limits: ReplyLimits {
                depth_max: limits.depth_max.min(DEPTH_CEILING),
                // No count that is announced may look like the mark of a streamed aggregate.
                elements_max: limits.elements_max.min(STREAMED - 1),
                ..limits
            },
            input: Input::new(),
            stage: Stage::Value,
            at: 0,
            searched: 0,
            tape: Tape::default(),
            streamed: BytesMut::new(),
            levels: Vec::new(),
            elements: 0,
            own_bytes: 0,
            lent: 0,
            streamed_bytes_min: u64::MAX,
            error: None,
        }
    }

    /// The limits in force.
    pub fn limits(&self) -> &ReplyLimits {
        &self.limits
    }

    /// Where the next bytes from the server go; never empty.
    ///
    /// Decode all there is first: what waits behind a reply may have to be moved.
    #[inline]
    pub fn read_space(&mut self) -> &mut [u8] {
        self.input.space()
    }

    /// Takes the first `n` bytes of [`read_space`](Self::read_space) as received.
    ///
    /// # Panics
    /// If there was no space for as many.
    #[inline]
    pub fn commit(&mut self, n: usize) {
        self.input.commit(n);
    }

    /// Bytes received and not yet handed out.
    pub fn buffered(&self) -> usize {
        let own = if self.lent == 0 { self.tape.own_bytes() } else { 0 };
        self.input.buffered() - self.lent + own
    }

    /// Gives the buffer back to the allocator if nothing waits in it, for a connection that idles.
    pub fn release_buffer(&mut self) {
        if self.lent > 0 {
            self.start_next();
        }
        if self.at == 0 {
            self.tape = Tape::default();
        }
        self.input.release();
    }

    /// Decodes the next reply, if it is complete.
    ///
    /// A reply of up to 16 KiB is copied, so that it keeps nothing else alive; a longer one shares
    /// the buffer that was read into.
    ///
    /// # Errors
    /// If the input breaks the protocol or a limit. There is no way on from there: the same error
    /// is returned from then on.
    pub fn decode(&mut self) -> Result<Option<Reply>, ReplyError> {
        if !self.decode_tape()? {
            return Ok(None);
        }
        let reply = if self.at <= COPIED_BYTES_MAX {
            let frame = Bytes::copy_from_slice(&self.input.data()[..self.at]);
            self.lent = self.at;
            Reply::build(&self.tape, &frame)
        } else {
            let mut frame = Bytes::new();
            let start = self.input.hand_out(self.at, &mut frame);
            frame.advance(start);
            Reply::build(&self.tape, &frame)
        };
        self.start_next();
        Ok(Some(reply))
    }

    /// Decodes the next reply, if it is complete, without allocating anything for it.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_frame(&mut self) -> Result<Option<Frame<'_>>, ReplyError> {
        if !self.decode_tape()? {
            return Ok(None);
        }
        self.lent = self.at;
        Ok(Some(Frame::root(&self.tape, &self.input.data()[..self.at])))
    }

    /// Returns whether `tape` and the first `at` bytes of the input are a complete reply.
    fn decode_tape(&mut self) -> Result<bool, ReplyError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.lent > 0 {
            self.start_next();
        }
        loop {
            match self.step() {
                Ok(Step::Continue) => {}
                Ok(Step::Complete) => return Ok(true),
                Ok(Step::Incomplete) => return Ok(false),
                Err(error) => {
                    self.error = Some(error);
                    return Err(error);
                }
            }
        }
    }

    /// Drops the reply that was complete.
    fn start_next(&mut self) {
        self.input.skip(self.lent);
        self.tape.clear();
        (self.lent, self.at, self.elements, self.own_bytes) = (0, 0, 0, 0);
    }

    #[inline]
    fn step(&mut self) -> Result<Step, ReplyError> {
        match self.stage {
            Stage::Value => self.value(),
            Stage::Body { kind, len } => self.body(kind, len),
            Stage::Own { kind } => self.own(kind),
            Stage::Piece => self.piece(),
            Stage::PieceBody { len } => self.piece_body(len),
            Stage::Stream { .. } => self.stream(),
            Stage::StreamEnded => {
                self.stage = Stage::Value;
                Ok(Step::Continue)
            }
        }
    }

    fn length(&self, digits: Range<usize>) -> Result<u64, ReplyError> {
        let len = number::integer(&self.input.data()[digits]);
        match len.and_then(|len| u64::try_from(len).ok()) {
            Some(len) => Ok(len),
            None => self.fail(Kind::InvalidLength, self.at),
        }
    }

    #[inline]
    fn check_bulk_bytes(&self, declared: u64) -> Result<(), ReplyError> {
        let limit = self.limits.bulk_bytes_max.min(BULK_BYTES_CEILING);
        if declared > limit {
            return self.fail(Kind::BulkTooLong { declared, limit }, self.at);
        }
        Ok(())
    }

    #[inline]
    fn check_terminator(&self, found: [u8; 2], at: usize) -> Result<(), ReplyError> {
        match found {
            [b'\r', b'\n'] => Ok(()),
            [b'\r', _] => self.fail(Kind::ExpectedCrlf, at + 1),
            _ => self.fail(Kind::ExpectedCrlf, at),
        }
    }

    /// Length of the line at `at` with its end, if that has come. Its type must have a place there.
    #[inline]
    fn line(&mut self, has_place: impl Fn(u8) -> bool) -> Result<Option<usize>, ReplyError> {
        let rest = &self.window()[self.at..];
        match rest.first() {
            Some(found) if !has_place(*found) => {
                return self.fail(Kind::UnexpectedType { found: *found }, self.at);
            }
            _ => {}
        }
        // The type byte and the CR are not counted.
        let max = self.limits.line_bytes_max.saturating_add(2);
        let line = &rest[..rest.len().min(max)];
        let unsearched = line.get(self.searched..).unwrap_or_default();
        let Some(found) = memchr::memchr2(b'\r', b'\n', unsearched) else {
            if line.len() == max {
                let limit = self.limits.line_bytes_max;
                return self.fail(Kind::LineTooLong { limit }, self.at);
            }
            self.searched = line.len();
            return Ok(None);
        };
        let text = self.searched + found;
        match rest[text..] {
            [b'\r'] => {
                self.searched = text;
                Ok(None)
            }
            [b'\r', b'\n', ..] => {
                self.searched = 0;
                Ok(Some(text + 2))
            }
            [b'\r', ..] => self.fail(Kind::ExpectedCrlf, self.at + text + 1),
            _ => self.fail(Kind::ExpectedCrlf, self.at + text),
        }
    }

    /// How much of the reply may be in the frame.
    #[inline]
    fn frame_bytes_max(&self) -> u64 {
        self.limits.total_bytes_max.saturating_sub(self.own_bytes)
    }

    #[inline]
    fn window(&self) -> &[u8] {
        window(&self.input, self.frame_bytes_max())
    }

    fn incomplete(&self) -> Result<Step, ReplyError> {
        if self.input.len() as u64 > self.frame_bytes_max() {
            return self.too_long();
        }
        Ok(Step::Incomplete)
    }

    #[cold]
    fn too_long<T>(&self) -> Result<T, ReplyError> {
        let limit = self.limits.total_bytes_max;
        self.fail(Kind::ReplyTooLong { limit }, self.at)
    }

    #[cold]
    fn fail<T>(&self, kind: Kind, at: usize) -> Result<T, ReplyError> {
        Err(ReplyError { kind, offset: self.input.offset(at) })
    }
}

/// What may be looked at, so that it does not matter how much has come beyond a limit.
#[inline]
fn window(input: &Input, bytes_max: u64) -> &[u8] {
    let data = input.data();
    &data[..data.len().min(usize::try_from(bytes_max).unwrap_or(usize::MAX))]
}

/// A reply nested deeper could not be dropped on a small stack.
const DEPTH_CEILING: usize = 1024;

/// Longest reply that is copied out of the buffer.
const COPIED_BYTES_MAX: usize = 16 * 1024;
