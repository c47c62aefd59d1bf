//! What a table takes beyond its elements, as the allocator is asked for it.
//!
//! One test, so that nothing else allocates meanwhile.

use std::alloc::System;

use cap::Cap;
use keyspace::table::Table;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// A good hash of small numbers (the finalizer of splitmix64).
fn hash(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[test]
fn an_element_of_eight_bytes_takes_twelve() {
    let mut costs = Vec::with_capacity(1000);
    let before = ALLOCATOR.allocated();
    let mut table = Table::new();
    let cost = |len: u64| (ALLOCATOR.allocated() - before) as f64 / len as f64;
    let (mut next, last) = (1_000, 1_000_000);
    for number in 0..last {
        table.insert_unique(hash(number), number, |&number| hash(number));
        if number + 1 == next {
            costs.push(cost(next));
            next += next / 20;
        }
    }
    let mean = costs.iter().sum::<f64>() / costs.len() as f64;
    let most = costs.iter().fold(0.0, |most: f64, &cost| most.max(cost));
    assert!(mean < 12.2, "{mean:.2}");
    assert!(most < 13.2, "{most:.2}");

    for (number, left) in (0..last).zip((0..last).rev()) {
        let entry = table.find_entry(hash(number), |&found| found == number);
        assert_eq!(entry.expect("it was inserted").remove(), number);
        if left > 1_000 && left.is_power_of_two() {
            assert!(cost(left) < 30.0, "{:.1} with {left} left", cost(left));
        }
    }
    drop(table);
    // The thread that runs the tests keeps a little of its own.
    assert!(ALLOCATOR.allocated() < before + (16 << 10), "something is still held");
}
