//! Changes, and how the tree keeps its shape.

use super::node::{Branch, Node};
use super::{BRANCH_LEN_MAX, LEAF_LEN_MAX, Sequence, Weighted, node};

impl<T: Weighted> Sequence<T> {
    /// Inserts an item before the one that begins at `offset`, or at the end.
    ///
    /// # Panics
    /// If no item begins there.
    pub fn insert(&mut self, offset: usize, item: T) {
        assert!(offset <= self.weight, "{NO_ITEM}");
        self.weight += item.weight();
        if let Some(right) = insert(&mut self.root, offset, item) {
            let left = std::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
            self.root = node::parents(vec![left, right]).pop().expect("two nodes have a parent");
        }
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        self.insert(self.weight, item);
    }

    /// Takes out the item at `offset`.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&mut self, offset: usize) -> T {
        assert!(offset < self.weight, "{NO_ITEM}");
        let item = remove(&mut self.root, offset);
        self.weight -= item.weight();
        while let Node::Branch(branch) = &mut self.root
            && branch.nodes.len() == 1
        {
            self.root = branch.nodes.pop().expect("it has one child");
        }
        item
    }

    /// Puts another item in the place of the one at `offset`, which it returns.
    ///
    /// # Panics
    /// If there is none.
    pub fn replace(&mut self, offset: usize, item: T) -> T {
        self.edit(offset, |place, _| std::mem::replace(place, item))
    }

    /// Changes the item at `offset`, which `change` gets with how far into it that is. It may come
    /// to weigh more or less, but not nothing: then remove it.
    ///
    /// # Panics
    /// If there is none.
    pub fn edit<R>(&mut self, offset: usize, change: impl FnOnce(&mut T, usize) -> R) -> R {
        assert!(offset < self.weight, "{NO_ITEM}");
        let (result, grown) = edit(&mut self.root, offset, change);
        self.weight = self.weight.wrapping_add(grown);
        result
    }

    /// As [`edit`](Self::edit), for the last item. `None` if there is none.
    pub fn edit_last<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let (result, grown) = edit_last(&mut self.root, change)?;
        self.weight = self.weight.wrapping_add(grown);
        Some(result)
    }
}

/// Inserts below `node`; what it has no room for becomes a node that follows it.
fn insert<T: Weighted>(node: &mut Node<T>, offset: usize, item: T) -> Option<Node<T>> {
    match node {
        Node::Leaf(items) => {
            let (index, within) = node::locate(items.iter().map(T::weight), offset);
            assert_eq!(within, 0, "{NO_ITEM}");
            insert_into_leaf(items, index, item).map(Node::Leaf)
        }
        Node::Branch(branch) => {
            let (index, rest) = branch.child_at(offset);
            let weight = item.weight();
            if rest == 0
                && index > 0
                && branch.nodes[index].len() == LEAF_LEN_MAX
                && let Node::Leaf(items) = &mut branch.nodes[index - 1]
                && items.len() < LEAF_LEN_MAX
            {
                // Rising items fill one leaf after the other.
                push_to_leaf(items, item);
                branch.weights[index - 1] += weight;
                return None;
            }
            branch.weights[index] += weight;
            let right = insert(&mut branch.nodes[index], rest, item)?;
            let right_weight = right.weight();
            branch.weights[index] -= right_weight;
            insert_into_branch(branch, index + 1, right_weight, right)
                .map(|right| Node::Branch(Box::new(right)))
        }
    }
}

fn insert_into_leaf<T>(items: &mut Vec<T>, index: usize, item: T) -> Option<Vec<T>> {
    if items.len() < LEAF_LEN_MAX {
        reserve_some(items);
        items.insert(index, item);
        return None;
    }
    // At either end it begins a leaf of its own: those that come in order leave full ones behind.
    let at = match index {
        0 => 0,
        LEAF_LEN_MAX => LEAF_LEN_MAX,
        _ => LEAF_LEN_MAX / 2,
    };
    let mut right = items.split_off(at);
    if at < LEAF_LEN_MAX {
        items.shrink_to(at + LEAF_LEN_STEP);
    }
    if index < at || index == 0 {
        push_at(items, index, item);
    } else {
        push_at(&mut right, index - at, item);
    }
    Some(right)
}

fn push_at<T>(items: &mut Vec<T>, index: usize, item: T) {
    reserve_some(items);
    items.insert(index, item);
}

fn push_to_leaf<T>(items: &mut Vec<T>, item: T) {
    reserve_some(items);
    items.push(item);
}

/// A vector would double its room.
fn reserve_some<T>(items: &mut Vec<T>) {
    if items.len() == items.capacity() {
        items.reserve_exact(LEAF_LEN_STEP.min(LEAF_LEN_MAX - items.len()).max(1));
    }
}

fn insert_into_branch<T>(
    branch: &mut Branch<T>,
    index: usize,
    weight: usize,
    node: Node<T>,
) -> Option<Branch<T>> {
    if branch.nodes.len() < BRANCH_LEN_MAX {
        branch.weights.insert(index, weight);
        branch.nodes.insert(index, node);
        return None;
    }
    let at = if index == BRANCH_LEN_MAX { BRANCH_LEN_MAX - 1 } else { BRANCH_LEN_MAX / 2 };
    let mut right = branch.split_off(at);
    let (half, index) = if index <= at { (branch, index) } else { (&mut right, index - at) };
    half.weights.insert(index, weight);
    half.nodes.insert(index, node);
    Some(right)
}

fn remove<T: Weighted>(node: &mut Node<T>, offset: usize) -> T {
    match node {
        Node::Leaf(items) => {
            let (index, _) = node::locate(items.iter().map(T::weight), offset);
            let item = items.remove(index);
            if items.capacity() - items.len() > 2 * LEAF_LEN_STEP {
                items.shrink_to(items.len() + LEAF_LEN_STEP);
            }
            item
        }
        Node::Branch(branch) => {
            let (index, rest) = branch.child_at(offset);
            let item = remove(&mut branch.nodes[index], rest);
            branch.weights[index] -= item.weight();
            tidy(branch, index);
            item
        }
    }
}

/// Merges a child that has become small with a neighbour, if both then fit into one node.
fn tidy<T: Weighted>(branch: &mut Branch<T>, index: usize) {
    let len_max = match branch.nodes[index] {
        Node::Leaf(_) => LEAF_LEN_MAX,
        Node::Branch(_) => BRANCH_LEN_MAX,
    };
    let len = branch.nodes[index].len();
    if len == 0 {
        branch.nodes.remove(index);
        branch.weights.remove(index);
        return;
    }
    if len > len_max / 4 {
        return;
    }
    let fits = |neighbour: usize| {
        branch.nodes.get(neighbour).is_some_and(|node| node.len() + len <= len_max / 4 * 3)
    };
    let left = match index.checked_sub(1).filter(|&before| fits(before)) {
        Some(before) => before,
        None if fits(index + 1) => index,
        None => return,
    };
    let (right, weight) = (branch.nodes.remove(left + 1), branch.weights.remove(left + 1));
    branch.weights[left] += weight;
    match (&mut branch.nodes[left], right) {
        (Node::Leaf(items), Node::Leaf(mut others)) => {
            items.reserve_exact(others.len());
            items.append(&mut others);
        }
        (Node::Branch(branch), Node::Branch(other)) => branch.append(*other),
        _ => unreachable!("all leaves are at the same depth"),
    }
}

/// Also tells by how much the item has grown, wrapping around.
fn edit<T: Weighted, R>(
    node: &mut Node<T>,
    offset: usize,
    change: impl FnOnce(&mut T, usize) -> R,
) -> (R, usize) {
    match node {
        Node::Leaf(items) => {
            let (index, within) = node::locate(items.iter().map(T::weight), offset);
            edit_item(&mut items[index], |item| change(item, within))
        }
        Node::Branch(branch) => {
            let (index, rest) = branch.child_at(offset);
            let (result, grown) = edit(&mut branch.nodes[index], rest, change);
            branch.weights[index] = branch.weights[index].wrapping_add(grown);
            (result, grown)
        }
    }
}

fn edit_last<T: Weighted, R>(
    node: &mut Node<T>,
    change: impl FnOnce(&mut T) -> R,
) -> Option<(R, usize)> {
    match node {
        Node::Leaf(items) => Some(edit_item(items.last_mut()?, change)),
        Node::Branch(branch) => {
            let (result, grown) = edit_last(branch.nodes.last_mut()?, change)?;
            let weight = branch.weights.last_mut()?;
            *weight = weight.wrapping_add(grown);
            Some((result, grown))
        }
    }
}

/// Changes an item, and tells by how much its weight has grown, modulo 2^64.
fn edit_item<T: Weighted, R>(item: &mut T, change: impl FnOnce(&mut T) -> R) -> (R, usize) {
    let before = item.weight();
    let result = change(item);
    let after = item.weight();
    assert_ne!(after, 0, "an item without weight has no place");
    (result, after.wrapping_sub(before))
}

/// Room that a leaf gets at a time.
const LEAF_LEN_STEP: usize = LEAF_LEN_MAX / 8;

const NO_ITEM: &str = "no item begins at this offset";
