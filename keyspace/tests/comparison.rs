//! Values compared with what events tell: equal if they mean the same, however they are packed, and
//! different after any change.

use bytes::Bytes;
use keyspace::{Value, ValueBuilder, ValueComparison};
use rdb_format::{
    DecodeLimits, EncodeOptions, Event, EventSource as _, StringValue, Target, Thresholds, payload,
};

const NOW_MS: i64 = 1_700_000_000_000;

/// Values of every type and encoding, each told by the events that make it.
fn values() -> Vec<Vec<Event>> {
    use rdb_format::Kind;
    let text = |number: usize| Event::String(format!("element {number}").into());
    let mut values = vec![
        vec![Event::Start(Kind::String), Event::String("12".into())],
        vec![Event::Start(Kind::String), Event::String("".into())],
        vec![
            Event::Start(Kind::String),
            Event::StringStart { len: 100_000 },
            Event::StringChunk(vec![b'x'; 60_000].into()),
            Event::StringChunk(vec![b'y'; 40_000].into()),
            Event::StringEnd,
        ],
    ];
    for len in [1, 3, 300, 2000] {
        let mut list = vec![Event::Start(Kind::List)];
        let mut set = vec![Event::Start(Kind::Set)];
        let mut integers = vec![Event::Start(Kind::Set)];
        let mut hash = vec![Event::Start(Kind::Hash)];
        let mut expiring = vec![Event::Start(Kind::HashWithTtls)];
        let mut scored = vec![Event::Start(Kind::SortedSet)];
        for number in 0..len {
            list.push(text(number));
            set.push(text(number));
            integers.push(Event::String(number.to_string().into()));
            hash.extend([text(number), Event::String(number.to_string().into())]);
            let expire_at_ms = (number % 2 == 0).then_some(NOW_MS as u64 + number as u64);
            expiring.extend([Event::ExpireAt(expire_at_ms), text(number), text(number + 1)]);
            scored.extend([text(number), Event::Score(number as f64 / 4.0)]);
        }
        values.extend([list, set, integers, hash, expiring, scored]);
    }
    for events in &mut values {
        events.push(Event::End);
    }
    values
}

fn value(events: &[Event], thresholds: Thresholds) -> Value {
    let mut builder = ValueBuilder::new(thresholds);
    events.iter().for_each(|event| builder.push(event.clone()));
    builder.finish().expect("the events tell a value")
}

fn thresholds() -> [Thresholds; 2] {
    let wide = Thresholds {
        set_max_intset_entries: 10_000,
        set_max_listpack_entries: 10_000,
        hash_max_listpack_entries: 10_000,
        zset_max_listpack_entries: 10_000,
        ..Thresholds::default()
    };
    [Thresholds::default(), wide]
}

fn is_told(value: &Value, events: &[Event]) -> bool {
    let mut comparison = ValueComparison::new(value.clone(), NOW_MS);
    events.iter().for_each(|event| comparison.push(event.clone()));
    comparison.is_equal()
}

#[test]
fn equal_however_it_is_packed() {
    for events in values() {
        for here in thresholds() {
            let here = value(&events, here);
            assert!(is_told(&here, &events), "{here:?}");
            for there in thresholds() {
                let there = value(&events, there);
                for target in [Target::KEYFERRY, Target::of_valkey_release(9, 1)] {
                    let told = there.view().events(NOW_MS);
                    let payload = payload::encode_events(told, &target, EncodeOptions::default())
                        .expect("it can be told");
                    let mut comparison = ValueComparison::new(here.clone(), NOW_MS);
                    payload::decode_events(payload, DecodeLimits::default(), &mut |event| {
                        comparison.push(event);
                    })
                    .expect("the payload is sound");
                    assert!(comparison.is_equal(), "{here:?}");
                }
            }
        }
    }
}

#[test]
fn different_after_any_change() {
    for events in values() {
        for here in thresholds() {
            let here = value(&events, here);
            for at in (0..events.len()).step_by(events.len() / 50 + 1) {
                let mut cut = events.clone();
                cut.truncate(at);
                assert!(!is_told(&here, &cut), "cut before event {at}: {here:?}");
                let mut changed = events.clone();
                match &mut changed[at] {
                    Event::Start(kind) => *kind = rdb_format::Kind::Module(rdb_format::ModuleId(0)),
                    Event::String(text) | Event::StringChunk(text) => {
                        *text = [text, &b"!"[..]].concat().into();
                    }
                    Event::Score(score) => *score += 0.25,
                    Event::ExpireAt(at_ms) => *at_ms = Some(at_ms.unwrap_or(5) + 1),
                    _ => continue,
                }
                assert!(!is_told(&here, &changed), "event {at} was changed: {here:?}");
            }
        }
    }
}

#[test]
fn an_element_more_or_less_or_elsewhere_is_a_difference() {
    let list = |texts: &[&'static str]| {
        let mut events = vec![Event::Start(rdb_format::Kind::List)];
        events.extend(texts.iter().map(|text| Event::String(Bytes::from(*text))));
        events.push(Event::End);
        events
    };
    let here = value(&list(&["a", "b", "c"]), Thresholds::default());
    assert!(is_told(&here, &list(&["a", "b", "c"])));
    for other in [&["a", "b"][..], &["a", "b", "c", "c"], &["b", "a", "c"]] {
        assert!(!is_told(&here, &list(other)), "{other:?}");
    }
}

/// What had expired when the value was sent did not travel, and is not expected back.
#[test]
fn fields_that_had_expired_are_not_expected() {
    let field = |name: &'static str, at_ms: i64| {
        [Event::ExpireAt(Some(at_ms as u64)), Event::String(name.into()), Event::String("v".into())]
    };
    let hash = |fields: Vec<[Event; 3]>| {
        let mut events = vec![Event::Start(rdb_format::Kind::HashWithTtls)];
        events.extend(fields.into_iter().flatten());
        events.push(Event::End);
        events
    };
    let both = hash(vec![field("old", NOW_MS - 10), field("new", NOW_MS + 10)]);
    let new = hash(vec![field("new", NOW_MS + 10)]);
    let here = value(&both, Thresholds::default());
    assert!(is_told(&here, &new));
    assert!(!is_told(&here, &both));
    let old = hash(vec![field("old", NOW_MS - 10)]);
    assert!(is_told(&value(&old, Thresholds::default()), &old), "a hash does not become empty");
}

#[test]
fn a_number_is_its_text() {
    let mut comparison = ValueComparison::new(StringValue::Int(12).into(), 0);
    let mut events = Value::from(StringValue::Raw("12".into())).view().events(0);
    while let Ok(Some(event)) = events.next_event() {
        comparison.push(event);
        assert!(comparison.may_be_equal());
    }
    assert!(comparison.is_equal());
}
