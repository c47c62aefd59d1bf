//! Filling the source, and moving all that it holds.

use std::thread;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::client::Client;
use super::data::Dataset;
use super::servers::Server;
use crate::interrupt::Interrupt;

/// Sets all keys at the source, over pipelined connections.
pub(super) fn fill(
    data: &Dataset,
    source: &Server,
    bar: &ProgressBar,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let fillers: Vec<_> = (0..FILL_CONNECTIONS)
            .map(|first| scope.spawn(move || fill_share(data, first, source, bar, interrupt)))
            .collect();
        fillers.into_iter().try_for_each(|filler| filler.join().expect("a filler does not panic"))
    })
}

/// Sets every [`FILL_CONNECTIONS`]-th key from number `first` on.
fn fill_share(
    data: &Dataset,
    first: usize,
    source: &Server,
    bar: &ProgressBar,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let mut client = Client::connect(source)?;
    let mut indices = (first as u64..data.len()).step_by(FILL_CONNECTIONS).peekable();
    while indices.peek().is_some() {
        interrupt.check()?;
        let (mut requests, mut bytes) = (0, 0);
        while requests < PIPELINE_REQUESTS_MAX
            && client.unsent_bytes() < PIPELINE_BYTES_MAX
            && let Some(index) = indices.next()
        {
            let entry = data.entry(index);
            let value = entry.value.to_bytes();
            match entry.expire_at_ms {
                None => client.push(&[&b"SET"[..], &entry.key, &value]),
                Some(at) => {
                    client.push(&[
                        b"SET",
                        &entry.key[..],
                        &value,
                        b"PXAT",
                        at.to_string().as_bytes(),
                    ]);
                }
            }
            requests += 1;
            bytes += entry.bytes();
        }
        client.send()?;
        for _ in 0..requests {
            client.expect_ok()?;
        }
        bar.inc(bytes);
    }
    Ok(())
}

/// Moves all keys from the source to the target, `batch` with each MIGRATE. Returns how long it
/// took.
pub(super) fn migrate(
    data: &Dataset,
    source: &Server,
    target: &Server,
    batch: usize,
    bar: &ProgressBar,
    interrupt: &Interrupt,
) -> anyhow::Result<Duration> {
    let port = target.port().to_string();
    let head = ["MIGRATE", "127.0.0.1", &port, "", "0", IDLE_TIMEOUT_MS, "KEYS"];
    let mut client = Client::connect(source)?;
    let start = Instant::now();
    for first in (0..data.len()).step_by(batch) {
        interrupt.check()?;
        let entries = (first..data.len()).take(batch).map(|index| data.entry(index));
        let mut args: Vec<Vec<u8>> = head.map(Vec::from).into();
        let mut bytes = 0;
        for entry in entries {
            bytes += entry.bytes();
            args.push(entry.key);
        }
        client.push(&args);
        client.send()?;
        client.expect_ok()?;
        bar.inc(bytes);
    }
    Ok(start.elapsed())
}

const FILL_CONNECTIONS: usize = 2;

/// A pipeline ends with the request that reaches one of these.
const PIPELINE_REQUESTS_MAX: usize = 256;
const PIPELINE_BYTES_MAX: usize = 1024 * 1024;

/// The timeout argument of MIGRATE.
const IDLE_TIMEOUT_MS: &str = "10000";
