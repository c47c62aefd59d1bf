//! What is freed by another thread.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::string;
use keyspace::{Freeze, Keyspace, StringValue, Value};

const NOW_MS: i64 = 1_700_000_000_000;

/// Bytes that tell, by the count of its handles, whether they have been freed.
struct Watched(Arc<Vec<u8>>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn watched(len: usize) -> (Value, Arc<Vec<u8>>) {
    let content = Arc::new(vec![b'x'; len]);
    let owner = Watched(Arc::clone(&content));
    (Value::String(StringValue::Raw(Bytes::from_owner(owner))), content)
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited for ten seconds");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn large_values_are_freed_elsewhere_and_small_ones_here() {
    let mut keyspace = Keyspace::new(1);
    let (small, small_content) = watched(64 << 10);
    keyspace.database_mut(0).insert(b"small", small, None);
    keyspace.database_mut(0).remove(b"small", NOW_MS);
    assert_eq!(Arc::strong_count(&small_content), 1);
    assert_eq!(keyspace.stats().lazyfreed_objects, 0);

    let (large, large_content) = watched((64 << 10) + 1);
    keyspace.database_mut(0).insert(b"large", large, None);
    keyspace.database_mut(0).remove(b"large", NOW_MS);
    wait_until(|| keyspace.stats().lazyfreed_objects == 1);
    assert_eq!(Arc::strong_count(&large_content), 1);
    assert_eq!(keyspace.stats().lazyfree_pending_objects, 0);
    keyspace.reset_stats();
    assert_eq!(keyspace.stats().lazyfreed_objects, 0);
}

#[test]
fn whoever_wants_to_know_is_told_on_the_thread_that_frees() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let mut keyspace = Keyspace::new(1);
    keyspace.set_after_release(|| {
        assert_eq!(std::thread::current().name(), Some("releaser"));
        CALLS.fetch_add(1, Relaxed);
    });
    let (large, content) = watched((64 << 10) + 1);
    keyspace.database_mut(0).insert(b"large", large, None);
    assert_eq!(CALLS.load(Relaxed), 0);
    keyspace.database_mut(0).remove(b"large", NOW_MS);
    // This waits for the thread to end.
    drop(keyspace);
    assert_eq!(Arc::strong_count(&content), 1);
    assert!(CALLS.load(Relaxed) > 0);
}

#[test]
fn it_is_told_so_without_anything_to_free_too() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let mut keyspace = Keyspace::new(1);
    keyspace.set_after_release(|| {
        CALLS.fetch_add(1, Relaxed);
    });
    keyspace.call_after_release();
    drop(keyspace);
    assert!(CALLS.load(Relaxed) > 0);
}

/// Every way in which a database lets go of a value.
#[test]
fn overwritten_expired_and_moved_values_go_the_same_way() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    let contents: Vec<_> = [b"a", b"b", b"c", b"d"]
        .into_iter()
        .map(|key| {
            let (value, content) = watched(100_000);
            database.insert(key, value, Some(NOW_MS));
            content
        })
        .collect();
    database.insert(b"a", string("1"), None);
    assert!(database.read(b"b", NOW_MS + 1).is_none());
    let Freeze::Frozen(frozen) = database.freeze(b"c", NOW_MS) else { panic!("it is there") };
    database.release_moved(b"c");
    keyspace.expire_cycle(NOW_MS + 1, 10);
    wait_until(|| keyspace.stats().lazyfreed_objects == 4);
    assert_eq!(Arc::strong_count(&contents[2]), 2, "the session still has its handle");
    keyspace.release(frozen.value);
    wait_until(|| keyspace.stats().lazyfreed_objects == 5);
    assert!(contents.iter().all(|content| Arc::strong_count(content) == 1));
}

#[test]
fn a_cleared_database_is_freed_as_a_whole() {
    let mut keyspace = Keyspace::new(1);
    for number in 0..10_000 {
        let key = format!("{number}");
        keyspace.database_mut(0).insert(key.as_bytes(), string("value"), Some(NOW_MS));
    }
    keyspace.database_mut(0).clear();
    assert_eq!(keyspace.database(0).len(), 0);
    wait_until(|| keyspace.stats().lazyfreed_objects == 10_000);
}

#[test]
fn dropping_the_keyspace_waits_until_all_is_freed() {
    let mut keyspace = Keyspace::new(1);
    let (value, content) = watched(1 << 20);
    keyspace.database_mut(0).insert(b"a", value, None);
    keyspace.database_mut(0).clear();
    drop(keyspace);
    assert_eq!(Arc::strong_count(&content), 1);
}

#[test]
fn a_keyspace_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&Keyspace::new(1));
}
