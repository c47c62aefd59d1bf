//! Going over a blob an entry at a time, and checking it on the way.

use std::ops::Range;

use bytes::Bytes;

use super::{Entry, PackedError, intset, listpack, ziplist, zipmap};

/// How a blob is laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layout {
    Listpack,
    Ziplist,
    Zipmap,
    Intset,
}

/// The entries of a blob that is too long to be checked at once. Each has been checked when it is
/// told; that the blob is sound is known at its end.
#[derive(Debug)]
pub(crate) struct Walk {
    blob: Bytes,
    state: State,
    /// Where the next entry begins.
    at: usize,
    /// Entries passed; pairs of a zipmap.
    passed: usize,
}

#[derive(Debug)]
enum State {
    Listpack {
        declared: u16,
    },
    Ziplist {
        declared: u16,
        /// Where the entry before begins.
        tail: usize,
    },
    Zipmap {
        declared: u8,
        /// Where the value is of the field that was told last.
        value: Option<Range<usize>>,
    },
    Intset {
        width: intset::Width,
        before: Option<i64>,
    },
}

/// An entry by itself. A text is shared with its blob.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Text {
    Int(i64),
    Bytes(Bytes),
}

impl Text {
    pub(crate) fn as_entry(&self) -> Entry<'_> {
        match self {
            Self::Int(number) => Entry::Int(*number),
            Self::Bytes(text) => Entry::Text(text),
        }
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Self::Int(number) => Bytes::copy_from_slice(&Entry::Int(number).as_text()),
            Self::Bytes(text) => text,
        }
    }
}

impl Layout {
    /// How many entries the header of a blob claims, if it does.
    pub(crate) fn claimed_len(self, blob: &[u8]) -> Option<usize> {
        match self {
            Self::Listpack => listpack::check_frame(blob)
                .ok()
                .filter(|&declared| declared != listpack::COUNT_UNKNOWN)
                .map(usize::from),
            Self::Ziplist => ziplist::check_frame(blob)
                .ok()
                .filter(|&declared| declared != ziplist::COUNT_UNKNOWN)
                .map(usize::from),
            Self::Zipmap => zipmap::check_frame(blob)
                .ok()
                .filter(|&declared| declared < zipmap::COUNT_UNKNOWN)
                .map(|pairs| 2 * usize::from(pairs)),
            Self::Intset => intset::check_frame(blob).ok().map(|width| blob.len() / width.bytes()),
        }
    }
}

impl Walk {
    /// Begins with the header.
    ///
    /// # Errors
    /// It is wrong.
    pub(crate) fn new(layout: Layout, blob: Bytes) -> Result<Self, PackedError> {
        let (state, at) = match layout {
            Layout::Listpack => (State::Listpack { declared: listpack::check_frame(&blob)? }, 0),
            Layout::Ziplist => {
                let (declared, at) = (ziplist::check_frame(&blob)?, ziplist::HEADER_LEN);
                (State::Ziplist { declared, tail: at }, at)
            }
            Layout::Zipmap => {
                let declared = zipmap::check_frame(&blob)?;
                (State::Zipmap { declared, value: None }, zipmap::HEADER_LEN)
            }
            Layout::Intset => {
                (State::Intset { width: intset::check_frame(&blob)?, before: None }, 0)
            }
        };
        Ok(Self { blob, state, at, passed: 0 })
    }

    /// The next entry, or `None` at the end of a blob that is sound.
    ///
    /// # Errors
    /// The entry or the end is wrong.
    pub(crate) fn next(&mut self) -> Result<Option<Text>, PackedError> {
        let Self { blob, state, at, passed } = self;
        let (entry, span) = match state {
            State::Listpack { declared } => match listpack::entry_at(blob, *at)? {
                Some((entry, span)) => (entry, span),
                None => return listpack::check_count(*declared, *passed).map(|()| None),
            },
            State::Ziplist { declared, tail } => match ziplist::entry_at(blob, *at, *tail)? {
                Some((entry, span)) => {
                    *tail = *at;
                    (entry, span)
                }
                None => {
                    return ziplist::check_end(blob, *declared, *passed, *tail).map(|()| None);
                }
            },
            State::Zipmap { declared, value } => {
                if let Some(value) = value.take() {
                    return Ok(Some(Text::Bytes(blob.slice(value))));
                }
                match zipmap::pair_at(blob, *at)? {
                    Some(((field, text), span)) => {
                        let start = text.as_ptr().addr() - blob.as_ptr().addr();
                        *value = Some(start..start + text.len());
                        (Entry::Text(field), span)
                    }
                    None => {
                        return zipmap::check_end(blob, *declared, *passed, *at).map(|()| None);
                    }
                }
            }
            State::Intset { width, before } => {
                let Some(number) = intset::integer_at(blob, *width, *passed, *before)? else {
                    return Ok(None);
                };
                *before = Some(number);
                (Entry::Int(number), 0)
            }
        };
        let text = match entry {
            Entry::Int(number) => Text::Int(number),
            Entry::Text(text) => Text::Bytes(blob.slice_ref(text)),
        };
        *at += span;
        *passed += 1;
        Ok(Some(text))
    }
}
