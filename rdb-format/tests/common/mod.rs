//! The golden vectors, and helpers to take payloads apart and seal them again.
#![allow(dead_code, reason = "each test file uses some")]

use bytes::Bytes;
use rdb_format::{
    DecodeError, DecodeLimits, Event, RdbVersion, crc64,
    payload::{Footer, PayloadDecoder},
};

/// One payload of the corpus.
#[derive(Clone, Debug)]
pub(crate) struct Golden {
    pub(crate) id: String,
    pub(crate) code: u8,
    pub(crate) version: u16,
    pub(crate) payload: Bytes,
    /// The value, where the type is string.
    pub(crate) text: Option<Bytes>,
    /// Whether any of the servers took the payload.
    pub(crate) restorable: bool,
}

/// All of the corpus, in its order.
pub(crate) fn golden() -> Vec<Golden> {
    include_str!("../golden/payloads.jsonl").lines().map(parse).collect()
}

/// The strings among them.
pub(crate) fn golden_strings() -> Vec<Golden> {
    golden().into_iter().filter(|case| case.code == 0).collect()
}

fn parse(line: &str) -> Golden {
    let case: serde_json::Value = serde_json::from_str(line).expect("the corpus is JSON");
    let number = |key: &str| case[key].as_u64().expect("a number");
    let answers = case["restore"].as_object().expect("answers of RESTORE");
    Golden {
        id: case["id"].as_str().expect("an id").to_owned(),
        code: number("rdb_type") as u8,
        version: number("rdb_version") as u16,
        payload: unhex(case["payload_hex"].as_str().expect("a payload")),
        text: case["value"].as_str().map(latin1),
        restorable: answers.values().any(|answer| answer == "OK"),
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

/// The payload that `body` becomes with a right footer of version 9.
pub(crate) fn seal(body: &[u8]) -> Bytes {
    let mut payload = body.to_vec();
    payload.extend_from_slice(&9_u16.to_le_bytes());
    let crc = crc64::checksum(&payload);
    payload.extend_from_slice(&crc.to_le_bytes());
    payload.into()
}

/// `payload` without its footer.
pub(crate) fn body(payload: &Bytes) -> Bytes {
    payload.slice(..payload.len() - Footer::LEN)
}

/// What a decoder says about one string, its chunks joined.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    pub(crate) declared: Option<u64>,
    pub(crate) text: Vec<u8>,
    pub(crate) ended: bool,
    pub(crate) result: Result<RdbVersion, DecodeError>,
}

/// Decodes pieces whose events are taken after each, and checks the order of the events.
pub(crate) fn tell(pieces: &[Bytes], limits: DecodeLimits) -> Told {
    let total = pieces.iter().map(|piece| piece.len() as u64).sum();
    let mut told =
        Told { declared: None, text: Vec::new(), ended: false, result: Ok(RdbVersion(0)) };
    let mut decoder = match PayloadDecoder::new(total, limits) {
        Ok(decoder) => decoder,
        Err(error) => return Told { result: Err(error), ..told },
    };
    for piece in pieces {
        decoder.push(piece.clone()).expect("no more than announced");
        while let Some(event) = decoder.poll_event() {
            assert!(!told.ended, "nothing comes after the end");
            match event {
                Event::StringStart { len } => assert_eq!(told.declared.replace(len), None),
                Event::StringChunk(chunk) => {
                    assert!(!chunk.is_empty());
                    told.text.extend_from_slice(&chunk);
                    assert!(told.text.len() as u64 <= told.declared.expect("a start"));
                }
                Event::StringEnd => {
                    assert_eq!(Some(told.text.len() as u64), told.declared);
                    told.ended = true;
                }
                other => panic!("{other:?} from a string"),
            }
        }
    }
    told.result = decoder.finish();
    assert!(told.ended || told.result.is_err());
    told
}
