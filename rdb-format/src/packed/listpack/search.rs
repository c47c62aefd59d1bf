//! Looking for a text among the entries.

use super::{
    Cursor, ListpackIter,
    encoding::{SIZES, decode, measure},
};
use crate::packed::Entry;

impl ListpackIter<'_> {
    /// Moves to the first entry whose text this is, of the next one and every `step`th after it, and
    /// tells how many were passed on the way; [`next`](Iterator::next) gives the entry. At the end
    /// if there is none.
    #[inline]
    pub fn find_text(&mut self, text: &[u8], step: usize) -> Option<usize> {
        match find(self.entries, text, step) {
            Some(Place { at, passed }) => {
                self.entries = &self.entries[at..];
                self.left = self.left.saturating_sub(passed);
                Some(passed)
            }
            None => {
                *self = Self { entries: &[], left: 0 };
                None
            }
        }
    }
}

impl Cursor<'_> {
    /// Moves to the first entry whose text this is, of the one here and every `step`th after it, and
    /// tells whether there is one; otherwise the cursor is behind the last.
    pub fn find_text(&mut self, text: &[u8], step: usize) -> bool {
        let end = self.listpack.end();
        let place = find(&self.listpack.bytes[self.at..end], text, step);
        self.at = place.map_or(end, |place| self.at + place.at);
        place.is_some()
    }

    /// Moves `count` entries on, or behind the last.
    pub fn move_by(&mut self, count: usize) {
        let end = self.listpack.end();
        let rest = &self.listpack.bytes[self.at..end];
        self.at = skip(rest, 0, count).map_or(end, |at| self.at + at);
    }

    /// Removes `count` entries from the one here on, fewer if there are not so many, and tells how
    /// many. The cursor is at the one that followed.
    pub fn remove_many(&mut self, count: usize) -> usize {
        self.listpack.remove_many(self.at, count)
    }
}

/// Where an entry is.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    /// Entries before it.
    passed: usize,
}

#[inline]
fn find(entries: &[u8], text: &[u8], step: usize) -> Option<Place> {
    let wanted = Entry::parse(text);
    let (mut at, mut passed) = (0, 0);
    loop {
        let (entry, span) = decode(entries.get(at..)?)?;
        let found = match (entry, wanted) {
            (Entry::Int(number), Entry::Int(wanted)) => number == wanted,
            (Entry::Text(text), Entry::Text(wanted)) => text == wanted,
            // A number that someone has packed as text.
            (Entry::Text(_), Entry::Int(_)) => entry.eq_text(text),
            (Entry::Int(_), Entry::Text(_)) => false,
        };
        if found {
            return Some(Place { at, passed });
        }
        at = skip(entries, at + span, step.saturating_sub(1))?;
        passed += step.max(1);
    }
}

/// The offset `count` entries after the one at `at`.
#[inline]
fn skip(entries: &[u8], mut at: usize, count: usize) -> Option<usize> {
    for _ in 0..count {
        at += match SIZES[usize::from(*entries.get(at)?)] {
            0 => measure(&entries[at..])?.1,
            size => usize::from(size) + 1,
        };
    }
    Some(at)
}
