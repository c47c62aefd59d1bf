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
    while let Some(&next) = input.get(at..).and_then(<[u8]>::first_chunk::<MATCH_MIN>) {
        let candidate = table.replace(next, at).filter(|&earlier| {
            at - earlier <= WINDOW_BYTES && input[earlier..].first_chunk() == Some(&next)
        });
        let Some(earlier) = candidate else {
            at += 1 + ((at - literals_from) >> SKIP_SHIFT);
            continue;
        };
        let len = MATCH_MIN + common_prefix(input, earlier + MATCH_MIN, at + MATCH_MIN);
        runs.literals(input, literals_from..at)?;
        runs.copy(at - earlier, len)?;
        // The last two positions inside a match are where the next one most often begins; to learn
        // them all costs more time than it saves bytes.
        let end = at + len;
        for position in [end - 2, end - 1] {
            if let Some(&bytes) = input[position..].first_chunk() {
                table.replace(bytes, position);
            }
        }
        at = end;
        literals_from = end;
    }
    runs.literals(input, literals_from..input.len())?;
    Some(runs.len)
}

/// After so many literals (as a power of two) without a match every other byte is tried, after twice
/// as many every third, and so on: what does not compress is soon done with.
const SKIP_SHIFT: u32 = 6;

/// How many bytes from `earlier` on are those from `at` on, up to the most that a match goes on for
/// after its first [`MATCH_MIN`].
fn common_prefix(input: &[u8], earlier: usize, at: usize) -> usize {
    const LEN_MAX: usize = MATCH_MAX - MATCH_MIN;
    let mut len = 0;
    while let Some(there) = input[at + len..].first_chunk()
        && let Some(here) = input[earlier + len..].first_chunk()
    {
        let differing = u64::from_le_bytes(*there) ^ u64::from_le_bytes(*here);
        if differing != 0 {
            return LEN_MAX.min(len + differing.trailing_zeros() as usize / 8);
        }
        len += 8;
        if len >= LEN_MAX {
            return LEN_MAX;
        }
    }
    let rest = input[at + len..].iter().zip(&input[earlier + len..]);
    LEN_MAX.min(len + rest.take_while(|(there, here)| there == here).count())
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
            room[0] = len as u8 - 1;
            // What a block writes too much is overwritten by the next run.
            match input[at..].first_chunk::<LITERALS_MAX>() {
                Some(block) => room[1..].copy_from_slice(block),
                None => room[1..=len].copy_from_slice(&input[at..at + len]),
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

    /// Notes that `bytes` are at `position`, and tells where their hash was noted before.
    fn replace(&mut self, bytes: [u8; MATCH_MIN], position: usize) -> Option<usize> {
        let [b0, b1, b2] = bytes;
        let word = u32::from_le_bytes([0, b0, b1, b2]);
        // Fibonacci hashing: the high bits of a product with 2^32 / golden ratio.
        let hash = word.wrapping_mul(0x9E37_79B1) >> (u32::BITS - HASH_BITS);
        let entry = &mut self.positions[hash as usize];
        let earlier = std::mem::replace(entry, self.base + position as u32);
        earlier.checked_sub(self.base).map(|earlier| earlier as usize)
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
