//! Writing values: [`Event`]s to bytes, in the words of a [`Target`].
//!
//! An encoder goes over its value twice: [`Measure`] counts, and refuses what the target cannot be
//! told; [`ValueEncoder`] then gives out the bytes, whose number is known by then. Both work in
//! slices, so that neither a large value nor a slow peer holds anybody up. A small value is built
//! while it is measured, and gone over once.

mod body;
mod form;
mod out;
mod whole;

use std::convert::Infallible;

use bytes::Bytes;

use crate::{EncodeError, Event, Kind, RdbVersion, Target};

use body::{BodyWriter, Refusal};
use form::{Expiries, Form};

pub(crate) use body::expiry_of_entry;
pub(crate) use out::Out;
pub(crate) use whole::encode_whole;

/// A value that can be gone over more than once.
///
/// It tells the [`Event`]s of one value, from [`Start`](Event::Start) to [`End`](Event::End), and
/// each time the same.
pub trait EventSource {
    /// Why the next event is not to be had; [`Infallible`] where the value is in memory.
    type Error;

    /// Goes back to [`Event::Start`].
    ///
    /// # Errors
    ///
    /// The value cannot be had again.
    fn rewind(&mut self) -> Result<(), Self::Error>;

    /// The next event; `None` behind [`Event::End`].
    ///
    /// # Errors
    ///
    /// The value cannot be had to its end.
    fn next_event(&mut self) -> Result<Option<Event>, Self::Error>;

    /// Tells the elements that come next by reference, without the events that would tell the same:
    /// as many as lie together, some more than `elements_max` at the most, and how many they are. A
    /// source tells none that has none, where another event comes next, or if it cannot.
    ///
    /// # Errors
    ///
    /// As those of [`next_event`](Self::next_event).
    fn next_elements(
        &mut self,
        elements_max: usize,
        take: &mut dyn FnMut(Element<'_>),
    ) -> Result<usize, Self::Error> {
        let _ = (elements_max, take);
        Ok(0)
    }

    /// Whether [`next_elements`](Self::next_elements) would tell any.
    fn has_elements(&self) -> bool {
        false
    }
}

/// An element of a collection that is not packed. No text has more than
/// [`STRING_BYTES_WHOLE`](crate::STRING_BYTES_WHOLE) bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Element<'a> {
    /// A member of a set.
    Member(&'a [u8]),
    /// A member of a sorted set with its score, which is not NaN.
    Scored(&'a [u8], f64),
    /// A field of a hash that does not expire, and its value.
    Field(&'a [u8], &'a [u8]),
}

/// What an encoder is free to choose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EncodeOptions {
    /// Whether strings of 21 bytes to [64 KiB](crate::LZF_INPUT_BYTES_MAX) are compressed where
    /// that saves at least 4 bytes; the servers' `rdbcompression`.
    pub compress: bool,
    /// What becomes of fields that expire at a target that has no field TTLs.
    pub field_ttls: FieldTtlPolicy,
}

/// Compressed, and nothing is left out.
impl Default for EncodeOptions {
    fn default() -> Self {
        Self { compress: true, field_ttls: FieldTtlPolicy::Refuse }
    }
}

/// What becomes of fields that expire at a target that has no field TTLs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FieldTtlPolicy {
    /// The value is refused.
    Refuse,
    /// They stay for ever.
    DropTtls,
    /// They are left out.
    LeaveOut,
}

/// Why a value cannot be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MeasureError<E> {
    /// It cannot be told to the target.
    #[error(transparent)]
    Target(EncodeError),
    /// It cannot be had.
    #[error(transparent)]
    Source(E),
}

impl From<MeasureError<Infallible>> for EncodeError {
    fn from(error: MeasureError<Infallible>) -> Self {
        match error {
            MeasureError::Target(error) => error,
            MeasureError::Source(never) => match never {},
        }
    }
}

/// The first way over a value: how long it will be, and whether the target can be told at all.
///
/// Call [`advance`](Self::advance) until it says that the end is reached, then
/// [`finish`](Self::finish).
#[derive(Debug)]
pub struct Measure<S> {
    state: Box<State<S>>,
}

/// The second way over a value: its bytes, from the type code on.
#[derive(Debug)]
pub struct ValueEncoder<S> {
    state: Box<State<S>>,
}

/// A value on its way. In a box from the start to the end: to move it once takes as long as to write
/// a small value.
#[derive(Debug)]
struct State<S> {
    source: S,
    stage: Stage,
    /// When the fields of the value expire, if any does: known once it is surveyed.
    expiries: Option<Expiries>,
    writer: BodyWriter,
    /// What was written and is still to be given out.
    out: Out,
    /// Length of what stands in front of the elements, with a count of one byte if there is one.
    head_len: usize,
    /// Whether everything is kept that is written while it is measured, however much it is.
    keeps_all: bool,
    /// Bytes that were measured, and not kept because they are too many.
    forgotten: u64,
    /// Of the whole, once it is measured.
    len: u64,
    /// Bytes not yet given out, once it is measured.
    remaining: u64,
    /// The lowest version whose readers understand it, once it is measured.
    version: RdbVersion,
    /// Fields whose expiry is not told, once it is measured.
    ttls_lost: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Start,
    /// The form depends on what comes first.
    Choose,
    /// It depends on all of it: the lowest expiry stands in front of a form, and a hash without any
    /// has an older form. `packed` is whether all came in listpacks so far.
    Survey {
        packed: bool,
    },
    Measure,
    /// Measured and forgotten, so it is written a second time.
    Rewrite,
    /// What is not given out yet is all written.
    Complete,
}

impl<S: EventSource> Measure<S> {
    /// Begins with the value that `source` tells from its start.
    pub fn new(source: S, target: Target, options: EncodeOptions) -> Self {
        let state = Box::new(State {
            source,
            stage: Stage::Start,
            expiries: None,
            writer: BodyWriter::new(target, options),
            out: Out::default(),
            head_len: 0,
            keeps_all: false,
            forgotten: 0,
            len: 0,
            remaining: 0,
            version: RdbVersion(0),
            ttls_lost: 0,
        });
        Self { state }
    }

    /// Keeps everything that is written while it is measured: for a value that is wanted as a whole,
    /// and is gone over once then.
    pub(crate) fn keep_all(&mut self) {
        self.state.keeps_all = true;
    }

    /// Bytes of the encoded value that were measured so far: what was gone over costs about as much.
    /// Fewer than before where an older form turns out to be needed, and none while it is only
    /// looked for.
    pub fn measured_bytes(&self) -> u64 {
        self.state.forgotten + self.state.out.built.len() as u64
    }

    /// Goes over at most `events_max` more events; whether that was the last of them.
    ///
    /// An event is a string, a chunk of one or a packed node. An [`Element`] counts as one, and those
    /// that lie together are gone over at once.
    ///
    /// # Errors
    ///
    /// See [`MeasureError`]; nothing more is to be had then.
    ///
    /// # Panics
    ///
    /// If the source tells no value: if [`Event::Start`] is not first or [`Event::End`] is missing.
    pub fn advance(&mut self, events_max: usize) -> Result<bool, MeasureError<S::Error>> {
        let state = &mut *self.state;
        let mut events_left = events_max;
        while events_left > 0 {
            if state.stage == Stage::Complete {
                return Ok(true);
            }
            let elements = state.measure_elements(events_left)?;
            if elements > 0 {
                events_left = events_left.saturating_sub(elements);
                continue;
            }
            events_left -= 1;
            // Looked at where it is: moving it takes as long as writing a short one.
            let next = state.source.next_event();
            let event = match next {
                Ok(Some(ref event)) => event,
                Ok(None) => panic!("a value ends with its end"),
                Err(error) => return Err(MeasureError::Source(error)),
            };
            match state.stage {
                Stage::Start => state.start(event),
                Stage::Choose => {
                    let form = Form::choose(state.writer.kind(), event, state.writer.target())?;
                    state.begin(form, event.bytes_len());
                    state.measure(event)?;
                }
                Stage::Survey { packed } => state.survey(event, packed)?,
                _ => state.measure(event)?,
            }
        }
        Ok(state.stage == Stage::Complete)
    }

    /// The encoder of what was measured.
    ///
    /// # Panics
    ///
    /// If the end was not reached.
    pub fn finish(self) -> ValueEncoder<S> {
        let Self { mut state } = self;
        assert_eq!(state.stage, Stage::Complete, "the value was not measured to its end");
        state.finish();
        ValueEncoder { state }
    }
}

impl<S: EventSource> State<S> {
    fn start(&mut self, event: &Event) {
        let &Event::Start(kind) = event else {
            unreachable!("a value starts with its start");
        };
        self.writer.set_kind(kind);
        self.stage = match kind {
            Kind::HashWithTtls => Stage::Survey { packed: true },
            _ => Stage::Choose,
        };
    }

    fn survey(&mut self, event: &Event, packed: bool) -> Result<(), MeasureError<S::Error>> {
        match event {
            Event::ExpireAt(expire_at_ms) => {
                self.stage = Stage::Survey { packed: false };
                self.expiries = Expiries::with(self.expiries, *expire_at_ms);
            }
            Event::Listpack(listpack) => {
                let expiries = listpack.iter().skip(2).step_by(3).map(expiry_of_entry);
                self.expiries = expiries.fold(self.expiries, Expiries::with);
            }
            Event::End => {
                let form = Form::with_ttls(self.expiries, packed, self.writer.target())?;
                self.restart(form)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Goes over the elements that come next, if they are told by reference; how many they are.
    fn measure_elements(&mut self, elements_max: usize) -> Result<usize, MeasureError<S::Error>> {
        if !matches!(self.stage, Stage::Choose | Stage::Measure) || !self.source.has_elements() {
            return Ok(0);
        }
        if self.stage == Stage::Choose {
            self.begin(Form::plain(self.writer.kind(), self.writer.target())?, 0);
        }
        let elements = self.write_elements(elements_max).map_err(MeasureError::Source)?;
        self.forget_if_large();
        Ok(elements)
    }

    fn write_elements(&mut self, elements_max: usize) -> Result<usize, S::Error> {
        let Self { source, writer, out, .. } = self;
        source.next_elements(elements_max, &mut |element| writer.element(element, &mut out.built))
    }

    /// Begins to write in `form`, with room for so many `bytes` of the first event.
    fn begin(&mut self, form: Form, bytes: usize) {
        self.writer.set_form(form);
        self.out.clear();
        self.out.make_room(bytes, form.is_counted());
        self.writer.head(&mut self.out.built);
        self.head_len = self.out.built.len();
        self.forgotten = 0;
        self.stage = Stage::Measure;
    }

    /// Goes over the value from its start, in `form`.
    fn restart(&mut self, form: Form) -> Result<(), MeasureError<S::Error>> {
        self.source.rewind().map_err(MeasureError::Source)?;
        self.begin(form, 0);
        Ok(())
    }

    fn measure(&mut self, event: &Event) -> Result<(), MeasureError<S::Error>> {
        match self.writer.write(event, &mut self.out) {
            Ok(()) => {}
            Err(Refusal::Value(error)) => return Err(error.into()),
            Err(Refusal::Form) => {
                let (kind, target) = (self.writer.kind(), self.writer.target());
                let plain = match kind {
                    Kind::HashWithTtls => Form::with_ttls(self.expiries, false, target)?,
                    _ => Form::plain(kind, target)?,
                };
                assert_ne!(self.writer.form(), plain, "the plain form holds everything");
                return self.restart(plain);
            }
        }
        if matches!(event, Event::End) {
            if self.writer.is_left_out() {
                return Err(EncodeError::NothingLeft.into());
            }
            self.stage = Stage::Complete;
        } else {
            self.forget_if_large();
        }
        Ok(())
    }

    /// Gives up what was written if that is much: it is written a second time.
    fn forget_if_large(&mut self) {
        let is_large = self.out.built.len() > KEPT_BYTES_MAX || self.out.pieces() > KEPT_PIECES_MAX;
        if is_large && !self.keeps_all {
            self.forgotten += self.out.len();
            self.out.clear();
        }
    }

    fn finish(&mut self) {
        let Self { writer, out, .. } = self;
        (self.version, self.ttls_lost) = (writer.version(), writer.ttls_lost());
        if self.forgotten == 0 {
            if writer.form().is_counted() {
                out.put_length(self.head_len - 1, writer.count());
            }
            self.len = out.len();
        } else {
            // Of the head, which is written anew, the count is known now.
            self.len = self.forgotten + out.len() - self.head_len as u64;
            out.clear();
            writer.head(&mut out.built);
            self.len += out.len();
            writer.set_form(writer.form());
            self.stage = Stage::Rewrite;
        }
        self.remaining = self.len;
    }

    /// Writes what was forgotten, the next event or elements of it.
    fn rewrite(&mut self) -> Result<(), S::Error> {
        if self.source.has_elements() && self.write_elements(REWRITTEN_ELEMENTS_MAX)? > 0 {
            return Ok(());
        }
        let next = self.source.next_event();
        if let Ok(Some(event)) = &next {
            let written = self.writer.write(event, &mut self.out);
            assert!(written.is_ok(), "it was written before");
        } else {
            next?;
            self.stage = Stage::Complete;
        }
        Ok(())
    }
}

impl<E> From<EncodeError> for MeasureError<E> {
    fn from(error: EncodeError) -> Self {
        Self::Target(error)
    }
}

impl<S: EventSource> ValueEncoder<S> {
    /// Length of type code and value in bytes.
    #[expect(clippy::len_without_is_empty, reason = "no value is empty")]
    pub fn len(&self) -> u64 {
        self.state.len
    }

    /// Bytes that are still to be given out.
    pub fn remaining(&self) -> u64 {
        self.state.remaining
    }

    /// The lowest version whose readers understand the value.
    pub fn version(&self) -> RdbVersion {
        self.state.version
    }

    /// Fields that expire, which the target is not told: by [`FieldTtlPolicy`] they stay for ever
    /// there, or are left out.
    pub fn ttls_lost(&self) -> u64 {
        self.state.ttls_lost
    }

    /// All that is left, if there is something and it was built.
    pub(crate) fn take_built(&mut self) -> Option<Vec<u8>> {
        if self.state.stage != Stage::Complete || self.state.remaining == 0 {
            return None;
        }
        let built = self.state.out.take_built()?;
        self.state.remaining = 0;
        Some(built)
    }

    /// Appends `tail`, which is no part of the value, to what is to be given out: nothing any more.
    pub(crate) fn append(&mut self, tail: &[u8]) {
        debug_assert_eq!(self.state.remaining, 0, "everything was given out");
        self.state.out.built.extend_from_slice(tail);
        self.state.remaining = tail.len() as u64;
    }

    /// The next bytes, at least one and at most `bytes_max`, or `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of the source.
    ///
    /// # Panics
    ///
    /// If `bytes_max` is 0, which no value ends with, or if the source does not tell what it told
    /// when it was measured.
    pub fn next_slice(&mut self, bytes_max: usize) -> Result<Option<Bytes>, S::Error> {
        assert!(bytes_max > 0, "a slice has at least one byte");
        let state = &mut *self.state;
        if state.stage == Stage::Rewrite {
            if state.remaining == state.len {
                state.source.rewind()?;
            }
            let wanted = bytes_max.min(BUILT_BYTES_WANTED);
            while state.stage == Stage::Rewrite && state.out.is_short_of(wanted) {
                state.rewrite()?;
            }
        }
        let slice = state.out.pop(bytes_max);
        let len = slice.as_ref().map_or(0, Bytes::len) as u64;
        state.remaining = state.remaining.checked_sub(len).expect("no more than was measured");
        assert!(slice.is_some() || state.remaining == 0, "no less than was measured");
        Ok(slice)
    }
}

/// What is kept while it is measured: of built bytes,
const KEPT_BYTES_MAX: usize = 64 << 10;
/// and of pieces, most of which take no memory of their own.
const KEPT_PIECES_MAX: usize = 16;

/// So many elements that lie together are written at once.
const REWRITTEN_ELEMENTS_MAX: usize = 64;

/// So much is built ahead, if the caller takes it at once.
const BUILT_BYTES_WANTED: usize = 16 << 10;
