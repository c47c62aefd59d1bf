//! Items in an order that their owner decides, each found by its place.
//!
//! A B+tree that counts: every branch knows the weight below each of its children, so that the item
//! at an offset, and the offset of an item, are found on the way down.
//!
//! ```text
//!                 [ 120 | 64 ]                    a branch: weights of its children
//!                  /        \
//!        [ 64 | 56 ]        [ 30 | 34 ]           branches
//!         /      \           /      \
//!   a b c ...  d e ...    f g ...  h i ...        leaves: items
//! ```
//!
//! An offset is a sum of weights, those of all items before. Where each item weighs one it is the
//! item's index; where items are nodes of a list it is the index of an element. Any operation but
//! those that go over many items takes O(log n): it touches one node of each level, and a node holds
//! at most [`LEAF_LEN_MAX`] items or [`BRANCH_LEN_MAX`] children.

mod edit;
mod iter;
mod node;
#[cfg(test)]
mod tests;

use node::Node;

pub(crate) use node::locate;

pub use iter::{Iter, IterBack};

/// An item that takes up room in a [`Sequence`].
pub trait Weighted {
    /// How much: at least 1, and always the same while the item is not
    /// [edited](Sequence::edit).
    fn weight(&self) -> usize;
}

/// Items in order. See the [module](self) for how they are kept.
#[derive(Clone, Debug)]
pub struct Sequence<T> {
    root: Node<T>,
    weight: usize,
}

impl<T: Weighted> Sequence<T> {
    /// A sequence without items.
    pub fn new() -> Self {
        Self { root: Node::Leaf(Vec::new()), weight: 0 }
    }

    /// The weight of all items.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.weight == 0
    }

    /// The first item.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// The last item.
    pub fn last(&self) -> Option<&T> {
        self.get(self.weight.checked_sub(1)?)
    }

    /// The item at an offset.
    pub fn get(&self, offset: usize) -> Option<&T> {
        self.find(offset).map(|(item, _)| item)
    }

    /// The item at an offset, and how far into it the offset is.
    pub fn find(&self, offset: usize) -> Option<(&T, usize)> {
        let (items, within) = self.chunk(offset)?;
        Some((items.first()?, within))
    }

    /// The items from the one at an offset on, as many as lie together, and how far into the first
    /// of them the offset is. `None` at the end.
    ///
    /// The next ones are at `offset - within` and the weight of those given: this is how to go over
    /// a sequence with nothing but a number in hand, while nobody changes it.
    pub fn chunk(&self, offset: usize) -> Option<(&[T], usize)> {
        if offset >= self.weight {
            return None;
        }
        let (leaf, rest) = self.root.leaf_at(offset);
        let (index, within) = node::locate(leaf.iter().map(T::weight), rest);
        Some((&leaf[index..], within))
    }

    /// The items up to the one at `offset - 1`, as many as lie together, and how far into the last
    /// of them `offset` is. `None` at the begin.
    pub fn chunk_before(&self, offset: usize) -> Option<(&[T], usize)> {
        let last = offset.min(self.weight).checked_sub(1)?;
        let (leaf, rest) = self.root.leaf_at(last);
        let (index, within) = node::locate(leaf.iter().map(T::weight), rest);
        Some((&leaf[..=index], within + 1))
    }

    /// The weight of the items for which `is_before` is true, which all come before those for which
    /// it is not.
    pub fn partition_point(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        self.root.partition_point(&mut is_before)
    }
}

impl<T: Weighted> Default for Sequence<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Weighted> FromIterator<T> for Sequence<T> {
    /// Leaves no room to spare in the nodes.
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        let leaves = std::iter::from_fn(|| {
            let leaf: Vec<T> = items.by_ref().take(LEAF_LEN_MAX).collect();
            (!leaf.is_empty()).then_some(Node::Leaf(leaf))
        });
        let mut level: Vec<Node<T>> = leaves.collect();
        while level.len() > 1 {
            level = node::parents(level);
        }
        let root = level.pop().unwrap_or(Node::Leaf(Vec::new()));
        Self { weight: root.weight(), root }
    }
}

/// Items in a leaf.
pub const LEAF_LEN_MAX: usize = 64;

/// Children of a branch.
pub const BRANCH_LEN_MAX: usize = 32;
