//! Values to payloads and back, stage by stage: the events of a value, those encoded (DUMP), a
//! payload decoded into events, those built into a value (RESTORE).
//!
//! The numbers are times per element: a field of a hash, a member of a set.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use keyspace::{FieldExpiry, Hash, Set, Thresholds, Value, ValueBuilder};
use rdb_format::payload::{self, PayloadDecoder};
use rdb_format::{DecodeLimits, Event, EventSource, Target};

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
    let events = value.view().events(THRESHOLDS(), NOW_MS);
    payload::encode_events(events, &Target::KEYFERRY).expect("it can be told")
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
        group.bench_function(BenchmarkId::from_parameter("events"), |bencher| {
            bencher.iter(|| {
                let mut events = black_box(&value).view().events(THRESHOLDS(), NOW_MS);
                while let Ok(Some(event)) = events.next_event() {
                    black_box(event);
                }
            });
        });
        group.bench_function(BenchmarkId::from_parameter("dump"), |bencher| {
            bencher.iter(|| dump(black_box(&value)));
        });
        group.bench_function(BenchmarkId::from_parameter("decode"), |bencher| {
            bencher.iter(|| decode(black_box(&payload), |event| drop(black_box(event))));
        });
        group.bench_function(BenchmarkId::from_parameter("restore"), |bencher| {
            bencher.iter_with_large_drop(|| restore(black_box(&payload)));
        });
        group.finish();
    }
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
