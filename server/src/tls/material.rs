//! Certificates and keys from files.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail, ensure};
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{Error, RootCertStore};

use crate::config::TlsDirectives;

/// A certificate, those that lead to its authority, and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// The directives and files that it came from.
    name: String,
}

impl Identity {
    /// Says why the files are of no use, though they are of the right form.
    pub(super) fn fault(&self, error: &Error) -> anyhow::Error {
        let said = error.to_string();
        // `openssl x509 -req` makes such ones where it is not told of any extension.
        let hint = if said.contains("UnsupportedCertVersion") {
            " (certificates of X.509 version 1 are not supported, only those of version 3)"
        } else {
            ""
        };
        anyhow!("{}: {said}{hint}", self.name)
    }
}

/// A directive and the file that it names.
type Named<'a> = (&'static str, Option<&'a Path>);

/// The identity that two files make, if both are named.
pub(super) fn identity(chain: Named<'_>, key: Named<'_>) -> anyhow::Result<Option<Identity>> {
    let ((chain_name, Some(chain_path)), (key_name, Some(key_path))) = (chain, key) else {
        return Ok(None);
    };
    Ok(Some(Identity {
        chain: certificates(chain_name, chain_path)?,
        key: private_key(key_name, key_path)?,
        name: format!(
            "{chain_name} {} with {key_name} {}",
            chain_path.display(),
            key_path.display()
        ),
    }))
}

/// The authorities of `tls-ca-cert-file` and `tls-ca-cert-dir` together; `None` without either.
///
/// Of a directory those files count that OpenSSL finds there: their names are hashes, as `openssl
/// rehash` makes them.
pub(super) fn roots(directives: &TlsDirectives) -> anyhow::Result<Option<RootCertStore>> {
    if directives.ca_cert_file.is_none() && directives.ca_cert_dir.is_none() {
        return Ok(None);
    }
    let mut roots = RootCertStore::empty();
    if let Some(path) = &directives.ca_cert_file {
        for certificate in certificates("tls-ca-cert-file", path)? {
            let added = roots.add(certificate);
            added.with_context(|| format!("tls-ca-cert-file {}", path.display()))?;
        }
    }
    if let Some(path) = &directives.ca_cert_dir {
        let name = || format!("tls-ca-cert-dir: cannot read {}", path.display());
        let mut found = HashSet::new();
        for entry in fs::read_dir(path).with_context(name)? {
            let entry = entry.with_context(name)?;
            if is_hash(entry.file_name().as_encoded_bytes()) {
                found.extend(certificates("tls-ca-cert-dir", &entry.path())?);
            }
        }
        let (added, _) = roots.add_parsable_certificates(found);
        ensure!(
            added > 0,
            "tls-ca-cert-dir: no certificate in {} (openssl rehash makes the names that are \
             looked for)",
            path.display()
        );
    }
    Ok(Some(roots))
}

/// Whether a name is eight hexadecimal digits, a dot and a number.
fn is_hash(name: &[u8]) -> bool {
    let Some((hash, [b'.', number @ ..])) = name.split_at_checked(8) else { return false };
    let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    is_number && hash.iter().all(u8::is_ascii_hexdigit)
}

fn certificates(
    directive: &'static str,
    path: &Path,
) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let bytes = read(directive, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => bail!("{directive}: no certificate (PEM) in {}", path.display()),
        Err(error) => bail!("{directive}: {}: {error}", path.display()),
    }
}

fn private_key(directive: &'static str, path: &Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    let bytes = read(directive, path)?;
    let encrypted: [&[u8]; 2] = [b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED"];
    if encrypted.iter().any(|mark| bytes.windows(mark.len()).any(|part| part == *mark)) {
        bail!(
            "{directive}: the key in {} is encrypted, which is not supported, with or without \
             {directive}-pass; openssl pkey writes it without a passphrase",
            path.display()
        );
    }
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => Ok(key),
        Err(PemError::NoItemsFound) => {
            bail!("{directive}: no private key (PEM) in {}", path.display())
        }
        Err(error) => bail!("{directive}: {}: {error}", path.display()),
    }
}

fn read(directive: &'static str, path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{directive}: cannot read {}", path.display()))
}
