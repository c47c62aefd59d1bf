//! The bytes of a connection, in the clear or over TLS.
//!
//! Neither the sessions nor the server's clients know which it is: a [`Transport`] reads and writes
//! as a socket does that does not block. What TLS adds shows in three places:
//!
//! - [`handshake`](Transport::handshake) has to be done before anything else;
//! - bytes that [`write_vectored`](Transport::write_vectored) took may still lie here, encrypted,
//!   up to [`UNSENT_BYTES_MAX`] of them: [`wants_write`](Transport::wants_write) tells so, and
//!   [`flush`](Transport::flush) sends them;
//! - a stream that ends without the peer's word for it (a close_notify) ends with an error.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};

use rustls::Connection;

/// A stream that does not block, with or without TLS.
///
/// It is made for edge-triggered readiness: unless a call returned `WouldBlock`, or
/// [`is_drained`](Self::is_drained) says so, there may be more to do at once.
pub struct Transport<S> {
    stream: S,
    tls: Option<Box<Tls>>,
    drained: bool,
}

/// The TLS half of a transport.
struct Tls {
    connection: Connection,
    incoming: Incoming,
    /// Why nothing that comes will be understood. What came before is read first.
    failure: Option<rustls::Error>,
}

/// Ciphertext that was read from the socket and not decrypted yet.
#[derive(Default)]
struct Incoming {
    /// Where the stream is read into; no memory until it is read again after it had nothing.
    bytes: Box<[u8]>,
    /// `start <= end <= bytes.len()`; what waits is between them.
    start: usize,
    end: usize,
    /// Whether the socket had less than there was room for when it was read last.
    drained: bool,
}

impl<S> Transport<S> {
    /// A stream in the clear.
    pub fn plain(stream: S) -> Self {
        Self { stream, tls: None, drained: false }
    }

    /// A stream over TLS, at either end. The handshake is yet to be done.
    pub fn tls(stream: S, connection: impl Into<Connection>) -> Self {
        let mut connection = connection.into();
        connection.set_buffer_limit(Some(UNSENT_BYTES_MAX));
        let tls = Tls { connection, incoming: Incoming::default(), failure: None };
        Self { stream, tls: Some(Box::new(tls)), drained: false }
    }

    /// The stream below.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// The stream below, to be registered; its bytes are not to be touched.
    pub fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Gives back the memory in which nothing waits.
    pub fn release_buffer(&mut self) {
        if let Some(tls) = &mut self.tls
            && tls.incoming.is_empty()
        {
            tls.incoming.bytes = Box::default();
        }
    }

    /// Whether the handshake is still to be completed.
    pub fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.connection.is_handshaking())
    }

    /// Whether the last [`read`](Transport::read) has taken all that had arrived. Bytes that come
    /// later make an event of their own.
    pub fn is_drained(&self) -> bool {
        self.drained
    }

    /// Whether bytes that were taken wait for the stream to take them.
    pub fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.connection.wants_write())
    }
}

impl<S: Read + Write> Transport<S> {
    /// Goes on with the handshake; true if it is complete, and always in the clear. Bytes of the
    /// peer may have arrived with its last words, and are here to be read.
    ///
    /// # Errors
    /// Those of the stream, `UnexpectedEof` if it ends, and `InvalidData` with the cause if the
    /// two cannot agree: the peer has been told why.
    pub fn handshake(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(true) };
        loop {
            tls.send(&mut self.stream)?;
            if !tls.connection.is_handshaking() {
                return Ok(true);
            }
            match tls.receive(&mut self.stream) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
            if let Some(failure) = tls.failure.clone() {
                return Err(io::Error::new(ErrorKind::InvalidData, failure));
            }
        }
    }

    /// Reads into `buf`, which is not empty. 0 is the end, as the peer has told it.
    ///
    /// # Errors
    /// Those of the stream; over TLS also `UnexpectedEof` if the stream ends though the peer has
    /// not said so, and `InvalidData` if what comes is not what the peer sent. Everything that came
    /// before has been read by then.
    pub fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            let read = self.stream.read(buf);
            self.drained = read.as_ref().is_ok_and(|&n| n < buf.len());
            return read;
        };
        self.drained = false;
        // What the stream had before this call does not tell what it has now: there may have been an
        // event meanwhile, which does not come again.
        tls.incoming.drained = false;
        loop {
            match tls.connection.reader().read(buf) {
                Ok(n) => {
                    self.drained = n < buf.len() && tls.incoming.is_drained();
                    return Ok(n);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if let Some(failure) = tls.failure.clone() {
                return Err(io::Error::new(ErrorKind::InvalidData, failure));
            }
            tls.receive(&mut self.stream)?;
        }
    }

    /// Takes bytes of `slices`, which are not all empty, and sends what the stream takes.
    ///
    /// Bytes that were taken may have left, whatever happens then.
    ///
    /// # Errors
    /// Those of the stream, and `InvalidData` if the conversation over TLS has failed. Nothing was
    /// taken.
    pub fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            // The most frequent case, for which the system does less.
            return match slices {
                [slice] => self.stream.write(slice),
                _ => self.stream.write_vectored(slices),
            };
        };
        tls.send(&mut self.stream)?;
        let taken = tls.connection.writer().write_vectored(slices)?;
        if taken == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        // What was taken counts as sent; an error here comes again with the next write.
        let _ = tls.send(&mut self.stream);
        Ok(taken)
    }

    /// Sends what was taken, as far as the stream takes it, and tells how many bytes, encrypted,
    /// that were.
    ///
    /// # Errors
    /// Those of the stream; `WouldBlock` if it took nothing though something waits.
    pub fn flush(&mut self) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return Ok(0) };
        match tls.send(&mut self.stream)? {
            0 if tls.connection.wants_write() => Err(ErrorKind::WouldBlock.into()),
            sent => Ok(sent),
        }
    }

    /// Says good-bye, if the stream takes it; to be dropped next. Bytes that were taken and have not
    /// been sent by now never are, and nobody is told that they were the last.
    pub fn close(&mut self) {
        if let Some(tls) = &mut self.tls
            && !tls.connection.wants_write()
        {
            tls.connection.send_close_notify();
            // Whoever is gone, or does not read, cannot be told.
            let _ = tls.send(&mut self.stream);
        }
    }
}

impl Tls {
    /// Sends what waits, as far as the stream takes it, and tells how many bytes that were.
    fn send(&mut self, stream: &mut impl Write) -> io::Result<usize> {
        let mut sent = 0;
        while self.connection.wants_write() {
            match self.connection.write_tls(stream) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => sent += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    /// Decrypts some of what has arrived. It may be less than a record, or none of the caller's.
    fn receive(&mut self, stream: &mut (impl Read + Write)) -> io::Result<()> {
        if self.incoming.is_empty() && self.incoming.fill(stream)? == 0 {
            // The connection has to know: it tells then whether the peer had said so.
            self.connection.read_tls(&mut io::empty())?;
            if self.connection.is_handshaking() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            return Ok(());
        }
        let Incoming { bytes, start, end, .. } = &mut self.incoming;
        let fed = self.connection.read_tls(&mut &bytes[*start..*end])?;
        if fed == 0 {
            // Nothing that comes after a close_notify is read.
            return Err(ErrorKind::UnexpectedEof.into());
        }
        *start += fed;
        self.failure = self.connection.process_new_packets().err();
        // A failure is told to the peer, and some requests of its TLS are answered. Whether that
        // can be sent is for the next write to tell.
        let _ = self.send(stream);
        Ok(())
    }
}

impl Incoming {
    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn is_drained(&self) -> bool {
        self.is_empty() && self.drained
    }

    /// Reads from the stream. To be called when nothing waits.
    fn fill(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        if self.bytes.is_empty() {
            self.bytes = vec![0; INCOMING_BYTES_MAX].into();
        }
        (self.start, self.end) = (0, 0);
        let read = stream.read(&mut self.bytes);
        match &read {
            Ok(n) => {
                self.end = *n;
                self.drained = *n < self.bytes.len();
            }
            // Idle connections are many, and hold nothing.
            Err(_) => *self = Self::default(),
        }
        read
    }
}

impl<S: fmt::Debug> fmt::Debug for Transport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("stream", &self.stream)
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

/// Bytes that are taken and not sent, encrypted: a few records, so that the stream is never short
/// of them, and little enough that progress is noticed and memory stays flat.
pub const UNSENT_BYTES_MAX: usize = 64 * 1024;

/// Bytes in one read of a stream.
const INCOMING_BYTES_MAX: usize = 32 * 1024;

#[cfg(test)]
mod tests;
