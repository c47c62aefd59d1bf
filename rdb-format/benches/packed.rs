//! The packed encodings beside plain vectors, and beside the copy that none can beat.

mod common;

use std::hint::black_box;

use bytes::Bytes;
use common::{Pair, noise};
use rdb_format::packed::{Entry, Intset, Listpack, ListpackMut, Ziplist};

fn main() {
    common::run(pairs());
}

fn pairs() -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (kind, texts) in [("words", words()), ("integers", integers()), ("mixed", mixed())] {
        pairs.push(parse_pair(kind, &texts));
        pairs.push(walk_pair("walk", kind, &texts, |listpack| listpack.iter().for_each(consume)));
        pairs.push(walk_pair("walk back", kind, &texts, |listpack| {
            listpack.iter().rev().for_each(consume);
        }));
        pairs.push(walk_pair("parse and walk", kind, &texts, |listpack| {
            let listpack = Listpack::parse(listpack.bytes()).expect("it is sound");
            listpack.iter().for_each(consume);
        }));
        pairs.push(build_pair(kind, &texts));
        pairs.push(ziplist_pair(kind, &texts));
    }
    for len in [16, 512, 100_000] {
        pairs.push(contains_pair(len));
    }
    pairs
}

fn parse_pair(kind: &str, texts: &[Vec<u8>]) -> Pair {
    walk_pair("parse", kind, texts, |listpack| {
        black_box(Listpack::parse(black_box(listpack.bytes()))).expect("it is sound");
    })
}

fn walk_pair(what: &str, kind: &str, texts: &[Vec<u8>], walk: fn(&Listpack)) -> Pair {
    let listpack = listpack(texts);
    let (theirs, mut copy) = (listpack.bytes(), vec![0; listpack.as_bytes().len()]);
    Pair {
        name: format!("listpack/{what}/{kind}"),
        bytes: theirs.len(),
        ours: Box::new(move || walk(black_box(&listpack))),
        peer: "memcpy",
        theirs: Box::new(move || black_box(&mut copy).copy_from_slice(black_box(&theirs))),
    }
}

fn build_pair(kind: &str, texts: &[Vec<u8>]) -> Pair {
    let texts = texts.to_vec();
    let theirs = texts.clone();
    Pair {
        name: format!("listpack/build/{kind}"),
        bytes: listpack(&texts).as_bytes().len(),
        ours: Box::new(move || {
            black_box(listpack(black_box(&texts)));
        }),
        peer: "one Vec of lengths and texts",
        theirs: Box::new(move || {
            let mut out: Vec<u8> = Vec::new();
            for text in black_box(&theirs) {
                out.extend_from_slice(&(text.len() as u32).to_le_bytes());
                out.extend_from_slice(text);
            }
            black_box(out);
        }),
    }
}

fn ziplist_pair(kind: &str, texts: &[Vec<u8>]) -> Pair {
    let blob = ziplist(texts);
    let (theirs, mut copy) = (blob.clone(), vec![0; blob.len()]);
    Pair {
        name: format!("ziplist/parse and walk/{kind}"),
        bytes: blob.len(),
        ours: Box::new(move || {
            let ziplist = Ziplist::parse(black_box(blob.clone())).expect("it is sound");
            ziplist.iter().for_each(consume);
        }),
        peer: "memcpy",
        theirs: Box::new(move || black_box(&mut copy).copy_from_slice(black_box(&theirs))),
    }
}

/// Looks for as many numbers as there are, half of which are there.
fn contains_pair(len: i64) -> Pair {
    let numbers: Vec<i64> = (0..len).map(|number| number * 2).collect();
    let intset = Intset::from_sorted(numbers.iter().copied()).expect("ascending");
    let wanted: Vec<i64> = (0..len).map(|number| number * 7919 % (len * 2)).collect();
    let their_wanted = wanted.clone();
    Pair {
        name: format!("intset/contains/{len}"),
        bytes: wanted.len() * 8,
        ours: Box::new(move || {
            for number in black_box(&wanted) {
                black_box(intset.contains(*number));
            }
        }),
        peer: "binary search in a Vec of i64",
        theirs: Box::new(move || {
            for number in black_box(&their_wanted) {
                black_box(numbers.binary_search(number)).ok();
            }
        }),
    }
}

fn consume(entry: Entry<'_>) {
    black_box(entry);
}

fn listpack(texts: &[Vec<u8>]) -> Listpack {
    let mut listpack = ListpackMut::new();
    for text in texts {
        listpack.push(text).expect("there is room");
    }
    listpack.freeze()
}

/// As Redis 6.2 writes short texts and integers up to 64 bits.
fn ziplist(texts: &[Vec<u8>]) -> Bytes {
    let mut bytes = vec![0; 10];
    let mut tail = bytes.len();
    for (index, text) in texts.iter().enumerate() {
        let previous = if index == 0 { 0 } else { bytes.len() - tail };
        tail = bytes.len();
        bytes.push(previous as u8);
        match Entry::parse(text) {
            Entry::Int(number) => {
                bytes.push(0xE0);
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            Entry::Text(text) => {
                bytes.push(text.len() as u8);
                bytes.extend_from_slice(text);
            }
        }
    }
    bytes.push(0xFF);
    let total = bytes.len() as u32;
    bytes[..4].copy_from_slice(&total.to_le_bytes());
    bytes[4..8].copy_from_slice(&(tail as u32).to_le_bytes());
    bytes[8..10].copy_from_slice(&(texts.len() as u16).to_le_bytes());
    bytes.into()
}

/// 512 texts of 10 to 20 bytes.
fn words() -> Vec<Vec<u8>> {
    noise(512).into_iter().map(|byte| vec![b'a' + byte % 26; 10 + usize::from(byte % 11)]).collect()
}

/// 512 integers of all widths.
fn integers() -> Vec<Vec<u8>> {
    let numbers = noise(512 * 9);
    let number = |chunk: &[u8]| {
        let [shift, digits @ ..] = chunk else { return 0 };
        i64::from_le_bytes(digits.try_into().unwrap_or_default()) >> (shift % 64)
    };
    numbers.chunks(9).map(|chunk| number(chunk).to_string().into_bytes()).collect()
}

/// Each in turn, as in a hash of counters.
fn mixed() -> Vec<Vec<u8>> {
    words().into_iter().zip(integers()).flat_map(|(word, integer)| [word, integer]).collect()
}
