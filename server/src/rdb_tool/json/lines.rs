//! Lines of JSON on their way out.

use std::io::{self, Write};

use rdb_format::packed::Entry;
use rdb_format::stream::StreamId;

use super::text;

/// Writes JSON, most of it at once, in lines of any length.
///
/// What belongs between two items is for the caller to say, so nothing is built and no depth
/// counted.
pub(super) struct Lines<W> {
    out: W,
    buffer: Vec<u8>,
    /// Where in the buffer the line begins, if all of it is there.
    line_start: Option<usize>,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, buffer: Vec::with_capacity(2 * FLUSH_BYTES), line_start: Some(0) }
    }

    /// Punctuation, names and what else is JSON already.
    pub(super) fn raw(&mut self, json: &str) {
        self.buffer.extend_from_slice(json.as_bytes());
    }

    /// A string of which this is all.
    pub(super) fn text(&mut self, bytes: &[u8]) {
        self.buffer.push(b'"');
        self.text_part(bytes);
        self.buffer.push(b'"');
    }

    /// Some of the inside of a string.
    pub(super) fn text_part(&mut self, bytes: &[u8]) {
        text::escape(bytes, &mut self.buffer);
    }

    pub(super) fn integer(&mut self, number: impl itoa::Integer) {
        self.buffer.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// An entry of a packed node, as a string.
    pub(super) fn entry(&mut self, entry: Entry<'_>) {
        match entry {
            Entry::Text(text) => self.text(text),
            Entry::Int(number) => {
                self.buffer.push(b'"');
                self.integer(number);
                self.buffer.push(b'"');
            }
        }
    }

    /// A time in Unix milliseconds, or null.
    pub(super) fn expiry(&mut self, expire_at_ms: Option<impl itoa::Integer>) {
        match expire_at_ms {
            Some(expire_at_ms) => self.integer(expire_at_ms),
            None => self.raw("null"),
        }
    }

    /// The ID of an entry of a stream, as a string.
    pub(super) fn id(&mut self, id: StreamId) {
        self.buffer.push(b'"');
        self.integer(id.ms);
        self.buffer.push(b'-');
        self.integer(id.seq);
        self.buffer.push(b'"');
    }

    /// The shortest number that is read back as this one; `"inf"`, `"-inf"` and `"nan"` are
    /// strings.
    pub(super) fn float(&mut self, number: f64) {
        let magnitude = number.abs();
        let written = if !number.is_finite() {
            write!(self.buffer, "\"{}\"", number.to_string().to_ascii_lowercase())
        } else if number.trunc() == number
            && magnitude < INTEGER_MAX
            && number.to_bits() != NEGATIVE_ZERO
        {
            self.integer(number as i64);
            Ok(())
        } else if (1e-5..1e17).contains(&magnitude) || number == 0.0 {
            write!(self.buffer, "{number}")
        } else {
            write!(self.buffer, "{number:e}")
        };
        written.expect("memory takes everything");
    }

    /// Ends a line.
    ///
    /// # Errors
    /// The output takes no more.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.buffer.push(b'\n');
        if self.buffer.len() >= FLUSH_BYTES {
            self.flush()?;
        }
        self.line_start = Some(self.buffer.len());
        Ok(())
    }

    /// Lets what is there of a long line go. To be called now and then.
    ///
    /// # Errors
    /// The output takes no more.
    pub(super) fn flush_if_large(&mut self) -> io::Result<()> {
        if self.buffer.len() < LINE_BYTES_HELD {
            return Ok(());
        }
        self.line_start = None;
        self.flush()
    }

    /// Gives out all whole lines, and takes back one that will not be complete unless it is too
    /// long for that.
    ///
    /// # Errors
    /// The output takes no more.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if let Some(start) = self.line_start {
            self.buffer.truncate(start);
        }
        self.flush()?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// Whole lines are written in portions of this size.
const FLUSH_BYTES: usize = 64 << 10;

/// A line up to this long is written whole or not at all.
const LINE_BYTES_HELD: usize = 1 << 20;

/// Below this each integer has a number of its own.
const INTEGER_MAX: f64 = (1_u64 << 53) as f64;

const NEGATIVE_ZERO: u64 = 1 << 63;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Lines<&mut Vec<u8>>)) -> String {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out);
        write(&mut lines);
        lines.end().and_then(|()| lines.finish()).expect("memory takes everything");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn floats() {
        for (number, json) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-9007199254740991.0, "-9007199254740991"),
            (1.5, "1.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e21, "1e21"),
            (1.7976931348623157e308, "1.7976931348623157e308"),
            (-5e-324, "-5e-324"),
            (f64::INFINITY, "\"inf\""),
            (f64::NEG_INFINITY, "\"-inf\""),
            (f64::NAN, "\"nan\""),
        ] {
            assert_eq!(written(|lines| lines.float(number)).trim_end(), json);
        }
    }

    #[test]
    fn a_line_is_whole_or_absent_unless_it_is_long() {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out);
        lines.raw("1");
        lines.end().expect("memory takes everything");
        lines.raw("[2,");
        lines.flush_if_large().expect("memory takes everything");
        lines.finish().expect("memory takes everything");
        assert_eq!(out, b"1\n");

        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out);
        lines.text(&[b'x'; LINE_BYTES_HELD]);
        lines.flush_if_large().expect("memory takes everything");
        lines.raw(",");
        lines.finish().expect("memory takes everything");
        assert_eq!(out.len(), LINE_BYTES_HELD + 3);
    }
}
