//! Strings in events, short and long.

use std::hint;

use bytes::Bytes;
use rdb_format::{Event, STRING_BYTES_WHOLE, StringAssembler};

/// The first event of those that tell a string; the others, if there are any, become the next of
/// `ready`, whose last is told first.
pub(crate) fn text_events(text: Bytes, ready: &mut Vec<Event>) -> Event {
    if text.len() as u64 <= STRING_BYTES_WHOLE {
        return Event::String(text);
    }
    let len = text.len() as u64;
    ready.extend([Event::StringEnd, Event::StringChunk(text)]);
    Event::StringStart { len }
}

/// Whether a text is told by reference, as a part of an element. Its end is looked at, so that the
/// processor fetches that too while it waits for the beginning of the next element.
#[inline]
pub(crate) fn is_told(text: &[u8]) -> bool {
    hint::black_box(text.last());
    text.len() <= TOLD_BYTES_MAX
}

/// Elements are told at least so many at a time, where as many lie together: more wait for memory then
/// than the processor can ...
pub(crate) const TOLD_TOGETHER: usize = 16;

/// ... and no text of theirs is longer than this, so that they are told in microseconds.
const TOLD_BYTES_MAX: usize = 1 << 10;

/// Puts the strings of a value together, one after the other.
#[derive(Debug, Default)]
pub(crate) struct TextAssembler {
    /// A long string that is not complete, and the length that it will have.
    long: Option<(u64, StringAssembler)>,
    /// All of it, if it came as one chunk.
    whole: Option<Bytes>,
}

impl TextAssembler {
    /// Takes an event; returns the string that is complete with it. A short one shares what it was
    /// told with, so that whoever keeps it copies it.
    pub(crate) fn push(&mut self, event: Event) -> Option<Bytes> {
        match event {
            Event::String(text) => return Some(text),
            Event::StringStart { len } => {
                self.long = Some((len, StringAssembler::new(len)));
                self.whole = None;
            }
            Event::StringChunk(chunk) => match &mut self.long {
                Some((len, _)) if chunk.len() as u64 == *len => self.whole = Some(chunk),
                Some((_, assembler)) => assembler.push(&chunk),
                None => {}
            },
            Event::StringEnd => {
                let (_, assembler) = self.long.take()?;
                return Some(self.whole.take().unwrap_or_else(|| assembler.finish()));
            }
            _ => {}
        }
        None
    }
}
