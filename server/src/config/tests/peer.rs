//! A live Redis 7.0 to compare with.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs, io};

/// The binary of the peer, which scripts/peers installs; says so and returns `None` where there is
/// none.
///
/// # Panics
///
/// If there is none on CI.
pub(super) fn binary() -> Option<PathBuf> {
    // The test's own executable lies somewhere in the target folder.
    let executable = env::current_exe().expect("the test has a file");
    let mut folders = executable.ancestors();
    let found =
        folders.find_map(|folder| folder.join("peers/redis-7.0/redis-server").canonicalize().ok());
    if found.is_none() {
        assert!(env::var_os("CI").is_none(), "redis-server 7.0 is missing: run scripts/peers");
        // Not a print macro: those are silent in tests that pass.
        writeln!(io::stderr(), "SKIPPED: redis-server 7.0 is missing: run scripts/peers")
            .expect("stderr is open");
    }
    found
}

/// A directory of its own, removed at the end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("keyferry-config-{}-{count}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running peer and a connection to it.
pub(super) struct Peer {
    child: Child,
    stream: BufReader<TcpStream>,
    /// The options it was started with.
    pub(super) options: Vec<String>,
    _scratch: Scratch,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Reply {
    Status(String),
    Error(String),
    Bulk(Vec<u8>),
    Array(Vec<Reply>),
}

impl Peer {
    /// Starts a peer that lets protected parameters be set, or `None` where there is none.
    pub(super) fn start() -> Option<Self> {
        let binary = binary()?;
        // A port found free may be taken by another process before the peer binds it.
        let started = (0..5).find_map(|_| Self::try_start(&binary));
        Some(started.expect("the peer starts in five attempts"))
    }

    /// None if the peer ends instead of getting ready.
    fn try_start(binary: &Path) -> Option<Self> {
        let scratch = Scratch::new();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let options = format!(
            "--port {} --bind 127.0.0.1 --dir {} --enable-protected-configs yes",
            free.port(),
            scratch.path().display()
        );
        let options: Vec<String> = options.split(' ').map(str::to_owned).collect();
        let mut child = Command::new(binary)
            .args(&options)
            .current_dir(scratch.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ready = |line: io::Result<String>| {
            line.is_ok_and(|line| line.contains("Ready to accept connections"))
        };
        if !log.any(ready) {
            child.wait().unwrap();
            return None;
        }
        let stream = TcpStream::connect(free).expect("the peer is ready");
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Some(Self { child, stream: BufReader::new(stream), options, _scratch: scratch })
    }

    pub(super) fn call(&mut self, words: &[&[u8]]) -> Reply {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend(format!("${}\r\n", word.len()).bytes());
            request.extend_from_slice(word);
            request.extend(b"\r\n");
        }
        self.stream.get_mut().write_all(&request).unwrap();
        self.reply()
    }

    /// What CONFIG GET lists for a pattern.
    pub(super) fn config(&mut self, pattern: &[u8]) -> Vec<(String, Vec<u8>)> {
        let Reply::Array(items) = self.call(&[b"CONFIG", b"GET", pattern]) else { panic!() };
        let bulk = |reply: &Reply| match reply {
            Reply::Bulk(bytes) => bytes.clone(),
            other => panic!("{other:?}"),
        };
        let (pairs, []) = items.as_chunks::<2>() else { panic!("a name without a value") };
        let pair =
            |[name, value]: &[Reply; 2]| (String::from_utf8(bulk(name)).unwrap(), bulk(value));
        pairs.iter().map(pair).collect()
    }

    fn reply(&mut self) -> Reply {
        let mut header = String::new();
        self.stream.read_line(&mut header).unwrap();
        let header = header.trim_end_matches("\r\n");
        let (kind, rest) = header.split_at_checked(1).expect("the peer hung up");
        match kind {
            // Redis ends the texts of CONFIG SET errors with a line break, which become blanks.
            "-" => Reply::Error(rest.trim_end().to_owned()),
            "+" => Reply::Status(rest.to_owned()),
            "*" => Reply::Array((0..rest.parse().unwrap()).map(|_| self.reply()).collect()),
            "$" => {
                let mut bulk = vec![0; rest.parse::<usize>().unwrap() + 2];
                self.stream.read_exact(&mut bulk).unwrap();
                bulk.truncate(bulk.len() - 2);
                Reply::Bulk(bulk)
            }
            _ => panic!("{header}"),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where loading a configuration stopped, and the words for it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Stop {
    pub(super) line: Option<usize>,
    /// The directive, in lower case.
    pub(super) name: Option<String>,
    pub(super) text: String,
}

/// What the peer says about a file and options that it cannot start with.
pub(super) fn load(binary: &Path, file: &Path, options: &[&str]) -> Stop {
    let output = Command::new(binary)
        .arg(file)
        .args(options)
        .current_dir(file.parent().unwrap())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, told) = told.split_once("at line ").expect("the peer found a fault");
    let mut lines = told.lines();
    let line = lines.next().and_then(|line| line.parse().ok());
    let quoted = lines.next().and_then(|quoted| quoted.strip_prefix(">>> '")).unwrap();
    let name = quoted.split([' ', '\t', '\'']).next().unwrap().trim_matches('"');
    let text = lines.next().unwrap().trim().to_owned();
    Stop { line, name: Some(name.to_ascii_lowercase()), text }
}
