//! How many elements registers stand for, after Otmar Ertl, "New cardinality estimation algorithms
//! for HyperLogLog sketches". The operations come in the order of Redis, for their sums are rounded.

use std::fmt;

use super::{HASH_BITS, REGISTERS};

/// Registers that several HyperLogLogs are merged in, a byte each.
#[derive(Clone, Eq, PartialEq)]
pub struct Registers(Box<[u8]>);

impl Registers {
    /// Of nothing.
    pub fn new() -> Self {
        Self(vec![0; REGISTERS].into())
    }

    /// The value of each, less than 64.
    pub fn values(&self) -> &[u8] {
        &self.0
    }

    /// The estimate of how many different elements were added.
    pub fn count(&self) -> u64 {
        cardinality(&histogram(self.0.as_chunks().0.iter().copied()))
    }

    pub(super) fn raise(&mut self, register: usize, value: u8) {
        self.0[register] = self.0[register].max(value);
    }

    /// Raises all, sixteen at a time.
    pub(super) fn raise_all(&mut self, values: impl Iterator<Item = [u8; 16]>) {
        for (own, values) in self.0.as_chunks_mut::<16>().0.iter_mut().zip(values) {
            *own = std::array::from_fn(|nth| own[nth].max(values[nth]));
        }
    }
}

impl Default for Registers {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Registers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registers").field("count", &self.count()).finish_non_exhaustive()
    }
}

/// The number of registers of each value.
pub(super) fn histogram(values: impl Iterator<Item = [u8; 16]>) -> [u32; 64] {
    // A count that was just written is waited for: so many in a row may be the same.
    let mut parts = [[0; 64]; 16];
    for values in values {
        for (part, value) in parts.iter_mut().zip(values) {
            part[usize::from(value % 64)] += 1;
        }
    }
    std::array::from_fn(|value| parts.iter().map(|part| part[value]).sum())
}

/// The estimate from the number of registers of each value.
pub(super) fn cardinality(histogram: &[u32; 64]) -> u64 {
    let all = REGISTERS as f64;
    let mut sum = all * tau((all - f64::from(histogram[HASH_BITS + 1])) / all);
    for count in histogram[1..=HASH_BITS].iter().rev() {
        sum += f64::from(*count);
        sum *= 0.5;
    }
    sum += all * sigma(f64::from(histogram[0]) / all);
    let count = (ALPHA * all * all / sum).round();
    // What no signed number of 64 bits tells, from registers that no element sets, is the least of
    // them to the C library.
    if count < COUNT_END { count as u64 } else { COUNT_END as u64 }
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * y;
        y += y;
        if before == sum {
            return sum;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        y *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * y;
        if before == sum {
            return sum / 3.0;
        }
    }
}

/// 2^63
const COUNT_END: f64 = 9_223_372_036_854_775_808.0;

/// 1 / (2 ln 2)
const ALPHA: f64 = 0.721_347_520_444_481_7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_scale() {
        let count = |value: usize| {
            let mut histogram = [0; 64];
            histogram[value] = REGISTERS as u32;
            cardinality(&histogram)
        };
        assert_eq!(count(0), 0);
        assert!(count(1) < count(2));
        // Elements never come to set all registers so high.
        assert_eq!(count(HASH_BITS + 1), 1 << 63);
        assert_eq!(count(63), 1 << 63);
        assert_eq!(Registers::new().count(), 0);
    }
}
