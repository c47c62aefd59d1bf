//! Writes the seed corpora from the golden vectors: `cargo run --example seeds`.
//!
//! Each is the input of its target that leads to the vector; long ones are left out, for a fuzzer
//! is quickest on short input.

use std::{fs, io, path::Path};

use bytes::Bytes;
use rdb_format::lzf;
use serde_json::Value;

const GOLDEN: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../rdb-format/tests/golden/payloads.jsonl");
const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/seeds");
const SEED_BYTES_MAX: usize = 512;
const FOOTER_LEN: usize = 10;
/// Pieces of 16 bytes.
const SPLIT: u8 = 15;
/// Units of work at a time.
const WORK: u8 = 9;
/// Elements of what is packed.
const PACKED: u8 = 8;
/// What values are written for.
const REDIS_7_0: u8 = 5;

fn main() -> io::Result<()> {
    for line in fs::read_to_string(GOLDEN)?.lines() {
        let case: Value = serde_json::from_str(line)?;
        let (Some(id), Some(payload)) = (case["id"].as_str(), case["payload_hex"].as_str()) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let payload = unhex(payload);
        let (body, footer) = payload.split_at(payload.len() - FOOTER_LEN);
        if let Some((target, blob)) = packed_blob(body) {
            // Two edits lead a listpack and an intset.
            let edits: &[u8] = match target {
                "listpack" => &[2, 0, 1, 9, 6, 2, 40],
                "intset" => &[2, 0x0F, 0, 0x9F, 1],
                _ => &[],
            };
            write(target, id, &[edits, &blob[..]].concat())?;
        }
        write("payload", id, &[&[SPLIT, footer[0], REDIS_7_0], body].concat())?;
        write("restore", id, &[&[SPLIT, WORK, footer[0], PACKED], body].concat())?;
        let version = if footer[0] == 80 { 0 } else { footer[0] };
        write("file", id, &[&[SPLIT, version], &body[..1], b"\x03key", &body[1..]].concat())?;
        if let [0, 0xC3, rest @ ..] = body {
            let (_, rest) = length(rest);
            let (plain_len, stream) = length(rest);
            let [high, low] = plain_len.to_be_bytes();
            write("lzf", id, &[&[high, low, SPLIT], stream].concat())?;
        }
    }
    write("file", "records", &[&[SPLIT, 12], RECORDS].concat())
}

/// One record of each kind.
const RECORDS: &[u8] = b"\
    \xFA\x09redis-ver\x067.0.15\
    \xF5\x1E#!lua name=lib\nreturn redis.OK\
    \xF7\x81\x12\x34\x56\x78\x9A\xBC\xDE\xF0\x02\x02\x05\x04text\x00\
    \xFE\x00\xFB\x02\x01\
    \xF4\x0A\x02\x01\
    \xFC\x00\x01\x02\x03\x04\x05\x06\x07\xF8\x40\xFF\x00\x03key\xC1\x39\x30\
    \xFD\x00\x01\x02\x03\xF9\x05\x02\x03set\x02\x01a\x01b";

fn write(target: &str, id: &str, seed: &[u8]) -> io::Result<()> {
    if seed.len() > SEED_BYTES_MAX {
        return Ok(());
    }
    let folder = Path::new(SEEDS).join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(id), seed)
}

/// The first packed blob of a value, and the target that it is a seed of.
fn packed_blob(body: &[u8]) -> Option<(&'static str, Bytes)> {
    let (code, value) = body.split_first()?;
    let (target, value) = match code {
        9 => ("zipmap", value),
        10 | 12 | 13 => ("ziplist", value),
        11 => ("intset", value),
        16 | 17 | 20 | 23 => ("listpack", value),
        // A time before it.
        25 => ("listpack", value.get(8..)?),
        // A number of nodes before the first.
        14 => ("ziplist", length(value).1),
        18 => match length(value).1 {
            [2, node @ ..] => ("listpack", node),
            _ => return None,
        },
        // A number of nodes, and the key of the first.
        15 | 19 | 21 if value.first() != Some(&0) => ("listpack", length(value).1.get(17..)?),
        _ => return None,
    };
    let blob = match value {
        [0xC3, rest @ ..] => {
            let (stream_len, rest) = length(rest);
            let (plain_len, rest) = length(rest);
            lzf::decompress(rest.get(..stream_len.into())?, plain_len.into()).ok()?
        }
        _ => {
            let (len, rest) = length(value);
            Bytes::copy_from_slice(rest.get(..len.into())?)
        }
    };
    Some((target, blob))
}

/// The length that leads `bytes`, none of which is over 16 bits in the corpus, and what follows.
fn length(bytes: &[u8]) -> (u16, &[u8]) {
    match bytes {
        [0x80, _, _, high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]), rest),
        [high @ 0x40..0x80, low, rest @ ..] => (u16::from_be_bytes([high & 0x3F, *low]), rest),
        [len, rest @ ..] => (u16::from(*len), rest),
        [] => (0, bytes),
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default() as u8;
    digits.as_bytes().chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}
