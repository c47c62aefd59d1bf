//! The keys: name, value and expiry of each follow from the seed and its number alone, so that
//! they can be told again for the check without being kept.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;

/// All the keys.
pub(super) struct Dataset {
    len: u64,
    seed: u64,
    /// Before the first expiry, in Unix milliseconds.
    epoch_ms: i64,
    total_bytes: u64,
}

/// One key.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Vec<u8>,
    pub(super) value: Recipe,
    pub(super) expire_at_ms: Option<i64>,
}

/// How to make a value.
#[derive(Debug)]
pub(super) enum Recipe {
    /// The decimal digits of a number.
    Integer(i64),
    /// Words, which compress well.
    Text { seed: u64, len: usize },
    /// Any bytes, which do not compress.
    Noise { seed: u64, len: usize },
}

impl Dataset {
    /// `len` keys that outlive the demonstration by far.
    pub(super) fn new(len: u64, seed: u64) -> anyhow::Result<Self> {
        let epoch = (SystemTime::now() + LIFE_MIN).duration_since(SystemTime::UNIX_EPOCH)?;
        let epoch_ms = i64::try_from(epoch.as_millis()).context("the clock is far off")?;
        let mut data = Self { len, seed, epoch_ms, total_bytes: 0 };
        data.total_bytes = (0..len).map(|index| data.entry(index).bytes()).sum();
        Ok(data)
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Length of all names and values.
    pub(super) fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// The key with this number.
    pub(super) fn entry(&self, index: u64) -> Entry {
        let mut random = Random::new(self.seed.wrapping_mul(SEED_STRIDE).wrapping_add(index));
        Entry {
            key: key(index, &mut random),
            value: recipe(index, &mut random),
            expire_at_ms: (random.below(3) == 0)
                .then(|| self.epoch_ms + random.below(LIFE_SPREAD_MS) as i64),
        }
    }
}

impl Entry {
    /// Length of name and value.
    pub(super) fn bytes(&self) -> u64 {
        (self.key.len() + self.value.len()) as u64
    }
}

impl Recipe {
    pub(super) fn len(&self) -> usize {
        match *self {
            Self::Integer(number) => itoa::Buffer::new().format(number).len(),
            Self::Text { len, .. } | Self::Noise { len, .. } => len,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match *self {
            Self::Integer(number) => itoa::Buffer::new().format(number).into(),
            Self::Text { seed, len } => {
                let mut random = Random::new(seed);
                let mut text = Vec::with_capacity(len + WORD_BYTES_MAX);
                while text.len() < len {
                    text.extend_from_slice(WORDS[random.below(WORDS.len() as u64) as usize]);
                }
                text.truncate(len);
                text
            }
            Self::Noise { seed, len } => {
                let mut random = Random::new(seed);
                let mut noise = Vec::with_capacity(len + size_of::<u64>());
                while noise.len() < len {
                    noise.extend_from_slice(&random.next().to_le_bytes());
                }
                noise.truncate(len);
                noise
            }
        }
    }
}

/// The number in each name keeps names apart; one in four is no text.
fn key(index: u64, random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => {
            let mut key = b"\0\xff\r\n".to_vec();
            key.extend_from_slice(&index.to_be_bytes());
            key.extend_from_slice(&random.next().to_be_bytes());
            key
        }
        1 => format!("session:{index}:{:016x}", random.next()).into_bytes(),
        2 => format!("order:{{{}}}:{index}", random.below(1000)).into_bytes(),
        _ => format!("user:{index}:profile").into_bytes(),
    }
}

fn recipe(index: u64, random: &mut Random) -> Recipe {
    let len = if index.is_multiple_of(LARGE_PERIOD) {
        LARGE_BYTES_MIN + random.below(LARGE_BYTES_SPREAD)
    } else {
        match random.below(100) {
            // Numbers of all lengths, on both sides of zero.
            0..30 => return Recipe::Integer(random.next() as i64 >> random.below(64)),
            30..65 => random.below(65),
            // Each doubling from 100 bytes on is as likely as the next.
            _ => {
                let scale = 100 << random.below(7);
                (scale + random.below(scale)).min(MEDIUM_BYTES_MAX)
            }
        }
    } as usize;
    let seed = random.next();
    if random.below(2) == 0 { Recipe::Text { seed, len } } else { Recipe::Noise { seed, len } }
}

/// The generator SplitMix64 (Steele, Lea and Flood, 2014): fast, and good from any seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        let mut random = Self(seed);
        Self(random.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number less than `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

/// Keeps the keys of neighbouring seeds apart.
const SEED_STRIDE: u64 = 0xd1b5_4a32_d192_ed03;

/// No key expires sooner ...
const LIFE_MIN: Duration = Duration::from_secs(3600);

/// ... or later than this after that.
const LIFE_SPREAD_MS: u64 = 24 * 3600 * 1000;

/// One key in so many is large.
const LARGE_PERIOD: u64 = 6250;

const LARGE_BYTES_MIN: u64 = 1024 * 1024;
const LARGE_BYTES_SPREAD: u64 = 7 * 1024 * 1024;
const MEDIUM_BYTES_MAX: u64 = 10 * 1024;

const WORDS: [&[u8]; 8] = [
    b"ferry ",
    b"crossing ",
    b"harbour ",
    b"\xc3\x98resund ",
    b"captain ",
    b"tide ",
    b"cargo\r\n",
    b"passenger ",
];
const WORD_BYTES_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_differ() {
        let data = Dataset::new(10_000, 1).unwrap();
        let names: HashSet<_> = (0..data.len()).map(|index| data.entry(index).key).collect();
        assert_eq!(names.len(), 10_000);
    }

    #[test]
    fn entries_are_told_again_alike_and_as_long_as_announced() {
        let data = Dataset::new(3000, 7).unwrap();
        let mut total = 0;
        for index in 0..data.len() {
            let (one, other) = (data.entry(index), data.entry(index));
            let value = one.value.to_bytes();
            assert_eq!(value.len(), one.value.len(), "{one:?}");
            assert_eq!((&one.key, one.expire_at_ms), (&other.key, other.expire_at_ms));
            assert_eq!(value, other.value.to_bytes());
            total += (one.key.len() + value.len()) as u64;
        }
        assert_eq!(total, data.total_bytes());
    }

    #[test]
    fn seeds_give_different_data() {
        let (one, other) = (Dataset::new(100, 1).unwrap(), Dataset::new(100, 2).unwrap());
        let same = |index: &u64| {
            one.entry(*index).value.to_bytes() == other.entry(*index).value.to_bytes()
        };
        assert!((0..100).filter(same).count() < 10);
    }
}
