//! Versions and cipher suites by the names that OpenSSL has for them.

use std::sync::Arc;

use anyhow::ensure;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{CipherSuite, SupportedProtocolVersion, version};

use crate::config::TlsDirectives;

/// The versions that `tls-protocols` names, of those that are spoken here.
///
/// # Errors
/// It names what is no version, or none that is spoken.
pub(super) fn versions(
    directives: &TlsDirectives,
) -> anyhow::Result<Vec<&'static SupportedProtocolVersion>> {
    let spoken = [("tlsv1.2", &version::TLS12), ("tlsv1.3", &version::TLS13)];
    let named = directives.protocols.to_ascii_lowercase();
    let named: Vec<&str> = named.split_ascii_whitespace().collect();
    let known = |name: &&str| ["tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"].contains(name);
    ensure!(
        named.iter().all(known),
        "Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and \
         'TLSv1.3'."
    );
    let chosen = spoken.into_iter().filter(|(name, _)| named.is_empty() || named.contains(name));
    let chosen: Vec<_> = chosen.map(|(_, version)| version).collect();
    ensure!(!chosen.is_empty(), "tls-protocols: only TLSv1.2 and TLSv1.3 are spoken here");
    Ok(chosen)
}

/// The cipher suites that `tls-ciphers` (TLS 1.2) and `tls-ciphersuites` (TLS 1.3) name, in their
/// order; all that there are where a directive is empty.
///
/// Words of `tls-ciphers` that are no suite of ours are passed over: in OpenSSL's language they
/// may stand for hundreds. If nothing is left, it has no effect.
///
/// # Errors
/// None of `tls-ciphersuites` is known.
pub(super) fn provider(directives: &TlsDirectives) -> anyhow::Result<Arc<CryptoProvider>> {
    let mut provider = ring::default_provider();
    let all = std::mem::take(&mut provider.cipher_suites);
    let (newer, older): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|suite| suite.tls13().is_some());
    for (names, suites) in [(&directives.ciphersuites, newer), (&directives.ciphers, older)] {
        let chosen = named(names);
        if chosen.is_empty() {
            provider.cipher_suites.extend(suites);
            continue;
        }
        for name in chosen {
            provider.cipher_suites.extend(suites.iter().filter(|suite| suite.suite() == name));
        }
    }
    ensure!(
        directives.ciphersuites.is_empty() || !named(&directives.ciphersuites).is_empty(),
        "tls-ciphersuites: none of them is known here"
    );
    Ok(Arc::new(provider))
}

/// Directives that are set and mean nothing here, with the reason.
pub(super) fn without_meaning(
    directives: &TlsDirectives,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let old = ["tlsv1", "tlsv1.1"];
    let protocols = directives.protocols.to_ascii_lowercase();
    let names_old = protocols.split_ascii_whitespace().any(|name| old.contains(&name));
    let unknown_ciphers = !directives.ciphers.is_empty() && named(&directives.ciphers).is_empty();
    [
        (names_old, "tls-protocols", "of it, TLSv1 and TLSv1.1 are not spoken"),
        (unknown_ciphers, "tls-ciphers", "it names none of the suites that there are"),
        (directives.dh_params, "tls-dh-params-file", "keys are exchanged over elliptic curves"),
        (directives.session_timeout, "tls-session-cache-timeout", "the oldest sessions make room"),
    ]
    .into_iter()
    .filter(|(is_set, ..)| *is_set)
    .map(|(_, directive, why)| (directive, why))
}

/// The suites of a list of names, separated as OpenSSL's.
fn named(list: &str) -> Vec<CipherSuite> {
    let words = list.split([':', ',', ' ']);
    let suite = |word| NAMES.iter().find(|(name, _)| *name == word).map(|(_, suite)| *suite);
    words.filter_map(suite).collect()
}

const NAMES: [(&str, CipherSuite); 9] = [
    ("TLS_AES_256_GCM_SHA384", CipherSuite::TLS13_AES_256_GCM_SHA384),
    ("TLS_AES_128_GCM_SHA256", CipherSuite::TLS13_AES_128_GCM_SHA256),
    ("TLS_CHACHA20_POLY1305_SHA256", CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("ECDHE-RSA-AES256-GCM-SHA384", CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-RSA-AES128-GCM-SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-RSA-CHACHA20-POLY1305", CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];
