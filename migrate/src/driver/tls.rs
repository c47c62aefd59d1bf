//! The source's side of TLS: who it believes, and how a connection begins.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// How to speak TLS with a target: whom to believe, and who we are.
///
/// Two are the same if one is a clone of the other. A connection that was made with one is never
/// used where another is asked for.
#[derive(Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
}

impl TlsClient {
    /// Connections as `config` says. A [`ChainVerifier`] makes it believe whom Redis believes.
    pub fn new(config: ClientConfig) -> Self {
        Self { config: Arc::new(config) }
    }

    /// A connection to `host`, whose name it tells the target (SNI) if it is one.
    pub(super) fn connection(&self, host: &str) -> Result<ClientConnection, Error> {
        // What is neither name nor address for TLS may be a name for the resolver all the same.
        let name = ServerName::try_from(host.to_owned());
        // An address is not told to the target.
        let name = name.unwrap_or(ServerName::from(Ipv4Addr::UNSPECIFIED));
        ClientConnection::new(Arc::clone(&self.config), name)
    }
}

impl PartialEq for TlsClient {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.config, &other.config)
    }
}

impl Eq for TlsClient {}

impl Hash for TlsClient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.config).hash(state);
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient").finish_non_exhaustive()
    }
}

/// Believes every certificate that a chain leads to from one of its roots, whatever its name.
///
/// Servers of the Redis family are known by addresses that come and go, their certificates name
/// roles or nothing, and none of them looks at the name of a peer: the authority behind the
/// certificate is the one that says who belongs. Looking at names where the caller happened to
/// write one would refuse such servers, and would check nothing where the caller wrote an address.
/// An authority that also signs for strangers is therefore none for this purpose.
#[derive(Debug)]
pub struct ChainVerifier {
    roots: Arc<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ChainVerifier {
    /// Believes those behind whom one of `roots` stands.
    pub fn new(roots: impl Into<Arc<RootCertStore>>, provider: &CryptoProvider) -> Self {
        Self { roots: roots.into(), algorithms: provider.signature_verification_algorithms }
    }
}

impl ServerCertVerifier for ChainVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            algorithms,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
