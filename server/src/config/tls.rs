//! The `tls-*` parameters, with their types.

use std::path::PathBuf;

use super::Config;
use super::table::{PARAMS, index_of};

/// All that TLS is made from.
#[derive(Clone, Debug)]
pub(crate) struct TlsDirectives {
    /// Whether `tls-port`, `tls-cluster` or `tls-replication` asks for TLS.
    pub(crate) enabled: bool,
    /// Whether others are asked for certificates.
    pub(crate) needs_authority: bool,
    pub(crate) auth_clients: TlsAuthClients,
    pub(crate) cert_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) client_cert_file: Option<PathBuf>,
    pub(crate) client_key_file: Option<PathBuf>,
    pub(crate) ca_cert_file: Option<PathBuf>,
    pub(crate) ca_cert_dir: Option<PathBuf>,
    pub(crate) protocols: String,
    pub(crate) ciphers: String,
    pub(crate) ciphersuites: String,
    pub(crate) prefer_server_ciphers: bool,
    pub(crate) session_caching: bool,
    /// `None` is as many as there can be.
    pub(crate) session_cache_size: Option<usize>,
    /// Whether `tls-session-cache-timeout` is not the default.
    pub(crate) session_timeout: bool,
    /// Whether `tls-dh-params-file` is set.
    pub(crate) dh_params: bool,
}

/// Whether clients have to show a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TlsAuthClients {
    No,
    Optional,
    Yes,
}

impl Config {
    pub(crate) fn tls_port(&self) -> u16 {
        self.number(const { index_of("tls-port") })
    }

    /// Whether MIGRATE speaks TLS with targets (rule N3).
    pub(crate) fn tls_cluster(&self) -> bool {
        self.switch(const { index_of("tls-cluster") })
    }

    pub(crate) fn tls(&self) -> TlsDirectives {
        let file = |index| self.text_unless_empty(index).map(super::accessors::path);
        let text = |index| String::from_utf8_lossy(self.text(index)).into_owned();
        let replication = self.switch(const { index_of("tls-replication") });
        let auth_clients = match self.name(const { index_of("tls-auth-clients") }) {
            "no" => TlsAuthClients::No,
            "optional" => TlsAuthClients::Optional,
            _ => TlsAuthClients::Yes,
        };
        let timeout = const { index_of("tls-session-cache-timeout") };
        TlsDirectives {
            enabled: self.tls_port() != 0 || self.tls_cluster() || replication,
            needs_authority: auth_clients != TlsAuthClients::No
                || self.tls_cluster()
                || replication,
            auth_clients,
            cert_file: file(const { index_of("tls-cert-file") }),
            key_file: file(const { index_of("tls-key-file") }),
            client_cert_file: file(const { index_of("tls-client-cert-file") }),
            client_key_file: file(const { index_of("tls-client-key-file") }),
            ca_cert_file: file(const { index_of("tls-ca-cert-file") }),
            ca_cert_dir: file(const { index_of("tls-ca-cert-dir") }),
            protocols: text(const { index_of("tls-protocols") }),
            ciphers: text(const { index_of("tls-ciphers") }),
            ciphersuites: text(const { index_of("tls-ciphersuites") }),
            prefer_server_ciphers: self.switch(const { index_of("tls-prefer-server-ciphers") }),
            session_caching: self.switch(const { index_of("tls-session-caching") }),
            session_cache_size: Some(self.number(const { index_of("tls-session-cache-size") }))
                .filter(|&size| size > 0),
            session_timeout: self.values[timeout] != PARAMS[timeout].default_value(),
            dh_params: self.text_unless_empty(const { index_of("tls-dh-params-file") }).is_some(),
        }
    }
}
