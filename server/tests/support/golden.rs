//! The golden vectors of rdb-format, payloads of real servers, and what a payload means.

use bytes::Bytes;
use rdb_format::payload::decode;
use rdb_format::{DecodeLimits, Value};

/// One payload of the corpus.
pub(crate) struct Golden {
    pub(crate) id: String,
    /// What it is about.
    pub(crate) about: String,
    pub(crate) payload: Vec<u8>,
}

/// All of the corpus.
pub(crate) fn golden() -> Vec<Golden> {
    include_str!("../../../rdb-format/tests/golden/payloads.jsonl").lines().map(parse).collect()
}

/// The value that a server's DUMP tells.
#[track_caller]
pub(crate) fn decoded(payload: impl Into<Bytes>) -> Value {
    decode(payload.into(), DecodeLimits::default()).expect("a payload")
}

fn parse(line: &str) -> Golden {
    let case: serde_json::Value = serde_json::from_str(line).expect("the corpus is JSON");
    let text = |name: &str| case[name].as_str().expect("a text").to_owned();
    Golden { id: text("id"), about: text("key"), payload: unhex(&text("payload_hex")) }
}

fn unhex(digits: &str) -> Vec<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).expect("a hex digit") as u8;
    digits.as_bytes().chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}
