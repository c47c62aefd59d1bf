//! Writing a file as a stream.

use std::io::Write;

use super::{CHECKSUM_SINCE, KeyRecord, WriteError, opcode};
use crate::{
    EncodeError, EventSource, Family, RdbVersion, Target, ValueEncoder, crc64::Crc64, encode::Out,
    length, string,
};

/// An RDB file on its way out, in the newest version that a target reads.
///
/// The order of records is the caller's: what is said of the file first, then databases with their
/// keys.
///
/// ```
/// use rdb_format::{
///     EncodeOptions, Measure, StringValue, Target, Thresholds, Value,
///     file::{FileWriter, KeyRecord},
/// };
///
/// let target = Target::of_redis_release(6, 2, 14).expect("it has RESTORE");
/// let mut file = Vec::new();
/// let mut writer = FileWriter::new(&mut file, target)?;
/// writer.database(0)?;
/// let value = Value::from(StringValue::Int(12)).events(Thresholds::default());
/// let mut measure = Measure::new(value, target, EncodeOptions::default());
/// while !measure.advance(usize::MAX)? {}
/// writer.key(&KeyRecord::new("berths".into()), measure.finish())?;
/// writer.finish()?;
/// assert!(file.starts_with(b"REDIS0009\xFE\0\0\x06berths\xC0\x0C\xFF"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileWriter<W> {
    file: W,
    target: Target,
    /// Not yet written.
    out: Out,
    /// Of what was written.
    crc64: Crc64,
}

impl<W: Write> FileWriter<W> {
    /// Begins a file of the highest version that `target` takes. `file` need not be buffered.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn new(file: W, target: Target) -> Result<Self, WriteError> {
        let mut writer = Self { file, target, out: Out::default(), crc64: Crc64::new() };
        let version = target.version_max();
        let magic = match version.family() {
            Family::Redis => format!("REDIS{version:04}"),
            Family::Valkey => format!("VALKEY{version:03}"),
        };
        writer.out.built.extend_from_slice(magic.as_bytes());
        writer.flush_if_large()?;
        Ok(writer)
    }

    /// Says something about the file as a whole. Left out where the version has no room for it.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn aux(&mut self, name: &[u8], value: &[u8]) -> Result<(), WriteError> {
        if !self.knows(AUX_SINCE) {
            return Ok(());
        }
        self.out.built.push(opcode::AUX);
        string::encode_slice(name, false, &mut self.out.built);
        string::encode_slice(value, true, &mut self.out.built);
        self.flush_if_large()
    }

    /// The keys that follow are of this database.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn database(&mut self, number: u64) -> Result<(), WriteError> {
        self.out.built.push(opcode::DATABASE);
        length::encode(number, &mut self.out.built);
        self.flush_if_large()
    }

    /// How many keys the database has, and how many of them expire: a hint. Left out where the
    /// version has no room for it.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn database_size(&mut self, keys: u64, expiring: u64) -> Result<(), WriteError> {
        if !self.knows(AUX_SINCE) {
            return Ok(());
        }
        self.out.built.push(opcode::DATABASE_SIZE);
        length::encode(keys, &mut self.out.built);
        length::encode(expiring, &mut self.out.built);
        self.flush_if_large()
    }

    /// The source of a library of functions.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Version`] before 7.0, or [`WriteError::Io`].
    pub fn function(&mut self, source: &[u8]) -> Result<(), WriteError> {
        if !self.knows(FUNCTION_SINCE) {
            let accepted = self.target.version_max();
            return Err(EncodeError::Version { needed: FUNCTION_SINCE, accepted }.into());
        }
        self.out.built.push(opcode::FUNCTION);
        string::encode_slice(source, true, &mut self.out.built);
        self.flush_if_large()
    }

    /// What a module says of the file.
    ///
    /// # Errors
    ///
    /// See [`WriteError`].
    pub fn module_aux<S: EventSource>(&mut self, value: ValueEncoder<S>) -> Result<(), WriteError>
    where
        WriteError: From<S::Error>,
    {
        self.check(&value)?;
        self.out.built.push(opcode::MODULE_AUX);
        self.value(value, None)
    }

    /// A key and its value, which was measured for the same target. What the version has no room
    /// for of the use of the key is left out.
    ///
    /// # Errors
    ///
    /// See [`WriteError`].
    pub fn key<S: EventSource>(
        &mut self,
        record: &KeyRecord,
        value: ValueEncoder<S>,
    ) -> Result<(), WriteError>
    where
        WriteError: From<S::Error>,
    {
        self.check(&value)?;
        let built = &mut self.out.built;
        if let Some(expire_at_ms) = record.expire_at_ms {
            built.push(opcode::EXPIRE_MS);
            built.extend_from_slice(&expire_at_ms.to_le_bytes());
        }
        if self.target.version_max() >= ACCESS_SINCE {
            if let Some(idle_seconds) = record.idle_seconds {
                built.push(opcode::IDLE);
                length::encode(idle_seconds, built);
            }
            if let Some(frequency) = record.frequency {
                built.extend_from_slice(&[opcode::FREQUENCY, frequency]);
            }
        }
        self.value(value, Some(&record.key))
    }

    /// Ends the file, its checksum included.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.out.built.push(opcode::END);
        self.flush()?;
        if self.target.version_max() >= CHECKSUM_SINCE {
            self.file.write_all(&self.crc64.value().to_le_bytes())?;
        }
        self.file.flush()?;
        Ok(self.file)
    }

    /// The type code, `key` in between, and the rest.
    fn value<S: EventSource>(
        &mut self,
        mut value: ValueEncoder<S>,
        key: Option<&bytes::Bytes>,
    ) -> Result<(), WriteError>
    where
        WriteError: From<S::Error>,
    {
        let code = value.next_slice(1)?;
        if let (Some(code), Some(key)) = (code, key) {
            self.out.built.extend_from_slice(&code);
            string::encode(key, true, &mut self.out);
        }
        while let Some(slice) = value.next_slice(FLUSH_BYTES)? {
            self.out.share(&slice);
            self.flush_if_large()?;
        }
        self.flush_if_large()
    }

    fn check<S: EventSource>(&self, value: &ValueEncoder<S>) -> Result<(), WriteError> {
        let (needed, accepted) = (value.version(), self.target.version_max());
        match self.target.accepts(needed) {
            true => Ok(()),
            false => Err(EncodeError::Version { needed, accepted }.into()),
        }
    }

    fn knows(&self, since: RdbVersion) -> bool {
        self.target.version_max() >= since
    }

    fn flush_if_large(&mut self) -> Result<(), WriteError> {
        if self.out.is_short_of(FLUSH_BYTES) { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        while let Some(piece) = self.out.pop(usize::MAX) {
            self.crc64.update(&piece);
            self.file.write_all(&piece)?;
        }
        Ok(())
    }
}

/// So much is written at once.
const FLUSH_BYTES: usize = 64 << 10;

const AUX_SINCE: RdbVersion = RdbVersion(7);
const ACCESS_SINCE: RdbVersion = RdbVersion(9);
const FUNCTION_SINCE: RdbVersion = RdbVersion(10);
