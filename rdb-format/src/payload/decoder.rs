//! Taking a payload as it arrives.

use bytes::Bytes;

use super::Footer;
use crate::{
    DecodeError, DecodeLimits, Event, EventSink, Family, RdbVersion, codes, crc64::Crc64,
    decode::ValueDecoder, input::Input,
};

/// A payload on its way in, of announced length and in any split.
///
/// [`push`](Self::push) bytes as they come and take the events of each push with
/// [`poll_event`](Self::poll_event) until it returns `None`: what is pushed is held, not copied,
/// until then. After the last byte, [`finish`](Self::finish) tells whether the value is sound.
///
/// ```
/// use bytes::Bytes;
/// use rdb_format::{DecodeLimits, Event, RdbVersion, payload::PayloadDecoder};
///
/// // Redis 6.2: SET key 127, DUMP key
/// let payload = b"\x00\xC0\x7F\x09\x00\xDD\x47\xBA\xFD\x06\xD2\xA6\xA5";
/// let mut decoder = PayloadDecoder::new(payload.len() as u64, DecodeLimits::default())?;
/// for byte in payload {
///     decoder.push(Bytes::copy_from_slice(&[*byte]))?;
///     while let Some(event) = decoder.poll_event() {
///         if let Event::String(text) = event {
///             assert_eq!(text, "127");
///         }
///     }
/// }
/// assert_eq!(decoder.finish()?, RdbVersion(9));
/// # Ok::<(), rdb_format::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct PayloadDecoder {
    announced: u64,
    /// Bytes pushed: `received <= announced`.
    received: u64,
    limits: DecodeLimits,
    input: Input,
    /// The type code, once it is known.
    code: u8,
    body: Body,
    /// What is wrong with the body. Told by `finish`, for a footer that is wrong as well goes
    /// before it (R4).
    failed: Option<DecodeError>,
    /// The family that the body is read for, if that matters.
    family: Option<Family>,
    /// Of the body.
    crc64: Crc64,
    footer: [u8; Footer::LEN],
}

#[derive(Debug)]
enum Body {
    Type,
    /// Type code 22 is Redis's or Valkey's, which the footer tells: what comes is held until it is
    /// here, unless more would be held than [`UNDECIDED_BYTES_MAX`].
    Undecided,
    Value(ValueDecoder),
}

/// A longer payload of type code 22 is not held: it is taken for Valkey's from its start, however
/// it is split, and refused if its footer is not. Redis wrote such values before a release only.
const UNDECIDED_BYTES_MAX: u64 = 1 << 20;

impl PayloadDecoder {
    /// A decoder of a payload of `total_bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooShort`] if that leaves no room for a footer.
    pub fn new(total_bytes: u64, limits: DecodeLimits) -> Result<Self, DecodeError> {
        let body_bytes = total_bytes
            .checked_sub(Footer::LEN as u64)
            .ok_or(DecodeError::TooShort { len: total_bytes })?;
        Ok(Self {
            announced: total_bytes,
            received: 0,
            limits,
            input: Input::new(body_bytes),
            code: 0,
            body: Body::Type,
            failed: None,
            family: None,
            crc64: Crc64::new(),
            footer: [0; Footer::LEN],
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Overrun`] if they go on behind the announced length. Whatever is wrong with
    /// the bytes themselves is told by [`finish`](Self::finish).
    pub fn push(&mut self, mut bytes: Bytes) -> Result<(), DecodeError> {
        if bytes.len() as u64 > self.announced - self.received {
            return Err(DecodeError::Overrun { announced: self.announced });
        }
        let body_bytes = self.announced - Footer::LEN as u64;
        let body_left = body_bytes.saturating_sub(self.received);
        let footer = bytes.split_off(body_left.min(bytes.len() as u64) as usize);
        self.received += bytes.len() as u64;
        self.crc64.update(&bytes);
        if self.failed.is_none() {
            self.input.push(bytes);
        }
        if !footer.is_empty() {
            let at = (self.received - body_bytes) as usize;
            self.footer[at..at + footer.len()].copy_from_slice(&footer);
            self.received += footer.len() as u64;
        }
        Ok(())
    }

    /// The next event, or `None` until more is pushed.
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.failed.is_some() {
            return None;
        }
        self.poll_body().unwrap_or_else(|error| {
            self.fail(error);
            None
        })
    }

    /// Whether the value is known to be broken. What is pushed from then on is not held, and there
    /// are no more events; [`finish`](Self::finish) tells why.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Tells `sink` what has been pushed, instead of [`poll_event`](Self::poll_event): elements that
    /// allow it by reference, and the rest in events.
    pub fn tell(&mut self, sink: &mut impl EventSink) {
        while self.tell_next(sink) {}
    }

    /// As [`tell`](Self::tell), but no more than the elements that lie together, and one event.
    /// `false` if nothing is left to tell until more is pushed.
    pub fn tell_next(&mut self, sink: &mut impl EventSink) -> bool {
        if self.failed.is_some() {
            return false;
        }
        self.try_tell_next(sink).unwrap_or_else(|error| {
            self.fail(error);
            false
        })
    }

    fn try_tell_next(&mut self, sink: &mut impl EventSink) -> Result<bool, DecodeError> {
        if let Body::Value(value) = &mut self.body {
            value.tell_elements(&mut self.input, sink)?;
        }
        let Some(event) = self.poll_body()? else { return Ok(false) };
        let is_new = sink.event(event);
        match &self.body {
            Body::Value(value) if !is_new => Err(value.duplicate(&self.input)),
            _ => Ok(true),
        }
    }

    fn fail(&mut self, error: DecodeError) {
        self.failed = Some(error);
        self.input.clear();
    }

    /// Checks what is left to check, after the last byte, and tells the version of the payload.
    /// Events that were not taken are lost.
    ///
    /// # Errors
    ///
    /// The first of: bytes are missing, the version is not read here, the checksum is wrong, the
    /// value is broken or does not end where the footer begins.
    pub fn finish(&mut self) -> Result<RdbVersion, DecodeError> {
        while self.poll_event().is_some() {}
        let Self { announced, received, .. } = *self;
        if received < announced {
            return Err(DecodeError::Incomplete { received, announced });
        }
        let Footer { version, crc64 } = Footer::from_bytes(self.footer);
        if !version.is_readable() {
            return Err(DecodeError::Version { version });
        }
        if Footer::seal(version, self.crc64).crc64 != crc64 {
            return Err(DecodeError::Checksum);
        }
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.family {
            Some(family) if family != version.family() => {
                Err(DecodeError::ForeignType { code: self.code, version })
            }
            _ => Ok(version),
        }
    }

    fn poll_body(&mut self) -> Result<Option<Event>, DecodeError> {
        loop {
            match &mut self.body {
                Body::Type => {
                    let Some(code) = self.input.byte()? else { return Ok(None) };
                    self.code = code;
                    self.body = match code {
                        codes::VALKEY_HASH_TTLS => Body::Undecided,
                        _ => Body::Value(ValueDecoder::new(code, Family::Redis, &self.limits)?),
                    };
                    if code > codes::VALKEY_HASH_TTLS {
                        self.family = Some(Family::Redis);
                    }
                }
                Body::Undecided => {
                    let family = if self.announced > UNDECIDED_BYTES_MAX {
                        Family::Valkey
                    } else if self.received == self.announced {
                        Footer::from_bytes(self.footer).version.family()
                    } else {
                        return Ok(None);
                    };
                    self.family = Some(family);
                    self.body = Body::Value(ValueDecoder::new(self.code, family, &self.limits)?);
                }
                Body::Value(value) => {
                    if let Some(short) = value.poll_short(&mut self.input)? {
                        return Ok(Some(short.into()));
                    }
                    let event = value.poll_long(&mut self.input)?;
                    if event.is_none() && value.is_complete() {
                        self.input.require_end()?;
                    }
                    return Ok(event);
                }
            }
        }
    }
}
