//! Collections to payloads and back.
//!
//! criterion measures both ways; the line `share` then runs the encoder or decoder, the CRC-64 and a
//! copy of the same bytes in turns, which a busy machine disturbs alike, and prints from the medians
//! of the time on a CPU what of it goes for those two, and how many times both together it takes.
//! Small packed values are encoded both ways that there are: as a whole, which is how a server dumps
//! them, and from their events in slices.

use std::{convert::Infallible, hint::black_box, time::Duration};

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use rdb_format::{
    DecodeLimits, EncodeOptions, Event, EventSource, FieldTtlPolicy, HashField, ScoredMember,
    Target, Thresholds, Value, WHOLE_BYTES_MAX, Whole, crc64,
    payload::{PayloadDecoder, PayloadMeasure, encode_whole},
};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .without_plots()
        .configure_from_args();
    let cases = [
        ("hash, 100 fields, packed", hash(100)),
        ("hash, 10,000 fields", hash(10_000)),
        ("sorted set, 100 members, packed", sorted_set(100)),
        ("sorted set, 10,000 members", sorted_set(10_000)),
        ("list, 100 elements, packed", list(100)),
        ("list, 1,000,000 elements, packed", list(1_000_000)),
    ];
    for (name, value) in cases {
        let events = Kept::new(&value);
        let mut payload = Vec::new();
        events.encode(|slice| payload.extend_from_slice(&slice));
        let payload = Bytes::from(payload);
        if let Some(whole) = events.whole() {
            let name = format!("encode as a whole/{name}");
            run(&mut criterion, &name, &payload, || encode(black_box(whole), payload.len()));
        }
        let encode = || events.encode(|slice| drop(black_box(slice)));
        let decode = || decode(black_box(&payload));
        run(&mut criterion, &format!("encode/{name}"), &payload, encode);
        run(&mut criterion, &format!("decode/{name}"), &payload, decode);
    }
    criterion.final_summary();
}

fn run(criterion: &mut Criterion, name: &str, payload: &Bytes, mut job: impl FnMut()) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(payload.len() as u64));
    group.bench_function("ours", |bencher| bencher.iter(&mut job));
    group.finish();

    let mut copy = vec![0; payload.len()];
    let mut times = [const { Vec::new() }; 3];
    let repeats = (ROUND_BYTES / payload.len()).max(1);
    for _ in 0..ROUNDS {
        times[0].push(time(repeats, &mut job));
        times[1].push(time(repeats, || {
            black_box(crc64::checksum(black_box(payload)));
        }));
        times[2].push(time(repeats, || black_box(&mut copy).copy_from_slice(black_box(payload))));
    }
    let [ours, crc, copy] = times.map(median);
    println!(
        "share {name}: {} bytes, {:.0} MB/s, CRC {:.0} %, copy {:.0} %, {:.2} times both",
        payload.len(),
        payload.len() as f64 / ours / 1e6,
        100.0 * crc / ours,
        100.0 * copy / ours,
        ours / (crc + copy),
    );
}

/// A value as a keyspace holds it that packs as servers do: what it tells is ready and shared.
#[derive(Clone)]
struct Kept<'a> {
    events: &'a [Event],
    next: usize,
}

impl Kept<'static> {
    fn new(value: &Value) -> Self {
        let mut source = value.clone().events(Thresholds::default());
        let mut events = Vec::new();
        while let Ok(Some(event)) = source.next_event() {
            events.push(event);
        }
        Self { events: events.leak(), next: 0 }
    }

    /// The value, if it is a small one that is one listpack.
    fn whole(&self) -> Option<Whole<'static>> {
        match self.events {
            [Event::Start(kind), Event::Listpack(listpack), Event::End] => {
                let blob = listpack.as_bytes();
                (blob.len() <= WHOLE_BYTES_MAX).then_some(Whole::Listpack(*kind, blob))
            }
            _ => None,
        }
    }

    /// Uncompressed, in slices of 64 KiB, as a session sends them.
    fn encode(&self, mut send: impl FnMut(Bytes)) {
        let mut measure =
            PayloadMeasure::new(black_box(self.clone()), &Target::KEYFERRY, UNCOMPRESSED);
        while !measure.advance(usize::MAX).expect("it is sound") {}
        let mut encoder = measure.finish().expect("it is sound");
        while let Ok(Some(slice)) = encoder.next_slice(SLICE_BYTES) {
            send(slice);
        }
    }
}

impl EventSource for Kept<'_> {
    type Error = Infallible;

    fn rewind(&mut self) -> Result<(), Infallible> {
        self.next = 0;
        Ok(())
    }

    fn next_event(&mut self) -> Result<Option<Event>, Infallible> {
        let event = self.events.get(self.next).cloned();
        self.next += 1;
        Ok(event)
    }
}

/// Uncompressed, into a new payload with about the right room.
fn encode(whole: Whole<'_>, len: usize) {
    let mut payload = Vec::with_capacity(len);
    assert!(encode_whole(whole, &Target::KEYFERRY, UNCOMPRESSED, &mut payload));
    black_box(payload);
}

/// Every event, from slices as a session receives them.
fn decode(payload: &Bytes) {
    let mut decoder = PayloadDecoder::new(payload.len() as u64, DecodeLimits::default())
        .expect("there is room for a footer");
    for piece in payload.chunks(SLICE_BYTES) {
        decoder.push(payload.slice_ref(piece)).expect("no more than announced");
        while let Some(event) = decoder.poll_event() {
            black_box(event);
        }
    }
    decoder.finish().expect("it is ours");
}

fn hash(fields: usize) -> Value {
    let mut noise = Noise(1);
    let field = |nth| HashField {
        field: format!("field-{nth}").into(),
        value: noise.text(20),
        expire_at_ms: None,
    };
    Value::Hash((0..fields).map(field).collect())
}

fn sorted_set(members: usize) -> Value {
    let mut noise = Noise(2);
    let member = |nth| ScoredMember { member: noise.text(16), score: f64::from(nth) * 1.5 };
    Value::SortedSet((0..members as u32).map(member).collect())
}

fn list(elements: usize) -> Value {
    let mut noise = Noise(3);
    Value::List((0..elements).map(|_| noise.text(10)).collect())
}

/// A fixed sequence (xorshift64).
struct Noise(u64);

impl Noise {
    fn text(&mut self, len: usize) -> Bytes {
        let letters = std::iter::repeat_with(|| {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            b'a' + (self.0 >> 32) as u8 % 26
        });
        letters.take(len).collect()
    }
}

fn time(repeats: usize, mut run: impl FnMut()) -> f64 {
    let start = on_cpu();
    for _ in 0..repeats {
        run();
    }
    (on_cpu() - start) / repeats as f64
}

/// Seconds that this thread has been on a CPU.
fn on_cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// LZF is measured apart.
const UNCOMPRESSED: EncodeOptions =
    EncodeOptions { compress: false, field_ttls: FieldTtlPolicy::Refuse };

const SLICE_BYTES: usize = 64 << 10;
const ROUNDS: usize = 41;
const ROUND_BYTES: usize = 1 << 20;
