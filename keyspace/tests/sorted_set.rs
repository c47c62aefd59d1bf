//! A sorted set against a map of names to scores, in both of its forms and through its
//! serialization.

mod common;

use std::collections::BTreeMap;
use std::ops::Range;

use common::random_numbers;
use keyspace::{
    AddFlags, Added, LexBound, LexRange, NotANumber, ScoreBound, ScoreRange, SortedSet,
    SortedSetRef, Thresholds, Value, ValueBuilder,
};
use proptest::prelude::*;
use proptest::sample::Index;
use rdb_format::{DecodeLimits, EncodeOptions, Event, EventSource, Target, payload};

type Model = BTreeMap<Vec<u8>, f64>;

#[derive(Clone, Debug)]
enum Step {
    Add {
        name: Vec<u8>,
        score: f64,
        flags: AddFlags,
    },
    /// So many members with rising or falling scores.
    AddMany {
        start: u16,
        count: u16,
        falling: bool,
    },
    Remove {
        name: Vec<u8>,
    },
    RemoveAny {
        at: Index,
    },
    RemoveRanks {
        start: Index,
        len: usize,
    },
    /// While somebody else holds the set.
    Share,
    Pack,
    DumpAndRestore,
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0..30_u8).prop_map(|number| number.to_string().into_bytes()),
        4 => (any::<u8>(), 0..30_usize).prop_map(|(byte, len)| vec![byte; len]),
        1 => (0..3_u8, 60..70_usize).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-4..4_i8).prop_map(f64::from),
        2 => (-20..20_i8).prop_map(|quarters| f64::from(quarters) / 4.0),
        1 => prop::sample::select(&[0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 1e300, 0.1][..]),
        1 => any::<f64>().prop_filter("a score is a number", |score| !score.is_nan()),
    ]
}

fn flags() -> impl Strategy<Value = AddFlags> {
    let conditions = prop_oneof![
        4 => Just((false, false, false, false)),
        1 => Just((true, false, false, false)),
        1 => Just((false, true, false, false)),
        1 => Just((false, false, true, false)),
        1 => Just((false, false, false, true)),
        1 => Just((false, true, true, false)),
    ];
    (conditions, any::<bool>()).prop_map(|((nx, xx, gt, lt), incr)| AddFlags {
        nx,
        xx,
        gt,
        lt,
        incr,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (name(), score(), flags())
            .prop_map(|(name, score, flags)| Step::Add { name, score, flags }),
        3 => (any::<u16>(), 1..90_u16, any::<bool>())
            .prop_map(|(start, count, falling)| Step::AddMany { start, count, falling }),
        3 => name().prop_map(|name| Step::Remove { name }),
        3 => any::<Index>().prop_map(|at| Step::RemoveAny { at }),
        3 => (any::<Index>(), 0..20_usize).prop_map(|(start, len)| Step::RemoveRanks { start, len }),
        1 => Just(Step::Share),
        1 => Just(Step::Pack),
        1 => Just(Step::DumpAndRestore),
    ]
}

/// By score, then by name.
fn ranked(model: &Model) -> Vec<(&[u8], f64)> {
    let mut ranked: Vec<_> = model.iter().map(|(name, &score)| (&name[..], score)).collect();
    ranked.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap());
    ranked
}

fn listed<'a>(members: impl Iterator<Item = keyspace::ScoredRef<'a>>) -> Vec<(Vec<u8>, f64)> {
    members.map(|member| (member.name.as_text().to_vec(), member.score)).collect()
}

fn restored(set: &SortedSet, thresholds: Thresholds) -> SortedSet {
    let value = Value::from(set.clone());
    let payload = payload::encode_events(
        value.view().events(i64::MIN),
        &Target::KEYFERRY,
        EncodeOptions::default(),
    );
    let mut builder = ValueBuilder::new(thresholds);
    payload::decode_events(payload.unwrap(), DecodeLimits::default(), &mut builder).unwrap();
    match builder.finish() {
        Some(Value::SortedSet(set)) => set,
        other => panic!("a sorted set is told: {other:?}"),
    }
}

fn add(name: &[u8], score: f64, flags: AddFlags, model: &mut Model) -> Result<Added, NotANumber> {
    let Some(old) = model.get_mut(name) else {
        if flags.xx {
            return Ok(Added::Not);
        }
        model.insert(name.to_vec(), score);
        return Ok(Added::New(score));
    };
    let new = if flags.incr { *old + score } else { score };
    if flags.nx {
        Ok(Added::Not)
    } else if new.is_nan() {
        Err(NotANumber)
    } else if (flags.gt && new <= *old) || (flags.lt && new >= *old) {
        Ok(Added::Not)
    } else if new == *old {
        Ok(Added::Same(new))
    } else {
        *old = new;
        Ok(Added::Changed(new))
    }
}

fn apply(step: Step, set: &mut SortedSet, model: &mut Model, thresholds: &Thresholds) {
    match step {
        Step::Add { name, score, flags } => {
            assert_eq!(set.add(&name, score, flags, thresholds), add(&name, score, flags, model));
            let nan = set.add(&name, f64::NAN, flags, thresholds);
            assert_eq!(nan, Err(NotANumber));
        }
        Step::AddMany { start, count, falling } => {
            for number in start..start.saturating_add(count) {
                let score = if falling { -f64::from(number) } else { f64::from(number) };
                let name = format!("member {number}").into_bytes();
                set.insert(&name, score, thresholds);
                model.insert(name, score);
            }
        }
        Step::Remove { name } => assert_eq!(set.remove(&name), model.remove(&name)),
        Step::RemoveAny { at } => {
            if !model.is_empty() {
                let name = model.keys().nth(at.index(model.len())).unwrap().clone();
                assert_eq!(set.remove(&name), model.remove(&name));
            }
        }
        Step::RemoveRanks { start, len } => {
            let start = start.index(model.len() + 1);
            set.remove_ranks(start..start + len);
            let end = (start + len).min(model.len());
            let gone: Vec<_> =
                ranked(model)[start..end].iter().map(|(name, _)| name.to_vec()).collect();
            model.retain(|name, _| !gone.contains(name));
        }
        Step::Share => {
            let (held, before) = (set.clone(), listed(set.view().iter()));
            set.insert(b"more", 1.0, thresholds);
            model.insert(b"more".to_vec(), 1.0);
            assert_eq!(listed(held.view().iter()), before);
        }
        Step::Pack => {
            set.pack(thresholds);
            let fits = model.len() <= thresholds.zset_max_listpack_entries
                && model.keys().all(|name| name.len() <= thresholds.zset_max_listpack_value);
            assert!(!fits || set.packed_bytes().is_some());
        }
        Step::DumpAndRestore => {
            if !model.is_empty() {
                let copy = restored(set, *thresholds);
                assert_eq!(copy, *set);
                *set = copy;
            }
        }
    }
}

fn check(set: &SortedSet, model: &Model, probe: Index, bounds: (f64, f64), names: (&[u8], &[u8])) {
    let view = set.view();
    let ranked = ranked(model);
    let expected: Vec<_> = ranked.iter().map(|(name, score)| (name.to_vec(), *score)).collect();
    assert_eq!((view.len(), view.is_empty()), (model.len(), model.is_empty()));
    assert_eq!(listed(view.iter()), expected);
    let backwards: Vec<_> = expected.iter().rev().cloned().collect();
    assert_eq!(listed(view.iter_back_from(usize::MAX)), backwards);
    let at = probe.index(model.len() + 1);
    assert_eq!(listed(view.iter_from(at)), expected[at..]);
    assert_eq!(listed(view.iter_back_from(at)), backwards[model.len() - at..]);
    assert_eq!(
        listed(view.get(at).into_iter()),
        expected[at..].iter().take(1).cloned().collect::<Vec<_>>()
    );
    if let Some((name, score)) = expected.get(at) {
        assert_eq!(view.rank(name), Some((at, *score)));
        assert_eq!(view.score(name), Some(*score));
    }
    assert_eq!((view.rank(b"nobody"), view.score(b"nobody")), (None, None));
    for (min_exclusive, max_exclusive) in
        [(false, false), (true, false), (false, true), (true, true)]
    {
        let range = ScoreRange {
            min: ScoreBound { score: bounds.0, exclusive: min_exclusive },
            max: ScoreBound { score: bounds.1, exclusive: max_exclusive },
        };
        let inside = |score: f64| {
            (score > bounds.0 || (score == bounds.0 && !min_exclusive))
                && (score < bounds.1 || (score == bounds.1 && !max_exclusive))
        };
        check_ranks(view.ranks_by_score(&range), &expected, |(_, score)| inside(*score));
    }
    if model.values().all(|score| *score == 0.0) {
        let all = LexRange { min: LexBound::First, max: LexBound::Last };
        assert_eq!(view.ranks_by_name(&all), 0..model.len());
        let none = LexRange { min: LexBound::Last, max: LexBound::First };
        assert!(view.ranks_by_name(&none).is_empty());
        let range =
            LexRange { min: LexBound::Inclusive(names.0), max: LexBound::Exclusive(names.1) };
        check_ranks(view.ranks_by_name(&range), &expected, |(name, _)| {
            &name[..] >= names.0 && &name[..] < names.1
        });
        let range =
            LexRange { min: LexBound::Exclusive(names.0), max: LexBound::Inclusive(names.1) };
        check_ranks(view.ranks_by_name(&range), &expected, |(name, _)| {
            &name[..] > names.0 && &name[..] <= names.1
        });
    }
    let (mut scanned, mut cursor) = (Vec::new(), 0);
    loop {
        cursor = view.scan(cursor, 3, |member| scanned.push(member.name.as_text().to_vec()));
        if cursor == 0 {
            break;
        }
    }
    scanned.sort_unstable();
    assert!(scanned.iter().eq(model.keys()));
    match set.packed_bytes() {
        Some(packed) => {
            assert_eq!(view.encoding(), "listpack");
            assert_eq!(SortedSet::from_packed(packed), *set);
            assert_eq!(listed(SortedSetRef::from_packed(packed).iter()), expected);
        }
        None => assert_eq!(view.encoding(), "skiplist"),
    }
    assert_eq!(view.to_value(), *set);
}

fn check_ranks(
    ranks: Range<usize>,
    expected: &[(Vec<u8>, f64)],
    inside: impl Fn(&(Vec<u8>, f64)) -> bool,
) {
    let count = expected.iter().filter(|member| inside(member)).count();
    assert_eq!(ranks.len(), count);
    assert!(expected[ranks].iter().all(inside));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_sorted_set_is_a_map_of_scores(
        entries_max in prop_oneof![Just(128_usize), 0..10_usize],
        all_equal in any::<bool>(),
        steps in prop::collection::vec(
            (step(), any::<Index>(), (score(), score()), (name(), name())),
            1..40,
        ),
    ) {
        let thresholds =
            Thresholds { zset_max_listpack_entries: entries_max, ..Thresholds::default() };
        let (mut set, mut model) = (SortedSet::new(), Model::new());
        for (mut step, probe, bounds, names) in steps {
            if let (Step::Add { score, .. }, true) = (&mut step, all_equal) {
                *score = 0.0;
            }
            apply(step, &mut set, &mut model, &thresholds);
            check(&set, &model, probe, bounds, (&names.0, &names.1));
        }
    }
}

/// Redis tells a large one from the highest score down, and takes any order.
#[test]
fn members_may_come_in_any_order() {
    let thresholds = Thresholds::default();
    let mut random = random_numbers();
    let mut members: Vec<_> = (0..5_000).map(|n| (format!("m{n}"), f64::from(n / 3))).collect();
    let mut expected = SortedSet::new();
    members.iter().for_each(|(name, score)| expected.insert(name.as_bytes(), *score, &thresholds));
    for _ in 0..4 {
        members.sort_by_cached_key(|_| random());
        let mut builder = ValueBuilder::new(thresholds);
        builder.push(Event::Start(rdb_format::Kind::SortedSet));
        for (name, score) in &members {
            builder.push(Event::String(name.clone().into()));
            builder.push(Event::Score(*score));
        }
        builder.push(Event::End);
        assert_eq!(builder.finish(), Some(expected.clone().into()));
    }
    let value = Value::from(expected);
    let mut source = value.view().events(i64::MIN);
    let mut last = f64::INFINITY;
    while let Ok(Some(event)) = source.next_event() {
        if let Event::Score(score) = event {
            assert!(score <= last);
            last = score;
        }
    }
    assert_eq!(last, 0.0);
}

#[test]
fn names_of_every_length_come_back_after_a_restart_in_the_middle() {
    let thresholds = Thresholds::default();
    let mut set = SortedSet::new();
    let lens = (0..300).chain([16 << 10, 70_000, 200_000]);
    for (number, len) in lens.enumerate() {
        set.insert(&vec![b'x'; len], number as f64 / 8.0, &thresholds);
    }
    assert_eq!(restored(&set, thresholds), set);
    let value = Value::from(set);
    let mut source = value.view().events(i64::MIN);
    let mut whole = Vec::new();
    while let Ok(Some(event)) = source.next_event() {
        whole.push(event);
    }
    for stop in [0, 1, 2, 100, whole.len()] {
        let Ok(()) = source.rewind();
        for event in &whole[..stop] {
            assert_eq!(source.next_event().unwrap().as_ref(), Some(event));
        }
    }
}

#[test]
fn a_damaged_blob_gives_some_members_or_none() {
    let mut set = SortedSet::new();
    for (name, score) in [(&b"one"[..], 1.0), (b"2", 2.5), (b"three", -7.0)] {
        set.insert(name, score, &Thresholds::default());
    }
    let whole = set.packed_bytes().expect("it is small").to_vec();
    for at in 0..whole.len() {
        for byte in [0, 0x7f, 0x80, 0xf0, 0xf4, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] = byte;
            let view = SortedSetRef::from_packed(&damaged);
            assert!(view.iter().count() <= damaged.len());
            assert!(view.iter_back_from(usize::MAX).count() <= damaged.len());
            view.rank(b"three");
            view.get(2);
        }
        SortedSetRef::from_packed(&whole[..at]).iter().for_each(drop);
    }
}
