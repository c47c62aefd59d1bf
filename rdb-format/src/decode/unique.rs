//! Finding members that occur twice.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use crate::{crc64::Crc64, packed::Entry};

/// Whether no two of `members` are the same.
pub(super) fn are_unique<'a>(
    mut members: impl ExactSizeIterator<Item = Entry<'a>> + Clone,
) -> bool {
    if members.len() <= COMPARED_MAX && marks_differ(members.clone()) {
        return true;
    }
    let seen = HashTable::with_capacity(members.len().min(ROOM_MAX));
    let mut seen = Unique { seen, ..Unique::default() };
    members.all(|member| seen.insert(&member.as_text()))
}

/// Whether no two of at most [`COMPARED_MAX`] members have the same [`mark`], so that they differ.
fn marks_differ<'a>(members: impl Iterator<Item = Entry<'a>>) -> bool {
    // The marks twice, one after the other: each is compared with all those that follow it, around
    // the end. The marks of members that are not there differ from each other.
    let mut marks = std::array::from_fn::<u32, COMPARED_MAX, _>(|index| index as u32);
    for (place, member) in marks.iter_mut().zip(members) {
        *place = mark(&member.as_text());
    }
    let mut twice = [0; 2 * COMPARED_MAX];
    let (first, second) = twice.split_at_mut(COMPARED_MAX);
    first.copy_from_slice(&marks);
    second.copy_from_slice(&marks);
    let mut any_same = false;
    for distance in 1..=COMPARED_MAX / 2 {
        let others: &[u32; COMPARED_MAX] = twice[distance..].first_chunk().expect("they fit");
        let pairs = marks.iter().zip(others);
        any_same |= pairs.fold(false, |any, (mark, other)| any | (mark == other));
    }
    !any_same
}

/// Something of a text by which most others differ: all of a short text, both ends of a long one.
fn mark(text: &[u8]) -> u32 {
    let ends = |head: u64, tail: u64| {
        let both = head ^ tail.rotate_left(u32::BITS) ^ (text.len() as u64).rotate_right(u8::BITS);
        // The high half of a product with 2^64 / golden ratio.
        (both.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> u32::BITS) as u32
    };
    if let (Some(head), Some(tail)) = (text.first_chunk(), text.last_chunk()) {
        return ends(u64::from_le_bytes(*head), u64::from_le_bytes(*tail));
    }
    if let (Some(head), Some(tail)) = (text.first_chunk(), text.last_chunk()) {
        return ends(u32::from_le_bytes(*head).into(), u32::from_le_bytes(*tail).into());
    }
    ends(text.iter().fold(0, |head, &byte| head << u8::BITS | u64::from(byte)), 0)
}

/// So few are compared with each other first, which is quicker than to make a table of them.
const COMPARED_MAX: usize = 16;

/// Room is made for so many at once, the most that servers pack by default. More may be a claim that
/// compressed well, and end at the second.
const ROOM_MAX: usize = 512;

/// The members of one value, by fingerprints of 128 bits.
///
/// Two of them are taken for the same if they are, or with a chance below 2^-64 for any number of
/// members that fits into memory. A set of its members would be exact, but would hold the value; this
/// takes 16 to 37 bytes for a member, which has at least 1 byte in the input.
#[derive(Debug, Default)]
pub(crate) struct Unique {
    seen: HashTable<u128>,
    high: RandomState,
    low: RandomState,
}

impl Unique {
    /// Makes room for so many members, as far as a claim is believed.
    pub(super) fn expect(&mut self, len: u64) {
        let room = usize::try_from(len).unwrap_or(usize::MAX).min(ROOM_MAX);
        self.seen.reserve(room, |fingerprint| *fingerprint as u64);
    }

    /// Whether `member` is new.
    pub(crate) fn insert(&mut self, member: &[u8]) -> bool {
        let high = self.high.hash_one(member);
        let low = self.low.hash_one(member);
        self.insert_fingerprint(u128::from(high) << 64 | u128::from(low))
    }

    /// Whether a member of `len` bytes that came in chunks is new. All of a length and a CRC-64 are
    /// taken for the same.
    pub(crate) fn insert_long(&mut self, crc64: Crc64, len: u64) -> bool {
        let crc64 = crc64.value();
        // The CRC alone would put members that differ in few bits close together.
        self.insert_fingerprint(u128::from(len) << 64 | u128::from(self.low.hash_one(crc64)))
    }

    fn insert_fingerprint(&mut self, fingerprint: u128) -> bool {
        use hashbrown::hash_table::Entry;
        let hash = |fingerprint: &u128| *fingerprint as u64;
        match self.seen.entry(hash(&fingerprint), |seen| *seen == fingerprint, hash) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(fingerprint);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_all_different(texts: &[String]) -> bool {
        are_unique(texts.iter().map(|text| Entry::Text(text.as_bytes())))
    }

    #[test]
    fn any_two_of_few_and_of_many_are_compared() {
        for len in 0..=COMPARED_MAX + 2 {
            let members: Vec<String> = (0..len).map(|index| format!("member {index}")).collect();
            assert!(are_all_different(&members), "{len}");
            for (first, second) in
                (0..len).flat_map(|second| (0..second).map(move |it| (it, second)))
            {
                let mut members = members.clone();
                members[first] = members[second].clone();
                assert!(!are_all_different(&members), "{first} and {second} of {len}");
            }
        }
    }

    #[test]
    fn texts_with_the_same_mark_are_told_apart() {
        let texts = ["12345678 one 12345678", "12345678 two 12345678"].map(str::to_owned);
        assert_eq!(mark(texts[0].as_bytes()), mark(texts[1].as_bytes()));
        assert!(are_all_different(&texts));
    }

    #[test]
    fn a_number_is_the_same_as_its_text() {
        assert!(!are_unique([Entry::Int(-17), Entry::Text(b"-17")].into_iter()));
    }
}
