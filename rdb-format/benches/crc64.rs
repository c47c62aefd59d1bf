//! CRC-64 beside the tables that Redis uses.

mod common;

use std::hint::black_box;

use rdb_format::crc64;

use common::{Pair, noise};

fn main() {
    common::run([8, 16, 32, 64, 100, 128, 256, 1 << 10, 64 << 10, 1 << 20].map(pair));
}

fn pair(len: usize) -> Pair {
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
