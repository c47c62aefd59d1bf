//! The other client: while keys are moved it reads and writes keys of its own, and notes how long
//! each reply takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use resp::Reply;

use super::client::Client;
use super::servers::Server;

/// A client at work, on a thread of its own, until this is finished or dropped.
pub(super) struct Probe {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<anyhow::Result<Waits>>>,
}

/// How long a client waited.
pub(super) struct Waits {
    /// Number of requests; each was answered as it should be.
    pub(super) requests: usize,
    pub(super) median: Duration,
    pub(super) longest: Duration,
    /// Number of keys that the client has left at the server.
    pub(super) keys: u64,
}

impl Probe {
    pub(super) fn start(server: &Server) -> anyhow::Result<Self> {
        let client = Client::connect(server)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name(format!("{} probe", server.name()))
            .spawn(move || probe(client, &stopped))?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Ends the client.
    ///
    /// # Errors
    /// It got a wrong answer, or none.
    pub(super) fn finish(mut self) -> anyhow::Result<Waits> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("taken only here");
        thread.join().expect("a probe does not panic")
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn probe(mut client: Client, stop: &AtomicBool) -> anyhow::Result<Waits> {
    let mut waits = Vec::new();
    let mut round = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        let key = format!("probe:{}", round % KEYS);
        let value = format!("{key} in round {round}");
        let set = timed(&mut client, &["SET", &key, &value], &mut waits)?;
        if !matches!(&set, Reply::Simple(text) if text == "OK") {
            return Err(client.unexpected(&set).context(format!("to SET {key}")));
        }
        let get = timed(&mut client, &["GET", &key], &mut waits)?;
        if !matches!(&get, Reply::Bulk(bytes) if *bytes == value) {
            return Err(client.unexpected(&get).context(format!("to GET {key}")));
        }
        round += 1;
    }
    waits.sort_unstable();
    Ok(Waits {
        requests: waits.len(),
        median: waits.get(waits.len() / 2).copied().unwrap_or_default(),
        longest: waits.last().copied().unwrap_or_default(),
        keys: round.min(KEYS),
    })
}

/// Sends a request, notes how long its reply takes, and rests.
fn timed(client: &mut Client, args: &[&str], waits: &mut Vec<Duration>) -> anyhow::Result<Reply> {
    let start = Instant::now();
    let reply = client.call(args)?;
    waits.push(start.elapsed());
    thread::sleep(REST);
    Ok(reply)
}

/// How many keys a client uses.
const KEYS: u64 = 100;

/// Between a reply and the next request.
const REST: Duration = Duration::from_millis(1);
