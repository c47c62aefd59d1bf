//! One element of a packed form.

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

use bytes::Bytes;

use crate::{StringText, decode::score_of_entry, parse_integer};

/// An element of any packed form. Equality, order and hash are those of the text: `Int(5)` and
/// `Text(b"5")` are the same member.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// The decimal text of a number.
    Int(i64),
    /// Any bytes, those of a number among them.
    Text(&'a [u8]),
}

impl<'a> Entry<'a> {
    /// `text` as servers pack it: [`Int`](Self::Int) if it is the one decimal text that an `i64`
    /// has (no leading zero or plus sign, not `-0`), else [`Text`](Self::Text).
    ///
    /// ```
    /// use rdb_format::packed::Entry;
    ///
    /// assert!(matches!(Entry::parse(b"-42"), Entry::Int(-42)));
    /// assert!(matches!(Entry::parse(b"042"), Entry::Text(b"042")));
    /// ```
    pub fn parse(text: &'a [u8]) -> Self {
        match parse_integer(text) {
            Some(number) => Self::Int(number),
            None => Self::Text(text),
        }
    }

    /// The number that the text is the one decimal text of, however it is packed.
    pub fn to_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Text(text) => parse_integer(text),
        }
    }

    /// The score that the text is in a packed sorted set: decimal or an infinity, not NaN.
    pub fn to_score(&self) -> Option<f64> {
        score_of_entry(*self)
    }

    /// Whether `text` is the text.
    pub fn eq_text(&self, text: &[u8]) -> bool {
        match self {
            Self::Int(number) => parse_integer(text) == Some(*number),
            Self::Text(own) => *own == text,
        }
    }

    /// Length of the text in bytes.
    pub fn text_len(&self) -> usize {
        match self {
            Self::Int(number) => {
                let digits = number.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
                digits + usize::from(*number < 0)
            }
            Self::Text(text) => text.len(),
        }
    }

    /// Appends the text to `out`.
    pub fn append_text_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.as_text());
    }

    /// The text, shared with `blob` if it lies there, else copied.
    pub fn text_in(&self, blob: &Bytes) -> Bytes {
        let blob_range = blob.as_ptr_range();
        match self {
            Self::Text(text)
                if blob_range.start <= text.as_ptr()
                    && text.as_ptr_range().end <= blob_range.end =>
            {
                blob.slice_ref(text)
            }
            _ => Bytes::copy_from_slice(&self.as_text()),
        }
    }

    /// The text, borrowed or on the stack.
    pub fn as_text(&self) -> StringText<'a> {
        match self {
            Self::Int(number) => StringText::from_int(*number),
            Self::Text(text) => StringText::from_bytes(text),
        }
    }
}

impl PartialEq for Entry<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(number), Self::Int(other)) => number == other,
            (_, Self::Text(text)) => self.eq_text(text),
            (Self::Text(text), _) => other.eq_text(text),
        }
    }
}

impl Eq for Entry<'_> {}

impl Ord for Entry<'_> {
    /// By the bytes of the texts, so `Int(10)` comes before `Int(9)`.
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_text().cmp(&*other.as_text())
    }
}

impl PartialOrd for Entry<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Entry<'_> {
    /// As the text is hashed.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_text().hash(state);
    }
}

impl From<i64> for Entry<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
