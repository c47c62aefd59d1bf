//! A target that reads requests as a server does and answers them as the test says.
//!
//! Left alone it is polite: it logs in, selects, says that it is Redis 7.0.15, keeps what RESTORE
//! brings and tells it again. A script speaks first for every request and may say anything.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a fake target lives if its test forgets it.
const LIFETIME: Duration = Duration::from_secs(60);

/// How often its threads look whether they are to end.
const TICK: Duration = Duration::from_millis(5);

/// What a fake target does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Sends bytes, a reply or not.
    Say(Vec<u8>),
    /// Sends bytes, then closes the connection.
    SayAndClose(Vec<u8>),
    /// Says nothing and keeps the connection open.
    Silence,
}

impl Answer {
    pub(crate) fn say(bytes: impl AsRef<[u8]>) -> Self {
        Self::Say(bytes.as_ref().to_vec())
    }
}

/// A request that a fake target has received.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Number of the connection it came on, in order of arrival, from 0.
    pub(crate) connection: usize,
    pub(crate) args: Vec<Vec<u8>>,
}

impl Request {
    /// The name of the command in capitals.
    pub(crate) fn name(&self) -> String {
        String::from_utf8_lossy(&self.args[0]).to_ascii_uppercase()
    }

    /// Its first argument, empty if it has none.
    pub(crate) fn key(&self) -> &[u8] {
        self.args.get(1).map_or(&[], |key| key)
    }

    /// Whether this is a RESTORE, of any key.
    pub(crate) fn is_restore(&self) -> bool {
        self.name() == "RESTORE"
    }
}

/// What a fake target does once, on each connection, in the middle of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Early {
    /// Bytes that set it off, wherever they come up in what has been received.
    pub(crate) trigger: &'static [u8],
    /// Sent at once.
    pub(crate) say: &'static [u8],
    /// How long nothing is read after that.
    pub(crate) pause: Duration,
}

/// Answers a request, or leaves it (None) to the polite target.
type Script = dyn FnMut(&Request) -> Option<Answer> + Send;

/// A listener on the loopback address with a behaviour of the test's choice.
pub(crate) struct FakeTarget {
    port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    script: Mutex<Box<Script>>,
    early: Option<Early>,
    requests: Mutex<Vec<Request>>,
    /// Keys in the database that is selected, by name.
    stored: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
    end: AtomicBool,
}

impl FakeTarget {
    pub(crate) fn polite() -> Self {
        Self::scripted(|_| None)
    }

    pub(crate) fn scripted(
        script: impl FnMut(&Request) -> Option<Answer> + Send + 'static,
    ) -> Self {
        Self::start(Box::new(script), None)
    }

    /// A polite target that takes this time over a RESTORE.
    pub(crate) fn slow_to_restore(time: Duration) -> Self {
        Self::scripted(move |request| {
            if request.is_restore() {
                thread::sleep(time);
            }
            None
        })
    }

    /// A target that does not wait for the end of a request to act.
    pub(crate) fn hasty(
        early: Early,
        script: impl FnMut(&Request) -> Option<Answer> + Send + 'static,
    ) -> Self {
        Self::start(Box::new(script), Some(early))
    }

    fn start(script: Box<Script>, early: Option<Early>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            early,
            requests: Mutex::default(),
            stored: Mutex::default(),
            end: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        let listener = thread::spawn(move || accept(&listener, &accepting));
        Self { port, shared, listener: Some(listener) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The requests received so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// The names of the commands received so far.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.requests().iter().map(Request::name).collect()
    }

    /// Whether a RESTORE of this key has been acknowledged by the polite target.
    pub(crate) fn has(&self, key: &str) -> bool {
        lock(&self.shared.stored).contains_key(key.as_bytes())
    }
}

impl Drop for FakeTarget {
    fn drop(&mut self) {
        self.shared.end.store(true, Ordering::Relaxed);
        let joined = self.listener.take().map(JoinHandle::join);
        if !thread::panicking() {
            joined.expect("joined once").expect("the fake target did not panic");
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    listener.set_nonblocking(true).expect("a socket");
    let start = Instant::now();
    let mut connections = Vec::new();
    while !shared.end.load(Ordering::Relaxed) && start.elapsed() < LIFETIME {
        match listener.accept() {
            Ok((stream, _)) => {
                let (number, shared) = (connections.len(), Arc::clone(shared));
                connections.push(thread::spawn(move || serve(stream, number, &shared, start)));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(TICK),
            Err(error) => panic!("accept: {error}"),
        }
    }
    for connection in connections {
        connection.join().expect("a connection of the fake target did not panic");
    }
}

fn serve(mut stream: TcpStream, connection: usize, shared: &Shared, start: Instant) {
    stream.set_nonblocking(false).expect("a socket");
    stream.set_read_timeout(Some(TICK)).expect("a timeout that is not zero");
    stream.set_write_timeout(Some(Duration::from_secs(5))).expect("a timeout that is not zero");
    let mut early = shared.early;
    let mut received = Vec::new();
    let mut chunk = [0; 64 * 1024];
    while !shared.end.load(Ordering::Relaxed) && start.elapsed() < LIFETIME {
        match stream.read(&mut chunk) {
            Ok(0) => return,
            Ok(len) => received.extend_from_slice(&chunk[..len]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(_) => return,
        }
        if let Some(early) = early.take_if(|early| contains(&received, early.trigger)) {
            if stream.write_all(early.say).is_err() {
                return;
            }
            thread::sleep(early.pause);
        }
        while let Some((args, len)) = parse(&received) {
            received.drain(..len);
            let request = Request { connection, args };
            lock(&shared.requests).push(request.clone());
            let scripted = lock(&shared.script)(&request);
            // The source may have hung up; the next read tells.
            match scripted.unwrap_or_else(|| politely(&request, shared)) {
                Answer::Say(bytes) => drop(stream.write_all(&bytes)),
                Answer::SayAndClose(bytes) => return drop(stream.write_all(&bytes)),
                Answer::Silence => {}
            }
        }
    }
}

/// What Redis 7.0.15 would answer.
fn politely(request: &Request, shared: &Shared) -> Answer {
    let mut stored = lock(&shared.stored);
    let key = request.args.get(1).cloned().unwrap_or_default();
    let reply = match request.name().as_str() {
        "AUTH" | "SELECT" => b"+OK\r\n".to_vec(),
        "PING" => b"+PONG\r\n".to_vec(),
        "INFO" => bulk(b"# Server\r\nredis_version:7.0.15\r\nrun_id:fade\r\n"),
        "CONFIG" => [&b"*2\r\n"[..], &bulk(b"proto-max-bulk-len"), &bulk(b"536870912")].concat(),
        "EXISTS" => format!(":{}\r\n", u8::from(stored.contains_key(&key))).into_bytes(),
        "DUMP" => stored.get(&key).map_or_else(|| b"$-1\r\n".to_vec(), |payload| bulk(payload)),
        "RESTORE" if stored.contains_key(&key) && !replaces(request) => {
            b"-BUSYKEY Target key name already exists.\r\n".to_vec()
        }
        // A probe, whose absolute time is past.
        "RESTORE" if request.args[2] == b"1" => b"+OK\r\n".to_vec(),
        "RESTORE" => {
            stored.insert(key, request.args[3].clone());
            b"+OK\r\n".to_vec()
        }
        name => format!("-ERR unknown command '{name}'\r\n").into_bytes(),
    };
    Answer::Say(reply)
}

fn replaces(restore: &Request) -> bool {
    restore.args[4..].iter().any(|option| option.eq_ignore_ascii_case(b"REPLACE"))
}

/// A bulk string.
pub(crate) fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// The first request of `bytes` and its length, if it is complete.
///
/// Only arrays of bulk strings are known: nothing else is ever sent to a target.
fn parse(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
    let (count, mut at) = header(bytes, 0, b'*')?;
    let mut args = Vec::new();
    for _ in 0..count {
        let (len, start) = header(bytes, at, b'$')?;
        args.push(bytes.get(start..start + len)?.to_vec());
        at = start + len + 2;
    }
    (at <= bytes.len()).then_some((args, at))
}

/// The number of a header line and the offset after it.
fn header(bytes: &[u8], at: usize, kind: u8) -> Option<(usize, usize)> {
    let line = bytes.get(at..)?;
    let len = line.windows(2).position(|two| two == b"\r\n")?;
    assert_eq!(line[0], kind, "a request is an array of bulk strings");
    let number = str::from_utf8(&line[1..len]).expect("digits").parse().expect("a number");
    Some((number, at + len + 2))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread of the fake target has panicked")
}
