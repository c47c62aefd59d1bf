//! Carry-less multiplication over short input.
//!
//! Input is a polynomial over GF(2) whose highest coefficient is the lowest bit of its first byte. 16
//! bytes are folded into the 16 after them: what stands 128 bits before those is worth itself times
//! x^128 modulo the polynomial of the CRC, so that two products take its place. The last 16 bytes are
//! reduced by Barrett's method. Registers hold bits in the order of the input, so a product comes out
//! one bit too low, and the constants are for one power of x less.

#![expect(
    unsafe_code,
    reason = "100 bytes take 31 ns, 90 by tables and more by a digest, of the 500 that a DUMP of them \
              takes; there is no safe way to call what is compiled for a feature that was detected"
)]

use std::arch::x86_64::{
    __m128i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_unpackhi_epi64,
    _mm_xor_si128,
};

use super::POLYNOMIAL_REFLECTED;

/// Bytes that are folded at a time, and the fewest that can be.
pub(super) const BLOCK: usize = 16;

/// The CRC after `bytes`, if the processor can, and there is a block of them at least.
#[inline]
pub(super) fn update(state: u64, bytes: &[u8]) -> Option<u64> {
    if !is_x86_feature_detected!("pclmulqdq") {
        return None;
    }
    let first = bytes.first_chunk()?;
    // SAFETY: the processor has the instructions that the function is compiled for.
    Some(unsafe { fold(state, first, bytes) })
}

#[target_feature(enable = "pclmulqdq")]
fn fold(state: u64, first: &[u8; BLOCK], bytes: &[u8]) -> u64 {
    // Zeros ahead of everything change nothing, and make whole blocks of it.
    let (head, blocks) = bytes.split_at(bytes.len() % BLOCK);
    let (blocks, _) = blocks.as_chunks::<BLOCK>();
    let head_bits = 8 * head.len() as u32;
    let zero_bits = u128::BITS - head_bits;
    // The state is added to the first 8 bytes, which may begin in the head and end in the first block.
    let head = u128::from_le_bytes(*first) ^ u128::from(state);
    let mut folded = register(head.checked_shl(zero_bits).unwrap_or(0));
    let mut carried = u128::from(state.checked_shr(head_bits).unwrap_or(0));
    for block in blocks {
        let next = register(u128::from_le_bytes(*block) ^ carried);
        carried = 0;
        folded = _mm_xor_si128(multiply_by_x128(folded), next);
    }
    reduce(folded)
}

/// A polynomial of less than 128 bits, times x^128.
#[target_feature(enable = "pclmulqdq")]
fn multiply_by_x128(polynomial: __m128i) -> __m128i {
    const FACTORS: [u64; 2] = [power(64 + 128 - 1), power(128 - 1)];
    let factors = _mm_set_epi64x(FACTORS[1] as i64, FACTORS[0] as i64);
    let high = _mm_clmulepi64_si128::<0x00>(polynomial, factors);
    let low = _mm_clmulepi64_si128::<0x11>(polynomial, factors);
    _mm_xor_si128(high, low)
}

/// A polynomial of less than 128 bits, times x^64, modulo the polynomial of the CRC.
#[target_feature(enable = "pclmulqdq")]
fn reduce(polynomial: __m128i) -> u64 {
    const FACTOR: u64 = power(128 - 1);
    let factor = _mm_set_epi64x(0, FACTOR as i64);
    let high = _mm_clmulepi64_si128::<0x00>(polynomial, factor);
    let dividend = _mm_xor_si128(high, _mm_unpackhi_epi64(polynomial, _mm_set_epi64x(0, 0)));
    // The whole part of the quotient, and what it is less than the dividend.
    let inverse = _mm_set_epi64x(0, (INVERSE << 1 | 1) as i64);
    let quotient = _mm_clmulepi64_si128::<0x00>(dividend, inverse);
    let divisor = _mm_set_epi64x(0, (POLYNOMIAL_REFLECTED << 1 | 1) as i64);
    let product = _mm_clmulepi64_si128::<0x00>(quotient, divisor);
    let rest = high_half(_mm_xor_si128(product, dividend));
    rest ^ low_half(quotient)
}

#[target_feature(enable = "sse2")]
fn register(value: u128) -> __m128i {
    _mm_set_epi64x((value >> 64) as i64, value as i64)
}

#[target_feature(enable = "sse2")]
fn low_half(register: __m128i) -> u64 {
    _mm_cvtsi128_si64(register) as u64
}

#[target_feature(enable = "sse2")]
fn high_half(register: __m128i) -> u64 {
    low_half(_mm_unpackhi_epi64(register, register))
}

/// x^n modulo the polynomial, for n of 64 and more.
const fn power(n: u32) -> u64 {
    // x^63, the last bit.
    let mut power = 1;
    let mut at = 63;
    while at < n {
        power = times_x(power);
        at += 1;
    }
    power
}

const fn times_x(polynomial: u64) -> u64 {
    polynomial >> 1 ^ if polynomial & 1 == 1 { POLYNOMIAL_REFLECTED } else { 0 }
}

/// The whole part of x^128 divided by the polynomial, without its x^64.
const INVERSE: u64 = {
    // Long division of x^128: x^64 goes into it once and leaves the polynomial without its x^64.
    let mut rest = POLYNOMIAL_REFLECTED;
    let mut quotient = 0;
    let mut bit = 0;
    while bit < 64 {
        // The quotient has x^(63 - bit) if the rest has x^63 before it is multiplied by x.
        quotient |= (rest & 1) << bit;
        rest = times_x(rest);
        bit += 1;
    }
    quotient
};
