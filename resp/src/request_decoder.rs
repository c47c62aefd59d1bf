use bytes::Bytes;

use crate::{
    Request, RequestError, RequestErrorKind as Kind, RequestLimits,
    inline::{self, Word},
    input::{Input, OWN_BYTES_MIN},
    limits::{UNAUTHENTICATED_BULK_BYTES_MAX, UNAUTHENTICATED_COUNT_MAX},
    number,
    request::Arg,
};

/// Turns a client's bytes, split anywhere, into requests.
///
/// Read into [`read_space`](Self::read_space), [`commit`](Self::commit) what was read, then call
/// [`decode`](Self::decode) until it has no more.
pub struct RequestDecoder {
    limits: RequestLimits,
    input: Input,
    stage: Stage,
    /// Up to where the request so far is decoded.
    at: usize,
    /// How many bytes after `at` are known not to end the line there.
    searched: usize,
    /// How long the input must be for another step.
    need: usize,
    args: Vec<Arg>,
    own: Vec<Bytes>,
    error: Option<RequestError>,
}

#[derive(Clone, Copy)]
enum Stage {
    Start,
    /// `left` arguments to come, `at` is before the `$` of the next.
    Header {
        left: usize,
    },
    /// `at` is before an argument of `len` bytes, after which `left` are to come.
    Body {
        left: usize,
        len: usize,
    },
    /// As `Body`, but the argument goes to a buffer of its own.
    Own {
        left: usize,
        len: usize,
    },
}

enum Step {
    Complete,
    Incomplete,
}

impl RequestDecoder {
    /// A decoder at the start of a connection.
    pub fn new(limits: RequestLimits) -> Self {
        Self {
            limits,
            input: Input::new(),
            stage: Stage::Start,
            at: 0,
            searched: 0,
            need: 0,
            args: Vec::new(),
            own: Vec::new(),
            error: None,
        }
    }

    /// Changes the limits for all that is not decoded yet.
    pub fn set_limits(&mut self, limits: RequestLimits) {
        self.limits = limits;
    }

    /// The limits in force.
    pub fn limits(&self) -> &RequestLimits {
        &self.limits
    }

    /// Where the next bytes from the client go; never empty.
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
        self.input.buffered() + self.own.iter().map(Bytes::len).sum::<usize>()
    }

    /// Decodes the next request into `request`, reusing its storage.
    ///
    /// Returns `false` if the request is not complete yet; what `request` holds then means
    /// nothing.
    ///
    /// # Errors
    /// If the input breaks the protocol. There is no way on from there: the same error is returned
    /// from then on.
    #[inline]
    pub fn decode(&mut self, request: &mut Request) -> Result<bool, RequestError> {
        if self.input.len() < self.need {
            return Ok(false);
        }
        self.decode_more(request)
    }

    fn decode_more(&mut self, request: &mut Request) -> Result<bool, RequestError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match self.step() {
            Ok(Step::Complete) => {
                request.args.clear();
                request.own.clear();
                std::mem::swap(&mut self.args, &mut request.args);
                std::mem::swap(&mut self.own, &mut request.own);
                request.base = self.input.hand_out(self.at, &mut request.frame);
                (self.at, self.searched, self.need) = (0, 0, 0);
                self.stage = Stage::Start;
                Ok(true)
            }
            Ok(Step::Incomplete) => {
                request.args.clear();
                request.own.clear();
                self.input.take_back(&mut request.frame);
                Ok(false)
            }
            Err(error) => {
                self.error = Some(error);
                self.need = 0;
                Err(error)
            }
        }
    }

    fn step(&mut self) -> Result<Step, RequestError> {
        loop {
            let data = self.input.data();
            match self.stage {
                Stage::Start => match data.first() {
                    None => {
                        self.need = 1;
                        return Ok(Step::Incomplete);
                    }
                    Some(b'*') => {
                        let Some((count, next)) = self.count()? else {
                            return Ok(Step::Incomplete);
                        };
                        self.searched = 0;
                        if count == 0 {
                            self.input.skip(next);
                        } else {
                            self.at = next;
                            self.stage = Stage::Header { left: count };
                        }
                    }
                    Some(_) => {
                        if !self.inline()? {
                            return Ok(Step::Incomplete);
                        }
                        if !self.args.is_empty() {
                            return Ok(Step::Complete);
                        }
                        self.input.skip(self.at);
                        self.at = 0;
                    }
                },
                Stage::Header { left } => {
                    let Some((len, next)) = self.length()? else {
                        return Ok(Step::Incomplete);
                    };
                    self.searched = 0;
                    self.at = next;
                    self.stage = Stage::Body { left: left - 1, len };
                }
                Stage::Body { left, len } => {
                    let end = self.at + len;
                    match data.get(end..end + 2) {
                        Some(b"\r\n") => {
                            self.args.push(Arg::in_frame(self.at, end));
                            self.at = end + 2;
                            if left == 0 {
                                return Ok(Step::Complete);
                            }
                            self.stage = Stage::Header { left };
                        }
                        Some(found) => {
                            let wrong = end + usize::from(found[0] == b'\r');
                            return self.fail(Kind::ExpectedCrlf, wrong);
                        }
                        None if len >= OWN_BYTES_MIN && data.len() <= end => {
                            self.input.start_own(self.at, len);
                            self.need = 0;
                            self.stage = Stage::Own { left, len };
                        }
                        None => {
                            self.need = end + 2;
                            return Ok(Step::Incomplete);
                        }
                    }
                }
                Stage::Own { left, len } => match self.input.take_own() {
                    None => return Ok(Step::Incomplete),
                    Some(Err(before_end)) => {
                        return Err(RequestError {
                            kind: Kind::ExpectedCrlf,
                            offset: self.input.offset(self.at) - before_end as u64,
                        });
                    }
                    Some(Ok(bulk)) => {
                        debug_assert_eq!(bulk.len(), len);
                        self.args.push(Arg::own(self.own.len()));
                        self.own.push(bulk);
                        if left == 0 {
                            return Ok(Step::Complete);
                        }
                        self.stage = Stage::Header { left };
                    }
                },
            }
        }
    }

    /// The number of arguments and where its line ends. None and less are 0.
    fn count(&mut self) -> Result<Option<(usize, usize)>, RequestError> {
        let Some((line, next)) = self.line(Kind::CountTooLong)? else { return Ok(None) };
        let declared = number::integer(&self.input.data()[1..line]);
        let Some(declared) = declared.filter(|_| next == line + 2) else {
            return self.fail(Kind::InvalidCount, 0);
        };
        let count = u64::try_from(declared).unwrap_or(0);
        if count > self.limits.multibulk_count_max as u64 {
            return self.fail(Kind::InvalidCount, 0);
        }
        if count > UNAUTHENTICATED_COUNT_MAX && !self.limits.authenticated {
            return self.fail(Kind::UnauthenticatedCount, 0);
        }
        Ok(Some((count as usize, next)))
    }

    /// The length of the next argument and where its line ends.
    fn length(&mut self) -> Result<Option<(usize, usize)>, RequestError> {
        let Some((line, next)) = self.line(Kind::LengthTooLong)? else { return Ok(None) };
        let data = self.input.data();
        let found = data[self.at];
        if found != b'$' {
            return self.fail(Kind::ExpectedBulk { found }, self.at);
        }
        let declared = number::integer(&data[self.at + 1..line]);
        let declared = declared.and_then(|declared| u64::try_from(declared).ok());
        let Some(declared) = declared.filter(|_| next == line + 2) else {
            return self.fail(Kind::InvalidLength, self.at);
        };
        if declared > self.limits.bulk_bytes_max.min(isize::MAX as u64 / 2) {
            return self.fail(Kind::InvalidLength, self.at);
        }
        if declared > UNAUTHENTICATED_BULK_BYTES_MAX && !self.limits.authenticated {
            return self.fail(Kind::UnauthenticatedLength, self.at);
        }
        Ok(Some((declared as usize, next)))
    }

    /// Where the CR of the line at `at` is, and where the next line starts: two bytes on if the CR
    /// is followed by LF, else one.
    fn line(&mut self, too_long: Kind) -> Result<Option<(usize, usize)>, RequestError> {
        let Some(len) = self.search(b'\r', too_long)? else { return Ok(None) };
        let cr = self.at + len;
        match self.input.data().get(cr + 1) {
            None => {
                self.searched = len;
                self.need = cr + 2;
                Ok(None)
            }
            Some(b'\n') => Ok(Some((cr, cr + 2))),
            Some(_) => Ok(Some((cr, cr + 1))),
        }
    }

    /// How far after `at` the line's `end` is.
    fn search(&mut self, end: u8, too_long: Kind) -> Result<Option<usize>, RequestError> {
        let rest = &self.input.data()[self.at..];
        let max = self.limits.inline_bytes_max.saturating_add(1);
        let window = &rest[..rest.len().min(max)];
        match memchr::memchr(end, window.get(self.searched..).unwrap_or_default()) {
            Some(found) => Ok(Some(self.searched + found)),
            None if window.len() == max => self.fail(too_long, self.at),
            None => {
                self.searched = window.len();
                self.need = self.at + rest.len() + 1;
                Ok(None)
            }
        }
    }

    /// Splits an inline command. Returns `false` if its line is not complete yet.
    fn inline(&mut self) -> Result<bool, RequestError> {
        let Some(len) = self.search(b'\n', Kind::InlineTooBig)? else { return Ok(false) };
        let line = &self.input.data()[..len];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let split = inline::split(line, |word| match word {
            Word::Plain(range) => self.args.push(Arg::in_frame(range.start, range.end)),
            Word::Unquoted(text) => {
                self.args.push(Arg::own(self.own.len()));
                self.own.push(text);
            }
        });
        if split.is_err() {
            return self.fail(Kind::UnbalancedQuotes, 0);
        }
        self.searched = 0;
        self.at = len + 1;
        Ok(true)
    }

    #[cold]
    fn fail<T>(&self, kind: Kind, at: usize) -> Result<T, RequestError> {
        Err(RequestError { kind, offset: self.input.offset(at) })
    }
}
