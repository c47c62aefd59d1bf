//! keyferry beside Redis 7.0.15, Redis 8.2.3 and Valkey 9.1.2, on loopback: requests per second and
//! what one costs, memory per key, how long others wait for large values, DUMP and RESTORE, streams,
//! HyperLogLogs and places, and clients that wait.
//!
//! ```text
//! scripts/peers
//! cargo bench -p keyferry --bench against_peers -- [throughput] [memory] [large] [dump] \
//!     [streams] [estimates] [blocked] [OPTIONS]
//! ```
//!
//! A thousand clients that wait need `ulimit -n 4096`.
//!
//! The servers take turns, round by round, so that a busy machine disturbs all alike, and every
//! figure is the median of its rounds. A ratio is keyferry's figure over that of the best peer.

mod blocked;
mod dump;
mod estimates;
mod large;
mod memory;
mod streams;
mod throughput;
mod turns;

#[path = "../common/background.rs"]
mod background;
#[path = "../common/client.rs"]
mod client;
#[path = "../common/fleet.rs"]
#[expect(dead_code, reason = "the measurements of MIGRATE need more of it")]
mod fleet;
#[path = "../common/probe.rs"]
#[expect(dead_code, reason = "the measurements of MIGRATE need more of it")]
mod probe;
#[path = "../common/report.rs"]
#[expect(dead_code, reason = "the measurements of MIGRATE need more of it")]
mod report;
#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests need more of it than the measurements")]
mod support;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Measures keyferry beside the real peers.
#[derive(Parser)]
struct Options {
    /// What to measure; all of it by default.
    measurements: Vec<Measurement>,
    /// How often each server is measured.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Keys whose memory is measured.
    #[arg(long, default_value_t = 1_000_000)]
    keys: usize,
    /// Fields of the large hash.
    #[arg(long, default_value_t = 5_000_000)]
    fields: usize,
    /// Keys that are inserted while another client pings.
    #[arg(long, default_value_t = 10_000_000)]
    inserts: usize,
    /// The mark of `cargo bench`. Without it nothing is measured.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Measurement {
    Throughput,
    Memory,
    Large,
    Dump,
    Streams,
    Estimates,
    Blocked,
}

fn main() -> ExitCode {
    // `cargo test --benches` has options of its own, and wants no measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let options = Options::parse();
    assert!(options.bench && options.rounds > 0, "there is something to measure");
    println!("{}, {} rounds", report::conditions(), options.rounds);
    let measurements = match &options.measurements[..] {
        [] => Measurement::value_variants(),
        chosen => chosen,
    };
    let mut status = ExitCode::SUCCESS;
    for measurement in measurements {
        let result = match measurement {
            Measurement::Throughput => throughput::measure(options.rounds),
            Measurement::Memory => memory::measure(options.rounds, options.keys),
            Measurement::Large => large::measure(options.rounds, options.fields, options.inserts),
            Measurement::Dump => dump::measure(options.rounds),
            Measurement::Streams => streams::measure(options.rounds),
            Measurement::Estimates => estimates::measure(options.rounds),
            Measurement::Blocked => blocked::measure(options.rounds),
        };
        if let Err(error) = result {
            eprintln!("{measurement:?} cannot be measured: {error:#}");
            status = ExitCode::FAILURE;
        }
    }
    status
}
