//! Where every key is, and whether it is what it was.

use anyhow::ensure;
use bytes::Bytes;
use resp::Reply;

use super::client::Client;
use super::data::{Dataset, Entry};

/// What the check has found. Each key is counted under one of the places.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Findings {
    pub(super) only_target: u64,
    pub(super) only_source: u64,
    pub(super) both: u64,
    pub(super) neither: u64,
    /// Keys that have another value, on either side.
    pub(super) other_value: u64,
    /// Keys that have another expiry, on either side.
    pub(super) other_expiry: u64,
    /// Keys that nobody has put there, or that are listed and cannot be found.
    pub(super) strays: u64,
}

impl Findings {
    /// Whether every key has left the source, has reached the target, and is as it was.
    pub(super) fn all_moved(&self) -> bool {
        *self == Self { only_target: self.only_target, ..Self::default() }
    }

    pub(super) fn on_source(&self) -> u64 {
        self.only_source + self.both
    }

    pub(super) fn on_target(&self) -> u64 {
        self.only_target + self.both
    }

    fn count(&mut self, entry: &Entry, source: Option<&Held>, target: Option<&Held>) {
        let place = match (source, target) {
            (None, Some(_)) => &mut self.only_target,
            (Some(_), None) => &mut self.only_source,
            (Some(_), Some(_)) => &mut self.both,
            (None, None) => &mut self.neither,
        };
        *place += 1;
        let value = entry.value.to_bytes();
        let held = || source.into_iter().chain(target);
        self.other_value += u64::from(held().any(|held| held.value != value));
        self.other_expiry += u64::from(held().any(|held| held.expire_at_ms != entry.expire_at_ms));
    }
}

/// What a server holds under a name.
#[derive(Clone, Debug)]
pub(super) struct Held {
    value: Bytes,
    expire_at_ms: Option<i64>,
}

/// One side as the check sees it.
pub(super) trait Side {
    /// Asks for these keys; [`answer`](Self::answer) gives the answers, in order.
    fn ask(&mut self, entries: &[Entry]) -> anyhow::Result<()>;

    fn answer(&mut self) -> anyhow::Result<Option<Held>>;
}

/// Looks for every key on both sides. `progress` is told the length of what has been looked for
/// and may end the check with an error.
///
/// # Errors
/// A side does not answer, or not what it should.
pub(super) fn check(
    data: &Dataset,
    source: &mut impl Side,
    target: &mut impl Side,
    mut progress: impl FnMut(u64) -> anyhow::Result<()>,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    for first in (0..data.len()).step_by(PIPELINE_KEYS) {
        let entries = (first..data.len()).take(PIPELINE_KEYS).map(|index| data.entry(index));
        let entries: Vec<Entry> = entries.collect();
        source.ask(&entries)?;
        target.ask(&entries)?;
        for entry in &entries {
            let (on_source, on_target) = (source.answer()?, target.answer()?);
            findings.count(entry, on_source.as_ref(), on_target.as_ref());
        }
        progress(entries.iter().map(Entry::bytes).sum())?;
    }
    Ok(findings)
}

/// By how much the number of keys at a server differs from those that were `found` there and
/// those that its other client has `left`.
pub(super) fn strays(client: &mut Client, found: u64, left: u64) -> anyhow::Result<u64> {
    match client.call(&["DBSIZE"])? {
        Reply::Integer(len) => Ok(len.abs_diff((found + left) as i64)),
        other => Err(client.unexpected(&other)),
    }
}

impl Side for Client {
    fn ask(&mut self, entries: &[Entry]) -> anyhow::Result<()> {
        for entry in entries {
            self.push(&[b"GET", &entry.key[..]]);
            self.push(&[b"PEXPIRETIME", &entry.key[..]]);
        }
        self.send()
    }

    fn answer(&mut self) -> anyhow::Result<Option<Held>> {
        let value = match self.reply()? {
            Reply::Bulk(value) => Some(value),
            Reply::Null => None,
            other => return Err(self.unexpected(&other)),
        };
        let expire_at_ms = match self.reply()? {
            Reply::Integer(-2) => {
                ensure!(value.is_none(), "a key was deleted during the check");
                return Ok(None);
            }
            Reply::Integer(-1) => None,
            Reply::Integer(expire_at_ms) => Some(expire_at_ms),
            other => return Err(self.unexpected(&other)),
        };
        let value = value.ok_or_else(|| anyhow::anyhow!("a key was created during the check"))?;
        Ok(Some(Held { value, expire_at_ms }))
    }
}

/// Their requests fit into the buffers of a connection while neither side has read a reply.
const PIPELINE_KEYS: usize = 256;

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, VecDeque};

    use super::*;

    #[derive(Default)]
    struct Memory {
        held: HashMap<Vec<u8>, Held>,
        asked: VecDeque<Vec<u8>>,
    }

    impl Side for Memory {
        fn ask(&mut self, entries: &[Entry]) -> anyhow::Result<()> {
            self.asked.extend(entries.iter().map(|entry| entry.key.clone()));
            Ok(())
        }

        fn answer(&mut self) -> anyhow::Result<Option<Held>> {
            let key = self.asked.pop_front().expect("one answer for each key");
            Ok(self.held.get(&key).cloned())
        }
    }

    const KEYS: u64 = 1000;

    /// What the check finds after `change` was made to a target that holds every key, and to a
    /// source that holds none. It is given the name of a key that expires.
    fn findings(change: impl FnOnce(&mut Memory, &mut Memory, &[u8])) -> Findings {
        let data = Dataset::new(KEYS, 1).unwrap();
        let (mut source, mut target) = (Memory::default(), Memory::default());
        let mut expiring = Vec::new();
        for entry in (0..data.len()).map(|index| data.entry(index)) {
            if entry.expire_at_ms.is_some() {
                expiring.clone_from(&entry.key);
            }
            let held =
                Held { value: entry.value.to_bytes().into(), expire_at_ms: entry.expire_at_ms };
            target.held.insert(entry.key, held);
        }
        change(&mut source, &mut target, &expiring);
        check(&data, &mut source, &mut target, |_| Ok(())).unwrap()
    }

    #[test]
    fn everything_moved() {
        let findings = findings(|_, _, _| {});
        assert_eq!(findings, Findings { only_target: KEYS, ..Findings::default() });
        assert!(findings.all_moved());
    }

    #[test]
    fn a_lost_key() {
        let findings = findings(|_, target, key| {
            target.held.remove(key);
        });
        let expected = Findings { only_target: KEYS - 1, neither: 1, ..Findings::default() };
        assert_eq!(findings, expected);
        assert!(!findings.all_moved());
    }

    #[test]
    fn a_key_on_both_sides() {
        let findings = findings(|source, target, key| {
            source.held.insert(key.to_vec(), target.held[key].clone());
        });
        assert_eq!(findings, Findings { only_target: KEYS - 1, both: 1, ..Findings::default() });
        assert!(!findings.all_moved());
        assert_eq!((findings.on_source(), findings.on_target()), (1, KEYS));
    }

    #[test]
    fn a_key_that_has_stayed() {
        let findings = findings(|source, target, key| {
            source.held.extend(target.held.remove_entry(key));
        });
        let expected = Findings { only_target: KEYS - 1, only_source: 1, ..Findings::default() };
        assert_eq!(findings, expected);
        assert!(!findings.all_moved());
    }

    #[test]
    fn another_value() {
        let findings = findings(|_, target, key| {
            let held = target.held.get_mut(key).unwrap();
            held.value = [&held.value[..], b"!"].concat().into();
        });
        let expected = Findings { only_target: KEYS, other_value: 1, ..Findings::default() };
        assert_eq!(findings, expected);
        assert!(!findings.all_moved());
    }

    #[test]
    fn an_expiry_off_by_a_millisecond_and_one_that_is_gone() {
        for change in [|at: i64| Some(at + 1), |_| None] {
            let findings = findings(|_, target, key| {
                let held = target.held.get_mut(key).unwrap();
                held.expire_at_ms = held.expire_at_ms.and_then(change);
            });
            let expected = Findings { only_target: KEYS, other_expiry: 1, ..Findings::default() };
            assert_eq!(findings, expected);
            assert!(!findings.all_moved());
        }
    }
}
