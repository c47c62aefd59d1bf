//! Authorities of a test's own, and the certificates that they sign, as files.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;

/// Signs certificates. Its files live as long as it does.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    folder: TempDir,
}

/// The files of a certificate and of its key.
#[derive(Clone, Debug)]
pub(crate) struct Certified {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let root = params.self_signed(&key).expect("a certificate");
        fs::write(folder.path().join("ca.crt"), root.pem()).expect("a file");
        let root = root.der().clone();
        Self { issuer: Issuer::new(params, key), root, folder }
    }

    /// The path of its own certificate.
    pub(crate) fn file(&self) -> String {
        self.path("ca.crt").display().to_string()
    }

    /// The path of a file in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A certificate for a name that nobody connects to.
    pub(crate) fn certify(&self, name: &str) -> Certified {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![format!("{name}.example")]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let files = [self.path(&format!("{name}.crt")), self.path(&format!("{name}.key"))];
        fs::write(&files[0], certificate.pem()).expect("a file");
        fs::write(&files[1], key.serialize_pem()).expect("a file");
        let [certificate, key] = files.map(|file| file.display().to_string());
        Certified { certificate, key }
    }

    /// Directives for a server, or a peer, that this authority certifies and that believes it.
    pub(crate) fn directives(&self, name: &str) -> Vec<String> {
        let Certified { certificate, key } = self.certify(name);
        [
            ("--tls-cert-file", certificate),
            ("--tls-key-file", key),
            ("--tls-ca-cert-file", self.file()),
        ]
        .into_iter()
        .flat_map(|(directive, value)| [directive.to_owned(), value])
        .collect()
    }

    /// A client that believes this authority and shows `own`.
    pub(crate) fn client(&self, own: Option<&Certified>) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).expect("a certificate");
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for them")
            .with_root_certificates(roots);
        Arc::new(match own {
            None => builder.with_no_client_auth(),
            Some(Certified { certificate, key }) => {
                let chain = vec![CertificateDer::from_pem_file(certificate).expect("PEM")];
                let key = PrivateKeyDer::from_pem_file(key).expect("PEM");
                builder.with_client_auth_cert(chain, key).expect("they belong together")
            }
        })
    }
}
