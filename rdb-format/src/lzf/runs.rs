//! The inner loop of decompression: runs without a state between their bytes.
//!
//! It reads and writes in blocks of fixed size, which cost one or two instructions each and are
//! mostly longer than the run. What a block writes too much is overwritten by the next one, or lies
//! in the slack behind the output; what one reads too much is other input, or padding.

use super::LITERALS_MAX;

/// How much of an output is scribbled over behind its end.
pub(super) const SLACK_BYTES: usize = 32;

/// Decompresses the runs at the front of `input` to `out[at..]`, and returns where they end in `out`.
///
/// The output that copies reach back into begins with `out`, and it ends [`SLACK_BYTES`] before the
/// end of `out`. `input` is left at the first run that does not lie in it as a whole, is too long for
/// the output or reaches back too far.
pub(super) fn decompress_runs(input: &mut &[u8], out: &mut [u8], mut at: usize) -> usize {
    let read = padded_runs(input, input.len(), out, &mut at);
    *input = &input[read..];
    if !input.is_empty() && input.len() < HEAD_BYTES {
        let mut padded = [0; 2 * HEAD_BYTES];
        padded[..input.len()].copy_from_slice(input);
        let read = padded_runs(&padded, input.len(), out, &mut at);
        *input = &input[read..];
    }
    at
}

/// As many bytes of the input are looked at together: the longest run of literals.
const HEAD_BYTES: usize = 1 + LITERALS_MAX;

/// The same for the first `len` bytes of `stream`, but ends with the last run that has
/// [`HEAD_BYTES`] from its first byte on. Moves `at` on, and returns how much it read.
fn padded_runs(stream: &[u8], len: usize, out: &mut [u8], at: &mut usize) -> usize {
    let end = out.len() - SLACK_BYTES;
    let mut read = 0;
    while let Some([control, operands @ ..]) = stream[read..].first_chunk::<HEAD_BYTES>() {
        let (run_bytes, produced) = if *control < 1 << 5 {
            let produced = usize::from(*control) + 1;
            if produced >= len - read || produced > end - *at {
                break;
            }
            write_block(out, *at, *operands);
            (1 + produced, produced)
        } else {
            let (run_bytes, produced, low) = if *control < 7 << 5 {
                (2, usize::from(control >> 5) + 2, operands[0])
            } else {
                (3, usize::from(operands[0]) + 9, operands[1])
            };
            let distance = usize::from(u16::from_be_bytes([control & 0x1F, low])) + 1;
            if run_bytes > len - read || distance > *at || produced > end - *at {
                break;
            }
            copy(out, *at, distance, produced);
            (run_bytes, produced)
        };
        read += run_bytes;
        *at += produced;
    }
    read
}

/// Copies `len` bytes to `at` from `distance` before it, which may be bytes that are copied by the
/// same call. Scribbles over up to [`SLACK_BYTES`] behind them.
#[inline(always)]
fn copy(out: &mut [u8], at: usize, distance: usize, len: usize) {
    const SHORT: usize = 16;
    if len <= SHORT.min(distance) {
        write_block(out, at, read_block::<SHORT>(out, at - distance));
    } else {
        copy_long(out, at, distance, len);
    }
}

fn copy_long(out: &mut [u8], at: usize, distance: usize, len: usize) {
    const LONG: usize = SLACK_BYTES;
    const WORD: usize = 8;
    let end = at + len;
    if distance >= LONG {
        for at in (at..end).step_by(LONG) {
            write_block(out, at, read_block::<LONG>(out, at - distance));
        }
    } else if distance >= WORD {
        write_often(out, at, end, read_block::<LONG>(out, at - distance), distance);
    } else {
        let word = u64::from_le_bytes(read_block(out, at - distance));
        let once = word & (u64::MAX >> (u64::BITS - 8 * distance as u32));
        let repeated = once.wrapping_mul(REPEAT[distance]).to_le_bytes();
        write_often(out, at, end, repeated, WORD / distance * distance);
    }
}

/// Writes `block` every `stride` bytes. What repeats is read but once: a read of what has just been
/// written would wait for it.
#[inline(always)]
fn write_often<const N: usize>(
    out: &mut [u8],
    mut at: usize,
    end: usize,
    block: [u8; N],
    stride: usize,
) {
    while at < end {
        write_block(out, at, block);
        at += stride;
    }
}

/// `REPEAT[n]` times a word of n bytes is the word repeated as often as it begins in 8 bytes.
const REPEAT: [u64; 8] = {
    let mut repeat = [1; 8];
    let mut bytes = 1;
    while bytes < 8 {
        let mut shift = 8 * bytes as u32;
        while shift < u64::BITS {
            repeat[bytes] |= 1 << shift;
            shift += 8 * bytes as u32;
        }
        bytes += 1;
    }
    repeat
};

#[inline(always)]
fn read_block<const N: usize>(out: &[u8], at: usize) -> [u8; N] {
    *out[at..].first_chunk().expect("slack lies behind the output")
}

#[inline(always)]
fn write_block<const N: usize>(out: &mut [u8], at: usize, block: [u8; N]) {
    *out[at..].first_chunk_mut().expect("slack lies behind the output") = block;
}
