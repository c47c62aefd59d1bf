//! Memory stays flat however large a file and its values are, on the way in and from one file into
//! another.

mod common;
mod counting;

use std::io::{self, Cursor};

use bytes::Bytes;
use counting::peak_of;
use rdb_format::{
    DecodeLimits, EncodeOptions, Event, FieldTtlPolicy, HashField, Measure, RdbVersion,
    ScoredMember, StringValue, Target, Thresholds, Value,
    file::{Checksum, FileReader, FileWriter, KeyRecord, Record},
};

/// More than is kept of any value.
const VALUE_BYTES: usize = 8 << 20;

#[test]
fn every_type_is_read_and_copied_in_little() {
    let text = |nth: usize| Bytes::from(format!("{nth:>30}"));
    let count = VALUE_BYTES / 30;
    let field = |nth: usize| HashField {
        field: text(nth),
        value: text(nth * 7),
        expire_at_ms: (nth % 2 == 1).then_some(4_000_000_000_000 + nth as u64),
    };
    let untimed = |nth| HashField { expire_at_ms: None, ..field(nth) };
    let scored = |nth: usize| ScoredMember { member: text(nth), score: nth as f64 / 3.0 };
    let values: Vec<(&str, Value)> = vec![
        ("string", StringValue::Raw(vec![b'x'; VALUE_BYTES].into()).into()),
        ("list", Value::List((0..count).map(text).collect())),
        ("list of long elements", {
            Value::List((0..VALUE_BYTES >> 20).map(|nth| vec![nth as u8; 1 << 20].into()).collect())
        }),
        ("set", Value::Set((0..count).map(text).collect())),
        ("sorted set", Value::SortedSet((0..count).map(scored).collect())),
        ("hash", Value::Hash((0..count / 2).map(untimed).collect())),
        ("hash with TTLs", Value::Hash((0..count / 2).map(field).collect())),
    ];
    for (what, value) in values {
        let members = match &value {
            Value::Set(members) => members.len(),
            Value::SortedSet(members) => members.len(),
            Value::Hash(fields) => fields.len(),
            _ => 0,
        };
        // A fingerprint of 16 bytes for each, in a table that is at worst half empty and held twice
        // while it grows.
        let held_max = HELD_MAX + 16 * members * 9 / 8 * 4;
        let file = file_of(value);

        let (read, peak) = peak_of(|| read(&file));
        assert_eq!(read, Record::End(Checksum::Verified));
        assert!(peak <= held_max, "{what}: {peak} bytes to read {}", file.len());

        for target in [Target::KEYFERRY, Target::redis(RdbVersion(9))] {
            let ((), peak) = peak_of(|| copy(&file, target));
            assert!(peak <= held_max, "{what}: {peak} bytes to copy {}", file.len());
        }
    }
}

/// What is kept of a value, what is built of it, and pieces of the file.
const HELD_MAX: usize = 4 << 20;

fn file_of(value: Value) -> Vec<u8> {
    let target = Target::KEYFERRY;
    let mut writer = FileWriter::new(Vec::new(), target).unwrap();
    let events = value.events(Thresholds::default());
    let mut measure = Measure::new(events, target, EncodeOptions::default());
    while !measure.advance(usize::MAX).unwrap() {}
    writer.key(&KeyRecord::new("key".into()), measure.finish()).unwrap();
    writer.finish().unwrap()
}

fn read(file: &[u8]) -> Record {
    let mut reader = FileReader::new(file, DecodeLimits::default()).unwrap();
    loop {
        let record = reader.next_record().unwrap().expect("it ends with its end");
        if let Record::End(_) = record {
            return record;
        }
        while let Some(event) = reader.next_event().unwrap() {
            assert!(!matches!(event, Event::StringStart { len: 0 }));
        }
    }
}

fn copy(file: &[u8], target: Target) {
    let options =
        EncodeOptions { field_ttls: FieldTtlPolicy::DropTtls, ..EncodeOptions::default() };
    let mut reader = FileReader::new(Cursor::new(file), DecodeLimits::default()).unwrap();
    let mut writer = FileWriter::new(io::sink(), target).unwrap();
    while let Some(record) = reader.next_record().unwrap() {
        let Record::Key(record) = record else { continue };
        let source = reader.value().expect("nothing of it has been told");
        let mut measure = Measure::new(source, target, options);
        while !measure.advance(1000).unwrap() {}
        writer.key(&record, measure.finish()).unwrap();
    }
    writer.finish().unwrap();
}
