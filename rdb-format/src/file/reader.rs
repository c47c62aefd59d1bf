//! Reading a file as a stream.

use std::{
    io::{Read, Seek},
    mem::take,
};

use bytes::Bytes;

use super::{
    CHECKSUM_SINCE, Checksum, FileError, FileValue, KeyRecord, MAGIC_LEN, Record, feed::Feed,
    opcode, skip,
};
use crate::{
    DecodeError, DecodeLimits, Event, Family, Kind, ModuleId, RdbVersion, codes,
    decode::{ShortEvent, ValueDecoder},
    input::Input,
    string::BlobDecoder,
};

/// An RDB file on its way in.
///
/// [`next_record`](Self::next_record) tells one record after the other, up to
/// [`Record::End`]. After a [`Record::Key`] or [`Record::ModuleAux`], take the events of the value
/// with [`next_event`](Self::next_event), or pass over it with [`skip_value`](Self::skip_value).
///
/// Memory is bounded by the largest packed node in the file, and the members of one collection (16
/// to 37 bytes for each).
///
/// ```
/// use rdb_format::{DecodeLimits, Event, file::{FileReader, Record}};
///
/// // Redis 7.0: SET greeting hello, SAVE; without what it says of itself.
/// let file = b"REDIS0010\xFE\x00\x00\x08greeting\x05hello\xFF\0\0\0\0\0\0\0\0";
/// let mut reader = FileReader::new(file.as_slice(), DecodeLimits::default())?;
/// while let Some(record) = reader.next_record()? {
///     let Record::Key(record) = record else { continue };
///     assert_eq!(record.key, "greeting");
///     while let Some(event) = reader.next_event()? {
///         if let Event::String(text) = event {
///             assert_eq!(text, "hello");
///         }
///     }
/// }
/// # Ok::<(), rdb_format::file::FileError>(())
/// ```
#[derive(Debug)]
pub struct FileReader<R> {
    feed: Feed<R>,
    limits: DecodeLimits,
    version: RdbVersion,
    value: Option<OpenValue>,
    /// What has been said of the key that comes next.
    next_key: KeyRecord,
    ended: bool,
}

/// The value that follows the last record.
#[derive(Debug)]
struct OpenValue {
    start: ValueStart,
    decoder: ValueDecoder,
    /// Some of it has been told.
    begun: bool,
    /// The module of a [`Event::Start`] that was read ahead of the record.
    ahead: Option<ModuleId>,
}

/// Where a value starts, behind its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValueStart {
    code: u8,
    offset: u64,
}

impl<R: Read> FileReader<R> {
    /// Begins with the first byte of `file`, which need not be buffered.
    ///
    /// # Errors
    ///
    /// [`FileError::Magic`], [`FileError::Version`], [`FileError::Truncated`] or
    /// [`FileError::Io`].
    pub fn new(file: R, limits: DecodeLimits) -> Result<Self, FileError> {
        let mut reader = Self {
            feed: Feed::new(file),
            limits,
            version: RdbVersion(0),
            value: None,
            next_key: KeyRecord::default(),
            ended: false,
        };
        let magic: [u8; MAGIC_LEN] = reader.feed.read(Input::array)?;
        reader.version = parse_magic(magic).ok_or(FileError::Magic)?;
        if reader.version.0 == 0 || !reader.version.is_readable() {
            return Err(FileError::Version { version: reader.version });
        }
        Ok(reader)
    }

    /// Version of the file.
    pub fn version(&self) -> RdbVersion {
        self.version
    }

    /// How many bytes have been told.
    pub fn offset(&self) -> u64 {
        self.feed.input.offset()
    }

    /// The type code of the value that follows the last record, in the meaning of the family of the
    /// file's [version](Self::version); `None` when it has been told to its end.
    pub fn value_code(&self) -> Option<u8> {
        self.value.as_ref().map(|value| value.start.code)
    }

    /// The next record, or `None` where nothing is behind [`Record::End`]. What is left of a value
    /// is read first, with all its checks. Where something else may follow the file, as an
    /// append-only log follows its preamble, stop at the end record.
    ///
    /// # Errors
    ///
    /// See [`FileError`]. The reader is of no use after one.
    pub fn next_record(&mut self) -> Result<Option<Record>, FileError> {
        while self.next_event()?.is_some() {}
        if self.ended {
            self.feed.require_end()?;
            return Ok(None);
        }
        loop {
            let offset = self.offset();
            let opcode = self.feed.read(Input::byte)?;
            return Ok(Some(match opcode {
                opcode::EXPIRE_SECONDS => {
                    let seconds = self.feed.read(Input::array).map(i32::from_le_bytes)?;
                    self.next_key.expire_at_ms = Some(i64::from(seconds) * 1000);
                    continue;
                }
                opcode::EXPIRE_MS => {
                    let ms = self.feed.read(Input::array).map(i64::from_le_bytes)?;
                    self.next_key.expire_at_ms = Some(ms);
                    continue;
                }
                opcode::IDLE => {
                    self.next_key.idle_seconds = Some(self.feed.read(Input::length)?);
                    continue;
                }
                opcode::FREQUENCY => {
                    self.next_key.frequency = Some(self.feed.read(Input::byte)?);
                    continue;
                }
                opcode::AUX => {
                    Record::Aux { name: self.read_string()?, value: self.read_string()? }
                }
                opcode::DATABASE => Record::Database(self.feed.read(Input::length)?),
                opcode::DATABASE_SIZE => Record::DatabaseSize {
                    keys: self.feed.read(Input::length)?,
                    expiring: self.feed.read(Input::length)?,
                },
                opcode::SLOT_SIZE => Record::SlotSize {
                    slot: self.feed.read(Input::length)?,
                    keys: self.feed.read(Input::length)?,
                    expiring: self.feed.read(Input::length)?,
                },
                opcode::FUNCTION => Record::Function(self.read_string()?),
                opcode::MODULE_AUX => self.begin_module_aux()?,
                opcode::END => Record::End(self.read_end()?),
                opcode::LOWEST.. => return Err(FileError::UnknownOpcode { offset, opcode }),
                code => {
                    let key = self.read_string()?;
                    self.begin_value(code)?;
                    Record::Key(KeyRecord { key, ..take(&mut self.next_key) })
                }
            }));
        }
    }

    /// The next event of the value that follows the last record, or `None` behind its
    /// [`Event::End`].
    ///
    /// A collection without elements, which servers pass over when they load a file, is told as an
    /// [`Event::Start`] and an [`Event::End`].
    ///
    /// # Errors
    ///
    /// See [`FileError`]. The reader is of no use after one.
    pub fn next_event(&mut self) -> Result<Option<Event>, FileError> {
        let Some(value) = &mut self.value else { return Ok(None) };
        value.begun = true;
        if let Some(id) = value.ahead.take() {
            return Ok(Some(Event::Start(Kind::Module(id))));
        }
        loop {
            if let Some(short) = value.decoder.poll_short(&mut self.feed.input)? {
                if let ShortEvent::End = short {
                    self.value = None;
                }
                return Ok(Some(short.into()));
            }
            match value.decoder.poll_long(&mut self.feed.input) {
                Ok(None) => self.feed.fill()?,
                Ok(Some(Event::End)) | Err(DecodeError::Empty { .. }) => {
                    self.value = None;
                    return Ok(Some(Event::End));
                }
                Ok(event) => return Ok(event),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Passes over the value that follows the last record, as far as it has not been told: by its
    /// lengths alone, without a look at what it holds.
    ///
    /// # Errors
    ///
    /// See [`FileError`]. The reader is of no use after one.
    pub fn skip_value(&mut self) -> Result<(), FileError> {
        match self.value.take() {
            None => Ok(()),
            Some(value)
                if self.offset() == value.start.offset
                    && skip::value(&mut self.feed, value.start.code, self.version.family())? =>
            {
                Ok(())
            }
            begun => {
                self.value = begun;
                while self.next_event()?.is_some() {}
                Ok(())
            }
        }
    }

    /// Reads the end of the file.
    fn read_end(&mut self) -> Result<Checksum, FileError> {
        let offset = self.offset();
        let actual = self.feed.checksum(offset);
        self.ended = true;
        if self.version < CHECKSUM_SINCE {
            return Ok(Checksum::Absent);
        }
        match self.feed.read(Input::array).map(u64::from_le_bytes)? {
            0 => Ok(Checksum::Off),
            stored if stored == actual => Ok(Checksum::Verified),
            stored => Err(FileError::Checksum { offset, stored, actual }),
        }
    }

    fn begin_value(&mut self, code: u8) -> Result<(), FileError> {
        let start = ValueStart { code, offset: self.offset() };
        let decoder = ValueDecoder::new(code, self.version.family(), &self.limits)?;
        self.value = Some(OpenValue { start, decoder, begun: false, ahead: None });
        Ok(())
    }

    fn begin_module_aux(&mut self) -> Result<Record, FileError> {
        self.begin_value(codes::MODULE)?;
        let Some(Event::Start(Kind::Module(id))) = self.next_event()? else {
            unreachable!("a module's value starts with its module");
        };
        if let Some(value) = &mut self.value {
            value.ahead = Some(id);
            value.begun = false;
        }
        Ok(Record::ModuleAux(id))
    }

    fn read_string(&mut self) -> Result<Bytes, FileError> {
        if let Some(text) = self.feed.input.short_string(self.limits.string_bytes_max) {
            return Ok(text);
        }
        let mut decoder = BlobDecoder::new(&self.limits);
        self.feed.read(|input| decoder.poll(input))
    }
}

impl<R: Read + Seek> FileReader<R> {
    /// The value that follows the last record, to be gone over more than once; `None` if there is
    /// none, or if some of it has been told.
    pub fn value(&mut self) -> Option<FileValue<'_, R>> {
        let &OpenValue { start, begun, .. } = self.value.as_ref()?;
        (!begun).then(|| FileValue::new(self, start))
    }

    /// Goes back to the first event of a value.
    pub(super) fn rewind_to(&mut self, start: ValueStart) -> Result<(), FileError> {
        self.feed.rewind(start.offset)?;
        self.begin_value(start.code)
    }
}

/// The version that a magic names.
fn parse_magic(magic: [u8; MAGIC_LEN]) -> Option<RdbVersion> {
    let (digits, valkey) = match magic.strip_prefix(b"REDIS") {
        Some(digits) => (digits, false),
        None => (magic.strip_prefix(b"VALKEY")?, true),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let version = RdbVersion(str::from_utf8(digits).ok()?.parse().ok()?);
    // Neither family writes its name before the other's versions, and no server reads that.
    ((version.family() == Family::Valkey) == valkey).then_some(version)
}
