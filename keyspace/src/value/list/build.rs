//! From events to a list.

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::packed::{Listpack, ListpackMut};
use rdb_format::{Event, STRING_BYTES_WHOLE, Thresholds};

use super::limit::NodeLimit;
use super::node::Node;
use super::quicklist::Quicklist;
use super::{Form, List, ListEnd};
use crate::serialize::TextAssembler;

/// Builds a list: listpacks within the limit are nodes as they come.
#[derive(Debug)]
pub(crate) struct ListBuilder {
    list: Quicklist,
    text: TextAssembler,
    limit: NodeLimit,
}

impl ListBuilder {
    pub(crate) fn new(thresholds: &Thresholds) -> Self {
        let limit = NodeLimit::of(thresholds);
        Self { list: Quicklist::new(), text: TextAssembler::default(), limit }
    }

    pub(crate) fn push(&mut self, event: Event) {
        match event {
            Event::Listpack(listpack) => self.listpack(listpack),
            event => {
                if let Some(text) = self.text.push(event) {
                    self.element(text);
                }
            }
        }
    }

    pub(crate) fn finish(mut self) -> List {
        let fits =
            |listpack: &ListpackMut| !self.limit.is_exceeded(listpack.bytes_len(), listpack.len());
        match self.list.only_listpack() {
            Some(listpack) if fits(listpack) => List(Form::Packed(self.list.take_only_listpack())),
            _ => List(Form::Nodes(Arc::new(self.list))),
        }
    }

    fn listpack(&mut self, listpack: Listpack) {
        if self.limit.is_exceeded(listpack.as_bytes().len(), listpack.len()) {
            for element in &listpack {
                self.list.push(ListEnd::Tail, &element.as_text(), self.limit);
            }
            return;
        }
        let mut listpack = ListpackMut::from(listpack);
        listpack.shrink_to_fit();
        self.list.push_node(Node::Packed(listpack));
    }

    fn element(&mut self, text: Bytes) {
        if self.limit.is_large(text.len()) {
            // Of a short one the bytes are a view of all that was read with it.
            let is_view = text.len() as u64 <= STRING_BYTES_WHOLE;
            let node = if is_view { Node::plain(&text) } else { Node::Plain(text) };
            self.list.push_node(node);
        } else {
            self.list.push(ListEnd::Tail, &text, self.limit);
        }
    }
}
