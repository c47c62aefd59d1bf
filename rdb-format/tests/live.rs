//! A real Redis 7.0 reads what is written here, and what it writes is read here.
//!
//! The binary is `KEYFERRY_PEER_REDIS_7_0`, or `target/peers/redis-7.0/redis-server` of the
//! workspace. Without it the test says so and passes, except in CI.

mod common;

use std::io::{self, Write as _};
use std::{
    env,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
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
        let binary = env::var_os("KEYFERRY_PEER_REDIS_7_0").map_or_else(
            || {
                PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                    .join("../target/peers/redis-7.0/redis-server")
            },
            PathBuf::from,
        );
        if !binary.exists() {
            assert!(env::var_os("CI").is_none(), "{} is missing", binary.display());
            // Not a print macro: those are silent in tests that pass.
            writeln!(io::stderr(), "SKIPPED: no Redis 7.0 at {}", binary.display())
                .expect("stderr is open");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(binary)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { process, port })
    }

    fn connect(&self) -> redis::Connection {
        let client = redis::Client::open(("127.0.0.1", self.port)).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match client.get_connection() {
                Ok(connection) => return connection,
                Err(error) if Instant::now() > deadline => panic!("{error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).expect("the server was ours");
    }
}
