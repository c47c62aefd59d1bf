//! Listening sockets, and how the sockets of clients are set up.

use std::io::{ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};

use crate::config::Config;

/// The sockets that clients connect to.
pub(crate) struct Listeners {
    sockets: Vec<Listener>,
    registry: Registry,
    first_token: usize,
}

struct Listener {
    socket: TcpListener,
    /// Whether clients speak TLS.
    tls: bool,
}

/// A connection that has just been accepted.
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) address: SocketAddr,
    /// Whether the client speaks TLS.
    pub(crate) tls: bool,
}

impl Listeners {
    /// Listens on every address of `bind` at `port` and `tls-port`, under tokens from `first_token` on. An address
    /// with a leading `-` may be missing on this machine.
    ///
    /// # Errors
    /// One of the addresses that may not be missing, or all, cannot be listened on.
    pub(crate) fn bind(
        config: &Config,
        registry: Registry,
        first_token: usize,
    ) -> anyhow::Result<Self> {
        let mut listeners = Self { sockets: Vec::new(), registry, first_token };
        listeners.rebind(config)?;
        Ok(listeners)
    }

    /// Listens as `config` says instead. In between, nobody can connect.
    ///
    /// # Errors
    /// Those of [`bind`](Self::bind); then, nothing is listened on.
    pub(crate) fn rebind(&mut self, config: &Config) -> anyhow::Result<()> {
        // An address can overlap with an old one, so the old ones go first.
        self.sockets.clear();
        let mut sockets = open(config)?;
        for (Listener { socket, tls }, token) in sockets.iter_mut().zip(self.first_token..) {
            self.registry.register(socket, Token(token), Interest::READABLE)?;
            tracing::info!(address = %socket.local_addr()?, tls, "ready to accept connections");
        }
        self.sockets = sockets;
        Ok(())
    }

    /// Accepts a connection at the socket whose event has `token`.
    ///
    /// # Errors
    /// Those of the system; `WouldBlock` if nobody waits, or the socket is gone.
    pub(crate) fn accept(&self, token: usize) -> std::io::Result<Accepted> {
        let listener = self.sockets.get(token - self.first_token);
        let Listener { socket, tls } = listener.ok_or(ErrorKind::WouldBlock)?;
        let (stream, address) = socket.accept()?;
        Ok(Accepted { stream, address, tls: *tls })
    }
}

fn open(config: &Config) -> anyhow::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    for (port, tls) in [(config.port(), false), (config.tls_port(), true)] {
        // Port 0 means none.
        if port != 0 {
            let sockets = open_port(config, port)?;
            listeners.extend(sockets.into_iter().map(|socket| Listener { socket, tls }));
        }
    }
    Ok(listeners)
}

fn open_port(config: &Config, port: u16) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for name in config.bind() {
        let (name, optional) = match name.strip_prefix('-') {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        match listen(SocketAddr::new(parse(name)?, port), config) {
            Ok(listener) => listeners.push(listener),
            Err(error) if optional => {
                tracing::debug!(%error, address = name, "optional address left out");
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot listen on {name} port {port}"));
            }
        }
    }
    anyhow::ensure!(!listeners.is_empty(), "none of the bind addresses can be listened on");
    Ok(listeners)
}

/// Sets up the socket of a new client.
///
/// # Errors
/// The system refuses a setting. The client can be served all the same.
pub(crate) fn tune(stream: &TcpStream, config: &Config) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    if let Some(idle) = config.tcp_keepalive() {
        let within = |time: Duration| time.clamp(Duration::from_secs(1), KEEPALIVE_MAX);
        let probes = TcpKeepalive::new().with_time(within(idle)).with_interval(within(idle / 3));
        SockRef::from(stream).set_tcp_keepalive(&probes)?;
    }
    Ok(())
}

/// The longest time that Linux takes (`MAX_TCP_KEEPIDLE`).
const KEEPALIVE_MAX: Duration = Duration::from_secs(32_767);

/// Tells a client why it is not admitted; it is gone either way.
pub(crate) fn refuse(mut stream: TcpStream, line: &[u8]) {
    if let Err(error) = stream.write(line) {
        tracing::debug!(%error, "cannot tell a client that it is refused");
    }
}

fn listen(address: SocketAddr, config: &Config) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // Beside a listener for IPv4 on the same port.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(config.tcp_backlog())?;
    Ok(TcpListener::from_std(socket.into()))
}

fn parse(name: &str) -> anyhow::Result<IpAddr> {
    match name {
        "*" => Ok(Ipv4Addr::UNSPECIFIED.into()),
        "::*" => Ok(Ipv6Addr::UNSPECIFIED.into()),
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        name => name.parse().with_context(|| format!("bind: '{name}' is not an IP address")),
    }
}
