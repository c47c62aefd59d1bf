//! Finding members that occur twice.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use crate::{crc64::Crc64, packed::Entry};

/// Whether no two of `members` are the same.
pub(super) fn are_unique<'a>(mut members: impl ExactSizeIterator<Item = Entry<'a>>) -> bool {
    if members.len() > COMPARED_MAX {
        let seen = HashTable::with_capacity(members.len().min(ROOM_MAX));
        let mut seen = Unique { seen, ..Unique::default() };
        return members.all(|member| seen.insert(&member.as_text()));
    }
    let (mut earlier, mut marks) = ([Entry::Int(0); COMPARED_MAX], [0; COMPARED_MAX]);
    members.enumerate().all(|(index, member)| {
        let mark = mark(&member.as_text());
        let new = !marks[..index].contains(&mark) || !earlier[..index].contains(&member);
        (earlier[index], marks[index]) = (member, mark);
        new
    })
}

/// Something of a text by which most others differ: all of a short text, both ends of a long one.
fn mark(text: &[u8]) -> u64 {
    let ends = |head: u64, tail: u64| {
        head ^ tail.rotate_left(u32::BITS) ^ (text.len() as u64).rotate_right(u8::BITS)
    };
    if let (Some(head), Some(tail)) = (text.first_chunk(), text.last_chunk()) {
        return ends(u64::from_le_bytes(*head), u64::from_le_bytes(*tail));
    }
    if let (Some(head), Some(tail)) = (text.first_chunk(), text.last_chunk()) {
        return ends(u32::from_le_bytes(*head).into(), u32::from_le_bytes(*tail).into());
    }
    ends(text.iter().fold(0, |head, &byte| head << u8::BITS | u64::from(byte)), 0)
}

/// So few are compared with each other, which is quicker than to make a table of them.
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
