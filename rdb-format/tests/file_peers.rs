//! Files that real servers save are read here, and files that are written here are loaded there.
//!
//! `scripts/peers` installs the servers. A test says so and passes where one is missing, except in
//! CI.

mod common;

use std::{collections::BTreeMap, io::Cursor};

use bytes::Bytes;
use common::{
    Golden, as_told_to, commands,
    craft::string,
    expected, golden,
    peer::{Client, Peer},
    sayable, strategies,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use rdb_format::{
    DecodeLimits, EncodeOptions, Measure, RdbVersion, StringValue, Target, Thresholds, Value,
    ValueBuilder,
    file::{Checksum, FileReader, FileWriter, KeyRecord, Record},
    payload::{decode, encode},
};
use redis::Value as Reply;

const FAR_MS: i64 = 4_102_444_800_000;

const FUNCTION: &str =
    "#!lua name=ferry\nredis.register_function('berths', function() return 12 end)";

#[test]
fn saved_files_say_what_commands_say() {
    for (peer, policy) in
        Peer::ALL.into_iter().flat_map(|peer| [(peer, "allkeys-lru"), (peer, "allkeys-lfu")])
    {
        let Some(server) = peer.start(&["--maxmemory-policy", policy]) else { continue };
        let mut client = server.connect();
        let values = values_for(peer);
        for (nth, (key, value)) in values.iter().enumerate() {
            client.ask("SELECT", &[&database_of(nth)]);
            let payload = encode(value, &peer.target()).expect("it can be said");
            client.restore(key, &payload).expect("it is sound");
            if nth % 3 == 0 {
                client.ask("PEXPIREAT", &[key, &(FAR_MS + nth as i64)]);
            }
        }
        if peer != Peer::Redis62 {
            client.ask("FUNCTION", &[&"LOAD", &FUNCTION]);
        }

        let file = server.save();
        let mut reader = FileReader::new(file.as_slice(), DecodeLimits::default()).unwrap();
        assert_eq!(reader.version(), peer.version());
        let (mut database, mut keys, mut checksum) = (0, 0, None);
        let mut aux = BTreeMap::new();
        let mut functions = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            match record {
                Record::Aux { name, value } => drop(aux.insert(name, value)),
                Record::Database(number) => {
                    database = number;
                    client.ask("SELECT", &[&number]);
                }
                Record::DatabaseSize { keys, .. } => {
                    assert_eq!(client.ask("DBSIZE", &[]), Reply::Int(keys as i64));
                }
                Record::Function(source) => functions.push(source),
                Record::ModuleAux(_) | Record::SlotSize { .. } => {}
                Record::Key(record) => {
                    keys += 1;
                    let value = read_value(&mut reader);
                    let key = str::from_utf8(&record.key).unwrap();
                    let nth = values.iter().position(|(name, _)| name == key).expect(key);
                    assert_eq!(database, database_of(nth), "{key} at {peer:?}");
                    let timed = (nth % 3 == 0).then_some(FAR_MS + nth as i64);
                    assert_eq!(record.expire_at_ms, timed, "{key} at {peer:?}");
                    let lru = policy == "allkeys-lru";
                    assert_eq!(
                        (record.idle_seconds.is_some(), record.frequency.is_some()),
                        (lru, !lru)
                    );
                    if let Value::Module(_) = value {
                        continue;
                    }
                    let said = commands::read(&mut client, peer, key);
                    assert_eq!(expected::of(&value), said, "{key} of {peer:?}");
                }
                Record::End(end) => checksum = Some(end),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(keys, values.len());
        assert_eq!(checksum, Some(Checksum::Verified));
        let version_name = if peer == Peer::Valkey91 { "valkey-ver" } else { "redis-ver" };
        let version = peer.name().split_once('-').expect("a name and a version").1;
        assert_eq!(
            aux.get(version_name.as_bytes()).map(|text| &text[..]),
            Some(version.as_bytes())
        );
        let loaded = if peer == Peer::Redis62 { vec![] } else { vec![Bytes::from(FUNCTION)] };
        assert_eq!(functions, loaded);
    }
}

#[test]
fn files_without_checksum_or_compression_are_read() {
    for peer in Peer::ALL {
        let args = ["--rdbchecksum", "no", "--rdbcompression", "no"];
        let Some(server) = peer.start(&args) else { continue };
        let mut client = server.connect();
        client.ask("SET", &[&"key", &"a".repeat(1000)]);
        let file = server.save();
        let mut reader = FileReader::new(file.as_slice(), DecodeLimits::default()).unwrap();
        let mut told = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            match record {
                Record::Key(_) => told.push(format!("{:?}", read_value(&mut reader))),
                Record::End(checksum) => told.push(format!("{checksum:?}")),
                _ => {}
            }
        }
        let value = Value::from(StringValue::parse("a".repeat(1000).into()));
        assert_eq!(told, [format!("{value:?}"), "Off".into()]);
    }
}

#[test]
fn files_written_here_are_loaded() {
    for peer in Peer::ALL {
        let target = peer.target();
        let values = values_for(peer);
        let mut writer = FileWriter::new(Vec::new(), target).unwrap();
        writer.aux(b"redis-ver", b"7.0.15").unwrap();
        writer.aux(b"ferry", b"of no meaning to anyone").unwrap();
        if peer != Peer::Redis62 {
            writer.function(FUNCTION.as_bytes()).unwrap();
        }
        for database in [0, 3] {
            writer.database(database).unwrap();
            // A hint that is wrong.
            writer.database_size(7, 1 << 20).unwrap();
            for (nth, (key, value)) in values.iter().enumerate() {
                if database_of(nth) != database {
                    continue;
                }
                let record = KeyRecord {
                    expire_at_ms: (nth % 3 == 0).then_some(FAR_MS + nth as i64),
                    idle_seconds: Some(1000),
                    ..KeyRecord::new(key.clone().into())
                };
                let events = value.events(Thresholds::default());
                let mut measure = Measure::new(events, target, EncodeOptions::default());
                while !measure.advance(100).unwrap() {}
                writer.key(&record, measure.finish()).unwrap();
            }
        }
        let file = writer.finish().unwrap();

        // Without a limit small integers would be shared, and have no time of their own.
        let policy = ["--maxmemory-policy", "allkeys-lru", "--maxmemory", "1gb"];
        let Some(server) = peer.start_with_file(Some(&file), &policy) else { continue };
        let mut client = server.connect();
        for (nth, (key, value)) in values.iter().enumerate() {
            client.ask("SELECT", &[&database_of(nth)]);
            let Reply::Int(idle) = client.ask("OBJECT", &[&"IDLETIME", key]) else {
                panic!("{key}")
            };
            assert!((1000..1100).contains(&idle), "{key} at {peer:?}: idle for {idle}");
            let Reply::Int(left_ms) = client.ask("PTTL", &[key]) else { panic!("{key}") };
            let now_ms = expected::now_ms() as i64;
            let timed = left_ms != -1;
            assert_eq!(timed, nth % 3 == 0, "{key} at {peer:?}");
            assert!(!timed || (left_ms + now_ms - FAR_MS - nth as i64).abs() < 5000, "{key}");
            if let Value::Module(_) = value {
                continue;
            }
            let wanted = expected::of(&as_told_to(value, &target));
            let said = commands::read(&mut client, peer, key);
            assert_eq!(expected::told_of(&said, &wanted), wanted, "{key} at {peer:?}");
        }
        if peer != Peer::Redis62 {
            assert_eq!(client.ask("FCALL", &[&"berths", &"0"]), Reply::Int(12));
        }
    }
}

/// What one server saves becomes a file for each of the others.
#[test]
fn saved_files_are_converted_for_every_other_server() {
    for source in Peer::ALL {
        let Some(server) = source.start(&[]) else { continue };
        let mut client = server.connect();
        let values = values_for(source);
        for (key, value) in &values {
            let payload = encode(value, &source.target()).expect("it can be said");
            client.restore(key, &payload).expect("it is sound");
        }
        // Alone in a packed node at 7.0, and for 6.2 in a ziplist: where the widths of back lengths
        // change, and the families disagree.
        for len in [16_378, 2_097_146].into_iter().flat_map(|len| len - 1..=len + 1) {
            client.ask("RPUSH", &[&format!("list{len}"), &"x".repeat(len), &"short"]);
        }
        let saved = server.save();
        for peer in Peer::ALL {
            let (file, told) = converted(&saved, &peer.target());
            let Some(server) = peer.start_with_file(Some(&file), &[]) else { continue };
            let mut client = server.connect();
            assert_eq!(client.ask("DBSIZE", &[]), Reply::Int(told.len() as i64));
            for (key, value) in &told {
                let wanted = expected::of(value);
                let said = commands::read(&mut client, peer, key);
                assert_eq!(
                    expected::told_of(&said, &wanted),
                    wanted,
                    "{key} of {source:?} at {peer:?}"
                );
            }
        }
    }
}

/// The copy of a file for a target, and the keys in it. Modules stay behind.
fn converted(file: &[u8], target: &Target) -> (Vec<u8>, Vec<(String, Value)>) {
    let mut reader = FileReader::new(Cursor::new(file), DecodeLimits::default()).unwrap();
    let mut writer = FileWriter::new(Vec::new(), *target).unwrap();
    let mut told = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        match record {
            Record::Database(number) => writer.database(number).unwrap(),
            Record::Key(record) => {
                let mut source = reader.value().expect("nothing of it has been told");
                let value = value_of(&mut source);
                rdb_format::EventSource::rewind(&mut source).unwrap();
                if matches!(value, Value::Module(_)) || sayable(&value, target).is_err() {
                    continue;
                }
                let mut measure = Measure::new(source, *target, EncodeOptions::default());
                while !measure.advance(50).unwrap() {}
                writer.key(&record, measure.finish()).unwrap();
                let key = String::from_utf8(record.key.to_vec()).unwrap();
                told.push((key, as_told_to(&value, target)));
            }
            _ => {}
        }
    }
    (writer.finish().unwrap(), told)
}

#[test]
fn headers_are_taken_as_the_peers_take_them() {
    let headers = (0..=14).map(|version| format!("REDIS{version:04}")).chain(
        ["REDIS0080", "REDIS0081", "VALKEY011", "VALKEY012", "VALKEY080", "VALKEY081"]
            .map(str::to_owned),
    );
    for header in headers {
        let file =
            [header.as_bytes(), b"\xFE\x00\x00\x03key\x05value\xFF\0\0\0\0\0\0\0\0"].concat();
        let ours = FileReader::new(file.as_slice(), DecodeLimits::default()).is_ok();
        let mut any = false;
        for peer in Peer::ALL {
            let Some(refuses) = peer.refuses_file(&file) else { return };
            any |= !refuses;
            let version = header.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
            let version = RdbVersion(version.parse().unwrap());
            assert_eq!(ours && peer.target().accepts(version), !refuses, "{header} at {peer:?}");
        }
        assert_eq!(ours, any, "{header}");
    }
}

/// The rules of loading that are not those of RESTORE.
#[test]
fn files_are_loaded_as_they_are_read() {
    let listpack = string(b"\x07\0\0\0\0\0\xFF");
    let records: Vec<(&str, Vec<u8>)> = vec![
        (
            "empty collections",
            [b"\x02\x01a\0\x04\x01b\0\x10\x01c".as_slice(), &listpack, b"\0\x01k\x01v"].concat(),
        ),
        (
            "an expiry before another record",
            b"\xFC\0\0\0\0\0\0\0\x01\xFA\x01a\x01b\0\x01k\x01v\0\x01l\x01v".into(),
        ),
        ("seconds", b"\xFD\xFF\xFF\xFF\x7F\0\x01k\x01v".into()),
        ("an opcode of no release", b"\xF6\x01a\0\x01k\x01v".into()),
        ("type 6", b"\x06\x01k\x01v".into()),
        ("a duplicate", b"\x02\x01k\x02\x01a\x01a".into()),
    ];
    for (what, records) in records {
        let file = [b"REDIS0010\xFE\0", &records[..], b"\xFF\0\0\0\0\0\0\0\0"].concat();
        let read = read_keys(&file);
        for peer in [Peer::Redis70, Peer::Redis82, Peer::Valkey91] {
            let Some(refuses) = peer.refuses_file(&file) else { return };
            assert_eq!(read.is_none(), refuses, "{what} at {peer:?}");
            let Some(read) = &read else { continue };
            let server = peer.start_with_file(Some(&file), &[]).expect("it started before");
            let mut client = server.connect();
            let mut keys: Vec<(String, i64)> = read.clone();
            keys.sort();
            assert_eq!(loaded_keys(&mut client), keys, "{what} at {peer:?}");
        }
    }
}

/// The keys whose values have elements, with the times at which they expire, -1 for never.
fn read_keys(file: &[u8]) -> Option<Vec<(String, i64)>> {
    let mut reader = FileReader::new(file, DecodeLimits::default()).ok()?;
    let mut keys = Vec::new();
    while let Some(record) = reader.next_record().ok()? {
        let Record::Key(record) = record else { continue };
        let mut events = 0;
        while reader.next_event().ok()?.is_some() {
            events += 1;
        }
        if events > 2 {
            let key = String::from_utf8(record.key.to_vec()).unwrap();
            keys.push((key, record.expire_at_ms.unwrap_or(-1)));
        }
    }
    Some(keys)
}

fn loaded_keys(client: &mut Client) -> Vec<(String, i64)> {
    let Reply::Array(keys) = client.ask("KEYS", &[&"*"]) else { panic!("KEYS has an array") };
    let mut keys: Vec<(String, i64)> = keys
        .into_iter()
        .map(|key| {
            let key: String = redis::from_redis_value(key).unwrap();
            let Reply::Int(time) = client.ask("PEXPIRETIME", &[&key]) else { panic!("{key}") };
            (key, time)
        })
        .collect();
    keys.sort();
    keys
}

/// The corpus and some more, as far as a peer can be told; none of them has expired fields only.
fn values_for(peer: Peer) -> Vec<(String, Value)> {
    let mut runner = TestRunner::deterministic();
    let strategy = prop_oneof![strategies::ordinary(), strategies::stream()];
    let corpus = golden().into_iter().map(|Golden { id, payload, .. }| {
        let value = decode(payload, DecodeLimits::default()).expect(&id);
        (id, value)
    });
    let samples = (0..60).map(|nth| {
        (format!("sample{nth}"), strategy.new_tree(&mut runner).expect("a value").current())
    });
    let text = |text: &'static str| Value::from(StringValue::parse(text.into()));
    // Keys are strings like any other: numbers, compressed.
    let named = [
        ("12345".to_owned(), text("a")),
        ("key".repeat(100), text("b")),
        (String::new(), text("c")),
    ];
    corpus
        .chain(samples)
        .chain(named)
        .filter(|(_, value)| sayable(value, &peer.target()).is_ok())
        .filter(|(_, value)| !matches!(value, Value::Module(_)) || peer == Peer::Redis82)
        .filter(|(_, value)| expected::of(value) != serde_json::json!([]))
        .collect()
}

fn database_of(nth: usize) -> u64 {
    if nth % 5 == 4 { 3 } else { 0 }
}

fn read_value(reader: &mut FileReader<&[u8]>) -> Value {
    let mut builder = ValueBuilder::default();
    while let Some(event) = reader.next_event().unwrap() {
        builder.push(event);
    }
    builder.finish().expect("it is complete")
}

fn value_of(source: &mut impl rdb_format::EventSource<Error: std::fmt::Debug>) -> Value {
    let mut builder = ValueBuilder::default();
    while let Some(event) = source.next_event().unwrap() {
        builder.push(event);
    }
    builder.finish().expect("it is complete")
}
