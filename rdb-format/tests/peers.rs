//! Real servers read what is written here, and what they write is read here.
//!
//! `scripts/peers` installs them. A test says so and passes where one is missing, except in CI.

mod common;

use bytes::Bytes;
use common::{
    Golden, as_told_to, body, commands, expected, golden,
    peer::{Client, Peer, Server},
    sayable, seal_as, strategies,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use rdb_format::{
    DecodeLimits, EncodeOptions, HashField, ScoredMember, StringValue, Thresholds, Value,
    payload::{PayloadMeasure, decode, encode},
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

#[test]
fn values_of_every_shape_are_told_and_heard() {
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        let mut runner = TestRunner::deterministic();
        let strategy =
            (prop_oneof![strategies::ordinary(), strategies::stream()], strategies::thresholds());
        for nth in 0..150 {
            let (value, thresholds) = strategy.new_tree(&mut runner).expect("a value").current();
            told(&server, &mut client, &value, thresholds, &format!("sample {nth}"));
        }
    }
}

/// Whatever comes of a payload with a changed byte, if it is taken here it can be told.
#[test]
fn values_of_changed_payloads_are_told_and_heard() {
    let mut values = Vec::new();
    for Golden { id, key, payload, version, .. } in golden() {
        let body = body(&payload);
        for at in (0..body.len()).step_by(1 + body.len() / 25) {
            let mut changed = body.to_vec();
            changed[at] ^= 1 << (at % 7);
            let changed = seal_as(version, &changed);
            match decode(changed, DecodeLimits::default()) {
                // What a module keeps is for the module to understand.
                Ok(Value::Module(_)) | Err(_) => {}
                Ok(value) => values.push((format!("{id}: {key}, {at}"), value)),
            }
        }
    }
    assert!(values.len() > 1000, "{}", values.len());
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        for (what, value) in &values {
            told(&server, &mut client, value, Thresholds::default(), what);
        }
    }
}

/// Nodes of every size that a server can be told to make, and as many that it would not.
#[test]
fn large_lists_in_nodes_of_every_size() {
    let elements: Vec<Bytes> = (0..5000_usize)
        .map(|nth| match nth % 5 {
            0 => nth.to_string().into(),
            1 => Bytes::from(noise(nth % 200)),
            2 => Bytes::from(vec![b'x'; nth % 5000]),
            _ => Bytes::from(format!("element {nth}")),
        })
        .collect();
    let list = Value::List(elements.into());
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        for list_max_listpack_size in [-5, -4, -3, -2, -1, 1, 2, 128, 10_000] {
            let thresholds = Thresholds { list_max_listpack_size, ..Thresholds::default() };
            let size = list_max_listpack_size.to_string();
            client.ask("CONFIG", &[&"SET", &"list-max-ziplist-size", &size]);
            assert!(told(&server, &mut client, &list, thresholds, &size));
        }
    }
}

#[test]
fn large_collections_and_strings_over_64_kib_inside() {
    let long = |seed: u8| Bytes::from([&[seed][..], &noise(70_000)].concat());
    let fields = |expire_at_ms: fn(usize) -> Option<u64>| {
        let field = |nth: usize| HashField {
            field: nth.to_string().into(),
            value: if nth.is_multiple_of(2500) { long(1) } else { format!("value {nth}").into() },
            expire_at_ms: expire_at_ms(nth),
        };
        Value::Hash((0..10_000).map(field).collect())
    };
    let scored = |nth: u32| ScoredMember {
        member: if nth == 5 { long(2) } else { format!("member {nth}").into() },
        score: f64::from(nth) / 7.0,
    };
    let values = [
        ("hash", fields(|_| None)),
        ("hash with TTLs", fields(|nth| (nth % 3 > 0).then_some(4_102_444_800_000 + nth as u64))),
        ("list", Value::List((0..30).map(long).collect())),
        ("set", Value::Set((0..30).map(long).collect())),
        ("integers", Value::Set((0..3000).map(|nth| Bytes::from(nth.to_string())).collect())),
        ("sorted set", Value::SortedSet((0..10_000).map(scored).collect())),
        ("string", StringValue::Raw(noise(3 << 20).into()).into()),
    ];
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        for (what, value) in &values {
            told(&server, &mut client, value, Thresholds::default(), what);
        }
    }
}

/// Fields that have expired are taken, and are not there.
#[test]
fn field_ttls_about_both_ends() {
    let field = |field: &'static str, expire_at_ms| HashField {
        field: field.into(),
        value: "v".into(),
        expire_at_ms,
    };
    let (first, far, last) = (Some(0), Some(4_102_444_800_000), Some((1 << 48) - 1));
    let values = [
        Value::Hash([field("a", first), field("b", None), field("c", far)].into()),
        Value::Hash([field("a", Some(1)), field("b", last), field("c", far)].into()),
        Value::Hash([field("a", last)].into()),
        Value::Hash([field("a", first)].into()),
        Value::Hash([field("a", Some(1)), field("b", Some(2))].into()),
    ];
    let plain = Thresholds { hash_max_listpack_entries: 0, ..Thresholds::default() };
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        for value in &values {
            for thresholds in [Thresholds::default(), plain] {
                let what = format!("{value:?}");
                let said = told(&server, &mut client, value, thresholds, &what);
                assert_eq!(said, server.peer.has_field_ttls());
            }
        }
    }
}

/// Redis and Valkey disagree about the back length of such an entry. A wrong one is refused by
/// Valkey, and ends Redis when it reads it.
#[test]
fn entries_at_the_boundary_of_back_lengths() {
    let loose = [
        &["--list-max-ziplist-size", "-5"][..],
        &["--hash-max-ziplist-value", "100000"],
        &["--zset-max-ziplist-value", "100000"],
    ]
    .concat();
    let thresholds = Thresholds {
        list_max_listpack_size: -5,
        set_max_listpack_value: 100_000,
        hash_max_listpack_value: 100_000,
        zset_max_listpack_value: 100_000,
        ..Thresholds::default()
    };
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&loose)) {
        let mut client = server.connect();
        for len in strategies::BOUNDARY_LEN - 8..=strategies::BOUNDARY_LEN + 8 {
            let long = Bytes::from(noise(len));
            let short = Bytes::from_static(b"short");
            let elements = [short.clone(), long.clone(), short.clone(), long.clone()];
            let field = |field: &Bytes, expire_at_ms| HashField {
                field: field.clone(),
                value: long.clone(),
                expire_at_ms,
            };
            let time = Some(4_102_444_800_000);
            let values = [
                Value::List(elements.into()),
                Value::Set([short.clone(), long.clone()].into()),
                Value::Hash([field(&short, None), field(&long, None)].into()),
                Value::Hash([field(&short, time), field(&long, None)].into()),
                Value::SortedSet(
                    [
                        ScoredMember { member: short, score: 1.0 },
                        ScoredMember { member: long.clone(), score: 0.0 },
                    ]
                    .into(),
                ),
            ];
            for value in values {
                told(&server, &mut client, &value, thresholds, &format!("{len} bytes"));
            }
            // A stream has no other form, and the server's own node is at hand.
            client.ask("DEL", &[&"key"]);
            client.ask("XADD", &[&"key", &"1-1", &"field", &&long[..], &"g", &"short"]);
            let stream = dumped(&mut client).expect("it was added");
            assert!(told(&server, &mut client, &stream, thresholds, &format!("{len} bytes")));
            for other in Peer::ALL {
                // In the widths of the others it still means the same here.
                if let Ok(payload) = encode(&stream, &other.target()) {
                    let read = decode(payload, DecodeLimits::default());
                    assert_eq!(read, Ok(as_told_to(&stream, &other.target())));
                }
            }
        }
    }
}

#[test]
fn scores_keep_every_bit() {
    let mut scores = vec![
        0.0,
        -0.0,
        1.5,
        -1.5,
        0.1 + 0.2,
        1e-7,
        1e17,
        1e21,
        1.7976931348623157e308,
        5e-324,
        2.2250738585072014e-308,
        9_007_199_254_740_993.0,
        9_223_372_036_854_775_807.0,
        -9_223_372_036_854_775_808.0,
        9_223_372_036_854_774_784.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    scores.extend(
        (0..90_u64).map(|nth| f64::from_bits(0x3FF0_0000_0000_0001 ^ (nth * 0x0123_4567_89AB))),
    );
    let member =
        |(nth, score): (usize, f64)| ScoredMember { member: nth.to_string().into(), score };
    let value = Value::SortedSet(scores.into_iter().enumerate().map(member).collect());
    let plain = Thresholds { zset_max_listpack_entries: 0, ..Thresholds::default() };
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        for (what, thresholds) in [("packed", Thresholds::default()), ("plain", plain)] {
            assert!(told(&server, &mut client, &value, thresholds, what));
        }
    }
}

/// Text with repetition at every distance, text without any, and lengths about every form.
#[test]
fn strings_of_every_form() {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for len in [0, 1, 20, 21, 63, 64, 16_383, 16_384, 65_536, 65_537, 1 << 20] {
        let words = ["ferry", "key", "slot", "restore", "dump", "replica", "shard", "expire"];
        let words = noise(len).into_iter().flat_map(|byte| words[usize::from(byte) % 8].bytes());
        texts.extend([vec![b'r'; len], words.take(len).collect(), noise(len)]);
    }
    texts.extend((1..200).map(|unit| noise(unit).repeat(1 + 9000 / unit)));
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        for (nth, text) in texts.iter().enumerate() {
            let value = StringValue::parse(text.clone().into()).into();
            assert!(told(&server, &mut client, &value, Thresholds::default(), &nth.to_string()));
        }
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
        // It keeps them in another order.
        let dumped = dumped(client).expect("it was restored");
        assert_eq!(sorted_parts(&dumped), sorted_parts(value), "{what} from {peer:?}");
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

fn sorted_parts(module: &Value) -> Vec<String> {
    let Value::Module(module) = module else { panic!("{module:?} is no module's") };
    let mut parts: Vec<String> = module.parts.iter().map(|part| format!("{part:?}")).collect();
    parts.sort();
    parts
}

/// A fixed sequence that does not compress (xorshift64).
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(len)
    .collect()
}
