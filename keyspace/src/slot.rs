//! Hash slots: which part of a cluster's keyspace a key belongs to.

use std::fmt;

use memchr::memchr;

/// A hash slot, one of 16384.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Slot(u16);

impl Slot {
    /// Number of hash slots.
    pub const COUNT: usize = 1 << Self::BITS;

    /// Bits of a slot number.
    pub const BITS: u32 = 14;

    /// The slot with this number, if there is one.
    pub fn new(number: u16) -> Option<Self> {
        (usize::from(number) < Self::COUNT).then_some(Self(number))
    }

    /// The slot of a key: CRC-16 of its tag, if it has one, else of all of it.
    ///
    /// ```
    /// # use keyspace::Slot;
    /// assert_eq!(Slot::of(b"{user1000}.following"), Slot::of(b"{user1000}.followers"));
    /// ```
    pub fn of(key: &[u8]) -> Self {
        Self(crc16(tag(key).unwrap_or(key)) % Self::COUNT as u16)
    }

    /// Its number, less than [`COUNT`](Self::COUNT).
    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is between the first `{` and the next `}`, unless that is nothing.
fn tag(key: &[u8]) -> Option<&[u8]> {
    let open = memchr(b'{', key)?;
    let inside = &key[open + 1..];
    let len = memchr(b'}', inside)?;
    (len > 0).then(|| &inside[..len])
}

/// CRC-16 as XMODEM has it: polynomial 0x1021, nothing reflected, initial value 0.
fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0;
    let mut chunks = bytes.chunks_exact(CHUNK);
    for chunk in &mut chunks {
        // What is in the register is added to the first two bytes; each byte's share is in the table
        // of its distance from the end.
        let first = crc ^ u16::from_be_bytes([chunk[0], chunk[1]]);
        crc = TABLES[CHUNK - 1][usize::from(first >> 8)]
            ^ TABLES[CHUNK - 2][usize::from(first & 0xff)];
        for (&byte, table) in chunk[2..].iter().zip(TABLES[..CHUNK - 2].iter().rev()) {
            crc ^= table[usize::from(byte)];
        }
    }
    chunks
        .remainder()
        .iter()
        .fold(crc, |crc, &byte| crc << 8 ^ TABLES[0][usize::from((crc >> 8) as u8 ^ byte)])
}

/// Bytes taken at a time. Every lookup of a key needs its slot: for 16 bytes this takes a third of
/// the time that one byte after the other does.
const CHUNK: usize = 8;

/// `TABLES[n][byte]` is the CRC of `byte` and n zero bytes after it.
static TABLES: [[u16; 256]; CHUNK] = {
    let mut tables = [[0; 256]; CHUNK];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut distance = 1;
    while distance < CHUNK {
        let mut byte = 0;
        while byte < 256 {
            let crc: u16 = tables[distance - 1][byte];
            tables[distance][byte] = crc << 8 ^ tables[0][(crc >> 8) as usize];
            byte += 1;
        }
        distance += 1;
    }
    tables
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc16(b""), 0);
    }

    #[test]
    fn chunks_give_what_single_bytes_do() {
        let bytes: Vec<u8> = (0..100_u32).map(|number| (number * 167 + 13) as u8).collect();
        for len in 0..bytes.len() {
            let mut expected = 0_u16;
            for &byte in &bytes[..len] {
                expected ^= u16::from(byte) << 8;
                for _ in 0..8 {
                    let carry = expected >> 15;
                    expected = (expected << 1) ^ (carry * 0x1021);
                }
            }
            assert_eq!(crc16(&bytes[..len]), expected, "{len} bytes");
        }
    }

    /// As `CLUSTER KEYSLOT` of Redis 7.0.15 answers.
    #[test]
    fn keys_have_the_slots_of_redis() {
        for (key, slot) in [("foo", 12182), ("123456789", 0x31c3), ("", 0), ("bar", 5061)] {
            assert_eq!(Slot::of(key.as_bytes()).number(), slot, "{key:?}");
        }
    }

    #[test]
    fn a_tag_stands_for_the_key() {
        for (key, hashed) in [
            ("{user1000}.following", "user1000"),
            ("{user1000}.followers", "user1000"),
            ("foo{}{bar}", "foo{}{bar}"),
            ("foo{{bar}}zap", "{bar"),
            ("foo{bar}{zap}", "bar"),
            ("foo{bar", "foo{bar"),
            ("foo}bar{", "foo}bar{"),
            ("}{a}", "a"),
            ("{}", "{}"),
        ] {
            assert_eq!(tag(key.as_bytes()).unwrap_or(key.as_bytes()), hashed.as_bytes(), "{key:?}");
        }
    }

    #[test]
    fn there_are_16384_slots() {
        assert_eq!(Slot::new(16383).map(Slot::number), Some(16383));
        assert_eq!(Slot::new(16384), None);
    }
}
