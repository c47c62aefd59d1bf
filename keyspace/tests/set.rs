//! Sets against an ordered set, across their encodings.

mod common;

use std::collections::BTreeSet;

use keyspace::{Set, SetRef, Thresholds, Value, ValueBuilder, set};
use proptest::prelude::*;
use rdb_format::EventSource;

type Model = BTreeSet<Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Add(Vec<u8>),
    Remove(Vec<u8>),
    Pop,
    PopMany(usize),
    Expect(usize),
    PackIntegers,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => member().prop_map(Step::Add),
        4 => member().prop_map(Step::Remove),
        1 => Just(Step::Pop),
        1 => (0_usize..40).prop_map(Step::PopMany),
        1 => (0_usize..40).prop_map(Step::Expect),
        1 => Just(Step::PackIntegers),
    ]
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => (-20..20_i64).prop_map(|number| number.to_string().into_bytes()),
        2 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        2 => (0..10_i64).prop_map(|number| format!("member {number}").into_bytes()),
        1 => Just(b"007".to_vec()),
        1 => (0_usize..30).prop_map(|len| vec![b'm'; len]),
    ]
}

fn thresholds() -> impl Strategy<Value = Thresholds> {
    let lens = prop::sample::select(vec![2_usize, 8, 64]);
    (0_usize..40, 0_usize..30, lens).prop_map(|(integers, entries, value)| Thresholds {
        set_max_intset_entries: integers,
        set_max_listpack_entries: entries,
        set_max_listpack_value: value,
        ..Thresholds::default()
    })
}

fn members(set: SetRef<'_>) -> Model {
    set.iter().map(|member| member.as_text().to_vec()).collect()
}

fn filled(members: &Model, thresholds: &Thresholds) -> Set {
    let mut set = Set::new();
    members.iter().for_each(|member| assert!(set.add(member, thresholds)));
    set
}

fn round_trip(value: &Value, thresholds: Thresholds) -> Value {
    let mut events = value.view().events(i64::MIN);
    let mut builder = ValueBuilder::new(thresholds);
    while let Ok(Some(event)) = events.next_event() {
        builder.push(event);
    }
    builder.finish().expect("the events end")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_set_is_a_set(
        thresholds in thresholds(),
        other_thresholds in thresholds(),
        first in member(),
        count in 0_usize..50,
        steps in prop::collection::vec(step(), 0..100),
    ) {
        let mut set = Set::for_members(&first, count, &thresholds);
        let mut model = Model::new();
        let mut random = common::random_numbers();
        for step in steps {
            match step {
                Step::Add(member) => {
                    prop_assert_eq!(set.add(&member, &thresholds), model.insert(member));
                }
                Step::Remove(member) => {
                    prop_assert_eq!(set.remove(&member), model.remove(&member));
                }
                Step::Pop => match set.pop(&mut random) {
                    Some(member) => prop_assert!(model.remove(&*member)),
                    None => prop_assert!(model.is_empty()),
                },
                Step::PopMany(count) => {
                    let popped = set.pop_many(count, &mut random, &thresholds);
                    prop_assert_eq!(popped.len(), count.min(model.len()));
                    prop_assert!(popped.iter().all(|member| model.remove(&**member)));
                }
                Step::Expect(count) => set.expect(count, &thresholds),
                Step::PackIntegers => {
                    set.pack_integers(&thresholds);
                    let all = model.iter().all(|member| rdb_format::parse_integer(member).is_some());
                    if all && model.len() <= thresholds.set_max_intset_entries {
                        prop_assert_eq!(set.view().encoding(), "intset");
                    }
                }
            }
            prop_assert_eq!(&members(set.view()), &model);
            prop_assert_eq!(set.view().len(), model.len());
            match set.view().encoding() {
                "intset" => prop_assert!(model.len() <= thresholds.set_max_intset_entries),
                "listpack" => prop_assert!(model.len() <= thresholds.set_max_listpack_entries),
                _ => {}
            }
        }
        prop_assert!(model.iter().all(|member| set.view().contains(member)));
        prop_assert!(!set.view().contains(b"no member"));
        if let Some((packing, blob)) = set.packed() {
            prop_assert_eq!(&Set::from_packed(packing, blob), &set);
            prop_assert_eq!(&SetRef::from_packed(packing, blob).to_value(), &set);
        }
        if !model.is_empty() {
            let value = Value::Set(set);
            for thresholds in [thresholds, other_thresholds] {
                let copy = round_trip(&value, thresholds);
                prop_assert_eq!(&copy, &value);
                let Value::Set(copy) = copy else { panic!("a set comes of a set") };
                match copy.view().encoding() {
                    "intset" => prop_assert!(model.len() <= thresholds.set_max_intset_entries),
                    "listpack" => prop_assert!(model.len() <= thresholds.set_max_listpack_entries),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn algebra_is_that_of_sets(
        thresholds in thresholds(),
        models in prop::collection::vec(prop::collection::btree_set(member(), 0..40), 1..5),
    ) {
        let sets: Vec<Set> = models.iter().map(|model| filled(model, &thresholds)).collect();
        let mut views: Vec<SetRef<'_>> = sets.iter().map(Set::view).collect();
        let others = &models[1..];

        let mut found = Vec::new();
        set::union(&views, |member| found.push(member.as_text().to_vec()));
        let expected: Model = models.iter().flatten().cloned().collect();
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(found.into_iter().collect::<Model>(), expected);

        let mut found = Vec::new();
        let expected: Model = models[0]
            .iter()
            .filter(|member| !others.iter().any(|other| other.contains(*member)))
            .cloned()
            .collect();
        set::difference(views[0], &mut views[1..], |member| found.push(member.as_text().to_vec()));
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(&found.into_iter().collect::<Model>(), &expected);
        let stored = set::difference_set(sets[0].view(), &mut views[1..], &thresholds);
        prop_assert_eq!(&members(stored.view()), &expected);

        let expected: Model = models[0]
            .iter()
            .filter(|member| others.iter().all(|other| other.contains(*member)))
            .cloned()
            .collect();
        let mut found = Vec::new();
        set::intersection(&mut views, |member| {
            found.push(member.as_text().to_vec());
            true
        });
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(found.into_iter().collect::<Model>(), expected.clone());
        let mut seen = 0;
        set::intersection(&mut views, |_| {
            seen += 1;
            seen < 2
        });
        prop_assert_eq!(seen, expected.len().min(2));
    }

    #[test]
    fn samples_are_different_members(len in 1_usize..60, count in 0_usize..70, entries in 0_usize..60) {
        let thresholds = Thresholds {
            set_max_intset_entries: entries,
            set_max_listpack_entries: entries,
            ..Thresholds::default()
        };
        for prefix in ["", "m"] {
            let model = (0..len).map(|number| format!("{prefix}{number}").into_bytes()).collect();
            let set = filled(&model, &thresholds);
            let sample = set.view().sample(count, common::random_numbers());
            prop_assert_eq!(sample.len(), count.min(len));
            let sample: Model = sample.iter().map(|member| member.as_text().to_vec()).collect();
            prop_assert_eq!(sample.len(), count.min(len));
            prop_assert!(sample.is_subset(&model));
        }
    }
}

#[test]
fn every_member_is_drawn_about_as_often() {
    let numbers: Model = (0..10).map(|number| number.to_string().into_bytes()).collect();
    let texts: Model = (0..10).map(|number| format!("m{number}").into_bytes()).collect();
    let table = Thresholds { set_max_intset_entries: 0, ..Thresholds::default() };
    for (model, thresholds) in
        [(&numbers, Thresholds::default()), (&texts, Thresholds::default()), (&numbers, table)]
    {
        let set = filled(model, &thresholds);
        let mut random = common::random_numbers();
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..10_000 {
            let member = set.view().random(&mut random).expect("there are some");
            *counts.entry(member.as_text().to_vec()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 10);
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}

#[test]
fn every_member_is_scanned() {
    let model = (0..5000).map(|number| number.to_string().into_bytes()).collect();
    let set = filled(&model, &Thresholds::default());
    let (mut cursor, mut seen, mut calls) = (0, Vec::new(), 0);
    loop {
        cursor = set.view().scan(cursor, 50, |member| seen.push(member.as_text().to_vec()));
        calls += 1;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(seen.len(), 5000);
    assert_eq!(seen.into_iter().collect::<Model>(), model);
    assert!(calls > 30, "{calls} calls");
}

/// As `SADD` and `OBJECT ENCODING` of Redis 7.2.
#[test]
fn encodings_change_where_those_of_redis_7_2_do() {
    let thresholds = Thresholds::default();
    let of = |members: &[String]| {
        let mut set = Set::new();
        for member in members {
            set.add(member.as_bytes(), &thresholds);
        }
        set.view().encoding()
    };
    let integers = |len: usize| (0..len).map(|number| number.to_string()).collect::<Vec<_>>();
    let texts = |len: usize| (0..len).map(|number| format!("m{number}")).collect::<Vec<_>>();
    let and = |mut members: Vec<String>, last: String| {
        members.push(last);
        members
    };
    assert_eq!(of(&integers(512)), "intset");
    assert_eq!(of(&integers(513)), "hashtable");
    assert_eq!(of(&texts(128)), "listpack");
    assert_eq!(of(&texts(129)), "hashtable");
    assert_eq!(of(&and(integers(127), "x".into())), "listpack");
    assert_eq!(of(&and(integers(128), "x".into())), "hashtable");
    assert_eq!(of(&and(integers(1), "x".repeat(64))), "listpack");
    assert_eq!(of(&and(integers(1), "x".repeat(65))), "hashtable");
    assert_eq!(of(&and(texts(1), "x".repeat(65))), "hashtable");
    for (first, count, encoding) in [
        ("1", 512, "intset"),
        ("1", 513, "hashtable"),
        ("x", 128, "listpack"),
        ("x", 129, "hashtable"),
    ] {
        let set = Set::for_members(first.as_bytes(), count, &thresholds);
        assert_eq!(set.view().encoding(), encoding, "{first} {count}");
    }
    let few = Thresholds { set_max_intset_entries: 2, ..thresholds };
    assert_eq!(Set::for_members(b"1", 3, &few).view().encoding(), "listpack");
}

#[test]
fn a_shared_table_is_copied_before_it_changes() {
    let table = Thresholds {
        set_max_listpack_entries: 0,
        set_max_intset_entries: 0,
        ..Thresholds::default()
    };
    let mut set = Set::new();
    set.add(b"a", &table);
    let held = set.view().to_value();
    set.add(b"b", &table);
    set.remove(b"a");
    assert!(held.view().contains(b"a") && held.view().len() == 1);
    assert!(set.view().contains(b"b") && set.view().len() == 1);
}
