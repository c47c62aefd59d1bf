//! Protocol errors beside redis-server 7.0: what it answers, and whether it closes the connection.
//!
//! scripts/peers installs the server. Without it the test says so and passes, except in CI.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use bytes::BytesMut;
use resp::{Request, RequestDecoder, RequestLimits, encode};

/// Both ends agree on these.
const SAME: &[&[&[u8]]] = &[
    &[b"PING\r\n"],
    &[b"PING\n"],
    &[b"\r\n\n  \r\nPING\r\n"],
    &[b"*0\r\n*-1\r\n*-12\r\n*1\r\n$4\r\nPING\r\n"],
    &[b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI"],
    &[b"\"PI\\x4eG\"\r\n'PING'\r\nPI\"NG\"\r\n"],
    &[b"\"\\P\\I\\N\\G\"\r\n"],
    &[b"\"PING\r\n"],
    &[b"'PING\r\n"],
    &[b"\"PI\"NG\r\n"],
    &[b"PING \"\\\"\r\n"],
    &[b"*\r\n"],
    &[b"*a\r\n"],
    &[b"*+1\r\n"],
    &[b"*01\r\n"],
    &[b"*-0\r\n"],
    &[b"* 1\r\n"],
    &[b"*1 \r\n"],
    &[b"*2147483648\r\n"],
    &[b"*9223372036854775807\r\n"],
    &[b"*9223372036854775808\r\n"],
    &[b"*-9223372036854775809\r\n"],
    &[b"*1\r\n$\r\n"],
    &[b"*1\r\n$-1\r\n"],
    &[b"*1\r\n$a\r\n"],
    &[b"*1\r\n$+4\r\nPING\r\n"],
    &[b"*1\r\n$04\r\nPING\r\n"],
    &[b"*1\r\n$536870913\r\n"],
    &[b"*1\r\n$536870912\r\n"],
    &[b"*1\r\n$9223372036854775808\r\n"],
    &[b"*1\r\nPING\r\n"],
    &[b"*1\r\n\r\n"],
    &[b"*1\r\n\n\r\n"],
    &[b"*1\r\n*1\r\n"],
    &[b"*1\r\n\xff\r\n"],
    &[b"*1\r\nPING"],
    &[b"*1\r\n$4\r\nPING\r\n*1\r\n:1\r\n"],
    &[b"*1", &[b'1'; 65_535]],
    &[b"*1", &[b'1'; 65_534]],
    &[b"*1\r\n$1", &[b'1'; 65_535]],
    &[b"*1\r\nx1", &[b'1'; 65_535]],
    &[b"P", &[b'I'; 65_536]],
    &[b"P", &[b'I'; 65_535]],
];

/// The same before authentication.
const SAME_UNAUTHENTICATED: &[&[&[u8]]] = &[
    &[b"PING\r\n"],
    &[b"*11\r\n"],
    &[b"*2147483648\r\n"],
    &[b"*1\r\n$16385\r\n"],
    &[b"*1\r\n$536870913\r\n"],
    &[b"*2\r\n$4\r\nPING\r\n$16384\r\n", &[b'x'; 16_384], b"\r\n"],
];

/// The server skips two bytes after a line's CR and after an argument whatever they are. We refuse
/// what is not CR LF there.
const STRICTER: &[&[u8]] = &[
    b"*1\rx$4\r\nPING\r\n",
    b"*1\r\n$4\rxPING\r\n",
    b"*1\r\n$4\r\nPINGxx",
    b"*1\r\n$4\r\nPING\n\r",
];

#[test]
fn agrees_with_redis_server() {
    let Some(program) = program() else { return };
    let open = Server::start(&program, &[]);
    let closed = Server::start(&program, &["--requirepass", "secret"]);
    let mut differences = Vec::new();
    let cases = SAME.iter().map(|case| (&open, true, *case));
    let unauthenticated = SAME_UNAUTHENTICATED.iter().map(|case| (&closed, false, *case));
    for (server, authenticated, case) in cases.chain(unauthenticated) {
        let input = case.concat();
        let (theirs, ours) = (server.answer(&input), model(&input, authenticated));
        if theirs != ours {
            let shown = input[..input.len().min(60)].escape_ascii();
            differences.push(format!("{shown}\n  theirs {theirs:?}\n  ours   {ours:?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let pong = Answer { bytes: b"+PONG\r\n".to_vec(), closed: false };
    for input in STRICTER {
        assert_eq!(open.answer(input), pong, "{}", input.escape_ascii());
        assert!(model(input, true).closed, "{}", input.escape_ascii());
    }
}

#[derive(Eq, PartialEq)]
struct Answer {
    bytes: Vec<u8>,
    closed: bool,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bytes, closed } = self;
        write!(f, "{}{}", bytes.escape_ascii(), if *closed { ", closed" } else { "" })
    }
}

/// What a server on this crate answers that knows `PING` alone.
fn model(input: &[u8], authenticated: bool) -> Answer {
    let limits = RequestLimits { authenticated, ..RequestLimits::default() };
    let mut decoder = RequestDecoder::new(limits);
    let (mut request, mut out) = (Request::default(), BytesMut::new());
    let mut rest = input;
    loop {
        match decoder.decode(&mut request) {
            Ok(true) if !authenticated => {
                encode::error(&mut out, b"NOAUTH Authentication required.")
            }
            Ok(true) => encode::simple_string(&mut out, b"PONG"),
            Ok(false) if rest.is_empty() => return Answer { bytes: out.to_vec(), closed: false },
            Ok(false) => {
                let space = decoder.read_space();
                let n = space.len().min(rest.len());
                space[..n].copy_from_slice(&rest[..n]);
                decoder.commit(n);
                rest = &rest[n..];
            }
            Err(error) => {
                error.encode(&mut out);
                return Answer { bytes: out.to_vec(), closed: true };
            }
        }
    }
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(program: &Path, options: &[&str]) -> Self {
        // A port found free may be taken by another process before the server binds it.
        let started = (0..5).find_map(|_| Self::try_start(program, options));
        started.expect("the server starts in five attempts")
    }

    /// None if the server ends instead of getting ready.
    fn try_start(program: &Path, options: &[&str]) -> Option<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let mut child = Command::new(program)
            .args(["--bind", "127.0.0.1", "--save", "", "--port", &free.port().to_string()])
            .args(options)
            .current_dir(env::temp_dir())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server's program runs");
        let log = BufReader::new(child.stdout.take().expect("it is piped"));
        let server = Self { child, port: free.port() };
        let ready = |line: String| line.contains("Ready to accept connections");
        log.lines().map_while(Result::ok).any(ready).then_some(server)
    }

    /// What comes until the server closes the connection or is silent for a while.
    fn answer(&self, input: &[u8]) -> Answer {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
        stream.write_all(input).unwrap();
        let mut bytes = Vec::new();
        let end = stream.read_to_end(&mut bytes);
        let silent = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
        };
        let closed = !end.as_ref().is_err_and(silent);
        let _ = stream.shutdown(Shutdown::Both);
        Answer { bytes, closed }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where scripts/peers has installed the server.
fn program() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("tmp is in the target");
    let program = target.join("peers/redis-7.0/redis-server");
    if program.exists() {
        return Some(program);
    }
    assert!(env::var_os("CI").is_none(), "redis-server 7.0 is missing: run scripts/peers");
    // Not a print macro: those are silent in tests that pass.
    writeln!(io::stderr(), "SKIPPED: redis-server 7.0 is missing: run scripts/peers")
        .expect("stderr is open");
    None
}
