//! A client's socket: bytes in, requests out; replies in, bytes out.

use std::io::{self, ErrorKind, IoSlice};
use std::time::Instant;

use migrate::driver::transport::Transport;
use mio::net::TcpStream;
use resp::{Request, RequestDecoder, WriteQueue};

/// One client's connection.
pub(crate) struct Connection {
    pub(crate) transport: Transport<TcpStream>,
    pub(crate) decoder: RequestDecoder,
    /// The request that is being run, or that waits.
    pub(crate) request: Request,
    pub(crate) out: WriteQueue,
    /// Whether the socket may have bytes for us.
    pub(crate) readable: bool,
    /// Whether the end of what the client sends has been announced.
    pub(crate) read_closed: bool,
    /// Whether the socket may take bytes.
    pub(crate) writable: bool,
    /// Whether the connection stands in the queue of those with something to do.
    pub(crate) queued: bool,
    /// Until about when answers are kept, while they are.
    pub(crate) kept_until: Option<Instant>,
}

/// What came of an attempt to read or write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Progress {
    /// So many bytes.
    Moved(usize),
    /// The socket has to say when to go on.
    Blocked,
    /// The connection is gone.
    Closed,
}

impl Connection {
    /// A connection that has just been accepted.
    pub(crate) fn new(transport: Transport<TcpStream>, decoder: RequestDecoder) -> Self {
        Self {
            transport,
            decoder,
            request: Request::default(),
            out: WriteQueue::new(),
            readable: false,
            read_closed: false,
            writable: true,
            queued: false,
            kept_until: None,
        }
    }

    /// Goes on with the handshake of TLS; true if there is none, or it is complete.
    ///
    /// # Errors
    /// The client does not speak TLS as it should, or is gone.
    pub(crate) fn handshake(&mut self) -> io::Result<bool> {
        if !self.transport.is_handshaking() {
            return Ok(true);
        }
        let complete = self.transport.handshake()?;
        // Requests may have come with its last bytes, and make no event of their own.
        self.readable |= complete;
        Ok(complete)
    }

    /// Whether bytes wait to be sent.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.out.is_empty() || self.transport.wants_write()
    }

    /// Reads once, at most [`READ_BYTES_MAX`].
    pub(crate) fn read(&mut self) -> Progress {
        let space = self.decoder.read_space();
        let room = space.len().min(READ_BYTES_MAX);
        match self.transport.read(&mut space[..room]) {
            Ok(0) => Progress::Closed,
            Ok(n) => {
                self.decoder.commit(n);
                // An end that was announced with the bytes makes no event of its own.
                self.readable = !self.transport.is_drained() || self.read_closed;
                Progress::Moved(n)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Progress::Moved(0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Progress::Blocked
            }
            Err(_) => Progress::Closed,
        }
    }

    /// Gives back the buffers in which nothing waits.
    pub(crate) fn release_buffers(&mut self) {
        self.transport.release_buffer();
        self.decoder.release_buffer();
        self.out.release_buffer();
    }

    /// Writes what waits, up to `bytes_max` or a little more.
    pub(crate) fn flush(&mut self, bytes_max: usize) -> Progress {
        let mut written = 0;
        while !self.out.is_empty() && written < bytes_max {
            let mut slices = [IoSlice::new(&[]); WRITE_SLICES_MAX];
            let count = self.out.io_slices(&mut slices);
            match self.transport.write_vectored(&slices[..count]) {
                Ok(n) => {
                    self.out.advance(n);
                    written += n;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.writable = false;
                    break;
                }
                Err(_) => return Progress::Closed,
            }
        }
        if self.out.is_empty() && self.transport.wants_write() {
            match self.transport.flush() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(_) => return Progress::Closed,
                Ok(_) => {}
            }
        }
        if self.writable { Progress::Moved(written) } else { Progress::Blocked }
    }
}

/// Slices in one write.
const WRITE_SLICES_MAX: usize = 64;

/// Bytes in one read. A large argument offers room for all of itself, and a socket may hold
/// several MiB of it, which take milliseconds to copy into memory that was never touched.
const READ_BYTES_MAX: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{Ipv4Addr, TcpListener};

    use resp::{RequestLimits, encode};

    use super::*;

    #[test]
    fn an_idle_connection_holds_no_buffer() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let transport = Transport::plain(TcpStream::from_std(listener.accept().unwrap().0));
        let decoder = RequestDecoder::new(RequestLimits::default());
        let mut connection = Connection::new(transport, decoder);
        let small = connection.decoder.read_space().len();
        client.write_all(&b"*1\r\n$4\r\nPING\r\n".repeat(10_000)).unwrap();
        let mut requests = 0;
        while requests < 10_000 {
            connection.read();
            while connection.decoder.decode(&mut connection.request).unwrap() {
                encode::simple_string(connection.out.tail(), b"PONG");
                requests += 1;
            }
            connection.release_buffers();
        }
        assert_eq!(connection.decoder.read_space().len(), small);
        assert_eq!(connection.out.len(), 70_000);
        while !connection.out.is_empty() {
            connection.flush(usize::MAX);
        }
        connection.release_buffers();
        assert_eq!(connection.out.tail().capacity(), 0);
    }
}
