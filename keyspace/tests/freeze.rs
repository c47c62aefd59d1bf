//! The rules of freezing, one test each.

mod common;

use common::{random_numbers, string};
use keyspace::AccessKind::{Read, Write};
use keyspace::{Access, Database, Freeze, FrozenKey, Keyspace, StringValue};

const NOW_MS: i64 = 1_700_000_000_000;

/// `a` without an expiry and `b` with ten milliseconds to live.
fn two_keys() -> Keyspace {
    let mut keyspace = Keyspace::new(2);
    let database = keyspace.database_mut(0);
    database.insert(b"a", string("1"), None);
    database.insert(b"b", string("2"), Some(NOW_MS + 10));
    keyspace
}

fn frozen(database: &mut Database, key: &[u8]) -> FrozenKey {
    match database.freeze(key, NOW_MS) {
        Freeze::Frozen(frozen) => frozen,
        other => panic!("not frozen: {other:?}"),
    }
}

#[test]
fn a_frozen_key_can_be_read_but_not_changed() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    frozen(database, b"a");
    assert_eq!(database.waits_for([&b"a"[..]], Read), None);
    assert_eq!(database.waits_for([&b"a"[..]], Write), Some(&b"a"[..]));
    assert_eq!(database.read(b"a", NOW_MS).unwrap().value(), string("1"));
}

#[test]
fn a_key_in_doubt_cannot_be_read_either() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    frozen(database, b"a");
    database.park_reads(b"a");
    assert_eq!(database.waits_for([&b"a"[..]], Read), Some(&b"a"[..]));
    assert_eq!(database.waits_for([&b"a"[..]], Write), Some(&b"a"[..]));
}

#[test]
fn only_the_frozen_key_is_in_the_way() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    let keys = [&b"x"[..], b"a", b"b"];
    assert_eq!(database.waits_for(keys, Write), None);
    frozen(database, b"b");
    assert_eq!(database.waits_for(keys, Write), Some(&b"b"[..]));
    assert_eq!(database.waits_for([&b"a"[..], b"x"], Write), None);
    frozen(database, b"a");
    assert_eq!(database.waits_for(keys, Write), Some(&b"a"[..]), "the first of them");
    database.insert(b"x", string("others go on"), None);
}

#[test]
fn a_frozen_key_is_busy_for_everyone_else() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    frozen(database, b"a");
    assert!(matches!(database.freeze(b"a", NOW_MS), Freeze::Busy));
    database.thaw(b"a", NOW_MS);
    frozen(database, b"a");
}

#[test]
fn a_key_that_is_gone_when_its_turn_comes_is_missing() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    assert!(matches!(database.freeze(b"x", NOW_MS), Freeze::Missing));
    assert!(matches!(database.freeze(b"b", NOW_MS + 11), Freeze::Missing));
    assert_eq!(database.len(), 1, "the expired one has been removed");
    assert_eq!(database.frozen_len(), 0);
}

#[test]
fn no_key_is_frozen_while_a_flush_waits() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    frozen(database, b"a");
    database.hold_freezes(true);
    assert!(matches!(database.freeze(b"b", NOW_MS), Freeze::Busy));
    assert!(matches!(database.freeze(b"x", NOW_MS), Freeze::Missing));
    database.thaw(b"a", NOW_MS);
    assert_eq!(database.frozen_len(), 0, "the flush can go on");
    database.clear();
    database.hold_freezes(false);
    database.insert(b"b", string("3"), None);
    frozen(database, b"b");
}

#[test]
fn another_database_is_not_concerned() {
    let mut keyspace = two_keys();
    frozen(keyspace.database_mut(0), b"a");
    keyspace.database_mut(0).hold_freezes(true);
    let other = keyspace.database_mut(1);
    assert_eq!(other.waits_for([&b"a"[..]], Write), None);
    other.insert(b"a", string("other"), None);
    frozen(other, b"a");
}

#[test]
fn what_was_frozen_is_held_without_the_keyspace() {
    let mut keyspace = two_keys();
    let held = frozen(keyspace.database_mut(0), b"b");
    keyspace.database_mut(0).release_moved(b"b");
    drop(keyspace);
    let held = std::thread::spawn(move || held).join().unwrap();
    assert_eq!((held.value, held.expire_at_ms), (string("2"), Some(NOW_MS + 10)));
}

#[test]
fn freezing_counts_as_a_read_unless_it_has_to_wait() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    database.set_access(b"a", Access::idle(100, NOW_MS));
    // What travels with the key is how long it was idle before.
    assert_eq!(frozen(database, b"a").access.idle_seconds(NOW_MS), Some(100));
    let access = database.peek(b"a", NOW_MS).expect("it is there").access();
    assert_eq!(access.idle_seconds(NOW_MS), Some(0));
    database.freeze(b"a", NOW_MS);
    database.freeze(b"x", NOW_MS);
    database.freeze(b"b", NOW_MS + 11);
    let stats = keyspace.stats();
    assert_eq!((stats.keyspace_hits, stats.keyspace_misses), (1, 2));
}

#[test]
fn a_frozen_key_whose_time_is_up_reads_as_absent_and_goes_when_it_is_thawed() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    frozen(database, b"b");
    let later_ms = NOW_MS + 11;
    assert!(database.peek(b"b", later_ms).is_none());
    assert!(database.read(b"b", later_ms).is_none());
    assert!(matches!(database.freeze(b"b", later_ms), Freeze::Missing));
    assert_eq!((database.len(), database.frozen_len()), (2, 1), "it stays");
    database.thaw(b"b", later_ms);
    assert_eq!((database.len(), database.frozen_len(), database.expires_len()), (1, 0, 0));
    assert_eq!(keyspace.stats().expired_keys, 1);
}

#[test]
fn the_expire_cycle_passes_frozen_keys_over_until_they_are_thawed() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    database.insert(b"c", string("3"), Some(NOW_MS + 10));
    frozen(database, b"b");
    assert_eq!(database.expires_len(), 2);
    assert_eq!(keyspace.expire_cycle(NOW_MS + 11, 100), 1);
    assert_eq!(keyspace.expire_cycle(NOW_MS + 11, 100), 0);
    assert_eq!(keyspace.database(0).len(), 2);
    // Released by a clock on which it lives on: the cycle has it again.
    keyspace.database_mut(0).thaw(b"b", NOW_MS);
    assert_eq!(keyspace.expire_cycle(NOW_MS + 11, 100), 1);
}

#[test]
fn a_moved_key_is_gone_when_it_is_released() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    frozen(database, b"b");
    database.park_reads(b"b");
    database.release_moved(b"b");
    assert!(database.read(b"b", NOW_MS).is_none());
    assert_eq!((database.len(), database.expires_len(), database.frozen_len()), (1, 0, 0));
    assert_eq!(database.waits_for([&b"b"[..]], Write), None);
    database.insert(b"b", string("new"), None);
    assert_eq!(keyspace.stats().expired_keys, 0);
}

#[test]
fn a_thawed_key_can_be_read_and_changed_again() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    frozen(database, b"a");
    database.park_reads(b"a");
    database.thaw(b"a", NOW_MS);
    assert_eq!(database.waits_for([&b"a"[..]], Write), None);
    assert!(database.remove(b"a", NOW_MS));
}

#[test]
fn commands_about_all_keys_never_wait() {
    let mut keyspace = two_keys();
    let database = keyspace.database_mut(0);
    for key in [b"a", b"b"] {
        frozen(database, key);
        database.park_reads(key);
    }
    assert_eq!(database.len(), 2);
    assert_eq!(database.iter().count(), 2);
    let mut scanned = 0;
    assert_eq!(database.scan(0, 10, NOW_MS, |_| scanned += 1), 0);
    assert_eq!(scanned, 2);
    assert!(database.random_key(random_numbers(), NOW_MS).is_some());
}

#[test]
fn frozen_keys_are_known() {
    let mut keyspace = two_keys();
    assert!(!keyspace.any_frozen());
    let database = keyspace.database_mut(0);
    frozen(database, b"a");
    frozen(database, b"b");
    let mut keys: Vec<&[u8]> = database.frozen_keys().collect();
    keys.sort_unstable();
    assert_eq!(keys, [b"a", b"b"]);
    assert!(keyspace.any_frozen());
}

/// Whoever changes a key has asked whether it is frozen; these would break the promise otherwise.
macro_rules! panics_on_a_frozen_key {
    ($($name:ident: $change:expr;)*) => {$(
        #[test]
        #[should_panic(expected = "frozen")]
        fn $name() {
            let mut keyspace = two_keys();
            frozen(keyspace.database_mut(0), b"a");
            let change: fn(&mut Keyspace) = $change;
            change(&mut keyspace);
        }
    )*};
}

panics_on_a_frozen_key! {
    insert_panics: |keyspace| keyspace.database_mut(0).insert(b"a", string("x"), None);
    edit_panics: |keyspace| drop(keyspace.database_mut(0).edit::<StringValue>(b"a", NOW_MS));
    edit_or_new_panics: |keyspace| {
        drop(keyspace.database_mut(0).edit_or_new::<StringValue>(b"a", NOW_MS));
    };
    set_expire_panics: |keyspace| assert!(keyspace.database_mut(0).set_expire(b"a", None, NOW_MS));
    set_access_panics: |keyspace| {
        keyspace.database_mut(0).set_access(b"a", Access::idle(5, NOW_MS));
    };
    remove_panics: |keyspace| assert!(keyspace.database_mut(0).remove(b"a", NOW_MS));
    clear_panics: |keyspace| keyspace.database_mut(0).clear();
    swapping_panics: |keyspace| keyspace.swap_databases(1, 0);
    parking_reads_of_another_key_panics: |keyspace| keyspace.database_mut(0).park_reads(b"b");
    thawing_another_key_panics: |keyspace| keyspace.database_mut(0).thaw(b"b", NOW_MS);
    moving_another_key_panics: |keyspace| keyspace.database_mut(0).release_moved(b"b");
}
