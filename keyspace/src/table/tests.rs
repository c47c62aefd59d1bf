//! The table against a model, its bounds, and what hashes that are not random do to it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// A good hash of small numbers (the finalizer of splitmix64).
fn hash(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Numbers that are uniform over `u64`, the same in every run.
fn random_numbers() -> impl FnMut() -> u64 {
    let mut counter = 1 << 40;
    move || {
        counter += 1;
        hash(counter)
    }
}

fn table_of(numbers: impl IntoIterator<Item = u64>) -> Table<u64> {
    let mut table = Table::new();
    numbers.into_iter().for_each(|number| insert(&mut table, number));
    table
}

fn insert(table: &mut Table<u64>, number: u64) {
    table.insert_unique(hash(number), number);
}

fn remove(table: &mut Table<u64>, number: u64) -> Option<u64> {
    Some(table.find_entry(hash(number), |&found| found == number)?.remove())
}

/// Goes over the whole structure and panics where it is not as it should be.
fn check(table: &Table<u64>) {
    table.root.check();
    assert!(table.root.slots_len() <= 1 + table.len / 16, "the root is too large");
    let mut len = 0;
    for directory in table.root.iter() {
        directory.check();
        assert!(directory.depth() <= DIRECTORY_DEPTH_MAX);
        for segment in directory.iter() {
            len += segment.len();
            let address: *const Segment<u64> = segment;
            for slot in segment.iter() {
                let place = table.locate(slot.hash);
                assert!(std::ptr::eq(table.segment(place), address), "not where it is looked for");
            }
        }
    }
    assert_eq!(len, table.len);
}

fn segments_len(table: &Table<u64>) -> usize {
    table.root.iter().map(|directory| directory.iter().count()).sum()
}

fn longest_segment_len(table: &Table<u64>) -> usize {
    table.root.iter().flat_map(Directory::iter).map(Segment::len).max().expect("there is one")
}

fn scan_all(table: &Table<u64>, count: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut cursor = 0;
    loop {
        cursor = table.scan(cursor, count, |&number| seen.push(number));
        if cursor == 0 {
            return seen;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64, u64),
    Remove(u64, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let range = (0..20_000_u64, 1..6_000_u64);
    let step = (any::<bool>(), range).prop_map(|(insert, (from, len))| match insert {
        true => Step::Insert(from, from + len),
        false => Step::Remove(from, from + len),
    });
    prop::collection::vec(step, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_set(steps in steps()) {
        let mut table = Table::new();
        let mut model = BTreeSet::new();
        for step in steps {
            match step {
                Step::Insert(from, to) => for number in from..to {
                    if model.insert(number) {
                        insert(&mut table, number);
                    }
                },
                Step::Remove(from, to) => for number in from..to {
                    prop_assert_eq!(remove(&mut table, number).is_some(), model.remove(&number));
                },
            }
            check(&table);
            prop_assert_eq!(table.len(), model.len());
            let mut elements: Vec<u64> = table.iter().copied().collect();
            elements.sort_unstable();
            prop_assert!(elements.iter().eq(&model));
        }
        for number in 0..26_000 {
            let found = table.find(hash(number), |&found| found == number);
            prop_assert_eq!(found.is_some(), model.contains(&number));
        }
    }

    /// Segments split and merge between the calls, and the elements that stay are seen once each.
    #[test]
    fn a_scan_sees_what_stays(
        staying in 0..3_000_u64,
        count in 1..2_000_usize,
        steps in steps(),
    ) {
        // The elements that come and go are other numbers than those that stay.
        let mut table = table_of(0..staying);
        let mut visits: BTreeMap<u64, u32> = BTreeMap::new();
        let mut coming_and_going = BTreeSet::new();
        let mut steps = steps.iter().cycle();
        let mut cursor = 0;
        loop {
            cursor = table.scan(cursor, count, |&number| *visits.entry(number).or_default() += 1);
            prop_assert!(cursor < 1 << 31);
            if cursor == 0 {
                break;
            }
            match *steps.next().expect("they never end") {
                Step::Insert(from, to) => for number in from + staying..to + staying {
                    if coming_and_going.insert(number) {
                        insert(&mut table, number);
                    }
                },
                Step::Remove(from, to) => for number in from + staying..to + staying {
                    if coming_and_going.remove(&number) {
                        remove(&mut table, number);
                    }
                },
            }
        }
        prop_assert!((0..staying).all(|number| visits.get(&number) == Some(&1)));
    }
}

#[test]
fn segments_stay_small_as_the_table_grows_and_are_merged_as_it_shrinks() {
    let mut table = Table::new();
    for number in 0..300_000 {
        insert(&mut table, number);
    }
    check(&table);
    assert!(table.root.depth() > 0, "large enough for more than one directory");
    assert!(longest_segment_len(&table) <= SEGMENT_LEN_MAX);
    assert!(segments_len(&table) < table.len() / (SEGMENT_LEN_MAX / 3));

    for number in 0..300_000 {
        assert_eq!(remove(&mut table, number), Some(number));
        if number % 50_000 == 0 {
            check(&table);
        }
    }
    check(&table);
    assert_eq!((table.root.depth(), segments_len(&table)), (0, 1));
    assert_eq!(table.segment(table.locate(0)).capacity(), 0);
}

#[test]
fn insertions_and_removals_in_turn_do_not_enlarge_a_segment() {
    let mut table = table_of(0..SEGMENT_LEN_MAX as u64);
    let mut capacity_max = 0;
    for number in 0..100_000 {
        remove(&mut table, number);
        insert(&mut table, number + SEGMENT_LEN_MAX as u64);
        capacity_max = capacity_max.max(table.segment(table.locate(0)).capacity());
    }
    assert_eq!(segments_len(&table), 1);
    assert!(capacity_max < 512, "room for {capacity_max}");
}

#[test]
fn a_scan_returns_about_as_many_as_were_asked_for() {
    let table = table_of(0..100_000);
    for count in [1, 10, 100, 1000, 10_000] {
        let (mut calls, mut cursor) = (0, 0);
        loop {
            let mut visited = 0;
            cursor = table.scan(cursor, count, |_| visited += 1);
            assert!(visited <= 2 * count + SEGMENT_LEN_MAX / 4, "{visited} of {count}");
            calls += 1;
            if cursor == 0 {
                break;
            }
        }
        assert!(calls <= 4 * table.len() / count + 1, "{calls} calls for {count}");
    }
}

#[test]
fn a_scan_of_few_elements_ends_after_one_call() {
    assert_eq!(Table::<u64>::new().scan(0, 10, |_| ()), 0);
    assert_eq!(table_of(0..10).scan(0, 10, |_| ()), 0);
}

#[test]
fn a_cursor_past_the_end_visits_nothing() {
    let table = table_of(0..10);
    for cursor in [1 << 31, u32::MAX] {
        assert_eq!(table.scan(cursor, 10, |_| panic!("nothing is there")), 0);
    }
}

/// Identical hashes, as a broken hasher gives them: slow, but neither endless nor huge.
#[test]
fn identical_hashes_do_not_split_without_end() {
    for hash in [0, u64::MAX, 0x1234_5678_9abc_def0] {
        let mut table = Table::new();
        for number in 0..4_000_u64 {
            table.insert_unique(hash, number);
        }
        check(&table);
        let depth = table.locate(hash).depth;
        assert!(depth <= 4_000_u32.ilog2(), "{depth} bits lead to the segment");
        assert!((0..4_000).all(|number| table.find(hash, |&found| found == number).is_some()));
        assert_eq!(scan_all(&table, 10).len(), 4_000);
        assert!(table.random(random_numbers()).is_some());
        for number in 0..4_000 {
            let entry = table.find_entry(hash, |&found| found == number);
            assert_eq!(entry.expect("it was inserted").remove(), number);
        }
        check(&table);
        assert_eq!(segments_len(&table), 1);
    }
}

/// Hashes that differ only in their last bits, among others that are random.
#[test]
fn a_crowd_at_one_position_is_found_and_scanned() {
    let mut table = table_of(0..5_000);
    for number in 5_000..9_000 {
        table.insert_unique((0xabcd << 48) | number, number);
    }
    check(&table);
    let mut seen = scan_all(&table, 7);
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..9_000));
}

#[test]
fn random_elements_are_drawn_evenly() {
    // Three times as dense in one half of the hashes as in the other.
    let is_kept = |number: &u64| hash(*number) >> 63 == 1 || number.is_multiple_of(3);
    let table = table_of((0..6_000).filter(is_kept));
    let mut random = random_numbers();
    let mut draws = BTreeMap::new();
    for _ in 0..table.len() * 50 {
        let number = *table.random(&mut random).expect("there are some");
        *draws.entry(number).or_insert(0) += 1;
    }
    assert_eq!(draws.len(), table.len());
    let (least, most) = (draws.values().min().unwrap(), draws.values().max().unwrap());
    // 50 expected, with a standard deviation of 7.
    assert!(*least > 10 && *most < 90, "{least} to {most} draws");
}

#[test]
fn an_empty_table_has_no_random_element() {
    assert_eq!(Table::<u64>::new().random(random_numbers()), None);
}
