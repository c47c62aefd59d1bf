//! Many large keys at once, from one keyferry to two others: memory of the source, and how long others
//! wait.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use resp::Reply;

use super::big::{IDLE_TIMEOUT_MS, KEYFERRY, PROBE, PROBE_PERIOD, mib, ms};
use super::fleet::{self, Contender};
use super::probe::{self, Waits};
use super::report::{self, Better, Row, Wanted};
use super::values::noise;

/// `bytes_per_second` is what the source may send, 0 for no limit.
pub(crate) fn measure(rounds: usize, bytes: usize, bytes_per_second: usize) -> anyhow::Result<()> {
    let row = |name: &str, wanted| Row::new(name, Better::Low, wanted);
    let mut rows = [
        row("all MIGRATEs, ms", Wanted::Nothing),
        row("source: memory growth, MiB", Wanted::Figure(80.0)),
        row("source: longest wait, ms", Wanted::Figure(10.0)),
        row("source: of it not for a CPU", Wanted::Nothing),
        row("targets: longest wait, ms", Wanted::Figure(10.0)),
        row("targets: of it not for a CPU", Wanted::Nothing),
        row("targets: memory over the keys, MiB", Wanted::Nothing),
        row("machine: longest pause, ms", Wanted::Nothing),
    ];
    for _ in 0..rounds {
        let figures = run(bytes, bytes_per_second)?;
        rows.iter_mut().zip(figures).for_each(|(row, figure)| row.push(KEYFERRY, figure));
    }
    let limit = match bytes_per_second {
        0 => String::new(),
        limit => format!(", at most {limit} bytes a second"),
    };
    report::print_head(&format!(
        "{KEYS} MIGRATEs of {bytes} bytes at once, keyferry to 2 keyferry{limit}"
    ));
    rows.iter().for_each(Row::print);
    Ok(())
}

/// The figures in the order of the rows.
fn run(bytes: usize, bytes_per_second: usize) -> anyhow::Result<[f64; 8]> {
    let source = fleet::start_one(KEYFERRY)?;
    let targets = [fleet::start_one(KEYFERRY)?, fleet::start_one(KEYFERRY)?];
    let key = |number: usize| format!("large:{number}");
    let mut client = source.client()?;
    let limit = bytes_per_second.to_string();
    let limited = client.ask(&["CONFIG", "SET", "migrate-max-bytes-per-second", &limit])?;
    ensure!(matches!(limited, Reply::Simple(_)), "CONFIG SET answers {limited:?}");
    client.ask(&[&b"SET"[..], key(0).as_bytes(), &noise(1, bytes)])?;
    for number in 1..KEYS {
        client.ask(&["COPY", &key(0), &key(number)])?;
    }
    let mut callers = Vec::new();
    for _ in 0..KEYS {
        callers.push(source.client()?);
    }
    thread::sleep(SETTLE);

    let servers = || [&source].into_iter().chain(&targets);
    let source_before = source.resident_bytes();
    servers().for_each(Contender::reset_peak);
    let mut probes = Vec::new();
    for server in servers() {
        probes.push(probe::start(server, PROBE, PROBE_PERIOD)?);
    }
    let start = Instant::now();
    for (number, caller) in callers.iter_mut().enumerate() {
        let port = targets[number % targets.len()].port().to_string();
        caller.send(&["MIGRATE", "127.0.0.1", &port, &key(number), "0", IDLE_TIMEOUT_MS])?;
    }
    for caller in &mut callers {
        let reply = caller.reply()?;
        ensure!(matches!(&reply, Reply::Simple(text) if text == "OK"), "MIGRATE answers {reply:?}");
    }
    let wall = start.elapsed();
    thread::sleep(SETTLE);
    let grown = source.peak_resident_bytes().saturating_sub(source_before);
    let over_keys =
        targets.each_ref().map(|target| target.peak_resident_bytes() - target.resident_bytes());
    let mut waits = Vec::new();
    for probe in probes {
        waits.push(probe.finish()?);
    }
    let longest = |waits: &[Waits], of: fn(&Waits) -> Duration| {
        ms(waits.iter().map(of).max().unwrap_or_default())
    };
    Ok([
        ms(wall),
        mib(grown),
        longest(&waits[..1], |waits| waits.longest),
        longest(&waits[..1], |waits| waits.longest_served),
        longest(&waits[1..], |waits| waits.longest),
        longest(&waits[1..], |waits| waits.longest_served),
        mib(over_keys.into_iter().max().unwrap_or_default()),
        longest(&waits, |waits| waits.longest_pause),
    ])
}

const KEYS: usize = 64;

/// Until a server has given back what it does not need.
const SETTLE: Duration = Duration::from_millis(1500);
