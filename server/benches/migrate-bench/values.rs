//! What the values are made of: bytes without a pattern, so that nobody's compression makes the
//! payloads smaller, and the same in every run.

/// Bytes that follow from `seed`.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0xd1b5_4a32_d192_ed03);
    let mut noise = Vec::with_capacity(len + size_of::<u64>());
    while noise.len() < len {
        noise.extend_from_slice(&next(&mut state).to_le_bytes());
    }
    noise.truncate(len);
    noise
}

/// The generator SplitMix64 (Steele, Lea and Flood, 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
