//! The decompressor: input in any split, output in chunks of bounded size.

use bytes::Bytes;

use super::{WINDOW_BYTES, is_plausible};

/// Why bytes are not an LZF stream of the stated plain length.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LzfError {
    /// The stream is too short to become as long as stated, whatever its bytes are.
    #[error("{compressed} bytes cannot become {plain}")]
    Implausible {
        /// Length of the stream in bytes.
        compressed: u64,
        /// Stated plain length in bytes.
        plain: u64,
    },
    /// A copy starts before the first byte of the output.
    #[error("distance {distance} at plain offset {plain_offset}")]
    Distance {
        /// How far back the copy starts.
        distance: u16,
        /// How much output there was.
        plain_offset: u64,
    },
    /// The stream ends inside a run.
    #[error("stream ends inside a run at plain offset {plain_offset}")]
    Truncated {
        /// How much output there was.
        plain_offset: u64,
    },
    /// The output is longer than stated.
    #[error("output is longer than the stated {plain} bytes")]
    TooLong {
        /// Stated plain length in bytes.
        plain: u64,
    },
    /// The output is shorter than stated.
    #[error("output ends after {plain_offset} of {plain} bytes")]
    TooShort {
        /// How much output there was.
        plain_offset: u64,
        /// Stated plain length in bytes.
        plain: u64,
    },
}

/// The plain bytes of the LZF stream `input`, of which there must be exactly `plain_len`.
///
/// Room for them is made at once, after the check that `input` can be so many: at most 88 times as
/// many as it has itself.
///
/// # Errors
///
/// See [`LzfError`].
pub fn decompress(input: &[u8], plain_len: u64) -> Result<Bytes, LzfError> {
    let implausible = LzfError::Implausible { compressed: input.len() as u64, plain: plain_len };
    if !is_plausible(input.len() as u64, plain_len) {
        return Err(implausible);
    }
    let chunk_bytes = usize::try_from(plain_len).map_err(|_| implausible)?;
    let mut decompressor = Decompressor::with_chunks_of(plain_len, chunk_bytes);
    let mut rest = input;
    let mut plain = Bytes::new();
    while let Some(chunk) = decompressor.next_chunk(&mut rest)? {
        plain = chunk;
    }
    decompressor.finish()?;
    Ok(plain)
}

/// The size of all chunks but the last.
pub const CHUNK_BYTES: usize = 32 << 10;

const _: () = assert!(CHUNK_BYTES >= WINDOW_BYTES, "one earlier chunk holds the whole window");

/// Decompresses a stream that arrives in pieces, in memory of at most two
/// [chunks](CHUNK_BYTES) whatever its length.
///
/// Call [`next_chunk`](Self::next_chunk) with each piece until it returns `None`, then
/// [`finish`](Self::finish) after the last one.
#[derive(Debug)]
pub struct Decompressor {
    plain_len: u64,
    /// Output so far, with `chunk`; at most `plain_len`.
    produced: u64,
    chunk_bytes: usize,
    /// The chunk that grows: at most `chunk_bytes`.
    chunk: Vec<u8>,
    /// The last full chunk: copies reach back into it.
    previous: Bytes,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Control,
    Literals { left: usize },
    LongLen { high: u8 },
    Distance { len: usize, high: u8 },
    Copy { left: usize, distance: usize },
}

impl Decompressor {
    /// A decompressor of a stream that becomes exactly `plain_len` bytes.
    pub fn new(plain_len: u64) -> Self {
        Self::with_chunks_of(plain_len, CHUNK_BYTES)
    }

    /// `chunk_bytes` is at least the window, or all of `plain_len`.
    fn with_chunks_of(plain_len: u64, chunk_bytes: usize) -> Self {
        Self {
            plain_len,
            produced: 0,
            chunk_bytes,
            chunk: Vec::new(),
            previous: Bytes::new(),
            state: State::Control,
        }
    }

    /// Reads from the front of `input`, up to the next full chunk, the end of the output or the
    /// end of `input`, in which case it returns `None`.
    ///
    /// # Errors
    ///
    /// Any [`LzfError`] but those of [`finish`](Self::finish). The decompressor is of no use after
    /// one.
    pub fn next_chunk(&mut self, input: &mut &[u8]) -> Result<Option<Bytes>, LzfError> {
        loop {
            match self.state {
                State::Copy { left, distance } => {
                    let copied = self.copy(left.min(self.room()), distance);
                    self.state = match left - copied {
                        0 => State::Control,
                        left => State::Copy { left, distance },
                    };
                }
                State::Literals { left } => {
                    let len = left.min(self.room()).min(input.len());
                    let literals = input.split_off(..len).unwrap_or_default();
                    self.chunk.extend_from_slice(literals);
                    self.produced += len as u64;
                    self.state = match left - len {
                        0 => State::Control,
                        left => State::Literals { left },
                    };
                }
                State::Control => match input.split_off_first() {
                    None => return Ok(None),
                    Some(&control) if control < 1 << 5 => {
                        let left = usize::from(control) + 1;
                        self.begin_run(left)?;
                        self.state = State::Literals { left };
                    }
                    Some(&control) => {
                        let high = control & 0x1F;
                        self.state = match control >> 5 {
                            7 => State::LongLen { high },
                            short => State::Distance { len: usize::from(short) + 2, high },
                        };
                    }
                },
                State::LongLen { high } => match input.split_off_first() {
                    None => return Ok(None),
                    Some(&more) => {
                        self.state = State::Distance { len: usize::from(more) + 9, high };
                    }
                },
                State::Distance { len, high } => match input.split_off_first() {
                    None => return Ok(None),
                    Some(&low) => {
                        let distance = u16::from_be_bytes([high, low]) + 1;
                        if u64::from(distance) > self.produced {
                            let plain_offset = self.produced;
                            return Err(LzfError::Distance { distance, plain_offset });
                        }
                        self.begin_run(len)?;
                        self.state = State::Copy { left: len, distance: distance.into() };
                    }
                },
            }
            if let Some(chunk) = self.full_chunk() {
                return Ok(Some(chunk));
            }
            if input.is_empty() && !matches!(self.state, State::Copy { .. }) {
                return Ok(None);
            }
        }
    }

    /// Checks that the stream could end here.
    ///
    /// # Errors
    ///
    /// [`LzfError::Truncated`] inside a run, [`LzfError::TooShort`] before the stated length.
    pub fn finish(&self) -> Result<(), LzfError> {
        let Self { plain_len: plain, produced: plain_offset, state, .. } = *self;
        if state != State::Control {
            return Err(LzfError::Truncated { plain_offset });
        }
        if plain_offset < plain {
            return Err(LzfError::TooShort { plain_offset, plain });
        }
        Ok(())
    }

    /// Checks that a run of `len` bytes stays within the stated length, and makes room for the
    /// chunk it may begin.
    fn begin_run(&mut self, len: usize) -> Result<(), LzfError> {
        let left = self.plain_len - self.produced;
        if len as u64 > left {
            return Err(LzfError::TooLong { plain: self.plain_len });
        }
        if self.chunk.is_empty() {
            self.chunk.reserve_exact(left.min(self.chunk_bytes as u64) as usize);
        }
        Ok(())
    }

    /// What the chunk can still take.
    fn room(&self) -> usize {
        self.chunk_bytes - self.chunk.len()
    }

    /// Appends `len` bytes, or as many of them as lie in the same chunk, from `distance` back.
    fn copy(&mut self, len: usize, distance: usize) -> usize {
        let copied = match distance.checked_sub(self.chunk.len()) {
            None | Some(0) => {
                let from = self.chunk.len() - distance;
                let mut left = len;
                // What has been copied repeats with the distance, so it can be copied on with what
                // it was copied from: an overlapping copy doubles with each round.
                while left > 0 {
                    let round = left.min(self.chunk.len() - from);
                    self.chunk.extend_from_within(from..from + round);
                    left -= round;
                }
                len
            }
            Some(back) => {
                let from = self.previous.len() - back;
                let copied = len.min(back);
                self.chunk.extend_from_slice(&self.previous[from..from + copied]);
                copied
            }
        };
        self.produced += copied as u64;
        copied
    }

    fn full_chunk(&mut self) -> Option<Bytes> {
        let full = self.room() == 0 || self.produced == self.plain_len;
        if !full || self.chunk.is_empty() {
            return None;
        }
        self.previous = Bytes::from(std::mem::take(&mut self.chunk));
        Some(self.previous.clone())
    }
}
