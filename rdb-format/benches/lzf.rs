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
        for (kind, texts) in [("words", words as Texts), ("json", json), ("listpack", listpack)] {
            let texts = Rotation::of_pieces(&texts(POOL_BYTES), len);
            pairs.extend(compress_pairs(kind, &texts));
            let streams = texts.streams();
            pairs.extend(decompress_pairs(kind, len, &streams));
            pairs.extend(decompress_pairs(&format!("{kind}, repeated"), len, &streams.first()));
        }
        pairs.extend(compress_pairs("noise", &Rotation::of_pieces(&noise(POOL_BYTES), len)));
    }
    common::run(pairs);
}

type Texts = fn(usize) -> Vec<u8>;

/// Many texts in turn, or one that comes again and again: its branches are learnt by heart, as no
/// server's values are, and what counts is how fast the right way is gone.
#[derive(Clone)]
struct Rotation {
    texts: Vec<Vec<u8>>,
    next: usize,
}

const POOL_BYTES: usize = 256 << 10;

impl Rotation {
    fn of_pieces(text: &[u8], len: usize) -> Self {
        Self { texts: text.chunks_exact(len).map(<[u8]>::to_vec).collect(), next: 0 }
    }

    /// What liblzf makes of those that become shorter, most of them.
    fn streams(&self) -> Self {
        let texts: Vec<Vec<u8>> = self
            .texts
            .iter()
            .filter_map(|text| {
                let mut stream = Vec::new();
                liblzf::compress(text, &mut stream).then_some(stream)
            })
            .collect();
        assert!(texts.len() * 2 > self.texts.len(), "they compress");
        Self { texts, next: 0 }
    }

    fn first(&self) -> Self {
        Self { texts: vec![self.texts[0].clone()], next: 0 }
    }

    fn next(&mut self) -> &[u8] {
        let text = &self.texts[self.next];
        self.next = if self.next + 1 < self.texts.len() { self.next + 1 } else { 0 };
        text
    }
}

fn compress_pairs(kind: &str, texts: &Rotation) -> [Pair; 2] {
    let len = texts.texts[0].len();
    let pair = |peer, theirs: fn(&[u8], &mut Vec<u8>) -> bool| {
        let (mut texts, mut their_texts) = (texts.clone(), texts.clone());
        let (mut out, mut their_out) = (Vec::new(), Vec::new());
        Pair {
            name: format!("compress/{kind}/{len}"),
            bytes: len,
            ours: Box::new(move || {
                out.clear();
                black_box(lzf::compress(texts.next(), &mut out));
            }),
            peer,
            theirs: Box::new(move || {
                black_box(theirs(their_texts.next(), &mut their_out));
            }),
        }
    };
    [pair("liblzf 3.6", liblzf::compress), pair("lzf-rust 0.1", lzf_rust_compress)]
}

/// Of streams that become `len` bytes each.
fn decompress_pairs(kind: &str, len: usize, streams: &Rotation) -> [Pair; 2] {
    let pair = |peer, theirs: fn(&[u8], usize, &mut Vec<u8>) -> bool| {
        let (mut streams, mut their_streams) = (streams.clone(), streams.clone());
        let (mut out, mut their_out) = (Vec::new(), Vec::new());
        Pair {
            name: format!("decompress/{kind}/{len}"),
            bytes: len,
            ours: Box::new(move || {
                out.clear();
                lzf::decompress_into(streams.next(), len as u64, &mut out).expect("sound");
                black_box(&out);
            }),
            peer,
            theirs: Box::new(move || {
                assert!(theirs(their_streams.next(), len, &mut their_out), "sound");
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
