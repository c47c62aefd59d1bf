//! Small keys: how many move per second, and the time that either server spends on a CPU for each.

use std::time::Instant;

use anyhow::ensure;
use bytes::BytesMut;
use resp::{Reply, encode};

use super::big::{IDLE_TIMEOUT_MS, KEYFERRY};
use super::fleet::{self, Contender};
use super::report::{self, Better, Row, Wanted};
use super::values::noise;

pub(crate) fn measure(rounds: usize, peers: &[usize]) -> anyhow::Result<()> {
    let mut rows = WAYS.each_ref().map(|way| {
        let row = |unit, better, wanted| Row::new(format!("{}, {unit}", way.name), better, wanted);
        [
            row("1000 keys/s", Better::High, way.wanted),
            row("source CPU us", Better::Low, Wanted::Nothing),
            row("target CPU us", Better::Low, Wanted::Nothing),
        ]
    });
    for _ in 0..rounds {
        for server in [KEYFERRY].into_iter().chain(peers.iter().copied()) {
            let (source, target) = (fleet::start_one(server)?, fleet::start_one(server)?);
            for (way, rows) in WAYS.iter().zip(&mut rows) {
                let figures = way.measure(&source, &target)?;
                rows.iter_mut().zip(figures).for_each(|(row, figure)| row.push(server, figure));
            }
        }
    }
    report::print_head(&format!("keys of 16 bytes with strings of {VALUE_BYTES}"));
    rows.iter().flatten().for_each(Row::print);
    Ok(())
}

/// A way to move keys.
struct Way {
    name: &'static str,
    /// Keys that are moved: about a second's worth.
    keys: usize,
    /// Keys in each MIGRATE.
    batch: usize,
    /// MIGRATEs that are under way at most.
    depth: usize,
    wanted: Wanted,
}

impl Way {
    /// Thousands of keys per second, and the microseconds that source and target spent on each.
    fn measure(&self, source: &Contender, target: &Contender) -> anyhow::Result<[f64; 3]> {
        let mut client = source.client()?;
        client.pipeline(self.keys, 64, |out, number| {
            let value = noise(number as u64, VALUE_BYTES);
            encode::request(out, &[b"SET", key(number).as_bytes(), &value]);
        })?;
        // Made beforehand: the servers need not wait for it.
        let requests: Vec<_> = (0..self.keys / self.batch)
            .map(|request| self.request(target.port(), request * self.batch))
            .collect();
        let cpu_before = [source, target].map(Contender::cpu_time);
        let start = Instant::now();
        if self.depth == 1 {
            for request in &requests {
                client.pipeline(1, 1, |out, _| out.extend_from_slice(request))?;
            }
        } else {
            // It has up to twice as many under way as it is told.
            client.pipeline(requests.len(), self.depth / 2, |out, number| {
                out.extend_from_slice(&requests[number]);
            })?;
        }
        let seconds = start.elapsed().as_secs_f64();
        let cpu_after = [source, target].map(Contender::cpu_time);
        let keys = self.keys as f64;
        let spent = |side: usize| (cpu_after[side] - cpu_before[side]).as_secs_f64() / keys * 1e6;
        let mut at_target = target.client()?;
        let moved = at_target.ask(&["DBSIZE"])?;
        ensure!(moved == Reply::Integer(self.keys as i64), "{moved:?} of {keys} keys have moved");
        at_target.ask(&["FLUSHALL"])?;
        Ok([keys / seconds / 1e3, spent(0), spent(1)])
    }

    /// The MIGRATE of the keys from the one with the number `first` on.
    fn request(&self, port: u16, first: usize) -> BytesMut {
        let port = port.to_string();
        let alone = if self.batch == 1 { key(first) } else { String::new() };
        let mut args: Vec<String> =
            ["MIGRATE", "127.0.0.1", &port, &alone, "0", IDLE_TIMEOUT_MS].map(String::from).into();
        if self.batch > 1 {
            args.push("KEYS".to_owned());
            args.extend((first..first + self.batch).map(key));
        }
        let mut out = BytesMut::new();
        encode::request(&mut out, &args);
        out
    }
}

fn key(number: usize) -> String {
    format!("key:{number:012}")
}

const WAYS: [Way; 5] = [
    Way { name: "one", keys: 10_000, batch: 1, depth: 1, wanted: Wanted::Ratio(1.2) },
    Way { name: "one, 16 deep", keys: 20_000, batch: 1, depth: 16, wanted: Wanted::Nothing },
    Way { name: "one, 64 deep", keys: 20_000, batch: 1, depth: 64, wanted: Wanted::Nothing },
    Way { name: "100 a call", keys: 200_000, batch: 100, depth: 1, wanted: Wanted::Nothing },
    Way { name: "1000 a call", keys: 300_000, batch: 1000, depth: 1, wanted: Wanted::Ratio(2.0) },
];

const VALUE_BYTES: usize = 100;
