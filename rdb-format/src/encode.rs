//! Writing values: [`Event`]s to bytes, in the words of a [`Target`].
//!
//! An encoder goes over its value twice: [`Measure`] counts, and refuses what the target cannot be
//! told; [`ValueEncoder`] then gives out the bytes, whose number is known by then. Both work in
//! slices, so that neither a large value nor a slow peer holds anybody up. A small value is built
//! while it is measured, and gone over once.

mod body;
mod form;
mod out;

use std::convert::Infallible;

use bytes::Bytes;

use crate::{EncodeError, Event, Kind, RdbVersion, Target};

use body::{BodyWriter, Refusal};
use form::{Expiries, Form};

pub(crate) use body::expiry_of_entry;
pub(crate) use out::Out;

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
    source: S,
    target: Target,
    options: EncodeOptions,
    kind: Kind,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Start,
    /// The form depends on what comes first.
    Choose,
    /// It depends on all of it: the lowest expiry stands in front of a form, and a hash without any
    /// has an older form.
    Survey(Survey),
    Written(Written),
}

/// What has been learnt of the fields of a hash.
#[derive(Clone, Copy, Debug)]
struct Survey {
    /// They came in one listpack.
    packed: bool,
    /// When they expire, if any does.
    expiries: Option<Expiries>,
}

/// What has been written.
#[derive(Debug)]
struct Written {
    writer: BodyWriter,
    /// The fallback if the form turns out not to hold the value.
    plain: Form,
    out: Out,
    /// Bytes that were too many to be kept.
    forgotten: u64,
    /// The end was among it.
    complete: bool,
}

impl<S: EventSource> Measure<S> {
    /// Begins with the value that `source` tells from its start.
    pub fn new(source: S, target: Target, options: EncodeOptions) -> Self {
        Self { source, target, options, kind: Kind::String, stage: Stage::Start }
    }

    /// Goes over at most `events_max` more events; whether that was the last of them.
    ///
    /// An event is a string, a chunk of one or a packed node.
    ///
    /// # Errors
    ///
    /// See [`MeasureError`]; nothing more is to be had then.
    ///
    /// # Panics
    ///
    /// If the source tells no value: if [`Event::Start`] is not first or [`Event::End`] is missing.
    pub fn advance(&mut self, events_max: usize) -> Result<bool, MeasureError<S::Error>> {
        for _ in 0..events_max {
            if self.is_complete() {
                return Ok(true);
            }
            // Looked at where it is: moving it takes as long as writing a short one.
            let next = self.source.next_event();
            let event = match next {
                Ok(Some(ref event)) => event,
                Ok(None) => panic!("a value ends with its end"),
                Err(error) => return Err(MeasureError::Source(error)),
            };
            match &mut self.stage {
                Stage::Start => {
                    let &Event::Start(kind) = event else {
                        unreachable!("a value starts with its start");
                    };
                    self.kind = kind;
                    self.stage = match kind {
                        Kind::HashWithTtls => {
                            Stage::Survey(Survey { packed: true, expiries: None })
                        }
                        _ => Stage::Choose,
                    };
                }
                Stage::Choose => {
                    let form = Form::choose(self.kind, event, &self.target)?;
                    let plain = Form::plain(self.kind, &self.target)?;
                    self.stage =
                        Stage::Written(Written::new(self.writer(form), plain, event.bytes_len()));
                    self.write(event)?;
                }
                Stage::Survey(survey) => {
                    survey.take(event);
                    if let (Event::End, Survey { packed, expiries }) = (event, *survey) {
                        let form = Form::with_ttls(expiries, packed, &self.target)?;
                        let plain = Form::with_ttls(expiries, false, &self.target)?;
                        self.restart(Written::new(self.writer(form), plain, 0))?;
                    }
                }
                Stage::Written(_) => self.write(event)?,
            }
        }
        Ok(self.is_complete())
    }

    fn is_complete(&self) -> bool {
        matches!(self.stage, Stage::Written(Written { complete: true, .. }))
    }

    /// The encoder of what was measured.
    ///
    /// # Panics
    ///
    /// If the end was not reached.
    pub fn finish(self) -> ValueEncoder<S> {
        let Self { source, target, options, kind, stage } = self;
        let Stage::Written(Written { writer, mut out, forgotten, complete: true, .. }) = stage
        else {
            panic!("the value was not measured to its end");
        };
        let (version, ttls_lost) = (writer.version(), writer.ttls_lost());
        // What is not kept is written anew.
        let mut len = forgotten + out.len();
        let rest = (forgotten > 0).then(|| {
            out.clear();
            BodyWriter::new(kind, writer.form(), target, options)
        });
        // What tells a number is put in front once that is known; another head was written there.
        let is_counted = writer.form().is_counted();
        if is_counted || rest.is_some() {
            let head_len = out.prepend(|out| writer.head(out));
            len += if is_counted { head_len as u64 } else { 0 };
        }
        ValueEncoder { source, len, remaining: len, version, ttls_lost, out, rest }
    }

    fn writer(&self, form: Form) -> BodyWriter {
        BodyWriter::new(self.kind, form, self.target, self.options)
    }

    fn write(&mut self, event: &Event) -> Result<(), MeasureError<S::Error>> {
        let Stage::Written(written) = &mut self.stage else {
            unreachable!("a form has been chosen");
        };
        match written.writer.write(event, &mut written.out) {
            Ok(()) => {}
            Err(Refusal::Value(error)) => return Err(error.into()),
            Err(Refusal::Form) => {
                let plain = written.plain;
                assert_ne!(written.writer.form(), plain, "the plain form holds everything");
                return self.restart(Written::new(self.writer(plain), plain, 0));
            }
        }
        if !matches!(event, Event::End) {
            written.forget_if_large();
        } else if written.writer.is_left_out() {
            return Err(EncodeError::NothingLeft.into());
        } else {
            written.complete = true;
        }
        Ok(())
    }

    /// Begins again behind the start.
    fn restart(&mut self, written: Written) -> Result<(), MeasureError<S::Error>> {
        self.source.rewind().map_err(MeasureError::Source)?;
        self.source.next_event().map_err(MeasureError::Source)?;
        self.stage = Stage::Written(written);
        Ok(())
    }
}

impl<E> From<EncodeError> for MeasureError<E> {
    fn from(error: EncodeError) -> Self {
        Self::Target(error)
    }
}

impl Survey {
    fn take(&mut self, event: &Event) {
        match event {
            Event::ExpireAt(expire_at_ms) => {
                self.packed = false;
                self.expiries = Expiries::with(self.expiries, *expire_at_ms);
            }
            Event::Listpack(listpack) => {
                let expiries = listpack.iter().skip(2).step_by(3).map(expiry_of_entry);
                self.expiries = expiries.fold(self.expiries, Expiries::with);
            }
            _ => {}
        }
    }
}

impl Written {
    /// With room for so many `bytes` of the first event.
    fn new(writer: BodyWriter, plain: Form, bytes: usize) -> Self {
        let mut out = Out::with_room(bytes);
        if !writer.form().is_counted() {
            writer.head(&mut out.built);
        }
        Self { writer, plain, out, forgotten: 0, complete: false }
    }

    /// Keeps what is written only as long as it is little.
    fn forget_if_large(&mut self) {
        let large = self.out.built_bytes() > KEPT_BYTES_MAX || self.out.pieces() > KEPT_PIECES_MAX;
        if large || self.forgotten > 0 {
            self.forgotten += self.out.len();
            self.out.clear();
        }
    }
}

/// The second way over a value: its bytes, from the type code on.
#[derive(Debug)]
pub struct ValueEncoder<S> {
    source: S,
    len: u64,
    /// Bytes not yet given out.
    remaining: u64,
    version: RdbVersion,
    ttls_lost: u64,
    out: Out,
    /// Writes what is not in `out` yet; it starts with the first event.
    rest: Option<BodyWriter>,
}

impl<S: EventSource> ValueEncoder<S> {
    /// Length of type code and value in bytes.
    #[expect(clippy::len_without_is_empty, reason = "no value is empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that are still to be given out.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The lowest version whose readers understand the value.
    pub fn version(&self) -> RdbVersion {
        self.version
    }

    /// Fields that expire, which the target is not told: by [`FieldTtlPolicy`] they stay for ever
    /// there, or are left out.
    pub fn ttls_lost(&self) -> u64 {
        self.ttls_lost
    }

    /// All that is left, if there is something and it was built.
    pub(crate) fn take_built(&mut self) -> Option<Vec<u8>> {
        if self.rest.is_some() || self.remaining == 0 {
            return None;
        }
        let built = self.out.take_built()?;
        self.remaining = 0;
        Some(built)
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
        if self.remaining == self.len && self.rest.is_some() {
            self.source.rewind()?;
        }
        while self.rest.is_some() && self.out.is_short_of(bytes_max.min(BUILT_BYTES_WANTED)) {
            let next = self.source.next_event();
            match (&next, &mut self.rest) {
                (Ok(Some(event)), Some(writer)) => {
                    let written = writer.write(event, &mut self.out);
                    assert!(written.is_ok(), "it was written before");
                }
                _ => {
                    next?;
                    self.rest = None;
                }
            }
        }
        let slice = self.out.pop(bytes_max);
        let len = slice.as_ref().map_or(0, Bytes::len) as u64;
        self.remaining = self.remaining.checked_sub(len).expect("no more than was measured");
        assert!(slice.is_some() || self.remaining == 0, "no less than was measured");
        Ok(slice)
    }
}

/// What is kept while it is measured: of built bytes,
const KEPT_BYTES_MAX: usize = 64 << 10;
/// and of pieces, most of which take no memory of their own.
const KEPT_PIECES_MAX: usize = 16;

/// So much is built ahead, if the caller takes it at once.
const BUILT_BYTES_WANTED: usize = 16 << 10;
