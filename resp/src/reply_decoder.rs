use bytes::{Bytes, BytesMut};

use crate::{
    Reply, ReplyError, ReplyErrorKind as Kind, ReplyLimits,
    input::{Input, OWN_BYTES_MIN},
    number,
    tape::{AggregateKind, Node, Span, StringKind, Tape},
};

/// Turns a server's bytes, split anywhere, into replies.
///
/// Read into [`read_space`](Self::read_space), [`commit`](Self::commit) what was read, then call
/// [`decode`](Self::decode) until it has no more.
pub struct ReplyDecoder {
    limits: ReplyLimits,
    input: Input,
    stage: Stage,
    /// Up to where the reply so far is decoded.
    at: usize,
    /// How many bytes after `at` are known not to end the line there.
    searched: usize,
    tape: Tape,
    /// Bytes of the reply that are not in the frame.
    own_bytes: u64,
    /// Elements announced so far.
    elements: u64,
    levels: Vec<Level>,
    error: Option<ReplyError>,
}

/// An aggregate whose elements are coming.
struct Level {
    node: usize,
    kind: AggregateKind,
    /// Values to come, `None` if the end is to be marked.
    left: Option<u64>,
    /// Values that came.
    came: usize,
    /// Whether the last value was only attributes of the next.
    attributed: bool,
}

enum Stage {
    /// `at` is before the type byte of a value.
    Value,
    /// `at` is before a string of `len` bytes.
    Body { kind: StringKind, len: usize },
    /// As `Body`, but the string goes to a buffer of its own.
    Own { kind: StringKind },
    /// `at` is before the header of a piece of a streamed string.
    Piece { text: BytesMut },
    /// `at` is before such a piece of `len` bytes.
    PieceBody { text: BytesMut, len: usize },
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
            own_bytes: 0,
            elements: 0,
            levels: Vec::new(),
            error: None,
        }
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
        self.input.buffered() + self.tape.own.iter().map(Bytes::len).sum::<usize>()
    }

    /// Decodes the next reply, if it is complete.
    ///
    /// # Errors
    /// If the input breaks the protocol or a limit. There is no way on from there: the same error
    /// is returned from then on.
    pub fn decode(&mut self) -> Result<Option<Reply>, ReplyError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match self.step() {
            Ok(false) => Ok(None),
            Ok(true) => {
                let mut frame = Bytes::new();
                let start = self.input.hand_out(self.at, &mut frame);
                let reply = Reply::build(&self.tape, &frame.slice(start..start + self.at));
                self.input.take_back(&mut frame);
                self.tape.nodes.clear();
                self.tape.own.clear();
                (self.at, self.searched, self.own_bytes, self.elements) = (0, 0, 0, 0);
                Ok(Some(reply))
            }
            Err(error) => {
                self.error = Some(error);
                Err(error)
            }
        }
    }

    /// Decodes on. Returns whether the reply is complete.
    fn step(&mut self) -> Result<bool, ReplyError> {
        loop {
            match &mut self.stage {
                Stage::Value => {
                    let Some(next) = self.line()? else { return self.incomplete() };
                    let line = self.at + 1..next - 2;
                    let kind = self.input.data()[self.at];
                    if self.value(kind, line, next)? {
                        return Ok(true);
                    }
                }
                Stage::Body { kind, len } => {
                    let (kind, len) = (*kind, *len);
                    let end = self.at + len;
                    let data = self.window();
                    match data.get(end..end + 2) {
                        Some(b"\r\n") => {
                            let span = Span::in_frame(self.at, end);
                            let body = &data[self.at..end];
                            if kind == StringKind::Verbatim && body.get(3) != Some(&b':') {
                                return self.fail(Kind::MalformedValue, self.at);
                            }
                            self.stage = Stage::Value;
                            self.at = end + 2;
                            if self.push(Node::String(kind, span)) {
                                return Ok(true);
                            }
                        }
                        Some(found) => {
                            let wrong = end + usize::from(found[0] == b'\r');
                            return self.fail(Kind::ExpectedCrlf, wrong);
                        }
                        None if len >= OWN_BYTES_MIN && data.len() <= end => {
                            if (end + 2) as u64 > self.frame_bytes_max() {
                                return self.too_long();
                            }
                            self.input.start_own(self.at, len);
                            self.stage = Stage::Own { kind };
                        }
                        None => return self.incomplete(),
                    }
                }
                Stage::Own { kind } => {
                    let kind = *kind;
                    match self.input.take_own() {
                        None => return Ok(false),
                        Some((text, terminator)) => {
                            let _ = terminator;
                            self.own_bytes += text.len() as u64 + 2;
                            self.stage = Stage::Value;
                            if self.push_own(kind, text) {
                                return Ok(true);
                            }
                        }
                    }
                }
                Stage::Piece { .. } => {
                    let Some(next) = self.line()? else { return self.incomplete() };
                    let data = self.input.data();
                    let found = data[self.at];
                    if found != b';' {
                        return self.fail(Kind::UnexpectedType { found }, self.at);
                    }
                    let len = self.length(self.at + 1..next - 2)?;
                    let stage = std::mem::replace(&mut self.stage, Stage::Value);
                    let Stage::Piece { text } = stage else { unreachable!("matched above") };
                    self.bulk_fits(text.len() as u64 + len)?;
                    self.at = next;
                    if len > 0 {
                        self.stage = Stage::PieceBody { text, len: len as usize };
                    } else if self.push_own(StringKind::Bulk, text.freeze()) {
                        return Ok(true);
                    }
                }
                Stage::PieceBody { text, len } => {
                    let end = self.at + *len;
                    match self.input.data().get(end..end + 2) {
                        Some(b"\r\n") => {
                            text.extend_from_slice(&self.input.data()[self.at..end]);
                            let text = std::mem::take(text);
                            self.stage = Stage::Piece { text };
                            self.at = end + 2;
                        }
                        Some(found) => {
                            let wrong = end + usize::from(found[0] == b'\r');
                            return self.fail(Kind::ExpectedCrlf, wrong);
                        }
                        None => return self.incomplete(),
                    }
                }
            }
        }
    }

    /// Takes a value whose line is complete. Returns whether it ends the reply.
    fn value(
        &mut self,
        kind: u8,
        line: std::ops::Range<usize>,
        next: usize,
    ) -> Result<bool, ReplyError> {
        let text = &self.input.data()[line.clone()];
        let node = match kind {
            b'+' => Node::String(StringKind::Simple, Span::in_frame(line.start, line.end)),
            b'-' => Node::String(StringKind::Error, Span::in_frame(line.start, line.end)),
            b':' => match number::integer(text) {
                Some(value) => Node::Integer(value),
                None => return self.fail(Kind::MalformedValue, self.at),
            },
            b'_' if text.is_empty() => Node::Null,
            b'#' if text == b"t" => Node::Boolean(true),
            b'#' if text == b"f" => Node::Boolean(false),
            b',' => match number::double(text) {
                Some(value) => Node::Double(value),
                None => return self.fail(Kind::MalformedValue, self.at),
            },
            b'(' if number::is_big(text) => {
                Node::String(StringKind::BigNumber, Span::in_frame(line.start, line.end))
            }
            b'_' | b'#' | b'(' => return self.fail(Kind::MalformedValue, self.at),
            b'$' | b'*' if text == b"-1" => Node::Null,
            b'$' if text == b"?" => {
                self.stage = Stage::Piece { text: BytesMut::new() };
                self.at = next;
                return Ok(false);
            }
            b'$' | b'!' | b'=' => {
                let len = self.length(line)?;
                self.bulk_fits(len)?;
                let kind = match kind {
                    b'$' => StringKind::Bulk,
                    b'!' => StringKind::BulkError,
                    _ => StringKind::Verbatim,
                };
                self.stage = Stage::Body { kind, len: len as usize };
                self.at = next;
                return Ok(false);
            }
            b'*' | b'%' | b'~' | b'>' | b'|' => {
                let kind = match kind {
                    b'*' => AggregateKind::Array,
                    b'%' => AggregateKind::Map,
                    b'~' => AggregateKind::Set,
                    b'>' => AggregateKind::Push,
                    _ => AggregateKind::Attribute,
                };
                return self.aggregate(kind, line, next);
            }
            b'.' if text.is_empty() => return self.end_streamed(next),
            found => return self.fail(Kind::UnexpectedType { found }, self.at),
        };
        self.at = next;
        Ok(self.push(node))
    }

    fn aggregate(
        &mut self,
        kind: AggregateKind,
        line: std::ops::Range<usize>,
        next: usize,
    ) -> Result<bool, ReplyError> {
        let found = self.input.data()[self.at];
        if kind == AggregateKind::Push && !self.levels.is_empty() {
            return self.fail(Kind::UnexpectedType { found }, self.at);
        }
        let streamed = &self.input.data()[line.clone()] == b"?"
            && !matches!(kind, AggregateKind::Push | AggregateKind::Attribute);
        let len = if streamed { 0 } else { self.length(line)? };
        let values = match kind {
            AggregateKind::Map | AggregateKind::Attribute => len.saturating_mul(2),
            _ => len,
        };
        self.elements = self.elements.saturating_add(values);
        if self.elements > self.limits.elements_max {
            let limit = self.limits.elements_max;
            return self.fail(Kind::TooManyElements { limit }, self.at);
        }
        if self.levels.len() >= self.limits.depth_max {
            let limit = self.limits.depth_max;
            return self.fail(Kind::TooDeep { limit }, self.at);
        }
        self.at = next;
        let node = self.tape.nodes.len();
        self.tape.nodes.push(Node::Aggregate(kind, len as usize));
        let left = (!streamed).then_some(values);
        self.levels.push(Level { node, kind, left, came: 0, attributed: false });
        Ok(values == 0 && !streamed && self.close())
    }

    fn end_streamed(&mut self, next: usize) -> Result<bool, ReplyError> {
        match self.levels.last() {
            Some(level) if level.left.is_none() && !level.attributed => {
                let len = match level.kind {
                    AggregateKind::Map if level.came % 2 == 1 => {
                        return self.fail(Kind::UnexpectedType { found: b'.' }, self.at);
                    }
                    AggregateKind::Map => level.came / 2,
                    _ => level.came,
                };
                self.tape.nodes[level.node] = Node::Aggregate(level.kind, len);
                self.at = next;
                Ok(self.close())
            }
            _ => self.fail(Kind::UnexpectedType { found: b'.' }, self.at),
        }
    }

    fn push_own(&mut self, kind: StringKind, text: Bytes) -> bool {
        let span = Span::own(self.tape.own.len());
        self.tape.own.push(text);
        self.push(Node::String(kind, span))
    }

    /// Takes a value without elements. Returns whether it ends the reply.
    fn push(&mut self, node: Node) -> bool {
        self.tape.nodes.push(node);
        self.count()
    }

    /// Closes the innermost aggregate. Returns whether it ends the reply.
    fn close(&mut self) -> bool {
        let level = self.levels.pop().expect("it is open");
        if level.kind == AggregateKind::Attribute {
            if let Some(parent) = self.levels.last_mut() {
                parent.attributed = true;
            }
            return false;
        }
        self.count()
    }

    /// Counts a complete value, and closes what it completes. Returns whether the reply ends.
    fn count(&mut self) -> bool {
        loop {
            let Some(level) = self.levels.last_mut() else { return true };
            level.attributed = false;
            level.came += 1;
            match &mut level.left {
                None => return false,
                Some(left) => {
                    *left -= 1;
                    if *left > 0 {
                        return false;
                    }
                }
            }
            let level = self.levels.pop().expect("it is the last");
            if level.kind == AggregateKind::Attribute {
                if let Some(parent) = self.levels.last_mut() {
                    parent.attributed = true;
                }
                return false;
            }
        }
    }

    fn length(&self, line: std::ops::Range<usize>) -> Result<u64, ReplyError> {
        let len = number::integer(&self.input.data()[line]);
        match len.and_then(|len| u64::try_from(len).ok()) {
            Some(len) => Ok(len),
            None => self.fail(Kind::InvalidLength, self.at),
        }
    }

    fn bulk_fits(&self, declared: u64) -> Result<(), ReplyError> {
        let limit = self.limits.bulk_bytes_max.min(isize::MAX as u64 / 2);
        if declared > limit {
            return self.fail(Kind::BulkTooLong { declared, limit }, self.at);
        }
        Ok(())
    }

    /// Where the line after that at `at` starts, if its end has come.
    fn line(&mut self) -> Result<Option<usize>, ReplyError> {
        let rest = &self.window()[self.at..];
        // The type byte and the line end are not counted.
        let max = self.limits.line_bytes_max.saturating_add(2);
        let window = &rest[..rest.len().min(max)];
        let unsearched = window.get(self.searched..).unwrap_or_default();
        let Some(found) = memchr::memchr2(b'\r', b'\n', unsearched) else {
            if window.len() == max {
                let limit = self.limits.line_bytes_max;
                return self.fail(Kind::LineTooLong { limit }, self.at);
            }
            self.searched = window.len();
            return Ok(None);
        };
        let end = self.searched + found;
        match rest[end..] {
            [b'\r'] => {
                self.searched = end;
                Ok(None)
            }
            [b'\r', b'\n', ..] if end > 0 => {
                self.searched = 0;
                Ok(Some(self.at + end + 2))
            }
            [b'\r', b'\n', ..] => self.fail(Kind::UnexpectedType { found: b'\r' }, self.at),
            [b'\r', _, ..] => self.fail(Kind::ExpectedCrlf, self.at + end + 1),
            _ => self.fail(Kind::ExpectedCrlf, self.at + end),
        }
    }

    /// How much of the reply may be in the frame.
    fn frame_bytes_max(&self) -> u64 {
        self.limits.total_bytes_max - self.own_bytes
    }

    /// What may be looked at.
    fn window(&self) -> &[u8] {
        let data = self.input.data();
        let max = usize::try_from(self.frame_bytes_max()).unwrap_or(usize::MAX);
        &data[..data.len().min(max)]
    }

    fn incomplete(&self) -> Result<bool, ReplyError> {
        if self.input.len() as u64 > self.frame_bytes_max() {
            return self.too_long();
        }
        Ok(false)
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

/// A reply nested deeper could not be dropped on a small stack.
const DEPTH_CEILING: usize = 1024;
