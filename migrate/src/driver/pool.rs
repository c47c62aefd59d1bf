//! Connections that wait for the next migration to the same target (rule N1).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Endpoint;
use crate::request::MigrateRequest;
use crate::target::Established;

/// What two migrations must agree in to share a connection: TLS, whom it believes and who logged in
/// are part of it (rule X3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct PoolKey {
    endpoint: Endpoint,
    login: Login,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Login {
    None,
    Default,
    User(Bytes),
}

impl PoolKey {
    pub(super) fn new(endpoint: Endpoint, request: &MigrateRequest) -> Self {
        let login = match &request.credentials {
            None => Login::None,
            Some(credentials) => credentials.username.clone().map_or(Login::Default, Login::User),
        };
        Self { endpoint, login }
    }
}

/// The idle connections, told by their slot in the driver; the one unused for longest is first.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Vec<Idle>,
}

#[derive(Debug)]
struct Idle {
    slot: usize,
    key: PoolKey,
    established: Established,
    since: Instant,
}

impl Pool {
    pub(super) fn len(&self) -> usize {
        self.idle.len()
    }

    /// Takes the connection for `key` that was used last.
    pub(super) fn take(&mut self, key: &PoolKey) -> Option<(usize, Established)> {
        let found = self.idle.iter().rposition(|idle| idle.key == *key)?;
        let idle = self.idle.remove(found);
        Some((idle.slot, idle.established))
    }

    /// Keeps a connection. Some: the slot of the one that has to be closed for it.
    pub(super) fn put(
        &mut self,
        slot: usize,
        key: PoolKey,
        established: Established,
        now: Instant,
    ) -> Option<usize> {
        let evicted = (self.idle.len() >= IDLE_MAX).then(|| self.idle.remove(0).slot);
        self.idle.push(Idle { slot, key, established, since: now });
        evicted
    }

    /// Forgets the connection in `slot`.
    pub(super) fn remove(&mut self, slot: usize) {
        self.idle.retain(|idle| idle.slot != slot);
    }

    /// Takes the slot of a connection that has been idle for too long.
    pub(super) fn take_stale(&mut self, now: Instant) -> Option<usize> {
        let oldest = self.idle.first()?;
        (oldest.since + IDLE_MAX_AGE <= now).then(|| self.idle.remove(0).slot)
    }

    /// When the next connection will have been idle for too long.
    pub(super) fn next_stale(&self) -> Option<Instant> {
        self.idle.first().map(|oldest| oldest.since + IDLE_MAX_AGE)
    }
}

/// How many connections are kept, as in Redis.
const IDLE_MAX: usize = 64;

/// How long one is kept, as in Redis.
const IDLE_MAX_AGE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::crypto::ring;
    use rustls::{ClientConfig, RootCertStore};

    use super::*;
    use crate::driver::tls::TlsClient;
    use crate::request::Credentials;
    use crate::target::{Buffers, Identity};

    fn key(port: u16, username: Option<&'static str>) -> PoolKey {
        let mut request = MigrateRequest::new(0, 0, Duration::from_secs(1), Vec::new());
        request.credentials = username.map(|name| Credentials {
            username: (!name.is_empty()).then(|| Bytes::from_static(name.as_bytes())),
            password: Bytes::from_static(b"secret"),
        });
        PoolKey::new(Endpoint { host: "127.0.0.1".into(), port, tls: None }, &request)
    }

    fn established() -> Established {
        Established {
            identity: Identity::default(),
            selected_db: Some(0),
            buffers: Buffers::default(),
        }
    }

    #[test]
    fn x3_a_connection_serves_only_the_user_who_logged_in() {
        let now = Instant::now();
        let mut pool = Pool::default();
        pool.put(7, key(1, Some("alice")), established(), now);
        for other in [key(1, None), key(1, Some("")), key(1, Some("bob")), key(2, Some("alice"))] {
            assert!(pool.take(&other).is_none());
        }
        assert_eq!(pool.take(&key(1, Some("alice"))).map(|(slot, _)| slot), Some(7));
        assert_eq!(pool.len(), 0);
    }

    #[test]
    fn x3_a_connection_serves_only_those_who_believe_the_same_authority() {
        let client = || {
            let provider = Arc::new(ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider);
            let config = config.with_safe_default_protocol_versions().unwrap();
            let config = config.with_root_certificates(RootCertStore::empty());
            TlsClient::new(config.with_no_client_auth())
        };
        let secured = |tls: &TlsClient| {
            let mut key = key(1, None);
            key.endpoint.tls = Some(tls.clone());
            key
        };
        let (ours, reloaded) = (client(), client());
        let mut pool = Pool::default();
        pool.put(7, secured(&ours), established(), Instant::now());
        assert!(pool.take(&key(1, None)).is_none());
        assert!(pool.take(&secured(&reloaded)).is_none());
        assert_eq!(pool.take(&secured(&ours)).map(|(slot, _)| slot), Some(7));
    }

    #[test]
    fn n1_the_pool_is_bounded_in_number_and_age() {
        let start = Instant::now();
        let mut pool = Pool::default();
        for slot in 0..IDLE_MAX {
            assert_eq!(pool.put(slot, key(1, None), established(), start), None);
        }
        let later = start + Duration::from_secs(1);
        assert_eq!(pool.put(IDLE_MAX, key(1, None), established(), later), Some(0));
        assert_eq!(pool.take_stale(later), None);
        let stale = std::iter::from_fn(|| pool.take_stale(start + IDLE_MAX_AGE)).count();
        assert_eq!(stale, IDLE_MAX - 1);
        assert_eq!(pool.next_stale(), Some(later + IDLE_MAX_AGE));
    }
}
