//! TLS as the `tls-*` directives have it: for clients that connect, and with targets of MIGRATE.
//!
//! Whoever replaces a file of a certificate sets its directive again, to the same path if need be:
//! all files are read anew when a `tls-*` parameter is set. Connections that exist go on as they
//! are.

mod choice;
mod material;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;
use migrate::driver::tls::{ChainVerifier, TlsClient};
use migrate::driver::transport::Transport;
use mio::net::TcpStream;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::server::{NoServerSessionStorage, ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
};

use crate::config::{Config, TlsAuthClients, TlsDirectives};

/// The two sides of TLS, as far as they are configured.
#[derive(Default)]
pub(crate) struct Tls {
    accepting: Option<Arc<ServerConfig>>,
    connecting: Option<TlsClient>,
    /// Directives without a meaning here that were told about.
    warned: BTreeSet<&'static str>,
}

impl Tls {
    /// Reads all files and takes them for new connections. Without a directive that enables TLS
    /// (`tls-port`, `tls-cluster`, `tls-replication`) none is looked at, as in Redis.
    ///
    /// # Errors
    /// What is missing or wrong, with the directive and the file. Then nothing has changed.
    pub(crate) fn reload(&mut self, config: &Config) -> anyhow::Result<()> {
        let directives = config.tls();
        let (mut accepting, mut connecting) = (None, None);
        if directives.enabled {
            let material = Material::read(&directives)?;
            accepting = Some(Arc::new(material.accept(&directives)?));
            // Without an authority there is nobody to connect to.
            if let Some(roots) = &material.roots {
                connecting = Some(material.connect(Arc::clone(roots))?);
            }
            self.warn(&directives);
        }
        (self.accepting, self.connecting) = (accepting, connecting);
        Ok(())
    }

    /// The server's end of a connection that has been accepted.
    ///
    /// # Errors
    /// TLS is not configured.
    pub(crate) fn accept(&self, stream: TcpStream) -> anyhow::Result<Transport<TcpStream>> {
        let config = self.accepting.as_ref().context("TLS is not configured")?;
        Ok(Transport::tls(stream, ServerConnection::new(Arc::clone(config))?))
    }

    /// How to speak TLS with targets. The files are read now if no directive has enabled TLS.
    ///
    /// # Errors
    /// What is missing or wrong, with the directive and the file.
    pub(crate) fn client(&mut self, config: &Config) -> anyhow::Result<TlsClient> {
        if let Some(client) = &self.connecting {
            return Ok(client.clone());
        }
        let directives = config.tls();
        let material = Material::read_for_client(&directives)?;
        let roots = material.roots.as_ref().context(
            "tls-ca-cert-file or tls-ca-cert-dir must say by whom targets are certified",
        )?;
        let client = material.connect(Arc::clone(roots))?;
        self.warn(&directives);
        Ok(self.connecting.insert(client).clone())
    }

    fn warn(&mut self, directives: &TlsDirectives) {
        for (directive, why) in choice::without_meaning(directives) {
            if self.warned.insert(directive) {
                tracing::warn!(directive, why, "this directive has no effect");
            }
        }
    }
}

/// What the directives and their files come to.
struct Material {
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
    /// Who certifies the others.
    roots: Option<Arc<RootCertStore>>,
    /// Whom clients meet.
    server: Option<material::Identity>,
    /// Whom targets meet.
    client: Option<material::Identity>,
}

impl Material {
    /// What Redis wants as soon as TLS is enabled.
    fn read(directives: &TlsDirectives) -> anyhow::Result<Self> {
        anyhow::ensure!(directives.cert_file.is_some(), "No tls-cert-file configured!");
        anyhow::ensure!(directives.key_file.is_some(), "No tls-key-file configured!");
        let certifies = directives.ca_cert_file.is_some() || directives.ca_cert_dir.is_some();
        anyhow::ensure!(
            certifies || !directives.needs_authority,
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, \
             tls-replication or tls-auth-clients are enabled!"
        );
        let server = material::identity(
            ("tls-cert-file", directives.cert_file.as_deref()),
            ("tls-key-file", directives.key_file.as_deref()),
        )?;
        Ok(Self { server, ..Self::read_for_client(directives)? })
    }

    fn read_for_client(directives: &TlsDirectives) -> anyhow::Result<Self> {
        let own = material::identity(
            ("tls-client-cert-file", directives.client_cert_file.as_deref()),
            ("tls-client-key-file", directives.client_key_file.as_deref()),
        )?;
        let client = match own {
            Some(own) => Some(own),
            None => material::identity(
                ("tls-cert-file", directives.cert_file.as_deref()),
                ("tls-key-file", directives.key_file.as_deref()),
            )?,
        };
        Ok(Self {
            provider: choice::provider(directives)?,
            versions: choice::versions(directives)?,
            roots: material::roots(directives)?.map(Arc::new),
            server: None,
            client,
        })
    }

    fn accept(&self, directives: &TlsDirectives) -> anyhow::Result<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&self.versions)?;
        let verifier = match (directives.auth_clients, &self.roots) {
            (TlsAuthClients::No, _) | (_, None) => None,
            (required, Some(roots)) => {
                let (roots, provider) = (Arc::clone(roots), Arc::clone(&self.provider));
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                Some(match required {
                    TlsAuthClients::Optional => verifier.allow_unauthenticated().build()?,
                    _ => verifier.build()?,
                })
            }
        };
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let identity = self.server.as_ref().context("No tls-cert-file configured!")?;
        let mut config = builder
            .with_single_cert(identity.chain.clone(), identity.key.clone_key())
            .map_err(|error| identity.fault(&error))?;
        config.ignore_client_order = directives.prefer_server_ciphers;
        if directives.session_caching {
            let sessions = directives.session_cache_size.unwrap_or(SESSIONS_MAX).min(SESSIONS_MAX);
            config.session_storage = ServerSessionMemoryCache::new(sessions);
        } else {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(config)
    }

    fn connect(&self, roots: Arc<RootCertStore>) -> anyhow::Result<TlsClient> {
        let verifier = ChainVerifier::new(roots, &self.provider);
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&self.versions)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.client {
            None => builder.with_no_client_auth(),
            Some(identity) => builder
                .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
                .map_err(|error| identity.fault(&error))?,
        };
        // A session that is resumed is believed without its certificate.
        config.resumption = Resumption::disabled();
        Ok(TlsClient::new(config))
    }
}

/// Sessions that are kept for clients that come again: room for them is made at once.
const SESSIONS_MAX: usize = 64 * 1024;
