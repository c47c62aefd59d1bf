//! Reading a string that arrives in pieces.

use bytes::Bytes;

use super::{INT_8, INT_16, INT_32, LZF};
use crate::{
    DecodeError, DecodeLimits, Event,
    input::Input,
    length::{Prefix, PrefixReader},
    lzf::{self, Decompressor, LzfError},
    value::Decimal,
};

/// Reads one string: [`Event::StringStart`], chunks, [`Event::StringEnd`].
#[derive(Debug)]
pub(crate) struct StringDecoder {
    string_bytes_max: u64,
    prefix: PrefixReader,
    state: State,
}

#[derive(Debug)]
enum State {
    Prefix,
    Int {
        bytes: [u8; 4],
        filled: usize,
        width: usize,
    },
    IntText(Bytes),
    LzfCompressedLen,
    LzfPlainLen {
        compressed: u64,
    },
    Raw {
        left: u64,
    },
    Lzf {
        offset: u64,
        left: u64,
        decompressor: Box<Decompressor>,
    },
    /// The end is still to be told, or has been.
    End,
}

impl StringDecoder {
    pub(crate) fn new(limits: &DecodeLimits) -> Self {
        Self {
            string_bytes_max: limits.string_bytes_max,
            prefix: PrefixReader::default(),
            state: State::Prefix,
        }
    }

    /// The next event, or `None` if more input is needed. Not to be called again after
    /// [`Event::StringEnd`].
    pub(crate) fn poll(&mut self, input: &mut Input) -> Result<Option<Event>, DecodeError> {
        loop {
            match &mut self.state {
                State::Prefix => {
                    let offset = input.offset();
                    match self.prefix.poll(input)? {
                        None => return Ok(None),
                        Some(Prefix::Length(len)) => return self.begin_raw(len, input).map(Some),
                        Some(Prefix::Special(encoding)) => {
                            self.state = match encoding {
                                INT_8 => State::Int { bytes: [0; 4], filled: 0, width: 1 },
                                INT_16 => State::Int { bytes: [0; 4], filled: 0, width: 2 },
                                INT_32 => State::Int { bytes: [0; 4], filled: 0, width: 4 },
                                LZF => State::LzfCompressedLen,
                                _ => {
                                    return Err(DecodeError::UnknownStringEncoding {
                                        offset,
                                        encoding,
                                    });
                                }
                            };
                        }
                    }
                }
                State::Int { bytes, filled, width } => {
                    let Some(byte) = input.next_byte()? else { return Ok(None) };
                    bytes[*filled] = byte;
                    *filled += 1;
                    if filled == width {
                        let [b0, b1, ..] = *bytes;
                        let number = match width {
                            1 => i8::from_le_bytes([b0]).into(),
                            2 => i16::from_le_bytes([b0, b1]).into(),
                            _ => i32::from_le_bytes(*bytes),
                        };
                        let text = Bytes::copy_from_slice(Decimal::new(number.into()).as_bytes());
                        let len = text.len() as u64;
                        self.state = State::IntText(text);
                        return Ok(Some(Event::StringStart { len }));
                    }
                }
                State::IntText(text) => {
                    let text = std::mem::take(text);
                    self.state = State::End;
                    return Ok(Some(Event::StringChunk(text)));
                }
                State::LzfCompressedLen => {
                    let Some(compressed) = self.poll_len(input)? else { return Ok(None) };
                    self.state = State::LzfPlainLen { compressed };
                }
                State::LzfPlainLen { compressed } => {
                    let compressed = *compressed;
                    let Some(plain) = self.poll_len(input)? else { return Ok(None) };
                    return self.begin_lzf(compressed, plain, input).map(Some);
                }
                State::Raw { left: 0 } => self.state = State::End,
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
                    if *left > 0 {
                        return Ok(None);
                    }
                    decompressor.finish().map_err(failed)?;
                    self.state = State::End;
                }
                State::End => return Ok(Some(Event::StringEnd)),
            }
        }
    }

    /// Reads what must be a length.
    fn poll_len(&mut self, input: &mut Input) -> Result<Option<u64>, DecodeError> {
        let offset = input.offset();
        match self.prefix.poll(input)? {
            None => Ok(None),
            Some(Prefix::Length(len)) => Ok(Some(len)),
            Some(Prefix::Special(_)) => Err(DecodeError::NotALength { offset }),
        }
    }

    fn begin_raw(&mut self, len: u64, input: &Input) -> Result<Event, DecodeError> {
        self.check_len(len, input)?;
        input.require(len)?;
        self.state = State::Raw { left: len };
        Ok(Event::StringStart { len })
    }

    fn begin_lzf(
        &mut self,
        compressed: u64,
        plain: u64,
        input: &Input,
    ) -> Result<Event, DecodeError> {
        let offset = input.offset();
        self.check_len(plain, input)?;
        input.require(compressed)?;
        if !lzf::is_plausible(compressed, plain) {
            let cause = LzfError::Implausible { compressed, plain };
            return Err(DecodeError::Lzf { offset, cause });
        }
        let decompressor = Box::new(Decompressor::new(plain));
        self.state = State::Lzf { offset, left: compressed, decompressor };
        Ok(Event::StringStart { len: plain })
    }

    fn check_len(&self, declared: u64, input: &Input) -> Result<(), DecodeError> {
        let limit = self.string_bytes_max;
        if declared > limit {
            return Err(DecodeError::StringTooLong { offset: input.offset(), declared, limit });
        }
        Ok(())
    }
}
