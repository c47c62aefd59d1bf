//! When or how often a key was accessed, in four bytes.

/// What access records are kept for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AccessPolicy {
    /// How long a key has not been accessed.
    #[default]
    Lru,
    /// How often a key has been accessed, on a logarithmic scale that decays.
    Lfu,
}

/// The access record of a key: its last access under [`AccessPolicy::Lru`], its frequency under
/// [`AccessPolicy::Lfu`].
///
/// A record keeps its kind when the policy changes, until the key is accessed again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Access(
    /// Top bit clear: seconds of Unix time, modulo 2^31. Top bit set: Redis's record of 24 bits, the
    /// minutes of the last access modulo 2^16 and below them the frequency.
    u32,
);

impl Access {
    /// The record of a key that was last accessed `idle_seconds` before `now_ms`. More than 34 years
    /// (2^30 - 1 seconds) are taken for those: what is longer reads as a clock that was set back.
    pub fn idle(idle_seconds: u64, now_ms: i64) -> Self {
        let now = now_ms.div_euclid(1000);
        let then = now.saturating_sub(idle_seconds.min((CLOCK_MASK / 2).into()) as i64);
        Self(then as u32 & CLOCK_MASK)
    }

    /// The record of a key with this logarithmic frequency at `now_ms`.
    pub fn frequent(frequency: u8, now_ms: i64) -> Self {
        Self(LFU_TAG | u32::from(minutes(now_ms)) << 8 | u32::from(frequency))
    }

    pub(crate) fn to_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(bytes))
    }

    /// The policy that the record was made under.
    pub fn policy(self) -> AccessPolicy {
        if self.0 & LFU_TAG == 0 { AccessPolicy::Lru } else { AccessPolicy::Lfu }
    }

    /// Seconds since the last access, under [`AccessPolicy::Lru`].
    pub fn idle_seconds(self, now_ms: i64) -> Option<u64> {
        match self.policy() {
            AccessPolicy::Lru => {
                let now = now_ms.div_euclid(1000) as u32;
                let idle_seconds = now.wrapping_sub(self.0) & CLOCK_MASK;
                // A clock that was set back a little, not 34 years of idleness and more.
                Some(if idle_seconds > CLOCK_MASK / 2 { 0 } else { idle_seconds.into() })
            }
            AccessPolicy::Lfu => None,
        }
    }

    /// The logarithmic frequency, decayed by one for each minute without access, under
    /// [`AccessPolicy::Lfu`].
    pub fn frequency(self, now_ms: i64) -> Option<u8> {
        match self.policy() {
            AccessPolicy::Lru => None,
            AccessPolicy::Lfu => {
                let elapsed = minutes(now_ms).wrapping_sub((self.0 >> 8) as u16);
                Some((self.0 as u8).saturating_sub(u8::try_from(elapsed).unwrap_or(u8::MAX)))
            }
        }
    }
}

/// Makes and renews the access records of a database.
pub(crate) struct AccessClock {
    pub(crate) policy: AccessPolicy,
    /// The latest time that anybody told.
    now_ms: i64,
    /// State of a xorshift generator, never 0.
    random: u64,
}

impl AccessClock {
    pub(crate) fn new(seed: u64) -> Self {
        Self { policy: AccessPolicy::default(), now_ms: 0, random: seed | 1 }
    }

    pub(crate) fn set_now(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
    }

    /// The record of a new key.
    pub(crate) fn record(&self) -> Access {
        match self.policy {
            AccessPolicy::Lru => Access::idle(0, self.now_ms),
            AccessPolicy::Lfu => Access::frequent(NEW_FREQUENCY, self.now_ms),
        }
    }

    /// Records one more access.
    pub(crate) fn touch(&mut self, access: &mut Access) {
        *access = match (self.policy, access.frequency(self.now_ms)) {
            (AccessPolicy::Lfu, Some(frequency)) => {
                // Redis's probability of an increment, 1 / (base * log factor + 1).
                let base = u64::from(frequency.saturating_sub(NEW_FREQUENCY));
                let more = self.random() <= u64::MAX / (base * LOG_FACTOR + 1);
                Access::frequent(frequency.saturating_add(more.into()), self.now_ms)
            }
            _ => self.record(),
        };
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

fn minutes(now_ms: i64) -> u16 {
    now_ms.div_euclid(60_000) as u16
}

const LFU_TAG: u32 = 1 << 31;
const CLOCK_MASK: u32 = !LFU_TAG;

/// Frequency of a new key, so that it is not evicted before it had a chance (Redis: `LFU_INIT_VAL`).
const NEW_FREQUENCY: u8 = 5;

/// Redis's default `lfu-log-factor`: a million accesses saturate the counter.
const LOG_FACTOR: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_idleness_is_not_taken_for_none() {
        let now_ms = 1_700_000_000_000;
        let longest = u64::from(CLOCK_MASK / 2);
        for (given, read) in [
            (0, 0),
            (longest - 1, longest - 1),
            (longest, longest),
            (longest + 1, longest),
            (2_000_000_000, longest),
            (u64::MAX, longest),
        ] {
            assert_eq!(Access::idle(given, now_ms).idle_seconds(now_ms), Some(read), "{given}");
        }
    }
}
