//! The golden vectors.

use bytes::Bytes;

/// One payload of the corpus.
#[derive(Clone, Debug)]
pub(crate) struct Golden {
    pub(crate) id: String,
    pub(crate) code: u8,
    pub(crate) version: u16,
    pub(crate) payload: Bytes,
    /// The value, where the type is string.
    pub(crate) text: Option<Bytes>,
}

/// All of the corpus, in its order.
pub(crate) fn golden() -> Vec<Golden> {
    include_str!("../golden/payloads.jsonl").lines().map(parse).collect()
}

fn parse(line: &str) -> Golden {
    let case: serde_json::Value = serde_json::from_str(line).expect("the corpus is JSON");
    let number = |key: &str| case[key].as_u64().expect("a number");
    Golden {
        id: case["id"].as_str().expect("an id").to_owned(),
        code: number("rdb_type") as u8,
        version: number("rdb_version") as u16,
        payload: unhex(case["payload_hex"].as_str().expect("a payload")),
        text: case["value"].as_str().map(latin1),
    }
}

fn unhex(digits: &str) -> Bytes {
    let value = |digit: u8| char::from(digit).to_digit(16).expect("a hex digit") as u8;
    digits.as_bytes().chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

/// One character of the corpus is one byte.
fn latin1(text: &str) -> Bytes {
    text.chars().map(|char| u8::try_from(char).expect("Latin-1")).collect()
}
