//! DUMP and RESTORE, pipelined, of values of four shapes: how many per second, and the time that the
//! server spends on a CPU for each. The values are those of Redis 7.0, as it dumps them.
//!
//! By default keyferry leaves small values uncompressed, which the others do not, and checks packed ones to
//! the last byte, as only Valkey does: what that makes of the difference is shown by lines in which all of
//! them do the same.

use std::time::Instant;

use anyhow::{bail, ensure};
use bytes::Bytes;
use resp::Reply;

use super::client::Client;
use super::fleet::{self, Contender};
use super::report::{self, Better, Row, Wanted};
use super::turns::{Batch, send_in_turns};

pub(crate) fn measure(rounds: usize) -> anyhow::Result<()> {
    let contenders = fleet::start()?;
    report::print_head("DUMP and RESTORE");
    for shape in &SHAPES {
        let payload = shape.payload(&mut contenders[REDIS_7_0].client()?)?;
        // Made once: a client that made each request anew would be what limits the servers.
        let restores = shape.batches("RESTORE", &[b"0", &payload, b"REPLACE"]);
        let dumps = shape.batches("DUMP", &[]);
        for (way, are_equal, batches) in [
            ("DUMP", false, &dumps),
            ("DUMP, all compress,", true, &dumps),
            ("RESTORE", false, &restores),
            ("RESTORE, all check,", true, &restores),
        ] {
            set(&contenders[..1], "dump-compression", if are_equal { "yes" } else { "auto" })?;
            set(
                &contenders[..VALKEY_9_1],
                "sanitize-dump-payload",
                if are_equal { "yes" } else { "no" },
            )?;
            let wanted = |ratio| if are_equal { Wanted::Nothing } else { Wanted::Ratio(ratio) };
            let row = |unit, better, wanted| {
                Row::new(format!("{way} {}, {unit}", shape.name), better, wanted)
            };
            let mut speed = row("1000/s", Better::High, wanted(1.5));
            let mut cost = row("CPU us", Better::Low, wanted(1.0 / 1.5));
            for _ in 0..rounds {
                for (index, contender) in contenders.iter().enumerate() {
                    let mut client = contender.client()?;
                    send_in_turns(&mut client, &restores, restores.len())?;
                    let (start, cpu_before) = (Instant::now(), contender.cpu_time());
                    send_in_turns(&mut client, batches, shape.count / shape.depth)?;
                    let count = (shape.count / shape.depth * shape.depth) as f64;
                    speed.push(index, count / start.elapsed().as_secs_f64() / 1e3);
                    let spent = contender.cpu_time() - cpu_before;
                    cost.push(index, spent.as_secs_f64() / count * 1e6);
                }
            }
            speed.print();
            cost.print();
        }
    }
    Ok(())
}

fn set(contenders: &[Contender], directive: &str, value: &str) -> anyhow::Result<()> {
    for contender in contenders {
        let answer = contender.client()?.ask(&["CONFIG", "SET", directive, value])?;
        ensure!(matches!(answer, Reply::Simple(_)), "CONFIG SET {directive} answers {answer:?}");
    }
    Ok(())
}

/// A value to dump.
struct Shape {
    name: &'static str,
    /// Makes the value in the key that is the second argument: the command and what follows the key.
    command: &'static str,
    elements: usize,
    element: fn(usize) -> Vec<String>,
    /// How many are dumped: about a second's worth.
    count: usize,
    /// Requests that are sent in one go: so many that what a server takes to fall asleep and to be
    /// woken, which is the same for all of them, is little beside its work.
    depth: usize,
}

impl Shape {
    fn payload(&self, client: &mut Client) -> anyhow::Result<Bytes> {
        let mut args = vec![self.command.to_owned(), "made".to_owned()];
        args.extend((0..self.elements).flat_map(self.element));
        client.ask(&["DEL", "made"])?;
        client.ask(&args)?;
        match client.ask(&["DUMP", "made"])? {
            Reply::Bulk(payload) => Ok(payload),
            other => bail!("DUMP answers {other:?}"),
        }
    }

    /// A request for each key, [`depth`](Self::depth) of them at a time: the command and what
    /// follows the key.
    fn batches(&self, command: &str, tail: &[&[u8]]) -> Vec<Batch> {
        let count = KEYS.max(self.depth);
        let keys: Vec<String> =
            (0..count).map(|number| format!("{}:{number}", self.name)).collect();
        let batches = keys.chunks(self.depth).map(|keys| {
            let mut batch = Batch::default();
            for key in keys {
                batch.push(&[&[command.as_bytes(), key.as_bytes()], tail].concat());
            }
            batch
        });
        batches.collect()
    }
}

const SHAPES: [Shape; 4] = [
    Shape {
        name: "string of 100",
        command: "SET",
        elements: 1,
        element: |_| vec![(0..100).map(|at| char::from(b' ' + at * 7 % 90)).collect()],
        count: 500_000,
        depth: 256,
    },
    Shape {
        name: "hash of 16",
        command: "HSET",
        elements: 16,
        element: |n| vec![format!("field{n:02}"), format!("value-{}", n * 7919)],
        count: 300_000,
        depth: 256,
    },
    // Both are past the limits up to which the originals pack them.
    Shape {
        name: "zset of 512",
        command: "ZADD",
        elements: 512,
        element: |n| vec![format!("{}.5", n * 7919 % 1000), format!("member-{n:06}")],
        count: 10_000,
        depth: 16,
    },
    Shape {
        name: "hash of 10000",
        command: "HSET",
        elements: 10_000,
        element: |n| vec![format!("field-{n:06}"), format!("value-{:010}", n * 7919)],
        count: 500,
        depth: 4,
    },
];

/// Keys that hold a copy each, or as many as are sent in one go.
const KEYS: usize = 64;

/// Their places among the contenders, of which keyferry is the first.
const REDIS_7_0: usize = 1;
const VALKEY_9_1: usize = 3;
