//! Giving out a payload a slice at a time.

use std::convert::Infallible;

use bytes::Bytes;

use super::Footer;
use crate::{
    EncodeError, EncodeOptions, EventSource, Measure, MeasureError, RdbVersion, Target, Thresholds,
    Value, ValueEncoder, ValueEvents, crc64::Crc64,
};

/// The first way over a value that becomes a payload, as [`Measure`] is.
#[derive(Debug)]
pub struct PayloadMeasure<S> {
    measure: Measure<S>,
    target: Target,
}

impl<S: EventSource> PayloadMeasure<S> {
    /// Begins with the value that `source` tells from its start.
    pub fn new(source: S, target: &Target, options: EncodeOptions) -> Self {
        Self { measure: Measure::new(source, *target, options), target: *target }
    }

    /// See [`Measure::keep_all`].
    pub(super) fn keep_all(&mut self) {
        self.measure.keep_all();
    }

    /// Goes over at most `events_max` more events: see [`Measure::advance`].
    ///
    /// # Errors
    ///
    /// See [`MeasureError`].
    pub fn advance(&mut self, events_max: usize) -> Result<bool, MeasureError<S::Error>> {
        self.measure.advance(events_max)
    }

    /// See [`Measure::measured_bytes`].
    pub fn measured_bytes(&self) -> u64 {
        self.measure.measured_bytes()
    }

    /// The encoder of what was measured, under the version that [`Target::footer`] names for it.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Version`] if something in the value is too long for the target.
    ///
    /// # Panics
    ///
    /// If the end was not reached.
    pub fn finish(self) -> Result<PayloadEncoder<S>, EncodeError> {
        let value = self.measure.finish();
        let needed = value.version();
        let accepted = self.target.version_max();
        let version =
            self.target.footer(needed).ok_or(EncodeError::Version { needed, accepted })?;
        let footer = Some(version);
        Ok(PayloadEncoder { value, footer, crc64: Crc64::new() })
    }
}

/// A payload on its way out, of known length and in slices of a size that the caller chooses.
///
/// Large plain strings and packed nodes are shared with the slices, never copied.
///
/// ```
/// use rdb_format::{StringValue, Target, payload::PayloadEncoder};
///
/// let mut encoder = PayloadEncoder::new(StringValue::Int(10).into(), &Target::KEYFERRY)?;
/// assert_eq!(encoder.len(), 13);
/// let mut payload = Vec::new();
/// while let Ok(Some(slice)) = encoder.next_slice(4) {
///     payload.extend_from_slice(&slice);
/// }
/// assert_eq!(payload[..5], [0, 0xC0, 10, 6, 0]);
/// # Ok::<(), rdb_format::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct PayloadEncoder<S = ValueEvents> {
    value: ValueEncoder<S>,
    /// The version for a footer that `value` does not give out yet.
    footer: Option<RdbVersion>,
    /// Of what was given out.
    crc64: Crc64,
}

impl PayloadEncoder {
    /// An encoder of `value` for `target`: in the newest form that the target takes, packed and
    /// compressed as servers do by default.
    ///
    /// # Errors
    ///
    /// See [`EncodeError`].
    pub fn new(value: Value, target: &Target) -> Result<Self, EncodeError> {
        Self::of(value.events(Thresholds::default()), target)
    }
}

impl<S: EventSource<Error = Infallible>> PayloadEncoder<S> {
    /// An encoder, for `target`, of the value that `source` tells from its start, measured in one
    /// go.
    ///
    /// # Errors
    ///
    /// See [`EncodeError`].
    pub fn of(source: S, target: &Target) -> Result<Self, EncodeError> {
        let mut measure = PayloadMeasure::new(source, target, EncodeOptions::default());
        while !measure.advance(usize::MAX)? {}
        measure.finish()
    }
}

impl<S: EventSource> PayloadEncoder<S> {
    /// Length of the whole payload in bytes.
    #[expect(clippy::len_without_is_empty, reason = "no payload is empty")]
    pub fn len(&self) -> u64 {
        self.value.len() + Footer::LEN as u64
    }

    /// Bytes that are still to be given out.
    pub fn remaining(&self) -> u64 {
        let footer = if self.footer.is_some() { Footer::LEN } else { 0 };
        self.value.remaining() + footer as u64
    }

    /// See [`ValueEncoder::ttls_lost`].
    pub fn ttls_lost(&self) -> u64 {
        self.value.ttls_lost()
    }

    /// The next bytes, at least one and at most `bytes_max`, or `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of the source.
    ///
    /// # Panics
    ///
    /// If `bytes_max` is 0, which no payload ends with, or if the source does not tell what it told
    /// when it was measured.
    pub fn next_slice(&mut self, bytes_max: usize) -> Result<Option<Bytes>, S::Error> {
        // A small payload is one slice, unless it shares memory with its value.
        if bytes_max as u64 >= self.remaining()
            && let Some(mut built) = self.value.take_built()
            && let Some(version) = self.footer.take()
        {
            self.crc64.update(&built);
            built.extend_from_slice(&Footer::seal(version, self.crc64).to_bytes());
            return Ok(Some(built.into()));
        }
        if self.value.remaining() == 0
            && let Some(version) = self.footer.take()
        {
            self.value.append(&Footer::seal(version, self.crc64).to_bytes());
        }
        let slice = self.value.next_slice(bytes_max)?;
        self.crc64.update(slice.as_deref().unwrap_or_default());
        Ok(slice)
    }
}
