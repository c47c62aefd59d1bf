//! The way through a file, and where on it one is.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use indicatif::{ProgressBar, ProgressBarIter, ProgressStyle};
use rdb_format::file::{FileError, FileReader, FileValue, Record};
use rdb_format::{DecodeLimits, Event, RdbVersion};

use crate::quote::Quoted;

/// A file that is being read.
pub(super) struct Walk {
    reader: FileReader<ProgressBarIter<File>>,
    bar: ProgressBar,
    path: PathBuf,
    place: Place,
}

/// Where in the file the record at hand is.
#[derive(Clone, Debug, Default)]
struct Place {
    /// Where the record begins.
    offset: u64,
    /// The database it is in; 0 before any is named.
    database: u64,
    /// Its key, if it is one.
    key: Option<Bytes>,
}

impl Walk {
    /// Begins with a file. Progress is shown if stderr is a terminal and `progress` is set.
    ///
    /// # Errors
    /// It cannot be opened, or is no RDB file of a version that is read here.
    pub(super) fn open(path: &Path, progress: bool) -> anyhow::Result<Self> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (len, file) = opened.with_context(|| format!("cannot open {}", path.display()))?;
        let bar = if progress { progress_bar(len) } else { ProgressBar::hidden() };
        // Strings as long as a file can hold them: what was saved once is no claim of a stranger.
        let limits = DecodeLimits::default().with_string_bytes_max(len.max(STRING_BYTES_MAX));
        let reader = FileReader::new(bar.wrap_read(file), limits)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { reader, bar, path: path.to_owned(), place: Place::default() })
    }

    /// Version of the file.
    pub(super) fn version(&self) -> RdbVersion {
        self.reader.version()
    }

    /// The database of the record at hand.
    pub(super) fn database(&self) -> u64 {
        self.place.database
    }

    /// The type code of the value at hand, of which nothing has been read.
    pub(super) fn value_code(&self) -> Option<u8> {
        self.reader.value_code()
    }

    /// The next record; `None` behind the last, which ends the file.
    pub(super) fn next_record(&mut self) -> anyhow::Result<Option<Record>> {
        while self.next_event()?.is_some() {}
        self.place.offset = self.reader.offset();
        self.place.key = None;
        let record = self.reader.next_record().map_err(|cause| self.defect(cause))?;
        match &record {
            Some(Record::Database(number)) => self.place.database = *number,
            Some(Record::Key(record)) => self.place.key = Some(record.key.clone()),
            _ => {}
        }
        Ok(record)
    }

    /// The next event of the value at hand; `None` behind its end.
    pub(super) fn next_event(&mut self) -> anyhow::Result<Option<Event>> {
        self.reader.next_event().map_err(|cause| self.defect(cause))
    }

    /// The next event of a value that has not ended.
    pub(super) fn event(&mut self) -> anyhow::Result<Event> {
        Ok(self.next_event()?.expect("a value ends with its end"))
    }

    /// The value at hand, of which nothing has been read.
    pub(super) fn value(&mut self) -> FileValue<'_, ProgressBarIter<File>> {
        self.reader.value().expect("the record has a value, which is untouched")
    }

    /// What is wrong with the record at hand.
    pub(super) fn defect(&self, cause: FileError) -> anyhow::Error {
        Defect { path: self.path.clone(), place: self.place.clone(), cause }.into()
    }

    /// Says something of the record at hand on stderr.
    pub(super) fn warn(&self, message: impl fmt::Display) {
        // Whoever has closed stderr does not want to know.
        let _ = self.bar.suspend(|| writeln!(io::stderr(), "{}: {message}", self.place));
    }
}

/// A file that cannot be read on.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}; {place}", path.display())]
struct Defect {
    path: PathBuf,
    place: Place,
    cause: FileError,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = &self.key {
            write!(f, "database {}, key {}, ", self.database, Quoted(key))?;
        }
        write!(f, "record at offset {}", self.offset)
    }
}

/// Counts the bytes of the file; hidden where stderr is no terminal.
fn progress_bar(len: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{wide_bar} {binary_bytes} of {binary_total_bytes} {binary_bytes_per_sec} {eta}",
    )
    .expect("a template of known fields");
    ProgressBar::new(len).with_style(style)
}

/// The longest string that a server takes by default.
const STRING_BYTES_MAX: u64 = 512 << 20;
