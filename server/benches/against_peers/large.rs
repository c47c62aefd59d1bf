//! How long others wait: another client pings while a server is filled, and while a large hash is
//! deleted or overwritten; and what the thread that serves clients spends on the latter.
//!
//! Waits include those for a CPU, which the clients, the server and its other threads share. The time
//! that the thread spends on a CPU does not; it includes some pings.

use std::thread;
use std::time::{Duration, Instant};

use resp::encode;

use super::client::Client;
use super::fleet::{self, Contender};
use super::probe;
use super::report::{self, Better, Row, Wanted};

pub(crate) fn measure(rounds: usize, fields: usize, inserts: usize) -> anyhow::Result<()> {
    let mut filling = ["keys", "fields"].map(|what| {
        Row::new(format!("ping, {what} are inserted"), Better::Low, Wanted::Figure(1.0))
    });
    let mut removing = Vec::new();
    for (name, _) in REMOVALS {
        removing.push([
            Row::new(format!("{name}: caller"), Better::Low, Wanted::Figure(1.0)),
            Row::new(format!("{name}: CPU of the loop"), Better::Low, Wanted::Figure(1.0)),
            Row::new(format!("{name}: ping"), Better::Low, Wanted::Figure(1.0)),
        ]);
    }
    for round in 0..rounds {
        for index in 0..fleet::names().count() {
            let contender = fleet::start_one(index)?;
            let ping = longest_ping(&contender, |client| insert_keys(client, inserts))?;
            filling[0].push(index, ping);
            // Its memory is free for the hash.
            drop(contender);
            let contender = fleet::start_one(index)?;
            let mut pings = Vec::new();
            // Another order in every round: a server may do something for the first of them only.
            for place in 0..REMOVALS.len() {
                let removal = (round + place) % REMOVALS.len();
                let ((_, args), rows) = (REMOVALS[removal], &mut removing[removal]);
                pings.push(longest_ping(&contender, |client| insert_fields(client, fields))?);
                let (mut waited, mut spent) = (Duration::ZERO, Duration::ZERO);
                let ping = longest_ping(&contender, |client| {
                    let (before, start) = (contender.loop_cpu_time(), Instant::now());
                    client.ask(args)?;
                    waited = start.elapsed();
                    thread::sleep(COUNTED_AFTER);
                    spent = contender.loop_cpu_time() - before;
                    // What the server does about it later may make others wait as well.
                    thread::sleep(AFTERWARDS);
                    client.ask(&["DEL", "large"]).map(drop)
                })?;
                rows[0].push(index, ms(waited));
                rows[1].push(index, ms(spent));
                rows[2].push(index, ping);
            }
            filling[1].push(index, pings.into_iter().fold(0.0, f64::max));
        }
    }
    report::print_head(&format!("longest wait in ms, {inserts} keys, a hash of {fields} fields"));
    filling.iter().chain(removing.iter().flatten()).for_each(Row::print);
    Ok(())
}

/// Ways to have a large value gone.
const REMOVALS: [(&str, &[&str]); 3] = [
    ("DEL", &["DEL", "large"]),
    ("UNLINK", &["UNLINK", "large"]),
    ("SET over it", &["SET", "large", "small"]),
];

/// Lets one client work while another pings, and returns the longest that a ping took in
/// milliseconds.
fn longest_ping(
    contender: &Contender,
    work: impl FnOnce(&mut Client) -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let mut worker = contender.client()?;
    let probe = probe::start(contender, &["PING"], PING_PERIOD)?;
    work(&mut worker)?;
    Ok(ms(probe.finish()?.longest))
}

fn insert_keys(client: &mut Client, count: usize) -> anyhow::Result<()> {
    client.pipeline(count, DEPTH, |out, number| {
        encode::request(out, &["SET", &format!("key:{number:012}"), "0123456789abcdef"]);
    })
}

fn insert_fields(client: &mut Client, count: usize) -> anyhow::Result<()> {
    client.pipeline(count.div_ceil(FIELDS_AT_ONCE), DEPTH, |out, number| {
        let first = number * FIELDS_AT_ONCE;
        let mut args = vec!["HSET".to_owned(), "large".to_owned()];
        args.extend(
            (first..count.min(first + FIELDS_AT_ONCE))
                .flat_map(|field| [format!("field:{field:010}"), "0123456789abcdef".to_owned()]),
        );
        encode::request(out, &args);
    })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Requests that are sent in one go: few enough that the server is done with them in some tens of
/// microseconds.
const DEPTH: usize = 16;

const FIELDS_AT_ONCE: usize = 10;

/// Between pings. A stall is seen if it is much longer.
const PING_PERIOD: Duration = Duration::from_micros(50);

/// Until the server sleeps again after it has answered.
const COUNTED_AFTER: Duration = Duration::from_millis(1);

/// Long enough for a server that goes on freeing after it has answered.
const AFTERWARDS: Duration = Duration::from_millis(500);
