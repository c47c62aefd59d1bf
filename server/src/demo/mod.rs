//! `keyferry demo`: moves many keys between two servers of its own while other clients go on using
//! both, and checks afterwards where every key is.

mod check;
mod client;
mod data;
mod probe;
mod report;
mod servers;
mod transfer;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use indicatif::{ProgressBar, ProgressStyle};

use self::client::Client;
use self::data::Dataset;
use self::probe::Probe;
use self::report::Report;
use self::servers::Server;
use crate::interrupt::Interrupt;

/// What is moved, and in what portions.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// How many keys to move
    #[arg(long, default_value_t = 100_000, value_parser = RangedU64ValueParser::<u64>::new().range(1..=100_000_000))]
    keys: u64,
    /// How many keys each MIGRATE names
    #[arg(long, default_value_t = 500, value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    batch: usize,
    /// What names, values and expiries are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the demonstration and prints what came of it.
///
/// # Errors
/// Something could not be done, or the check found a key in the wrong place or state.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let interrupt = Interrupt::watch()?;
    run_servers(options, &interrupt).map_err(|error| match interrupt.check() {
        // What failed did so because a signal has ended the servers as well.
        Err(interrupted) => interrupted,
        Ok(()) => error,
    })
}

fn run_servers(options: &Options, interrupt: &Interrupt) -> anyhow::Result<()> {
    let data = Dataset::new(options.keys, options.seed)?;
    let source = Server::start("source")?;
    let target = Server::start("target")?;

    let bar = progress_bar(&data, "filling the source");
    transfer::fill(&data, &source, &bar, interrupt)?;
    bar.finish_and_clear();

    let bar = progress_bar(&data, "moving");
    let probes = [Probe::start(&source)?, Probe::start(&target)?];
    let took = transfer::migrate(&data, &source, &target, options.batch, &bar, interrupt)?;
    let [source_waits, target_waits] = probes.map(Probe::finish);
    let (source_waits, target_waits) = (source_waits?, target_waits?);
    bar.finish_and_clear();

    let bar = progress_bar(&data, "checking");
    let (mut at_source, mut at_target) = (Client::connect(&source)?, Client::connect(&target)?);
    let mut findings = check::check(&data, &mut at_source, &mut at_target, |bytes| {
        bar.inc(bytes);
        interrupt.check()
    })?;
    findings.strays += check::strays(&mut at_source, findings.on_source(), source_waits.keys)?;
    findings.strays += check::strays(&mut at_target, findings.on_target(), target_waits.keys)?;
    bar.finish_and_clear();

    let report = Report { data: &data, took, source_waits, target_waits, findings };
    print!("{report}");
    anyhow::ensure!(report.findings.all_moved(), "the check failed");
    Ok(())
}

/// Counts the bytes of names and values; hidden where stderr is no terminal.
fn progress_bar(data: &Dataset, doing: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{msg:18} {wide_bar} {binary_bytes} of {binary_total_bytes} {elapsed}",
    )
    .expect("a template of known fields");
    ProgressBar::new(data.total_bytes()).with_style(style).with_message(doing)
}
