//! Reading packed blobs takes no memory but the blobs, whatever they hold or claim. Alone in its
//! process, whose high-water mark it reads.
#![cfg(target_os = "linux")]

use bytes::Bytes;
use rdb_format::packed::{Intset, Listpack, Ziplist, Zipmap};

#[test]
fn flat() {
    let before = peak_bytes();
    claims();
    grown_by_less_than(1 << 20, before);

    let entries = b"\x05\x01".repeat(16 << 20);
    let total = entries.len() as u32 + 7;
    let listpack = [&total.to_le_bytes()[..], b"\xFF\xFF", &entries, b"\xFF"].concat();
    let listpack = Bytes::from(listpack);
    let before = peak_bytes();
    let listpack = Listpack::parse(listpack).expect("a listpack");
    assert_eq!(listpack.iter().count(), 16 << 20);
    assert_eq!(listpack.iter().rev().count(), 16 << 20);
    grown_by_less_than(1 << 20, before);
    // Until here, lest its room be used for what should not be there.
    drop(entries);
}

/// Headers and lengths of gigabytes, with next to nothing behind them.
fn claims() {
    let blobs: [&[u8]; 6] = [
        b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        b"\x0C\0\0\0\x01\0\xF0\xFF\xFF\xFF\x7F\xFF",
        b"\x08\0\0\0\xFF\xFF\xFF\xFF",
        b"\xFF\xFF\xFF\xFF\x0A\0\0\0\xFF\xFF\xFF",
        b"\x11\0\0\0\x0A\0\0\0\x01\0\0\x80\x7F\xFF\xFF\xFF\xFF",
        b"\xFD\xFE\xFF\xFF\xFF\x7F\xFF",
    ];
    for blob in blobs.map(Bytes::from_static) {
        Listpack::parse(blob.clone()).unwrap_err();
        Intset::parse(blob.clone()).unwrap_err();
        Ziplist::parse(blob.clone()).unwrap_err();
        Zipmap::parse(blob).unwrap_err();
    }
}

fn grown_by_less_than(bytes: usize, before: usize) {
    let after = peak_bytes();
    assert!(after < before + bytes, "{before} became {after}");
}

fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux has it");
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}
