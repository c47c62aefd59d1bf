//! What sorted sets and lists take: members and elements one by one, and whole values to and from
//! the payloads of DUMP and RESTORE. Times are CPU time of the thread for all that a name says.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use keyspace::{List, ListEnd, ScoreBound, ScoreRange, SortedSet, Thresholds, Value, ValueBuilder};
use rdb_format::{DecodeLimits, EncodeOptions, Target, payload};
use rustix::time::{ClockId, clock_gettime};

/// Time in which the thread ran, whatever else the machine does.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    fn end(&self, start: Duration) -> Duration {
        self.start().saturating_sub(start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, time: &Duration) -> f64 {
        time.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn thresholds() -> Thresholds {
    Thresholds::default()
}

/// So many names and scores in no order.
fn members(len: u32) -> Vec<(String, f64)> {
    (0..len)
        .map(|number| {
            let mixed = number.wrapping_mul(0x9e37_79b1) % len.next_power_of_two();
            (format!("member:{mixed:010}"), f64::from(mixed) / 4.0)
        })
        .collect()
}

fn sorted_set(len: u32) -> SortedSet {
    let mut set = SortedSet::new();
    for (name, score) in members(len) {
        set.insert(name.as_bytes(), score, &thresholds());
    }
    set
}

fn dump(value: &Value) -> Bytes {
    payload::encode_events(value.view().events(0), &Target::KEYFERRY, EncodeOptions::default())
        .expect("every target has this type")
}

fn restore(payload: &Bytes) -> Value {
    let mut builder = ValueBuilder::new(thresholds());
    payload::decode_events(payload.clone(), DecodeLimits::default(), &mut builder)
        .expect("the payload is sound");
    builder.finish().expect("the value is complete")
}

fn serialization(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("serialization");
    for len in [100, 512, 100_000] {
        let value = Value::from(sorted_set(len));
        let payload = dump(&value);
        group.throughput(Throughput::Elements(len.into()));
        group.bench_function(format!("dump/sorted set of {len}"), |bencher| {
            bencher.iter(|| dump(black_box(&value)));
        });
        group.bench_function(format!("restore/sorted set of {len}"), |bencher| {
            bencher.iter_with_large_drop(|| restore(black_box(&payload)));
        });
    }
    for len in [100, 100_000_u32] {
        let value = Value::from(list(len));
        let payload = dump(&value);
        group.throughput(Throughput::Elements(len.into()));
        group.bench_function(format!("dump/list of {len}"), |bencher| {
            bencher.iter(|| dump(black_box(&value)));
        });
        group.bench_function(format!("restore/list of {len}"), |bencher| {
            bencher.iter_with_large_drop(|| restore(black_box(&payload)));
        });
    }
    group.finish();
}

fn sorted_sets(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("sorted set");
    for len in [100_u32, 100_000] {
        let members = members(len);
        let set = sorted_set(len);
        group.throughput(Throughput::Elements(len.into()));
        group.bench_function(format!("add/{len}"), |bencher| {
            bencher.iter_with_large_drop(|| sorted_set(len));
        });
        group.bench_function(format!("remove/{len}"), |bencher| {
            bencher.iter_batched(
                || sorted_set(len),
                |mut set| {
                    members.iter().for_each(|(name, _)| {
                        black_box(set.remove(name.as_bytes()));
                    });
                    set
                },
                BatchSize::PerIteration,
            );
        });
        group.bench_function(format!("score/{len}"), |bencher| {
            let view = set.view();
            bencher.iter(|| {
                members
                    .iter()
                    .map(|(name, _)| view.score(name.as_bytes()).unwrap_or(0.0))
                    .sum::<f64>()
            });
        });
        group.bench_function(format!("rank/{len}"), |bencher| {
            let view = set.view();
            bencher.iter(|| {
                members
                    .iter()
                    .filter_map(|(name, _)| view.rank(name.as_bytes()))
                    .map(|it| it.0)
                    .sum::<usize>()
            });
        });
        group.bench_function(format!("ten by score/{len}"), |bencher| {
            let view = set.view();
            bencher.iter(|| {
                let found = members.iter().map(|&(_, score)| {
                    let bound = |score| ScoreBound { score, exclusive: false };
                    let range = ScoreRange { min: bound(score), max: bound(f64::INFINITY) };
                    let start = view.ranks_by_score(&range).start;
                    view.iter_from(start).take(10).count()
                });
                found.sum::<usize>()
            });
        });
    }
    group.finish();
}

fn list(len: u32) -> List {
    let mut list = List::new();
    for number in 0..len {
        list.push(ListEnd::Tail, [format!("element:{number:08}").as_bytes()], &thresholds());
    }
    list
}

fn lists(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("list");
    for len in [100_u32, 100_000] {
        let list_of = list(len);
        group.throughput(Throughput::Elements(len.into()));
        group.bench_function(format!("push/{len}"), |bencher| {
            bencher.iter_with_large_drop(|| list(len));
        });
        group.bench_function(format!("index/{len}"), |bencher| {
            let view = list_of.view();
            bencher.iter(|| {
                let indexes = (0..len as usize).map(|number| number * 7919 % len as usize);
                indexes.filter_map(|index| view.get(index)).count()
            });
        });
        group.bench_function(format!("pop/{len}"), |bencher| {
            bencher.iter_batched(
                || list_of.clone(),
                |mut list| {
                    (0..len).for_each(|_| list.remove_range(0..1, &thresholds()));
                    list
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .with_measurement(CpuTime)
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_secs(1))
        .sample_size(20);
    targets = serialization, sorted_sets, lists
}
criterion_main!(benches);
