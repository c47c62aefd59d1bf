//! DUMP payloads of real servers, and hand-made legal ones, from `golden/payloads.jsonl`.

mod common;

use common::{Golden, golden, json, tell};
use rdb_format::{
    DecodeLimits, RdbVersion, Target,
    payload::{decode, encode},
};

#[test]
fn the_corpus_is_whole() {
    assert_eq!(golden().len(), 266);
    // So "what a server takes is taken here" below is about all of it.
    assert!(golden().iter().all(|case| case.answers.values().any(|answer| answer == "OK")));
}

#[test]
fn every_payload_means_what_its_server_said() {
    for Golden { id, key, version, payload, value, .. } in golden() {
        let told = tell(std::slice::from_ref(&payload), DecodeLimits::default());
        assert_eq!(told.result, Ok(RdbVersion(version)), "{id}: {key}");
        let decoded = decode(payload, DecodeLimits::default()).expect(&id);
        assert_eq!(json::of(&decoded), without_decimals(value), "{id}: {key}");
    }
}

#[test]
fn every_split_tells_the_same() {
    for Golden { id, key, payload, .. } in golden() {
        let whole = tell(std::slice::from_ref(&payload), DecodeLimits::default());
        for piece_bytes in [1, 2, 3, 7, 64, 1000] {
            let pieces: Vec<_> =
                payload.chunks(piece_bytes).map(|piece| payload.slice_ref(piece)).collect();
            let told = tell(&pieces, DecodeLimits::default());
            assert!(told == whole, "{id}: {key} in pieces of {piece_bytes}");
        }
    }
}

/// Every value, in the words of every target that has some for it, means what it meant.
#[test]
fn every_value_survives_our_own_writing() {
    let targets = [
        ("keyferry", Target::KEYFERRY),
        ("2.8", Target::redis_exact(RdbVersion(6))),
        ("3.2", Target::redis(RdbVersion(7))),
        ("4.0", Target::redis(RdbVersion(8))),
        ("6.2", Target::redis(RdbVersion(9))),
        ("7.0", Target::redis(RdbVersion(10))),
        ("7.2", Target::redis(RdbVersion(11))),
        ("8.2", Target::redis(RdbVersion(12))),
        ("Valkey 8.1", Target::of_valkey_release(8, 1)),
        ("Valkey 9.1", Target::of_valkey_release(9, 1)),
    ];
    for Golden { id, key, payload, .. } in golden() {
        let value = decode(payload, DecodeLimits::default()).expect(&id);
        for (name, target) in targets {
            let written = match encode(&value, &target) {
                Ok(written) => written,
                Err(error) => {
                    assert_eq!(Err(error), common::sayable(&value, &target), "{id} {key} {name}");
                    continue;
                }
            };
            let read = decode(written, DecodeLimits::default());
            let read = read.unwrap_or_else(|error| panic!("{id} {key} for {name}: {error}"));
            assert_eq!(read, common::as_told_to(&value, &target), "{id} {key} for {name}");
        }
    }
}

/// Scores come with a decimal beside their bits, for human readers.
fn without_decimals(mut value: serde_json::Value) -> serde_json::Value {
    for member in value.as_array_mut().into_iter().flatten() {
        if let Some(member) = member.as_array_mut()
            && member.len() == 3
            && member[1].as_str().is_some_and(|bits| bits.len() == 16)
            && member[2].is_string()
        {
            member.pop();
        }
    }
    value
}
