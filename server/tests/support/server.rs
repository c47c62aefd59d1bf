//! Server processes: keyferry and the real peers, each on a port and in a folder of its own.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdb_format::Target;
use tempfile::TempDir;

use super::client::Client;

/// How long a server may take to answer its first PING.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// A port found free may be taken by another process before the server binds it.
const START_ATTEMPTS: usize = 5;

/// A server that scripts/peers installs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Peer {
    Redis62,
    Redis70,
    Redis82,
    Valkey91,
}

impl Peer {
    pub(crate) const ALL: [Self; 4] = [Self::Redis62, Self::Redis70, Self::Redis82, Self::Valkey91];

    fn folder(self) -> &'static str {
        match self {
            Self::Redis62 => "redis-6.2",
            Self::Redis70 => "redis-7.0",
            Self::Redis82 => "redis-8.2",
            Self::Valkey91 => "valkey-9.1",
        }
    }

    /// Its name and version, as keyferry tells them.
    pub(crate) fn release(self) -> &'static str {
        match self {
            Self::Redis62 => "Redis 6.2.14",
            Self::Redis70 => "Redis 7.0.15",
            Self::Redis82 => "Redis 8.2.3",
            Self::Valkey91 => "Valkey 9.1.2",
        }
    }
}

/// Whose binary a server runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Keyferry,
    Peer(Peer),
}

impl Kind {
    /// All that a key can be moved to.
    pub(crate) const ALL: [Self; 5] = [
        Self::Keyferry,
        Self::Peer(Peer::Redis62),
        Self::Peer(Peer::Redis70),
        Self::Peer(Peer::Redis82),
        Self::Peer(Peer::Valkey91),
    ];

    /// keyferry and the server whose replies it gives, which comes first: where that one fails a
    /// test, it is the test that is wrong.
    pub(crate) const REFERENCE_AND_KEYFERRY: [Self; 2] =
        [Self::Peer(Peer::Redis70), Self::Keyferry];

    /// What its payloads may contain.
    pub(crate) fn rdb_target(self) -> Target {
        let redis = |major, minor, patch| {
            Target::of_redis_release(major, minor, patch).expect("it has RESTORE")
        };
        match self {
            Self::Keyferry => Target::KEYFERRY,
            Self::Peer(Peer::Redis62) => redis(6, 2, 14),
            Self::Peer(Peer::Redis70) => redis(7, 0, 15),
            Self::Peer(Peer::Redis82) => redis(8, 2, 3),
            Self::Peer(Peer::Valkey91) => Target::of_valkey_release(9, 1),
        }
    }
}

/// A running server, killed when dropped. If the test has failed by then its log is shown.
pub(crate) struct Server {
    kind: Kind,
    command: Command,
    process: Child,
    port: u16,
    home: TempDir,
}

impl Server {
    /// keyferry, with `args` added to its port and address.
    #[track_caller]
    pub(crate) fn keyferry(args: &[&str]) -> Self {
        Self::start(Kind::Keyferry, args).expect("keyferry is built with its tests")
    }

    /// keyferry, with a file of directives before its options.
    #[track_caller]
    pub(crate) fn keyferry_with_file(file: &Path, args: &[&str]) -> Self {
        let command = |_: &Path| {
            let mut command = keyferry_command();
            command.arg(file);
            Some(command)
        };
        Self::launch(Kind::Keyferry, command, args).expect("keyferry is built with its tests")
    }

    /// A real peer, or None, said aloud, where scripts/peers could not install it.
    #[track_caller]
    pub(crate) fn peer(peer: Peer, args: &[&str]) -> Option<Self> {
        Self::start(Kind::Peer(peer), args)
    }

    #[track_caller]
    pub(crate) fn start(kind: Kind, args: &[&str]) -> Option<Self> {
        let command = |home: &Path| match kind {
            Kind::Keyferry => Some(keyferry_command()),
            Kind::Peer(peer) => peer_command(peer, home),
        };
        Self::launch(kind, command, args)
    }

    /// Starts what `command` gives for a home folder, on a free port.
    #[track_caller]
    fn launch(
        kind: Kind,
        command: impl Fn(&Path) -> Option<Command>,
        args: &[&str],
    ) -> Option<Self> {
        for _ in 0..START_ATTEMPTS {
            let home = TempDir::new().expect("a temporary folder");
            let port = free_port();
            let mut command = command(home.path())?;
            command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]).args(args);
            let log = File::create(home.path().join("log")).expect("a log file");
            command.stderr(log.try_clone().expect("a second handle")).stdout(log);
            let process = command.current_dir(home.path()).spawn().expect("the binary starts");
            let mut server = Self { kind, command, process, port, home };
            if server.answers() {
                return Some(server);
            }
            eprintln!("{kind:?} {args:?} did not start:\n{}", server.log());
        }
        panic!("{kind:?} {args:?} did not start in {START_ATTEMPTS} attempts");
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    #[track_caller]
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as a crash does.
    #[track_caller]
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("a child");
        self.process.wait().expect("a child");
    }

    /// Starts it anew after its end, on the same port and in the same folder.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        self.process = self.command.spawn().expect("the binary starts");
        assert!(self.answers(), "{:?} did not start again", self.kind);
    }

    /// The folder that it works in.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// All that the server has printed.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.home.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends a signal by its short name, `TERM` for one.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let done = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(done.expect("kill runs").success(), "signal {name} can be sent");
    }

    /// The exit status, if the server ends by itself in time.
    pub(crate) fn end_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        end_within(&mut self.process, patience)
    }

    /// Waits until the server answers; false if it has ended instead.
    #[track_caller]
    fn answers(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < START_PATIENCE {
            if self.process.try_wait().expect("a child").is_some() {
                return false;
            }
            // A server of another process may have got the port first, and would answer as well.
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && listens(self.pid(), self.port)
            {
                // Any reply will do: a server with a password refuses PING.
                self.client().cmd(&["PING"]);
                return true;
            }
            thread::sleep(Duration::from_millis(3));
        }
        panic!("{:?} does not get ready:\n{}", self.kind, self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            eprintln!("--- log of {:?} on port {}:\n{}", self.kind, self.port, self.log());
        }
    }
}

/// `keyferry serve`, for tests that start it in a way of their own.
pub(crate) fn keyferry_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
    command.arg("serve").stdin(Stdio::null());
    command
}

/// redis-cli or redis-benchmark of Redis 7.0.15, ended with an error if it does not end by itself.
pub(crate) fn tool(name: &str) -> Option<Command> {
    let path = installed(Peer::Redis70, name)?;
    let mut command = Command::new("timeout");
    command.arg("30").arg(path);
    Some(command)
}

/// The exit status of a process that ends by itself in time.
pub(crate) fn end_within(process: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = process.try_wait().expect("a child") {
            return Some(status);
        }
        if start.elapsed() > patience {
            return None;
        }
        thread::sleep(Duration::from_millis(3));
    }
}

fn peer_command(peer: Peer, home: &Path) -> Option<Command> {
    let mut command = Command::new(installed(peer, "redis-server")?);
    command.stdin(Stdio::null()).args(["--save", "", "--appendonly", "no", "--dir"]).arg(home);
    Some(command)
}

/// Whether a process has a TCP socket that listens on `port`, as proc(5) tells.
fn listens(pid: u32, port: u16) -> bool {
    let sockets = fs::read_to_string("/proc/net/tcp").expect("the table of sockets");
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let open: Vec<PathBuf> = files.filter_map(|file| fs::read_link(file.path()).ok()).collect();
    let listening = |line: &str| {
        // Local address, remote address, state (0A: listening), ..., inode.
        let fields: Vec<&str> = line.split_whitespace().skip(1).collect();
        let is_here = fields[0].ends_with(&format!(":{port:04X}")) && fields[2] == "0A";
        is_here && open.contains(&PathBuf::from(format!("socket:[{}]", fields[8])))
    };
    sockets.lines().skip(1).any(listening)
}

/// The path of a program that scripts/peers has installed in the target folder.
fn installed(peer: Peer, program: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("tmp is in the target");
    let path = target.join("peers").join(peer.folder()).join(program);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{peer:?} is missing: run scripts/peers");
    // Not a print macro: those are silent in tests that pass.
    writeln!(io::stderr(), "SKIPPED: {peer:?} is missing: run scripts/peers")
        .expect("stderr is open");
    None
}

/// A free port of the loopback address. It lies below those that the system gives to sockets without
/// a port of their own: a client, or the listener of a fake target, never comes to sit on it.
pub(crate) fn free_port() -> u16 {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        // Processes that run at the same time have neighbouring numbers, and begin far apart.
        let scattered = std::process::id().wrapping_mul(0x9e37_79b1);
        let own_share = scattered % u32::from(PORTS.end - PORTS.start);
        AtomicU16::new(PORTS.start + own_share as u16)
    });
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if !PORTS.contains(&port) {
            NEXT.store(PORTS.start, Ordering::Relaxed);
        } else if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

const PORTS: Range<u16> = 10_000..32_000;
