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
    pub fn update(&mut self, bytes: &[u8]) {
        self.state = if bytes.len() < TABLE_BELOW_BYTES {
            by_table(self.state, bytes)
        } else {
            let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc64Redis, self.state);
            digest.update(bytes);
            digest.finalize()
        };
    }

    /// The CRC of everything so far.
    pub const fn value(&self) -> u64 {
        self.state
    }
}

/// The CRC of `bytes`.
pub fn checksum(bytes: &[u8]) -> u64 {
    let mut crc = Crc64::new();
    crc.update(bytes);
    crc.value()
}

/// Shorter input than this goes through the table: setting up the carry-less multiplication costs
/// more than it wins there.
const TABLE_BELOW_BYTES: usize = 64;

/// The polynomial with its bits reversed, as a reflected CRC shifts it.
const POLYNOMIAL_REFLECTED: u64 = 0xAD93_D235_94C9_35A9_u64.reverse_bits();

static TABLE: [u64; 256] = table();

const fn table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL_REFLECTED } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

fn by_table(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |crc, &byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_value_of_the_polynomial() {
        assert_eq!(POLYNOMIAL_REFLECTED, 0x95AC_9329_AC4B_C9B5);
        assert_eq!(checksum(b"123456789"), 0xE9C6_D914_C4B8_D9CA);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn table_and_digest_agree_at_every_length_and_split() {
        let bytes: Vec<u8> = (0..300_u32).map(|i| (i * 167 + 13) as u8).collect();
        for len in 0..bytes.len() {
            let whole = by_table(0, &bytes[..len]);
            assert_eq!(checksum(&bytes[..len]), whole, "length {len}");
            let (head, tail) = bytes[..len].split_at(len * 2 / 3);
            let mut crc = Crc64::new();
            crc.update(head);
            crc.update(tail);
            assert_eq!(crc.value(), whole, "length {len} in two parts");
        }
    }
}
