//! Lists.
//!
//! A short list is one listpack. A longer one is a sequence of nodes, each a listpack within the
//! limit that the directive `list-max-listpack-size` sets, or one element that is too large for any
//! (Redis calls the whole a quicklist). When which form is taken, and when nodes are split and
//! merged, follows Redis 7.2 and 8.2, since OBJECT ENCODING shows it.

mod build;
mod events;
mod iter;
mod limit;
mod node;
mod quicklist;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use rdb_format::Thresholds;
use rdb_format::packed::{Entry, ListpackIter, ListpackMut};

use limit::NodeLimit;
use quicklist::Quicklist;

pub(crate) use build::ListBuilder;
pub(crate) use events::ListEvents;
pub use iter::{Elements, ElementsBack};

/// A list.
#[derive(Clone, Debug)]
pub struct List(Form);

#[derive(Clone, Debug)]
enum Form {
    Packed(ListpackMut),
    Nodes(Arc<Quicklist>),
}

/// A view of a [`List`].
#[derive(Clone, Copy, Debug)]
pub struct ListRef<'a>(FormRef<'a>);

#[derive(Clone, Copy, Debug)]
enum FormRef<'a> {
    /// The bytes of a listpack.
    Packed(&'a [u8]),
    Nodes(&'a Arc<Quicklist>),
}

/// An end of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ListEnd {
    /// Where the element of index 0 is.
    Head,
    /// The other one.
    Tail,
}

impl List {
    /// One without elements.
    pub fn new() -> Self {
        Self(Form::Packed(ListpackMut::new()))
    }

    /// The list whose elements are those of a listpack, which is trusted to be one.
    pub fn from_packed(listpack: &[u8]) -> Self {
        Self(Form::Packed(ListpackMut::from_trusted(listpack)))
    }

    /// The listpack that this is, if it is one.
    pub fn packed_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Form::Packed(listpack) => Some(listpack.as_bytes()),
            Form::Nodes(_) => None,
        }
    }

    /// Copies what it shares with others, so that its first change need not.
    pub(crate) fn separate(&mut self) {
        if let Form::Nodes(nodes) = &mut self.0 {
            Arc::make_mut(nodes);
        }
    }

    /// A view of it.
    pub fn view(&self) -> ListRef<'_> {
        ListRef(match &self.0 {
            Form::Packed(listpack) => FormRef::Packed(listpack.as_bytes()),
            Form::Nodes(nodes) => FormRef::Nodes(nodes),
        })
    }

    /// Adds elements at an end, one after the other: those at the head come to be in reverse order.
    pub fn push<'e>(
        &mut self,
        end: ListEnd,
        elements: impl IntoIterator<Item = &'e [u8], IntoIter: Clone>,
        thresholds: &Thresholds,
    ) {
        let (elements, limit) = (elements.into_iter(), NodeLimit::of(thresholds));
        let bytes = elements.clone().map(<[u8]>::len).sum();
        self.grow(bytes, elements.clone().count(), limit);
        for element in elements {
            match &mut self.0 {
                Form::Packed(listpack) => node::push(listpack, end, element),
                Form::Nodes(nodes) => Arc::make_mut(nodes).push(end, element, limit),
            }
        }
    }

    /// Gives the element at `index` another text, and tells whether there is one.
    pub fn set(&mut self, index: usize, element: &[u8], thresholds: &Thresholds) -> bool {
        let limit = NodeLimit::of(thresholds);
        // Redis does so even if it finds no such element then.
        self.grow(element.len(), 1, limit);
        if index >= self.view().len() {
            return false;
        }
        match &mut self.0 {
            Form::Packed(listpack) => node::replace(listpack, index, element),
            Form::Nodes(nodes) => Arc::make_mut(nodes).set(index, element, limit),
        }
        self.shrink(limit);
        true
    }

    /// Inserts an element before the first one that is `pivot`, or after it, and tells whether there
    /// is one.
    pub fn insert(
        &mut self,
        pivot: &[u8],
        after: bool,
        element: &[u8],
        thresholds: &Thresholds,
    ) -> bool {
        let limit = NodeLimit::of(thresholds);
        // Redis does so even if it finds no pivot then.
        self.grow(element.len(), 1, limit);
        let Some(index) = self.view().iter().position_of(pivot) else { return false };
        match &mut self.0 {
            Form::Packed(listpack) => node::insert(listpack, index + usize::from(after), element),
            Form::Nodes(nodes) => Arc::make_mut(nodes).insert(index, after, element, limit),
        }
        true
    }

    /// Removes the element at an end and returns its text.
    pub fn pop(&mut self, end: ListEnd, thresholds: &Thresholds) -> Option<Bytes> {
        let element = self.take_from(end)?;
        self.shrink(NodeLimit::of(thresholds));
        Some(element)
    }

    /// Moves the element at one end to another, or to the same, and returns its text.
    pub fn rotate(&mut self, from: ListEnd, to: ListEnd, thresholds: &Thresholds) -> Option<Bytes> {
        let element = self.take_from(from)?;
        self.push(to, [&*element], thresholds);
        // Only now: with its element it may be too long for that.
        self.shrink(NodeLimit::of(thresholds));
        Some(element)
    }

    /// Removes up to `count` elements that are `element`, the first ones seen from an end, and
    /// returns how many.
    pub fn remove(
        &mut self,
        element: &[u8],
        count: usize,
        from: ListEnd,
        thresholds: &Thresholds,
    ) -> usize {
        let removed = match &mut self.0 {
            Form::Packed(listpack) => node::remove_text(listpack, element, count, from),
            Form::Nodes(nodes) if nodes.contains(element) => {
                Arc::make_mut(nodes).remove_text(element, count, from)
            }
            Form::Nodes(_) => 0,
        };
        if removed > 0 {
            self.shrink(NodeLimit::of(thresholds));
        }
        removed
    }

    /// Removes the elements of these indexes.
    pub fn remove_range(&mut self, range: Range<usize>, thresholds: &Thresholds) {
        self.cut(range);
        self.shrink(NodeLimit::of(thresholds));
    }

    /// Removes all but the elements of these indexes.
    pub fn retain_range(&mut self, range: Range<usize>, thresholds: &Thresholds) {
        self.cut(range.end..self.view().len());
        self.cut(0..range.start);
        self.shrink(NodeLimit::of(thresholds));
    }

    fn take_from(&mut self, end: ListEnd) -> Option<Bytes> {
        let last = self.view().len().checked_sub(1)?;
        let index = if end == ListEnd::Head { 0 } else { last };
        let element = Bytes::copy_from_slice(&self.view().get(index)?.as_text());
        self.cut(index..index + 1);
        Some(element)
    }

    fn cut(&mut self, range: Range<usize>) {
        let range = range.start..range.end.min(self.view().len());
        if range.is_empty() {
            return;
        }
        match &mut self.0 {
            Form::Packed(listpack) => node::remove_range(listpack, range.start, range.len()),
            Form::Nodes(nodes) => Arc::make_mut(nodes).remove_range(range),
        }
    }

    /// Before so many bytes in so many elements are added: nodes, if one listpack is not to hold
    /// that much.
    fn grow(&mut self, bytes: usize, len: usize, limit: NodeLimit) {
        if let Form::Packed(listpack) = &mut self.0
            && limit.is_exceeded(listpack.bytes_len().saturating_add(bytes), listpack.len() + len)
        {
            let nodes = Quicklist::of(std::mem::take(listpack));
            self.0 = Form::Nodes(Arc::new(nodes));
        }
    }

    /// After elements were removed: one listpack, if that is only half full.
    fn shrink(&mut self, limit: NodeLimit) {
        if let Form::Nodes(nodes) = &mut self.0
            && let Some(listpack) = nodes.only_listpack()
            && !limit.is_half_exceeded(listpack.bytes_len(), listpack.len())
        {
            let listpack = Arc::make_mut(nodes).take_only_listpack();
            self.0 = Form::Packed(listpack);
        }
    }
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal if their elements are.
impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        let (own, other) = (self.view(), other.view());
        own.len() == other.len() && own.iter().eq(other.iter())
    }
}

impl<'a> ListRef<'a> {
    /// The list whose elements are those of a listpack, which is trusted to be one.
    pub fn from_packed(listpack: &'a [u8]) -> Self {
        Self(FormRef::Packed(listpack))
    }

    /// Number of elements.
    pub fn len(self) -> usize {
        match self.0 {
            FormRef::Packed(listpack) => ListpackIter::of_trusted(listpack).len(),
            FormRef::Nodes(nodes) => nodes.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether this is one listpack that the limit for nodes allows.
    pub(crate) fn is_within(self, thresholds: &Thresholds) -> bool {
        let FormRef::Packed(listpack) = self.0 else { return false };
        !NodeLimit::of(thresholds).is_exceeded(listpack.len(), self.len())
    }

    /// The element at an index.
    pub fn get(self, index: usize) -> Option<Entry<'a>> {
        match self.0 {
            FormRef::Packed(listpack) => nth(ListpackIter::of_trusted(listpack), index),
            FormRef::Nodes(nodes) => nodes.get(index),
        }
    }

    /// The elements.
    pub fn iter(self) -> Elements<'a> {
        self.iter_from(0)
    }

    /// The elements from an index on.
    pub fn iter_from(self, index: usize) -> Elements<'a> {
        match self.0 {
            FormRef::Packed(listpack) => {
                let mut entries = ListpackIter::of_trusted(listpack);
                if let Some(last_passed) = index.checked_sub(1) {
                    entries.nth(last_passed);
                }
                Elements::of_listpack(entries)
            }
            FormRef::Nodes(nodes) => nodes.iter_from(index),
        }
    }

    /// The elements from the one at `index - 1` on backwards.
    pub fn iter_back_from(self, index: usize) -> ElementsBack<'a> {
        match self.0 {
            FormRef::Packed(listpack) => {
                let mut entries = ListpackIter::of_trusted(listpack);
                if let Some(last_passed) = entries.len().saturating_sub(index).checked_sub(1) {
                    entries.nth_back(last_passed);
                }
                ElementsBack::of_listpack(entries)
            }
            FormRef::Nodes(nodes) => nodes.iter_back_from(index),
        }
    }

    /// Name of the encoding, as OBJECT ENCODING shows it.
    pub fn encoding(self) -> &'static str {
        match self.0 {
            FormRef::Packed(_) => "listpack",
            FormRef::Nodes(_) => "quicklist",
        }
    }

    /// The value, to be kept.
    pub fn to_value(self) -> List {
        List(match self.0 {
            FormRef::Packed(listpack) => Form::Packed(ListpackMut::from_trusted(listpack)),
            FormRef::Nodes(nodes) => Form::Nodes(Arc::clone(nodes)),
        })
    }

    /// The events that tell it.
    pub(crate) fn events(self) -> ListEvents {
        match self.0 {
            FormRef::Packed(listpack) => ListEvents::of_listpack(listpack),
            FormRef::Nodes(nodes) => ListEvents::of_nodes(Arc::clone(nodes)),
        }
    }
}

/// From the end that is nearer.
fn nth(mut entries: ListpackIter<'_>, index: usize) -> Option<Entry<'_>> {
    let behind = entries.len().checked_sub(index + 1)?;
    if index <= behind { entries.nth(index) } else { entries.nth_back(behind) }
}
