//! Times candidates side by side with criterion, and prints how many times longer each peer takes.

use std::{cell::RefCell, time::Duration};

use criterion::Criterion;

/// One job and the candidates that do it.
pub(crate) struct Comparison<'a> {
    criterion: &'a mut Criterion,
    job: &'static str,
    /// Name and median time per round of each candidate.
    results: Vec<(&'static str, f64)>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(criterion: &'a mut Criterion, job: &'static str) -> Self {
        Self { criterion, job, results: Vec::new() }
    }

    /// Measures `rounds`, which does the job as many times as it is told and returns how long that
    /// took, what is not part of the job left out.
    pub(crate) fn candidate(
        &mut self,
        name: &'static str,
        mut rounds: impl FnMut(u64) -> Duration,
    ) -> &mut Self {
        let samples = RefCell::new(Vec::new());
        self.criterion.bench_function(&format!("{}/{name}", self.job), |bencher| {
            bencher.iter_custom(|count| {
                let elapsed = rounds(count);
                samples.borrow_mut().push(elapsed.as_secs_f64() * 1e9 / count as f64);
                elapsed
            });
        });
        let mut samples = samples.into_inner();
        samples.sort_by(f64::total_cmp);
        if let Some(median) = samples.get(samples.len() / 2) {
            self.results.push((name, *median));
        }
        self
    }

    /// Prints the results, of which the first is ours; a round is `units` of something.
    pub(crate) fn report(&self, units: f64, unit: &str) {
        let Some((_, ours)) = self.results.first() else { return };
        println!("\n{} (ns per {unit}, times as long as the first)", self.job);
        for (name, time) in &self.results {
            println!("  {name:<44} {:>12.2} {:>8.2}", time / units, time / ours);
        }
        println!();
    }
}

/// Times `count` calls of `job`.
pub(crate) fn timed<T>(count: u64, mut job: impl FnMut() -> T) -> Duration {
    let start = std::time::Instant::now();
    for _ in 0..count {
        std::hint::black_box(job());
    }
    start.elapsed()
}
