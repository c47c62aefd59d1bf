//! A real Redis 7.0 reads what is written here, and what it writes is read here.
//!
//! scripts/peers installs it. Without it the tests say so and pass, except in CI.

mod common;

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::{
    env,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use bytes::Bytes;
use common::{golden_strings, tell};
use rdb_format::{
    DecodeLimits, RdbVersion, StringValue, Target,
    payload::{decode, encode},
};

#[test]
fn redis_7_0_and_we_read_each_other() {
    let Some(server) = Server::start() else { return };
    let mut connection = server.connect();
    let target = Target::of_redis_release(7, 0, 15).unwrap();
    for (name, text) in texts() {
        let payload = encode(&StringValue::parse(text.clone()).into(), &target).unwrap();
        let answer: String = redis::cmd("RESTORE")
            .arg("key")
            .arg(0)
            .arg(&payload[..])
            .arg("REPLACE")
            .query(&mut connection)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(answer, "OK", "{name}");

        let read: Vec<u8> = redis::cmd("GET").arg("key").query(&mut connection).unwrap();
        assert_eq!(read, text, "{name}");

        let dumped: Vec<u8> = redis::cmd("DUMP").arg("key").query(&mut connection).unwrap();
        let told = tell(&[dumped.into()], DecodeLimits::default());
        assert_eq!(told.result, Ok(RdbVersion(10)), "{name}");
        assert_eq!(told.text(), text, "{name}");
    }
}

/// A payload is refused by the server for the same class of fault as here.
#[test]
fn redis_7_0_refuses_with_the_answer_that_the_kind_names() {
    use rdb_format::DecodeErrorKind::{BadData, VersionOrChecksum};
    let Some(server) = Server::start() else { return };
    let mut connection = server.connect();
    let good = common::seal(b"\0\x05hello");
    let mut wrong_crc = good.to_vec();
    wrong_crc[9] ^= 1;
    let cases = [
        (Bytes::from(wrong_crc), VersionOrChecksum),
        (good.slice(..9), VersionOrChecksum),
        (common::seal(b"\0\xC4"), BadData),
        (common::seal(b"\0\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx"), BadData),
        (common::seal(b"\0\xC3\x02\x03\x20\0"), BadData),
        (common::seal(b"\x06\x01a"), BadData),
        (common::seal(b"\x08\x01a"), BadData),
    ];
    for (payload, kind) in cases {
        let ours = decode(payload.clone(), DecodeLimits::default()).unwrap_err();
        assert_eq!(ours.kind(), kind, "{ours}");
        let theirs = redis::cmd("RESTORE")
            .arg("key")
            .arg(0)
            .arg(&payload[..])
            .query::<String>(&mut connection)
            .unwrap_err()
            .to_string();
        let expected = match kind {
            VersionOrChecksum => "DUMP payload version or checksum are wrong",
            BadData => "Bad data format",
        };
        assert!(theirs.contains(expected), "{ours}: {theirs}");
    }
}

fn texts() -> Vec<(String, Bytes)> {
    let mut texts: Vec<(String, Bytes)> = golden_strings()
        .into_iter()
        .map(|case| {
            (case.id, tell(&[case.payload], DecodeLimits::default()).text().to_vec().into())
        })
        .collect();
    let mut add = |name: String, text: Vec<u8>| texts.push((name, text.into()));
    for len in [20, 21, 63, 64, 16_383, 16_384, 65_536, 65_537, 1 << 20] {
        add(format!("{len} of one byte"), vec![b'r'; len]);
        add(format!("{len} of words"), words(len));
        add(format!("{len} of noise"), noise(len));
    }
    for unit in 1..200 {
        add(format!("unit of {unit}"), noise(unit).repeat(1 + 9000 / unit));
    }
    texts
}

/// Text with repetition at every distance.
fn words(len: usize) -> Vec<u8> {
    let words = ["ferry", "key", "slot", "restore", "dump", "replica", "shard", "expire"];
    noise(len)
        .into_iter()
        .flat_map(|byte| [words[usize::from(byte) % words.len()], " "])
        .flat_map(str::bytes)
        .take(len)
        .collect()
}

/// A fixed sequence that does not compress (xorshift64).
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(len)
    .collect()
}

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start() -> Option<Self> {
        let binary = binary()?;
        // A port found free may be taken by another process before the server binds it.
        let started = (0..5).find_map(|_| Self::try_start(&binary));
        Some(started.expect("Redis starts in five attempts"))
    }

    /// None if the server ends instead of getting ready.
    fn try_start(binary: &Path) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process = Command::new(binary)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stdout.take().expect("it is piped"));
        let server = Self { process, port };
        let ready = |line: String| line.contains("Ready to accept connections");
        log.lines().map_while(Result::ok).any(ready).then_some(server)
    }

    fn connect(&self) -> redis::Connection {
        let client = redis::Client::open(("127.0.0.1", self.port)).unwrap();
        client.get_connection().expect("the server is ready")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).expect("the server was ours");
    }
}

/// Where scripts/peers has installed Redis 7.0.
fn binary() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("tmp is in the target");
    let binary = target.join("peers/redis-7.0/redis-server");
    if binary.exists() {
        return Some(binary);
    }
    assert!(env::var_os("CI").is_none(), "Redis 7.0 is missing: run scripts/peers");
    // Not a print macro: those are silent in tests that pass.
    writeln!(io::stderr(), "SKIPPED: Redis 7.0 is missing: run scripts/peers")
        .expect("stderr is open");
    None
}
