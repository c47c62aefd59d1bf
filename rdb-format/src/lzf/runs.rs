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
    let mut stream = *input;
    while let [control, operands @ ..] = stream {
        let (done, room) = out.split_at_mut(at);
        let distance = |low| (usize::from(control & 0x1F) << 8 | usize::from(low)) + 1;
        // What the arms have in common stays in them, so that the place of the next run follows from
        // a branch, which is predicted, and does not wait for the bytes of this one.
        match control >> 5 {
            0 => {
                let run = usize::from(*control) + 1;
                if run > operands.len() || run + SLACK_BYTES > room.len() {
                    break;
                }
                match operands.first_chunk::<LITERALS_MAX>() {
                    Some(block) => write_block(room, *block),
                    None if run <= WORD => {
                        write_block(room, short_word(operands, run).to_le_bytes());
                    }
                    None => write_last(room, &operands[..run]),
                }
                at += run;
                stream = &operands[run..];
            }
            7 => {
                let [more, low, rest @ ..] = operands else { break };
                let run = usize::from(*more) + 9;
                let distance = distance(*low);
                if run + SLACK_BYTES > room.len() || distance > at {
                    break;
                }
                if distance >= WORD {
                    copy_long(out, at, distance, run);
                } else {
                    copy_near(out, at, distance, run);
                }
                at += run;
                stream = rest;
            }
            short => {
                let [low, rest @ ..] = operands else { break };
                let run = usize::from(short) + 2;
                let distance = distance(*low);
                if run + SLACK_BYTES > room.len() || distance > at {
                    break;
                }
                if distance >= WORD {
                    write_block(room, read_block::<WORD>(&done[at - distance..]));
                } else {
                    copy_near(out, at, distance, run);
                }
                at += run;
                stream = rest;
            }
        }
    }
    *input = stream;
    at
}

const WORD: usize = 8;

/// Copies `len` bytes, more than a [`WORD`], to `at` from `distance` before it, at least a word.
#[inline(always)]
fn copy_long(out: &mut [u8], at: usize, distance: usize, len: usize) {
    const BLOCK: usize = SLACK_BYTES;
    let end = at + len;
    if distance >= BLOCK {
        for at in (at..end).step_by(BLOCK) {
            let (done, room) = out.split_at_mut(at);
            write_block(room, read_block::<BLOCK>(&done[at - distance..]));
        }
    } else if len <= 2 * WORD {
        let (done, room) = out.split_at_mut(at);
        write_block(room, read_block::<WORD>(&done[at - distance..]));
        let word = short_word(&out[at - distance + WORD..], len - WORD);
        write_block(&mut out[at + WORD..], word.to_le_bytes());
    } else {
        let block = read_block::<BLOCK>(&out[at - distance..]);
        let mut at = at;
        while at < end {
            write_block(&mut out[at..], block);
            at += distance;
        }
    }
}

/// The `len` first bytes of `from`, 1 to 8, and zeros. Nothing behind them is read, as that may just
/// have been written, and a read that takes from two writes waits for both to be done with.
#[inline(always)]
fn short_word(from: &[u8], len: usize) -> u64 {
    if len >= 4 {
        let head = u64::from(u32::from_le_bytes(read_block(from)));
        let tail = u64::from(u32::from_le_bytes(read_block(&from[len - 4..])));
        head | tail << (8 * (len - 4))
    } else {
        let byte = |at: usize| u64::from(from[at]) << (8 * at);
        byte(0) | byte(len / 2) | byte(len - 1)
    }
}

/// Copies `len` bytes to `at` from `distance` before it, less than [`WORD`], so some of them are
/// copied by the same call.
fn copy_near(out: &mut [u8], mut at: usize, distance: usize, len: usize) {
    let end = at + len;
    let word = u64::from_le_bytes(read_block(&out[at - distance..]));
    let once = word & (u64::MAX >> (u64::BITS - 8 * distance as u32));
    let repeated = once.wrapping_mul(REPEAT[distance]).to_le_bytes();
    while at < end {
        write_block(&mut out[at..], repeated);
        at += WORD / distance * distance;
    }
}

/// Literals that end less than a block before the end of the input. Apart from the code for all
/// others, which would else be merged with it to a copy of variable length.
#[cold]
#[inline(never)]
fn write_last(room: &mut [u8], literals: &[u8]) {
    room[..literals.len()].copy_from_slice(literals);
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
