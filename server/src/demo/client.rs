//! A client that waits for its replies.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::BytesMut;
use resp::{Reply, ReplyDecoder, ReplyLimits, encode};

use super::servers::Server;

/// One connection to a server.
pub(super) struct Client {
    name: &'static str,
    stream: TcpStream,
    decoder: ReplyDecoder,
    /// Requests that have not been sent.
    out: BytesMut,
}

impl Client {
    pub(super) fn connect(server: &Server) -> anyhow::Result<Self> {
        let name = server.name();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port()))
            .with_context(|| format!("cannot connect to the {name}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let decoder = ReplyDecoder::new(ReplyLimits::default());
        Ok(Self { name, stream, decoder, out: BytesMut::new() })
    }

    /// Sends a request and waits for its reply.
    pub(super) fn call(&mut self, args: &[impl AsRef<[u8]>]) -> anyhow::Result<Reply> {
        self.push(args);
        self.send()?;
        self.reply()
    }

    /// Adds a request to those that [`send`](Self::send) sends.
    pub(super) fn push(&mut self, args: &[impl AsRef<[u8]>]) {
        encode::request(&mut self.out, args);
    }

    /// Length of what [`send`](Self::send) will send.
    pub(super) fn unsent_bytes(&self) -> usize {
        self.out.len()
    }

    /// Sends all that was pushed.
    pub(super) fn send(&mut self) -> anyhow::Result<()> {
        let sent = self.stream.write_all(&self.out);
        self.out.clear();
        sent.with_context(|| format!("cannot send to the {}", self.name))
    }

    /// Waits for the next reply.
    pub(super) fn reply(&mut self) -> anyhow::Result<Reply> {
        loop {
            let decoded = self.decoder.decode();
            if let Some(reply) = decoded.with_context(|| format!("from the {}", self.name))? {
                return Ok(reply);
            }
            match self.stream.read(self.decoder.read_space()) {
                Ok(0) => bail!("the {} has closed the connection", self.name),
                Ok(n) => self.decoder.commit(n),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("no reply from the {}", self.name));
                }
            }
        }
    }

    /// Waits for `+OK`.
    pub(super) fn expect_ok(&mut self) -> anyhow::Result<()> {
        match self.reply()? {
            Reply::Simple(text) if text == "OK" => Ok(()),
            other => Err(self.unexpected(&other)),
        }
    }

    /// An error that shows the reply.
    pub(super) fn unexpected(&self, reply: &Reply) -> anyhow::Error {
        let text = match reply {
            Reply::Simple(text) | Reply::Error(text) => String::from_utf8_lossy(text).into_owned(),
            Reply::Bulk(bytes) => format!("a bulk string of {} bytes", bytes.len()),
            other => format!("{other:?}"),
        };
        anyhow::anyhow!("the {} has answered: {text}", self.name)
    }
}

/// How long a server may be silent while it owes a reply.
const PATIENCE: Duration = Duration::from_secs(60);
