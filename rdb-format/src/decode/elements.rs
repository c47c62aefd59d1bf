//! Elements that are short and lie in one piece, by reference.

use super::collection::Shape;
use crate::{
    Element,
    length::{self, SPECIAL},
    lzf,
    string::{self, LZF},
    value::Decimal,
};

/// Reads elements off the front of what has arrived.
#[derive(Debug)]
pub(super) struct Elements<'a> {
    pub(super) unread: &'a [u8],
    shape: Shape,
    /// The longest string, in bytes.
    limit: u64,
    member: Room,
    value: Room,
}

/// Room for a text that is not written as it is.
#[derive(Debug, Default)]
struct Room {
    plain: Vec<u8>,
}

impl<'a> Elements<'a> {
    /// Of a shape whose elements can be [told by reference](is_told).
    pub(super) fn new(unread: &'a [u8], shape: Shape, limit: u64) -> Self {
        Self { unread, shape, limit, member: Room::default(), value: Room::default() }
    }

    /// The next element. `None` if it is not short, not all here or not sound, and then nothing of it
    /// is read.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Element<'_>> {
        let (member, rest) = self.member.text(self.unread, self.limit)?;
        let (element, rest) = match self.shape {
            Shape::Hash => {
                let (value, rest) = self.value.text(rest, self.limit)?;
                (Element::Field(member, value), rest)
            }
            Shape::SortedSet => {
                let (score, rest) = rest.split_first_chunk()?;
                let score = f64::from_le_bytes(*score);
                if score.is_nan() {
                    return None;
                }
                (Element::Scored(member, score), rest)
            }
            _ => (Element::Member(member), rest),
        };
        self.unread = rest;
        Some(element)
    }
}

/// Whether elements of this shape have an [`Element`].
pub(super) fn is_told(shape: Shape) -> bool {
    matches!(shape, Shape::Set | Shape::SortedSet | Shape::Hash)
}

impl Room {
    /// The text that `bytes` begin with, and what follows it.
    #[inline]
    fn text<'t, 'b: 't>(&'t mut self, bytes: &'b [u8], limit: u64) -> Option<(&'t [u8], &'b [u8])> {
        let Some((len, rest)) = length::split_short(bytes) else {
            return self.special(bytes, limit);
        };
        if len as u64 > limit {
            return None;
        }
        rest.split_at_checked(len)
    }

    fn special<'t, 'b: 't>(
        &'t mut self,
        bytes: &'b [u8],
        limit: u64,
    ) -> Option<(&'t [u8], &'b [u8])> {
        self.plain.clear();
        if let Some(compressed) = bytes.strip_prefix(&[SPECIAL | LZF]) {
            let (stream_len, rest) = length::split_short(compressed)?;
            let (plain_len, rest) = length::split_short(rest)?;
            let (stream, rest) = rest.split_at_checked(stream_len)?;
            if plain_len as u64 > limit {
                return None;
            }
            lzf::decompress_into(stream, plain_len as u64, &mut self.plain).ok()?;
            return Some((&self.plain, rest));
        }
        let (number, rest) = string::split_int(bytes)?;
        self.plain.extend_from_slice(Decimal::new(number.into()).as_bytes());
        Some((&self.plain, rest))
    }
}
