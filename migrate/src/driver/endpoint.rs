//! Where a target listens.

use super::tls::TlsClient;

/// Where a target listens, as the caller wrote it: a host name or an address, and a port.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    /// Host name, IPv4 or IPv6 address, the latter also in brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How to speak TLS with it; `None` speaks in the clear.
    pub tls: Option<TlsClient>,
}
