//! Streams, pipelined: entries that are added, read as ranges, delivered to a group and acknowledged:
//! how many per second, and the time that the server spends on a CPU for each; and what an entry and
//! a pending entry take.

use std::time::Instant;

use bytes::BytesMut;
use resp::encode;

use super::client::Client;
use super::fleet;
use super::report::{self, Better, Row, Wanted};

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
            // What a connection takes is no part of it.
            client.pipeline(DEPTH * 4, DEPTH, |out, _| encode::request(out, &["PING"]))?;
            let before = contender.resident_bytes();
            for (nth, work) in WORKS.iter().enumerate() {
                (work.prepare)(&mut client)?;
                let requests = Requests::of(work);
                let (start, cpu_before) = (Instant::now(), contender.cpu_time());
                client
                    .pipeline(work.requests, DEPTH, |out, number| requests.append(out, number))?;
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
                read(out, "pending", number % 10, 100)
            })?;
            let grown = contender.resident_bytes().saturating_sub(before);
            sizes[1].push(index, grown as f64 / ENTRIES as f64);
        }
    }
    speeds.iter().chain(&costs).chain(&sizes).for_each(Row::print);
    Ok(())
}

/// The requests of a work, encoded before the time is taken: a client that did it meanwhile would be
/// the one that is measured.
struct Requests {
    encoded: BytesMut,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Requests {
    fn of(work: &Work) -> Self {
        let mut encoded = BytesMut::new();
        let ends = (0..work.requests).map(|number| {
            (work.request)(&mut encoded, number);
            encoded.len()
        });
        Self { ends: ends.collect(), encoded }
    }

    fn append(&self, out: &mut BytesMut, number: usize) {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        out.extend_from_slice(&self.encoded[start..self.ends[number]]);
    }
}

/// Something to do with the stream.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    prepare: fn(&mut Client) -> anyhow::Result<()>,
    requests: usize,
    /// Appends the request of this number.
    request: fn(&mut BytesMut, usize),
    /// What is counted: all requests, or those that belong together as one.
    count: usize,
}

const WORKS: [Work; 4] = [
    Work {
        name: "XADD",
        prepare: |_| Ok(()),
        requests: ENTRIES,
        request: |out, number| {
            let (id, value) = (format!("{}-0", number + 1), format!("{number:020}"));
            let args = ["XADD", KEY, &id, "sensor", &value[16..], "temperature", &value];
            encode::request(out, &args);
        },
        count: ENTRIES,
    },
    Work {
        name: "XRANGE of 100 from anywhere",
        prepare: |_| Ok(()),
        requests: RANGES,
        request: |out, number| {
            let start = (number * 7919 % (ENTRIES - 100)).to_string();
            encode::request(out, &["XRANGE", KEY, &start, "+", "COUNT", "100"]);
        },
        count: RANGES,
    },
    Work {
        name: "XREADGROUP and XACK of 1",
        prepare: |client| client.ask(&["XGROUP", "CREATE", KEY, "one", "0"]).map(drop),
        requests: 2 * ACKNOWLEDGED,
        request: |out, number| match number % 2 {
            0 => read(out, "one", number / 2 % 10, 1),
            _ => {
                let id = format!("{}-0", number / 2 + 1);
                encode::request(out, &["XACK", KEY, "one", &id]);
            }
        },
        count: ACKNOWLEDGED,
    },
    Work {
        name: "XREADGROUP and XACK of 10",
        prepare: |client| client.ask(&["XGROUP", "CREATE", KEY, "ten", "0"]).map(drop),
        requests: 2 * ACKNOWLEDGED / 10,
        request: |out, number| match number % 2 {
            0 => read(out, "ten", number / 2 % 10, 10),
            _ => {
                let ids = (1..=10).map(|nth| format!("{}-0", number / 2 * 10 + nth));
                let args = ["XACK", KEY, "ten"].map(str::to_owned).into_iter().chain(ids);
                encode::request(out, &args.collect::<Vec<_>>());
            }
        },
        count: ACKNOWLEDGED / 10,
    },
];

/// Appends the request that delivers so many entries to a consumer of a group.
fn read(out: &mut BytesMut, group: &str, consumer: usize, count: usize) {
    let (consumer, count) = (format!("consumer:{consumer}"), count.to_string());
    let args = ["XREADGROUP", "GROUP", group, &consumer, "COUNT", &count, "STREAMS", KEY, ">"];
    encode::request(out, &args);
}

const KEY: &str = "stream";
const ENTRIES: usize = 1_000_000;
const RANGES: usize = 30_000;
const ACKNOWLEDGED: usize = 300_000;
const DEPTH: usize = 64;
