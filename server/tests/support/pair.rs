//! A source and a target that are two processes.

use super::client::{Client, Reply};
use super::place::{Where, assert_at, migrate};
use super::server::{Kind, Peer, Server};

/// A source and a target, with a client of each.
pub(crate) struct Pair {
    pub(crate) source: Server,
    pub(crate) target: Server,
    pub(crate) from: Client,
    pub(crate) to: Client,
}

impl Pair {
    pub(crate) fn start(source: Kind, target: Kind) -> Option<Self> {
        let (source, target) = (Server::start(source, &[])?, Server::start(target, &[])?);
        let (from, to) = (source.client(), target.client());
        Some(Self { source, target, from, to })
    }

    /// keyferry with itself, and with every peer at either end.
    pub(crate) fn each(mut check: impl FnMut(&mut Self)) {
        let from_keyferry = Kind::ALL.map(|target| (Kind::Keyferry, target)).into_iter();
        let to_keyferry = Peer::ALL.map(|source| (Kind::Peer(source), Kind::Keyferry));
        let pairs = from_keyferry.chain(to_keyferry);
        for (source, target) in pairs {
            if let Some(mut pair) = Self::start(source, target) {
                eprintln!("{source:?} to {target:?}");
                check(&mut pair);
            }
        }
    }

    #[track_caller]
    pub(crate) fn migrate(&mut self, key: impl AsRef<[u8]>, options: &[&str]) -> Reply {
        migrate(&mut self.from, self.target.port(), key, options)
    }

    #[track_caller]
    pub(crate) fn assert_at(&mut self, key: impl AsRef<[u8]>, place: Where) {
        assert_at(&mut self.from, &mut self.to, key, place);
    }
}
