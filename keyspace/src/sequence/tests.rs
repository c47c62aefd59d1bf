use proptest::prelude::*;

use super::node::Node;
use super::*;

/// A number that weighs as much as is written on it.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Item {
    number: u64,
    weight: usize,
}

impl Weighted for Item {
    fn weight(&self) -> usize {
        self.weight
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct One(u32);

impl Weighted for One {
    fn weight(&self) -> usize {
        1
    }
}

/// Panics where a weight is not what is below it, or a node is too large or empty.
fn check<T: Weighted>(sequence: &Sequence<T>) {
    assert_eq!(check_node(&sequence.root, true).0, sequence.weight);
}

fn check_node<T: Weighted>(node: &Node<T>, is_root: bool) -> (usize, usize) {
    match node {
        Node::Leaf(items) => {
            assert!(items.len() <= LEAF_LEN_MAX && (is_root || !items.is_empty()));
            (node.weight(), 1)
        }
        Node::Branch(branch) => {
            assert!(branch.nodes.len() <= BRANCH_LEN_MAX);
            assert!(!is_root || branch.nodes.len() > 1, "it could be left out");
            assert_eq!(branch.nodes.len(), branch.weights.len());
            let mut depth = None;
            for (node, &weight) in branch.nodes.iter().zip(&branch.weights) {
                let (below, depth_below) = check_node(node, false);
                assert_eq!(below, weight);
                assert_eq!(*depth.get_or_insert(depth_below), depth_below);
            }
            (node.weight(), depth.expect("a branch has children") + 1)
        }
    }
}

fn leaves<T>(node: &Node<T>) -> (usize, usize) {
    match node {
        Node::Leaf(items) => (1, items.capacity()),
        Node::Branch(branch) => {
            let below = branch.nodes.iter().map(leaves);
            below.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
        }
    }
}

fn start_of(model: &[Item], index: usize) -> usize {
    model[..index].iter().map(|item| item.weight).sum()
}

#[derive(Clone, Debug)]
enum Step {
    /// So many items at a place, one after the other.
    Insert {
        place: u64,
        count: usize,
        weight: usize,
    },
    /// So many items at a place, each before the last.
    InsertBefore {
        place: u64,
        count: usize,
        weight: usize,
    },
    Remove {
        place: u64,
        count: usize,
    },
    Edit {
        place: u64,
        weight: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let place = prop_oneof![Just(0), Just(u64::MAX), any::<u64>()];
    let count = prop_oneof![1..10_usize, 1..400_usize];
    let weight = 1..4_usize;
    prop_oneof![
        (place.clone(), count.clone(), weight.clone())
            .prop_map(|(place, count, weight)| Step::Insert { place, count, weight }),
        (place.clone(), count.clone(), weight.clone())
            .prop_map(|(place, count, weight)| Step::InsertBefore { place, count, weight }),
        (place.clone(), count).prop_map(|(place, count)| Step::Remove { place, count }),
        (place, weight).prop_map(|(place, weight)| Step::Edit { place, weight }),
    ]
}

/// An index up to `len`, both ends included.
fn at(place: u64, len: usize) -> usize {
    if place == u64::MAX { len } else { (place % (len as u64 + 1)) as usize }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_vector(steps in prop::collection::vec(step(), 1..30), probes in any::<u64>()) {
        let (mut sequence, mut model) = (Sequence::new(), Vec::new());
        let mut number = 0;
        for step in steps {
            match step {
                Step::Insert { place, count, weight } => {
                    let index = at(place, model.len());
                    for index in index..index + count {
                        number += 1;
                        let item = Item { number, weight };
                        sequence.insert(start_of(&model, index), item.clone());
                        model.insert(index, item);
                    }
                }
                Step::InsertBefore { place, count, weight } => {
                    let index = at(place, model.len());
                    for _ in 0..count {
                        number += 1;
                        let item = Item { number, weight };
                        sequence.insert(start_of(&model, index), item.clone());
                        model.insert(index, item);
                    }
                }
                Step::Remove { place, count } => {
                    for _ in 0..count.min(model.len()) {
                        let index = at(place, model.len() - 1);
                        let within = probes as usize % model[index].weight;
                        let removed = sequence.remove(start_of(&model, index) + within);
                        prop_assert_eq!(removed, model.remove(index));
                    }
                }
                Step::Edit { place, weight } if !model.is_empty() => {
                    let index = at(place, model.len() - 1);
                    let offset = start_of(&model, index) + model[index].weight - 1;
                    let within = sequence.edit(offset, |item: &mut Item, within| {
                        item.weight = weight;
                        within
                    });
                    prop_assert_eq!(within, model[index].weight - 1);
                    model[index].weight = weight;
                    let doubled = sequence.edit_last(|item| {
                        item.weight *= 2;
                        item.number
                    });
                    let last = model.last_mut().expect("it is not empty");
                    last.weight *= 2;
                    prop_assert_eq!(doubled, Some(last.number));
                }
                Step::Edit { .. } => prop_assert_eq!(sequence.edit_last(|_| ()), None),
            }
            check(&sequence);
        }
        prop_assert!(sequence.iter().eq(&model));
        prop_assert!(sequence.iter_back_from(usize::MAX).eq(model.iter().rev()));
        prop_assert_eq!((sequence.first(), sequence.last()), (model.first(), model.last()));
        let bulk: Sequence<Item> = model.iter().cloned().collect();
        check(&bulk);
        for sequence in [&sequence, &sequence.clone(), &bulk] {
            for index in [0, at(probes, model.len()), model.len()] {
                let offset = start_of(&model, index);
                prop_assert!(sequence.iter_from(offset).eq(&model[index..]));
                prop_assert!(sequence.iter_back_from(offset).eq(model[..index].iter().rev()));
                let found = model.get(index).map(|item| (item, item.weight - 1));
                let last = offset + found.map_or(0, |(_, within)| within);
                prop_assert_eq!(sequence.find(last), found);
                prop_assert!(found.is_none() || sequence.iter_from(last).eq(&model[index..]));
            }
        }
    }

    #[test]
    fn a_partition_point_is_the_weight_before_it(len in 0..3000_u32, limit in 0..3000_u32) {
        let sequence: Sequence<One> = (0..len).map(One).collect();
        let point = sequence.partition_point(|item| item.0 < limit);
        prop_assert_eq!(point, len.min(limit) as usize);
    }
}

#[test]
fn a_sequence_is_gone_over_with_a_number_in_hand() {
    let sequence: Sequence<One> = (0..10_000).map(One).collect();
    let (mut next, mut seen) = (0, Vec::new());
    while let Some((items, within)) = sequence.chunk(next) {
        assert_eq!(within, 0);
        seen.extend_from_slice(items);
        next += items.len();
    }
    assert!(seen.iter().eq(sequence.iter()));
}

#[test]
fn items_that_come_in_order_leave_full_leaves() {
    for (rising, at_an_end, filled_min) in
        [(true, true, 0.98), (false, true, 0.98), (true, false, 0.75), (false, false, 0.75)]
    {
        let others = if at_an_end { 0 } else { 1_000 };
        let mut sequence: Sequence<One> = (0..others).map(One).collect();
        let start = sequence.weight() / 2;
        for number in 0..100_000 {
            let offset = if rising { start + number } else { start };
            sequence.insert(offset, One(number as u32));
        }
        check(&sequence);
        let (leaves, room) = leaves(&sequence.root);
        let filled = sequence.weight() as f64 / room as f64;
        assert!(filled > filled_min, "{rising} {at_an_end}: {filled} in {leaves} leaves");
    }
}

#[test]
fn leaves_of_items_in_no_order_are_two_thirds_full() {
    let mut sequence: Sequence<One> = Sequence::new();
    let mut state = 1_u64;
    for number in 0..100_000_u32 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        sequence.insert((state >> 33) as usize % (number as usize + 1), One(number));
    }
    check(&sequence);
    let (_, room) = leaves(&sequence.root);
    let room_each = room as f64 / sequence.weight() as f64;
    // Of four bytes each, this is at most 5.2 bytes and a bit more for the tree.
    assert!(room_each < 1.3, "{room_each}");
}

#[test]
fn all_room_is_given_back() {
    let mut sequence: Sequence<One> = (0..100_000).map(One).collect();
    let mut state = 1_u64;
    while sequence.weight() > 1_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        sequence.remove((state >> 33) as usize % sequence.weight());
    }
    check(&sequence);
    let (leaves, room) = leaves(&sequence.root);
    assert!(leaves < 70 && room < 2_500, "{leaves} leaves with room for {room}");
}

#[test]
#[should_panic(expected = "no item begins at this offset")]
fn an_item_is_not_inserted_into_another() {
    let mut sequence: Sequence<Item> = [Item { number: 1, weight: 2 }].into_iter().collect();
    sequence.insert(1, Item { number: 2, weight: 1 });
}
