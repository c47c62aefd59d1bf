//! The servers that are compared, and what the system tells of their processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::client::Client;
use super::support::{Kind, Peer, Server};

/// One server under measurement.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    server: Server,
}

/// keyferry, which comes first, and the peers, all freshly started.
///
/// # Errors
/// A peer is missing.
pub(crate) fn start() -> anyhow::Result<Vec<Contender>> {
    CONTENDERS.into_iter().map(|(name, kind)| Contender::start(name, kind)).collect()
}

/// The names in the order of [`start`].
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CONTENDERS.into_iter().map(|(name, _)| name)
}

/// One of [`start`] by its place, alone.
///
/// # Errors
/// It is missing.
pub(crate) fn start_one(index: usize) -> anyhow::Result<Contender> {
    let (name, kind) = CONTENDERS[index];
    Contender::start(name, kind)
}

impl Contender {
    fn start(name: &'static str, kind: Kind) -> anyhow::Result<Self> {
        let server = Server::start(kind, &[]);
        let server = server.with_context(|| format!("{name} is missing: run scripts/peers"))?;
        Ok(Self { name, server })
    }

    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::connect(self.port()).with_context(|| self.name)
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// Time that all threads of the process have spent on a CPU, in steps of 10 ms.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = self.file("stat");
        // The command's name, which may hold anything, is in brackets; the state follows it.
        let (_, fields) = stat.rsplit_once(") ").expect("proc(5)");
        let ticks = fields.split(' ').skip(11).take(2);
        ticks.map(|ticks| TICK * ticks.parse::<u32>().expect("proc(5)")).sum()
    }

    /// Time that the thread which serves clients, the first one, has spent on a CPU. What it spends
    /// without a break is counted at its end or after some milliseconds.
    pub(crate) fn loop_cpu_time(&self) -> Duration {
        Schedstat::read(&self.loop_schedstat()).on_cpu
    }

    /// Where [`Schedstat`] of the thread that serves clients is read.
    pub(crate) fn loop_schedstat(&self) -> PathBuf {
        self.path(&format!("task/{}/schedstat", self.server.pid()))
    }

    /// Memory that the process occupies, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.status_bytes("VmRSS:")
    }

    /// The most memory that the process has occupied since it was started or
    /// [`reset_peak`](Self::reset_peak) was called, in bytes.
    pub(crate) fn peak_resident_bytes(&self) -> u64 {
        self.status_bytes("VmHWM:")
    }

    /// Forgets the most memory that was ever occupied.
    pub(crate) fn reset_peak(&self) {
        fs::write(self.path("clear_refs"), "5").expect("it runs, and is a child of ours");
    }

    fn status_bytes(&self, name: &str) -> u64 {
        let status = self.file("status");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("proc(5)");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("proc(5)") * 1024
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it runs")
    }

    fn path(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.server.pid()).into()
    }
}

/// How a thread was scheduled since it was started, which the system notes when it stops and starts
/// running.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedstat {
    /// Time spent on a CPU.
    pub(crate) on_cpu: Duration,
    /// Time spent waiting for a CPU, ready to run.
    pub(crate) in_line: Duration,
}

impl Schedstat {
    /// Reads it from a file of `/proc`.
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a thread that runs, on a Linux with schedstat");
        let mut fields = text.split_whitespace().map(|field| field.parse().expect("proc(5)"));
        let mut time = || Duration::from_nanos(fields.next().expect("proc(5)"));
        Self { on_cpu: time(), in_line: time() }
    }
}

const CONTENDERS: [(&str, Kind); 4] = [
    ("keyferry", Kind::Keyferry),
    ("Redis 7.0", Kind::Peer(Peer::Redis70)),
    ("Redis 8.2", Kind::Peer(Peer::Redis82)),
    ("Valkey 9.1", Kind::Peer(Peer::Valkey91)),
];

/// What `/proc` counts times in, on every architecture that is left.
const TICK: Duration = Duration::from_millis(10);
