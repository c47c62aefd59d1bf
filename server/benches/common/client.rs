//! A client that keeps a server busy.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{bail, ensure};
use bytes::BytesMut;
use resp::{Frame, Reply, ReplyDecoder, ReplyLimits, encode};

/// One connection to a server.
pub(crate) struct Client {
    stream: TcpStream,
    decoder: ReplyDecoder,
    out: BytesMut,
}

impl Client {
    pub(crate) fn connect(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let decoder = ReplyDecoder::new(ReplyLimits::default());
        Ok(Self { stream, decoder, out: BytesMut::new() })
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// The reply is an error.
    pub(crate) fn ask(&mut self, args: &[impl AsRef<[u8]>]) -> anyhow::Result<Reply> {
        self.send(args)?;
        self.reply()
    }

    /// Sends a request, whose [`reply`](Self::reply) is taken later.
    pub(crate) fn send(&mut self, args: &[impl AsRef<[u8]>]) -> anyhow::Result<()> {
        encode::request(&mut self.out, args);
        self.flush()
    }

    /// Waits for the next reply.
    ///
    /// # Errors
    /// It is an error.
    pub(crate) fn reply(&mut self) -> anyhow::Result<Reply> {
        loop {
            match self.decoder.decode()? {
                Some(Reply::Error(line)) => bail!("{}", line.escape_ascii()),
                Some(reply) => return Ok(reply),
                None => self.receive()?,
            }
        }
    }

    /// Sends `count` requests, which `encode` appends one by one, and takes their replies. While
    /// the server works on `depth` of them, as many more are made and sent.
    ///
    /// # Errors
    /// A reply is an error.
    pub(crate) fn pipeline(
        &mut self,
        count: usize,
        depth: usize,
        mut encode: impl FnMut(&mut BytesMut, usize),
    ) -> anyhow::Result<()> {
        let (mut sent, mut answered) = (0, 0);
        while answered < count {
            while sent < count.min(answered + 2 * depth) {
                for request in sent..count.min(sent + depth) {
                    encode(&mut self.out, request);
                }
                sent = count.min(sent + depth);
                self.flush()?;
            }
            let batch_end = count.min(answered + depth);
            self.take_replies(batch_end - answered)?;
            answered = batch_end;
        }
        Ok(())
    }

    /// Takes replies that are no errors.
    ///
    /// # Errors
    /// A reply is one.
    pub(crate) fn take_replies(&mut self, count: usize) -> anyhow::Result<()> {
        let mut answered = 0;
        while answered < count {
            match self.decoder.decode_frame()? {
                Some(Frame::Error(line)) => bail!("{}", line.escape_ascii()),
                Some(_) => answered += 1,
                None => self.receive()?,
            }
        }
        Ok(())
    }

    /// Sends bytes that are requests already.
    pub(crate) fn send_encoded(&mut self, encoded: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(encoded)?)
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn receive(&mut self) -> anyhow::Result<()> {
        let len = self.stream.read(self.decoder.read_space())?;
        ensure!(len > 0, "the server has closed the connection");
        self.decoder.commit(len);
        Ok(())
    }
}

/// A peer may free a large value for seconds.
const PATIENCE: Duration = Duration::from_secs(120);
