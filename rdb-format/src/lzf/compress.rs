//! The compressor: greedy, one candidate per hash of three bytes.

use std::{cell::RefCell, ops::Range};

use super::{LITERALS_MAX, MATCH_MAX, WINDOW_BYTES};

/// Longer input than this is never compressed: positions in it would not fit beside the base.
pub const INPUT_BYTES_MAX: usize = 1 << 30;

/// Appends `input` as an LZF stream to `out` and returns `true`, or leaves `out` as it was and
/// returns `false` where the stream would not be at least 4 bytes shorter than `input`.
///
/// ```
/// let mut out = Vec::new();
/// assert!(rdb_format::lzf::compress(&[b'a'; 21], &mut out));
/// assert_eq!(out, [0, b'a', 0xE0, 11, 0]);
/// assert!(!rdb_format::lzf::compress(b"no repetition", &mut out));
/// ```
pub fn compress(input: &[u8], out: &mut Vec<u8>) -> bool {
    if input.len() <= SAVED_BYTES_MIN || input.len() > INPUT_BYTES_MAX {
        return false;
    }
    let start = out.len();
    let compressed_max = input.len() - SAVED_BYTES_MIN;
    out.resize(start + compressed_max + SLACK_BYTES, 0);
    let compressed = TABLE.with_borrow_mut(|table| {
        table.begin(input.len());
        run(input, table, &mut Runs { out: &mut out[start..], len: 0 })
    });
    out.truncate(start + compressed.unwrap_or(0));
    compressed.is_some()
}

/// What a stream must save to be worth it.
const SAVED_BYTES_MIN: usize = 4;

/// The shortest copy that a stream can express.
const MATCH_MIN: usize = 3;

/// The length of the stream, or `None` once it is too long to be of use.
fn run(input: &[u8], table: &mut Table, runs: &mut Runs<'_>) -> Option<usize> {
    let mut literals_from = 0;
    let mut at = 0;
    while let Some(rest) = input.get(at..)
        && rest.len() >= MATCH_MIN
    {
        let here = u64::from_le_bytes(block(rest));
        let distance = table.replace(here, at);
        let differing = here ^ word(input, at - distance.min(at));
        // One branch for both, because neither can be predicted.
        if (distance > at.min(WINDOW_BYTES)) | (first_bytes(differing) != 0) {
            at += 1 + ((at - literals_from) >> SKIP_SHIFT);
            continue;
        }
        let len = match_len(input, at, distance, differing);
        runs.literals(input, literals_from..at)?;
        runs.copy(distance, len)?;
        at += len;
        literals_from = at;
        // The last two positions inside a match are where the next one most often begins; to learn
        // them all costs more time than it saves bytes.
        let last = word(input, at - 2);
        table.replace(last, at - 2);
        table.replace(last >> 8, at - 1);
    }
    runs.literals(input, literals_from..input.len())?;
    Some(runs.len)
}

/// After so many literals (as a power of two) without a match every other byte is tried, after twice
/// as many every third, and so on: what does not compress is soon done with.
const SKIP_SHIFT: u32 = 5;

/// The bytes at `at`, the first one lowest, and zeros behind the end of `input`.
#[inline(always)]
fn word(input: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(block(&input[at..]))
}

/// The first bytes of `bytes`, and zeros behind their end.
#[inline(always)]
fn block<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or_else(|| padded(bytes))
}

/// The same for fewer than `N` bytes. Apart from the code for all others, which would else be merged
/// with it to a copy of variable length.
#[cold]
#[inline(never)]
fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut padded = [0; N];
    padded[..bytes.len()].copy_from_slice(bytes);
    padded
}

/// The [`MATCH_MIN`] first bytes of a word, its others gone.
fn first_bytes(word: u64) -> u64 {
    word << (u64::BITS - 8 * MATCH_MIN as u32)
}

/// How long the bytes at `at` are those from `distance` before. `differing` is where the words there
/// differ: behind the [`MATCH_MIN`] first bytes.
fn match_len(input: &[u8], at: usize, distance: usize, differing: u64) -> usize {
    let len_max = MATCH_MAX.min(input.len() - at);
    // Most matches end within two words. In these each byte has a branch, so that what follows need
    // not wait for the length.
    for byte in MATCH_MIN..WORD {
        if differs(differing, byte) {
            return len_max.min(byte);
        }
    }
    let differing = |len| word(input, at + len) ^ word(input, at + len - distance);
    if len_max > WORD {
        let differing = differing(WORD);
        for byte in 0..WORD {
            if differs(differing, byte) {
                return len_max.min(WORD + byte);
            }
        }
    }
    for len in (2 * WORD..len_max).step_by(WORD) {
        let differing = differing(len);
        if differing != 0 {
            return len_max.min(len + differing.trailing_zeros() as usize / 8);
        }
    }
    len_max
}

/// Bytes that are compared together.
const WORD: usize = 8;

/// Whether there is a bit in this byte of `word`.
#[inline(always)]
fn differs(word: u64, byte: usize) -> bool {
    word & 0xFF << (8 * byte) != 0
}

/// Writes runs, up to a length of which more would be of no use.
struct Runs<'a> {
    /// [`SLACK_BYTES`] longer than the stream may become.
    out: &'a mut [u8],
    /// Of the stream so far.
    len: usize,
}

/// Room behind the longest stream for a run that is written in one block: its control byte and the
/// most literals.
const SLACK_BYTES: usize = 1 + LITERALS_MAX;

impl Runs<'_> {
    fn literals(&mut self, input: &[u8], range: Range<usize>) -> Option<()> {
        let mut at = range.start;
        while at < range.end {
            let len = LITERALS_MAX.min(range.end - at);
            let room: &mut [u8; SLACK_BYTES] = self.room(1 + len)?;
            let [control, literals @ ..] = room;
            *control = len as u8 - 1;
            // What a block writes too much is overwritten by the next run.
            match input[at..].first_chunk::<LITERALS_MAX>() {
                Some(block) => *literals = *block,
                None => *literals = padded(&input[at..]),
            }
            at += len;
        }
        Some(())
    }

    fn copy(&mut self, distance: usize, len: usize) -> Option<()> {
        debug_assert!((1..=WINDOW_BYTES).contains(&distance));
        debug_assert!((MATCH_MIN..=MATCH_MAX).contains(&len));
        let [high, low] = (distance as u16 - 1).to_be_bytes();
        let short = len - 2;
        if short < 7 {
            *self.room(2)? = [(short as u8) << 5 | high, low];
        } else {
            *self.room(3)? = [7 << 5 | high, (short - 7) as u8, low];
        }
        Some(())
    }

    /// Where a run of `bytes` goes, which the stream then counts, unless it is too long for it.
    fn room<const N: usize>(&mut self, bytes: usize) -> Option<&mut [u8; N]> {
        let room = &mut self.out[self.len..];
        if bytes + SLACK_BYTES > room.len() {
            return None;
        }
        self.len += bytes;
        room.first_chunk_mut()
    }
}

thread_local! {
    static TABLE: RefCell<Table> = RefCell::new(Table::new());
}

/// Where each hash of three bytes was seen last.
///
/// Positions are stored on top of a base that moves on with every input, so that what earlier
/// inputs left behind lies below it and nothing has to be cleared: that would cost a short string
/// more than its compression.
struct Table {
    positions: Box<[u32; 1 << HASH_BITS]>,
    /// Position 0 of this input; every entry below is of an earlier one.
    base: u32,
    /// Position 0 of the next input.
    next_base: u32,
}

/// A table of 64 KiB.
const HASH_BITS: u32 = 14;

impl Table {
    fn new() -> Self {
        Self { positions: Box::new([0; 1 << HASH_BITS]), base: 1, next_base: 1 }
    }

    /// Forgets the last input and makes room for the positions of one of `len` bytes.
    fn begin(&mut self, len: usize) {
        let len = len as u32;
        if self.next_base.checked_add(len).is_none() {
            self.positions.fill(0);
            self.next_base = 1;
        }
        self.base = self.next_base;
        self.next_base += len;
    }

    /// Notes that `word` begins at `position`, and tells how far before it its hash was noted last:
    /// farther than `position` if never.
    #[inline(always)]
    fn replace(&mut self, word: u64, position: usize) -> usize {
        // Fibonacci hashing of the first three bytes: the high bits of a product with 2^64 / golden
        // ratio.
        let hash = first_bytes(word).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - HASH_BITS);
        let now = self.base + position as u32;
        (now - std::mem::replace(&mut self.positions[hash as usize], now)) as usize
    }
}

const _: () =
    assert!(INPUT_BYTES_MAX < u32::MAX as usize, "a cleared table has room for any input");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lzf::decompress;

    #[test]
    fn positions_survive_the_wrap_of_the_base() {
        let input = b"abcabcabcabcabcabcabcabc-abcabcabcabc";
        let mut expected = Vec::new();
        assert!(compress(input, &mut expected));
        TABLE.with_borrow_mut(|table| table.next_base = u32::MAX - input.len() as u32 - 1);
        for _ in 0..3 {
            let mut out = Vec::new();
            assert!(compress(input, &mut out));
            assert_eq!(out, expected);
        }
        TABLE.with_borrow(|table| assert!(table.base < 100, "wrapped"));
    }

    #[test]
    fn appends_and_leaves_what_was_there() {
        let mut out = b"kept".to_vec();
        assert!(!compress(b"abcdefghijklmnopqrstuvwxyz", &mut out));
        assert_eq!(out, b"kept");
        assert!(compress(&[7; 100], &mut out));
        assert_eq!(decompress(&out[4..], 100).unwrap(), [7; 100].as_slice());
        assert_eq!(&out[..4], b"kept");
    }

    #[test]
    fn matches_reach_back_8192_bytes_and_no_farther() {
        let pattern = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        for (gap, found) in [(8192 - pattern.len(), true), (8193 - pattern.len(), false)] {
            // The filler compresses well by itself, in either case.
            let mut input = pattern.to_vec();
            input.resize(pattern.len() + gap, b'.');
            let mut filler_only = Vec::new();
            assert!(compress(&input, &mut filler_only));
            input.extend_from_slice(pattern);
            let mut out = Vec::new();
            assert!(compress(&input, &mut out));
            assert_eq!(decompress(&out, input.len() as u64).unwrap(), input);
            assert_eq!(out.len() < filler_only.len() + pattern.len(), found, "gap {gap}");
        }
    }
}
