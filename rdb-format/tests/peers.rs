//! Real servers read what is written here, and what they write is read here.
//!
//! `scripts/peers` installs them. A test says so and passes where one is missing, except in CI.

mod common;

use common::{
    Golden, as_told_to, commands, expected, golden,
    peer::{Client, Peer, Server},
    sayable,
};

use rdb_format::{
    DecodeLimits, EncodeOptions, Thresholds, Value,
    payload::{PayloadMeasure, decode},
};

#[test]
fn every_golden_payload_is_restored_everywhere_in_words_that_are_understood() {
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        let mut restored = 0;
        for Golden { id, key, payload, .. } in golden() {
            let value = decode(payload, DecodeLimits::default()).expect(&id);
            restored += usize::from(told(
                &server,
                &mut client,
                &value,
                Thresholds::default(),
                &format!("{id}: {key}"),
            ));
        }
        assert!(restored > 230, "{restored} of the corpus can be said to {:?}", server.peer);
    }
}

/// Tells `value` to a server, which must then say the same, by commands and by DUMP. False if it
/// cannot be told.
fn told(
    server: &Server,
    client: &mut Client,
    value: &Value,
    thresholds: Thresholds,
    what: &str,
) -> bool {
    let (peer, target) = (server.peer, server.peer.target());
    let events = value.events(thresholds);
    let mut measure = PayloadMeasure::new(events, &target, EncodeOptions::default());
    let mut encoder = loop {
        match measure.advance(usize::MAX) {
            Ok(false) => {}
            Ok(true) => break measure.finish().expect("nothing is so long"),
            Err(error) => {
                assert_eq!(Err(error.into()), sayable(value, &target), "{what} for {peer:?}");
                return false;
            }
        }
    };
    let mut payload = Vec::new();
    while let Ok(Some(slice)) = encoder.next_slice(usize::MAX) {
        payload.extend_from_slice(&slice);
    }
    let answer = client.restore("key", &payload);
    if let Value::Module(_) = value {
        // Whether it has the module.
        assert_eq!(answer.is_ok(), peer == Peer::Redis82, "{what} for {peer:?}: {answer:?}");
        if answer.is_err() {
            return false;
        }
        assert_eq!(dumped(client).as_ref(), Some(value), "{what} from {peer:?}");
        return true;
    }
    assert_eq!(answer, Ok(()), "{what} for {peer:?}");

    let wanted = expected::of(&as_told_to(value, &target));
    // Where all fields of a hash have expired, the key may be gone already.
    let gone = wanted == serde_json::json!([]);
    let said = commands::read(client, peer, "key");
    let told = expected::told_of(&said, &wanted);
    assert!(told == wanted || gone && said.is_null(), "{what} at {peer:?}: {said} for {wanted}");
    match dumped(client) {
        Some(dumped) => {
            let told = expected::told_of(&expected::of(&dumped), &wanted);
            assert_eq!(told, wanted, "{what} from {peer:?}");
        }
        None => assert!(gone, "{what} at {peer:?} is gone"),
    }
    true
}

/// What a server's DUMP of the key means.
fn dumped(client: &mut Client) -> Option<Value> {
    match client.ask("DUMP", &[&"key"]) {
        redis::Value::BulkString(payload) => {
            Some(decode(payload.into(), DecodeLimits::default()).expect("it is the server's own"))
        }
        _ => None,
    }
}
