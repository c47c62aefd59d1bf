//! A RESP2 client that hides nothing: what was sent is what the test wrote, and a reply is shown
//! with its exact bytes.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a read or a write may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection to a server.
pub(crate) struct Client {
    stream: TcpStream,
    /// Bytes received; those before `taken` have been used.
    received: Vec<u8>,
    taken: usize,
}

impl Client {
    #[track_caller]
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout that is not zero");
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, received: Vec::new(), taken: 0 }
    }

    /// Sends a command and waits for its reply.
    #[track_caller]
    pub(crate) fn cmd<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Reply {
        self.send(args);
        self.reply()
    }

    /// Sends a command and leaves its reply to a later [`reply`](Self::reply).
    #[track_caller]
    pub(crate) fn send<A: AsRef<[u8]>>(&mut self, args: &[A]) {
        self.send_raw(&request(args));
    }

    #[track_caller]
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        match self.stream.write_all(bytes) {
            // That the server has hung up is for the next read to tell.
            Err(error)
                if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {}
            result => result.expect("the server reads"),
        }
    }

    /// The next reply.
    #[track_caller]
    pub(crate) fn reply(&mut self) -> Reply {
        let line = self.line();
        let (kind, rest) = line.split_first().expect("a reply line begins with its type");
        let number = || str::from_utf8(rest).ok().and_then(|text| text.parse::<i64>().ok());
        match (kind, number()) {
            (b'+', _) => Reply::Status(rest.to_vec()),
            (b'-', _) => Reply::Error(rest.to_vec()),
            (b':', Some(number)) => Reply::Integer(number),
            (b'$' | b'*', Some(-1)) => Reply::Nil,
            (b'$', Some(len @ 0..)) => {
                let mut bytes = self.read_raw(len as usize + 2);
                assert!(bytes.ends_with(b"\r\n"), "a bulk string ends with CR LF");
                bytes.truncate(len as usize);
                Reply::Bulk(bytes)
            }
            (b'*', Some(len @ 0..)) => Reply::Array((0..len).map(|_| self.reply()).collect()),
            _ => panic!("not a RESP2 reply: {}", line.escape_ascii()),
        }
    }

    /// The next `len` bytes as they came.
    #[track_caller]
    pub(crate) fn read_raw(&mut self, len: usize) -> Vec<u8> {
        while self.received.len() - self.taken < len {
            assert!(self.receive(), "the server closed the connection within a reply");
        }
        let bytes = self.received[self.taken..self.taken + len].to_vec();
        self.taken += len;
        bytes
    }

    /// Whether nothing comes from the server for as long as this.
    #[track_caller]
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        assert_eq!(self.taken, self.received.len(), "a reply is waiting to be read");
        self.stream.set_read_timeout(Some(time)).expect("a timeout that is not zero");
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not zero");
        matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Whether the server closes the connection without another byte.
    #[track_caller]
    pub(crate) fn is_closed_by_peer(&mut self) -> bool {
        self.taken == self.received.len() && !self.receive()
    }

    #[track_caller]
    fn line(&mut self) -> Vec<u8> {
        if self.taken == self.received.len() {
            self.received.clear();
            self.taken = 0;
        }
        let mut searched = self.taken;
        loop {
            if let Some(at) = self.received[searched..].windows(2).position(|two| two == b"\r\n") {
                let line = self.received[self.taken..searched + at].to_vec();
                self.taken = searched + at + 2;
                return line;
            }
            searched = self.taken.max(self.received.len().saturating_sub(1));
            assert!(self.receive(), "the server closed the connection instead of replying");
        }
    }

    /// Waits for more bytes; false at the end of the stream.
    #[track_caller]
    fn receive(&mut self) -> bool {
        let mut chunk = [0; 64 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(len) => {
                self.received.extend_from_slice(&chunk[..len]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("no reply: {error}"),
        }
    }
}

/// A reply of RESP2.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Reply {
    Status(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    Nil,
    Array(Vec<Reply>),
}

impl Reply {
    pub(crate) fn ok() -> Self {
        Self::status("OK")
    }

    pub(crate) fn status(text: &str) -> Self {
        Self::Status(text.into())
    }

    /// An error by its whole text, code first and without the `-`.
    pub(crate) fn error(text: &str) -> Self {
        Self::Error(text.into())
    }

    pub(crate) fn bulk(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bulk(bytes.as_ref().to_vec())
    }

    /// A status, error, integer or null by its line on the wire.
    #[track_caller]
    pub(crate) fn line(line: &str) -> Self {
        let (kind, rest) = line.split_at(1);
        match kind {
            "+" => Self::status(rest),
            "-" => Self::error(rest),
            ":" => Self::Integer(rest.parse().expect("an integer")),
            "$" if rest == "-1" => Self::Nil,
            _ => panic!("not a reply of one line: {line}"),
        }
    }

    /// Whether this is an error whose text begins with `code`.
    pub(crate) fn is_error(&self, code: &str) -> bool {
        matches!(self, Self::Error(text) if text.starts_with(code.as_bytes()))
    }

    #[track_caller]
    pub(crate) fn into_bulk(self) -> Vec<u8> {
        match self {
            Self::Bulk(bytes) => bytes,
            other => panic!("expected a bulk string, got {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn into_integer(self) -> i64 {
        match self {
            Self::Integer(number) => number,
            other => panic!("expected an integer, got {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn into_array(self) -> Vec<Reply> {
        match self {
            Self::Array(items) => items,
            other => panic!("expected an array, got {other:?}"),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(text) => write!(f, "+{}", Shortened(text)),
            Self::Error(text) => write!(f, "-{}", Shortened(text)),
            Self::Integer(number) => write!(f, ":{number}"),
            Self::Bulk(bytes) => write!(f, "${} \"{}\"", bytes.len(), Shortened(bytes)),
            Self::Nil => f.write_str("nil"),
            Self::Array(items) => f.debug_list().entries(items).finish(),
        }
    }
}

/// Bytes as text, the middle of long ones left out.
struct Shortened<'a>(&'a [u8]);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() <= 400 {
            return write!(f, "{}", self.0.escape_ascii());
        }
        let (head, tail) = (&self.0[..200], &self.0[self.0.len() - 100..]);
        write!(f, "{}[...]{}", head.escape_ascii(), tail.escape_ascii())
    }
}

/// A command as an array of bulk strings.
pub(super) fn request<A: AsRef<[u8]>>(args: &[A]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args.iter().map(AsRef::as_ref) {
        bytes.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
