//! Access records under both policies.

mod common;

use common::string;
use keyspace::{Access, AccessPolicy, Keyspace, StringValue};

const NOW_MS: i64 = 1_700_000_000_000;
const MINUTE_MS: i64 = 60_000;

fn with_policy(policy: AccessPolicy) -> Keyspace {
    let mut keyspace = Keyspace::new(1);
    keyspace.set_access_policy(policy);
    // Any call with a time tells the database what time it is when a key is new.
    keyspace.expire_cycle(NOW_MS, 1);
    keyspace.database_mut(0).insert(b"a", string("1"), None);
    keyspace
}

fn access(keyspace: &Keyspace) -> Access {
    keyspace.database(0).peek(b"a", NOW_MS).expect("it was inserted").access()
}

#[test]
fn a_key_is_idle_since_its_last_access() {
    let mut keyspace = with_policy(AccessPolicy::Lru);
    assert_eq!(access(&keyspace).idle_seconds(NOW_MS + 10_000), Some(10));
    assert_eq!(access(&keyspace).frequency(NOW_MS), None);
    keyspace.database_mut(0).read(b"a", NOW_MS + 7_000);
    assert_eq!(access(&keyspace).idle_seconds(NOW_MS + 10_000), Some(3));
    keyspace.database_mut(0).edit::<StringValue>(b"a", NOW_MS + 9_000).unwrap();
    assert_eq!(access(&keyspace).idle_seconds(NOW_MS + 10_000), Some(1));
    assert_eq!(access(&keyspace).idle_seconds(NOW_MS - 5_000), Some(0), "the clock was set back");
}

#[test]
fn a_new_key_has_frequency_five_and_loses_one_a_minute() {
    let keyspace = with_policy(AccessPolicy::Lfu);
    assert_eq!(access(&keyspace).idle_seconds(NOW_MS), None);
    for (minutes, frequency) in [(0, 5), (1, 4), (5, 0), (1000, 0)] {
        assert_eq!(access(&keyspace).frequency(NOW_MS + minutes * MINUTE_MS), Some(frequency));
    }
}

#[test]
fn the_frequency_grows_with_the_logarithm_of_the_accesses() {
    let mut keyspace = with_policy(AccessPolicy::Lfu);
    let mut frequencies = Vec::new();
    for accesses in [100, 900, 9_000] {
        for _ in 0..accesses {
            keyspace.database_mut(0).read(b"a", NOW_MS);
        }
        frequencies.push(access(&keyspace).frequency(NOW_MS).unwrap());
    }
    // Redis's table for log factor 10 says about 10, 18 and 142 after 100, 1000 and 100,000.
    assert!((6..=20).contains(&frequencies[0]), "{frequencies:?}");
    assert!((10..=30).contains(&frequencies[1]), "{frequencies:?}");
    assert!((33..=70).contains(&frequencies[2]), "{frequencies:?}");
}

#[test]
fn an_overwritten_key_keeps_its_frequency() {
    let mut keyspace = with_policy(AccessPolicy::Lfu);
    keyspace.database_mut(0).set_access(b"a", Access::frequent(200, NOW_MS));
    keyspace.database_mut(0).insert(b"a", string("2"), None);
    assert!(access(&keyspace).frequency(NOW_MS) >= Some(200));
}

#[test]
fn a_given_record_counts_only_under_its_policy() {
    let idle = Access::idle(1000, NOW_MS);
    let frequent = Access::frequent(77, NOW_MS);
    let mut keyspace = with_policy(AccessPolicy::Lru);
    keyspace.database_mut(0).set_access(b"a", idle);
    keyspace.database_mut(0).set_access(b"a", frequent);
    assert_eq!(access(&keyspace), idle);
    let mut keyspace = with_policy(AccessPolicy::Lfu);
    keyspace.database_mut(0).set_access(b"a", frequent);
    keyspace.database_mut(0).set_access(b"a", idle);
    assert_eq!(access(&keyspace), frequent);
    keyspace.database_mut(0).set_access(b"absent", frequent);
}

#[test]
fn a_record_changes_its_kind_with_the_next_access() {
    let mut keyspace = with_policy(AccessPolicy::Lru);
    keyspace.set_access_policy(AccessPolicy::Lfu);
    assert_eq!(access(&keyspace).policy(), AccessPolicy::Lru);
    keyspace.database_mut(0).read(b"a", NOW_MS);
    assert_eq!(access(&keyspace).frequency(NOW_MS), Some(5));
    keyspace.set_access_policy(AccessPolicy::Lru);
    keyspace.database_mut(0).read(b"a", NOW_MS + 1000);
    assert_eq!(access(&keyspace).idle_seconds(NOW_MS + 3000), Some(2));
}

#[test]
fn records_hold_any_idle_time_and_any_clock() {
    for now_ms in [0, NOW_MS, i64::MAX, i64::MIN] {
        for idle_seconds in [0, 1, 1_000_000_000] {
            let access = Access::idle(idle_seconds, now_ms);
            assert_eq!(access.idle_seconds(now_ms), Some(idle_seconds));
        }
        assert_eq!(Access::frequent(255, now_ms).frequency(now_ms), Some(255));
    }
}
