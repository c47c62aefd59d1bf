//! Lists of several nodes.

use std::ops::Range;

use rdb_format::packed::{Entry, ListpackMut};

use super::limit::NodeLimit;
use super::node::{self, Node};
use super::{Elements, ElementsBack, ListEnd};
use crate::sequence::{Sequence, Weighted};

/// The nodes of a list. An element's index is its offset in the sequence.
#[derive(Clone, Debug)]
pub(super) struct Quicklist {
    nodes: Sequence<Node>,
}

impl Quicklist {
    pub(super) fn new() -> Self {
        Self { nodes: Sequence::new() }
    }

    /// A list of one node at most.
    pub(super) fn of(listpack: ListpackMut) -> Self {
        let mut list = Self::new();
        list.push_node(Node::Packed(listpack));
        list
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.weight()
    }

    pub(super) fn nodes(&self) -> &Sequence<Node> {
        &self.nodes
    }

    pub(super) fn get(&self, index: usize) -> Option<Entry<'_>> {
        match self.nodes.find(index)? {
            (Node::Packed(listpack), within) => super::nth(listpack.iter(), within),
            (Node::Plain(text), _) => Some(Entry::Text(text)),
        }
    }

    pub(super) fn iter_from(&self, index: usize) -> Elements<'_> {
        let within = self.nodes.find(index).map_or(0, |(_, within)| within);
        Elements::of_nodes(self.nodes.iter_from(index), within)
    }

    pub(super) fn iter_back_from(&self, index: usize) -> ElementsBack<'_> {
        let index = index.min(self.len());
        let last = index.checked_sub(1).and_then(|last| self.nodes.find(last));
        let behind = last.map_or(0, |(node, within)| node.weight() - within - 1);
        ElementsBack::of_nodes(self.nodes.iter_back_from(index), behind)
    }

    pub(super) fn contains(&self, element: &[u8]) -> bool {
        self.iter_from(0).position_of(element).is_some()
    }

    /// The only node, if it is a listpack.
    pub(super) fn only_listpack(&self) -> Option<&ListpackMut> {
        let listpack = self.nodes.first()?.listpack()?;
        (listpack.len() == self.len()).then_some(listpack)
    }

    /// Takes [`only_listpack`](Self::only_listpack) out.
    ///
    /// # Panics
    /// If there is none.
    pub(super) fn take_only_listpack(&mut self) -> ListpackMut {
        match self.nodes.remove(0) {
            Node::Packed(listpack) => listpack,
            Node::Plain(_) => unreachable!("it was asked for"),
        }
    }

    /// Adds a node at the end, unless it has no elements.
    pub(super) fn push_node(&mut self, node: Node) {
        if node.weight() > 0 {
            self.nodes.push(node);
        }
    }

    pub(super) fn push(&mut self, end: ListEnd, element: &[u8], limit: NodeLimit) {
        let (at, outermost) = match end {
            ListEnd::Head => (0, 0),
            ListEnd::Tail => (self.len(), self.len().saturating_sub(1)),
        };
        if self.allows(self.nodes.get(outermost), element, limit) {
            self.nodes.edit(outermost, |node, _| node::push(node.listpack_mut(), end, element));
            return;
        }
        self.pack_tight(outermost);
        self.nodes.insert(at, new_node(element, limit));
    }

    /// Inserts an element beside the one at `index`.
    pub(super) fn insert(&mut self, index: usize, after: bool, element: &[u8], limit: NodeLimit) {
        let (node, within) = self.nodes.find(index).expect(THERE);
        let (start, end) = (index - within, index - within + node.weight());
        if self.allows(Some(node), element, limit) {
            self.nodes.edit(index, |node, within| {
                node::insert(node.listpack_mut(), within + usize::from(after), element);
            });
            return;
        }
        let at = index + usize::from(after);
        if at == end || at == start {
            let neighbour = match after {
                true => Some(end),
                false => start.checked_sub(1),
            };
            match neighbour {
                Some(neighbour) if self.allows(self.nodes.get(neighbour), element, limit) => {
                    let near = if after { ListEnd::Head } else { ListEnd::Tail };
                    self.nodes.edit(neighbour, |node, _| {
                        node::push(node.listpack_mut(), near, element);
                    });
                }
                _ => self.nodes.insert(at, new_node(element, limit)),
            }
            return;
        }
        self.split(at);
        if limit.is_large(element.len()) {
            self.nodes.insert(at, new_node(element, limit));
            return;
        }
        // The element goes to the half that its neighbour is not in.
        let (other, near) = match after {
            true => (at, ListEnd::Head),
            false => (at - 1, ListEnd::Tail),
        };
        self.nodes.edit(other, |node, _| node::push(node.listpack_mut(), near, element));
        self.merge_around(index + usize::from(!after), limit);
    }

    /// Gives the element at `index` another text.
    pub(super) fn set(&mut self, index: usize, element: &[u8], limit: NodeLimit) {
        let (node, within) = self.nodes.find(index).expect(THERE);
        let is_large = limit.is_large(element.len());
        match node {
            Node::Packed(listpack) => {
                let grown = listpack.bytes_len() + element.len();
                // Redis looks at the new element alone, and its nodes grow without bound.
                if !is_large && grown <= 2 * limit.bytes_max() {
                    self.nodes.edit(index, |node, within| {
                        node::replace(node.listpack_mut(), within, element);
                    });
                    return;
                }
                if within + 1 < listpack.len() {
                    self.split(index + 1);
                }
                self.nodes.insert(index + 1, new_node(element, limit));
                self.remove_range(index..index + 1);
            }
            Node::Plain(_) if is_large => {
                self.nodes.replace(index, Node::plain(element));
            }
            Node::Plain(_) => {
                self.insert(index, true, element, limit);
                self.nodes.remove(index);
            }
        }
    }

    pub(super) fn remove_range(&mut self, range: Range<usize>) {
        let (at, mut left) = (range.start, range.len());
        while left > 0 {
            let (node, within) = self.nodes.find(at).expect(THERE);
            let (weight, count) = (node.weight(), left.min(node.weight() - within));
            if count == weight {
                self.nodes.remove(at);
            } else {
                self.nodes.edit(at, |node, within| {
                    node::remove_range(node.listpack_mut(), within, count);
                });
            }
            left -= count;
        }
    }

    /// Removes up to `max` elements that are `element`, the first ones seen from an end, and tells
    /// how many.
    pub(super) fn remove_text(&mut self, element: &[u8], max: usize, from: ListEnd) -> usize {
        let mut left = max;
        let mut at = match from {
            ListEnd::Head => 0,
            ListEnd::Tail => self.len(),
        };
        while left > 0 {
            let inside = match from {
                ListEnd::Head => Some(at),
                ListEnd::Tail => at.checked_sub(1),
            };
            let Some((node, within)) = inside.and_then(|at| self.nodes.find(at)) else { break };
            let (weight, count) = (node.weight(), node.count(element).min(left));
            let start = inside.unwrap_or_default() - within;
            if count == weight {
                self.nodes.remove(start);
            } else if count > 0 {
                self.nodes.edit(start, |node, _| {
                    node::remove_text(node.listpack_mut(), element, count, from);
                });
            }
            left -= count;
            at = match from {
                ListEnd::Head => start + weight - count,
                ListEnd::Tail => start,
            };
        }
        max - left
    }

    /// Whether an element is added to this node.
    fn allows(&self, node: Option<&Node>, element: &[u8], limit: NodeLimit) -> bool {
        node.and_then(Node::listpack).is_some_and(|listpack| {
            limit.allows(listpack.bytes_len(), listpack.len(), element.len())
        })
    }

    /// Makes a node begin at `at`, which is within one.
    fn split(&mut self, at: usize) {
        let right = self.nodes.edit(at, |node, within| node.listpack_mut().split_off(within));
        self.nodes.insert(at, Node::Packed(right));
    }

    /// Merges nodes about the one at `index` as Redis does after it has split it: those two before
    /// it, those two after it, and what is left on either side with it.
    fn merge_around(&mut self, index: usize, limit: NodeLimit) {
        let start = self.start_of(index);
        if let Some(previous) = start.checked_sub(1) {
            self.merge_with_previous(self.start_of(previous), limit);
        }
        let end = start + self.nodes.get(start).map_or(0, Node::weight);
        if let Some(next) = self.nodes.get(end) {
            self.merge_with_previous(end + next.weight(), limit);
        }
        self.merge_with_previous(start, limit);
        let start = self.start_of(start);
        let end = start + self.nodes.get(start).map_or(0, Node::weight);
        self.merge_with_previous(end, limit);
    }

    /// Merges the node that begins at `start`, if there is one, with the one before it, if there is
    /// one and both fit into one.
    fn merge_with_previous(&mut self, start: usize, limit: NodeLimit) {
        let Some(previous) = start.checked_sub(1) else { return };
        let listpack = |at| self.nodes.get(at).and_then(Node::listpack);
        let (Some(left), Some(right)) = (listpack(previous), listpack(start)) else { return };
        let bytes = left.bytes_len() + right.bytes_len() - EMPTY_LISTPACK_BYTES;
        if limit.is_exceeded(bytes, left.len() + right.len()) {
            return;
        }
        let Node::Packed(right) = self.nodes.remove(start) else { unreachable!("it is packed") };
        self.nodes.edit(previous, |node, _| node.listpack_mut().join(right)).expect("both fit");
    }

    /// Where the node that `index` is in begins.
    fn start_of(&self, index: usize) -> usize {
        index - self.nodes.find(index).map_or(0, |(_, within)| within)
    }

    /// Gives back what room a node has left, since elements are added elsewhere now.
    fn pack_tight(&mut self, index: usize) {
        if index < self.len() {
            self.nodes.edit(index, |node, _| {
                if let Node::Packed(listpack) = node {
                    listpack.shrink_to_fit();
                }
            });
        }
    }
}

fn new_node(element: &[u8], limit: NodeLimit) -> Node {
    if limit.is_large(element.len()) { Node::plain(element) } else { Node::packed(element) }
}

/// Header and end byte, of which two listpacks have one too many when they become one.
const EMPTY_LISTPACK_BYTES: usize = 7;

const THERE: &str = "the index was compared with the length";
