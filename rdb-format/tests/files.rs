//! RDB files: headers, checksums, records, and what is wrong with them.

mod common;

use std::io::{self, Cursor, Read};

use bytes::Bytes;
use common::{Golden, body, craft::string, golden};
use rdb_format::{
    DecodeError, DecodeLimits, EncodeOptions, Event, Family, HashField, Kind, Measure, ModuleId,
    ModuleItem, RdbVersion, StringValue, Target, Thresholds, Value, ValueBuilder, crc64,
    file::{Checksum, FileError, FileReader, FileWriter, KeyRecord, Record},
    payload::decode,
};

#[test]
fn every_header_and_checksum() {
    for version in 1..=12 {
        let magic = format!("REDIS{version:04}");
        let written = checksummed(&magic, ONE_KEY);
        let (end, crc) = written.split_at(written.len() - 8);
        let off = [end, &[0; 8]].concat();
        let mut wrong = written.clone();
        *wrong.last_mut().unwrap() ^= 1;
        if version < 5 {
            assert_eq!(last(end), Ok(Record::End(Checksum::Absent)), "{magic}");
            continue;
        }
        assert_eq!(last(&written), Ok(Record::End(Checksum::Verified)), "{magic}");
        assert_eq!(last(&off), Ok(Record::End(Checksum::Off)), "{magic}");
        let actual = u64::from_le_bytes(crc.try_into().unwrap());
        let error = format!(
            "checksum {:016x} at offset {}, of bytes whose checksum is {actual:016x}",
            actual ^ 1 << 56,
            end.len()
        );
        assert_eq!(last(&wrong), Err(error), "{magic}");
    }
    assert_eq!(last(&checksummed("VALKEY080", ONE_KEY)), Ok(Record::End(Checksum::Verified)));
}

#[test]
fn other_headers_are_refused() {
    let version = |number: u16| format!("RDB version {number} is not supported");
    let magic = "not an RDB file: it begins with neither REDIS nor VALKEY and a version".to_owned();
    let cases = [
        ("REDIS0000", version(0)),
        ("REDIS0013", version(13)),
        ("REDIS0079", version(79)),
        ("VALKEY081", version(81)),
        ("REDIS0080", magic.clone()),
        ("VALKEY011", magic.clone()),
        ("REDIS00 9", magic.clone()),
        ("REDIS+009", magic.clone()),
        ("redis0009", magic.clone()),
        ("VALKEY 80", magic),
    ];
    for (header, error) in cases {
        assert_eq!(last(&checksummed(header, ONE_KEY)), Err(error), "{header}");
    }
}

/// Everything that a record can be.
#[test]
fn records_of_every_opcode() {
    let file = [
        b"REDIS0012".as_slice(),
        b"\xFA\x09redis-ver\x058.2.3\xFA\x07unknown\xC0\x05",
        b"\xF5\x0D#!lua name=ab",
        // A module's word before the keys: 1-1.
        b"\xF7\x01\x02\x01\x05\x03abc\x01\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0",
        b"\xFE\x03\xFB\x02\x01\xF4\x07\x02\x01",
        b"\xFD\xFF\xFF\xFF\x7F\x00\x01s\x01v",
        b"\xFC\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F\xF8\x40\x64\x00\x01m\x01v",
        b"\xFC\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xF9\x07\x00\x01n\x01v",
        b"\xFF\0\0\0\0\0\0\0\0",
    ]
    .concat();
    let key = |key: &'static str| KeyRecord::new(key.into());
    let seconds = KeyRecord { expire_at_ms: Some(i64::from(i32::MAX) * 1000), ..key("s") };
    let ms = KeyRecord { expire_at_ms: Some(i64::MAX), idle_seconds: Some(100), ..key("m") };
    let past = KeyRecord { expire_at_ms: Some(-2), frequency: Some(7), ..key("n") };
    let aux = |name: &'static str, value: &'static str| Record::Aux {
        name: name.into(),
        value: value.into(),
    };
    let expected = [
        aux("redis-ver", "8.2.3"),
        aux("unknown", "5"),
        Record::Function("#!lua name=ab".into()),
        Record::ModuleAux(ModuleId(1)),
        Record::Database(3),
        Record::DatabaseSize { keys: 2, expiring: 1 },
        Record::SlotSize { slot: 7, keys: 2, expiring: 1 },
        Record::Key(seconds),
        Record::Key(ms),
        Record::Key(past),
        Record::End(Checksum::Off),
    ];
    assert_eq!(records(&file).unwrap(), expected);

    let mut reader = FileReader::new(file.as_slice(), DecodeLimits::default()).unwrap();
    while !matches!(reader.next_record().unwrap(), Some(Record::ModuleAux(_))) {}
    let events: Vec<Event> =
        std::iter::from_fn(|| reader.next_event().expect("it is sound")).collect();
    let expected = [
        Event::Start(Kind::Module(ModuleId(1))),
        Event::Module(ModuleItem::Unsigned(1)),
        Event::String("abc".into()),
        Event::Module(ModuleItem::Signed(-1)),
        Event::End,
    ];
    assert_eq!(events, expected);
}

/// What stands before a key holds for it, whatever else is in between: so the servers load it.
#[test]
fn an_expiry_waits_for_its_key() {
    let file =
        file(b"\xFC\x01\0\0\0\0\0\0\0\xF8\x05\xFA\x01a\x01b\xFE\x01\x00\x01k\x01v\x00\x01l\x01v");
    let keys: Vec<KeyRecord> = records(&file)
        .unwrap()
        .into_iter()
        .filter_map(|record| if let Record::Key(key) = record { Some(key) } else { None })
        .collect();
    let first =
        KeyRecord { expire_at_ms: Some(1), idle_seconds: Some(5), ..KeyRecord::new("k".into()) };
    assert_eq!(keys, [first, KeyRecord::new("l".into())]);
}

/// Where a file ends is asked behind its end record: something else may follow.
#[test]
fn bytes_behind_the_end_are_refused_if_asked_for() {
    for behind in [b"x".to_vec(), vec![0; 200_000]] {
        for version in [4, 9] {
            let magic = magic(version);
            let mut file = checksummed(&magic, ONE_KEY);
            if version < 5 {
                file.truncate(file.len() - 8);
            }
            let end = file.len() as u64;
            file.extend_from_slice(&behind);
            let mut reader = FileReader::new(file.as_slice(), DecodeLimits::default()).unwrap();
            while !matches!(reader.next_record().unwrap(), Some(Record::End(_))) {}
            assert_eq!(reader.offset(), end);
            let error = reader.next_record().expect_err("there is more");
            assert!(matches!(error, FileError::TrailingBytes { offset } if offset == end));
        }
    }
}

#[test]
fn opcodes_that_no_release_reads_are_named() {
    for opcode in [242, 243, 246] {
        let error = format!("unknown opcode {opcode} at offset 9");
        assert_eq!(last(&file(&[opcode, 0, 0, 0])), Err(error));
    }
    for code in [6, 8, 26, 100, 241] {
        assert_eq!(
            last(&file(&[code, 1, b'k', 1, b'v'])),
            Err(format!("unknown type code {code}"))
        );
    }
}

/// Servers pass over them when they load a file, and so can who reads one here.
#[test]
fn collections_without_elements_are_a_start_and_an_end() {
    let blob = |code: u8, blob: &[u8]| [&[code, 1, b'k'][..], &string(blob)].concat();
    let none = |code: u8| vec![code, 1, b'k', 0];
    let listpack = b"\x07\0\0\0\0\0\xFF";
    let ziplist = b"\x0B\0\0\0\x0A\0\0\0\0\0\xFF";
    let min = [0; 8];
    let cases = [
        (9, Kind::List, none(1)),
        (9, Kind::Set, none(2)),
        (9, Kind::SortedSet, none(3)),
        (9, Kind::Hash, none(4)),
        (9, Kind::SortedSet, none(5)),
        (9, Kind::Hash, blob(9, b"\0\xFF")),
        (9, Kind::List, blob(10, ziplist)),
        (9, Kind::Set, blob(11, b"\x02\0\0\0\0\0\0\0")),
        (9, Kind::SortedSet, blob(12, ziplist)),
        (9, Kind::Hash, blob(13, ziplist)),
        (9, Kind::List, none(14)),
        (9, Kind::List, [&[14, 1, b'k', 1][..], &string(ziplist)].concat()),
        (10, Kind::Hash, blob(16, listpack)),
        (10, Kind::SortedSet, blob(17, listpack)),
        (10, Kind::List, none(18)),
        (10, Kind::List, [&[18, 1, b'k', 1, 2][..], &string(listpack)].concat()),
        (11, Kind::Set, blob(20, listpack)),
        (12, Kind::HashWithTtls, none(22)),
        (12, Kind::HashWithTtls, blob(23, listpack)),
        (12, Kind::HashWithTtls, [&[24, 1, b'k'][..], &min, &[0]].concat()),
        (12, Kind::HashWithTtls, [&[25, 1, b'k'][..], &min, &string(listpack)].concat()),
        (80, Kind::HashWithTtls, none(22)),
    ];
    for (version, kind, key) in cases {
        let magic = magic(version);
        let file = [magic.as_bytes(), &key, b"\0\x04next\x05value\xFF\0\0\0\0\0\0\0\0"].concat();
        let mut reader = FileReader::new(file.as_slice(), DecodeLimits::default()).unwrap();
        assert!(matches!(reader.next_record(), Ok(Some(Record::Key(_)))), "{key:x?}");
        assert_eq!(reader.next_event().unwrap(), Some(Event::Start(kind)), "{key:x?}");
        assert_eq!(reader.next_event().unwrap(), Some(Event::End), "{key:x?}");
        assert_eq!(reader.next_event().unwrap(), None, "{key:x?}");
        let next = Record::Key(KeyRecord::new("next".into()));
        assert_eq!(reader.next_record().unwrap(), Some(next), "{key:x?}");
        assert_eq!(reader.next_record().unwrap(), Some(Record::End(Checksum::Off)), "{key:x?}");
    }
}

#[test]
fn values_are_passed_over_to_where_reading_ends() {
    for Golden { id, key, version, payload, .. } in golden() {
        let body = body(&payload);
        let record = [&body[..1], b"\x01k", &body[1..]].concat();
        // Footers may say 0, headers not.
        let magic = magic(version.max(1));
        let file = [magic.as_bytes(), &record, b"\xFF\0\0\0\0\0\0\0\0"].concat();
        let end = (magic.len() + record.len()) as u64;
        // Nothing told, the start, and one event more.
        for told in 0..3 {
            let mut reader = FileReader::new(file.as_slice(), DecodeLimits::default()).unwrap();
            reader.next_record().unwrap();
            assert_eq!(reader.value_code(), Some(body[0]));
            for _ in 0..told {
                reader.next_event().unwrap();
            }
            reader.skip_value().unwrap();
            assert_eq!(reader.offset(), end, "{id}: {key} behind {told} events");
            assert_eq!(reader.value_code(), None);
            assert_eq!(reader.next_event().unwrap(), None);
            assert_eq!(reader.next_record().unwrap(), Some(Record::End(Checksum::Off)), "{id}");
        }
        let mut reader = FileReader::new(file.as_slice(), DecodeLimits::default()).unwrap();
        reader.next_record().unwrap();
        assert_eq!(value_of(&mut reader), decode(payload, DecodeLimits::default()).ok(), "{id}");
        assert_eq!(reader.offset(), end, "{id}: {key}");
    }
}

/// A value comes again and again, from memory if it is small, else from the file, and what follows
/// it is where it was.
#[test]
fn values_are_rewound() {
    let noise = |len: usize| -> Bytes {
        (0..len).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8).collect()
    };
    let field = |nth: usize| HashField {
        field: nth.to_string().into(),
        value: noise(1000 + nth),
        expire_at_ms: (nth.is_multiple_of(2)).then_some(4_000_000_000_000 + nth as u64),
    };
    let values = [
        Value::from(StringValue::Int(7)),
        Value::Hash((0..10).map(field).collect()),
        Value::Hash((0..2000).map(field).collect()),
        Value::from(StringValue::Raw(noise(3 << 20))),
        Value::List((0..40).map(|nth| noise(65_536 + nth)).collect()),
        Value::List((0..100_000).map(|nth| Bytes::from(format!("element {nth}"))).collect()),
    ];
    let target = Target::KEYFERRY;
    let mut writer = FileWriter::new(Vec::new(), target).unwrap();
    for value in &values {
        let mut measure =
            Measure::new(value.events(Thresholds::default()), target, EncodeOptions::default());
        while !measure.advance(usize::MAX).unwrap() {}
        writer.key(&KeyRecord::new("key".into()), measure.finish()).unwrap();
    }
    let file = writer.finish().unwrap();

    let mut reader = FileReader::new(Cursor::new(&file), DecodeLimits::default()).unwrap();
    for value in &values {
        assert!(matches!(reader.next_record(), Ok(Some(Record::Key(_)))));
        let mut source = reader.value().expect("nothing of it has been told");
        // Whole, in parts, and whole again.
        for events_max in [usize::MAX, 0, 1, 3, 1000, usize::MAX] {
            rdb_format::EventSource::rewind(&mut source).unwrap();
            let mut builder = ValueBuilder::default();
            let mut events = 0;
            while events < events_max
                && let Some(event) = rdb_format::EventSource::next_event(&mut source).unwrap()
            {
                builder.push(event);
                events += 1;
            }
            if events < events_max {
                assert_eq!(builder.finish().as_ref(), Some(value));
            }
        }
    }
    assert_eq!(reader.next_record().unwrap(), Some(Record::End(Checksum::Verified)));
}

/// A source begins with the start, so there is none once that has been told; but what a module says
/// of a file can be had from it although its module is known.
#[test]
fn a_value_is_a_source_until_some_of_it_is_told() {
    let file = file(b"\xF7\x01\x02\x01\x05\x03abc\0\x00\x01k\x01v\x00\x01l\x01v");
    let mut reader = FileReader::new(Cursor::new(&file), DecodeLimits::default()).unwrap();
    assert!(reader.value().is_none());

    assert_eq!(reader.next_record().unwrap(), Some(Record::ModuleAux(ModuleId(1))));
    let target = Target::KEYFERRY;
    let source = reader.value().expect("nothing of it has been told");
    let mut measure = Measure::new(source, target, EncodeOptions::default());
    while !measure.advance(usize::MAX).unwrap() {}
    let mut copy = FileWriter::new(Vec::new(), target).unwrap();
    copy.module_aux(measure.finish()).unwrap();
    assert_eq!(copy.finish().unwrap()[9..19], file[9..19]);

    assert!(matches!(reader.next_record(), Ok(Some(Record::Key(_)))));
    assert!(reader.value().is_some());
    reader.next_event().unwrap();
    assert!(reader.value().is_none(), "the start has been told");
    assert!(matches!(reader.next_record(), Ok(Some(Record::Key(_)))));
    reader.skip_value().unwrap();
    assert!(reader.value().is_none(), "it has been passed over");
}

#[test]
fn every_truncation_is_named_with_the_length_that_is_left() {
    let file = file_of_everything(Checksum::Verified);
    for len in 0..file.len() {
        let error = records(&file[..len]).expect_err("it is cut short");
        assert!(
            matches!(error, FileError::Truncated { offset } if offset == len as u64),
            "{error}"
        );
    }
}

#[test]
fn every_changed_byte_is_an_error_or_sound() {
    let verified = file_of_everything(Checksum::Verified);
    let off = file_of_everything(Checksum::Off);
    for at in 0..verified.len() {
        for change in [1, 0x80, 0xFF] {
            let mut changed = verified.clone();
            changed[at] ^= change;
            assert!(records(&changed).is_err(), "{at} {change}");
        }
        for change in (0..8).map(|bit| 1 << bit).chain([0xFF]) {
            let mut changed = off.clone();
            changed[at] ^= change;
            let mut reader = match FileReader::new(changed.as_slice(), DecodeLimits::default()) {
                Ok(reader) => reader,
                Err(_) => continue,
            };
            let target = match reader.version().family() {
                Family::Redis => Target::KEYFERRY,
                Family::Valkey => Target::of_valkey_release(9, 1),
            };
            while let Ok(Some(_)) = reader.next_record() {
                let Some(value) = value_of(&mut reader) else { continue };
                if let Ok(payload) = rdb_format::payload::encode(&value, &target) {
                    assert_eq!(decode(payload, DecodeLimits::default()), Ok(value));
                }
            }
        }
    }
}

/// However a file comes, and whatever of it is passed over.
#[test]
fn files_come_in_any_pieces() {
    let file = file_of_everything(Checksum::Verified);
    let whole = records(&file).unwrap();
    for piece_bytes in [1, 2, 7, 100] {
        let trickle = Trickle { file: &file, piece_bytes, interrupted: false };
        let mut reader = FileReader::new(trickle, DecodeLimits::default()).unwrap();
        let mut told = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            told.push(record);
            if told.len() % 2 == 0 {
                reader.skip_value().unwrap();
            }
        }
        assert_eq!(told, whole);
        assert_eq!(told.last(), Some(&Record::End(Checksum::Verified)));
    }
}

/// Reads a few bytes at a time, and is interrupted before each.
struct Trickle<'a> {
    file: &'a [u8],
    piece_bytes: usize,
    interrupted: bool,
}

impl Read for Trickle<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = self.piece_bytes.min(space.len());
        self.file.read(&mut space[..len])
    }
}

#[test]
fn a_file_that_cannot_be_had_is_named_with_how_far_it_was() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let file = b"REDIS0009\xFE\0".chain(Broken);
    let mut reader = FileReader::new(file, DecodeLimits::default()).unwrap();
    assert_eq!(reader.next_record().unwrap(), Some(Record::Database(0)));
    let error = reader.next_record().expect_err("the pipe is broken");
    assert!(matches!(error, FileError::Io { offset: 11, .. }), "{error}");
}

/// What is wrong with a value is said with its place in the file.
#[test]
fn offsets_count_from_the_first_byte() {
    let file = file(b"\x00\x01k\x01v\x02\x01s\x02\x01a\x01a");
    let error = records(&file).expect_err("it has a duplicate");
    let FileError::Decode(error) = error else { panic!("{error}") };
    assert_eq!(error, DecodeError::Duplicate { offset: 20 });
}

const ONE_KEY: &[u8] = b"\xFE\x00\x00\x03key\x05value";

fn magic(version: u16) -> String {
    match RdbVersion(version).family() {
        Family::Redis => format!("REDIS{version:04}"),
        Family::Valkey => format!("VALKEY{version:03}"),
    }
}

/// A file of version 12 without checksum.
fn file(records: &[u8]) -> Vec<u8> {
    [b"REDIS0012", records, b"\xFF\0\0\0\0\0\0\0\0"].concat()
}

fn checksummed(magic: &str, records: &[u8]) -> Vec<u8> {
    let mut file = [magic.as_bytes(), records, b"\xFF"].concat();
    let crc = crc64::checksum(&file);
    file.extend_from_slice(&crc.to_le_bytes());
    file
}

/// All opcodes, and a small value of each type.
fn file_of_everything(checksum: Checksum) -> Vec<u8> {
    let mut records = [
        b"\xFA\x01a\x01b\xF5\x01f\xF7\x01\x02\x01\0".as_slice(),
        b"\xFE\0\xFB\x02\x01\xF4\0\x01\0\xFD\xFF\xFF\xFF\x7F\x00\x01s\xC1\xE8\x03",
        b"\xFC\xFF\xFF\xFF\x7F\0\0\0\0\xF8\x07\xF9\x07",
    ]
    .concat();
    let mut cases: Vec<Golden> = golden().into_iter().filter(|case| case.version <= 12).collect();
    cases.sort_by_key(|case| (case.code, case.payload.len()));
    cases.dedup_by_key(|case| case.code);
    assert_eq!(cases.len(), 24);
    for Golden { code, payload, .. } in cases {
        records.extend_from_slice(&[code, 1, code]);
        records.extend_from_slice(&body(&payload)[1..]);
    }
    match checksum {
        Checksum::Off => file(&records),
        _ => checksummed("REDIS0012", &records),
    }
}

/// All records, their values read.
fn records(file: &[u8]) -> Result<Vec<Record>, FileError> {
    let mut reader = FileReader::new(file, DecodeLimits::default())?;
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        records.push(record);
    }
    Ok(records)
}

fn last(file: &[u8]) -> Result<Record, String> {
    let records = records(file).map_err(|error| error.to_string())?;
    Ok(records.into_iter().last().expect("a file has an end"))
}

/// The value that follows, if there is one and it is sound.
fn value_of(reader: &mut FileReader<&[u8]>) -> Option<Value> {
    let mut builder = ValueBuilder::default();
    while let Some(event) = reader.next_event().ok()? {
        builder.push(event);
    }
    builder.finish()
}
