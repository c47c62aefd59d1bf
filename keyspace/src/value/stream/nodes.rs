//! The nodes of a stream in order.

use std::iter::FusedIterator;
use std::ops::Range;

use rdb_format::stream::StreamId;

use super::chunk::{CHUNK_NODES_MAX, Chunk};
use super::node::{Node, NodeRef};
use crate::sequence::{self, Sequence};

/// Nodes by ID. The offset of a node is the number of entries before it that are not deleted.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    /// All but the last.
    chunks: Sequence<Chunk>,
    /// The one that entries are added to.
    last: Option<Node>,
    len: usize,
}

impl Nodes {
    /// Number of nodes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Entries that are not deleted.
    pub(super) fn live(&self) -> usize {
        self.chunks.weight() + self.last.as_ref().map_or(0, |node| node.view().live as usize)
    }

    pub(super) fn first(&self) -> Option<NodeRef<'_>> {
        let last = || self.last.as_ref().map(Node::view);
        self.chunks.first().map(Chunk::first).or_else(last)
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Node> {
        self.last.as_mut()
    }

    /// Adds a node, which comes after all others.
    pub(super) fn push(&mut self, node: Node) {
        self.len += 1;
        let Some(closed) = self.last.replace(node) else { return };
        let is_pushed = self.chunks.edit_last(|chunk| chunk.try_push(closed.view()));
        if is_pushed != Some(true) {
            // The room that a chunk is made with is a small part of the stream then.
            let is_shared = self.len > SHARED_FROM_LEN;
            self.chunks.push(Chunk::new(closed, is_shared));
        }
    }

    /// Changes the node at `offset`, of which some entries have to stay.
    pub(super) fn edit(&mut self, offset: usize, change: impl FnOnce(&mut Node)) {
        if offset < self.chunks.weight() {
            self.chunks.edit(offset, |chunk, within| chunk.edit(chunk.locate(within), change));
        } else {
            self.last.as_mut().map(change).expect(NO_NODE);
        }
    }

    /// Takes out the node at `offset`.
    pub(super) fn remove(&mut self, offset: usize) {
        self.len -= 1;
        if offset < self.chunks.weight() {
            return self.remove_closed(offset);
        }
        self.last = self.chunks.last().map(|chunk| chunk.last().to_node());
        if let Some(closed) = self.chunks.weight().checked_sub(1) {
            self.remove_closed(closed);
        }
    }

    /// The node at `offset`, and those that follow.
    pub(super) fn iter_from(&self, offset: usize) -> NodesIter<'_> {
        let mut chunks = self.chunks.iter_from(offset);
        let chunk = self.chunks.find(offset).map(|(chunk, within)| {
            chunks.next();
            (chunk, chunk.locate(within)..chunk.nodes_len())
        });
        let last = self.last.as_ref().filter(|_| offset < self.live());
        NodesIter { chunk, chunks, last }
    }

    /// The nodes before that at `offset`, the last one first.
    pub(super) fn iter_back_from(&self, offset: usize) -> NodesIterBack<'_> {
        let closed = offset.min(self.chunks.weight());
        let mut chunks = self.chunks.iter_back_from(closed);
        let last_closed = closed.checked_sub(1).and_then(|last| self.chunks.find(last));
        let chunk = last_closed.map(|(chunk, within)| {
            chunks.next();
            (chunk, 0..chunk.locate(within) + 1)
        });
        NodesIterBack { last: self.last.as_ref().filter(|_| offset > closed), chunk, chunks }
    }

    /// The last node that begins at or before `id`, and its offset.
    pub(super) fn find(&self, id: StreamId) -> Option<(NodeRef<'_>, usize)> {
        let closed = self.chunks.weight();
        if let Some(last) = self.last.as_ref().map(Node::view)
            && last.first_id <= id
        {
            return Some((last, closed));
        }
        let end = self.chunks.partition_point(|chunk| chunk.first().first_id <= id);
        let (chunk, within) = self.chunks.find(end.checked_sub(1)?)?;
        let (node, before) = chunk.find(id);
        Some((node, end - 1 - within + before))
    }

    /// Takes out the node at `offset`, which is not the last.
    fn remove_closed(&mut self, offset: usize) {
        let (chunk, _) = self.chunks.find(offset).expect(NO_NODE);
        if chunk.nodes_len() == 1 {
            self.chunks.remove(offset);
        } else {
            self.chunks.edit(offset, |chunk, within| chunk.remove(chunk.locate(within)));
        }
    }
}

/// Nodes of a stream in order.
#[derive(Clone, Debug)]
pub(super) struct NodesIter<'a> {
    chunk: Option<(&'a Chunk, Range<usize>)>,
    chunks: sequence::Iter<'a, Chunk>,
    last: Option<&'a Node>,
}

impl<'a> Iterator for NodesIter<'a> {
    type Item = NodeRef<'a>;

    fn next(&mut self) -> Option<NodeRef<'a>> {
        loop {
            if let Some((chunk, indices)) = &mut self.chunk
                && let Some(index) = indices.next()
            {
                return Some(chunk.node(index));
            }
            match self.chunks.next() {
                Some(chunk) => self.chunk = Some((chunk, 0..chunk.nodes_len())),
                None => return self.last.take().map(Node::view),
            }
        }
    }
}

impl FusedIterator for NodesIter<'_> {}

/// Nodes of a stream in reverse order.
#[derive(Clone, Debug)]
pub(super) struct NodesIterBack<'a> {
    last: Option<&'a Node>,
    chunk: Option<(&'a Chunk, Range<usize>)>,
    chunks: sequence::IterBack<'a, Chunk>,
}

impl<'a> Iterator for NodesIterBack<'a> {
    type Item = NodeRef<'a>;

    fn next(&mut self) -> Option<NodeRef<'a>> {
        if let Some(last) = self.last.take() {
            return Some(last.view());
        }
        loop {
            if let Some((chunk, indices)) = &mut self.chunk
                && let Some(index) = indices.next_back()
            {
                return Some(chunk.node(index));
            }
            let chunk = self.chunks.next()?;
            self.chunk = Some((chunk, 0..chunk.nodes_len()));
        }
    }
}

impl FusedIterator for NodesIterBack<'_> {}

/// In a stream of that many nodes or fewer, each is closed into memory of its own.
const SHARED_FROM_LEN: usize = 4 * CHUNK_NODES_MAX;

const NO_NODE: &str = "no node begins at this offset";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rdb_format::packed::Listpack;
    use rdb_format::stream::StreamNode;

    use super::*;

    /// IDs of the entries that are not deleted, by node.
    type Model = Vec<Vec<u64>>;

    #[derive(Clone, Debug)]
    enum Step {
        /// So many nodes of two entries with values of so many bytes.
        Push(usize, usize),
        /// Deletes an entry of the node that is roughly at this part of all.
        Edit(f64),
        /// Likewise, adds one.
        Grow(f64),
        /// Likewise, so many nodes that follow one another.
        Remove(f64, usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let bytes = prop_oneof![3 => 0..3_usize, 2 => 2000..3000_usize, 1 => 8000..9000_usize];
        // Either end, or anywhere.
        let part = || prop_oneof![1 => Just(0.0), 1 => Just(1.0), 2 => 0.0..1.0];
        prop_oneof![
            3 => (1..150_usize, bytes).prop_map(|(count, bytes)| Step::Push(count, bytes)),
            2 => part().prop_map(Step::Edit),
            2 => part().prop_map(Step::Grow),
            2 => (part(), 1..90_usize).prop_map(|(part, count)| Step::Remove(part, count)),
        ]
    }

    fn id(ms: u64) -> StreamId {
        StreamId { ms, seq: 0 }
    }

    fn offset(model: &Model, index: usize) -> usize {
        model[..index].iter().map(Vec::len).sum()
    }

    fn apply(step: Step, nodes: &mut Nodes, model: &mut Model, next: &mut u64) {
        let index = |model: &Model, part: f64| ((model.len() - 1) as f64 * part) as usize;
        match step {
            Step::Push(count, bytes) => {
                for _ in 0..count {
                    let fields: &[(&[u8], &[u8])] = &[(b"f", &vec![b'x'; bytes])];
                    let mut node = Node::new(id(*next), fields);
                    node.append(id(*next + 1), fields);
                    nodes.push(node);
                    model.push(vec![*next, *next + 1]);
                    *next += 4;
                }
            }
            Step::Edit(part) if !model.is_empty() => {
                let index = index(model, part);
                if model[index].len() > 1 {
                    nodes.edit(offset(model, index), |node| node.delete_first(1));
                    model[index].remove(0);
                }
            }
            Step::Remove(part, count) => {
                for _ in 0..count {
                    if model.is_empty() {
                        break;
                    }
                    let index = index(model, part);
                    nodes.remove(offset(model, index));
                    model.remove(index);
                }
            }
            Step::Grow(part) if !model.is_empty() => {
                let index = index(model, part);
                let last = *model[index].last().unwrap();
                if last % 4 == 2 {
                    let more = |node: &mut Node| node.append(id(last + 1), &[(b"other", b"more")]);
                    nodes.edit(offset(model, index), more);
                    model[index].push(last + 1);
                }
            }
            Step::Edit(_) | Step::Grow(_) => {}
        }
    }

    fn live_ids(node: NodeRef<'_>) -> Vec<u64> {
        node.entries().filter(|entry| !entry.deleted).map(|entry| entry.id.ms).collect()
    }

    fn check(nodes: &Nodes, model: &Model) {
        assert_eq!(nodes.len(), model.len());
        assert_eq!(nodes.live(), offset(model, model.len()));
        assert_eq!(nodes.first().map(live_ids), model.first().cloned());
        assert_eq!(nodes.last.is_some(), !model.is_empty());
        for index in (0..=model.len()).step_by(17).chain([model.len()]) {
            let offset = offset(model, index);
            assert!(nodes.iter_from(offset).map(live_ids).eq(model[index..].iter().cloned()));
            let before = model[..index].iter().rev().cloned();
            assert!(nodes.iter_back_from(offset).map(live_ids).eq(before));
        }
        for (index, ids) in model.iter().enumerate() {
            // Where the first entry was deleted, its ID still leads to its node.
            for ms in ids.iter().copied().chain([ids.last().unwrap() + 1]) {
                let (node, at) = nodes.find(id(ms)).expect("there is one");
                assert_eq!((live_ids(node), at), (ids.clone(), offset(model, index)));
            }
        }
        assert!(nodes.find(StreamId::MIN).is_none());
        for chunk in nodes.chunks.iter() {
            chunk.check();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn agree_with_a_model(
            shared in any::<bool>(),
            steps in prop::collection::vec(step(), 1..24),
        ) {
            let (mut nodes, mut model, mut next) = (Nodes::default(), Model::new(), 1);
            if shared {
                apply(Step::Push(SHARED_FROM_LEN + 1, 1), &mut nodes, &mut model, &mut next);
            }
            for step in steps {
                apply(step, &mut nodes, &mut model, &mut next);
                check(&nodes, &model);
            }
        }
    }

    /// Some writers leave the number of elements out.
    #[test]
    fn a_node_need_not_say_how_many_elements_it_has() {
        let fields: &[(&[u8], &[u8])] = &[(b"f", b"v")];
        let mut node = Node::new(id(1), fields);
        (2..=4).for_each(|ms| node.append(id(ms), fields));
        let mut blob = node.view().blob.to_vec();
        blob[4..6].copy_from_slice(&[0xFF; 2]);
        let listpack = Listpack::parse(blob.into()).expect("it is sound");
        let read = StreamNode::parse(id(1), listpack).expect("so is the node");
        let mut nodes = Nodes::default();
        nodes.push(Node::of(read).expect("it has entries"));
        nodes.push(Node::new(id(9), fields));
        nodes.edit(0, |node| node.delete(id(1)));
        assert_eq!(nodes.first().map(live_ids), Some(vec![2, 3, 4]));
        nodes.edit(0, |node| node.delete_first(2));
        assert_eq!(nodes.first().map(live_ids), Some(vec![4]));
    }

    /// Nodes of which one has room for all that follow, and does not get them.
    #[test]
    fn room_that_stays_empty_is_given_back() {
        let (mut nodes, mut model, mut next) = (Nodes::default(), Model::new(), 1);
        apply(Step::Push(SHARED_FROM_LEN, 1), &mut nodes, &mut model, &mut next);
        for _ in 0..4 {
            apply(Step::Push(1, 2000), &mut nodes, &mut model, &mut next);
            apply(Step::Push(2 * CHUNK_NODES_MAX, 1), &mut nodes, &mut model, &mut next);
        }
        check(&nodes, &model);
        let last = nodes.chunks.iter().count() - 1;
        for chunk in nodes.chunks.iter().take(last) {
            assert!(chunk.wasted() <= 0.2, "{}", chunk.wasted());
        }
    }

    #[test]
    fn nodes_share_memory_in_a_long_stream() {
        let (mut nodes, mut model, mut next) = (Nodes::default(), Model::new(), 1);
        apply(Step::Push(SHARED_FROM_LEN, 1000), &mut nodes, &mut model, &mut next);
        let chunks = |nodes: &Nodes| nodes.chunks.iter().count();
        let before = chunks(&nodes);
        assert_eq!(before, SHARED_FROM_LEN - 1);
        apply(Step::Push(10 * CHUNK_NODES_MAX, 1000), &mut nodes, &mut model, &mut next);
        assert_eq!(chunks(&nodes) - before, 10);
        check(&nodes, &model);
    }
}
