//! Keys whose changes are told to all who have asked for their prefix.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::park::Parked;

/// The prefixes, by name.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    prefixes: BTreeMap<Bytes, Prefix>,
    /// A key has changed since the last broadcast.
    is_due: bool,
}

/// Who has asked for the keys that begin with a prefix, and which of them have changed since the last
/// broadcast.
#[derive(Debug, Default)]
pub(super) struct Prefix {
    /// Slots by ids: those who do not want to be told of their own changes apart.
    receivers: BTreeMap<u64, usize>,
    keys: ChangedKeys,
}

/// Keys, each with the client that has changed it last.
pub(super) type ChangedKeys = BTreeMap<Bytes, Option<u64>>;

impl Prefixes {
    /// Number of prefixes.
    pub(super) fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// A client asks for the keys that begin with this.
    pub(super) fn add(&mut self, prefix: Bytes, (slot, id): Parked) {
        self.prefixes.entry(prefix).or_default().receivers.insert(id, slot);
    }

    /// A client does not ask for them any more.
    pub(super) fn remove(&mut self, prefix: &[u8], id: u64) {
        let Some(asked) = self.prefixes.get_mut(prefix) else { return };
        asked.receivers.remove(&id);
        if asked.receivers.is_empty() {
            self.prefixes.remove(prefix);
        }
    }

    /// A key was changed, by this client.
    pub(super) fn key_changed(&mut self, key: &Bytes, by: Option<u64>) {
        for (_, asked) in self.prefixes.iter_mut().filter(|(prefix, _)| key.starts_with(prefix)) {
            asked.keys.insert(key.clone(), by);
            self.is_due = true;
        }
    }

    /// Whether a key that somebody has asked for has changed since the last broadcast.
    pub(super) fn are_due(&self) -> bool {
        self.is_due
    }

    /// Who is to be told of which keys, prefix by prefix.
    pub(super) fn take(&mut self) -> Vec<(Vec<Parked>, ChangedKeys)> {
        self.is_due = false;
        let changed = self.prefixes.values_mut().filter(|asked| !asked.keys.is_empty());
        changed
            .map(|asked| {
                let receivers = asked.receivers.iter().map(|(id, slot)| (*slot, *id)).collect();
                (receivers, std::mem::take(&mut asked.keys))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_once_with_who_changed_them_last() {
        let mut prefixes = Prefixes::default();
        prefixes.add(Bytes::new(), (0, 10));
        prefixes.add(Bytes::from_static(b"a"), (1, 11));
        prefixes.add(Bytes::from_static(b"a"), (0, 10));
        prefixes.add(Bytes::from_static(b"b"), (1, 11));
        assert!(!prefixes.are_due());
        for (key, by) in [("ab", Some(1)), ("a", None), ("ab", Some(2)), ("c", None)] {
            prefixes.key_changed(&Bytes::from_static(key.as_bytes()), by);
        }
        assert!(prefixes.are_due());
        let keys = |keys: &[(&'static str, _)]| {
            keys.iter().map(|(key, by)| (Bytes::from_static(key.as_bytes()), *by)).collect()
        };
        let wanted = [
            (vec![(0, 10)], keys(&[("a", None), ("ab", Some(2)), ("c", None)])),
            (vec![(0, 10), (1, 11)], keys(&[("a", None), ("ab", Some(2))])),
        ];
        assert_eq!(prefixes.take(), wanted);
        assert!(!prefixes.are_due() && prefixes.take().is_empty());
        prefixes.remove(b"a", 10);
        prefixes.remove(b"a", 11);
        prefixes.remove(b"none", 11);
        assert_eq!(prefixes.len(), 2);
    }
}
