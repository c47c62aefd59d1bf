//! Strings as arrays of bits: bit 0 is the highest of the first byte.

use std::ops::Range;

use rdb_format::StringValue;

/// How the bits of several strings are combined.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BitOp {
    /// Set where all have it set.
    And,
    /// Set where any has it set.
    Or,
    /// Set where an odd number has it set.
    Xor,
}

/// The bit at `offset`; those after the end of the text are not set.
pub fn bit(text: &[u8], offset: u64) -> bool {
    let byte = usize::try_from(offset / 8).ok().and_then(|at| text.get(at));
    byte.is_some_and(|byte| byte & mask(offset) != 0)
}

/// Sets or clears the bit at `offset` and returns what it was. A text without it is first filled up
/// with zero bytes.
///
/// The caller has checked that `offset / 8 + 1` is an allowed length.
pub fn set_bit(value: &mut StringValue, offset: u64, bit: bool) -> bool {
    let at = (offset / 8) as usize;
    let mut before = false;
    super::edit(value, |text| {
        if text.len() <= at {
            text.resize(at + 1, 0);
        }
        before = text[at] & mask(offset) != 0;
        if before != bit {
            text[at] ^= mask(offset);
        }
    });
    before
}

/// How many bits of a range are set, which ends where the text does or before.
///
/// # Panics
/// If it does not.
pub fn count_ones(text: &[u8], bits: Range<u64>) -> u64 {
    if bits.is_empty() {
        return 0;
    }
    let bytes = &text[bytes_of(&bits)];
    let before = bytes[0] & !from(bits.start);
    let after = bytes[bytes.len() - 1] & after(bits.end - 1);
    ones(bytes) - u64::from(before.count_ones()) - u64::from(after.count_ones())
}

/// The first bit of a range that is set, or that is not, counted from the start of the text. The
/// range ends where the text does or before.
///
/// # Panics
/// If it does not.
pub fn first_bit(text: &[u8], bit: bool, bits: Range<u64>) -> Option<u64> {
    if bits.is_empty() {
        return None;
    }
    let bytes = &text[bytes_of(&bits)];
    // The bits that are looked for, in place of the byte.
    let wanted = |byte: u8| if bit { byte } else { !byte };
    let first = wanted(bytes[0]) & from(bits.start);
    let (at, found) = if first != 0 {
        (0, first)
    } else {
        let passed = 1 + run_len(&bytes[1..], if bit { 0 } else { 0xff });
        (passed, wanted(*bytes.get(passed)?))
    };
    let offset = (bits.start / 8 + at as u64) * 8 + u64::from(found.leading_zeros());
    (offset < bits.end).then_some(offset)
}

/// The combined bits of several texts. Shorter ones are filled up with bits that are not set.
pub fn combine(op: BitOp, texts: &[&[u8]]) -> Vec<u8> {
    let len = texts.iter().map(|text| text.len()).max().unwrap_or(0);
    let Some((first, others)) = texts.split_first() else { return Vec::new() };
    let mut combined = Vec::with_capacity(len);
    combined.extend_from_slice(first);
    combined.resize(len, 0);
    for text in others {
        let (common, rest) = combined.split_at_mut(text.len());
        let pairs = common.iter_mut().zip(*text);
        match op {
            BitOp::And => {
                pairs.for_each(|(to, from)| *to &= from);
                rest.fill(0);
            }
            BitOp::Or => pairs.for_each(|(to, from)| *to |= from),
            BitOp::Xor => pairs.for_each(|(to, from)| *to ^= from),
        }
    }
    combined
}

/// The text with every bit changed.
pub fn invert(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| !byte).collect()
}

fn mask(offset: u64) -> u8 {
    0x80 >> (offset % 8)
}

/// The bits of a byte from that of `offset` on.
fn from(offset: u64) -> u8 {
    0xff >> (offset % 8)
}

/// The bits of a byte after that of `offset`.
fn after(offset: u64) -> u8 {
    0x7f >> (offset % 8)
}

/// The bytes that bits are in, which are some.
fn bytes_of(bits: &Range<u64>) -> Range<usize> {
    (bits.start / 8) as usize..((bits.end - 1) / 8) as usize + 1
}

/// The set bits of all bytes.
fn ones(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<BLOCK_LEN>();
    let in_block = |block: &[u8; BLOCK_LEN]| -> u64 {
        block.as_chunks().0.iter().map(|word| u64::from(word_of(*word).count_ones())).sum()
    };
    let in_blocks: u64 = blocks.iter().map(in_block).sum();
    in_blocks + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
}

/// How many bytes from the first on are `byte`.
fn run_len(bytes: &[u8], byte: u8) -> usize {
    let word = u64::from_le_bytes([byte; 8]);
    let is_run = |block: &[u8; BLOCK_LEN]| {
        block.as_chunks().0.iter().fold(0, |other, it| other | (word_of(*it) ^ word)) == 0
    };
    let blocks = bytes.as_chunks::<BLOCK_LEN>().0.iter().take_while(|block| is_run(block)).count();
    let passed = blocks * BLOCK_LEN;
    passed + bytes[passed..].iter().take_while(|it| **it == byte).count()
}

fn word_of(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes)
}

/// Bytes that are looked at together, so that the compiler takes several words at once.
const BLOCK_LEN: usize = 64;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// Bits one by one.
    fn bits_of(text: &[u8]) -> Vec<bool> {
        (0..text.len() as u64 * 8).map(|offset| bit(text, offset)).collect()
    }

    #[test]
    fn bits_are_counted_from_the_highest_of_the_first_byte() {
        let mut value = StringValue::Raw(Bytes::new());
        for (offset, text) in
            [(7, &b"\x01"[..]), (0, b"\x81"), (15, b"\x81\x01"), (32, b"\x81\x01\0\0\x80")]
        {
            assert!(!set_bit(&mut value, offset, true));
            assert!(set_bit(&mut value, offset, true));
            assert_eq!(value, StringValue::Raw(Bytes::from_static(text)));
        }
        assert!(set_bit(&mut value, 7, false));
        assert!(!set_bit(&mut value, 47, false));
        assert_eq!(value, StringValue::Raw(Bytes::from_static(b"\x80\x01\0\0\x80\0")));
        assert!(!bit(b"\xff", 8) && !bit(b"\xff", u64::MAX) && bit(b"\xff", 0));
    }

    #[test]
    fn setting_a_bit_leaves_other_handles_as_they_were() {
        let mut value = StringValue::Raw(Bytes::from(vec![0; 2000]));
        let held = value.clone();
        assert!(!set_bit(&mut value, 9, true));
        assert_ne!(held, value);
        assert_eq!(held, StringValue::Raw(Bytes::from(vec![0; 2000])));
    }

    #[test]
    fn a_number_becomes_text() {
        let mut value = StringValue::Int(12);
        assert!(!set_bit(&mut value, 6, true));
        assert_eq!(value, StringValue::Raw(Bytes::from_static(b"32")));
    }

    /// At every offset in strings that are longer than a block, with one bit that differs.
    #[test]
    fn ranges_agree_with_bits_one_by_one() {
        for len in [1, 2, 9, BLOCK_LEN, 2 * BLOCK_LEN + 3] {
            for fill in [0, 0xff, 0xa5] {
                let mut text = vec![fill; len];
                text[len * 2 / 3] ^= 0x10;
                let bits = bits_of(&text);
                for start in 0..bits.len() {
                    for end in [
                        start,
                        start + 1,
                        start + 7,
                        start + 70,
                        bits.len() - 9.min(bits.len()),
                        bits.len(),
                    ] {
                        let (end, range) =
                            (end.min(bits.len()), start as u64..end.min(bits.len()) as u64);
                        let slice = bits.get(start..end).unwrap_or_default();
                        let ones = slice.iter().filter(|bit| **bit).count();
                        assert_eq!(count_ones(&text, range.clone()), ones as u64);
                        for bit in [false, true] {
                            let first = slice.iter().position(|it| *it == bit);
                            let first = first.map(|at| (start + at) as u64);
                            assert_eq!(first_bit(&text, bit, range.clone()), first);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn shorter_texts_are_filled_up() {
        let texts: [&[u8]; 3] = [b"\xff\x0f", b"\xf1\xf2\xf3\xf4", b"\x11"];
        assert_eq!(combine(BitOp::And, &texts), b"\x11\0\0\0");
        assert_eq!(combine(BitOp::Or, &texts), b"\xff\xff\xf3\xf4");
        assert_eq!(combine(BitOp::Xor, &texts), b"\x1f\xfd\xf3\xf4");
        assert_eq!(combine(BitOp::And, &[b"", b"ab"]), b"\0\0");
        assert_eq!(combine(BitOp::Or, &[b"ab"]), b"ab");
        assert_eq!(combine(BitOp::Or, &[]), b"");
        assert_eq!(invert(b"\0\xf0"), b"\xff\x0f");
    }
}
