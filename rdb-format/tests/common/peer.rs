//! Real servers, each on a port and in a folder of its own.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use rdb_format::{RdbVersion, Target};
use redis::{Connection, RedisResult, ToRedisArgs, Value as Reply};

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

    pub(crate) fn target(self) -> Target {
        let redis = |major, minor, patch| {
            Target::of_redis_release(major, minor, patch).expect("it has RESTORE")
        };
        match self {
            Self::Redis62 => redis(6, 2, 14),
            Self::Redis70 => redis(7, 0, 15),
            Self::Redis82 => redis(8, 2, 3),
            Self::Valkey91 => Target::of_valkey_release(9, 1),
        }
    }

    /// The version of the payloads and files that it writes.
    pub(crate) fn version(self) -> RdbVersion {
        self.target().version_max()
    }

    /// Its name in the corpus.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Redis62 => "redis-6.2.14",
            Self::Redis70 => "redis-7.0.15",
            Self::Redis82 => "redis-8.2.3",
            Self::Valkey91 => "valkey-9.1.2",
        }
    }

    /// Whether fields of hashes expire there.
    pub(crate) fn has_field_ttls(self) -> bool {
        matches!(self, Self::Redis82 | Self::Valkey91)
    }

    /// A running one, or None, said aloud, where scripts/peers could not install it.
    pub(crate) fn start(self, args: &[&str]) -> Option<Server> {
        self.start_with_file(None, args)
    }

    /// The same, after it has loaded `file`.
    pub(crate) fn start_with_file(self, file: Option<&[u8]>, args: &[&str]) -> Option<Server> {
        for _ in 0..START_ATTEMPTS {
            match self.try_start(file, args)? {
                Ok(server) => return Some(server),
                // Another process was faster.
                Err(log) if log.contains("Address already in use") => {}
                Err(log) => panic!("{self:?} {args:?} did not start:\n{log}"),
            }
        }
        panic!("{self:?} found no free port in {START_ATTEMPTS} attempts");
    }

    /// Whether it refuses to start with `file`; None where it is not installed.
    pub(crate) fn refuses_file(self, file: &[u8]) -> Option<bool> {
        for _ in 0..START_ATTEMPTS {
            match self.try_start(Some(file), &[])? {
                Ok(_) => return Some(false),
                Err(log) if log.contains("Address already in use") => {}
                Err(_) => return Some(true),
            }
        }
        panic!("{self:?} found no free port in {START_ATTEMPTS} attempts");
    }

    /// A running one, or the log of one that has ended instead.
    fn try_start(self, file: Option<&[u8]>, args: &[&str]) -> Option<Result<Server, String>> {
        let binary = self.binary()?;
        let home = Home::new();
        if let Some(file) = file {
            fs::write(home.0.join(FILE), file).expect("a file in a new folder");
        }
        // Taken from the system a moment ago; who gets it in between is found out below.
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = socket.local_addr().expect("it is bound").port();
        drop(socket);
        let log = File::create(home.0.join("log")).expect("a log file");
        let process = Command::new(binary)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dbfilename", FILE, "--dir"])
            .arg(&home.0)
            .args(args)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let mut server = Server { peer: self, process, port, home };
        Some(if server.gets_ready() { Ok(server) } else { Err(server.log()) })
    }

    fn binary(self) -> Option<PathBuf> {
        let folder = match self {
            Self::Redis62 => "redis-6.2",
            Self::Redis70 => "redis-7.0",
            Self::Redis82 => "redis-8.2",
            Self::Valkey91 => "valkey-9.1",
        };
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("tmp is in the target");
        let binary = target.join("peers").join(folder).join("redis-server");
        if binary.exists() {
            return Some(binary);
        }
        assert!(std::env::var_os("CI").is_none(), "{self:?} is missing: run scripts/peers");
        // Not a print macro: those are silent in tests that pass.
        writeln!(io::stderr(), "SKIPPED: {self:?} is missing: run scripts/peers")
            .expect("stderr is open");
        None
    }
}

/// How long a server may take to load its file and answer.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// A port found free may be taken by another process before the server binds it.
const START_ATTEMPTS: usize = 5;

/// The name of the file that it loads and saves.
const FILE: &str = "dump.rdb";

/// A running server, killed when dropped.
pub(crate) struct Server {
    pub(crate) peer: Peer,
    process: Child,
    port: u16,
    home: Home,
}

impl Server {
    pub(crate) fn connect(&self) -> Client {
        Client(self.try_connect().expect("it answered before"))
    }

    /// The file that SAVE makes.
    pub(crate) fn save(&self) -> Vec<u8> {
        assert_eq!(self.connect().ask("SAVE", &[]), Reply::Okay);
        fs::read(self.home.0.join(FILE)).expect("it was saved")
    }

    fn try_connect(&self) -> RedisResult<Connection> {
        redis::Client::open(("127.0.0.1", self.port))?
            .get_connection_with_timeout(Duration::from_secs(5))
    }

    /// Waits until it has loaded its file; false if it has ended instead.
    fn gets_ready(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < START_PATIENCE {
            if self.process.try_wait().expect("a child").is_some() {
                return false;
            }
            // Who answers on the port may be a server of another process.
            if let Ok(mut connection) = self.try_connect()
                && let Ok(info) = redis::cmd("INFO").query::<String>(&mut connection)
                && info.contains(&format!("process_id:{}\r", self.process.id()))
                && info.contains("\nloading:0\r")
            {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("{:?} does not get ready:\n{}", self.peer, self.log());
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.home.0.join("log")).unwrap_or_default()).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            eprintln!("--- log of {:?} on port {}:\n{}", self.peer, self.port, self.log());
        }
    }
}

/// A folder of its own, removed when dropped.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (process, nth) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("peer-{process}-{nth}"));
        fs::create_dir_all(&home).expect("a temporary folder");
        Self(home)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What is left lies in the target folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A connection.
pub(crate) struct Client(Connection);

impl Client {
    /// The reply to a command that must not fail.
    #[track_caller]
    pub(crate) fn ask(&mut self, command: &str, args: &[&dyn Arg]) -> Reply {
        self.try_ask(command, args).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// The reply to a command, or what its error says.
    pub(crate) fn try_ask(&mut self, command: &str, args: &[&dyn Arg]) -> Result<Reply, String> {
        let mut cmd = redis::cmd(command);
        for arg in args {
            arg.add_to(&mut cmd);
        }
        cmd.query(&mut self.0).map_err(|error| error.to_string())
    }

    /// What RESTORE answers.
    pub(crate) fn restore(&mut self, key: &str, payload: &[u8]) -> Result<(), String> {
        self.try_ask("RESTORE", &[&key, &"0", &payload, &"REPLACE"]).map(drop)
    }
}

/// An argument of a command.
pub(crate) trait Arg {
    fn add_to(&self, cmd: &mut redis::Cmd);
}

impl<T: ToRedisArgs> Arg for T {
    fn add_to(&self, cmd: &mut redis::Cmd) {
        cmd.arg(self);
    }
}
