//! DUMP payloads of real servers, and hand-made legal ones, from `golden/payloads.jsonl`.

mod common;

use std::collections::BTreeMap;

use common::{Golden, golden, golden_strings, tell};
use rdb_format::{
    DecodeError, DecodeLimits, RdbVersion, Target, Value,
    payload::{decode, encode},
};

#[test]
fn the_corpus_is_whole() {
    assert_eq!(golden().len(), 266);
    assert_eq!(golden_strings().len(), 59);
    // So "what a server takes is taken here" below is about all of it.
    assert!(golden().iter().all(|case| case.restorable));
}

#[test]
fn strings_mean_what_their_servers_said() {
    for Golden { id, version, payload, text, .. } in golden_strings() {
        let told = tell(&[payload], DecodeLimits::default());
        assert_eq!(told.result, Ok(RdbVersion(version)), "{id}");
        assert_eq!(told.text, text.expect("strings have one"), "{id}");
    }
}

#[test]
fn strings_survive_our_own_writing() {
    for Golden { id, payload, text, .. } in golden_strings() {
        let value = decode(payload, DecodeLimits::default()).expect(&id);
        let ours = encode(&value, &Target::KEYFERRY).expect(&id);
        assert_eq!(
            tell(std::slice::from_ref(&ours), DecodeLimits::default()).result,
            Ok(RdbVersion(6)),
            "{id}"
        );
        let Ok(Value::String(again)) = decode(ours, DecodeLimits::default()) else {
            panic!("{id}: not a string");
        };
        assert_eq!(again.to_bytes(), text.expect("strings have one"), "{id}");
    }
}

/// Every type that is not read yet, with the number of its payloads. A type leaves this table when
/// it gets tests of its own.
#[test]
fn other_types_are_refused_by_their_code() {
    let mut refused = BTreeMap::new();
    for Golden { id, payload, code, .. } in golden().into_iter().filter(|case| case.code != 0) {
        let error = decode(payload, DecodeLimits::default()).expect_err(&id);
        assert_eq!(error, DecodeError::UnsupportedType { code }, "{id}");
        *refused.entry(code).or_insert(0) += 1;
    }
    let expected = [
        (1, 2),
        (2, 17),
        (3, 2),
        (4, 12),
        (5, 7),
        (7, 2),
        (9, 3),
        (10, 5),
        (11, 9),
        (12, 3),
        (13, 6),
        (14, 12),
        (15, 12),
        (16, 9),
        (17, 8),
        (18, 29),
        (19, 15),
        (20, 5),
        (21, 33),
        (22, 7),
        (23, 1),
        (24, 2),
        (25, 6),
    ];
    assert_eq!(refused, BTreeMap::from(expected));
}
