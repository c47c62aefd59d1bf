//! Runs each part beside the best known alternative, or beside the copy that it cannot beat.
//!
//! criterion measures both sides of a pair; the line `ratio` then runs them in turns, which a busy
//! machine disturbs alike, and prints the median and the quartiles of theirs / ours: above 1 ours is
//! faster.
#![allow(dead_code, unreachable_pub, reason = "shared by benchmarks that each use a part of it")]

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};

pub fn run(pairs: impl IntoIterator<Item = Pair>) {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .without_plots()
        .configure_from_args();
    for pair in pairs {
        pair.run(&mut criterion);
    }
    criterion.final_summary();
}

/// Something of ours and what a peer has for it.
pub struct Pair {
    pub name: String,
    pub bytes: usize,
    pub ours: Box<dyn FnMut()>,
    pub peer: &'static str,
    pub theirs: Box<dyn FnMut()>,
}

impl Pair {
    fn run(mut self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group(&self.name);
        group.throughput(Throughput::Bytes(self.bytes as u64));
        group.bench_function("ours", |bencher| bencher.iter(&mut self.ours));
        group.bench_function(self.peer, |bencher| bencher.iter(&mut self.theirs));
        group.finish();

        let mut ratios: Vec<f64> = (0..ROUNDS).map(|_| self.round()).collect();
        ratios.sort_by(f64::total_cmp);
        let [low, median, high] = [1, 2, 3].map(|quarter| ratios[ROUNDS * quarter / 4]);
        println!("ratio {} {}: {median:.2} ({low:.2} to {high:.2})", self.name, self.peer);
    }

    fn round(&mut self) -> f64 {
        let times = (ROUND_BYTES / self.bytes).clamp(1, 2000);
        let ours = time(times, &mut self.ours);
        time(times, &mut self.theirs) / ours
    }
}

const ROUNDS: usize = 101;

/// Little enough that most rounds are not interrupted.
const ROUND_BYTES: usize = 256 << 10;

fn time(times: usize, run: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        run();
    }
    start.elapsed().as_secs_f64()
}

pub fn words(len: usize) -> Vec<u8> {
    let words = ["ferry", "key", "slot", "restore", "dump", "replica", "shard", "expire"];
    noise(len)
        .into_iter()
        .flat_map(|byte| [words[usize::from(byte) % words.len()], " "])
        .flat_map(str::bytes)
        .take(len)
        .collect()
}

/// A fixed sequence that does not compress (xorshift64).
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(len)
    .collect()
}
