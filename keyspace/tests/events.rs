//! What is noted of keys without a caller who asks for just that.

mod common;

use common::string;
use keyspace::{Database, Freeze, KeyEvent, Keyspace, NotedEvents};

const NOW_MS: i64 = 1_700_000_000_000;
const LATER_MS: i64 = NOW_MS + 1;

fn noting(changes: bool, misses: bool, additions: bool) -> Keyspace {
    let mut noted = NotedEvents::default();
    (noted.changes, noted.misses, noted.additions) = (changes, misses, additions);
    let mut keyspace = Keyspace::new(3);
    keyspace.note_events(noted);
    keyspace
}

fn insert(keyspace: &mut Keyspace, db: usize, key: &str) {
    keyspace.database_mut(db).insert(key.as_bytes(), string("1"), Some(NOW_MS));
}

#[track_caller]
fn assert_noted(keyspace: &mut Keyspace, wanted: &[(usize, &str, KeyEvent)]) {
    let events = keyspace.take_events();
    let name = |key: &[u8]| String::from_utf8(key.to_vec()).unwrap();
    let events: Vec<_> = events.iter().map(|it| (it.db, name(&it.key), it.event)).collect();
    let wanted: Vec<_> =
        wanted.iter().map(|(db, key, event)| (*db, (*key).into(), *event)).collect();
    assert_eq!(events, wanted);
    assert_eq!(keyspace.take_events(), []);
}

#[test]
fn events_of_all_databases_stand_in_the_order_in_which_they_happened() {
    use KeyEvent::{Added, Expired, Missed};

    let mut keyspace = noting(true, true, true);
    insert(&mut keyspace, 0, "a");
    insert(&mut keyspace, 2, "b");
    insert(&mut keyspace, 0, "a");
    keyspace.database_mut(1).read(b"none", NOW_MS);
    keyspace.database_mut(0).read(b"a", NOW_MS);
    assert_noted(&mut keyspace, &[(0, "a", Added), (2, "b", Added), (1, "none", Missed)]);
    keyspace.swap_databases(0, 2);
    keyspace.database_mut(2).read(b"a", LATER_MS);
    keyspace.expire_cycle(LATER_MS, 100);
    insert(&mut keyspace, 0, "c");
    let events = [(2, "a", Expired), (2, "a", Missed), (0, "b", Expired), (0, "c", Added)];
    assert_noted(&mut keyspace, &events);
}

#[test]
fn nothing_else_is_noted_than_what_is_wanted() {
    for (changes, misses, additions) in
        [(true, false, false), (false, true, false), (false, false, true)]
    {
        let mut keyspace = noting(changes, misses, additions);
        insert(&mut keyspace, 0, "a");
        keyspace.database_mut(0).look(b"a", LATER_MS);
        let events = [
            additions.then_some((0, "a", KeyEvent::Added)),
            changes.then_some((0, "a", KeyEvent::Expired)),
            misses.then_some((0, "a", KeyEvent::Missed)),
        ];
        assert_noted(&mut keyspace, &events.into_iter().flatten().collect::<Vec<_>>());
    }
}

/// Rule E4.
#[test]
fn a_key_that_is_moved_away_is_noted_when_it_goes() {
    let mut keyspace = noting(true, false, false);
    insert(&mut keyspace, 1, "a");
    assert!(matches!(keyspace.database_mut(1).freeze(b"a", NOW_MS), Freeze::Frozen(_)));
    assert_noted(&mut keyspace, &[]);
    keyspace.database_mut(1).release_moved(b"a");
    assert_noted(&mut keyspace, &[(1, "a", KeyEvent::Moved)]);
}

#[test]
fn who_looks_counts_and_who_looks_to_change_does_not() {
    let mut keyspace = noting(true, true, true);
    // Any call with a time tells the database what time it is when a key is new.
    keyspace.expire_cycle(NOW_MS, 1);
    let database = keyspace.database_mut(0);
    database.insert(b"a", string("1"), None);
    let idle_seconds = |database: &Database| {
        let entry = database.peek(b"a", NOW_MS).expect("it was inserted");
        entry.access().idle_seconds(NOW_MS + 9_000)
    };
    assert!(database.look(b"a", NOW_MS + 6_000).is_some());
    assert!(database.look(b"none", NOW_MS + 6_000).is_none());
    assert!(database.look_to_change(b"a", NOW_MS + 6_000).is_some());
    assert!(database.look_to_change(b"none", NOW_MS + 6_000).is_none());
    assert_eq!(idle_seconds(database), Some(9), "no access");
    database.read(b"a", NOW_MS + 6_000);
    assert_eq!(idle_seconds(database), Some(3));
    assert_noted(&mut keyspace, &[(0, "a", KeyEvent::Added), (0, "none", KeyEvent::Missed)]);
    assert_eq!((keyspace.stats().keyspace_hits, keyspace.stats().keyspace_misses), (2, 1));
}

#[test]
fn an_expired_key_goes_when_somebody_looks_to_change_it() {
    let mut keyspace = noting(true, true, false);
    insert(&mut keyspace, 0, "a");
    assert!(keyspace.database_mut(0).look_to_change(b"a", LATER_MS).is_none());
    assert_noted(&mut keyspace, &[(0, "a", KeyEvent::Expired)]);
    assert!(keyspace.database(0).is_empty());
}
