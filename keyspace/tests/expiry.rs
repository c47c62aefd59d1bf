//! When keys expire, lazily and by the cycle.

mod common;

use common::string;
use keyspace::{
    Database, FieldExpiry, Freeze, Hash, Keyspace, StringValue, Thresholds, Value, ValueRef,
};

const NOW_MS: i64 = 1_700_000_000_000;

#[test]
fn a_key_lives_through_its_last_millisecond() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    database.insert(b"a", string("1"), Some(NOW_MS));
    assert!(database.read(b"a", NOW_MS).is_some());
    assert!(database.peek(b"a", NOW_MS + 1).is_none());
    assert_eq!(database.len(), 1, "a peek removes nothing");
    assert!(database.read(b"a", NOW_MS + 1).is_none());
    assert_eq!(database.len(), 0);
}

#[test]
fn an_expired_key_is_absent_for_every_change() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    for key in [b"a", b"b", b"c"] {
        database.insert(key, string("1"), Some(NOW_MS));
    }
    let later_ms = NOW_MS + 1;
    assert!(matches!(database.edit::<StringValue>(b"a", later_ms), Ok(None)));
    assert!(!database.set_expire(b"b", None, later_ms));
    assert!(!database.remove(b"c", later_ms));
    assert_eq!((database.len(), database.expires_len()), (0, 0));
    assert_eq!(keyspace.stats().expired_keys, 3);
}

#[test]
fn an_expiry_can_be_set_moved_and_taken_back() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    assert!(!database.set_expire(b"a", Some(NOW_MS), NOW_MS));
    database.insert(b"a", string("1"), None);
    for expire_at_ms in [Some(NOW_MS + 5), Some(NOW_MS + 9), Some(i64::MAX), None] {
        assert!(database.set_expire(b"a", expire_at_ms, NOW_MS));
        assert_eq!(database.peek(b"a", NOW_MS).unwrap().expire_at_ms(), expire_at_ms);
        assert_eq!(database.expires_len(), usize::from(expire_at_ms.is_some()));
    }
    assert!(database.set_expire(b"a", Some(i64::MIN), NOW_MS));
    assert!(database.read(b"a", NOW_MS).is_none(), "the earliest time there is has passed");
}

#[test]
fn the_cycle_removes_what_is_due_and_nothing_else() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    for number in 0..1000 {
        database.insert(format!("{number}").as_bytes(), string("1"), Some(NOW_MS + number));
    }
    database.insert(b"forever", string("1"), None);
    assert_eq!(keyspace.expire_cycle(NOW_MS, usize::MAX), 0);
    assert_eq!(keyspace.expire_cycle(NOW_MS + 250, usize::MAX), 250);
    let database = keyspace.database(0);
    assert_eq!((database.len(), database.expires_len()), (751, 750));
    assert!(database.peek(b"249", NOW_MS).is_none());
    assert!(database.peek(b"250", NOW_MS).is_some());
    assert_eq!(keyspace.stats().expired_keys, 250);
}

#[test]
fn the_cycle_removes_a_bounded_number_and_gets_to_every_database() {
    let mut keyspace = Keyspace::new(3);
    for index in 0..3 {
        for number in 0..100 {
            let key = format!("{number}");
            keyspace.database_mut(index).insert(key.as_bytes(), string("1"), Some(NOW_MS));
        }
    }
    for _ in 0..3 {
        assert_eq!(keyspace.expire_cycle(NOW_MS + 1, 10), 10);
    }
    let lens: Vec<usize> = keyspace.iter().map(|database| database.len()).collect();
    assert_eq!(lens, [90, 90, 90]);
    let mut left = 270;
    while left > 0 {
        let removed = keyspace.expire_cycle(NOW_MS + 1, 25);
        assert!((1..=25).contains(&removed));
        left -= removed;
    }
    assert_eq!(keyspace.expire_cycle(NOW_MS + 1, 25), 0);
}

#[test]
fn a_cycle_that_removes_less_than_it_may_has_left_nothing() {
    let mut keyspace = Keyspace::new(100);
    for number in 0..25 {
        let key = format!("{number}");
        keyspace.database_mut(70).insert(key.as_bytes(), string("1"), Some(NOW_MS));
    }
    let removed = [(); 4].map(|()| keyspace.expire_cycle(NOW_MS + 1, 10));
    assert_eq!(removed, [10, 10, 5, 0]);
}

#[test]
fn a_keyspace_without_databases_has_nothing_to_expire() {
    assert_eq!(Keyspace::new(0).expire_cycle(NOW_MS, 10), 0);
}

#[test]
fn the_average_ttl_is_that_of_the_keys_that_expire() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    assert_eq!(database.average_ttl_ms(NOW_MS), 0);
    database.insert(b"forever", string("1"), None);
    database.insert(b"a", string("1"), Some(NOW_MS + 100));
    database.insert(b"b", string("1"), Some(NOW_MS + 300));
    assert_eq!(database.average_ttl_ms(NOW_MS), 200);
    database.remove(b"b", NOW_MS);
    assert_eq!(database.average_ttl_ms(NOW_MS), 100);
    assert_eq!(database.average_ttl_ms(NOW_MS + 500), 0);
}

/// A hash of so many fields, each of which expires a millisecond after the one before, and one that
/// does not if there is a `rest`.
fn expiring_hash(fields: i64, rest: bool) -> Value {
    let thresholds = Thresholds::default();
    let mut hash = Hash::new();
    for number in 0..fields {
        let name = format!("{number}");
        hash.set(name.as_bytes(), b"1", FieldExpiry::Clear, &thresholds, NOW_MS);
        hash.set_expiry(name.as_bytes(), Some(NOW_MS + number), NOW_MS);
    }
    if rest {
        hash.set(b"rest", b"1", FieldExpiry::Clear, &thresholds, NOW_MS);
    }
    hash.into()
}

fn field_count(database: &Database, key: &[u8]) -> Option<usize> {
    match database.peek(key, NOW_MS)?.value() {
        ValueRef::Hash(hash) => Some(hash.len()),
        _ => None,
    }
}

#[test]
fn the_cycle_removes_fields_that_are_due_and_hashes_that_have_no_other() {
    for fields in [10, 1000] {
        let mut keyspace = Keyspace::new(1);
        let database = keyspace.database_mut(0);
        database.insert(b"rest", expiring_hash(fields, true), None);
        database.insert(b"all", expiring_hash(fields, false), None);
        database.insert(b"string", string("1"), None);
        assert_eq!(keyspace.expire_cycle(NOW_MS, usize::MAX), 0);
        assert_eq!(keyspace.expire_cycle(NOW_MS + 5, usize::MAX), 10);
        let database = keyspace.database(0);
        assert_eq!(field_count(database, b"rest"), Some(fields as usize - 4));
        assert_eq!(field_count(database, b"all"), Some(fields as usize - 5));
        let mut left = 2 * (fields - 5);
        while left > 0 {
            let removed = keyspace.expire_cycle(NOW_MS + fields, 7);
            assert!((1..=7).contains(&removed), "{removed}");
            left -= removed as i64;
        }
        assert_eq!(keyspace.expire_cycle(NOW_MS + fields, usize::MAX), 0);
        let database = keyspace.database(0);
        assert_eq!(database.len(), 2);
        assert_eq!(field_count(database, b"rest"), Some(1));
    }
}

#[test]
fn a_hash_all_of_whose_fields_have_expired_is_absent() {
    for fields in [10, 1000] {
        let mut keyspace = Keyspace::new(1);
        let database = keyspace.database_mut(0);
        database.insert(b"h", expiring_hash(fields, false), None);
        let last_ms = NOW_MS + fields - 1;
        assert!(database.peek(b"h", last_ms).is_some());
        assert!(database.peek(b"h", last_ms + 1).is_none());
        assert!(matches!(database.freeze(b"h", last_ms + 1), Freeze::Missing));
        assert_eq!(database.len(), 0);
        assert_eq!(keyspace.expire_cycle(last_ms + 1, usize::MAX), 0);
    }
}

#[test]
fn the_cycle_follows_edits_and_leaves_frozen_hashes_alone() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    database.insert(b"edited", expiring_hash(3, true), None);
    database.insert(b"frozen", expiring_hash(3, true), None);
    database.insert(b"replaced", expiring_hash(3, true), None);
    database.insert(b"removed", expiring_hash(3, true), None);
    let mut hash = database.edit::<Hash>(b"edited", NOW_MS).unwrap().expect("it is there");
    hash.set_expiry(b"0", None, NOW_MS);
    hash.set_expiry(b"1", Some(NOW_MS + 50), NOW_MS);
    drop(hash);
    database.insert(b"replaced", string("1"), None);
    assert!(database.remove(b"removed", NOW_MS));
    assert!(matches!(database.freeze(b"frozen", NOW_MS), Freeze::Frozen(_)));
    assert_eq!(keyspace.expire_cycle(NOW_MS + 10, usize::MAX), 1);
    let database = keyspace.database_mut(0);
    assert_eq!(field_count(database, b"edited"), Some(3));
    assert_eq!(field_count(database, b"frozen"), Some(4));
    database.thaw(b"frozen", NOW_MS + 10);
    assert_eq!(keyspace.expire_cycle(NOW_MS + 10, usize::MAX), 3);
    assert_eq!(keyspace.expire_cycle(NOW_MS + 51, usize::MAX), 1);
    assert_eq!(field_count(keyspace.database(0), b"edited"), Some(2));
}
