//! The decompressor: input in any split, output in chunks of bounded size.

use bytes::Bytes;

use super::{LITERALS_MAX, WINDOW_BYTES, is_plausible};

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
    /// Output in the chunks before this one: `handed_out + chunk.len() <= plain_len`.
    handed_out: u64,
    chunk_bytes: usize,
    /// The chunk that is filled, at its final length; empty until its first run.
    chunk: Vec<u8>,
    /// Output in `chunk`.
    filled: usize,
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
            handed_out: 0,
            chunk_bytes,
            chunk: Vec::new(),
            filled: 0,
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
                    self.begin_chunk();
                    let copied = self.copy(left, distance);
                    self.state = match left - copied {
                        0 => State::Control,
                        left => State::Copy { left, distance },
                    };
                }
                State::Literals { left } => {
                    self.begin_chunk();
                    let len = left.min(self.room()).min(input.len());
                    let literals = input.split_off(..len).unwrap_or_default();
                    self.chunk[self.filled..][..len].copy_from_slice(literals);
                    self.filled += len;
                    self.state = match left - len {
                        0 => State::Control,
                        left => State::Literals { left },
                    };
                }
                State::Control => {
                    self.whole_runs(input);
                    if let Some(chunk) = self.full_chunk() {
                        return Ok(Some(chunk));
                    }
                    let Some(&control) = input.split_off_first() else { return Ok(None) };
                    let high = control & 0x1F;
                    self.state = match control >> 5 {
                        0 => {
                            let left = usize::from(control) + 1;
                            self.check_run(left)?;
                            State::Literals { left }
                        }
                        7 => State::LongLen { high },
                        short => State::Distance { len: usize::from(short) + 2, high },
                    };
                }
                State::LongLen { high } => {
                    let Some(&more) = input.split_off_first() else { return Ok(None) };
                    self.state = State::Distance { len: usize::from(more) + 9, high };
                }
                State::Distance { len, high } => {
                    let Some(&low) = input.split_off_first() else { return Ok(None) };
                    let distance = u16::from_be_bytes([high, low]) + 1;
                    let plain_offset = self.produced();
                    if u64::from(distance) > plain_offset {
                        return Err(LzfError::Distance { distance, plain_offset });
                    }
                    self.check_run(len)?;
                    self.state = State::Copy { left: len, distance: distance.into() };
                }
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
        let (plain, plain_offset) = (self.plain_len, self.produced());
        if self.state != State::Control {
            return Err(LzfError::Truncated { plain_offset });
        }
        if plain_offset < plain {
            return Err(LzfError::TooShort { plain_offset, plain });
        }
        Ok(())
    }

    /// Output so far: at most `plain_len`.
    fn produced(&self) -> u64 {
        self.handed_out + self.filled as u64
    }

    /// What the chunk can still take.
    fn room(&self) -> usize {
        self.chunk.len() - self.filled
    }

    /// Checks that a run of `len` bytes stays within the stated length.
    fn check_run(&self, len: usize) -> Result<(), LzfError> {
        if len as u64 > self.plain_len - self.produced() {
            return Err(LzfError::TooLong { plain: self.plain_len });
        }
        Ok(())
    }

    /// Makes the chunk that a run goes on in, unless there is one. With it there is room for at
    /// least a byte, since the run was checked.
    fn begin_chunk(&mut self) {
        if self.chunk.is_empty() {
            let left = self.plain_len - self.handed_out;
            self.chunk = vec![0; left.min(self.chunk_bytes as u64) as usize];
        }
    }

    /// Does the runs that lie as a whole in `input` and in the chunk and reach back no farther than
    /// its start: nearly all, without a state between their bytes.
    fn whole_runs(&mut self, input: &mut &[u8]) {
        let out = &mut self.chunk[..];
        let mut at = self.filled;
        while let Some((control, operands)) = input.split_first() {
            let room = &mut out[at..];
            let (len, low, operands_len) = match (control >> 5, operands) {
                (0, _) => {
                    let len = usize::from(*control) + 1;
                    if len > operands.len() || len > room.len() {
                        break;
                    }
                    match (room.first_chunk_mut(), operands.first_chunk::<LITERALS_MAX>()) {
                        // What is too much is overwritten by the next run.
                        (Some(room), Some(literals)) => *room = *literals,
                        _ => room[..len].copy_from_slice(&operands[..len]),
                    }
                    at += len;
                    *input = &operands[len..];
                    continue;
                }
                (7, [more, low, ..]) => (usize::from(*more) + 9, *low, 2),
                (short @ 1..=6, [low, ..]) => (usize::from(short) + 2, *low, 1),
                _ => break,
            };
            let distance = usize::from(u16::from_be_bytes([control & 0x1F, low])) + 1;
            if distance > at || len > room.len() {
                break;
            }
            if distance >= BLOCK && len + BLOCK <= room.len() {
                copy_in_blocks(out, at, distance, len);
            } else {
                copy_within(out, at, distance, len);
            }
            at += len;
            *input = &operands[operands_len..];
        }
        self.filled = at;
    }

    /// Copies up to `len` bytes from `distance` back: as many as have their source in one chunk and
    /// room in this one.
    fn copy(&mut self, len: usize, distance: usize) -> usize {
        let len = len.min(self.room());
        let at = self.filled;
        let copied = match distance.checked_sub(at) {
            None | Some(0) => {
                copy_within(&mut self.chunk, at, distance, len);
                len
            }
            Some(back) => {
                let copied = len.min(back);
                let from = self.previous.len() - back;
                self.chunk[at..at + copied].copy_from_slice(&self.previous[from..from + copied]);
                copied
            }
        };
        self.filled += copied;
        copied
    }

    fn full_chunk(&mut self) -> Option<Bytes> {
        if self.room() > 0 || self.chunk.is_empty() {
            return None;
        }
        self.handed_out += self.filled as u64;
        self.filled = 0;
        self.previous = Bytes::from(std::mem::take(&mut self.chunk));
        Some(self.previous.clone())
    }
}

/// Small enough for one register.
const BLOCK: usize = 16;

/// Copies `len` bytes and up to a block more to `at` from at least a block before it.
fn copy_in_blocks(out: &mut [u8], at: usize, distance: usize, len: usize) {
    let mut copied = 0;
    while copied < len {
        let from = at + copied - distance;
        out.copy_within(from..from + BLOCK, at + copied);
        copied += BLOCK;
    }
}

/// Copies `len` bytes to `at` from `distance` before it, which may be bytes that are copied by the
/// same call.
fn copy_within(out: &mut [u8], at: usize, distance: usize, len: usize) {
    let from = at - distance;
    let mut copied = 0;
    while copied < len {
        // What has been copied repeats with the distance, so it is copied on together with what it
        // was copied from: each round doubles it.
        let round = (distance + copied).min(len - copied);
        out.copy_within(from..from + round, at + copied);
        copied += round;
    }
}
