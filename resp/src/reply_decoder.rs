use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    Frame, Reply, ReplyError, ReplyErrorKind as Kind, ReplyLimits,
    header::{self, Short},
    input::{BULK_BYTES_CEILING, Input, OWN_BYTES_MIN},
    number,
    tape::{AggregateKind, Node, Span, StringKind, Tape},
};

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
    /// Length of a frame that the caller has had and that still has to be dropped.
    lent: usize,
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
            limits: ReplyLimits { depth_max: limits.depth_max.min(DEPTH_CEILING), ..limits },
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
            error: None,
        }
    }

    /// The limits in force.
    pub fn limits(&self) -> &ReplyLimits {
        &self.limits
    }

    /// Where the next bytes from the server go; never empty.
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
    /// A reply of up to 4 KiB is copied, so that it keeps nothing else alive; a longer one shares
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
        }
    }

    #[inline]
    fn value(&mut self) -> Result<Step, ReplyError> {
        self.short_values();
        let window = &self.window()[self.at..];
        if let Some(Short { kind, number, line }) = header::short(window) {
            self.searched = 0;
            match kind {
                b'$' => return self.string(StringKind::Bulk, number as u64, line),
                b':' => return self.push(Node::Integer(number as i64), line),
                b'*' => return self.aggregate(AggregateKind::Array, number as u64, line),
                b'%' => return self.aggregate(AggregateKind::Map, number as u64, line),
                b'~' => return self.aggregate(AggregateKind::Set, number as u64, line),
                _ => {}
            }
        }
        self.line_value()
    }

    /// Takes the bulk strings and integers at `at` that are complete and have a short header, as
    /// nearly all have, but for the last of an aggregate, which closes it.
    #[inline]
    fn short_values(&mut self) {
        let Some(level) = self.levels.last_mut().filter(|level| level.left != STREAMED) else {
            return;
        };
        let mut left = level.left;
        let mut at = self.at;
        let frame_bytes_max = self.limits.total_bytes_max.saturating_sub(self.own_bytes);
        let mut rest = &window(&self.input, frame_bytes_max)[at..];
        while left > 1
            && let Some(Short { kind, number, line }) = header::short(rest)
        {
            let (node, len) = match kind {
                b'$' if number as u64 <= self.limits.bulk_bytes_max => {
                    let span = Span::in_frame(at + line, at + line + number);
                    (Node::String(StringKind::Bulk, span), line + number + 2)
                }
                b':' => (Node::Integer(number as i64), line),
                _ => break,
            };
            let Some((value, after)) = rest.split_at_checked(len) else { break };
            if !value.ends_with(b"\r\n") {
                break;
            }
            self.tape.nodes.push(node);
            at += len;
            left -= 1;
            rest = after;
        }
        if at > self.at {
            self.searched = 0;
            self.at = at;
            level.came += (level.left - left) as usize;
            level.left = left;
        }
    }

    /// Decodes a value by its line, whatever it is.
    fn line_value(&mut self) -> Result<Step, ReplyError> {
        let Some(line) = self.line(b"+-:_#,($*!=%~>|.")? else { return self.incomplete() };
        let (start, end) = (self.at + 1, self.at + line - 2);
        let text = &self.input.data()[start..end];
        let span = Span::in_frame(start, end);
        let node = match (self.input.data()[self.at], text) {
            (b'+', _) => Some(Node::String(StringKind::Simple, span)),
            (b'-', _) => Some(Node::String(StringKind::Error, span)),
            (b':', _) => number::integer(text).map(Node::Integer),
            (b'_', _) => text.is_empty().then_some(Node::Null),
            (b'#', b"t") => Some(Node::Boolean(true)),
            (b'#', b"f") => Some(Node::Boolean(false)),
            (b'#', _) => None,
            (b',', _) => number::double(text).map(Node::Double),
            (b'(', _) => number::is_big(text).then_some(Node::String(StringKind::BigNumber, span)),
            (b'$' | b'*', b"-1") => Some(Node::Null),
            (b'$', b"?") => {
                self.at += line;
                self.stage = Stage::Piece;
                return Ok(Step::Continue);
            }
            (b'$', _) => return self.string(StringKind::Bulk, self.length(start..end)?, line),
            (b'!', _) => return self.string(StringKind::BulkError, self.length(start..end)?, line),
            (b'=', _) => return self.string(StringKind::Verbatim, self.length(start..end)?, line),
            (b'*', b"?") => return self.open(AggregateKind::Array, STREAMED, line),
            (b'%', b"?") => return self.open(AggregateKind::Map, STREAMED, line),
            (b'~', b"?") => return self.open(AggregateKind::Set, STREAMED, line),
            (b'*', _) => {
                return self.aggregate(AggregateKind::Array, self.length(start..end)?, line);
            }
            (b'%', _) => return self.aggregate(AggregateKind::Map, self.length(start..end)?, line),
            (b'~', _) => return self.aggregate(AggregateKind::Set, self.length(start..end)?, line),
            (b'>', _) if self.levels.is_empty() => {
                return self.aggregate(AggregateKind::Push, self.length(start..end)?, line);
            }
            (b'|', _) => {
                return self.aggregate(AggregateKind::Attribute, self.length(start..end)?, line);
            }
            (b'.', b"") => return self.end_streamed(line),
            (found, _) => return self.fail(Kind::UnexpectedType { found }, self.at),
        };
        match node {
            Some(node) => self.push(node, line),
            None => self.fail(Kind::MalformedValue, self.at),
        }
    }

    #[inline]
    fn string(&mut self, kind: StringKind, len: u64, line: usize) -> Result<Step, ReplyError> {
        self.check_bulk_bytes(len)?;
        if kind == StringKind::Verbatim && len < 4 {
            return self.fail(Kind::MalformedValue, self.at);
        }
        self.at += line;
        self.body(kind, len as usize)
    }

    #[inline]
    fn body(&mut self, kind: StringKind, len: usize) -> Result<Step, ReplyError> {
        let end = self.at + len;
        let window = self.window();
        if let Some(terminator) = window.get(end..end + 2) {
            self.check_terminator([terminator[0], terminator[1]], end)?;
            if kind == StringKind::Verbatim && window[self.at + 3] != b':' {
                return self.fail(Kind::MalformedValue, self.at);
            }
            self.stage = Stage::Value;
            return self.push(Node::String(kind, Span::in_frame(self.at, end)), len + 2);
        }
        if len < OWN_BYTES_MIN || window.len() > end {
            self.stage = Stage::Body { kind, len };
            return self.incomplete();
        }
        if (end + 2) as u64 > self.frame_bytes_max() {
            return self.too_long();
        }
        self.input.start_own(self.at, len);
        self.stage = Stage::Own { kind };
        Ok(Step::Continue)
    }

    fn own(&mut self, kind: StringKind) -> Result<Step, ReplyError> {
        let Some((text, terminator)) = self.input.take_own() else { return Ok(Step::Incomplete) };
        if kind == StringKind::Verbatim && text[3] != b':' {
            return self.fail(Kind::MalformedValue, self.at);
        }
        self.input.pass(text.len());
        self.check_terminator(terminator, self.at)?;
        self.input.pass(2);
        self.own_bytes += text.len() as u64 + 2;
        self.stage = Stage::Value;
        self.tape.push_own(kind, text);
        self.count()
    }

    fn piece(&mut self) -> Result<Step, ReplyError> {
        let Some(line) = self.line(b";")? else { return self.incomplete() };
        let len = self.length(self.at + 1..self.at + line - 2)?;
        self.check_bulk_bytes(len.saturating_add(self.streamed.len() as u64))?;
        self.at += line;
        if len > 0 {
            self.stage = Stage::PieceBody { len: len as usize };
            return Ok(Step::Continue);
        }
        self.stage = Stage::Value;
        self.tape.push_own(StringKind::Bulk, std::mem::take(&mut self.streamed).freeze());
        self.count()
    }

    fn piece_body(&mut self, len: usize) -> Result<Step, ReplyError> {
        let end = self.at + len;
        let window = self.window();
        let Some(terminator) = window.get(end..end + 2) else { return self.incomplete() };
        self.check_terminator([terminator[0], terminator[1]], end)?;
        self.streamed.extend_from_slice(&self.input.data()[self.at..end]);
        self.at = end + 2;
        self.stage = Stage::Piece;
        Ok(Step::Continue)
    }

    /// Takes the header of an aggregate of `len` elements or pairs.
    #[inline]
    fn aggregate(
        &mut self,
        kind: AggregateKind,
        len: u64,
        line: usize,
    ) -> Result<Step, ReplyError> {
        let values = match kind {
            AggregateKind::Map => len.saturating_mul(2),
            AggregateKind::Attribute => len.saturating_mul(2).saturating_add(1),
            _ => len,
        };
        self.announce(values)?;
        if values == 0 {
            let end = self.tape.nodes.len() + 1;
            return self.push(Node::Aggregate { kind, values: 0, end }, line);
        }
        self.open(kind, values, line)
    }

    fn open(&mut self, kind: AggregateKind, values: u64, line: usize) -> Result<Step, ReplyError> {
        if self.levels.len() >= self.limits.depth_max {
            let limit = self.limits.depth_max;
            return self.fail(Kind::TooDeep { limit }, self.at);
        }
        self.at += line;
        self.levels.push(Level { kind, node: self.tape.nodes.len(), left: values, came: 0 });
        // Count and end are filled in when it is closed.
        self.tape.nodes.push(Node::Aggregate { kind, values: values as usize, end: 0 });
        Ok(Step::Continue)
    }

    fn end_streamed(&mut self, line: usize) -> Result<Step, ReplyError> {
        match self.levels.last_mut() {
            Some(level)
                if level.left == STREAMED
                    && (level.kind != AggregateKind::Map || level.came % 2 == 0) =>
            {
                self.at += line;
                self.close();
                self.count()
            }
            _ => self.fail(Kind::UnexpectedType { found: b'.' }, self.at),
        }
    }

    /// Takes a value without elements, of which `len` bytes are left.
    #[inline]
    fn push(&mut self, node: Node, len: usize) -> Result<Step, ReplyError> {
        self.at += len;
        self.tape.nodes.push(node);
        self.count()
    }

    /// Counts a complete value, and closes the aggregates that it completes.
    #[inline]
    fn count(&mut self) -> Result<Step, ReplyError> {
        while let Some(level) = self.levels.last_mut() {
            level.came += 1;
            if level.left == STREAMED {
                self.announce(1)?;
                return Ok(Step::Continue);
            }
            level.left -= 1;
            if level.left > 0 {
                return Ok(Step::Continue);
            }
            self.close();
        }
        Ok(Step::Complete)
    }

    fn close(&mut self) {
        let Level { kind, node, came, .. } = self.levels.pop().expect("one is open");
        let end = self.tape.nodes.len();
        self.tape.nodes[node] = Node::Aggregate { kind, values: came, end };
    }

    /// Checks that `values` more elements are within the limit.
    #[inline]
    fn announce(&mut self, values: u64) -> Result<(), ReplyError> {
        self.elements = self.elements.saturating_add(values);
        let limit = self.limits.elements_max;
        if self.elements > limit {
            return self.fail(Kind::TooManyElements { limit }, self.at);
        }
        Ok(())
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

    /// Length of the line at `at` with its end, if that has come. Its type is one of `kinds`.
    fn line(&mut self, kinds: &[u8]) -> Result<Option<usize>, ReplyError> {
        let rest = &self.window()[self.at..];
        match rest.first() {
            Some(found) if !kinds.contains(found) => {
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
const COPIED_BYTES_MAX: usize = 4 * 1024;
