use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use criterion::Criterion;
use resp::{Frame, ReplyDecoder, ReplyLimits, encode};

use crate::measure::{Comparison, timed};

/// An array of 1,000,000 bulk strings of 8 bytes.
pub(crate) fn flat_array(criterion: &mut Criterion) {
    const ELEMENTS: usize = 1_000_000;
    let mut input = BytesMut::new();
    encode::array_header(&mut input, ELEMENTS);
    for i in 0..ELEMENTS {
        encode::bulk(&mut input, format!("{i:08}").as_bytes());
    }
    let input = input.freeze();
    let mut comparison = Comparison::new(criterion, "array of 1,000,000 short bulk strings");
    ours(&mut comparison, &input);
    comparison
        .candidate("redis-protocol 6, resp2 decode_range", |count| {
            timed(count, || redis_protocol::resp2::decode::decode_range(&input).unwrap().unwrap())
        })
        .candidate("redis-protocol 6, resp2 decode_bytes", |count| {
            timed(count, || redis_protocol::resp2::decode::decode_bytes(&input).unwrap().unwrap())
        })
        .candidate("redust-resp 0.3, borrowed Data", |count| {
            timed(count, || redust_resp::from_bytes::<redust_resp::Data>(&input).unwrap())
        })
        .candidate("redis 1.8, parse_redis_value", |count| {
            timed(count, || redis::parse_redis_value(&input).unwrap())
        })
        .report(ELEMENTS as f64, "element");
}

/// Maps of ten pairs in maps of ten pairs, four levels of them: 11,111 maps.
pub(crate) fn nested_maps(criterion: &mut Criterion) {
    let mut input = BytesMut::new();
    let values = nest(&mut input, 4) as f64;
    let input = input.freeze();
    let mut comparison = Comparison::new(criterion, "nested RESP3 maps");
    ours(&mut comparison, &input);
    comparison
        .candidate("redis-protocol 6, resp3 decode_range", |count| {
            timed(count, || {
                redis_protocol::resp3::decode::complete::decode_range(&input).unwrap().unwrap()
            })
        })
        .candidate("redis-protocol 6, resp3 decode_bytes", |count| {
            timed(count, || {
                redis_protocol::resp3::decode::complete::decode_bytes(&input).unwrap().unwrap()
            })
        })
        .candidate("redis 1.8, parse_redis_value", |count| {
            timed(count, || redis::parse_redis_value(&input).unwrap())
        })
        .report(values, "value");
}

/// Returns how many values it wrote.
fn nest(out: &mut BytesMut, levels: usize) -> usize {
    if levels == 0 {
        encode::integer(out, 42);
        return 1;
    }
    encode::map_header(out, 10);
    let mut values = 1;
    for i in 0..10 {
        encode::simple_string(out, format!("field-{i}").as_bytes());
        values += 1 + nest(out, levels - 1);
    }
    values
}

fn ours(comparison: &mut Comparison<'_>, input: &Bytes) {
    comparison
        .candidate("keyferry-resp, Frame", |count| {
            decode(input, count, |decoder| {
                let frame = decoder.decode_frame().unwrap().expect("all of it has come");
                assert!(matches!(black_box(frame), Frame::Array(_) | Frame::Map(_)));
            })
        })
        .candidate("keyferry-resp, Reply", |count| {
            decode(input, count, |decoder| {
                black_box(decoder.decode().unwrap().expect("all of it has come"));
            })
        });
}

/// Times `job` on a decoder that has read all of `input`, and that has done the same before.
fn decode(input: &[u8], count: u64, mut job: impl FnMut(&mut ReplyDecoder)) -> Duration {
    let mut decoder = ReplyDecoder::new(ReplyLimits::default());
    let mut elapsed = Duration::ZERO;
    for round in 0..=count {
        let mut rest = input;
        while !rest.is_empty() {
            let space = decoder.read_space();
            let n = space.len().min(rest.len());
            space[..n].copy_from_slice(&rest[..n]);
            decoder.commit(n);
            rest = &rest[n..];
        }
        let start = Instant::now();
        job(&mut decoder);
        if round > 0 {
            elapsed += start.elapsed();
        }
    }
    elapsed
}
