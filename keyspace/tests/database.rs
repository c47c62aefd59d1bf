//! Keys and values of one database, and what is counted.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{random_numbers, string};
use keyspace::{
    Database, FieldExpiry, Hash, Keyspace, List, ListEnd, Set, Slot, Stats, StringValue,
    Thresholds, Value, WARMED_KEYS_MAX, string,
};

const NOW_MS: i64 = 1_700_000_000_000;

#[test]
fn a_hundred_thousand_keys_come_and_go() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    let keys: Vec<String> = (0..100_000).map(|number| format!("key:{number}")).collect();
    for key in &keys {
        database.insert(key.as_bytes(), string("value"), None);
    }
    assert_eq!(database.len(), keys.len());
    for key in &keys {
        assert!(database.read(key.as_bytes(), NOW_MS).is_some());
        assert!(database.remove(key.as_bytes(), NOW_MS));
        assert!(database.peek(key.as_bytes(), NOW_MS).is_none());
    }
    assert!(database.is_empty());
}

#[test]
fn keys_of_any_length_and_content_are_told_apart() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    let keys: Vec<Vec<u8>> = (0..70).map(|len| vec![0; len]).collect();
    for (len, key) in keys.iter().enumerate() {
        database.insert(key, Value::String(StringValue::Int(len as i64)), None);
    }
    for (len, key) in keys.iter().enumerate() {
        let entry = database.peek(key, NOW_MS).expect("it was inserted");
        assert_eq!(entry.value(), Value::String(StringValue::Int(len as i64)));
    }
}

#[test]
fn values_are_told_as_they_grow_and_shrink() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    let expire_at_ms = Some(NOW_MS + 1);
    database.insert(b"key", Value::String(StringValue::Int(-7)), expire_at_ms);
    let mut text = b"-7".to_vec();
    while text.len() < 3_000 {
        let mut value = database.edit::<StringValue>(b"key", NOW_MS).unwrap().expect("it is there");
        string::append(&mut value, b"0123456789");
        drop(value);
        text.extend_from_slice(b"0123456789");
        let entry = database.peek(b"key", NOW_MS).expect("it is there");
        assert_eq!(entry.value(), Value::String(StringValue::Raw(text.clone().into())));
        assert_eq!((entry.key(), entry.expire_at_ms()), (&b"key"[..], expire_at_ms));
    }
    for value in [vec![b'x'; 5_000], vec![b'y'; 5_000], vec![b'z'; 10], vec![]] {
        let value = Value::String(StringValue::Raw(value.into()));
        database.insert(b"key", value.clone(), None);
        let entry = database.peek(b"key", NOW_MS).expect("it is there");
        assert_eq!((entry.value() == value, entry.expire_at_ms()), (true, None));
    }
}

/// The same changes to values in a database, which keeps them beside their keys while they are
/// small, and to values apart.
#[test]
fn collections_are_told_as_they_grow() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    let thresholds = Thresholds::default();
    let (mut hash, mut expiring, mut set, mut list) =
        (Hash::new(), Hash::new(), Set::new(), List::new());
    for number in 0..200 {
        let text = format!("element:{number}");
        let change_hash = |hash: &mut Hash| {
            hash.set(text.as_bytes(), b"value", FieldExpiry::Clear, &thresholds, NOW_MS);
        };
        let change_expiring = |hash: &mut Hash| {
            hash.set(text.as_bytes(), b"value", FieldExpiry::Clear, &thresholds, NOW_MS);
            hash.set_expiry(text.as_bytes(), Some(NOW_MS + 1 + number), NOW_MS);
        };
        // An intset first.
        let member = if number < 150 { number.to_string() } else { text.clone() };
        let change_set = |set: &mut Set| assert!(set.add(member.as_bytes(), &thresholds));
        let change_list =
            |list: &mut List| list.push(ListEnd::Tail, [text.as_bytes()], &thresholds);
        change_hash(&mut hash);
        change_hash(&mut database.edit_or_new(b"hash", NOW_MS).unwrap());
        change_expiring(&mut expiring);
        change_expiring(&mut database.edit_or_new(b"expiring", NOW_MS).unwrap());
        change_set(&mut set);
        change_set(&mut database.edit_or_new(b"set", NOW_MS).unwrap());
        change_list(&mut list);
        change_list(&mut database.edit_or_new(b"list", NOW_MS).unwrap());
        let expected: [(&str, Value); 4] = [
            ("hash", hash.clone().into()),
            ("expiring", expiring.clone().into()),
            ("set", set.clone().into()),
            ("list", list.clone().into()),
        ];
        for (key, value) in expected {
            let entry = database.peek(key.as_bytes(), NOW_MS).expect("it is there");
            assert_eq!(entry.value(), value, "{key} with {} elements", number + 1);
            assert_eq!(entry.value().encoding(), value.view().encoding(), "{key}");
        }
    }
}

#[test]
fn the_keys_of_a_slot_are_counted_and_listed() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    let mut by_slot: BTreeMap<Slot, BTreeSet<Vec<u8>>> = BTreeMap::new();
    let tagged = (0..2_000).map(|number| format!("{{tag}}:{number}"));
    for key in (0..20_000).map(|number| format!("key:{number}")).chain(tagged) {
        database.insert(key.as_bytes(), string("value"), None);
        by_slot.entry(Slot::of(key.as_bytes())).or_default().insert(key.into_bytes());
    }
    for number in 0..Slot::COUNT as u16 {
        let slot = Slot::new(number).expect("there is such a slot");
        let expected = by_slot.remove(&slot).unwrap_or_default();
        assert_eq!(database.slot_len(slot), expected.len());
        assert!(database.slot_keys(slot).map(<[u8]>::to_vec).collect::<BTreeSet<_>>() == expected);
    }
    let mut of_tag = database.slot_keys(Slot::of(b"tag")).take(10);
    assert!(of_tag.all(|key| key.starts_with(b"{tag}") || Slot::of(key) == Slot::of(b"tag")));
}

#[test]
fn reads_are_counted_and_peeks_are_not() {
    let mut keyspace = Keyspace::new(2);
    keyspace.database_mut(0).insert(b"a", string("1"), None);
    keyspace.database_mut(1).insert(b"b", string("2"), Some(NOW_MS));
    keyspace.database_mut(0).read(b"a", NOW_MS);
    keyspace.database_mut(0).read(b"x", NOW_MS);
    keyspace.database_mut(1).read(b"b", NOW_MS);
    keyspace.database_mut(1).read(b"b", NOW_MS + 1);
    keyspace.database(0).peek(b"a", NOW_MS);
    keyspace.database(0).peek(b"x", NOW_MS);
    keyspace.database_mut(0).edit::<StringValue>(b"a", NOW_MS).unwrap();
    let stats = keyspace.stats();
    assert_eq!((stats.keyspace_hits, stats.keyspace_misses, stats.expired_keys), (2, 2, 1));
    keyspace.reset_stats();
    assert_eq!(keyspace.stats(), Default::default());
}

#[test]
fn warming_leaves_no_trace() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    let keys: Vec<String> =
        (0..2 * WARMED_KEYS_MAX).map(|number| format!("key:{number}")).collect();
    for key in keys.iter().step_by(2) {
        database.insert(key.as_bytes(), string("value"), Some(NOW_MS));
    }
    let access = |database: &Database| database.peek(b"key:0", NOW_MS).map(|entry| entry.access());
    let before = access(database);
    database.warm(keys.iter().map(|key| key.as_bytes()));
    database.warm([]);
    assert_eq!((database.len(), access(database)), (WARMED_KEYS_MAX, before));
    assert_eq!(keyspace.stats(), Stats::default());
}

#[test]
fn an_update_keeps_the_expiry_and_an_insert_does_not() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    database.insert(b"a", string("1"), Some(NOW_MS + 5));
    let mut value = database.edit::<StringValue>(b"a", NOW_MS).unwrap().expect("it is there");
    assert_eq!(string::incr_by(&mut value, 41), Ok(42));
    drop(value);
    let entry = database.peek(b"a", NOW_MS).unwrap();
    assert_eq!(entry.value(), string("42"));
    assert_eq!(entry.expire_at_ms(), Some(NOW_MS + 5));
    database.insert(b"a", string("1"), None);
    assert_eq!(database.peek(b"a", NOW_MS + 6).unwrap().expire_at_ms(), None);
    assert_eq!((database.len(), database.expires_len()), (1, 0));
}

#[test]
fn clearing_leaves_an_empty_database_that_works() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    for round in 0..3 {
        assert!(database.is_empty(), "round {round}");
        database.insert(b"a", string("1"), Some(NOW_MS));
        database.insert(b"b", string("1"), None);
        database.clear();
        assert_eq!((database.len(), database.expires_len()), (0, 0));
    }
}

#[test]
fn swapped_databases_exchange_their_keys() {
    let mut keyspace = Keyspace::new(3);
    keyspace.database_mut(0).insert(b"a", string("1"), None);
    keyspace.swap_databases(0, 2);
    let lens: Vec<usize> = keyspace.iter().map(|database| database.len()).collect();
    assert_eq!(lens, [0, 0, 1]);
    keyspace.swap_databases(2, 2);
    assert!(keyspace.database(2).peek(b"a", NOW_MS).is_some());
}

#[test]
fn a_scan_shows_living_keys_with_their_entries() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    database.insert(b"lives", string("1"), Some(NOW_MS));
    database.insert(b"expired", string("2"), Some(NOW_MS - 1));
    let mut seen = Vec::new();
    let cursor = database.scan(0, 10, NOW_MS, |entry| {
        seen.push((entry.key().to_vec(), entry.value().to_value()));
    });
    assert_eq!((cursor, seen), (0, vec![(b"lives".to_vec(), string("1"))]));
}

#[test]
fn a_random_key_is_a_living_one() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    assert_eq!(database.random_key(random_numbers(), NOW_MS), None);
    for number in 0..500 {
        database.insert(format!("expired:{number}").as_bytes(), string("1"), Some(NOW_MS - 1));
    }
    assert_eq!(database.random_key(random_numbers(), NOW_MS), None);
    database.insert(b"lives", string("1"), None);
    let mut random = random_numbers();
    for _ in 0..100 {
        assert_eq!(database.random_key(&mut random, NOW_MS), Some(&b"lives"[..]));
    }
}
