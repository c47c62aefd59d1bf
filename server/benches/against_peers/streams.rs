//! Streams, pipelined: entries that are added, read as ranges, delivered to a group and acknowledged:
//! how many per second, and the time that the server spends on a CPU for each; and what an entry and
//! a pending entry take.

use std::time::Instant;

use resp::encode;

use super::client::Client;
use super::fleet;
use super::report::{self, Better, Row, Wanted};
use super::turns::{Batch, send_in_turns};

pub(crate) fn measure(rounds: usize) -> anyhow::Result<()> {
    report::print_head(&format!("a stream of {ENTRIES} entries with 2 fields, 24 bytes of values"));
    let mut speeds = WORKS
        .map(|work| Row::new(format!("{}, 1000/s", work.name), Better::High, Wanted::Ratio(1.2)));
    let mut costs = WORKS
        .map(|work| Row::new(format!("{}, CPU ns", work.name), Better::Low, Wanted::Ratio(0.8)));
    let mut sizes = ["entry", "pending entry"]
        .map(|what| Row::new(format!("bytes for each {what}"), Better::Low, Wanted::Ratio(1.0)));
    for _ in 0..rounds {
        for index in 0..fleet::names().count() {
            let contender = fleet::start_one(index)?;
            let mut client = contender.client()?;
            // What a connection takes, and the code that is loaded now, is no part of it.
            client.pipeline(DEPTH * 4, DEPTH, |out, _| {
                encode::request(out, &["XADD", "another", "*", "sensor", "1", "temperature", "2"]);
            })?;
            let before = contender.resident_bytes();
            for (nth, work) in WORKS.iter().enumerate() {
                (work.prepare)(&mut client)?;
                let batches = work.batches();
                let (start, cpu_before) = (Instant::now(), contender.cpu_time());
                send_in_turns(&mut client, &batches, batches.len())?;
                let spent = contender.cpu_time() - cpu_before;
                let count = work.count as f64;
                speeds[nth].push(index, count / start.elapsed().as_secs_f64() / 1e3);
                costs[nth].push(index, spent.as_secs_f64() / count * 1e9);
                if nth == 0 {
                    let grown = contender.resident_bytes().saturating_sub(before);
                    sizes[0].push(index, grown as f64 / ENTRIES as f64);
                }
            }
            let before = contender.resident_bytes();
            client.ask(&["XGROUP", "CREATE", KEY, "pending", "0"])?;
            client.pipeline(ENTRIES / 100, 16, |out, number| {
                encode::request(out, &read("pending", number % 10, 100));
            })?;
            let grown = contender.resident_bytes().saturating_sub(before);
            sizes[1].push(index, grown as f64 / ENTRIES as f64);
        }
    }
    speeds.iter().chain(&costs).chain(&sizes).for_each(Row::print);
    Ok(())
}

/// Something to do with the stream.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    prepare: fn(&mut Client) -> anyhow::Result<()>,
    requests: usize,
    /// Adds the request of this number.
    request: fn(&mut Batch, usize),
    /// What is counted: all requests, or those that belong together as one.
    count: usize,
}

impl Work {
    fn batches(&self) -> Vec<Batch> {
        let batch = |start| {
            let mut batch = Batch::default();
            let numbers = start..self.requests.min(start + DEPTH);
            numbers.for_each(|number| (self.request)(&mut batch, number));
            batch
        };
        (0..self.requests).step_by(DEPTH).map(batch).collect()
    }
}

const WORKS: [Work; 4] = [
    Work {
        name: "XADD",
        prepare: |_| Ok(()),
        requests: ENTRIES,
        request: |batch, number| {
            let (id, value) = (format!("{}-0", number + 1), format!("{number:020}"));
            let args = ["XADD", KEY, &id, "sensor", &value[16..], "temperature", &value];
            batch.push(&args);
        },
        count: ENTRIES,
    },
    Work {
        name: "XRANGE of 100 from anywhere",
        prepare: |_| Ok(()),
        requests: RANGES,
        request: |batch, number| {
            let start = (number * 7919 % (ENTRIES - 100)).to_string();
            batch.push(&["XRANGE", KEY, &start, "+", "COUNT", "100"]);
        },
        count: RANGES,
    },
    Work {
        name: "XREADGROUP and XACK of 1",
        prepare: |client| client.ask(&["XGROUP", "CREATE", KEY, "one", "0"]).map(drop),
        requests: 2 * ACKNOWLEDGED,
        request: |batch, number| match number % 2 {
            0 => batch.push(&read("one", number / 2 % 10, 1)),
            _ => {
                let id = format!("{}-0", number / 2 + 1);
                batch.push(&["XACK", KEY, "one", &id]);
            }
        },
        count: ACKNOWLEDGED,
    },
    Work {
        name: "XREADGROUP and XACK of 10",
        prepare: |client| client.ask(&["XGROUP", "CREATE", KEY, "ten", "0"]).map(drop),
        requests: 2 * ACKNOWLEDGED / 10,
        request: |batch, number| match number % 2 {
            0 => batch.push(&read("ten", number / 2 % 10, 10)),
            _ => {
                let ids = (1..=10).map(|nth| format!("{}-0", number / 2 * 10 + nth));
                let args = ["XACK", KEY, "ten"].map(str::to_owned).into_iter().chain(ids);
                batch.push(&args.collect::<Vec<_>>());
            }
        },
        count: ACKNOWLEDGED / 10,
    },
];

/// The request that delivers so many entries to a consumer of a group.
fn read(group: &str, consumer: usize, count: usize) -> Vec<String> {
    let (consumer, count) = (format!("consumer:{consumer}"), count.to_string());
    let args = ["XREADGROUP", "GROUP", group, &consumer, "COUNT", &count, "STREAMS", KEY, ">"];
    args.map(str::to_owned).into()
}

const KEY: &str = "stream";
const ENTRIES: usize = 1_000_000;
const RANGES: usize = 30_000;
const ACKNOWLEDGED: usize = 300_000;
const DEPTH: usize = 64;
