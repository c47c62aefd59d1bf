//! GET and SET of 100 bytes under redis-benchmark: requests per second, and the time that the
//! server spends on a CPU for each, which is what counts where redis-benchmark is at its limit.

use anyhow::{Context as _, ensure};
use resp::encode;

use super::fleet::{self, Contender};
use super::report::{self, Better, Row, Wanted};
use super::support;

pub(crate) fn measure(rounds: usize) -> anyhow::Result<()> {
    let contenders = fleet::start()?;
    for contender in &contenders {
        fill(contender)?;
    }
    for load in [Load::SINGLE, Load::PIPELINED] {
        report::print_head(&format!(
            "redis-benchmark -c {CLIENTS} -P {} -d {VALUE_BYTES} -r {KEYS} -n {}",
            load.pipeline, load.requests
        ));
        for command in ["GET", "SET"] {
            let mut speed = Row::new(
                format!("{command}, 1000 requests/s"),
                Better::High,
                Wanted::Ratio(load.speed_wanted),
            );
            let mut cost =
                Row::new(format!("{command}, CPU ns/request"), Better::Low, Wanted::Ratio(0.8));
            for _ in 0..rounds {
                for (index, contender) in contenders.iter().enumerate() {
                    let before = contender.cpu_time();
                    speed.push(index, load.run(contender, command)? / 1e3);
                    let spent = contender.cpu_time() - before;
                    cost.push(index, spent.as_secs_f64() * 1e9 / load.requests as f64);
                }
            }
            speed.print();
            cost.print();
        }
    }
    Ok(())
}

/// One way of running redis-benchmark.
struct Load {
    pipeline: usize,
    requests: usize,
    speed_wanted: f64,
}

impl Load {
    const SINGLE: Self = Self { pipeline: 1, requests: 200_000, speed_wanted: 1.0 };
    const PIPELINED: Self = Self { pipeline: 64, requests: 3_000_000, speed_wanted: 1.2 };

    /// Requests per second.
    fn run(&self, contender: &Contender, command: &str) -> anyhow::Result<f64> {
        let mut benchmark = support::tool("redis-benchmark").context("redis-benchmark")?;
        let options = [
            ("-p", usize::from(contender.port())),
            ("-c", CLIENTS),
            ("-P", self.pipeline),
            ("-d", VALUE_BYTES),
            ("-r", KEYS),
            ("-n", self.requests),
        ];
        for (name, value) in options {
            benchmark.args([name, &value.to_string()]);
        }
        let output = benchmark.args(["-t", command, "--csv"]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "redis-benchmark has failed: {text}");
        // "test","rps",... and below that "GET","123456.78",...
        let speed = text.lines().last().and_then(|line| line.split(',').nth(1));
        let speed = speed.and_then(|speed| speed.trim_matches('"').parse().ok());
        speed.with_context(|| format!("redis-benchmark says {text}"))
    }
}

/// Sets every key that redis-benchmark draws from, so that each GET finds one.
fn fill(contender: &Contender) -> anyhow::Result<()> {
    let value = [b'x'; VALUE_BYTES];
    contender.client()?.pipeline(KEYS, 64, |out, number| {
        encode::request(out, &[b"SET", format!("key:{number:012}").as_bytes(), &value]);
    })
}

const CLIENTS: usize = 50;
const VALUE_BYTES: usize = 100;
const KEYS: usize = 100_000;
