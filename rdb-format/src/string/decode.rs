//! Reading strings that arrive in pieces.

use bytes::Bytes;

use super::{INT_8, INT_16, INT_32, LZF, StringAssembler};
use crate::{
    DecodeError, DecodeLimits, Event,
    input::Input,
    length::{Prefix, SPECIAL},
    lzf::{self, Decompressor, LzfError},
    value::Decimal,
};

/// Strings up to this many plain bytes come as one [`Event::String`].
pub const STRING_BYTES_WHOLE: u64 = 64 << 10;

/// No LZF stream is longer than twice its plain bytes: the shortest run has 2 bytes for 1.
const STREAM_BYTES_WHOLE: u64 = 2 * STRING_BYTES_WHOLE;

/// Reads one string after the other: each [`Event::String`], or if it is long
/// [`Event::StringStart`], chunks, [`Event::StringEnd`].
#[derive(Debug)]
pub(crate) struct StringDecoder {
    limit: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Prefix,
    Int { width: u8 },
    Whole { len: usize },
    LzfCompressedLen,
    LzfPlainLen { compressed: u64 },
    LzfWhole { compressed: usize, plain: u64 },
    Raw { left: u64 },
    Lzf { offset: u64, left: u64, decompressor: Box<Decompressor> },
}

impl StringDecoder {
    pub(crate) fn new(limits: &DecodeLimits) -> Self {
        Self { limit: limits.string_bytes_max, state: State::Prefix }
    }

    /// The next event, or `None` if more input is needed.
    #[inline]
    pub(crate) fn poll(&mut self, input: &mut Input) -> Result<Option<Event>, DecodeError> {
        match self.short_string(input) {
            Some(text) => Ok(Some(Event::String(text))),
            None => self.resume(input),
        }
    }

    /// The next string, if it is short and lies in one piece, as nearly all do.
    #[inline]
    pub(crate) fn short_string(&mut self, input: &mut Input) -> Option<Bytes> {
        match self.state {
            State::Prefix => input.short_string(self.limit).or_else(|| self.short_lzf(input)),
            _ => None,
        }
    }

    /// The next string, if it is a short compressed one. What is wrong with it is left to be found
    /// step by step.
    fn short_lzf(&self, input: &mut Input) -> Option<Bytes> {
        let (stream, plain, len) = input.peek_short_lzf()?;
        let text =
            if plain <= self.limit { lzf::decompress(stream, plain).ok()? } else { return None };
        input.advance(len);
        Some(text)
    }

    fn resume(&mut self, input: &mut Input) -> Result<Option<Event>, DecodeError> {
        loop {
            match &mut self.state {
                State::Prefix => {
                    let offset = input.offset();
                    self.state = match input.prefix()? {
                        None => return Ok(None),
                        Some(Prefix::Length(len)) => {
                            self.check(len, len, input)?;
                            if len > STRING_BYTES_WHOLE {
                                self.state = State::Raw { left: len };
                                return Ok(Some(Event::StringStart { len }));
                            }
                            State::Whole { len: len as usize }
                        }
                        Some(Prefix::Special(INT_8)) => State::Int { width: 1 },
                        Some(Prefix::Special(INT_16)) => State::Int { width: 2 },
                        Some(Prefix::Special(INT_32)) => State::Int { width: 4 },
                        Some(Prefix::Special(LZF)) => State::LzfCompressedLen,
                        Some(Prefix::Special(encoding)) => {
                            return Err(DecodeError::UnknownStringEncoding { offset, encoding });
                        }
                    };
                }
                State::Int { width } => {
                    let number = match width {
                        1 => input.array()?.map(|bytes| i8::from_le_bytes(bytes).into()),
                        2 => input.array()?.map(|bytes| i16::from_le_bytes(bytes).into()),
                        _ => input.array()?.map(|bytes| i32::from_le_bytes(bytes).into()),
                    };
                    let Some(number) = number else { return Ok(None) };
                    self.state = State::Prefix;
                    let text = Bytes::copy_from_slice(Decimal::new(number).as_bytes());
                    return Ok(Some(Event::String(text)));
                }
                State::Whole { len } => {
                    let Some(text) = input.bytes(*len)? else { return Ok(None) };
                    self.state = State::Prefix;
                    return Ok(Some(Event::String(text)));
                }
                State::LzfCompressedLen => {
                    let Some(compressed) = input.length()? else { return Ok(None) };
                    self.state = State::LzfPlainLen { compressed };
                }
                State::LzfPlainLen { compressed } => {
                    let compressed = *compressed;
                    let Some(plain) = input.length()? else { return Ok(None) };
                    self.check(plain, compressed, input)?;
                    let offset = input.offset();
                    if !lzf::is_plausible(compressed, plain) {
                        let cause = LzfError::Implausible { compressed, plain };
                        return Err(DecodeError::Lzf { offset, cause });
                    }
                    if plain > STRING_BYTES_WHOLE || compressed > STREAM_BYTES_WHOLE {
                        let decompressor = Box::new(Decompressor::new(plain));
                        self.state = State::Lzf { offset, left: compressed, decompressor };
                        return Ok(Some(Event::StringStart { len: plain }));
                    }
                    self.state = State::LzfWhole { compressed: compressed as usize, plain };
                }
                State::LzfWhole { compressed, plain } => {
                    let offset = input.offset();
                    let Some(stream) = input.bytes(*compressed)? else { return Ok(None) };
                    let text = lzf::decompress(&stream, *plain)
                        .map_err(|cause| DecodeError::Lzf { offset, cause })?;
                    self.state = State::Prefix;
                    return Ok(Some(Event::String(text)));
                }
                State::Raw { left: 0 } => {
                    self.state = State::Prefix;
                    return Ok(Some(Event::StringEnd));
                }
                State::Raw { left } => {
                    let Some(chunk) = input.take(*left) else { return Ok(None) };
                    *left -= chunk.len() as u64;
                    return Ok(Some(Event::StringChunk(chunk)));
                }
                State::Lzf { offset, left, decompressor } => {
                    let failed = |cause| DecodeError::Lzf { offset: *offset, cause };
                    let arrived = input.peek();
                    let piece = &arrived[..(*left).min(arrived.len() as u64) as usize];
                    let mut unread = piece;
                    let chunk = decompressor.next_chunk(&mut unread).map_err(failed)?;
                    let read = piece.len() - unread.len();
                    *left -= read as u64;
                    input.advance(read);
                    if let Some(chunk) = chunk {
                        return Ok(Some(Event::StringChunk(chunk)));
                    }
                    if *left > 0 && read == 0 {
                        return Ok(None);
                    }
                    if *left == 0 {
                        decompressor.finish().map_err(failed)?;
                        self.state = State::Prefix;
                        return Ok(Some(Event::StringEnd));
                    }
                }
            }
        }
    }

    /// Checks the claim of a string of `plain` bytes, for which `stored` are to come.
    fn check(&self, plain: u64, stored: u64, input: &Input) -> Result<(), DecodeError> {
        let limit = self.limit;
        if plain > limit {
            let offset = input.offset();
            return Err(DecodeError::StringTooLong { offset, declared: plain, limit });
        }
        input.require(stored)
    }
}

/// The number that `bytes` are, all of them, if that is what they are.
pub(crate) fn decode_int(bytes: &[u8]) -> Option<i32> {
    split_int(bytes).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

/// The number that `bytes` begin with, if they do, and what follows it.
pub(crate) fn split_int(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (&prefix, rest) = bytes.split_first()?;
    match prefix.checked_sub(SPECIAL)? {
        INT_8 => rest.split_first_chunk().map(|(&it, rest)| (i8::from_le_bytes(it).into(), rest)),
        INT_16 => rest.split_first_chunk().map(|(&it, rest)| (i16::from_le_bytes(it).into(), rest)),
        INT_32 => rest.split_first_chunk().map(|(&it, rest)| (i32::from_le_bytes(it), rest)),
        _ => None,
    }
}

/// Reads strings of any length as a whole: packed blobs, and names.
#[derive(Debug)]
pub(crate) struct BlobDecoder {
    string: StringDecoder,
    /// A long one.
    assembler: Option<StringAssembler>,
}

impl BlobDecoder {
    pub(crate) fn new(limits: &DecodeLimits) -> Self {
        Self { string: StringDecoder::new(limits), assembler: None }
    }

    /// The next string, or `None` if more input is needed.
    #[inline]
    pub(crate) fn poll(&mut self, input: &mut Input) -> Result<Option<Bytes>, DecodeError> {
        while let Some(event) = self.string.poll(input)? {
            match (event, &mut self.assembler) {
                (Event::String(text), _) => return Ok(Some(text)),
                (Event::StringStart { len }, assembler) => {
                    *assembler = Some(StringAssembler::new(len));
                }
                (Event::StringChunk(chunk), Some(assembler)) => assembler.push(&chunk),
                (_, assembler) => return Ok(assembler.take().map(StringAssembler::finish)),
            }
        }
        Ok(None)
    }
}
