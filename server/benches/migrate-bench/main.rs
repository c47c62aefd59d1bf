//! MIGRATE between two servers on loopback, keyferry beside Redis 7.0.15, Redis 8.2.3 and Valkey
//! 9.1.2: large values and what they do to everybody else, small keys per second, and many large keys
//! at once.
//!
//! ```text
//! scripts/peers
//! cargo bench -p keyferry --bench migrate-bench -- [big] [small] [many] [OPTIONS]
//! ```
//!
//! The servers take turns, round by round, so that a busy machine disturbs all alike, and every
//! figure is the median of its rounds: what is reached in two rounds of three is reached. A ratio is
//! keyferry's figure over that of the best peer. A figure that is missed is told, and is no failure.

mod big;
mod load;
mod many;
mod small;
mod values;

#[path = "../common/background.rs"]
mod background;
#[path = "../common/client.rs"]
#[expect(dead_code, reason = "the measurements of DUMP and RESTORE need more of it")]
mod client;
#[path = "../common/fleet.rs"]
#[expect(dead_code, reason = "the other measurements need more of it")]
mod fleet;
#[path = "../common/probe.rs"]
mod probe;
#[path = "../common/report.rs"]
mod report;
#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests need more of it than the measurements")]
mod support;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Measures MIGRATE between two keyferry, between two of each peer, and from keyferry to each peer.
#[derive(Parser)]
struct Options {
    /// What to measure; all of it by default.
    measurements: Vec<Measurement>,
    /// How often each pair of servers is measured.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The peers that keyferry is compared with; all by default.
    #[arg(long, value_delimiter = ',', num_args = 1..)]
    peers: Vec<PeerName>,
    /// The large values that are moved; all by default.
    #[arg(long, value_delimiter = ',', num_args = 1..)]
    values: Vec<big::Shape>,
    /// Size of each of the many large keys, in MB (10^6 bytes).
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// MB that the source of the many large keys may send in a second; 0 for no limit.
    #[arg(long, default_value_t = 0)]
    rate: usize,
    /// The mark of `cargo bench`. Without it nothing is measured.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Measurement {
    Big,
    Small,
    Many,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum PeerName {
    #[value(name = "redis-7.0")]
    Redis70,
    #[value(name = "redis-8.2")]
    Redis82,
    #[value(name = "valkey-9.1")]
    Valkey91,
}

impl PeerName {
    /// Its place among the contenders.
    fn index(self) -> usize {
        1 + self as usize
    }
}

fn main() -> ExitCode {
    // `cargo test --benches` has options of its own, and wants no measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let options = Options::parse();
    assert!(options.bench && options.rounds > 0, "there is something to measure");
    println!("{}, {} rounds", report::conditions(), options.rounds);
    let peers: Vec<usize> = chosen_or_all(&options.peers).iter().map(|peer| peer.index()).collect();
    let mut status = ExitCode::SUCCESS;
    for measurement in chosen_or_all(&options.measurements) {
        let result = match measurement {
            Measurement::Big => {
                big::measure(options.rounds, &peers, chosen_or_all(&options.values))
            }
            Measurement::Small => small::measure(options.rounds, &peers),
            Measurement::Many => {
                many::measure(options.rounds, options.size * MEGA, options.rate * MEGA)
            }
        };
        if let Err(error) = result {
            eprintln!("{measurement:?} cannot be measured: {error:#}");
            status = ExitCode::FAILURE;
        }
    }
    status
}

fn chosen_or_all<T: ValueEnum>(chosen: &[T]) -> &[T] {
    if chosen.is_empty() { T::value_variants() } else { chosen }
}

const MEGA: usize = 1_000_000;
