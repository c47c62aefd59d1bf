//! Values and the bodies of strings.

use super::{ReplyDecoder, STREAMED, Stage, Step, window};
use crate::{
    ReplyError, ReplyErrorKind as Kind,
    header::{self, Short},
    input::OWN_BYTES_MIN,
    number,
    tape::{AggregateKind, Node, Span, StringKind},
};

impl ReplyDecoder {
    #[inline]
    pub(super) fn value(&mut self) -> Result<Step, ReplyError> {
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
        let Some(line) = self.line(is_type)? else { return self.incomplete() };
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
        if len >= self.streamed_bytes_min && kind == StringKind::Bulk && self.levels.is_empty() {
            self.at += line;
            return Ok(self.start_stream(len));
        }
        self.check_bulk_bytes(len)?;
        if kind == StringKind::Verbatim && len < 4 {
            return self.fail(Kind::MalformedValue, self.at);
        }
        self.at += line;
        self.body(kind, len as usize)
    }

    #[inline]
    pub(super) fn body(&mut self, kind: StringKind, len: usize) -> Result<Step, ReplyError> {
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

    pub(super) fn own(&mut self, kind: StringKind) -> Result<Step, ReplyError> {
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

    pub(super) fn piece(&mut self) -> Result<Step, ReplyError> {
        let Some(line) = self.line(|kind| kind == b';')? else { return self.incomplete() };
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

    pub(super) fn piece_body(&mut self, len: usize) -> Result<Step, ReplyError> {
        let end = self.at + len;
        let window = self.window();
        let Some(terminator) = window.get(end..end + 2) else { return self.incomplete() };
        self.check_terminator([terminator[0], terminator[1]], end)?;
        self.streamed.extend_from_slice(&self.input.data()[self.at..end]);
        self.at = end + 2;
        self.stage = Stage::Piece;
        Ok(Step::Continue)
    }
}

/// Whether a value, or the end of a streamed aggregate, starts with this byte: one of
/// `! # $ % ( * + , - . : = > _ | ~`.
#[inline]
fn is_type(byte: u8) -> bool {
    let is_sign = matches!(byte, b'!' | b'#'..=b'%' | b'(' | b'*'..=b'.' | b':');
    is_sign || matches!(byte, b'=' | b'>' | b'_' | b'|' | b'~')
}
