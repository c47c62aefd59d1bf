//! The golden vectors, and helpers to take payloads apart and seal them again.
#![allow(dead_code, reason = "each test file uses some")]

pub(crate) mod commands;
pub(crate) mod craft;
pub(crate) mod expected;
pub(crate) mod json;
pub(crate) mod peer;
pub(crate) mod strategies;

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use rdb_format::{
    DecodeError, DecodeErrorKind, DecodeLimits, EncodeError, Event, Family, HashField, Kind,
    RdbVersion, StreamValue, StringValue, Target, Value, ValueBuilder, Whole, crc64,
    packed::{Intset, Listpack},
    payload::{Footer, PayloadDecoder},
};

/// One payload of the corpus.
#[derive(Clone, Debug)]
pub(crate) struct Golden {
    pub(crate) id: String,
    pub(crate) code: u8,
    pub(crate) version: u16,
    pub(crate) payload: Bytes,
    /// What it is about.
    pub(crate) key: String,
    /// The logical value; null for a module's.
    pub(crate) value: serde_json::Value,
    /// By server, what it answered to RESTORE of the payload.
    pub(crate) answers: BTreeMap<String, String>,
}

/// All of the corpus, in its order.
pub(crate) fn golden() -> Vec<Golden> {
    include_str!("../golden/payloads.jsonl").lines().map(parse).collect()
}

fn parse(line: &str) -> Golden {
    let case: serde_json::Value = serde_json::from_str(line).expect("the corpus is JSON");
    let number = |key: &str| case[key].as_u64().expect("a number");
    let text = |key: &str| case[key].as_str().expect("a text").to_owned();
    let answers = case["restore"].as_object().expect("answers of RESTORE");
    Golden {
        id: text("id"),
        code: number("rdb_type") as u8,
        version: number("rdb_version") as u16,
        payload: unhex(&text("payload_hex")),
        key: text("key"),
        value: case["value"].clone(),
        answers: answers
            .iter()
            .map(|(server, answer)| (server.clone(), answer.as_str().expect("a text").to_owned()))
            .collect(),
    }
}

fn unhex(digits: &str) -> Bytes {
    let value = |digit: u8| char::from(digit).to_digit(16).expect("a hex digit") as u8;
    digits.as_bytes().chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

/// The payload that `body` becomes with a right footer of version 9.
pub(crate) fn seal(body: &[u8]) -> Bytes {
    seal_as(9, body)
}

/// The payload that `body` becomes with a right footer.
pub(crate) fn seal_as(version: u16, body: &[u8]) -> Bytes {
    let mut payload = body.to_vec();
    payload.extend_from_slice(&version.to_le_bytes());
    let crc = crc64::checksum(&payload);
    payload.extend_from_slice(&crc.to_le_bytes());
    payload.into()
}

/// Whether `target` has words for `value`, and if not, which error says so.
pub(crate) fn sayable(value: &Value, target: &Target) -> Result<(), EncodeError> {
    let accepted = target.version_max();
    let refused = |needed| EncodeError::Version { needed: RdbVersion(needed), accepted };
    match value {
        Value::Stream(_) if !target.accepts(RdbVersion(9)) => Err(refused(9)),
        Value::Module(_) if !target.accepts(RdbVersion(8)) => Err(refused(8)),
        Value::Hash(fields)
            if fields.iter().any(|field| field.expire_at_ms.is_some())
                && !target.accepts(RdbVersion(12))
                && !target.accepts(RdbVersion(80)) =>
        {
            Err(EncodeError::FieldTtls { accepted })
        }
        Value::Hash(fields) => {
            let latest = fields.iter().filter_map(|field| field.expire_at_ms).max().unwrap_or(0);
            let limit = match target.family() {
                Family::Redis => (1 << 48) - 1,
                Family::Valkey => i64::MAX as u64,
            };
            match latest > limit {
                true => Err(EncodeError::FieldTtlTooLate { expire_at_ms: latest, limit }),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// What is left of `value` where `target` has no words for all of it.
pub(crate) fn as_told_to(value: &Value, target: &Target) -> Value {
    let stream = match value {
        Value::Stream(stream) => stream,
        // To Redis a time of 0 is none.
        Value::Hash(fields) if target.family() == Family::Redis => {
            let told = |field: &HashField| HashField {
                expire_at_ms: field.expire_at_ms.map(|time| time.max(1)),
                ..field.clone()
            };
            return Value::Hash(fields.iter().map(told).collect());
        }
        other => return other.clone(),
    };
    let mut stream = StreamValue::clone(stream);
    let (has_history, has_activity) =
        (target.accepts(RdbVersion(10)), target.accepts(RdbVersion(11)));
    stream.info.history = stream.info.history.filter(|_| has_history);
    for group in &mut stream.groups {
        group.group.entries_read = group.group.entries_read.filter(|_| has_history);
        for consumer in &mut group.consumers {
            consumer.consumer.active_at_ms =
                consumer.consumer.active_at_ms.filter(|_| has_activity);
        }
    }
    Value::Stream(stream.into())
}

/// `payload` without its footer.
pub(crate) fn body(payload: &Bytes) -> Bytes {
    payload.slice(..payload.len() - Footer::LEN)
}

/// One of each kind of server.
pub(crate) const TARGETS: [Target; 9] = [
    Target::KEYFERRY,
    Target::redis_exact(RdbVersion(6)),
    Target::redis(RdbVersion(7)),
    Target::redis(RdbVersion(8)),
    Target::redis(RdbVersion(9)),
    Target::redis(RdbVersion(10)),
    Target::redis(RdbVersion(11)),
    Target::of_valkey_release(8, 1),
    Target::of_valkey_release(9, 1),
];

/// The value that is one string in the formats.
pub(crate) fn value_of_whole(whole: Whole<'_>) -> Value {
    let copied = Bytes::copy_from_slice;
    let (kind, event) = match whole {
        Whole::Int(number) => return StringValue::Int(number).into(),
        Whole::Text(text) => return StringValue::Raw(copied(text)).into(),
        Whole::Listpack(kind, blob) => {
            (kind, Event::Listpack(Listpack::parse(copied(blob)).expect("it is sound")))
        }
        Whole::Intset(blob) => {
            (Kind::Set, Event::Intset(Intset::parse(copied(blob)).expect("it is sound")))
        }
        other => panic!("{other:?} is new"),
    };
    let mut builder = ValueBuilder::default();
    [Event::Start(kind), event, Event::End].into_iter().for_each(|event| builder.push(event));
    builder.finish().expect("it is complete")
}

/// What a decoder says, the chunks of each string joined.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) events: Vec<Event>,
    pub(crate) result: Result<RdbVersion, DecodeError>,
}

impl Told {
    /// The text, if the value is a string.
    pub(crate) fn text(&self) -> &[u8] {
        match self.events.as_slice() {
            [Event::Start(_), Event::String(text), Event::End] => text,
            [_, Event::StringStart { .. }, Event::StringChunk(text), Event::StringEnd, _] => text,
            events => panic!("{} events are no string", events.len()),
        }
    }
}

/// Decodes pieces whose events are taken after each, and checks that strings are as they say.
pub(crate) fn tell(pieces: &[Bytes], limits: DecodeLimits) -> Told {
    let total = pieces.iter().map(|piece| piece.len() as u64).sum();
    let mut events = Vec::new();
    let mut decoder = match PayloadDecoder::new(total, limits) {
        Ok(decoder) => decoder,
        Err(error) => return Told { events, result: Err(error) },
    };
    let mut long: Option<(u64, BytesMut)> = None;
    for piece in pieces {
        decoder.push(piece.clone()).expect("no more than announced");
        while let Some(event) = decoder.poll_event() {
            assert_ne!(events.last(), Some(&Event::End), "nothing comes after the end");
            match (&event, &mut long) {
                (Event::StringStart { len }, None) => long = Some((*len, BytesMut::new())),
                (Event::StringChunk(chunk), Some((len, text))) => {
                    assert!(!chunk.is_empty());
                    text.extend_from_slice(chunk);
                    assert!(text.len() as u64 <= *len);
                    continue;
                }
                (Event::StringEnd, Some((len, text))) => {
                    assert_eq!(text.len() as u64, *len);
                    events.push(Event::StringChunk(text.split().freeze()));
                    long = None;
                }
                (_, Some(_)) => panic!("{event:?} inside a string"),
                (_, None) => {}
            }
            events.push(event);
        }
    }
    let result = decoder.finish();
    assert!(events.last() == Some(&Event::End) || result.is_err());
    Told { events, result }
}

/// Checks what is said of `body` under a right footer, in one piece and byte by byte.
pub(crate) fn refused_as(version: u16, what: &str, body: &[u8], error: DecodeError) {
    let payload = seal_as(version, body);
    let bytewise: Vec<Bytes> = payload.chunks(1).map(Bytes::copy_from_slice).collect();
    for pieces in [&[payload][..], &bytewise] {
        let told = tell(pieces, DecodeLimits::default());
        assert_eq!(told.result, Err(error), "{what}: {body:x?}");
        assert_eq!(error.kind(), DecodeErrorKind::BadData, "{what}");
    }
}
