//! What members of sorted sets, elements of lists and entries of streams take, as the allocator is asked for it.
//!
//! One test, so that nothing else allocates meanwhile.

mod common;

use std::alloc::System;

use cap::Cap;
use common::random_numbers;
use keyspace::{List, ListEnd, SortedSet, Stream, StreamId, Thresholds};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Redis 7.0.15 takes 120 bytes for each of 100,000 such members, Redis 8.2.3 takes 96 (MEMORY USAGE).
const MEMBER_BYTES_MAX: f64 = 56.0;

/// 16 bytes of text and 2 of encoding; 18.14 in Redis 7.0.15.
const ELEMENT_BYTES_MAX: f64 = 18.3;

/// 16 bytes of text, and 12 of ID, encoding and room that stays empty.
const ENTRY_BYTES_MAX: f64 = 28.0;

/// 40 bytes for the group and 16 for the consumer.
const PENDING_BYTES_MAX: f64 = 64.0;

#[test]
fn members_and_elements_take_little_more_than_their_bytes() {
    let thresholds = Thresholds::default();
    let mut random = random_numbers();
    let before = ALLOCATOR.allocated();
    let mut set = SortedSet::new();
    let each = |len: usize| (ALLOCATOR.allocated() - before) as f64 / len as f64;
    for len in 1..=100_000 {
        let name = format!("{:016x}", random());
        set.insert(name.as_bytes(), (random() >> 40) as f64, &thresholds);
        if [1_000, 10_000, 30_000, 60_000, 100_000].contains(&len) {
            println!("{:.1} bytes for each of {len} members", each(len));
            assert!(each(len) < MEMBER_BYTES_MAX, "{:.1} bytes for each of {len}", each(len));
        }
    }
    let falling = (0..100_000_u32).rev();
    let names: Vec<String> = falling.map(|number| format!("m{number:015}")).collect();
    drop(set);
    let before = ALLOCATOR.allocated();
    let mut list = List::new();
    for name in &names {
        list.push(ListEnd::Tail, [name.as_bytes()], &thresholds);
    }
    let each = (ALLOCATOR.allocated() - before) as f64 / names.len() as f64;
    println!("{each:.2} bytes for each of {} elements", names.len());
    assert!(each < ELEMENT_BYTES_MAX, "{each:.2}");
    drop(list);
    assert_eq!(ALLOCATOR.allocated(), before);
    entries_take_little_more_than_their_bytes();
}

fn entries_take_little_more_than_their_bytes() {
    let thresholds = Thresholds::default();
    let before = ALLOCATOR.allocated();
    let each = |before: usize| (ALLOCATOR.allocated() - before) as f64 / 100_000.0;
    let mut stream = Stream::new();
    for number in 0..100_000_u64 {
        let id = StreamId { ms: 1_700_000_000_000 + number / 4, seq: number % 4 };
        let value = format!("v{number:015}");
        stream.append(id, &[(b"field", value.as_bytes())], &thresholds).expect("it is above all");
    }
    println!("{:.2} bytes for each of 100,000 entries", each(before));
    assert!(each(before) < ENTRY_BYTES_MAX, "{:.2}", each(before));
    let without = ALLOCATOR.allocated();
    stream.create_group(b"group", StreamId::MIN, None);
    for number in 0..10_u8 {
        let group = stream.group_mut(b"group").expect("it was created");
        group.see_consumer(&[number], 1);
        stream.read_new(b"group", &[number], Some(10_000), false, 1, |_| {});
    }
    println!("{:.2} bytes for each of 100,000 pending entries", each(without));
    assert!(each(without) < PENDING_BYTES_MAX, "{:.2}", each(without));
    drop(stream);
    assert_eq!(ALLOCATOR.allocated(), before);
}
