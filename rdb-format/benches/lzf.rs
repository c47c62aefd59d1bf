//! LZF beside liblzf, the C library that defines it, and lzf-rust.

mod common;
#[path = "../tests/common/liblzf.rs"]
mod liblzf;

use std::hint::black_box;

use rdb_format::lzf;

use common::{Pair, noise, words};

fn main() {
    let mut pairs = Vec::new();
    for len in [100, 1 << 10, 16 << 10] {
        for (kind, text) in
            [("words", words(len)), ("json", json(len)), ("listpack", listpack(len))]
        {
            pairs.extend(compress_pairs(kind, &text));
            pairs.extend(decompress_pairs(kind, &text));
        }
        pairs.extend(compress_pairs("noise", &noise(len)));
    }
    common::run(pairs);
}

fn compress_pairs(kind: &str, text: &[u8]) -> [Pair; 2] {
    let pair = |peer, theirs: fn(&[u8], &mut Vec<u8>) -> bool| {
        let (text, their_text) = (text.to_vec(), text.to_vec());
        let (mut out, mut their_out) = (Vec::new(), Vec::new());
        Pair {
            name: format!("compress/{kind}/{}", text.len()),
            bytes: text.len(),
            ours: Box::new(move || {
                out.clear();
                black_box(lzf::compress(black_box(&text), &mut out));
            }),
            peer,
            theirs: Box::new(move || {
                black_box(theirs(black_box(&their_text), &mut their_out));
            }),
        }
    };
    [pair("liblzf 3.6", liblzf::compress), pair("lzf-rust 0.1", lzf_rust_compress)]
}

fn decompress_pairs(kind: &str, text: &[u8]) -> [Pair; 2] {
    let mut stream = Vec::new();
    // liblzf's own choice of runs, where it has one.
    if !liblzf::compress(text, &mut stream) {
        panic!("{kind} of {} bytes does not compress", text.len());
    }
    let pair = |peer, theirs: fn(&[u8], usize, &mut Vec<u8>) -> bool| {
        let (len, stream, their_stream) = (text.len(), stream.clone(), stream.clone());
        let (mut out, mut their_out) = (Vec::new(), Vec::new());
        Pair {
            name: format!("decompress/{kind}/{len}"),
            bytes: len,
            ours: Box::new(move || {
                out.clear();
                lzf::decompress_into(black_box(&stream), len as u64, &mut out).expect("sound");
                black_box(&out);
            }),
            peer,
            theirs: Box::new(move || {
                assert!(theirs(black_box(&their_stream), len, &mut their_out), "sound");
                black_box(&their_out);
            }),
        }
    };
    [pair("liblzf 3.6", liblzf::decompress), pair("lzf-rust 0.1", lzf_rust_decompress)]
}

fn lzf_rust_compress(text: &[u8], out: &mut Vec<u8>) -> bool {
    out.resize(text.len(), 0);
    // Too little room is its way to say that it did not get shorter.
    lzf_rust::compress(text, out).is_ok()
}

fn lzf_rust_decompress(stream: &[u8], plain_len: usize, out: &mut Vec<u8>) -> bool {
    out.resize(plain_len, 0);
    lzf_rust::decompress(stream, out).is_ok()
}

/// Records of an application, as they are kept in strings.
fn json(len: usize) -> Vec<u8> {
    let names = words(8 * len);
    let mut names = names.split(|&byte| byte == b' ').map(String::from_utf8_lossy);
    let mut numbers = noise(4 * len).into_iter().map(u32::from);
    let mut text = String::new();
    while text.len() < len {
        let (id, score) = (numbers.next().unwrap_or(0) * 7919, numbers.next().unwrap_or(0));
        let (name, tag) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        text += &format!(r#"{{"id":{id},"name":"{name}-{score}","tags":["{tag}"],"seen":true}},"#);
    }
    text.truncate(len);
    text.into_bytes()
}

/// Entries as of a hash: a field `field:N`, a 16-bit integer, each with its length behind it.
fn listpack(len: usize) -> Vec<u8> {
    let mut entries = Vec::new();
    for (n, pair) in noise(2 * len).chunks_exact(2).enumerate() {
        let field = format!("field:{n}");
        entries.push(0x80 | field.len() as u8);
        entries.extend_from_slice(field.as_bytes());
        entries.push(field.len() as u8 + 1);
        entries.extend_from_slice(&[0xF1, pair[0], pair[1], 4]);
        if entries.len() >= len {
            break;
        }
    }
    entries.truncate(len);
    entries
}
