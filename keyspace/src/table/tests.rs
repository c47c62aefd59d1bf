//! The table against a model, its bounds, and what hashes that are not random do to it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use segment::SPLITS_MAX;

use super::*;

thread_local! {
    /// Elements and index entries that this thread has moved.
    static WORK: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn count_work(moved: usize) {
    WORK.set(WORK.get() + moved);
}

/// How much `operation` has moved.
fn work_of(operation: impl FnOnce()) -> usize {
    WORK.set(0);
    operation();
    WORK.get()
}

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
    table.insert_unique(hash(number), number, hash_of);
}

fn hash_of(&number: &u64) -> u64 {
    hash(number)
}

/// A table of numbers under hashes of this family.
fn table_of_family(numbers: Range<u64>, hash: Family) -> Table<u64> {
    let mut table = Table::new();
    numbers.for_each(|number| table.insert_unique(hash(number), number, |&it| hash(it)));
    table
}

fn remove(table: &mut Table<u64>, number: u64) -> Option<u64> {
    Some(table.find_entry(hash(number), |&found| found == number)?.remove())
}

/// Goes over the whole structure and panics where it is not as it should be.
fn check<T>(table: &Table<T>, hash_of: impl Fn(&T) -> u64) {
    table.root.directories(0, &mut |directory, base| {
        directory.check();
        assert!(base < POSITION_BITS);
    });
    let mut len = 0;
    for (segment, covered) in table.segments(0..POSITION_END) {
        let width = covered.end - covered.start;
        segment.check((POSITION_END / width).ilog2(), hash_at(covered.start), &hash_of);
        len += segment.len();
        let is_covered = |it: &T| covered.contains(&position(hash_of(it)));
        assert!(segment.elements().iter().all(is_covered), "not where it is looked for");
        let is_single = width == 1;
        assert!(segment.len() <= SEGMENT_LEN_MAX || is_single, "it could be split");
    }
    assert_eq!(len, table.len);
    assert_eq!(table.root.len(), table.len);
}

fn segments_len<T>(table: &Table<T>) -> usize {
    table.segments(0..POSITION_END).count()
}

/// Directories, and the slots and nodes of all of them.
fn directory_lens<T>(table: &Table<T>) -> (usize, usize, usize) {
    let (mut directories, mut slots, mut nodes) = (0, 0, 0);
    table.root.directories(0, &mut |directory, _| {
        directories += 1;
        slots += directory.lens().0;
        nodes += directory.lens().1;
    });
    (directories, slots, nodes)
}

fn scan_all(table: &Table<u64>, count: usize, hash_of: impl Fn(&u64) -> u64) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut cursor = 0;
    loop {
        cursor = table.scan(cursor, count, &hash_of, |&number| seen.push(number));
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
            check(&table, hash_of);
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
            let visit = |&number: &u64| *visits.entry(number).or_default() += 1;
            cursor = table.scan(cursor, count, hash_of, visit);
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
    check(&table, hash_of);
    assert!(directory_lens(&table).0 > 1, "large enough for more than one directory");
    assert!(segments_len(&table) < table.len() / (SEGMENT_LEN_MAX / 3));

    for number in 0..300_000 {
        assert_eq!(remove(&mut table, number), Some(number));
        if number % 50_000 == 0 {
            check(&table, hash_of);
        }
    }
    check(&table, hash_of);
    let Node::Segment(segment) = &table.root else { panic!("an empty table has one segment") };
    assert_eq!(segment.room(), (0, 0));
}

#[test]
fn insertions_and_removals_in_turn_do_not_enlarge_a_segment() {
    let mut table = table_of(0..SEGMENT_LEN_MAX as u64);
    let room = |table: &Table<u64>| table.covering(0).0.room();
    let before = room(&table);
    let work = work_of(|| {
        for number in 0..100_000 {
            remove(&mut table, number);
            insert(&mut table, number + SEGMENT_LEN_MAX as u64);
        }
    });
    assert_eq!(segments_len(&table), 1);
    assert_eq!(room(&table), before);
    // The element itself, and the index entries that a removal moves or looks at.
    assert!(work < 12 * 100_000, "{work}");
}

/// A hash of numbers.
type Family = fn(u64) -> u64;

/// The families of hashes that the bounds hold for: random ones, ones that share 14 or more leading
/// bits, ones that share all but one or all leading bits.
fn families() -> [(&'static str, Family); 6] {
    [
        ("random", hash),
        ("one hash slot", |number| 0x1234 << 50 | hash(number) >> 14),
        ("two hash slots", |number| (number & 1) << 51 | hash(number) >> 14),
        ("27 bits in common", |number| 0x7ff_ffff << 37 | hash(number) >> 27),
        ("one bit at the end of the position", |number| {
            0xdead_beef << 32 | (number & 1) << 33 | hash(number) >> 32
        }),
        ("the same leading half", |number| 0xdead_beef << 32 | hash(number) >> 32),
    ]
}

#[test]
fn no_single_operation_moves_more_than_a_few_segments() {
    for (family, hash) in families() {
        let mut table = Table::new();
        let (mut most_inserting, mut most_removing) = (0, 0);
        let len = 20_000;
        for number in 0..len {
            let work = work_of(|| table.insert_unique(hash(number), number, |&it| hash(it)));
            most_inserting = most_inserting.max(work);
        }
        check(&table, |&it| hash(it));
        // Where 31 bits tell nothing apart, a segment is as large as it must be.
        let segments = table.segments(0..POSITION_END);
        let longest = segments.map(|(segment, _)| segment.len()).max().expect("there is one");
        let segment_len_max = SEGMENT_LEN_MAX.max(longest);
        for number in 0..len {
            let work = work_of(|| {
                let entry = table.find_entry(hash(number), |&found| found == number);
                assert_eq!(entry.expect("it was inserted").remove(), number);
            });
            most_removing = most_removing.max(work);
        }
        check(&table, |&it| hash(it));
        let bound = 3 * segment_len_max;
        // Where hashes have much in common, a segment is split many times at once and moves nothing,
        // but its elements are asked for their hashes every few times.
        let asked_max = POSITION_BITS.div_ceil(SPLITS_MAX) as usize * SEGMENT_LEN_MAX;
        let inserting_bound = bound + asked_max;
        assert!(most_inserting <= inserting_bound, "{family}: an insertion moves {most_inserting}");
        assert!(most_removing <= bound, "{family}: a removal moves {most_removing}");
    }
}

#[test]
fn directories_stay_small_whatever_hashes_have_in_common() {
    for (family, hash) in families() {
        for len in [1_000, 20_000, 200_000_u64] {
            if len > 20_000 && !(family == "random" || family.ends_with("slot")) {
                continue;
            }
            let table = table_of_family(0..len, hash);
            check(&table, |&it| hash(it));
            let (directories, slots, nodes) = directory_lens(&table);
            let bytes = directories * 80 + slots * 2 + nodes * 56;
            assert!(bytes <= 8192 + table.len(), "{family}: {bytes} bytes for {len} elements");
        }
    }
}

#[test]
fn every_family_of_hashes_is_found_and_scanned() {
    for (family, hash) in families() {
        let table = table_of_family(0..3_000, hash);
        for number in 0..4_000 {
            let found = table.find(hash(number), |&found| found == number);
            assert_eq!(found.is_some(), number < 3_000, "{family}: {number}");
        }
        let mut seen = scan_all(&table, 10, |&it| hash(it));
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..3_000), "{family}");
    }
}

#[test]
fn the_elements_with_a_prefix_are_listed_and_counted() {
    for (family, hash) in families() {
        let table = table_of_family(0..3_000, hash);
        for depth in [0, 1, 9, 14, 31] {
            let shift = |number| hash(number) >> 1 >> (63 - depth);
            for prefix in [shift(0), shift(1), shift(2_000), 0, (1 << depth) - 1] {
                let mut listed: Vec<u64> =
                    table.iter_prefix(prefix as u32, depth, |&it| hash(it)).copied().collect();
                listed.sort_unstable();
                let wanted = (0..3_000).filter(|&number| shift(number) == prefix);
                assert_eq!(
                    table.len_prefix(prefix as u32, depth, |&it| hash(it)),
                    listed.len(),
                    "{family}"
                );
                assert!(listed.into_iter().eq(wanted), "{family}, {depth} bits");
            }
        }
    }
}

#[test]
fn positions_pass_every_element_once() {
    for (family, hash) in families() {
        let table = table_of_family(0..3_000, hash);
        let mut at = Position::default();
        let mut passed = Vec::new();
        while let Some(&number) = table.next(&mut at) {
            passed.push(number);
        }
        assert_eq!(table.next(&mut at), None, "the end stays the end");
        assert!(passed.iter().eq(table.iter()), "{family}");
    }
    assert_eq!(Table::<u64>::new().next(&mut Position::default()), None);
}

#[test]
fn a_clone_is_a_table_of_its_own() {
    let mut table = table_of(0..5_000);
    let copy = table.clone();
    (0..5_000).for_each(|number| assert!(remove(&mut table, number).is_some()));
    check(&copy, hash_of);
    assert!((0..5_000).all(|number| copy.find(hash(number), |&found| found == number).is_some()));
}

#[test]
fn an_entry_shows_and_changes_its_element() {
    let mut table = table_of(0..50_000);
    for number in [0, 7, 49_999] {
        let mut entry = table.find_entry(hash(number), |&found| found == number).expect("it is in");
        assert_eq!((*entry.get(), entry.hash()), (number, hash(number)));
        *entry.get_mut() += 1_000_000;
        *entry.into_mut() += 1_000_000;
        let found = table.find(hash(number), |&found| found == number + 2_000_000);
        assert!(found.is_some());
    }
    assert!(table.find_entry(hash(8), |&found| found == 9).is_none());
}

#[test]
fn a_scan_returns_about_as_many_as_were_asked_for() {
    let table = table_of(0..100_000);
    for count in [1, 10, 100, 1000, 10_000] {
        let (mut calls, mut cursor) = (0, 0);
        loop {
            let mut visited = 0;
            cursor = table.scan(cursor, count, hash_of, |_| visited += 1);
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
    assert_eq!(Table::<u64>::new().scan(0, 10, hash_of, |_| ()), 0);
    assert_eq!(table_of(0..10).scan(0, 10, hash_of, |_| ()), 0);
}

#[test]
fn a_cursor_past_the_end_visits_nothing() {
    let table = table_of(0..10);
    for cursor in [1 << 31, u32::MAX] {
        assert_eq!(table.scan(cursor, 10, hash_of, |_| panic!("nothing is there")), 0);
    }
}

/// Identical hashes, as a broken hasher gives them: slow, but neither endless nor huge.
#[test]
fn identical_hashes_do_not_split_without_end() {
    for hash in [0, u64::MAX, 0x1234_5678_9abc_def0] {
        let mut table = Table::new();
        for number in 0..4_000_u64 {
            table.insert_unique(hash, number, |_| hash);
        }
        check(&table, |_| hash);
        assert!((0..4_000).all(|number| table.find(hash, |&found| found == number).is_some()));
        assert_eq!(scan_all(&table, 10, |_| hash).len(), 4_000);
        assert!(table.random(random_numbers()).is_some());
        for number in 0..4_000 {
            let entry = table.find_entry(hash, |&found| found == number);
            assert_eq!(entry.expect("it was inserted").remove(), number);
            if number % 100 == 0 || number > 3_400 {
                check(&table, |_| hash);
            }
        }
        assert_eq!(segments_len(&table), 1);
    }
}

/// Hashes that differ only in their last bits, among others that are random.
#[test]
fn a_crowd_at_one_position_is_found_and_scanned() {
    let hash: Family = |number| match number {
        ..5_000 => hash(number),
        _ => 0xabcd << 48 | number,
    };
    let table = table_of_family(0..9_000, hash);
    check(&table, |&it| hash(it));
    let mut seen = scan_all(&table, 7, |&it| hash(it));
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..9_000));
}

/// Chi-square over all elements of a table that no family of hashes makes uneven.
#[test]
fn random_elements_are_drawn_evenly() {
    for (family, hash) in families() {
        let table = table_of_family(0..6_000, hash);
        let mut random = random_numbers();
        let expected = 50.0;
        let mut draws = vec![0.0; 6_000];
        for _ in 0..6_000 * 50 {
            draws[*table.random(&mut random).expect("there are some") as usize] += 1.0;
        }
        let chi_square: f64 =
            draws.iter().map(|draws: &f64| (draws - expected).powi(2) / expected).sum();
        // 5999 degrees of freedom: a standard deviation of 110.
        assert!((5_600.0..6_400.0).contains(&chi_square), "{family}: {chi_square}");
    }
}

#[test]
fn every_number_leads_to_an_element() {
    let table = table_of(0..100_000);
    let mut elements: Vec<u64> = (0..100_000).map(|nth| *table.nth(nth).expect("nth")).collect();
    elements.sort_unstable();
    assert!(elements.into_iter().eq(0..100_000));
    assert_eq!(table.nth(100_000), None);
}

#[test]
fn an_empty_table_has_no_random_element() {
    assert_eq!(Table::<u64>::new().random(random_numbers()), None);
}

#[test]
fn a_table_with_room_is_one_that_moves_little_while_it_fills() {
    for len in [0, 1, 120, 128, 129, 10_000, 16_384, 200_000] {
        let mut table = Table::with_room(len as usize);
        check(&table, hash_of);
        let work = work_of(|| (0..len).for_each(|number| insert(&mut table, number)));
        check(&table, hash_of);
        assert!(work <= 2 * len as usize || len > ROOM_LEN_MAX as u64, "{work} for {len}");
        assert!((0..len).all(|number| table.find(hash(number), |&it| it == number).is_some()));
        assert_eq!(scan_all(&table, 100, hash_of).len() as u64, len);
        (0..len).for_each(|number| assert_eq!(remove(&mut table, number), Some(number)));
        check(&table, hash_of);
        assert!(table.is_empty() && table.iter().next().is_none());
    }
}
