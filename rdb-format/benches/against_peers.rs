//! Payloads beside the copy that they cannot beat.

mod common;

use std::hint::black_box;

use bytes::Bytes;
use rdb_format::{
    DecodeLimits, StringValue, Target, Value,
    payload::{PayloadEncoder, decode, encode},
};

use common::{Pair, noise};

fn main() {
    common::run(
        [100, 1 << 20]
            .into_iter()
            .flat_map(|len| [encode_pair(noise(len)), decode_pair(noise(len))]),
    );
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
