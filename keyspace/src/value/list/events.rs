//! From a list to events.

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::packed::Listpack;
use rdb_format::{Event, Kind};

use super::node::Node;
use super::quicklist::Quicklist;
use crate::serialize::text_events;

/// Tells a list: each node as it is.
#[derive(Clone, Debug)]
pub(crate) struct ListEvents {
    content: Content,
    stage: Stage,
    /// The rest of a long element, the next event last.
    ready: Vec<Event>,
}

#[derive(Clone, Debug)]
enum Content {
    Listpack(Listpack),
    Nodes(Arc<Quicklist>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Start,
    /// From the node on that begins at this element.
    Nodes(usize),
    End,
    Complete,
}

impl ListEvents {
    pub(super) fn of_listpack(listpack: &[u8]) -> Self {
        let listpack = Listpack::from_trusted(Bytes::copy_from_slice(listpack));
        Self::new(Content::Listpack(listpack))
    }

    pub(super) fn of_nodes(nodes: Arc<Quicklist>) -> Self {
        Self::new(Content::Nodes(nodes))
    }

    fn new(content: Content) -> Self {
        Self { content, stage: Stage::Start, ready: Vec::new() }
    }

    pub(crate) fn rewind(&mut self) {
        self.stage = Stage::Start;
        self.ready.clear();
    }

    pub(crate) fn next_event(&mut self) -> Option<Event> {
        if let Some(event) = self.ready.pop() {
            return Some(event);
        }
        let (event, next) = match self.stage {
            Stage::Start => (Event::Start(Kind::List), Stage::Nodes(0)),
            Stage::Nodes(index) => self.node(index),
            Stage::End => (Event::End, Stage::Complete),
            Stage::Complete => return None,
        };
        self.stage = next;
        Some(event)
    }

    fn node(&mut self, index: usize) -> (Event, Stage) {
        match &self.content {
            Content::Listpack(listpack) => (Event::Listpack(listpack.clone()), Stage::End),
            Content::Nodes(list) => match list.nodes().get(index) {
                Some(Node::Packed(listpack)) => {
                    let bytes = Bytes::copy_from_slice(listpack.as_bytes());
                    let event = Event::Listpack(Listpack::from_trusted(bytes));
                    (event, Stage::Nodes(index + listpack.len()))
                }
                Some(Node::Plain(text)) => {
                    let event = text_events(text.clone(), &mut self.ready);
                    (event, Stage::Nodes(index + 1))
                }
                None => (Event::End, Stage::Complete),
            },
        }
    }
}
