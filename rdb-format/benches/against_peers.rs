//! Each part beside the best known alternative, or beside the copy that it cannot beat.
//!
//! criterion measures both sides of a pair; the line `ratio` then runs them in turns, which a busy
//! machine disturbs alike, and prints the median and the quartiles of theirs / ours: above 1 ours is
//! faster.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use rdb_format::{
    DecodeLimits, StringValue, Target, Value, crc64, lzf,
    payload::{PayloadEncoder, decode, encode},
};

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .without_plots()
        .configure_from_args();
    for pair in pairs() {
        pair.run(&mut criterion);
    }
    criterion.final_summary();
}

fn pairs() -> Vec<Pair> {
    let mut pairs = Vec::new();
    for len in [16, 64, 128, 1 << 10, 64 << 10, 1 << 20] {
        pairs.push(crc64_pair(len));
    }
    for (kind, text) in [("words", words as fn(usize) -> Vec<u8>), ("noise", noise)] {
        for len in [100, 4 << 10, 64 << 10] {
            pairs.push(compress_pair(kind, text(len)));
        }
    }
    for len in [100, 4 << 10, 64 << 10] {
        pairs.push(decompress_pair(words(len)));
    }
    for len in [100, 1 << 20] {
        pairs.push(encode_pair(noise(len)));
        pairs.push(decode_pair(noise(len)));
    }
    pairs
}

fn crc64_pair(len: usize) -> Pair {
    let input = noise(len);
    let theirs = input.clone();
    Pair {
        name: format!("crc64/{len}"),
        bytes: len,
        ours: Box::new(move || {
            black_box(crc64::checksum(black_box(&input)));
        }),
        peer: "crc64 2.0",
        theirs: Box::new(move || {
            black_box(::crc64::crc64(0, black_box(&theirs)));
        }),
    }
}

fn compress_pair(kind: &str, text: Vec<u8>) -> Pair {
    let theirs = text.clone();
    let (mut out, mut their_out) = (Vec::new(), vec![0; text.len() * 2]);
    Pair {
        name: format!("compress/{kind}/{}", text.len()),
        bytes: text.len(),
        ours: Box::new(move || {
            out.clear();
            black_box(lzf::compress(black_box(&text), &mut out));
        }),
        peer: "lzf-rust 0.1",
        theirs: Box::new(move || {
            // Too little room is its way to say that it did not get shorter.
            black_box(lzf_rust::compress(black_box(&theirs), &mut their_out)).ok();
        }),
    }
}

fn decompress_pair(text: Vec<u8>) -> Pair {
    let mut stream = Vec::new();
    assert!(lzf::compress(&text, &mut stream), "words compress");
    let theirs = stream.clone();
    let len = text.len();
    Pair {
        name: format!("decompress/words/{len}"),
        bytes: len,
        ours: Box::new(move || {
            black_box(lzf::decompress(black_box(&stream), len as u64)).expect("it is ours");
        }),
        peer: "lzf-rust 0.1",
        theirs: Box::new(move || {
            black_box(lzf_rust::decompress_into_vec(black_box(&theirs), len)).expect("it is ours");
        }),
    }
}

/// In slices of 64 KiB, as a session sends them.
fn encode_pair(text: Vec<u8>) -> Pair {
    let (theirs, mut copy) = (text.clone(), vec![0; text.len()]);
    let len = text.len();
    let value = Value::String(StringValue::Raw(text.into()));
    Pair {
        name: format!("encode/noise/{len}"),
        bytes: len,
        ours: Box::new(move || {
            let value = black_box(value.clone());
            let mut encoder = PayloadEncoder::new(value, &Target::KEYFERRY).expect("a string");
            while let Ok(Some(slice)) = encoder.next_slice(64 << 10) {
                black_box(slice);
            }
        }),
        peer: "memcpy",
        theirs: Box::new(move || black_box(&mut copy).copy_from_slice(black_box(&theirs))),
    }
}

fn decode_pair(text: Vec<u8>) -> Pair {
    let (theirs, mut copy) = (text.clone(), vec![0; text.len()]);
    let len = text.len();
    let value = Value::String(StringValue::Raw(Bytes::from(text)));
    let payload = encode(&value, &Target::KEYFERRY).expect("a string");
    Pair {
        name: format!("decode/noise/{len}"),
        bytes: len,
        ours: Box::new(move || {
            let payload = black_box(payload.clone());
            black_box(decode(payload, DecodeLimits::default())).expect("it is ours");
        }),
        peer: "memcpy",
        theirs: Box::new(move || black_box(&mut copy).copy_from_slice(black_box(&theirs))),
    }
}

struct Pair {
    name: String,
    bytes: usize,
    ours: Box<dyn FnMut()>,
    peer: &'static str,
    theirs: Box<dyn FnMut()>,
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

const ROUNDS: usize = 41;
const ROUND_BYTES: usize = 1 << 20;

fn time(times: usize, run: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        run();
    }
    start.elapsed().as_secs_f64()
}

fn words(len: usize) -> Vec<u8> {
    let words = ["ferry", "key", "slot", "restore", "dump", "replica", "shard", "expire"];
    noise(len)
        .into_iter()
        .flat_map(|byte| [words[usize::from(byte) % words.len()], " "])
        .flat_map(str::bytes)
        .take(len)
        .collect()
}

/// A fixed sequence that does not compress (xorshift64).
fn noise(len: usize) -> Vec<u8> {
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
