//! A wire between a source and its target that breaks at a byte of the test's choice.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often a proxy looks whether it is to end.
const TICK: Duration = Duration::from_millis(2);

/// Where the first connection through a proxy breaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// After this many bytes have gone to the target.
    ToTarget(usize),
    /// After this many bytes have gone to the source.
    ToSource(usize),
}

/// Passes every connection on to a target. The first one is cut, the others are left whole.
pub(crate) struct Proxy {
    port: u16,
    end: Arc<AtomicBool>,
    /// Whether the cut has been made.
    cut_made: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Proxy {
    pub(crate) fn new(target_port: u16, cut: Cut) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let (end, cut_made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (ending, cutting) = (Arc::clone(&end), Arc::clone(&cut_made));
        let listener =
            thread::spawn(move || accept(&listener, target_port, cut, &cutting, &ending));
        Self { port, end, cut_made, listener: Some(listener) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the conversation was long enough to be cut.
    pub(crate) fn has_cut(&self) -> bool {
        self.cut_made.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        let joined = self.listener.take().map(JoinHandle::join);
        if !thread::panicking() {
            joined.expect("joined once").expect("the proxy did not panic");
        }
    }
}

fn accept(
    listener: &TcpListener,
    target_port: u16,
    cut: Cut,
    cut_made: &Arc<AtomicBool>,
    end: &Arc<AtomicBool>,
) {
    listener.set_nonblocking(true).expect("a socket");
    let mut limits = match cut {
        Cut::ToTarget(limit) => (limit, usize::MAX),
        Cut::ToSource(limit) => (usize::MAX, limit),
    };
    let mut pumps = Vec::new();
    while !end.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((source, _)) => {
                source.set_nonblocking(false).expect("a socket");
                let target = TcpStream::connect(("127.0.0.1", target_port)).expect("a target");
                let (to_target, to_source) = limits;
                limits = (usize::MAX, usize::MAX);
                for (from, to, limit) in
                    [(&source, &target, to_target), (&target, &source, to_source)]
                {
                    let from = from.try_clone().expect("a second handle");
                    let to = to.try_clone().expect("a second handle");
                    let (cut_made, end) = (Arc::clone(cut_made), Arc::clone(end));
                    pumps.push(thread::spawn(move || {
                        if pump(&from, &to, limit, &end) {
                            cut_made.store(true, Ordering::Release);
                        }
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

/// Copies until `limit` bytes have passed (true) or either side has closed (false).
fn pump(mut from: &TcpStream, mut to: &TcpStream, limit: usize, end: &AtomicBool) -> bool {
    from.set_read_timeout(Some(TICK)).expect("a timeout that is not zero");
    let mut chunk = [0; 64 * 1024];
    let mut left = limit;
    while left > 0 && !end.load(Ordering::Relaxed) {
        let room = chunk.len().min(left);
        match from.read(&mut chunk[..room]) {
            Ok(0) => return false,
            Ok(len) => {
                if to.write_all(&chunk[..len]).is_err() {
                    return false;
                }
                left -= len;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return false,
        }
    }
    left == 0
}
