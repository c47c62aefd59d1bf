//! LZF, the compression of RDB strings.
//!
//! A stream is a sequence of runs, each led by a control byte `c`:
//!
//! | c | then | means |
//! |---|---|---|
//! | 0 to 31 | c + 1 bytes | literals |
//! | `nnnddddd`, n = 1 to 6 | 1 byte d | copy n + 2 bytes from a distance |
//! | `111ddddd` | 1 byte m, 1 byte d | copy m + 9 bytes from a distance |
//!
//! The distance is the 13-bit number of the d bits, high ones first, plus 1: 1 to 8192 bytes back
//! in the output. Source and destination may overlap, so distance 1 repeats a byte. The stream has
//! no end mark and tells no plain length; both stand in front of it in an RDB string.

mod compress;
mod decompress;
mod decompressor;
mod error;
mod runs;

pub use compress::{INPUT_BYTES_MAX, compress};
pub use decompress::{decompress, decompress_into};
pub use decompressor::{CHUNK_BYTES, Decompressor};
pub use error::LzfError;

/// The longest run of literals.
const LITERALS_MAX: usize = 32;

/// The longest copy: 7 + 255 + 2 bytes.
const MATCH_MAX: usize = 264;

/// The farthest that a copy reaches back.
const WINDOW_BYTES: usize = 1 << 13;

/// Three bytes of a stream become at most 264.
const RATIO_MAX: u64 = MATCH_MAX as u64 / 3;

/// Whether a stream of `compressed` bytes can become `plain` ones. Asked before room is made for
/// them.
pub(crate) const fn is_plausible(compressed: u64, plain: u64) -> bool {
    plain <= compressed.saturating_mul(RATIO_MAX)
}
