//! Hashes in one blob.

use rdb_format::packed::{BYTES_MAX, Entry, ListpackIter, ListpackMut, PackedError};

use super::{FieldRef, is_due};

/// What a packed hash is a listpack of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HashPacking {
    /// Names and values in turns. No field expires.
    Pairs,
    /// Names, values and Unix times in milliseconds in turns, 0 where a field does not expire. The
    /// next to expire comes first, those that do not come last.
    Triples,
}

impl HashPacking {
    /// Entries of a field.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Pairs => 2,
            Self::Triples => 3,
        }
    }
}

/// The fields of a packed hash, those included that have expired.
#[derive(Clone, Debug)]
pub(super) struct PackedFields<'a> {
    packing: HashPacking,
    entries: ListpackIter<'a>,
}

impl<'a> PackedFields<'a> {
    pub(super) fn new(packing: HashPacking, blob: &'a [u8]) -> Self {
        Self { packing, entries: ListpackIter::of_trusted(blob) }
    }

    /// The field of this name.
    pub(super) fn find(mut self, name: &[u8]) -> Option<FieldRef<'a>> {
        self.entries.find_text(name, self.packing.width())?;
        self.next()
    }

    /// Those whose time is up come first; how many they are.
    pub(super) fn due_len(self, now_ms: i64) -> usize {
        match self.packing {
            HashPacking::Pairs => 0,
            HashPacking::Triples => {
                self.take_while(|field| is_due(field.expire_at_ms, now_ms)).count()
            }
        }
    }

    /// When the last field expires, if all do.
    pub(super) fn last_deadline_ms(mut self) -> Option<i64> {
        match self.packing {
            HashPacking::Pairs => None,
            HashPacking::Triples => self.entries.next_back().and_then(expiry),
        }
    }
}

impl<'a> Iterator for PackedFields<'a> {
    type Item = FieldRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<FieldRef<'a>> {
        let (name, value) = (self.entries.next()?, self.entries.next()?);
        let expire_at_ms = match self.packing {
            HashPacking::Pairs => None,
            HashPacking::Triples => self.entries.next().and_then(expiry),
        };
        Some(FieldRef { name, value, expire_at_ms })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.entries.len() / self.packing.width();
        (len, Some(len))
    }
}

impl ExactSizeIterator for PackedFields<'_> {}

/// Replaces the value of a field that is there.
pub(super) fn replace_value(
    packing: HashPacking,
    listpack: &mut ListpackMut,
    name: &[u8],
    value: &[u8],
) -> Result<(), PackedError> {
    let mut cursor = listpack.cursor_front();
    if cursor.find_text(name, packing.width()) {
        cursor.move_next();
        cursor.replace(Entry::Text(value))?;
    }
    Ok(())
}

/// Removes a field; tells whether it was there.
pub(super) fn remove(packing: HashPacking, listpack: &mut ListpackMut, name: &[u8]) -> bool {
    let mut cursor = listpack.cursor_front();
    cursor.find_text(name, packing.width()) && cursor.remove_many(packing.width()) > 0
}

/// Adds a field that is not there. Pairs take none that expires.
pub(super) fn insert(
    packing: HashPacking,
    listpack: &mut ListpackMut,
    field: FieldRef<'_>,
) -> Result<(), PackedError> {
    let FieldRef { name, value, expire_at_ms } = field;
    // Refused as a whole or not at all.
    let needed = (listpack.bytes_len() + name.text_len())
        .saturating_add(value.text_len())
        .saturating_add(FIELD_OVERHEAD_MAX);
    if needed > BYTES_MAX {
        return Err(PackedError::TooLarge { needed: needed as u64, limit: BYTES_MAX as u64 });
    }
    if packing == HashPacking::Pairs {
        listpack.push_entry(name)?;
        return listpack.push_entry(value);
    }
    let Some(expire_at_ms) = expire_at_ms else {
        listpack.push_entry(name)?;
        listpack.push_entry(value)?;
        return listpack.push_int(NO_EXPIRY);
    };
    let earlier = PackedFields::new(packing, listpack.as_bytes())
        .take_while(|field| field.expire_at_ms.is_some_and(|at_ms| at_ms <= expire_at_ms))
        .count();
    let mut cursor = listpack.cursor_front();
    cursor.move_by(earlier * packing.width());
    for entry in [name, value, Entry::Int(expire_at_ms)] {
        cursor.insert_before(entry)?;
    }
    Ok(())
}

/// Removes fields whose time is up, at most `count_max`, and tells how many.
pub(super) fn remove_due(
    packing: HashPacking,
    listpack: &mut ListpackMut,
    now_ms: i64,
    count_max: usize,
) -> usize {
    let due = PackedFields::new(packing, listpack.as_bytes()).due_len(now_ms).min(count_max);
    listpack.cursor_front().remove_many(due * packing.width());
    due
}

/// Pairs as triples none of which expires.
pub(super) fn with_expiries(pairs: &ListpackMut) -> Result<ListpackMut, PackedError> {
    let mut triples = ListpackMut::new();
    triples.reserve(pairs.bytes_len() + pairs.len());
    for field in PackedFields::new(HashPacking::Pairs, pairs.as_bytes()) {
        insert(HashPacking::Triples, &mut triples, field)?;
    }
    Ok(triples)
}

/// Whether a field may be packed with this expiry: 0 stands for none.
pub(super) fn takes_expiry(expire_at_ms: i64) -> bool {
    expire_at_ms > NO_EXPIRY
}

fn expiry(entry: Entry<'_>) -> Option<i64> {
    entry.to_int().filter(|&at_ms| takes_expiry(at_ms))
}

const NO_EXPIRY: i64 = 0;

/// What a field has beside its texts: up to 5 bytes of encoding and 5 of back length for each, and an
/// expiry of up to 10.
const FIELD_OVERHEAD_MAX: usize = 30;
