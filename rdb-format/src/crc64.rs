//! The CRC-64 that closes DUMP payloads and RDB files.
//!
//! Jones polynomial 0xAD93D23594C935A9, reflected in and out, initial value 0, no final xor. It is
//! stored little-endian.

#[cfg(target_arch = "x86_64")]
mod folding;

use crc_fast::{CrcAlgorithm, Digest};

/// A running CRC-64.
///
/// ```
/// let mut crc = rdb_format::crc64::Crc64::new();
/// crc.update(b"1234");
/// crc.update(b"56789");
/// assert_eq!(crc.value(), 0xE9C6_D914_C4B8_D9CA);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Crc64 {
    state: u64,
}

impl Crc64 {
    /// The CRC of no bytes, 0.
    pub const fn new() -> Self {
        Self { state: 0 }
    }

    /// Goes on over `bytes`.
    #[inline]
    pub fn update(&mut self, bytes: &[u8]) {
        self.state = match bytes.len() {
            ..FOLDED_BYTES_MIN => by_tables(self.state, bytes),
            FOLDED_BYTES_MIN..FOLDED_BELOW_BYTES => by_folding(self.state, bytes),
            _ => by_digest(self.state, bytes),
        };
    }

    /// The CRC of everything so far.
    pub const fn value(&self) -> u64 {
        self.state
    }
}

/// The CRC of `bytes`.
#[inline]
pub fn checksum(bytes: &[u8]) -> u64 {
    let mut crc = Crc64::new();
    crc.update(bytes);
    crc.value()
}

/// Input of this length and longer is folded, if the processor can,
const FOLDED_BYTES_MIN: usize = 16;
/// up to where a digest is as fast, which folds several lanes at once and takes longer to set up.
const FOLDED_BELOW_BYTES: usize = 256;

/// Where nothing can be folded, shorter input than this goes through the tables.
const TABLES_BELOW_BYTES: usize = 128;

// None of the three ways is inlined, so that short input does not pay for the digest's stack frame.
#[inline(never)]
fn by_folding(state: u64, bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if let Some(state) = folding::update(state, bytes) {
        return state;
    }
    if bytes.len() < TABLES_BELOW_BYTES { by_tables(state, bytes) } else { by_digest(state, bytes) }
}

#[inline(never)]
fn by_digest(state: u64, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc64Redis, state);
    digest.update(bytes);
    digest.finalize()
}

/// The polynomial with its bits reversed, as a reflected CRC shifts it.
const POLYNOMIAL_REFLECTED: u64 = 0xAD93_D235_94C9_35A9_u64.reverse_bits();

/// Bytes taken at a time.
const STRIDE: usize = 8;

/// `TABLES[n][byte]` is the CRC of `byte` and n zero bytes after it.
static TABLES: [[u64; 256]; STRIDE] = tables();

const fn tables() -> [[u64; 256]; STRIDE] {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL_REFLECTED } else { 0 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < STRIDE {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[zeros - 1][byte];
            tables[zeros][byte] = (crc >> 8) ^ tables[0][(crc & 0xFF) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

#[inline(never)]
fn by_tables(state: u64, bytes: &[u8]) -> u64 {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    let state = strides.iter().fold(state, |crc, stride| {
        let mixed = (crc ^ u64::from_le_bytes(*stride)).to_le_bytes();
        let zeros_after = (0..STRIDE).rev();
        zeros_after.zip(mixed).fold(0, |crc, (zeros, byte)| crc ^ TABLES[zeros][usize::from(byte)])
    });
    rest.iter().fold(state, |crc, &byte| (crc >> 8) ^ TABLES[0][usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition.
    fn by_bits(bytes: &[u8]) -> u64 {
        bytes.iter().fold(0, |crc, &byte| {
            (0..8).fold(crc ^ u64::from(byte), |crc, _| {
                (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL_REFLECTED } else { 0 }
            })
        })
    }

    fn by_any(state: u64, bytes: &[u8]) -> u64 {
        let mut crc = Crc64 { state };
        crc.update(bytes);
        crc.value()
    }

    #[test]
    fn check_value_of_the_polynomial() {
        assert_eq!(POLYNOMIAL_REFLECTED, 0x95AC_9329_AC4B_C9B5);
        assert_eq!(checksum(b"123456789"), 0xE9C6_D914_C4B8_D9CA);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn all_ways_agree_at_every_length_and_split() {
        let bytes: Vec<u8> = (0..600_u32).map(|i| (i * 167 + 13) as u8).collect();
        for len in 0..bytes.len() {
            let whole = by_bits(&bytes[..len]);
            for way in [by_folding, by_tables, by_digest, by_any] {
                assert_eq!(way(0, &bytes[..len]), whole, "length {len}");
                for head_len in [1, 7, 8, 9, 100, len * 2 / 3].into_iter().filter(|&it| it <= len) {
                    let (head, tail) = bytes[..len].split_at(head_len);
                    assert_eq!(way(way(0, head), tail), whole, "{len} bytes at {head_len}");
                }
            }
        }
    }
}
