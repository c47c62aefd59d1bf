//! Values of a file as sources of events.

use std::io::{Read, Seek};

use super::{FileError, FileReader, reader::ValueStart};
use crate::{Event, EventSource};

/// The value that follows a record, as an encoder takes it: see [`FileReader::value`].
///
/// A small value is kept as it is read. For another pass over a larger one the file goes back.
#[derive(Debug)]
pub struct FileValue<'a, R> {
    reader: &'a mut FileReader<R>,
    start: ValueStart,
    /// Everything from the start on, or `None` if that became too much.
    kept: Option<Vec<Event>>,
    kept_bytes: usize,
    /// The next of the kept ones.
    next: usize,
}

impl<'a, R> FileValue<'a, R> {
    pub(super) fn new(reader: &'a mut FileReader<R>, start: ValueStart) -> Self {
        Self { reader, start, kept: Some(Vec::new()), kept_bytes: 0, next: 0 }
    }
}

impl<R: Read + Seek> EventSource for FileValue<'_, R> {
    type Error = FileError;

    fn rewind(&mut self) -> Result<(), FileError> {
        self.next = 0;
        match self.kept {
            Some(_) => Ok(()),
            None => self.reader.rewind_to(self.start),
        }
    }

    fn next_event(&mut self) -> Result<Option<Event>, FileError> {
        if let Some(event) = self.kept.as_ref().and_then(|kept| kept.get(self.next)) {
            self.next += 1;
            return Ok(Some(event.clone()));
        }
        let event = self.reader.next_event()?;
        if let (Some(kept), Some(event)) = (&mut self.kept, &event) {
            kept.push(event.clone());
            self.next = kept.len();
            self.kept_bytes += size_of::<Event>() + event.bytes_len();
            if self.kept_bytes > KEPT_BYTES_MAX {
                self.kept = None;
            }
        }
        Ok(event)
    }
}

/// The largest value that is kept, as events.
const KEPT_BYTES_MAX: usize = 1 << 20;
