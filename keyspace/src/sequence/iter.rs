//! Going over the items.

use std::iter::FusedIterator;
use std::slice;

use super::{Sequence, Weighted};

impl<T: Weighted> Sequence<T> {
    /// The items from the one at `offset` on.
    pub fn iter_from(&self, offset: usize) -> Iter<'_, T> {
        let mut iter = Iter { sequence: self, items: [].iter(), next: offset };
        if let Some((items, within)) = self.chunk(offset) {
            iter.next = offset - within;
            iter.enter(items);
        }
        iter
    }

    /// The items from the one at `offset - 1` on backwards.
    pub fn iter_back_from(&self, offset: usize) -> IterBack<'_, T> {
        let mut iter = IterBack { sequence: self, items: [].iter(), next: 0 };
        if let Some((items, within)) = self.chunk_before(offset) {
            let last = items.last().map_or(0, T::weight);
            iter.next = offset.min(self.weight) - within + last;
            iter.enter(items);
        }
        iter
    }

    /// All items.
    pub fn iter(&self) -> Iter<'_, T> {
        self.iter_from(0)
    }
}

impl<'a, T: Weighted> IntoIterator for &'a Sequence<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// Items of a [`Sequence`] in order.
#[derive(Clone, Debug)]
pub struct Iter<'a, T> {
    sequence: &'a Sequence<T>,
    items: slice::Iter<'a, T>,
    /// Where those after `items` begin.
    next: usize,
}

impl<'a, T: Weighted> Iter<'a, T> {
    fn enter(&mut self, items: &'a [T]) {
        self.next += items.iter().map(T::weight).sum::<usize>();
        self.items = items.iter();
    }
}

impl<'a, T: Weighted> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        if let Some(item) = self.items.next() {
            return Some(item);
        }
        let (items, _) = self.sequence.chunk(self.next)?;
        self.enter(items);
        self.items.next()
    }
}

impl<T: Weighted> FusedIterator for Iter<'_, T> {}

/// Items of a [`Sequence`] in reverse order.
#[derive(Clone, Debug)]
pub struct IterBack<'a, T> {
    sequence: &'a Sequence<T>,
    items: slice::Iter<'a, T>,
    /// Where `items` begin.
    next: usize,
}

impl<'a, T: Weighted> IterBack<'a, T> {
    fn enter(&mut self, items: &'a [T]) {
        self.next -= items.iter().map(T::weight).sum::<usize>();
        self.items = items.iter();
    }
}

impl<'a, T: Weighted> Iterator for IterBack<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        if let Some(item) = self.items.next_back() {
            return Some(item);
        }
        let (items, _) = self.sequence.chunk_before(self.next)?;
        self.enter(items);
        self.items.next_back()
    }
}

impl<T: Weighted> FusedIterator for IterBack<'_, T> {}
