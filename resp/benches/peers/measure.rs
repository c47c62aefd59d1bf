//! Times candidates side by side with criterion, and prints how many times longer each peer takes.

use std::{cell::RefCell, time::Duration};

use criterion::Criterion;

/// One job and the candidates that do it.
pub(crate) struct Comparison<'a> {
    criterion: &'a mut Criterion,
    job: &'static str,
    /// Name of each candidate, and its fastest and its median time per round.
    results: Vec<(&'static str, f64, f64)>,
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
        if let [fastest, ..] = samples[..] {
            self.results.push((name, fastest, samples[samples.len() / 2]));
        }
        self
    }

    /// Prints the results, of which the first is ours; a round is `units` of something.
    ///
    /// The ratio is that of the fastest samples, which other load on the machine changes least.
    pub(crate) fn report(&self, units: f64, unit: &str) {
        let Some((_, ours, _)) = self.results.first() else { return };
        println!("\n{}: ns per {unit}, fastest and median, and ratio to the first", self.job);
        for (name, fastest, median) in &self.results {
            let (ratio, fastest, median) = (fastest / ours, fastest / units, median / units);
            println!("  {name:<46} {fastest:>10.2} {median:>10.2} {ratio:>8.2}");
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
