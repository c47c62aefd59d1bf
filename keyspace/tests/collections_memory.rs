//! What members of sorted sets and elements of lists take, as the allocator is asked for it.
//!
//! One test, so that nothing else allocates meanwhile.

mod common;

use std::alloc::System;

use cap::Cap;
use common::random_numbers;
use keyspace::{List, ListEnd, SortedSet, Thresholds};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Redis 7.0.15 takes 120 bytes for each of 100,000 such members, Redis 8.2.3 takes 96 (MEMORY USAGE).
const MEMBER_BYTES_MAX: f64 = 56.0;

/// 16 bytes of text and 2 of encoding; 18.14 in Redis 7.0.15.
const ELEMENT_BYTES_MAX: f64 = 18.3;

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
}
