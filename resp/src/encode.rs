//! Appending requests and replies to a buffer.
//!
//! Nothing is allocated but room in that buffer, when it lacks it.

use bytes::{BufMut, BytesMut};

use crate::{Reply, number};

/// The version of the protocol that a client asked for with `HELLO`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Protocol {
    /// RESP2, what a connection starts with.
    #[default]
    Resp2,
    /// RESP3.
    Resp3,
}

impl Protocol {
    /// The number that `HELLO` calls it by.
    pub fn version(self) -> u8 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}

/// A whole reply.
///
/// What RESP2 lacks is written as Redis writes it to a client of RESP2: maps, sets and pushes as
/// arrays, booleans as 1 and 0, doubles, big numbers and verbatim texts as bulk strings, bulk
/// errors as errors, and attributes not at all.
pub fn reply(out: &mut BytesMut, reply: &Reply, protocol: Protocol) {
    let resp3 = protocol == Protocol::Resp3;
    match reply {
        Reply::Simple(text) => simple_string(out, text),
        Reply::Error(text) => error(out, text),
        Reply::Integer(value) => integer(out, *value),
        Reply::Bulk(text) => bulk(out, text),
        Reply::Null if resp3 => null(out),
        Reply::Null => null_bulk(out),
        Reply::Boolean(value) if resp3 => boolean(out, *value),
        Reply::Boolean(value) => integer(out, i64::from(*value)),
        Reply::Double(value) if resp3 => double(out, *value),
        Reply::Double(value) => bulk(out, number::DoubleBuffer::default().format(*value)),
        Reply::BigNumber(digits) if resp3 => big_number(out, digits),
        Reply::BigNumber(digits) => bulk(out, digits),
        Reply::BulkError(text) if resp3 => bulk_error(out, text),
        Reply::BulkError(text) => error(out, text),
        Reply::Verbatim { format, text } if resp3 => verbatim(out, *format, text),
        Reply::Verbatim { text, .. } => bulk(out, text),
        Reply::Array(values) => {
            array_header(out, values.len());
            self::values(out, values, protocol);
        }
        Reply::Set(values) => {
            header(out, if resp3 { b'~' } else { b'*' }, values.len());
            self::values(out, values, protocol);
        }
        Reply::Push(values) => {
            header(out, if resp3 { b'>' } else { b'*' }, values.len());
            self::values(out, values, protocol);
        }
        Reply::Map(pairs) => {
            if resp3 {
                map_header(out, pairs.len());
            } else {
                array_header(out, pairs.len() * 2);
            }
            self::pairs(out, pairs, protocol);
        }
        Reply::Attribute { attributes, value } => {
            if resp3 {
                attribute_header(out, attributes.len());
                self::pairs(out, attributes, protocol);
            }
            self::reply(out, value, protocol);
        }
    }
}

fn values(out: &mut BytesMut, values: &[Reply], protocol: Protocol) {
    for value in values {
        reply(out, value, protocol);
    }
}

fn pairs(out: &mut BytesMut, pairs: &[(Reply, Reply)], protocol: Protocol) {
    for (key, value) in pairs {
        reply(out, key, protocol);
        reply(out, value, protocol);
    }
}

/// `+text`. CR and LF in `text` become spaces, since a line cannot hold them.
pub fn simple_string(out: &mut BytesMut, text: &[u8]) {
    line(out, b'+', text);
}

/// `-text`. CR and LF in `text` become spaces, as Redis does it.
pub fn error(out: &mut BytesMut, text: &[u8]) {
    line(out, b'-', text);
}

/// `:n`.
pub fn integer(out: &mut BytesMut, n: i64) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(n).as_bytes();
    out.reserve(digits.len() + 3);
    out.put_u8(b':');
    out.put_slice(digits);
    out.put_slice(b"\r\n");
}

/// A bulk string.
pub fn bulk(out: &mut BytesMut, bytes: &[u8]) {
    out.reserve(HEADER_BYTES_MAX + bytes.len() + 2);
    put_bulk(out, bytes);
}

/// The header of a bulk string of `len` bytes; the bytes and CR LF are to follow.
pub fn bulk_header(out: &mut BytesMut, len: usize) {
    header(out, b'$', len);
}

/// The null of RESP2 in place of a bulk string, `$-1`.
pub fn null_bulk(out: &mut BytesMut) {
    out.extend_from_slice(b"$-1\r\n");
}

/// The null of RESP2 in place of an array, `*-1`.
pub fn null_array(out: &mut BytesMut) {
    out.extend_from_slice(b"*-1\r\n");
}

/// The header of an array of `len` elements, which are to follow.
pub fn array_header(out: &mut BytesMut, len: usize) {
    header(out, b'*', len);
}

/// The null of RESP3, `_`.
pub fn null(out: &mut BytesMut) {
    out.extend_from_slice(b"_\r\n");
}

/// The header of a map of `len` pairs, which are to follow (RESP3).
pub fn map_header(out: &mut BytesMut, len: usize) {
    header(out, b'%', len);
}

/// The header of a set of `len` elements, which are to follow (RESP3).
pub fn set_header(out: &mut BytesMut, len: usize) {
    header(out, b'~', len);
}

/// The header of a push of `len` elements, which are to follow (RESP3).
pub fn push_header(out: &mut BytesMut, len: usize) {
    header(out, b'>', len);
}

/// The header of `len` pairs of attributes, which are to follow, and then the value that they
/// describe (RESP3).
pub fn attribute_header(out: &mut BytesMut, len: usize) {
    header(out, b'|', len);
}

/// `#t` or `#f` (RESP3).
pub fn boolean(out: &mut BytesMut, value: bool) {
    out.extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" });
}

/// `,value` with the fewest digits that read back as the same double, in the shape of Redis 7.2:
/// `3`, `0.1`, `1e+21`, `inf`, `-inf`, `nan` (RESP3).
pub fn double(out: &mut BytesMut, value: f64) {
    let mut text = number::DoubleBuffer::default();
    let text = text.format(value);
    out.reserve(text.len() + 3);
    out.put_u8(b',');
    out.put_slice(text);
    out.put_slice(b"\r\n");
}

/// `,text`: a double in a text of the caller's, in which it may have more digits (RESP3).
pub fn double_text(out: &mut BytesMut, text: &str) {
    line(out, b',', text.as_bytes());
}

/// `(digits`: an integer of any size in decimal (RESP3).
pub fn big_number(out: &mut BytesMut, digits: &[u8]) {
    line(out, b'(', digits);
}

/// An error that may hold any byte (RESP3).
pub fn bulk_error(out: &mut BytesMut, text: &[u8]) {
    out.reserve(HEADER_BYTES_MAX + text.len() + 2);
    put_header(out, b'!', text.len());
    out.put_slice(text);
    out.put_slice(b"\r\n");
}

/// A text of a `format`, `txt` or `mkd` for example (RESP3).
pub fn verbatim(out: &mut BytesMut, format: [u8; 3], text: &[u8]) {
    out.reserve(HEADER_BYTES_MAX + text.len() + 6);
    put_header(out, b'=', text.len() + 4);
    out.put_slice(&format);
    out.put_u8(b':');
    out.put_slice(text);
    out.put_slice(b"\r\n");
}

/// A request: an array of bulk strings.
pub fn request(out: &mut BytesMut, args: &[impl AsRef<[u8]>]) {
    out.reserve((args.len() + 1) * ARG_BYTES);
    put_header(out, b'*', args.len());
    // Each argument's header brings the CR LF before it along.
    out.truncate(out.len() - 2);
    for arg in args {
        let arg = arg.as_ref();
        put_crlf_and_header(out, b'$', arg.len());
        out.put_slice(arg);
    }
    out.put_slice(b"\r\n");
}

fn line(out: &mut BytesMut, kind: u8, text: &[u8]) {
    out.reserve(text.len() + 3);
    out.put_u8(kind);
    let start = out.len();
    out.put_slice(text);
    for byte in &mut out[start..] {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    out.put_slice(b"\r\n");
}

fn header(out: &mut BytesMut, kind: u8, n: usize) {
    out.reserve(HEADER_BYTES_MAX);
    put_header(out, kind, n);
}

#[inline]
fn put_bulk(out: &mut BytesMut, bytes: &[u8]) {
    put_header(out, b'$', bytes.len());
    out.put_slice(bytes);
    out.put_slice(b"\r\n");
}

#[inline(always)]
fn put_header(out: &mut BytesMut, kind: u8, n: usize) {
    match SHORT.get(n) {
        Some(short) => put_start(out, short.header(kind) >> 16, short.len - 2),
        None => put_long_header(out, kind, n),
    }
}

#[inline(always)]
fn put_crlf_and_header(out: &mut BytesMut, kind: u8, n: usize) {
    match SHORT.get(n) {
        Some(short) => put_start(out, short.header(kind), short.len),
        None => {
            out.put_slice(b"\r\n");
            put_long_header(out, kind, n);
        }
    }
}

/// Appends the first `len` of 8 bytes: all of them at first, since a copy of a fixed length is
/// faster than a shorter one of any length.
#[inline(always)]
fn put_start(out: &mut BytesMut, bytes: u64, len: usize) {
    out.put_slice(&bytes.to_le_bytes());
    out.truncate(out.len() - 8 + len);
}

fn put_long_header(out: &mut BytesMut, kind: u8, n: usize) {
    out.put_u8(kind);
    out.put_slice(itoa::Buffer::new().format(n).as_bytes());
    out.put_slice(b"\r\n");
}

/// CR LF and the header of a small number.
#[derive(Clone, Copy)]
struct Short {
    /// Little-endian, its type byte left 0.
    text: u64,
    len: usize,
}

impl Short {
    const fn new(n: u8) -> Self {
        let [a, b, c] = [b'0' + n / 100, b'0' + n / 10 % 10, b'0' + n % 10];
        let (text, len) = match n {
            0..10 => ([b'\r', b'\n', 0, c, b'\r', b'\n', 0, 0], 6),
            10..100 => ([b'\r', b'\n', 0, b, c, b'\r', b'\n', 0], 7),
            100.. => ([b'\r', b'\n', 0, a, b, c, b'\r', b'\n'], 8),
        };
        Self { text: u64::from_le_bytes(text), len }
    }

    #[inline(always)]
    fn header(&self, kind: u8) -> u64 {
        self.text | u64::from(kind) << 16
    }
}

/// Redis, too, has the headers of small numbers ready, up to 31.
static SHORT: [Short; 256] = {
    let mut headers = [Short::new(0); 256];
    let mut n = 0;
    while n < headers.len() {
        headers[n] = Short::new(n as u8);
        n += 1;
    }
    headers
};

/// Room for the header of an argument, its CR LF and a few bytes of it.
const ARG_BYTES: usize = 32;

/// A type byte, the 20 digits of 2^64 - 1, CR LF.
const HEADER_BYTES_MAX: usize = 23;

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    #[test]
    fn headers_of_every_length() {
        for n in (0..1100).chain([9_999, 10_000, 65_536, usize::MAX]) {
            let mut out = BytesMut::new();
            super::map_header(&mut out, n);
            assert_eq!(out, format!("%{n}\r\n"));
        }
        for n in 0..1100 {
            let value = "x".repeat(n);
            let mut out = BytesMut::from("+OK\r\n");
            super::request(&mut out, &["SET", &value]);
            super::request(&mut out, &vec!["a"; n]);
            let expected = format!("+OK\r\n*2\r\n$3\r\nSET\r\n${n}\r\n{value}\r\n*{n}\r\n");
            assert_eq!(out, expected + &"$1\r\na\r\n".repeat(n));
        }
    }
}
