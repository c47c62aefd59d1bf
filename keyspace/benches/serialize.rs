//! Values to payloads and back, stage by stage: the events of a value, those encoded (DUMP), a
//! payload decoded into events, those built into a value (RESTORE).
//!
//! The numbers are CPU time of the thread for each element: a field of a hash, a member of a set.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use keyspace::{FieldExpiry, Hash, Set, Thresholds, Value, ValueBuilder};
use rdb_format::payload::{self, PayloadDecoder};
use rdb_format::{DecodeLimits, EncodeOptions, Event, EventSource, Target};
use rustix::time::{ClockId, clock_gettime};

const NOW_MS: i64 = 1_700_000_000_000;
const THRESHOLDS: fn() -> Thresholds = Thresholds::default;

fn hash(fields: usize, with_ttls: bool) -> Value {
    let mut noise = Noise(1);
    let mut hash = Hash::new();
    for nth in 0..fields {
        let name = format!("field-{nth}");
        hash.set(name.as_bytes(), &noise.text(20), FieldExpiry::Clear, &THRESHOLDS(), NOW_MS);
        if with_ttls {
            hash.set_expiry(name.as_bytes(), Some(NOW_MS + nth as i64), NOW_MS);
        }
    }
    hash.into()
}

fn set(members: usize, integers: bool) -> Value {
    let mut noise = Noise(2);
    let mut set = Set::new();
    for nth in 0..members {
        let member = if integers { nth.to_string().into_bytes() } else { noise.text(16) };
        set.add(&member, &THRESHOLDS());
    }
    set.into()
}

fn dump(value: &Value) -> Bytes {
    let events = value.view().events(NOW_MS);
    payload::encode_events(events, &Target::KEYFERRY, EncodeOptions::default())
        .expect("it can be told")
}

fn decode(payload: &Bytes, mut take: impl FnMut(Event)) {
    let mut decoder = PayloadDecoder::new(payload.len() as u64, DecodeLimits::default())
        .expect("there is room for a footer");
    decoder.push(payload.clone()).expect("no more than announced");
    while let Some(event) = decoder.poll_event() {
        take(event);
    }
    decoder.finish().expect("it is ours");
}

fn restore(payload: &Bytes) -> Value {
    let mut builder = ValueBuilder::new(THRESHOLDS());
    decode(payload, |event| builder.push(event));
    builder.finish().expect("the events end")
}

fn stages(criterion: &mut Criterion) {
    for (name, elements, value) in [
        ("hash-16", 16, hash(16, false)),
        ("hash-16-ttl", 16, hash(16, true)),
        ("hash-10000", 10_000, hash(10_000, false)),
        ("hash-10000-ttl", 10_000, hash(10_000, true)),
        ("set-16", 16, set(16, false)),
        ("intset-512", 512, set(512, true)),
        ("set-10000", 10_000, set(10_000, false)),
    ] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(elements));
        let payload = dump(&value);
        assert_eq!(restore(&payload), value);
        let mut stage = |name: &str, run: &dyn Fn()| {
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter_custom(|count| {
                    let start = on_cpu();
                    (0..count).for_each(|_| run());
                    on_cpu() - start
                });
            });
        };
        stage("events", &|| {
            let mut events = black_box(&value).view().events(NOW_MS);
            while let Ok(Some(event)) = events.next_event() {
                black_box(event);
            }
        });
        stage("dump", &|| drop(black_box(dump(black_box(&value)))));
        stage("decode", &|| decode(black_box(&payload), |event| drop(black_box(event))));
        stage("restore", &|| drop(black_box(restore(black_box(&payload)))));
        group.finish();
    }
}

/// How long this thread has been on a CPU.
fn on_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A fixed sequence (xorshift64).
struct Noise(u64);

impl Noise {
    fn text(&mut self, len: usize) -> Vec<u8> {
        let letters = std::iter::repeat_with(|| {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            b'a' + (self.0 >> 32) as u8 % 26
        });
        letters.take(len).collect()
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
