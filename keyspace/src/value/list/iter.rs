//! Going over the elements of a list.

use std::iter::FusedIterator;

use rdb_format::packed::{Entry, ListpackIter};

use super::node::Node;
use crate::sequence;

/// The elements of a list in order.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    items: Items<'a>,
    nodes: Option<sequence::Iter<'a, Node>>,
}

/// The elements of a list in reverse order.
#[derive(Clone, Debug)]
pub struct ElementsBack<'a> {
    items: Items<'a>,
    nodes: Option<sequence::IterBack<'a, Node>>,
}

/// What is left of a node.
#[derive(Clone, Debug)]
enum Items<'a> {
    Packed(ListpackIter<'a>),
    Plain(Option<&'a [u8]>),
}

impl<'a> Items<'a> {
    fn of(node: &'a Node) -> Self {
        match node {
            Node::Packed(listpack) => Self::Packed(listpack.iter()),
            Node::Plain(text) => Self::Plain(Some(text)),
        }
    }
}

impl<'a> Elements<'a> {
    pub(super) fn of_listpack(entries: ListpackIter<'a>) -> Self {
        Self { items: Items::Packed(entries), nodes: None }
    }

    /// The elements of these nodes, but for the first `passed`.
    pub(super) fn of_nodes(nodes: sequence::Iter<'a, Node>, passed: usize) -> Self {
        let mut elements = Self { items: Items::Plain(None), nodes: Some(nodes) };
        if elements.enter() && passed > 0 {
            match &mut elements.items {
                Items::Packed(entries) => drop(entries.nth(passed - 1)),
                Items::Plain(text) => *text = None,
            }
        }
        elements
    }

    /// How many elements come before the first one that is `text`, which is passed too. If there
    /// is none, all are.
    pub fn position_of(&mut self, text: &[u8]) -> Option<usize> {
        let mut passed = 0;
        loop {
            match &mut self.items {
                Items::Packed(entries) => {
                    let len = entries.len();
                    if let Some(before) = entries.find_text(text, 1) {
                        entries.next();
                        return Some(passed + before);
                    }
                    passed += len;
                }
                Items::Plain(element) => {
                    if let Some(element) = element.take() {
                        if element == text {
                            return Some(passed);
                        }
                        passed += 1;
                    }
                }
            }
            if !self.enter() {
                return None;
            }
        }
    }

    fn enter(&mut self) -> bool {
        match self.nodes.as_mut().and_then(Iterator::next) {
            Some(node) => {
                self.items = Items::of(node);
                true
            }
            None => false,
        }
    }
}

impl<'a> ElementsBack<'a> {
    pub(super) fn of_listpack(entries: ListpackIter<'a>) -> Self {
        Self { items: Items::Packed(entries), nodes: None }
    }

    /// The elements of these nodes, but for the first `passed`.
    pub(super) fn of_nodes(nodes: sequence::IterBack<'a, Node>, passed: usize) -> Self {
        let mut elements = Self { items: Items::Plain(None), nodes: Some(nodes) };
        if elements.enter() && passed > 0 {
            match &mut elements.items {
                Items::Packed(entries) => drop(entries.nth_back(passed - 1)),
                Items::Plain(text) => *text = None,
            }
        }
        elements
    }

    fn enter(&mut self) -> bool {
        match self.nodes.as_mut().and_then(Iterator::next) {
            Some(node) => {
                self.items = Items::of(node);
                true
            }
            None => false,
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let item = match &mut self.items {
                Items::Packed(entries) => entries.next(),
                Items::Plain(text) => text.take().map(Entry::Text),
            };
            if item.is_some() || !self.enter() {
                return item;
            }
        }
    }
}

impl<'a> Iterator for ElementsBack<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let item = match &mut self.items {
                Items::Packed(entries) => entries.next_back(),
                Items::Plain(text) => text.take().map(Entry::Text),
            };
            if item.is_some() || !self.enter() {
                return item;
            }
        }
    }
}

impl FusedIterator for Elements<'_> {}

impl FusedIterator for ElementsBack<'_> {}
