//! A wire between a source and its target that breaks where the test wants it to.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often a proxy looks whether it is to end.
const TICK: Duration = Duration::from_millis(2);

/// How long a test waits for what a proxy does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the first connection through a proxy breaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// After this many bytes have gone to the target.
    ToTarget(usize),
    /// After this many bytes have gone to the source.
    ToSource(usize),
    /// Before the first RESTORE, which has left the source, goes on to the target.
    Restore(Then),
    /// Before the reply to the first RESTORE, which the target has run, goes on to the source.
    Reply(Then),
}

/// What the two sides notice of a break.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Then {
    /// Both connections are closed.
    HangUp,
    /// Neither is, but nothing more comes through, not even the end of the other.
    Silence,
}

/// Passes every connection on to a target. The first one is cut, the others are left whole.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    end: AtomicBool,
    /// Whether the cut has been made.
    cut_made: AtomicBool,
    /// Whether a RESTORE has come through.
    has_restore: AtomicBool,
    /// What was held back is to go on, and has gone on.
    release: AtomicBool,
    released: AtomicBool,
    connections: AtomicUsize,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Way {
    ToTarget,
    ToSource,
}

impl Proxy {
    pub(crate) fn new(target_port: u16, cut: Cut) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        let listener = thread::spawn(move || accept(&listener, target_port, cut, &accepting));
        Self { port, shared, listener: Some(listener) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the conversation was long enough to be cut.
    pub(crate) fn has_cut(&self) -> bool {
        self.shared.cut_made.load(Ordering::Acquire)
    }

    #[track_caller]
    pub(crate) fn wait_for_cut(&self) {
        wait_for(&self.shared.cut_made);
    }

    /// Delivers to the target what was held back from it.
    #[track_caller]
    pub(crate) fn release(&self) {
        self.shared.release.store(true, Ordering::Release);
        wait_for(&self.shared.released);
    }

    /// How often the source has connected.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.end.store(true, Ordering::Release);
        let joined = self.listener.take().map(JoinHandle::join);
        if !thread::panicking() {
            joined.expect("joined once").expect("the proxy did not panic");
        }
    }
}

impl Shared {
    fn is_over(&self) -> bool {
        self.end.load(Ordering::Acquire)
    }
}

#[track_caller]
fn wait_for(flag: &AtomicBool) {
    let start = Instant::now();
    while !flag.load(Ordering::Acquire) {
        assert!(start.elapsed() < PATIENCE, "the proxy does nothing");
        thread::sleep(TICK);
    }
}

fn accept(listener: &TcpListener, target_port: u16, cut: Cut, shared: &Arc<Shared>) {
    listener.set_nonblocking(true).expect("a socket");
    let mut pumps = Vec::new();
    while !shared.is_over() {
        match listener.accept() {
            Ok((source, _)) => {
                source.set_nonblocking(false).expect("a socket");
                let number = shared.connections.fetch_add(1, Ordering::AcqRel);
                let cut = (number == 0).then_some(cut);
                // A target that is down hangs up on whoever comes.
                let Ok(target) = TcpStream::connect(("127.0.0.1", target_port)) else { continue };
                for (from, to, way) in
                    [(&source, &target, Way::ToTarget), (&target, &source, Way::ToSource)]
                {
                    let from = from.try_clone().expect("a second handle");
                    let to = to.try_clone().expect("a second handle");
                    let shared = Arc::clone(shared);
                    pumps.push(thread::spawn(move || {
                        pump(&from, &to, way, cut, &shared);
                        // Either may be closed already.
                        let _ = from.shutdown(Shutdown::Both);
                        let _ = to.shutdown(Shutdown::Both);
                    }));
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(TICK),
            Err(error) => panic!("accept: {error}"),
        }
    }
    for pump in pumps {
        pump.join().expect("the proxy did not panic");
    }
}

/// Copies until the connection is cut or either side has closed.
fn pump(mut from: &TcpStream, mut to: &TcpStream, way: Way, cut: Option<Cut>, shared: &Shared) {
    from.set_read_timeout(Some(TICK)).expect("a timeout that is not zero");
    let mut chunk = [0; 64 * 1024];
    let mut left = match (cut, way) {
        (Some(Cut::ToTarget(limit)), Way::ToTarget)
        | (Some(Cut::ToSource(limit)), Way::ToSource) => limit,
        _ => usize::MAX,
    };
    let then = match cut {
        Some(Cut::Restore(then) | Cut::Reply(then)) => then,
        _ => Then::HangUp,
    };
    while left > 0 && !shared.is_over() {
        let room = chunk.len().min(left);
        match from.read(&mut chunk[..room]) {
            Ok(0) => break,
            Ok(len) => {
                let passed = passed(&chunk[..len], way, cut, shared);
                if to.write_all(&chunk[..passed]).is_err() {
                    break;
                }
                left -= passed;
                if passed < len {
                    shared.cut_made.store(true, Ordering::Release);
                    if then == Then::Silence {
                        hold(from, to, chunk[passed..len].to_vec(), shared);
                    }
                    return;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    if left == 0 {
        shared.cut_made.store(true, Ordering::Release);
    }
    while then == Then::Silence && shared.cut_made.load(Ordering::Acquire) && !shared.is_over() {
        thread::sleep(TICK);
    }
}

/// How many of these bytes go on.
fn passed(bytes: &[u8], way: Way, cut: Option<Cut>, shared: &Shared) -> usize {
    let restore = || bytes.windows(7).position(|window| window == b"RESTORE");
    match (cut, way) {
        (Some(Cut::Restore(_)), Way::ToTarget) => restore().unwrap_or(bytes.len()),
        (Some(Cut::Reply(_)), Way::ToTarget) => {
            if restore().is_some() {
                shared.has_restore.store(true, Ordering::Release);
            }
            bytes.len()
        }
        (Some(Cut::Reply(_)), Way::ToSource) if shared.has_restore.load(Ordering::Acquire) => 0,
        _ => bytes.len(),
    }
}

/// Holds back what was not passed and what follows it.
fn hold(mut from: &TcpStream, mut to: &TcpStream, mut held: Vec<u8>, shared: &Shared) {
    let mut chunk = [0; 64 * 1024];
    while !shared.is_over() {
        match from.read(&mut chunk) {
            Ok(len @ 1..) => held.extend_from_slice(&chunk[..len]),
            _ => thread::sleep(TICK),
        }
        if shared.release.swap(false, Ordering::AcqRel) {
            // The other side may have closed it.
            let _ = to.write_all(&held);
            held.clear();
            shared.released.store(true, Ordering::Release);
        }
    }
}
