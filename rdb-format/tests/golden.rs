//! DUMP payloads of real servers, and hand-made legal ones, from `golden/payloads.jsonl`.

mod common;

use bytes::Bytes;
use common::{Golden, golden};
use rdb_format::{
    DecodeError, DecodeLimits, RdbVersion, Target, Value,
    payload::{PayloadDecoder, decode, encode},
};

#[test]
fn strings_mean_what_their_servers_said() {
    let mut strings = 0;
    for Golden { id, payload, text, .. } in golden().into_iter().filter(|case| case.code == 0) {
        let Value::String(string) = decode(payload, DecodeLimits::default())
            .unwrap_or_else(|error| panic!("{id}: {error}"))
        else {
            panic!("{id}: not a string");
        };
        assert_eq!(string.to_bytes(), text.expect("strings have one"), "{id}");
        strings += 1;
    }
    assert_eq!(strings, 59, "strings in the corpus");
}

#[test]
fn strings_survive_our_own_writing() {
    for Golden { id, payload, .. } in golden().into_iter().filter(|case| case.code == 0) {
        let value = decode(payload.clone(), DecodeLimits::default()).unwrap();
        let ours = encode(&value, &Target::KEYFERRY).unwrap();
        assert_eq!(decode(ours.clone(), DecodeLimits::default()), Ok(value), "{id}");
        assert_eq!(version(ours), RdbVersion(6), "{id}");
    }
}

/// The version in the footer decides alone: what any of the servers takes is taken here.
#[test]
fn versions_are_those_of_the_footers() {
    for Golden { id, payload, version: written, code, .. } in golden() {
        match decode(payload.clone(), DecodeLimits::default()) {
            Ok(_) => assert_eq!(version(payload), RdbVersion(written), "{id}"),
            // Fails for a type once it is read, to be moved to a test of its own then.
            Err(error) => {
                assert_ne!(code, 0, "{id}");
                assert_eq!(error, DecodeError::UnsupportedType { code }, "{id}");
            }
        }
    }
}

fn version(payload: Bytes) -> RdbVersion {
    let mut decoder = PayloadDecoder::new(payload.len() as u64, DecodeLimits::default()).unwrap();
    decoder.push(payload).unwrap();
    decoder.finish().unwrap()
}
