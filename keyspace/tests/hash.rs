//! Hashes against a map, across their encodings.

mod common;

use std::collections::BTreeMap;

use keyspace::string::IncrError;
use keyspace::{FieldExpiry, Hash, HashRef, Thresholds, Value, ValueBuilder};
use proptest::prelude::*;
use rdb_format::EventSource;

const NOW_MS: i64 = 1_700_000_000_000;

/// Value and expiry by name.
type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

#[derive(Clone, Debug)]
enum Step {
    Set(Vec<u8>, Vec<u8>, bool),
    Remove(Vec<u8>),
    IncrBy(Vec<u8>, i64),
    /// Milliseconds from now.
    Expire(Vec<u8>, Option<i64>),
    Pass(i64),
    RemoveDue(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (name(), text(), any::<bool>()).prop_map(|(name, text, keep)| Step::Set(name, text, keep)),
        2 => name().prop_map(Step::Remove),
        2 => (name(), -5_i64..5).prop_map(|(name, by)| Step::IncrBy(name, by)),
        4 => (name(), prop::option::of(0_i64..30)).prop_map(|(name, at)| Step::Expire(name, at)),
        1 => (0_i64..10).prop_map(Step::Pass),
        1 => (0_usize..4).prop_map(Step::RemoveDue),
    ]
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0..20_i32).prop_map(|number| number.to_string().into_bytes()),
        (0..20_i32).prop_map(|number| format!("field {number}").into_bytes()),
        Just(vec![b'n'; 20]),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..12),
        Just(b"007".to_vec()),
        (0_usize..100).prop_map(|len| vec![b'v'; len]),
    ]
}

fn thresholds() -> impl Strategy<Value = Thresholds> {
    (0_usize..40, prop::sample::select(vec![8_usize, 16, 64])).prop_map(|(entries, value)| {
        Thresholds {
            hash_max_listpack_entries: entries,
            hash_max_listpack_value: value,
            ..Thresholds::default()
        }
    })
}

fn fields(hash: HashRef<'_>, now_ms: i64) -> Model {
    let fields = hash.iter(now_ms).map(|field| {
        let (name, value) = (field.name.as_text().to_vec(), field.value.as_text().to_vec());
        (name, (value, field.expire_at_ms))
    });
    fields.collect()
}

fn round_trip(value: &Value, thresholds: Thresholds) -> Value {
    let mut events = value.view().events(i64::MIN);
    let mut builder = ValueBuilder::new(thresholds);
    while let Ok(Some(event)) = events.next_event() {
        builder.push(event);
    }
    builder.finish().expect("the events end")
}

fn is_live(expire_at_ms: Option<i64>, now_ms: i64) -> bool {
    expire_at_ms.is_none_or(|at_ms| at_ms >= now_ms)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_hash_is_a_map(
        thresholds in thresholds(),
        other_thresholds in thresholds(),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut hash = Hash::new();
        let mut model = Model::new();
        let mut now_ms = NOW_MS;
        let mut was_table = false;
        for step in steps {
            match step {
                Step::Set(name, value, keep) => {
                    let expiry = if keep { FieldExpiry::Keep } else { FieldExpiry::Clear };
                    let old = model.remove(&name);
                    let kept = old.as_ref().and_then(|(_, at_ms)| *at_ms).filter(|_| keep);
                    prop_assert_eq!(
                        hash.set(&name, &value, expiry, &thresholds, now_ms),
                        old.is_none()
                    );
                    model.insert(name, (value, kept));
                }
                Step::Remove(name) => {
                    prop_assert_eq!(hash.remove(&name, now_ms), model.remove(&name).is_some());
                }
                Step::IncrBy(name, by) => {
                    let old = model.get(&name).cloned().unwrap_or((b"0".to_vec(), None));
                    let expected = match rdb_format::parse_integer(&old.0) {
                        None => Err(IncrError::NotAnInteger),
                        Some(number) => number.checked_add(by).ok_or(IncrError::Overflow),
                    };
                    prop_assert_eq!(hash.incr_by(&name, by, &thresholds, now_ms), expected);
                    if let Ok(sum) = expected {
                        model.insert(name, (sum.to_string().into_bytes(), old.1));
                    }
                }
                Step::Expire(name, delay_ms) => {
                    let expire_at_ms = delay_ms.map(|delay_ms| now_ms + delay_ms);
                    let field = model.get_mut(&name);
                    prop_assert_eq!(
                        hash.set_expiry(&name, expire_at_ms, now_ms),
                        field.is_some()
                    );
                    if let Some(field) = field {
                        field.1 = expire_at_ms;
                    }
                }
                Step::Pass(time_ms) => {
                    now_ms += time_ms;
                    model.retain(|_, (_, at_ms)| is_live(*at_ms, now_ms));
                }
                Step::RemoveDue(count_max) => {
                    let due = hash.view().len() - hash.view().live_len(now_ms);
                    prop_assert_eq!(hash.remove_due(now_ms, count_max), due.min(count_max));
                }
            }
            let view = hash.view();
            prop_assert_eq!(&fields(view, now_ms), &model);
            prop_assert_eq!(view.live_len(now_ms), model.len());
            prop_assert_eq!(view.is_due(now_ms), model.is_empty() && !view.is_empty());
            let next_ms = fields(view, i64::MIN).values().filter_map(|(_, at_ms)| *at_ms).min();
            prop_assert_eq!(view.next_expiry_ms(), next_ms);
            let is_table = view.encoding() == "hashtable";
            prop_assert!(is_table || !was_table, "there is no way back");
            prop_assert!(is_table || view.len() <= thresholds.hash_max_listpack_entries);
            was_table = is_table;
        }
        for (name, (value, expire_at_ms)) in &model {
            let field = hash.view().get(name, now_ms).expect("it is there");
            prop_assert_eq!(&*field.value.as_text(), &**value);
            prop_assert_eq!(field.expire_at_ms, *expire_at_ms);
        }
        if let Some((packing, blob)) = hash.packed() {
            prop_assert_eq!(&Hash::from_packed(packing, blob), &hash);
            prop_assert_eq!(&HashRef::from_packed(packing, blob).to_value(), &hash);
        }
        if !hash.view().is_empty() {
            let value = Value::Hash(hash);
            for thresholds in [thresholds, other_thresholds] {
                let copy = round_trip(&value, thresholds);
                prop_assert_eq!(&copy, &value);
                let Value::Hash(copy) = copy else { panic!("a hash comes of a hash") };
                let entries_max = thresholds.hash_max_listpack_entries;
                prop_assert!(copy.packed().is_none() || copy.view().len() <= entries_max);
            }
        }
    }

    #[test]
    fn draws_are_fields_and_samples_are_different_ones(
        len in 1_usize..40,
        due in 0_usize..40,
        packed in any::<bool>(),
        count in 0_usize..50,
    ) {
        let entries = if packed { 512 } else { 0 };
        let thresholds = Thresholds { hash_max_listpack_entries: entries, ..Thresholds::default() };
        let mut hash = Hash::new();
        for number in 0..len + due {
            let name = format!("{number}");
            hash.set(name.as_bytes(), b"", FieldExpiry::Clear, &thresholds, NOW_MS);
            if number >= len {
                hash.set_expiry(name.as_bytes(), Some(NOW_MS), NOW_MS);
            }
        }
        let (hash, now_ms) = (hash.view(), NOW_MS + 1);
        let mut dice = common::random_numbers();
        let names: Vec<_> =
            hash.sample(count, &mut dice, now_ms).iter().map(|it| it.name.to_int()).collect();
        prop_assert_eq!(names.len(), count.min(len));
        let mut sorted = names;
        sorted.sort();
        sorted.dedup();
        prop_assert_eq!(sorted.len(), count.min(len));
        prop_assert!(sorted.iter().all(|name| name.is_some_and(|it| it < len as i64)));
        let drawn = hash.random(&mut dice, now_ms).expect("there are some");
        prop_assert!(hash.get(&drawn.name.as_text(), now_ms).is_some());
    }
}

#[test]
fn every_field_is_scanned() {
    let mut hash = Hash::new();
    let thresholds = Thresholds::default();
    for number in 0..5000 {
        let name = format!("{number}");
        hash.set(name.as_bytes(), b"x", FieldExpiry::Clear, &thresholds, NOW_MS);
    }
    assert_eq!(hash.view().encoding(), "hashtable");
    let (mut cursor, mut seen, mut calls) = (0, 0, 0);
    loop {
        cursor = hash.view().scan(cursor, 50, NOW_MS, |_| seen += 1);
        calls += 1;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(seen, 5000);
    assert!(calls > 30, "{calls} calls");
}

/// As `HSET` and `OBJECT ENCODING` of Redis 7.2.
#[test]
fn encodings_change_where_those_of_redis_7_2_do() {
    let thresholds = Thresholds::default();
    let filled = |len: usize| {
        let mut hash = Hash::new();
        for number in 0..len {
            let name = format!("{number}");
            hash.set(name.as_bytes(), b"x", FieldExpiry::Clear, &thresholds, NOW_MS);
        }
        hash
    };
    assert_eq!(filled(512).view().encoding(), "listpack");
    assert_eq!(filled(513).view().encoding(), "hashtable");
    for (name_len, value_len, encoding) in
        [(64, 64, "listpack"), (65, 1, "hashtable"), (1, 65, "hashtable")]
    {
        let mut hash = filled(1);
        let (name, value) = (vec![b'n'; name_len], vec![b'v'; value_len]);
        hash.set(&name, &value, FieldExpiry::Clear, &thresholds, NOW_MS);
        assert_eq!(hash.view().encoding(), encoding, "{name_len} {value_len}");
        hash.remove(&name, NOW_MS);
        assert_eq!(hash.view().encoding(), encoding, "there is no way back");
    }
    let mut hash = filled(3);
    hash.set_expiry(b"1", Some(NOW_MS), NOW_MS);
    assert_eq!(hash.view().encoding(), "listpackex");
}

#[test]
fn a_shared_table_is_copied_before_it_changes() {
    let thresholds = Thresholds { hash_max_listpack_entries: 0, ..Thresholds::default() };
    let mut hash = Hash::new();
    hash.set(b"a", b"1", FieldExpiry::Clear, &thresholds, NOW_MS);
    let held = hash.view().to_value();
    hash.set(b"a", b"2", FieldExpiry::Clear, &thresholds, NOW_MS);
    hash.set(b"b", b"3", FieldExpiry::Clear, &thresholds, NOW_MS);
    assert_eq!(held.view().len(), 1);
    assert!(held.view().get(b"a", NOW_MS).is_some_and(|field| field.value.eq_text(b"1")));
    assert_eq!(hash.view().len(), 2);
}

#[test]
fn fields_that_expired_before_1970_are_no_fields() {
    let mut hash = Hash::new();
    let thresholds = Thresholds::default();
    for name in [b"a", b"b"] {
        hash.set(name, b"1", FieldExpiry::Clear, &thresholds, NOW_MS);
    }
    assert!(hash.set_expiry(b"a", Some(-5), NOW_MS));
    assert!(hash.view().get(b"a", NOW_MS).is_none());
    assert_eq!((hash.view().len(), hash.view().live_len(NOW_MS)), (2, 1));
    assert_eq!(hash.remove_due(NOW_MS, 10), 1);
}
