//! Which keys clients may have in their caches.

use foldhash::fast::RandomState;
use indexmap::IndexMap;

use crate::park::Parked;

/// The keys that clients have read since they were told of them last, whatever the database.
///
/// Who does not cache any more is not looked for in it, but left out when there are many readers of a
/// key, and passed over when it changes.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Of each key who has read it, in the order of [`Parked`].
    keys: IndexMap<Box<[u8]>, Vec<Parked>, RandomState>,
    /// Readers of all keys.
    items: usize,
}

impl Table {
    /// Number of keys.
    pub(super) fn keys_len(&self) -> usize {
        self.keys.len()
    }

    /// Number of keys, each as often as clients have read it.
    pub(super) fn items_len(&self) -> usize {
        self.items
    }

    /// A client has read a key; `caches` tells who still does.
    pub(super) fn insert(&mut self, key: &[u8], client: Parked, caches: impl Fn(Parked) -> bool) {
        let readers = match self.keys.get_mut(key) {
            Some(readers) => readers,
            None => self.keys.entry(key.into()).or_default(),
        };
        if readers.len() >= READERS_PLENTY && readers.len() == readers.capacity() {
            self.items -= readers.len();
            readers.retain(|reader| caches(*reader));
            self.items += readers.len();
        }
        if let Err(place) = readers.binary_search(&client) {
            readers.insert(place, client);
            self.items += 1;
        }
    }

    /// Forgets a key, and tells who has read it.
    pub(super) fn remove(&mut self, key: &[u8]) -> Vec<Parked> {
        let readers = self.keys.swap_remove(key).unwrap_or_default();
        self.items -= readers.len();
        readers
    }

    /// Forgets a key that `random`, uniform over `u64`, draws, and tells who has read it.
    pub(super) fn remove_drawn(&mut self, random: u64) -> Option<(Box<[u8]>, Vec<Parked>)> {
        let drawn = (u128::from(random) * self.keys.len() as u128) >> 64;
        let (key, readers) = self.keys.swap_remove_index(drawn as usize)?;
        self.items -= readers.len();
        Some((key, readers))
    }

    /// Forgets all keys.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// From so many readers of one key on, those are looked for who do not cache any more, before there is
/// made room for more.
const READERS_PLENTY: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_who_do_not_cache_any_more_do_not_pile_up() {
        let mut table = Table::default();
        for id in 0..10_000 {
            table.insert(b"key", (7, id), |(_, other)| other + 5 >= id);
            assert!(table.items_len() <= 2 * READERS_PLENTY, "{}", table.items_len());
        }
        let readers = table.remove(b"key");
        let newest: Vec<_> = (9_995..10_000).map(|id| (7, id)).collect();
        assert!(readers.ends_with(&newest), "{readers:?}");
        assert_eq!(table.items_len(), 0);
    }

    #[test]
    fn readers_are_told_once() {
        let mut table = Table::default();
        for client in [(2, 7), (1, 9), (2, 7)] {
            table.insert(b"key", client, |_| true);
            table.insert(b"other", (2, 7), |_| true);
        }
        assert_eq!((table.keys_len(), table.items_len()), (2, 3));
        assert_eq!(table.remove(b"key"), [(1, 9), (2, 7)]);
        assert_eq!(table.remove(b"key"), []);
        assert_eq!((table.keys_len(), table.items_len()), (1, 1));
        table.clear();
        assert_eq!((table.keys_len(), table.items_len()), (0, 0));
    }

    #[test]
    fn any_key_can_be_drawn() {
        for (random, drawn) in [(0, "0"), (u64::MAX / 2 + 1, "5"), (u64::MAX, "9")] {
            let mut table = Table::default();
            (0..10).for_each(|nth| table.insert(format!("{nth}").as_bytes(), (0, 1), |_| true));
            let (key, readers) = table.remove_drawn(random).unwrap();
            assert_eq!((&*key, readers), (drawn.as_bytes(), vec![(0, 1)]));
            assert_eq!((table.keys_len(), table.items_len()), (9, 9));
        }
        assert_eq!(Table::default().remove_drawn(0), None);
    }
}
