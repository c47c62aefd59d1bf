//! Listening sockets, and how the sockets of clients are set up.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};

use crate::config::Config;

/// Listens on every address of `bind` at `port`. An address with a leading `-` may be missing on
/// this machine.
pub(crate) fn bind(config: &Config) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    // Port 0 means no TCP at all.
    if config.port() == 0 {
        return Ok(listeners);
    }
    for name in config.bind() {
        let (name, optional) = match name.strip_prefix('-') {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        match listen(parse(name)?, config) {
            Ok(listener) => listeners.push(listener),
            Err(error) if optional => {
                tracing::debug!(%error, address = name, "optional address left out");
            }
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot listen on {name} port {}", config.port()));
            }
        }
    }
    anyhow::ensure!(!listeners.is_empty(), "none of the bind addresses can be listened on");
    Ok(listeners)
}

/// Sets up the socket of a new client.
pub(crate) fn tune(stream: &TcpStream, config: &Config) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    if let Some(interval) = config.tcp_keepalive() {
        let probes = TcpKeepalive::new().with_time(interval).with_interval(interval / 3);
        SockRef::from(stream).set_tcp_keepalive(&probes)?;
    }
    Ok(())
}

/// Tells a client why it is not admitted; it is gone either way.
pub(crate) fn refuse(mut stream: TcpStream, line: &[u8]) {
    if let Err(error) = stream.write(line) {
        tracing::debug!(%error, "cannot tell a client that it is refused");
    }
}

fn listen(address: IpAddr, config: &Config) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address((address, 0).into()), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // Beside a listener for IPv4 on the same port.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::new(address, config.port()).into())?;
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
