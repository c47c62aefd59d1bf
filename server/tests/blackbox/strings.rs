//! Strings that encoders and decoders are likely to get wrong.

/// Values whose encoding changes from one to the next: every integer width at both ends, text
/// that only looks like a number, and lengths about the limits of compression and of the header.
pub(crate) fn values() -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = Vec::new();
    for bits in [8, 16, 32, 64] {
        let (min, max) = (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1);
        values.extend([min - 1, min, max, max + 1].map(|number| number.to_string().into()));
    }
    let odd = ["", "0", "-1", "007", "+1", "-0", " 1", "1 ", "1.5", "\0", "\r\n"];
    values.extend(odd.map(Into::into));
    values.push((0..=255).collect());
    for len in (19..=24).chain([63, 64, 16_383, 16_384, 65_535, 65_536, 65_537]) {
        values.push(vec![b'a'; len]);
        values.push(noise(len));
    }
    values
}

/// Bytes that cannot be compressed, always the same.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    bytes.take(len.div_ceil(8)).flatten().take(len).collect()
}
