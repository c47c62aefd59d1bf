use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use criterion::Criterion;
use resp::{Request, RequestDecoder, RequestLimits};

use crate::measure::{Comparison, timed};

/// 10,000 `SET key:000000000000 <100 bytes>` in one go.
pub(crate) fn pipeline(criterion: &mut Criterion) {
    const REQUESTS: usize = 10_000;
    let mut input = BytesMut::new();
    for i in 0..REQUESTS {
        let key = format!("key:{i:012}");
        resp::encode::request(&mut input, &[b"SET", key.as_bytes(), &[b'x'; 100]]);
    }
    Comparison::new(criterion, "pipeline of 10,000 SETs")
        .candidate("keyferry-resp", |count| {
            let mut decoding = Duration::ZERO;
            for _ in 0..count {
                assert_eq!(pipeline_rounds(&input, &mut decoding), REQUESTS);
            }
            decoding
        })
        .candidate("keyferry-resp, copy into its buffer included", |count| {
            timed(count, || {
                let mut decoding = Duration::ZERO;
                assert_eq!(pipeline_rounds(&input, &mut decoding), REQUESTS);
            })
        })
        .candidate("redis-protocol 6, resp2 decode_range", |count| {
            timed(count, || {
                let mut rest = &input[..];
                while let Ok(Some((frame, len))) = redis_protocol::resp2::decode::decode_range(rest)
                {
                    black_box(frame);
                    rest = &rest[len..];
                }
                assert!(rest.is_empty());
            })
        })
        .candidate("redust-resp 0.3, borrowed Data", |count| {
            timed(count, || {
                let mut rest = &input[..];
                while !rest.is_empty() {
                    let (data, after) = redust_resp::from_bytes::<redust_resp::Data>(rest).unwrap();
                    black_box(data);
                    rest = after;
                }
            })
        })
        .candidate("redis-zero-protocol-parser 0.3, parse_server", |count| {
            timed(count, || {
                let mut rest = &input[..];
                while !rest.is_empty() {
                    let (after, args) = redis_zero_protocol_parser::parse_server(rest).unwrap();
                    black_box(args);
                    rest = after;
                }
            })
        })
        .candidate("redis 1.8, Parser::parse_value", |count| {
            timed(count, || {
                let mut parser = redis::Parser::new();
                let mut rest = &input[..];
                for _ in 0..REQUESTS {
                    black_box(parser.parse_value(&mut rest).unwrap());
                }
            })
        })
        .report(REQUESTS as f64, "request");
}

/// Decodes `input` read by read, and adds the time without the reads to `decoding`.
fn pipeline_rounds(input: &[u8], decoding: &mut Duration) -> usize {
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut request = Request::default();
    let mut requests = 0;
    let mut rest = input;
    while !rest.is_empty() {
        read(&mut decoder, &mut rest, usize::MAX);
        let start = Instant::now();
        while decoder.decode(&mut request).unwrap() {
            black_box(&request);
            requests += 1;
        }
        *decoding += start.elapsed();
    }
    requests
}

fn read(decoder: &mut RequestDecoder, rest: &mut &[u8], max: usize) {
    let space = decoder.read_space();
    let n = rest.len().min(space.len()).min(max);
    space[..n].copy_from_slice(&rest[..n]);
    decoder.commit(n);
    *rest = &rest[n..];
}

/// 1 MB of arguments of 100 bytes, whole and byte by byte.
pub(crate) fn byte_by_byte(criterion: &mut Criterion) {
    let args = vec![[b'x'; 100]; 10_000];
    let mut input = BytesMut::new();
    resp::encode::request(&mut input, &args);
    let decode = |max: usize| {
        let mut decoder = RequestDecoder::new(RequestLimits::default());
        let mut request = Request::default();
        let mut rest = &input[..];
        while !rest.is_empty() {
            if max == 1 {
                decoder.read_space()[0] = rest[0];
                decoder.commit(1);
                rest = &rest[1..];
            } else {
                read(&mut decoder, &mut rest, max);
            }
            if decoder.decode(&mut request).unwrap() {
                assert_eq!(request.len(), args.len());
                return;
            }
        }
        unreachable!("it is complete");
    };
    // From here on glibc's allocator keeps what it is given back, so that no round pays for pages.
    drop(black_box(vec![0_u8; 16 << 20]));
    Comparison::new(criterion, "request of 10,000 arguments of 100 bytes")
        .candidate("keyferry-resp, whole", |count| timed(count, || decode(usize::MAX)))
        .candidate("keyferry-resp, byte by byte", |count| timed(count, || decode(1)))
        .report(input.len() as f64, "byte");
}

/// One argument of 64 MB.
pub(crate) fn big_bulk(criterion: &mut Criterion) {
    let value = vec![b'x'; 64 << 20];
    let mut input = BytesMut::new();
    resp::encode::request(&mut input, &[b"SET", &b"key"[..], &value]);
    Comparison::new(criterion, "SET of 64 MB")
        .candidate("keyferry-resp, the reads included", |count| {
            timed(count, || {
                let mut decoder = RequestDecoder::new(RequestLimits::default());
                let mut request = Request::default();
                let mut rest = &input[..];
                while !decoder.decode(&mut request).unwrap() {
                    read(&mut decoder, &mut rest, usize::MAX);
                }
                request
            })
        })
        .candidate("one memcpy", |count| timed(count, || value.to_vec()))
        .report(1e6, "ms");
}

/// `SET key:000000000000 <100 bytes>`.
pub(crate) fn encode(criterion: &mut Criterion) {
    let (key, value) = (b"key:000000000042", [b'x'; 100]);
    let frame = {
        use redis_protocol::resp2::types::BytesFrame;
        let bulk = |bytes: &[u8]| BytesFrame::BulkString(bytes.to_vec().into());
        BytesFrame::Array(vec![bulk(b"SET"), bulk(key), bulk(&value)])
    };
    let mut out = BytesMut::with_capacity(1024);
    let mut peer_out = BytesMut::with_capacity(1024);
    let [mut vec, mut ready, mut vec2] = [(); 3].map(|()| Vec::with_capacity(1024));
    Comparison::new(criterion, "encoding a SET")
        .candidate("keyferry-resp", |count| {
            let args = [&b"SET"[..], &key[..], &value[..]];
            timed(count, || {
                out.clear();
                resp::encode::request(&mut out, black_box(&args));
                black_box(&out);
            })
        })
        .candidate("redis-protocol 6, extend_encode", |count| {
            timed(count, || {
                peer_out.clear();
                redis_protocol::resp2::encode::extend_encode(&mut peer_out, &frame, false).unwrap();
                black_box(&peer_out);
            })
        })
        .candidate("redis 1.8, Cmd and write_packed_command", |count| {
            let args = [&b"SET"[..], &key[..], &value[..]];
            timed(count, || {
                vec.clear();
                let mut command = redis::Cmd::new();
                for arg in black_box(&args) {
                    command.arg(arg);
                }
                command.write_packed_command(&mut vec);
                black_box(&vec);
            })
        })
        .candidate("redis 1.8, write_packed_command of a ready Cmd", |count| {
            let mut command = redis::Cmd::new();
            command.arg("SET").arg(&key[..]).arg(&value[..]);
            timed(count, || {
                ready.clear();
                command.write_packed_command(&mut ready);
                black_box(&ready);
            })
        })
        .candidate("redust-resp 0.3, to_bytes", |count| {
            let args = [&b"SET"[..], &key[..], &value[..]].map(serde_bytes::Bytes::new);
            timed(count, || {
                vec2.clear();
                redust_resp::to_bytes(black_box(&args), &mut vec2).unwrap();
                black_box(&vec2);
            })
        })
        .report(1.0, "request");
}
