//! Payloads for the tests of the receiving side: those of real servers, and ones put together here.
#![allow(dead_code, reason = "each test file uses some")]

use bytes::Bytes;
use rdb_format::{crc64, length};

/// The payloads of the corpus of rdb-format, with what each is about.
pub(crate) fn golden() -> Vec<(String, Bytes)> {
    include_str!("../../../rdb-format/tests/golden/payloads.jsonl")
        .lines()
        .map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).expect("the corpus is JSON");
            let text = |key: &str| case[key].as_str().expect("a text").to_owned();
            (format!("{}: {}", text("id"), text("key")), unhex(&text("payload_hex")))
        })
        .collect()
}

fn unhex(digits: &str) -> Bytes {
    let value = |digit: u8| char::from(digit).to_digit(16).expect("a hex digit") as u8;
    digits.as_bytes().chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

/// The payload that `body` becomes with a right footer of `version`.
pub(crate) fn seal_as(version: u16, body: &[u8]) -> Bytes {
    let mut payload = body.to_vec();
    payload.extend_from_slice(&version.to_le_bytes());
    let crc = crc64::checksum(&payload);
    payload.extend_from_slice(&crc.to_le_bytes());
    payload.into()
}

pub(crate) fn seal(body: &[u8]) -> Bytes {
    seal_as(10, body)
}

/// The body of a sound payload, and its version.
pub(crate) fn unseal(payload: &Bytes) -> (Bytes, u16) {
    let end = payload.len() - 10;
    (payload.slice(..end), u16::from_le_bytes([payload[end], payload[end + 1]]))
}

/// A string, plain.
pub(crate) fn plain(out: &mut Vec<u8>, text: &[u8]) {
    length::encode(text.len() as u64, out);
    out.extend_from_slice(text);
}

/// A string of so many zeros, compressed as far as that goes.
pub(crate) fn zeros(out: &mut Vec<u8>, plain_len: usize) {
    let mut stream = vec![0, 0];
    let mut len = 1;
    while len + 264 <= plain_len {
        stream.extend_from_slice(&[0xE0, 255, 0]);
        len += 264;
    }
    stream.extend([0, 0].repeat(plain_len - len));
    out.push(0xC3);
    length::encode(stream.len() as u64, out);
    length::encode(plain_len as u64, out);
    out.extend_from_slice(&stream);
}

/// A collection of type `code` of these elements, each of them the texts that it is made of.
pub(crate) fn collection<'t>(code: u8, elements: &[impl AsRef<[&'t [u8]]>]) -> Bytes {
    let mut body = vec![code];
    length::encode(elements.len() as u64, &mut body);
    for element in elements {
        element.as_ref().iter().for_each(|text| plain(&mut body, text));
    }
    seal(&body)
}

pub(crate) const LIST: u8 = 1;
pub(crate) const SET: u8 = 2;
pub(crate) const HASH: u8 = 4;

/// A hash of so many fields, whose values have `value_len` bytes.
pub(crate) fn hash(fields: usize, value_len: usize) -> Bytes {
    let names: Vec<String> = (0..fields).map(|number| format!("field:{number:08}")).collect();
    let value = vec![b'v'; value_len];
    let elements: Vec<_> = names.iter().map(|name| [name.as_bytes(), &value]).collect();
    collection(HASH, &elements)
}

/// A set of so many members.
pub(crate) fn set(members: usize) -> Bytes {
    let names: Vec<String> = (0..members).map(|number| format!("member:{number:08}")).collect();
    let elements: Vec<_> = names.iter().map(|name| [name.as_bytes()]).collect();
    collection(SET, &elements)
}

/// A sorted set of these members, each with its number for a score.
pub(crate) fn sorted_set(members: &[impl AsRef<[u8]>]) -> Bytes {
    let mut body = vec![5];
    length::encode(members.len() as u64, &mut body);
    for (score, member) in members.iter().enumerate() {
        plain(&mut body, member.as_ref());
        body.extend_from_slice(&(score as f64).to_le_bytes());
    }
    seal(&body)
}
