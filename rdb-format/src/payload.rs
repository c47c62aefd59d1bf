//! DUMP payloads: a type byte, the value, and a footer. No key and no expiry.
//!
//! The decoder takes a payload as it arrives, the encoder gives it out a slice at a time; both work
//! in bounded memory whatever the size of the value. [`decode`] and [`encode`] are for payloads that
//! are at hand as a whole, and [`decode_whole`] and [`encode_whole`] for those of small values, which
//! need no decoder or encoder.

mod decoder;
mod encoder;
mod whole;

use std::convert::Infallible;

use bytes::Bytes;

use crate::{
    DecodeError, DecodeLimits, EncodeError, EncodeOptions, EventSink, EventSource, RdbVersion,
    Target, Thresholds, Value, ValueBuilder, crc64::Crc64,
};

pub use decoder::PayloadDecoder;
pub use encoder::{PayloadEncoder, PayloadMeasure};
pub use whole::{decode_whole, encode_whole};

/// Decodes a whole payload.
///
/// A long plain string shares the memory of `payload`, others are copied.
///
/// # Errors
///
/// See [`DecodeError`].
pub fn decode(payload: Bytes, limits: DecodeLimits) -> Result<Value, DecodeError> {
    let mut builder = ValueBuilder::default();
    decode_events(payload, limits, &mut |event| builder.push(event))?;
    Ok(builder.finish().expect("a decoder that finishes has told a value"))
}

/// Decodes a whole payload and tells `sink` its value. What it was told counts only if this succeeds.
///
/// # Errors
///
/// See [`DecodeError`].
pub fn decode_events(
    payload: Bytes,
    limits: DecodeLimits,
    sink: &mut impl EventSink,
) -> Result<(), DecodeError> {
    let mut decoder = PayloadDecoder::new(payload.len() as u64, limits)?;
    decoder.push(payload)?;
    decoder.tell(sink);
    decoder.finish()?;
    Ok(())
}

/// Encodes `value` into a whole payload for `target`.
///
/// # Errors
///
/// See [`EncodeError`].
pub fn encode(value: &Value, target: &Target) -> Result<Bytes, EncodeError> {
    encode_events(value.events(Thresholds::default()), target, EncodeOptions::default())
}

/// Encodes the value that `source` tells from its start into a whole payload for `target`.
///
/// # Errors
///
/// See [`EncodeError`].
pub fn encode_events(
    source: impl EventSource<Error = Infallible>,
    target: &Target,
    options: EncodeOptions,
) -> Result<Bytes, EncodeError> {
    let mut measure = PayloadMeasure::new(source, target, options);
    measure.keep_all();
    while !measure.advance(usize::MAX)? {}
    let mut encoder = measure.finish()?;
    let Ok(first) = encoder.next_slice(usize::MAX);
    let first = first.unwrap_or_default();
    if encoder.remaining() == 0 {
        return Ok(first);
    }
    // The value is in memory, so the length fits.
    let mut payload = Vec::with_capacity(encoder.len() as usize);
    payload.extend_from_slice(&first);
    while let Ok(Some(slice)) = encoder.next_slice(usize::MAX) {
        payload.extend_from_slice(&slice);
    }
    Ok(payload.into())
}

/// A payload of the string "0" under a footer of `version`, to ask a server whether it takes that
/// version: see [`version`](crate::version).
///
/// ```
/// use rdb_format::{DecodeLimits, RdbVersion, StringValue, payload};
///
/// let probe = payload::probe(RdbVersion(11));
/// assert_eq!(payload::decode(probe, DecodeLimits::default())?, StringValue::Int(0).into());
/// # Ok::<(), rdb_format::DecodeError>(())
/// ```
pub fn probe(version: RdbVersion) -> Bytes {
    // The string type, and an 8-bit integer.
    const BODY: [u8; 3] = [0, 0xC0, 0];
    let mut crc64 = Crc64::new();
    crc64.update(&BODY);
    [&BODY[..], &Footer::seal(version, crc64).to_bytes()].concat().into()
}

/// Footer of a DUMP payload, [`LEN`](Self::LEN) = 10 bytes, both fields little-endian:
///
/// | offset | bytes | field |
/// |-------:|------:|-------|
/// | 0 | 2 | RDB version of the body |
/// | 2 | 8 | CRC-64 over everything before it, the version included |
///
/// Found from the end: the body does not carry its own length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Footer {
    /// Version of the body.
    pub version: RdbVersion,
    /// CRC-64 of body and version. 0 is no exception: it is compared like any other.
    pub crc64: u64,
}

impl Footer {
    /// Bytes of a footer.
    pub const LEN: usize = Self::VERSION_LEN + Self::CRC64_LEN;
    const VERSION_LEN: usize = 2;
    const CRC64_LEN: usize = 8;

    /// The footer that closes a body of `version` whose CRC-64 is `body`.
    pub fn seal(version: RdbVersion, body: Crc64) -> Self {
        let mut crc64 = body;
        crc64.update(&version.0.to_le_bytes());
        Self { version, crc64: crc64.value() }
    }

    /// The footer as it is written.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (version, crc64) = bytes.split_at_mut(Self::VERSION_LEN);
        version.copy_from_slice(&self.version.0.to_le_bytes());
        crc64.copy_from_slice(&self.crc64.to_le_bytes());
        bytes
    }

    /// The footer that `bytes` are.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        let [v0, v1, c0, c1, c2, c3, c4, c5, c6, c7] = bytes;
        Self {
            version: RdbVersion(u16::from_le_bytes([v0, v1])),
            crc64: u64::from_le_bytes([c0, c1, c2, c3, c4, c5, c6, c7]),
        }
    }
}
