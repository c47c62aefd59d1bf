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
pub(super) fn decompress_runs(input: &mut &[u8], out: &mut [u8], at: usize) -> usize {
    let (read, at) = padded_runs(input, input.len(), out, at);
    *input = &input[read..];
    if input.is_empty() || input.len() >= HEAD_BYTES {
        return at;
    }
    let mut padded = [0; 2 * HEAD_BYTES];
    padded[..input.len()].copy_from_slice(input);
    let (read, at) = padded_runs(&padded, input.len(), out, at);
    *input = &input[read..];
    at
}

/// As many bytes of the input are looked at together: the longest run of literals.
const HEAD_BYTES: usize = 1 + LITERALS_MAX;

/// Decompresses the runs in the first `len` bytes of `stream`, down to the last that has
/// [`HEAD_BYTES`] from its first byte on. Returns how much it read and where the output ends.
// Inlined, because where `len` is the length of `stream` there is one check less for each run.
#[inline(always)]
fn padded_runs(stream: &[u8], len: usize, out: &mut [u8], mut at: usize) -> (usize, usize) {
    let mut read = 0;
    while let Some(&[control, ref operands @ ..]) = stream[read..].first_chunk::<HEAD_BYTES>() {
        let left = len - read;
        let (done, room) = out.split_at_mut(at);
        let distance = |low| (usize::from(control & 0x1F) << 8 | usize::from(low)) + 1;
        // What the arms have in common stays in them, so that the place of the next run follows from
        // a branch, which is predicted, and does not wait for the bytes of this one.
        match control >> 5 {
            0 => {
                let run = usize::from(control) + 1;
                if 1 + run > left || run + SLACK_BYTES > room.len() {
                    break;
                }
                write_block(room, *operands);
                at += run;
                read += 1 + run;
            }
            7 => {
                let run = usize::from(operands[0]) + 9;
                let distance = distance(operands[1]);
                if 3 > left || run + SLACK_BYTES > room.len() || distance > at {
                    break;
                }
                copy_far(out, at, distance, run);
                at += run;
                read += 3;
            }
            short => {
                let run = usize::from(short) + 2;
                let distance = distance(operands[0]);
                if 2 > left || run + SLACK_BYTES > room.len() || distance > at {
                    break;
                }
                if distance >= WORD {
                    write_block(room, read_block::<WORD>(&done[at - distance..]));
                } else {
                    copy_near(out, at, distance, run);
                }
                at += run;
                read += 2;
            }
        }
    }
    (read, at)
}

/// Copies `len` bytes to `at` from `distance` before it, which may be bytes that are copied by the
/// same call. Scribbles over up to [`SLACK_BYTES`] behind them.
fn copy_far(out: &mut [u8], at: usize, distance: usize, len: usize) {
    const BLOCK: usize = SLACK_BYTES;
    let end = at + len;
    if distance >= BLOCK {
        for at in (at..end).step_by(BLOCK) {
            let (done, room) = out.split_at_mut(at);
            write_block(room, read_block::<BLOCK>(&done[at - distance..]));
        }
    } else if distance >= WORD {
        write_often(out, at, end, read_block::<BLOCK>(&out[at - distance..]), distance);
    } else {
        copy_near(out, at, distance, len);
    }
}

const WORD: usize = 8;

/// The same for a distance below [`WORD`].
fn copy_near(out: &mut [u8], at: usize, distance: usize, len: usize) {
    let word = u64::from_le_bytes(read_block(&out[at - distance..]));
    let once = word & (u64::MAX >> (u64::BITS - 8 * distance as u32));
    let repeated = once.wrapping_mul(REPEAT[distance]).to_le_bytes();
    write_often(out, at, at + len, repeated, WORD / distance * distance);
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
        write_block(&mut out[at..], block);
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

fn read_block<const N: usize>(from: &[u8]) -> [u8; N] {
    *from.first_chunk().expect("slack lies behind the output")
}

fn write_block<const N: usize>(to: &mut [u8], block: [u8; N]) {
    *to.first_chunk_mut().expect("slack lies behind the output") = block;
}
