//! What is known of a request that is coming, and how it gets on.

use super::Progress;
use crate::{
    RequestError, RequestErrorKind as Kind, RequestLimits,
    header::{self, Short},
    inline::{self, Word},
    input::{BULK_BYTES_CEILING, Input, OWN_BYTES_MIN},
    limits::{UNAUTHENTICATED_BULK_BYTES_MAX, UNAUTHENTICATED_COUNT_MAX},
    number,
    request::{Arg, Arguments},
};

pub(super) struct Parser {
    pub(super) limits: RequestLimits,
    pub(super) input: Input,
    pub(super) stage: Stage,
    /// Up to where the request so far is decoded.
    pub(super) at: usize,
    /// How many bytes after `at` are known not to end the line there.
    searched: usize,
    /// How long the input must be for another step.
    need: usize,
}

/// What `at` is before. `left` counts the arguments to come.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    /// A request.
    Start,
    /// The header of an argument.
    Header { left: usize },
    /// An argument of `len` bytes, which the caller may still ask to stream.
    Offered { left: usize, len: usize },
    /// An argument of `len` bytes.
    Body { left: usize, len: usize },
    /// What follows an argument that goes to a buffer of its own.
    Own { left: usize },
    /// `taken` bytes of a streamed argument, which the caller has had, and `rest` more.
    Stream { left: usize, taken: usize, rest: u64 },
    /// The CR LF of a streamed argument.
    StreamEnd { left: usize },
}

impl Parser {
    pub(super) fn new(limits: RequestLimits) -> Self {
        Self { limits, input: Input::new(), stage: Stage::Start, at: 0, searched: 0, need: 0 }
    }

    /// Whether a step may get on.
    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        self.input.len() >= self.need
    }

    /// Goes on from the end of a request that is complete.
    pub(super) fn start_next(&mut self) {
        (self.stage, self.at, self.need) = (Stage::Start, 0, 0);
    }

    /// Takes a request as nearly all are: complete, with a short header, and all arguments with
    /// one. Any other is taken as far as that goes, and the rest left to [`step`](Self::step).
    #[inline]
    pub(super) fn short_request(&mut self, arguments: &mut Arguments, offer_min: u64) -> bool {
        match header::short(self.input.data()) {
            Some(Short { kind: b'*', number: count, line }) if count > 0 && self.admits(count) => {
                (self.at, self.searched) = (line, 0);
                let left = self.short_arguments(arguments, count, offer_min);
                self.stage = Stage::Header { left };
                left == 0
            }
            _ => false,
        }
    }

    /// Takes the arguments at `at` that are complete and have a short header, as nearly all have.
    /// Returns how many are left.
    #[inline(always)]
    fn short_arguments(
        &mut self,
        arguments: &mut Arguments,
        mut left: usize,
        offer_min: u64,
    ) -> usize {
        let mut rest = &self.input.data()[self.at..];
        let mut at = self.at;
        let len_end = offer_min.min(self.limits.bulk_bytes_max.saturating_add(1));
        while left > 0
            && let Some(Short { kind: b'$', number: len, line }) = header::short(rest)
            && (len as u64) < len_end
            && let Some((argument, after)) = rest.split_at_checked(line + len + 2)
            && argument.ends_with(b"\r\n")
        {
            arguments.push(Arg::in_frame(at + line, at + line + len));
            at += argument.len();
            left -= 1;
            rest = after;
        }
        if at > self.at {
            self.searched = 0;
        }
        self.at = at;
        left
    }

    /// Gets as far as the input allows, and adds what it finds to `arguments`.
    pub(super) fn step(
        &mut self,
        arguments: &mut Arguments,
        offer_min: u64,
    ) -> Result<Progress, RequestError> {
        loop {
            match self.stage {
                Stage::Start => match self.input.data().first() {
                    Some(b'*') => {
                        let Some((count, line)) = self.count()? else {
                            return Ok(Progress::Incomplete);
                        };
                        if count == 0 {
                            self.input.skip(line);
                            continue;
                        }
                        self.at = line;
                        self.stage = Stage::Header { left: count };
                    }
                    Some(_) => {
                        let Some(line) = self.inline(arguments)? else {
                            return Ok(Progress::Incomplete);
                        };
                        if arguments.is_empty() {
                            self.input.skip(line);
                            continue;
                        }
                        self.at = line;
                        return Ok(Progress::Complete);
                    }
                    None => return Ok(self.wait_for(1)),
                },
                Stage::Header { left } => {
                    let left = self.short_arguments(arguments, left, offer_min);
                    self.stage = Stage::Header { left };
                    if left == 0 {
                        return Ok(Progress::Complete);
                    }
                    let Some((len, line)) = self.length()? else {
                        return Ok(Progress::Incomplete);
                    };
                    self.at += line;
                    let left = left - 1;
                    if len as u64 >= offer_min {
                        self.need = 0;
                        self.stage = Stage::Offered { left, len };
                        return Ok(Progress::Offer);
                    }
                    self.stage = Stage::Body { left, len };
                }
                Stage::Offered { left, len } => self.stage = Stage::Body { left, len },
                Stage::Body { left, len } => {
                    let end = self.at + len;
                    match self.input.data().get(end..end + 2) {
                        Some(terminator) => {
                            self.check_terminator([terminator[0], terminator[1]], end)?;
                            arguments.push(Arg::in_frame(self.at, end));
                            self.at = end + 2;
                            self.stage = Stage::Header { left };
                        }
                        None if len >= OWN_BYTES_MIN && self.input.len() <= end => {
                            self.input.start_own(self.at, len);
                            self.need = 0;
                            self.stage = Stage::Own { left };
                        }
                        None => return Ok(self.wait_for(end + 2)),
                    }
                }
                Stage::Own { left } => {
                    let Some((bulk, terminator)) = self.input.take_own() else {
                        return Ok(Progress::Incomplete);
                    };
                    self.input.pass(bulk.len());
                    self.check_terminator(terminator, self.at)?;
                    self.input.pass(2);
                    arguments.push_own(bulk);
                    self.stage = Stage::Header { left };
                }
                Stage::Stream { .. } => {
                    while self.chunk().is_some() {}
                    if let Stage::Stream { .. } = self.stage {
                        return Ok(self.wait_for(0));
                    }
                }
                Stage::StreamEnd { left } => match self.input.data().get(self.at..self.at + 2) {
                    Some(terminator) => {
                        self.check_terminator([terminator[0], terminator[1]], self.at)?;
                        arguments.push(Arg::in_frame(self.at, self.at));
                        self.at += 2;
                        self.stage = Stage::Header { left };
                    }
                    None => return Ok(self.wait_for(self.at + 2)),
                },
            }
        }
    }

    /// The number of arguments, 0 for none and less, and the length of its line.
    fn count(&mut self) -> Result<Option<(usize, usize)>, RequestError> {
        let Some((text, line)) = self.line(Kind::CountTooLong)? else { return Ok(None) };
        let declared = match number::integer(&self.input.data()[1..text]) {
            Some(declared) if line == text + 2 => declared,
            _ => return self.fail(Kind::InvalidCount, 0),
        };
        let count = u64::try_from(declared).unwrap_or(0);
        match usize::try_from(count) {
            Ok(count) if self.admits(count) => Ok(Some((count, line))),
            Ok(count) if count <= self.limits.multibulk_count_max => {
                self.fail(Kind::UnauthenticatedCount, 0)
            }
            _ => self.fail(Kind::InvalidCount, 0),
        }
    }

    /// Whether a request may have so many arguments.
    #[inline]
    fn admits(&self, count: usize) -> bool {
        count <= self.limits.multibulk_count_max
            && (self.limits.authenticated || count <= UNAUTHENTICATED_COUNT_MAX)
    }

    /// The length of the argument at `at` and that of its line.
    fn length(&mut self) -> Result<Option<(usize, usize)>, RequestError> {
        let Some((text, line)) = self.line(Kind::LengthTooLong)? else { return Ok(None) };
        let text = &self.input.data()[self.at..self.at + text];
        let Some(digits) = text.strip_prefix(b"$") else {
            // An empty line's first byte is its CR.
            let found = text.first().copied().unwrap_or(b'\r');
            return self.fail(Kind::ExpectedBulk { found }, self.at);
        };
        let declared = number::integer(digits).and_then(|declared| u64::try_from(declared).ok());
        let max = self.limits.bulk_bytes_max.min(BULK_BYTES_CEILING);
        let declared = match declared {
            Some(declared) if declared <= max && line == text.len() + 2 => declared,
            _ => return self.fail(Kind::InvalidLength, self.at),
        };
        if declared > UNAUTHENTICATED_BULK_BYTES_MAX && !self.limits.authenticated {
            return self.fail(Kind::UnauthenticatedLength, self.at);
        }
        Ok(Some((declared as usize, line)))
    }

    /// How many bytes at `at` stand before the CR and how long the line is with its end, which is
    /// one byte if no LF follows.
    fn line(&mut self, too_long: Kind) -> Result<Option<(usize, usize)>, RequestError> {
        let Some(text) = self.search(b'\r', 2, too_long)? else { return Ok(None) };
        match self.input.data().get(self.at + text + 1) {
            Some(lf) => {
                self.searched = 0;
                Ok(Some((text, text + 1 + usize::from(*lf == b'\n'))))
            }
            None => {
                self.searched = text;
                self.need = self.at + text + 2;
                Ok(None)
            }
        }
    }

    /// How many bytes at `at` stand before the first `end`, with which the last `end_bytes` of the
    /// line start.
    fn search(
        &mut self,
        end: u8,
        end_bytes: usize,
        too_long: Kind,
    ) -> Result<Option<usize>, RequestError> {
        let line = &self.input.data()[self.at..];
        let max = self.limits.inline_bytes_max.saturating_add(1);
        let line = &line[..line.len().min(max)];
        match memchr::memchr(end, line.get(self.searched..).unwrap_or_default()) {
            Some(found) => Ok(Some(self.searched + found)),
            None if line.len() == max => self.fail(too_long, self.at),
            None => {
                self.searched = line.len();
                self.need = self.at + max.min(line.len() + end_bytes);
                Ok(None)
            }
        }
    }

    /// Splits an inline command, and returns the length of its line.
    fn inline(&mut self, arguments: &mut Arguments) -> Result<Option<usize>, RequestError> {
        let Some(len) = self.search(b'\n', 1, Kind::InlineTooBig)? else { return Ok(None) };
        self.searched = 0;
        let line = &self.input.data()[..len];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let split = inline::split(line, |word| match word {
            Word::Plain(range) => arguments.push(Arg::in_frame(range.start, range.end)),
            Word::Unquoted(text) => arguments.push_own(text),
        });
        match split {
            Ok(()) => Ok(Some(len + 1)),
            Err(inline::Unbalanced) => self.fail(Kind::UnbalancedQuotes, 0),
        }
    }

    fn check_terminator(&self, found: [u8; 2], at: usize) -> Result<(), RequestError> {
        match found {
            [b'\r', b'\n'] => Ok(()),
            [b'\r', _] => self.fail(Kind::ExpectedCrlf, at + 1),
            _ => self.fail(Kind::ExpectedCrlf, at),
        }
    }

    pub(super) fn wait_for(&mut self, len: usize) -> Progress {
        self.need = len;
        Progress::Incomplete
    }

    #[cold]
    fn fail<T>(&self, kind: Kind, at: usize) -> Result<T, RequestError> {
        Err(RequestError { kind, offset: self.input.offset(at) })
    }
}
