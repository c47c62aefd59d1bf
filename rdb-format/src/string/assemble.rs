//! Putting the chunks of a string together.

use bytes::Bytes;

/// Gathers the chunks of one string whose length is known, if not to be trusted.
///
/// Room grows with the bytes that come, by doubling; the first growth beyond 1 MiB reserves room
/// for the declared length, so that a large string is not copied again.
#[derive(Debug)]
pub struct StringAssembler {
    declared: u64,
    bytes: Vec<u8>,
}

impl StringAssembler {
    /// An assembler of a string that is declared to be `declared` bytes long.
    pub fn new(declared: u64) -> Self {
        Self { declared, bytes: Vec::new() }
    }

    /// Appends a chunk.
    pub fn push(&mut self, chunk: &[u8]) {
        self.make_room(chunk.len());
        self.bytes.extend_from_slice(chunk);
    }

    /// Bytes that have come so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether no byte has come yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The string.
    pub fn finish(self) -> Bytes {
        Bytes::from(self.bytes)
    }

    fn make_room(&mut self, chunk_bytes: usize) {
        let len = self.bytes.len();
        let needed = len + chunk_bytes;
        if needed <= self.bytes.capacity() {
            return;
        }
        let declared = usize::try_from(self.declared).unwrap_or(usize::MAX);
        let wanted = if needed >= RESERVE_AT_BYTES { declared } else { declared.min(2 * needed) };
        self.bytes.reserve_exact(wanted.max(needed) - len);
    }
}

/// How much of a string must have come before its declared length is believed.
const RESERVE_AT_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_made_for_what_came_until_the_claim_is_backed() {
        let declared = 64 << 20;
        let mut assembler = StringAssembler::new(declared as u64);
        let chunk = [0; 10_000];
        while assembler.len() + chunk.len() < RESERVE_AT_BYTES {
            assembler.push(&chunk);
            assert!(assembler.bytes.capacity() <= 2 * assembler.len());
        }
        while assembler.len() < 2 * RESERVE_AT_BYTES {
            assembler.push(&chunk);
        }
        assert_eq!(assembler.bytes.capacity(), declared);
    }

    #[test]
    fn a_short_string_takes_no_more_room_than_it_declares() {
        let mut assembler = StringAssembler::new(30);
        for _ in 0..3 {
            assembler.push(&[7; 10]);
        }
        assert_eq!(assembler.bytes.capacity(), 30);
        assert_eq!(assembler.finish(), [7; 30].as_slice());
    }
}
