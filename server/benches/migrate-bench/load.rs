//! The client that has work to do: it sets keys of its own at a steady rate, which it keeps as long as
//! the server lets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use resp::encode;

use super::background::{Background, Stop};
use super::client::Client;
use super::fleet::Contender;

/// A client that sends [`BATCH`] SETs in one go every [`PERIOD`].
pub(crate) struct Load {
    answered: Arc<AtomicU64>,
    thread: Background<()>,
}

impl Load {
    pub(crate) fn start(contender: &Contender) -> anyhow::Result<Self> {
        let client = contender.client()?;
        let answered = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&answered);
        Ok(Self { answered, thread: Background::start(move |stop| run(client, &counter, stop)) })
    }

    /// A stretch of time that begins now.
    pub(crate) fn stretch(&self) -> Stretch {
        Stretch { start: Instant::now(), answered: self.answered() }
    }

    /// SETs per second that were answered since the stretch began.
    pub(crate) fn rate_since(&self, stretch: &Stretch) -> f64 {
        let answered = self.answered() - stretch.answered;
        answered as f64 / stretch.start.elapsed().as_secs_f64()
    }

    /// Ends the client.
    ///
    /// # Errors
    /// It got an error, or no answer.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        self.thread.finish()
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

/// The beginning of a stretch of time.
pub(crate) struct Stretch {
    start: Instant,
    answered: u64,
}

fn run(mut client: Client, answered: &AtomicU64, stop: &Stop) -> anyhow::Result<()> {
    let value = [b'x'; VALUE_BYTES];
    let mut number = 0;
    let mut next = Instant::now();
    while !stop.is_asked() {
        client.pipeline(BATCH, BATCH, |out, _| {
            encode::request(out, &[b"SET", format!("load:{}", number % KEYS).as_bytes(), &value]);
            number += 1;
        })?;
        answered.fetch_add(BATCH as u64, Ordering::Relaxed);
        // A batch that is late by less than a period does not delay the next one; those that were
        // due while the server was silent are lost.
        let now = Instant::now();
        next = now.max(next + PERIOD);
        thread::sleep(next - now);
    }
    Ok(())
}

/// SETs that are sent in one go.
const BATCH: usize = 10;

const PERIOD: Duration = Duration::from_millis(2);

/// Keys that are set again and again, so that they take no more memory after a moment.
const KEYS: usize = 1000;

const VALUE_BYTES: usize = 100;
