//! A client that hides nothing: what was sent is what the test wrote, and a reply is shown
//! with its exact bytes.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CipherSuite, ClientConfig, ClientConnection, ProtocolVersion};

/// How long a read or a write may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection to a server.
pub(crate) struct Client {
    stream: TcpStream,
    tls: Option<ClientConnection>,
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
        Self { stream, tls: None, received: Vec::new(), taken: 0 }
    }

    /// Connects over TLS; an error is what the handshake failed with. In TLS 1.3 it is complete
    /// here before the server has judged the client's certificate.
    #[track_caller]
    pub(crate) fn connect_tls(
        port: u16,
        config: &Arc<ClientConfig>,
        name: &str,
    ) -> io::Result<Self> {
        let mut client = Self::connect(port);
        let name = ServerName::try_from(format!("{name}.example")).expect("a name");
        let mut tls = ClientConnection::new(Arc::clone(config), name).expect("a configuration");
        while tls.is_handshaking() {
            tls.complete_io(&mut client.stream)?;
        }
        client.tls = Some(tls);
        Ok(client)
    }

    /// The version of TLS and the suite that both ends speak.
    #[track_caller]
    pub(crate) fn negotiated(&self) -> (ProtocolVersion, CipherSuite) {
        let tls = self.tls.as_ref().expect("a connection over TLS");
        let suite = tls.negotiated_cipher_suite().expect("the handshake is over").suite();
        (tls.protocol_version().expect("the handshake is over"), suite)
    }

    /// The certificate that the server has shown.
    #[track_caller]
    pub(crate) fn server_certificate(&self) -> CertificateDer<'static> {
        let tls = self.tls.as_ref().expect("a connection over TLS");
        tls.peer_certificates().expect("the handshake is over")[0].clone()
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
        let written = match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.stream).write_all(bytes),
            None => self.stream.write_all(bytes),
        };
        match written {
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
            (b'*', Some(len @ 0..)) => Reply::Array(self.replies(len)),
            (b'_', _) if rest.is_empty() => Reply::Null,
            (b',', _) => Reply::Double(rest.to_vec()),
            (b'#', _) => Reply::Boolean(rest == b"t"),
            (b'(', _) => Reply::BigNumber(rest.to_vec()),
            (b'=', Some(len @ 0..)) => {
                let mut bytes = self.read_raw(len as usize + 2);
                bytes.truncate(len as usize);
                Reply::Verbatim(bytes)
            }
            (b'~', Some(len @ 0..)) => Reply::Set(self.replies(len)),
            (b'>', Some(len @ 0..)) => Reply::Push(self.replies(len)),
            (b'%', Some(len @ 0..)) => Reply::Map(self.replies(2 * len)),
            (b'|', Some(len @ 0..)) => {
                Reply::Attribute(self.replies(2 * len), Box::new(self.reply()))
            }
            _ => panic!("not a reply: {}", line.escape_ascii()),
        }
    }

    #[track_caller]
    fn replies(&mut self, len: i64) -> Vec<Reply> {
        (0..len).map(|_| self.reply()).collect()
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

    /// Whether anything but the end comes from the server that begins as a reply does.
    #[track_caller]
    pub(crate) fn is_answered(&mut self) -> bool {
        let waits = self.taken < self.received.len() || self.receive();
        waits && b"+-:$*_,#(=~>%|".contains(&self.received[self.taken])
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
        let mut read = || match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.stream).read(&mut chunk),
            None => self.stream.read(&mut chunk),
        };
        let result = loop {
            match read() {
                // The process was stopped and goes on.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        match result {
            Ok(0) => false,
            Ok(len) => {
                self.received.extend_from_slice(&chunk[..len]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            // An alert, over TLS: the server says why it closes the connection.
            Err(error) if error.kind() == ErrorKind::InvalidData => false,
            Err(error) => panic!("no reply: {error}"),
        }
    }
}

/// A reply of RESP2 or RESP3.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Reply {
    Status(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    /// `$-1` or `*-1`.
    Nil,
    Array(Vec<Reply>),
    /// `_`.
    Null,
    /// With its text.
    Double(Vec<u8>),
    Boolean(bool),
    BigNumber(Vec<u8>),
    /// With its format.
    Verbatim(Vec<u8>),
    Set(Vec<Reply>),
    Push(Vec<Reply>),
    /// Names and values in turn.
    Map(Vec<Reply>),
    /// The names and values, and what they are about.
    Attribute(Vec<Reply>, Box<Reply>),
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
            Self::Null => f.write_str("_"),
            Self::Double(text) => write!(f, ",{}", Shortened(text)),
            Self::Boolean(value) => write!(f, "#{value}"),
            Self::BigNumber(text) => write!(f, "({}", Shortened(text)),
            Self::Verbatim(text) => write!(f, "={} \"{}\"", text.len(), Shortened(text)),
            Self::Set(items) => {
                f.write_str("~").and_then(|()| f.debug_list().entries(items).finish())
            }
            Self::Push(items) => {
                f.write_str(">").and_then(|()| f.debug_list().entries(items).finish())
            }
            Self::Map(items) => {
                f.write_str("%").and_then(|()| f.debug_list().entries(items).finish())
            }
            Self::Attribute(items, reply) => {
                f.write_str("|").and_then(|()| f.debug_list().entries(items).finish())?;
                reply.fmt(f)
            }
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
