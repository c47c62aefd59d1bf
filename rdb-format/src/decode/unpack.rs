//! Packed collections that are too long to be told as one.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{
    blob::{ExpiryOrder, Form},
    score,
    unique::Unique,
};
use crate::{
    DecodeError, Event, STRING_BYTES_WHOLE,
    packed::{Layout, PackedError, Walk},
};

/// Whether a blob is to be told element by element, so that nobody has to take a long one at once. It
/// is not if it has few entries, however long they are: those are gone over quickly.
pub(super) fn is_long(layout: Layout, blob: &[u8]) -> bool {
    let is_short = |len| blob.len() <= FEW_BYTES_MAX && len <= FEW_ENTRIES;
    blob.len() > WHOLE_BYTES_MAX && !layout.claimed_len(blob).is_some_and(is_short)
}

/// The elements of a long blob as events, checked one after the other.
#[derive(Debug)]
pub(super) struct Unpack {
    form: Form,
    walk: Walk,
    /// Where the blob begins.
    offset: u64,
    elements: u64,
    /// Members are to be all different, and it is found here if they are not.
    members: Option<Unique>,
    order: ExpiryOrder,
    /// The rest of the element at hand.
    ready: VecDeque<Event>,
    /// The rest of a long text, which goes before that.
    long: Bytes,
}

impl Unpack {
    pub(super) fn new(form: Form, blob: Bytes, offset: u64) -> Result<Self, DecodeError> {
        let walk = Walk::new(form.layout(), blob)
            .map_err(|cause| DecodeError::Packed { offset, cause })?;
        Ok(Self {
            form,
            walk,
            offset,
            elements: 0,
            members: form.has_members().then(Unique::default),
            order: ExpiryOrder::default(),
            ready: VecDeque::new(),
            long: Bytes::new(),
        })
    }

    /// The next event, or `None` at the end.
    pub(super) fn poll(&mut self) -> Result<Option<Event>, DecodeError> {
        if !self.long.is_empty() {
            let len = self.long.len().min(CHUNK_BYTES);
            return Ok(Some(Event::StringChunk(self.long.split_to(len))));
        }
        if self.ready.is_empty() {
            self.read_element()?;
        }
        let event = self.ready.pop_front();
        if let Some(Event::StringChunk(text)) = event {
            self.long = text;
            return self.poll();
        }
        Ok(event)
    }

    fn read_element(&mut self) -> Result<(), DecodeError> {
        let offset = self.offset;
        let failed = |cause: PackedError| DecodeError::Packed { offset, cause };
        let Some(member) = self.walk.next().map_err(failed)? else {
            return match self.elements {
                0 => Err(DecodeError::Empty { offset }),
                _ => Ok(()),
            };
        };
        let arity = self.form.arity();
        let mut rest = [const { None }; 2];
        for (index, part) in rest.iter_mut().take(arity - 1).enumerate() {
            *part = self.walk.next().map_err(failed)?;
            if part.is_none() {
                let entries = self.elements * arity as u64 + 1 + index as u64;
                return Err(DecodeError::Arity { offset, entries, arity });
            }
        }
        self.elements += 1;
        if let Some(members) = &mut self.members
            && !members.insert(&member.as_entry().as_text())
        {
            return Err(DecodeError::Duplicate { offset });
        }
        let [second, third] = rest;
        if let Some(expiry) = third {
            let expire_at_ms = self.order.next(expiry.as_entry(), offset)?;
            self.ready.push_back(Event::ExpireAt(expire_at_ms));
        }
        self.text(member.into_bytes());
        match second {
            Some(score) if self.form.has_scores() => {
                let score = score::of_entry(score.as_entry());
                let score = score.ok_or(DecodeError::InvalidScore { offset })?;
                self.ready.push_back(Event::Score(score));
            }
            Some(value) => self.text(value.into_bytes()),
            None => {}
        }
        Ok(())
    }

    fn text(&mut self, text: Bytes) {
        let len = text.len() as u64;
        if len <= STRING_BYTES_WHOLE {
            self.ready.push_back(Event::String(text));
            return;
        }
        // In chunks, so that it is copied: to share the blob is to keep all of it.
        self.ready.extend([Event::StringStart { len }, Event::StringChunk(text), Event::StringEnd]);
    }
}

/// A blob of up to so many bytes is told as one: it takes some hundred microseconds at the most, if
/// it is full of tiny members.
const WHOLE_BYTES_MAX: usize = 64 << 10;

/// A longer one still is, if it has up to so many bytes ...
const FEW_BYTES_MAX: usize = 1 << 20;

/// ... in so few entries. Servers pack 512 fields or 128 members by default.
const FEW_ENTRIES: usize = 1024;

const CHUNK_BYTES: usize = 32 << 10;

const _: () = assert!((CHUNK_BYTES as u64) < STRING_BYTES_WHOLE, "a long text has several chunks");
