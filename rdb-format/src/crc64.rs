//! The CRC-64 that closes DUMP payloads and RDB files.
//!
//! Jones polynomial 0xAD93D23594C935A9, reflected in and out, initial value 0, no final xor. It is
//! stored little-endian.

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
        self.state = if bytes.len() < TABLES_BELOW_BYTES {
            by_tables(self.state, bytes)
        } else {
            by_digest(self.state, bytes)
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

/// Shorter input than this goes through the tables: setting up the carry-less multiplication costs
/// more than it wins there.
const TABLES_BELOW_BYTES: usize = 128;

// Neither of the two ways is inlined, so that short input does not pay for the digest's stack frame.
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

    #[test]
    fn check_value_of_the_polynomial() {
        assert_eq!(POLYNOMIAL_REFLECTED, 0x95AC_9329_AC4B_C9B5);
        assert_eq!(checksum(b"123456789"), 0xE9C6_D914_C4B8_D9CA);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn bits_tables_and_digest_agree_at_every_length_and_split() {
        let bytes: Vec<u8> = (0..300_u32).map(|i| (i * 167 + 13) as u8).collect();
        for len in 0..bytes.len() {
            let whole = by_bits(&bytes[..len]);
            assert_eq!(by_tables(0, &bytes[..len]), whole, "length {len} by tables");
            assert_eq!(checksum(&bytes[..len]), whole, "length {len}");
            let (head, tail) = bytes[..len].split_at(len * 2 / 3);
            let mut crc = Crc64::new();
            crc.update(head);
            crc.update(tail);
            assert_eq!(crc.value(), whole, "length {len} in two parts");
        }
    }
}
