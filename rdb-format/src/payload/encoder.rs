//! Giving out a payload a slice at a time.

use bytes::Bytes;

use super::Footer;
use crate::{EncodeError, RdbVersion, Target, Value, codes, crc64::Crc64, string::EncodedString};

/// A payload on its way out, of known length and in slices of a size that the caller chooses.
///
/// It owns a handle of its value, so the value may be used elsewhere meanwhile. Large plain strings
/// are shared with the slices, never copied.
///
/// ```
/// use rdb_format::{StringValue, Target, payload::PayloadEncoder};
///
/// let mut encoder = PayloadEncoder::new(StringValue::Int(10).into(), &Target::KEYFERRY)?;
/// assert_eq!(encoder.len(), 13);
/// let mut payload = Vec::new();
/// while let Some(slice) = encoder.next_slice(4) {
///     payload.extend_from_slice(&slice);
/// }
/// assert_eq!(payload[..5], [0, 0xC0, 10, 6, 0]);
/// # Ok::<(), rdb_format::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct PayloadEncoder {
    len: u64,
    /// Bytes not yet given out: of `built`, of `shared` and of the footer while it is not built.
    remaining: u64,
    /// Given out first.
    built: Bytes,
    /// Given out after `built`; the value's own memory.
    shared: Bytes,
    /// The version for a footer that comes after `shared` and is not built yet.
    footer: Option<RdbVersion>,
    /// Of everything that was built, and of what was given out of `shared`.
    crc64: Crc64,
}

impl PayloadEncoder {
    /// An encoder of `value` for `target`: in the newest form that the target takes, under the
    /// version that [`Target::footer`] names for that form.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Version`] if the target is too old for every form of the value.
    pub fn new(value: Value, target: &Target) -> Result<Self, EncodeError> {
        let Value::String(string) = value;
        let mut built = Vec::with_capacity(BUILT_BYTES_EXPECTED);
        built.push(codes::STRING);
        let EncodedString { shared, version: needed } = EncodedString::build(&string, &mut built);
        let version = target
            .footer(needed)
            .ok_or(EncodeError::Version { needed, accepted: target.version_max() })?;
        let len = (built.len() + shared.len() + Footer::LEN) as u64;
        let mut crc64 = Crc64::new();
        crc64.update(&built);
        // A value that is built as a whole leaves in one slice.
        let footer = if shared.is_empty() {
            built.extend_from_slice(&Footer::seal(version, crc64).to_bytes());
            None
        } else {
            // A compression that was given up may have left room behind.
            built.shrink_to_fit();
            Some(version)
        };
        Ok(Self { len, remaining: len, built: built.into(), shared, footer, crc64 })
    }

    /// Length of the whole payload in bytes.
    #[expect(clippy::len_without_is_empty, reason = "no payload is empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that are still to be given out.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The next bytes, at least one and at most `bytes_max`, or `None` at the end.
    ///
    /// # Panics
    ///
    /// If `bytes_max` is 0, which no payload ends with.
    pub fn next_slice(&mut self, bytes_max: usize) -> Option<Bytes> {
        assert!(bytes_max > 0, "a slice has at least one byte");
        if self.built.is_empty() && self.shared.is_empty() {
            let footer = Footer::seal(self.footer.take()?, self.crc64);
            self.built = Bytes::copy_from_slice(&footer.to_bytes());
        }
        let slice = if self.built.is_empty() {
            let slice = self.shared.split_to(bytes_max.min(self.shared.len()));
            self.crc64.update(&slice);
            slice
        } else {
            self.built.split_to(bytes_max.min(self.built.len()))
        };
        self.remaining -= slice.len() as u64;
        Some(slice)
    }
}

/// Room that is made before it is known how much will be built: enough for most values of caches
/// and sessions.
const BUILT_BYTES_EXPECTED: usize = 128;
