//! The nodes of the tree, and how to get down it.

use super::{BRANCH_LEN_MAX, Weighted};

/// A node. All leaves are at the same depth.
#[derive(Clone, Debug)]
pub(super) enum Node<T> {
    Leaf(Vec<T>),
    Branch(Box<Branch<T>>),
}

/// `weights[n]` is the weight of `nodes[n]`, and no node but the root is empty.
#[derive(Clone, Debug)]
pub(super) struct Branch<T> {
    pub(super) weights: Vec<usize>,
    pub(super) nodes: Vec<Node<T>>,
}

impl<T> Branch<T> {
    /// Takes the children from `at` on away.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        Self { weights: self.weights.split_off(at), nodes: self.nodes.split_off(at) }
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.weights.append(&mut other.weights);
        self.nodes.append(&mut other.nodes);
    }
}

impl<T: Weighted> Node<T> {
    /// Weight of all items below.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Leaf(items) => items.iter().map(T::weight).sum(),
            Self::Branch(branch) => branch.weights.iter().sum(),
        }
    }

    /// Number of items or children.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Leaf(items) => items.len(),
            Self::Branch(branch) => branch.nodes.len(),
        }
    }

    /// The leaf that an offset is in, and how far into it.
    pub(super) fn leaf_at(&self, mut offset: usize) -> (&[T], usize) {
        let mut node = self;
        loop {
            match node {
                Self::Leaf(items) => return (items, offset),
                Self::Branch(branch) => {
                    let (index, rest) = branch.child_at(offset);
                    (node, offset) = (&branch.nodes[index], rest);
                }
            }
        }
    }

    /// The weight of the items for which `is_before` is true.
    pub(super) fn partition_point(&self, is_before: &mut impl FnMut(&T) -> bool) -> usize {
        let (mut node, mut before) = (self, 0);
        loop {
            match node {
                Self::Leaf(items) => {
                    let index = items.partition_point(&mut *is_before);
                    return before + items[..index].iter().map(T::weight).sum::<usize>();
                }
                Self::Branch(branch) => {
                    // The last child that begins before is the one where it changes.
                    let others = &branch.nodes[1..];
                    let index = others.partition_point(|child| is_before(child.first_item()));
                    before += branch.weights[..index].iter().sum::<usize>();
                    node = &branch.nodes[index];
                }
            }
        }
    }

    /// The first item below, of which there is one.
    fn first_item(&self) -> &T {
        let mut node = self;
        loop {
            match node {
                Self::Leaf(items) => return &items[0],
                Self::Branch(branch) => node = &branch.nodes[0],
            }
        }
    }
}

impl<T> Branch<T> {
    /// The child that an offset is in, and how far into it; the end is in the last one.
    pub(super) fn child_at(&self, offset: usize) -> (usize, usize) {
        let (last, others) = self.weights.split_last().expect("a branch has children");
        let (index, rest) = locate(others.iter().copied(), offset);
        debug_assert!(index < others.len() || rest <= *last);
        (index, rest)
    }
}

/// The index of the part that an offset is in, and how far into it; the number of parts if it is in
/// none.
pub(crate) fn locate(weights: impl Iterator<Item = usize>, mut offset: usize) -> (usize, usize) {
    let mut index = 0;
    for weight in weights {
        if offset < weight {
            break;
        }
        offset -= weight;
        index += 1;
    }
    (index, offset)
}

/// Branches over all of these nodes, which are more than one, about evenly filled.
pub(super) fn parents<T: Weighted>(nodes: Vec<Node<T>>) -> Vec<Node<T>> {
    let count = nodes.len().div_ceil(BRANCH_LEN_MAX);
    let each = nodes.len().div_ceil(count);
    let mut nodes = nodes.into_iter();
    let branches = (0..count).map(|_| {
        let nodes: Vec<Node<T>> = nodes.by_ref().take(each).collect();
        let weights = nodes.iter().map(Node::weight).collect();
        Node::Branch(Box::new(Branch { weights, nodes }))
    });
    branches.filter(|branch| branch.len() > 0).collect()
}
