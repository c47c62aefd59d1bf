//! The entries of a node, read from either end.

use super::{StreamError, StreamId};
use crate::packed::{Entry, ListpackIter};

/// The entries of a [`StreamNode`](super::StreamNode) or of a listpack like its, deleted ones too.
#[derive(Clone, Debug)]
pub struct StreamEntries<'a> {
    key: StreamId,
    live: u64,
    deleted: u64,
    /// At the master entry's first field.
    names: ListpackIter<'a>,
    names_len: usize,
    rest: ListpackIter<'a>,
}

impl<'a> StreamEntries<'a> {
    /// The entries of the node at `key` that `elements` are, which may be broken further on.
    ///
    /// # Errors
    ///
    /// [`StreamError::MasterEntry`].
    pub(super) fn new(key: StreamId, elements: ListpackIter<'a>) -> Result<Self, StreamError> {
        Self::after_master(key, elements).ok_or(StreamError::MasterEntry { key })
    }

    /// The entries of the node at `key` that `elements` are, which was made here or has been parsed
    /// before. Of what is no node there are some, or none.
    pub fn of_trusted(key: StreamId, elements: ListpackIter<'a>) -> Self {
        let none = ListpackIter::of_trusted(&[]);
        Self::after_master(key, elements).unwrap_or(Self {
            key,
            live: 0,
            deleted: 0,
            names: none.clone(),
            names_len: 0,
            rest: none,
        })
    }

    fn after_master(key: StreamId, mut rest: ListpackIter<'a>) -> Option<Self> {
        let mut number = || match rest.next()? {
            Entry::Int(number) => u64::try_from(number).ok(),
            Entry::Text(_) => None,
        };
        let (live, deleted, names_len) = (number()?, number()?, number()?);
        let names = rest.clone();
        let names_len = skip(&mut rest, names_len.try_into().ok()?)?;
        match rest.next()? {
            Entry::Int(0) => Some(Self { key, live, deleted, names, names_len, rest }),
            _ => None,
        }
    }

    /// Entries that are not deleted, as the node counts them, those included that were read.
    pub const fn live(&self) -> u64 {
        self.live
    }

    /// Entries that are deleted, likewise.
    pub const fn deleted(&self) -> u64 {
        self.deleted
    }

    /// How many elements of the listpack are left: those of the entries to come.
    pub fn elements_left(&self) -> usize {
        self.rest.len()
    }

    /// Passes over what comes before the first entry from `id` on that is not deleted: faster than to
    /// read it.
    pub fn seek(&mut self, id: StreamId) {
        let mut next = self.rest.clone();
        while let Some((found, flags, elements)) = self.read_head(&mut next) {
            let is_deleted = flags & FLAG_DELETED != 0;
            // With the count behind the last one.
            if !is_deleted && found >= id || next.nth(elements).is_none() {
                return;
            }
            self.rest = next.clone();
        }
        self.rest = next;
    }

    /// Passes over the begin of an entry: its ID, its flags, and how many names and values follow.
    fn read_head(&self, rest: &mut ListpackIter<'a>) -> Option<(StreamId, i64, usize)> {
        let mut number = || match rest.next()? {
            Entry::Int(number) => Some(number),
            Entry::Text(_) => None,
        };
        let (flags, ms, seq) = (number()?, number()?, number()?);
        let elements = match flags & FLAG_SAME_FIELDS {
            0 => usize::try_from(number()?).ok()?.checked_mul(2)?,
            _ => self.names_len,
        };
        Some((self.key.at_distance(ms, seq), flags, elements))
    }

    pub(super) fn read(&mut self) -> Result<Option<StreamEntry<'a>>, StreamError> {
        let key = self.key;
        let broken = StreamError::Entry { key };
        let Some(flags) = self.rest.next() else { return Ok(None) };
        let Entry::Int(flags @ 0..=3) = flags else { return Err(broken) };
        let mut number = || match self.rest.next() {
            Some(Entry::Int(number)) => Ok(number),
            _ => Err(broken),
        };
        let (ms, seq) = (number()?, number()?);
        let id = key.at_distance(ms, seq);
        let (fields, elements) = if flags & FLAG_SAME_FIELDS != 0 {
            let (names, values, left) = (self.names.clone(), self.rest.clone(), self.names_len);
            skip(&mut self.rest, left as i64).ok_or(broken)?;
            (Fields::Master { names, values, left }, left + 3)
        } else {
            let len = number()?;
            let pairs = self.rest.clone();
            let both = len.checked_mul(2).ok_or(broken)?;
            let texts = skip(&mut self.rest, both).ok_or(broken)?;
            (Fields::Own { pairs, left: texts / 2 }, texts + 4)
        };
        match self.rest.next() {
            Some(Entry::Int(count)) if usize::try_from(count) == Ok(elements) => {
                Ok(Some(StreamEntry { id, deleted: flags & FLAG_DELETED != 0, fields }))
            }
            _ => Err(broken),
        }
    }
}

impl<'a> Iterator for StreamEntries<'a> {
    type Item = StreamEntry<'a>;

    fn next(&mut self) -> Option<StreamEntry<'a>> {
        self.read().ok().flatten()
    }
}

impl DoubleEndedIterator for StreamEntries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let Entry::Int(elements) = self.rest.next_back()? else { return None };
        // With their number, which was read.
        let mut last = self.rest.split_back(usize::try_from(elements).ok()?)?;
        let mut number = || match last.next()? {
            Entry::Int(number) => Some(number),
            Entry::Text(_) => None,
        };
        let (flags, ms, seq) = (number()?, number()?, number()?);
        let fields = if flags & FLAG_SAME_FIELDS != 0 {
            Fields::Master { names: self.names.clone(), values: last, left: self.names_len }
        } else {
            let left = usize::try_from(number()?).ok()?;
            Fields::Own { pairs: last, left }
        };
        let id = self.key.at_distance(ms, seq);
        Some(StreamEntry { id, deleted: flags & FLAG_DELETED != 0, fields })
    }
}

/// An entry of a [`StreamNode`](super::StreamNode).
#[derive(Clone, Debug)]
pub struct StreamEntry<'a> {
    /// Its ID.
    pub id: StreamId,
    /// Whether it was deleted.
    pub deleted: bool,
    fields: Fields<'a>,
}

#[derive(Clone, Debug)]
enum Fields<'a> {
    /// Names are elsewhere than values.
    Master {
        names: ListpackIter<'a>,
        values: ListpackIter<'a>,
        left: usize,
    },
    Own {
        pairs: ListpackIter<'a>,
        left: usize,
    },
}

impl PartialEq for StreamEntry<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.deleted == other.deleted && self.fields().eq(other.fields())
    }
}

impl<'a> StreamEntry<'a> {
    /// Number of fields.
    pub fn fields_len(&self) -> usize {
        match self.fields {
            Fields::Master { left, .. } | Fields::Own { left, .. } => left,
        }
    }

    /// The fields and their values, in the order in which they were given.
    pub fn fields(&self) -> impl Iterator<Item = (Entry<'a>, Entry<'a>)> + use<'a> {
        let mut fields = self.fields.clone();
        std::iter::from_fn(move || match &mut fields {
            Fields::Master { left: 0, .. } | Fields::Own { left: 0, .. } => None,
            Fields::Master { names, values, left } => {
                *left -= 1;
                Some((names.next()?, values.next()?))
            }
            Fields::Own { pairs, left } => {
                *left -= 1;
                Some((pairs.next()?, pairs.next()?))
            }
        })
    }
}

/// Passes over so many elements; `None` if there are fewer.
fn skip(elements: &mut ListpackIter<'_>, len: i64) -> Option<usize> {
    let len = usize::try_from(len).ok()?;
    match len {
        0 => {}
        len => drop(elements.nth(len - 1)?),
    }
    Some(len)
}

const FLAG_DELETED: i64 = 1;
const FLAG_SAME_FIELDS: i64 = 2;

#[cfg(test)]
mod tests {
    use crate::packed::ListpackMut;

    use super::*;

    const KEY: StreamId = StreamId { ms: 1000, seq: 1 };

    /// Example of the format's description, with one entry that has the fields of the master entry,
    /// one that was deleted and one with its own.
    fn node() -> ListpackMut {
        let mut node = ListpackMut::new();
        for text in "2 1 2 t u 0 2 0 0 20 c 5 3 0 1 21 c 5 0 5 -1 1 x y 6".split(' ') {
            node.push(text.as_bytes()).expect("it is small");
        }
        node
    }

    #[test]
    fn entries_are_the_same_from_either_end() {
        let node = node();
        let entries = StreamEntries::of_trusted(KEY, node.iter());
        assert_eq!((entries.live(), entries.deleted()), (2, 1));
        let forward: Vec<StreamEntry<'_>> = entries.clone().collect();
        let mut back: Vec<StreamEntry<'_>> = entries.clone().rev().collect();
        back.reverse();
        assert_eq!(forward, back);
        let ids: Vec<String> = forward.iter().map(|entry| entry.id.to_string()).collect();
        assert_eq!(ids, ["1000-1", "1000-2", "1005-0"]);
        assert_eq!(forward.iter().map(|it| it.deleted).collect::<Vec<_>>(), [false, true, false]);
        let (field, value) = forward[2].fields().next().expect("it has one field");
        assert!(field.eq_text(b"x") && value.eq_text(b"y"));
    }

    #[test]
    fn ends_meet() {
        let node = node();
        for from_front in 0..=3 {
            let mut entries = StreamEntries::of_trusted(KEY, node.iter());
            let front = entries.by_ref().take(from_front).count();
            assert_eq!(front + entries.rev().count(), 3);
        }
    }

    #[test]
    fn what_comes_before_an_id_is_passed_over() {
        let node = node();
        for (ms, seq, left) in
            [(0, 0, 3), (1000, 1, 3), (1000, 2, 1), (1005, 0, 1), (1005, 1, 0), (u64::MAX, 0, 0)]
        {
            let mut entries = StreamEntries::of_trusted(KEY, node.iter());
            entries.seek(StreamId { ms, seq });
            assert_eq!(entries.clone().count(), left, "{ms}-{seq}");
            assert_eq!(entries.rev().count(), left, "{ms}-{seq}");
        }
    }

    #[test]
    fn what_is_no_node_has_no_entries() {
        let mut broken = ListpackMut::new();
        broken.push(b"text").expect("it is small");
        assert_eq!(StreamEntries::of_trusted(KEY, broken.iter()).count(), 0);
        assert_eq!(StreamEntries::of_trusted(KEY, broken.iter()).rev().count(), 0);
    }
}
