//! Getting a file a chunk at a time.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::{Bytes, BytesMut};

use super::FileError;
use crate::{DecodeError, crc64::Crc64, input::Input};

/// The file, what was read from it, and the checksum of what was told of that.
#[derive(Debug)]
pub(super) struct Feed<R> {
    file: R,
    pub(super) input: Input,
    crc64: Crc64,
    /// Everything before this offset is in the checksum. It is inside `chunk` or at an end of it,
    /// or behind it after going back.
    crc64_offset: u64,
    /// The last bytes that were read, and where they begin.
    chunk: Bytes,
    chunk_offset: u64,
}

impl<R> Feed<R> {
    pub(super) fn new(file: R) -> Self {
        Self {
            file,
            input: Input::at(0),
            crc64: Crc64::new(),
            crc64_offset: 0,
            chunk: Bytes::new(),
            chunk_offset: 0,
        }
    }

    fn chunk_end(&self) -> u64 {
        self.chunk_offset + self.chunk.len() as u64
    }

    /// The checksum of everything before `offset`, which is not behind the last chunk.
    pub(super) fn checksum(&mut self, offset: u64) -> u64 {
        if offset > self.crc64_offset {
            let in_chunk = |offset| (offset - self.chunk_offset) as usize;
            self.crc64.update(&self.chunk[in_chunk(self.crc64_offset)..in_chunk(offset)]);
            self.crc64_offset = offset;
        }
        self.crc64.value()
    }
}

impl<R: Read> Feed<R> {
    /// Gets some more of the file.
    pub(super) fn fill(&mut self) -> Result<(), FileError> {
        self.checksum(self.chunk_end());
        let offset = self.chunk_end();
        let mut chunk = BytesMut::zeroed(CHUNK_BYTES);
        let len = loop {
            match self.file.read(&mut chunk) {
                Ok(len) => break len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(FileError::Io { offset, cause }),
            }
        };
        if len == 0 {
            return Err(FileError::Truncated { offset });
        }
        chunk.truncate(len);
        self.chunk = chunk.freeze();
        self.chunk_offset = offset;
        self.input.push(self.chunk.clone());
        Ok(())
    }

    /// Reads an item, for which more of the file is got as long as it is not complete.
    pub(super) fn read<T>(
        &mut self,
        mut read: impl FnMut(&mut Input) -> Result<Option<T>, DecodeError>,
    ) -> Result<T, FileError> {
        loop {
            match read(&mut self.input)? {
                Some(item) => return Ok(item),
                None => self.fill()?,
            }
        }
    }

    /// Checks that the file ends here.
    pub(super) fn require_end(&mut self) -> Result<(), FileError> {
        let offset = self.input.offset();
        if self.input.peek().is_empty() {
            match self.fill() {
                Err(FileError::Truncated { .. }) => return Ok(()),
                filled => filled?,
            }
        }
        Err(FileError::TrailingBytes { offset })
    }

    /// Passes over bytes.
    pub(super) fn skip(&mut self, mut len: u64) -> Result<(), FileError> {
        while len > 0 {
            let passed = len.min(self.input.peek().len() as u64);
            self.input.advance(passed as usize);
            len -= passed;
            if len > 0 {
                self.fill()?;
            }
        }
        Ok(())
    }
}

impl<R: Read + Seek> Feed<R> {
    /// Goes back to `offset`. What is in the checksum stays there.
    pub(super) fn rewind(&mut self, offset: u64) -> Result<(), FileError> {
        self.checksum(self.input.offset().max(self.crc64_offset));
        self.file.seek(SeekFrom::Start(offset)).map_err(|cause| FileError::Io { offset, cause })?;
        self.input = Input::at(offset);
        self.chunk = Bytes::new();
        self.chunk_offset = offset;
        Ok(())
    }
}

/// So much of the file is read at a time.
const CHUNK_BYTES: usize = 64 << 10;
