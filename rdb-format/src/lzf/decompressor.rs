//! Decompression of a stream in any split, to chunks of bounded size.

use bytes::Bytes;

use super::{
    LzfError, WINDOW_BYTES,
    runs::{SLACK_BYTES, decompress_runs},
};

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
    /// The chunk that is filled, at its final length and with [`SLACK_BYTES`] behind it; empty until
    /// its first run.
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
        Self {
            plain_len,
            handed_out: 0,
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
                    if !self.chunk.is_empty() {
                        self.filled = decompress_runs(input, &mut self.chunk, self.filled);
                    }
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
        self.chunk.len().saturating_sub(SLACK_BYTES) - self.filled
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
            self.chunk = vec![0; left.min(CHUNK_BYTES as u64) as usize + SLACK_BYTES];
        }
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
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.truncate(self.filled);
        self.handed_out += self.filled as u64;
        self.filled = 0;
        self.previous = Bytes::from(chunk);
        Some(self.previous.clone())
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
