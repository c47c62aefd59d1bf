//! The receiving side: a RESTORE payload that becomes a value while it arrives.

use std::collections::VecDeque;

use bytes::Bytes;
use keyspace::{Thresholds, Value, ValueBuilder};
use rdb_format::payload::PayloadDecoder;
use rdb_format::{DecodeError, DecodeLimits, Element, Event, EventSink};

/// A RESTORE payload on its way in, and the value that it tells, which is built beside the keyspace.
///
/// Give it the payload's bytes with [`handle_received`](Self::handle_received) as they come, in any
/// split, and [`advance`](Self::advance) it while it [has work](Self::has_work). When the payload
/// [is complete](Self::is_complete) and there is no work left, [`finish`](Self::finish) it.
///
/// It holds the value as far as it has come and the bytes that were given since the last call. A
/// payload that turns out to be broken is not held any further: its bytes are counted and their
/// checksum followed, since that is judged first (rule R4 before R6).
///
/// Freeing takes as long as a value is large. So what was built of one that is broken is to be taken
/// with [`poll_garbage`](Self::poll_garbage), and that and the session itself, finished or not, are
/// to be dropped where it makes nobody wait. Both are `Send`.
#[derive(Debug)]
pub struct RestoreSession {
    /// `None` if the payload has no room for a footer.
    decoder: Option<PayloadDecoder>,
    /// `None` once the value is finished or known to be broken.
    builder: Option<ValueBuilder>,
    garbage: Option<Garbage>,
    announced: u64,
    /// `received <= announced`
    received: u64,
    /// Bytes that the decoder has not got yet; none of the pieces is empty.
    arrived: VecDeque<Bytes>,
    /// The decoder may have more to tell of what it has got.
    is_telling: bool,
}

/// What was built of a value that turned out to be broken.
#[derive(Debug)]
pub struct Garbage {
    _builder: ValueBuilder,
}

impl RestoreSession {
    /// A session for a payload of `payload_bytes`, whose collections are packed up to `thresholds`.
    pub fn new(payload_bytes: u64, limits: DecodeLimits, thresholds: Thresholds) -> Self {
        Self {
            decoder: PayloadDecoder::new(payload_bytes, limits).ok(),
            builder: Some(ValueBuilder::new(thresholds)),
            garbage: None,
            announced: payload_bytes,
            received: 0,
            arrived: VecDeque::new(),
            is_telling: false,
        }
    }

    /// Takes the next bytes of the payload.
    ///
    /// # Panics
    /// If they go on behind the announced length.
    pub fn handle_received(&mut self, bytes: Bytes) {
        let len = bytes.len() as u64;
        assert!(len <= self.announced - self.received, "the payload is no longer than announced");
        self.received += len;
        if len > 0 {
            self.arrived.push_back(bytes);
        }
    }

    /// Whether all bytes of the payload have been given.
    pub fn is_complete(&self) -> bool {
        self.received == self.announced
    }

    /// Whether there is something to do before more bytes come.
    pub fn has_work(&self) -> bool {
        self.is_telling || !self.arrived.is_empty()
    }

    /// Works for `work_max` units, or to the end of the step with which they are used up.
    ///
    /// A step gives the decoder up to [`STEP_BYTES`] of the payload, or takes what it tells next: a
    /// string of up to 64 KiB, a piece of a longer one, or a packed blob of up to 64 KiB (1 MiB if it
    /// has few entries). Each step counts as [`EVENT_WORK`] units, and one more for each byte that
    /// was given or told; a unit is a nanosecond or two.
    pub fn advance(&mut self, work_max: usize) {
        let mut work_left = work_max;
        while self.has_work() && work_left > 0 {
            work_left = work_left.saturating_sub(self.step());
        }
    }

    /// What was built of a value that turned out to be broken, once.
    pub fn poll_garbage(&mut self) -> Option<Garbage> {
        self.garbage.take()
    }

    /// The value, after the last byte; what is still to do is done first.
    ///
    /// # Errors
    /// What is wrong with the payload: with its footer before anything else. Bytes that never came
    /// are wrong with the footer.
    ///
    /// # Panics
    /// If it has returned a value before.
    pub fn finish(&mut self) -> Result<Value, DecodeError> {
        self.advance(usize::MAX);
        match &mut self.decoder {
            Some(decoder) => decoder.finish()?,
            None => return Err(DecodeError::TooShort { len: self.announced }),
        };
        let value = self.builder.take().and_then(ValueBuilder::finish);
        Ok(value.expect("a sound payload has told a value, which is taken once"))
    }

    /// Does one step, and tells how much work it was.
    fn step(&mut self) -> usize {
        let Some(decoder) = &mut self.decoder else {
            // Nothing of so short a payload is looked at.
            self.arrived.clear();
            return 0;
        };
        let mut work = EVENT_WORK;
        if self.is_telling {
            let builder = self.builder.as_mut().expect("a broken value is told no further");
            let mut sink = CountingSink { builder, work };
            self.is_telling = decoder.tell_next(&mut sink);
            work = sink.work;
            if self.is_telling {
                return work;
            }
        }
        if decoder.has_failed()
            && let Some(_builder) = self.builder.take()
        {
            self.garbage = Some(Garbage { _builder });
        }
        if let Some(first) = self.arrived.front_mut() {
            let piece = first.split_to(first.len().min(STEP_BYTES));
            if first.is_empty() {
                self.arrived.pop_front();
            }
            work += piece.len();
            decoder.push(piece).expect("it is no more than was announced");
            self.is_telling = self.builder.is_some();
        }
        work
    }
}

/// Counts what is told as work.
struct CountingSink<'a> {
    builder: &'a mut ValueBuilder,
    work: usize,
}

impl EventSink for CountingSink<'_> {
    fn begin_elements(&mut self, len: u64, arrived_max: usize) -> bool {
        self.builder.begin_elements(len, arrived_max)
    }

    fn checks_pending(&self) -> bool {
        self.builder.checks_pending()
    }

    fn event(&mut self, event: Event) -> bool {
        self.work += event.bytes_len();
        self.builder.event(event)
    }

    fn element(&mut self, element: Element<'_>) -> bool {
        let bytes = match element {
            Element::Member(member) | Element::Scored(member, _) => member.len(),
            Element::Field(name, value) => name.len() + value.len(),
        };
        self.work += EVENT_WORK + bytes;
        self.builder.element(element)
    }
}

/// So many bytes of a payload are given to the decoder at a time. Whatever it does between two
/// events it does with them: at the most it decompresses them to 88 times as many.
pub const STEP_BYTES: usize = 8 << 10;

/// Work of an event, or of an element that is told at once, without its bytes.
pub const EVENT_WORK: usize = 128;
