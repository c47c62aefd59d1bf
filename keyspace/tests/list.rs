//! A list against a vector of texts, in both of its forms and through its serialization.

use keyspace::{List, ListEnd, Thresholds, Value, ValueBuilder};
use proptest::prelude::*;
use proptest::sample::Index;
use rdb_format::packed::Entry;
use rdb_format::{DecodeLimits, EncodeOptions, Target, payload};

#[derive(Clone, Debug)]
enum Step {
    Push {
        head: bool,
        elements: Vec<Vec<u8>>,
    },
    Set {
        at: Index,
        element: Vec<u8>,
    },
    Insert {
        pivot: Index,
        after: bool,
        element: Vec<u8>,
    },
    InsertMissing {
        element: Vec<u8>,
    },
    Remove {
        element: Index,
        count: usize,
        tail: bool,
    },
    RemoveRange {
        start: Index,
        len: usize,
    },
    RetainRange {
        start: Index,
        end: Index,
    },
    Pop {
        head: bool,
    },
    Rotate {
        from_head: bool,
        to_head: bool,
    },
    /// While somebody else holds the list.
    Share,
    DumpAndRestore,
}

fn element() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0..30_u8).prop_map(|number| number.to_string().into_bytes()),
        4 => (any::<u8>(), 0..60_usize).prop_map(|(byte, len)| vec![byte; len]),
        1 => (0..3_u8, 3_900..4_200_usize).prop_map(|(byte, len)| vec![byte; len]),
        1 => (0..3_u8, 8_100..8_300_usize).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let elements = prop_oneof![
        4 => prop::collection::vec(element(), 1..5),
        1 => prop::collection::vec(element(), 20..60),
    ];
    prop_oneof![
        6 => (any::<bool>(), elements).prop_map(|(head, elements)| Step::Push { head, elements }),
        2 => (any::<Index>(), element()).prop_map(|(at, element)| Step::Set { at, element }),
        4 => (any::<Index>(), any::<bool>(), element())
            .prop_map(|(pivot, after, element)| Step::Insert { pivot, after, element }),
        1 => element().prop_map(|element| Step::InsertMissing { element }),
        2 => (any::<Index>(), 1..4_usize, any::<bool>())
            .prop_map(|(element, count, tail)| Step::Remove { element, count, tail }),
        3 => (any::<Index>(), 0..20_usize)
            .prop_map(|(start, len)| Step::RemoveRange { start, len }),
        1 => (any::<Index>(), any::<Index>())
            .prop_map(|(start, end)| Step::RetainRange { start, end }),
        2 => any::<bool>().prop_map(|head| Step::Pop { head }),
        2 => any::<(bool, bool)>()
            .prop_map(|(from_head, to_head)| Step::Rotate { from_head, to_head }),
        1 => Just(Step::Share),
        1 => Just(Step::DumpAndRestore),
    ]
}

fn restored(list: List, thresholds: Thresholds) -> List {
    let value = Value::from(list);
    let payload = payload::encode_events(
        value.view().events(i64::MIN),
        &Target::KEYFERRY,
        EncodeOptions::default(),
    );
    let mut builder = ValueBuilder::new(thresholds);
    payload::decode_events(payload.unwrap(), DecodeLimits::default(), &mut builder).unwrap();
    match builder.finish() {
        Some(Value::List(list)) => list,
        other => panic!("a list is told: {other:?}"),
    }
}

fn apply(step: Step, list: &mut List, model: &mut Vec<Vec<u8>>, thresholds: &Thresholds) {
    let end = |head| if head { ListEnd::Head } else { ListEnd::Tail };
    let index = |at: Index| (!model.is_empty()).then(|| at.index(model.len()));
    match step {
        Step::Push { head, elements } => {
            list.push(end(head), elements.iter().map(Vec::as_slice), thresholds);
            for element in elements {
                let at = if head { 0 } else { model.len() };
                model.insert(at, element);
            }
        }
        Step::Set { at, element } => match index(at) {
            Some(at) => {
                assert!(list.set(at, &element, thresholds));
                model[at] = element;
            }
            None => assert!(!list.set(0, &element, thresholds)),
        },
        Step::Insert { pivot, after, element } => {
            let Some(pivot) = index(pivot) else { return };
            let pivot = model[pivot].clone();
            assert!(list.insert(&pivot, after, &element, thresholds));
            let first = model.iter().position(|it| *it == pivot).unwrap();
            model.insert(first + usize::from(after), element);
        }
        Step::InsertMissing { element } => {
            assert!(!list.insert(b"there is none of these", true, &element, thresholds));
        }
        Step::Remove { element, count, tail } => {
            let Some(element) = index(element) else { return };
            let element = model[element].clone();
            let mut removed = 0;
            while removed < count {
                let mut matches = (0..model.len()).filter(|&at| model[at] == element);
                let Some(at) = (if tail { matches.next_back() } else { matches.next() }) else {
                    break;
                };
                model.remove(at);
                removed += 1;
            }
            assert_eq!(list.remove(&element, count, end(!tail), thresholds), removed);
        }
        Step::RemoveRange { start, len } => {
            let start = start.index(model.len() + 1);
            let end = (start + len).min(model.len());
            list.remove_range(start..start + len, thresholds);
            model.drain(start..end);
        }
        Step::RetainRange { start, end } => {
            let (start, end) = (start.index(model.len() + 1), end.index(model.len() + 1));
            let (start, end) = (start.min(end), start.max(end));
            list.retain_range(start..end, thresholds);
            *model = model[start..end].to_vec();
        }
        Step::Pop { head } => {
            assert_eq!(list.pop(end(head), thresholds).as_deref(), pop(model, head).as_deref());
        }
        Step::Rotate { from_head, to_head } => {
            let moved = pop(model, from_head);
            let told = list.rotate(end(from_head), end(to_head), thresholds);
            assert_eq!(told.as_deref(), moved.as_deref());
            if let Some(moved) = moved {
                let at = if to_head { 0 } else { model.len() };
                model.insert(at, moved);
            }
        }
        Step::Share => {
            let (held, before) = (list.clone(), model.clone());
            list.push(ListEnd::Tail, [&b"more"[..]], thresholds);
            assert!(held.view().iter().eq(before.iter().map(|it| Entry::Text(it))));
            model.push(b"more".to_vec());
        }
        Step::DumpAndRestore => {
            if !model.is_empty() {
                let copy = restored(list.clone(), *thresholds);
                assert_eq!(copy, *list);
                assert_eq!(copy.view().to_value(), copy);
                *list = copy;
            }
        }
    }
}

fn pop(model: &mut Vec<Vec<u8>>, head: bool) -> Option<Vec<u8>> {
    match (model.is_empty(), head) {
        (true, _) => None,
        (false, true) => Some(model.remove(0)),
        (false, false) => model.pop(),
    }
}

fn check(list: &List, model: &[Vec<u8>], probe: Index) {
    let entries = || model.iter().map(|element| Entry::Text(element));
    let view = list.view();
    assert_eq!((view.len(), view.is_empty()), (model.len(), model.is_empty()));
    assert!(view.iter().eq(entries()));
    assert!(view.iter_back_from(usize::MAX).eq(entries().rev()));
    let at = probe.index(model.len() + 1);
    assert_eq!(view.get(at), entries().nth(at));
    assert!(view.iter_from(at).eq(entries().skip(at)));
    assert!(view.iter_back_from(at).eq(entries().take(at).rev()));
    if let Some(packed) = list.packed_bytes() {
        assert_eq!(view.encoding(), "listpack");
        assert_eq!(List::from_packed(packed), *list);
        assert!(keyspace::ListRef::from_packed(packed).iter().eq(entries()));
    } else {
        assert_eq!(view.encoding(), "quicklist");
    }
    let wanted = model.get(at).cloned().unwrap_or_else(|| b"there is none of these".to_vec());
    let position = model.iter().position(|element| *element == wanted);
    let mut elements = view.iter();
    assert_eq!(elements.position_of(&wanted), position);
    assert!(elements.eq(entries().skip(position.map_or(model.len(), |at| at + 1))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_list_is_a_vector_of_texts(
        limit in prop_oneof![Just(-2), Just(-1), Just(-5), Just(0), 1..6_i32, Just(128)],
        steps in prop::collection::vec((step(), any::<Index>()), 1..40),
    ) {
        let thresholds = Thresholds { list_max_listpack_size: limit, ..Thresholds::default() };
        let (mut list, mut model) = (List::new(), Vec::new());
        for (step, probe) in steps {
            apply(step, &mut list, &mut model, &thresholds);
            check(&list, &model, probe);
        }
    }
}

#[test]
fn a_damaged_blob_gives_some_elements_or_none() {
    let mut list = List::new();
    list.push(ListEnd::Tail, [&b"one"[..], b"2", b"three"], &Thresholds::default());
    let whole = list.packed_bytes().expect("it is short").to_vec();
    for at in 0..whole.len() {
        for byte in [0, 0x7f, 0x80, 0xf0, 0xf4, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] = byte;
            let view = keyspace::ListRef::from_packed(&damaged);
            assert!(view.iter().count() <= damaged.len());
            assert!(view.iter_back_from(usize::MAX).count() <= damaged.len());
            view.get(2);
        }
        keyspace::ListRef::from_packed(&whole[..at]).iter().for_each(drop);
    }
}
