//! Pseudorandom choices that can be made again.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// A SplitMix64 generator.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }
}

/// The seed of the first sequence of a test, and how many it runs: `KEYFERRY_SEED` and
/// `KEYFERRY_SEQUENCES` choose them.
pub(crate) fn chosen_or_random(default: u64) -> (u64, u64) {
    let number = |name| env::var(name).ok().map(|text| text.parse().expect("a number"));
    let seed = number("KEYFERRY_SEED");
    let count = number("KEYFERRY_SEQUENCES");
    let first = seed.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64
    });
    (first, count.unwrap_or(if seed.is_some() { 1 } else { default }))
}
