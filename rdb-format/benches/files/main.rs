//! Whole files, beside the crate `rdb` and Redis itself.
//!
//! Every job is a process of its own and they take turns, so that a busy machine disturbs all alike
//! and none inherits the memory of another. A job's speed is that of its time on a CPU: on a machine
//! that has nothing else to do, the same as by the clock. The file is made once, by a real Redis.
//!
//! `KEYFERRY_BENCH_ROUNDS` is how often each job runs, 3 by default. If `KEYFERRY_BENCH_JSON` names a
//! binary of keyferry, its `rdb json` runs beside the formatter of `rdb`.

mod jobs;
mod made;
mod redis;

use std::{env, fs, path::Path, process::ExitCode, time::Duration};

use jobs::{Job, Measured};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [jobs::CHILD, name, file] = arguments[..] {
        jobs::run_here(name, Path::new(file));
        return ExitCode::SUCCESS;
    }
    // Built and started by `cargo test --benches`, which wants no measurement.
    if !arguments.contains(&"--bench") {
        return ExitCode::SUCCESS;
    }
    let Some(redis) = redis::Binaries::find() else {
        eprintln!("SKIPPED: no Redis 7.0 in the target folder; scripts/peers installs it");
        return ExitCode::SUCCESS;
    };
    let file = made::file(&redis);
    let jobs = Job::all(redis);
    let results = measure(&jobs, &file);
    report(&jobs, &results, &file);
    ExitCode::SUCCESS
}

/// The results of each job, in turns.
fn measure(jobs: &[Job], file: &Path) -> Vec<Vec<Measured>> {
    let rounds = env::var("KEYFERRY_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds: usize = rounds.unwrap_or(3).max(1);
    // The first reader would pay for the disk.
    fs::read(file).expect("the file was made");
    let mut results = vec![Vec::new(); jobs.len()];
    for round in 0..rounds {
        for (job, results) in jobs.iter().zip(&mut results) {
            if round == 0 || !job.slow {
                results.push(job.run(file));
            }
        }
    }
    results
}

fn report(jobs: &[Job], results: &[Vec<Measured>], file: &Path) {
    let bytes = fs::metadata(file).expect("the file was made").len() as f64;
    println!("file of {:.0} MB, {} rounds", bytes / 1e6, results[0].len());
    println!("{}", conditions());
    println!(
        "{:42} {:>6} {:>8} {:>6} {:>7} {:>7}",
        "", "MB/s", "by clock", "MiB", "ratio", "wanted"
    );
    let cpu = |index: usize| median(results[index].iter().map(|measured| measured.cpu));
    for (index, job) in jobs.iter().enumerate() {
        let clock = median(results[index].iter().map(|measured| measured.clock));
        let peak = results[index].iter().filter_map(|measured| measured.peak_mib).max();
        let peak = peak.map_or_else(|| "-".to_owned(), |mib| mib.to_string());
        let peer = job.beside.and_then(|name| jobs.iter().position(|job| job.name == name));
        let ratio = peer.map_or_else(String::new, |peer| {
            format!("{:.2}", cpu(peer).as_secs_f64() / cpu(index).as_secs_f64())
        });
        let wanted = job.wanted.map_or_else(String::new, |wanted| format!(">= {wanted}"));
        println!(
            "{:42} {:6.0} {:8.0} {peak:>6} {ratio:>7} {wanted:>7}",
            job.name,
            bytes / 1e6 / cpu(index).as_secs_f64(),
            bytes / 1e6 / clock.as_secs_f64(),
        );
    }
}

fn conditions() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("{}, {cores} cores, load {load}", model.map_or("unknown CPU", |(_, model)| model))
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}
