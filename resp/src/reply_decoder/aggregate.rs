//! Aggregates: opened by their header, closed by their last element.

use super::{Level, ReplyDecoder, STREAMED, Step};
use crate::{
    ReplyError, ReplyErrorKind as Kind,
    tape::{AggregateKind, Node},
};

impl ReplyDecoder {
    /// Takes the header of an aggregate of `len` elements or pairs.
    #[inline]
    pub(super) fn aggregate(
        &mut self,
        kind: AggregateKind,
        len: u64,
        line: usize,
    ) -> Result<Step, ReplyError> {
        let values = match kind {
            AggregateKind::Map => len.saturating_mul(2),
            AggregateKind::Attribute => len.saturating_mul(2).saturating_add(1),
            _ => len,
        };
        self.announce(values)?;
        if values == 0 {
            let end = self.tape.nodes.len() + 1;
            return self.push(Node::Aggregate { kind, values: 0, end }, line);
        }
        self.open(kind, values, line)
    }

    pub(super) fn open(
        &mut self,
        kind: AggregateKind,
        values: u64,
        line: usize,
    ) -> Result<Step, ReplyError> {
        if self.levels.len() >= self.limits.depth_max {
            let limit = self.limits.depth_max;
            return self.fail(Kind::TooDeep { limit }, self.at);
        }
        self.at += line;
        self.levels.push(Level { kind, node: self.tape.nodes.len(), left: values, came: 0 });
        // Count and end are filled in when it is closed.
        self.tape.nodes.push(Node::Aggregate { kind, values: values as usize, end: 0 });
        Ok(Step::Continue)
    }

    pub(super) fn end_streamed(&mut self, line: usize) -> Result<Step, ReplyError> {
        match self.levels.last_mut() {
            Some(level)
                if level.left == STREAMED
                    && (level.kind != AggregateKind::Map || level.came % 2 == 0) =>
            {
                self.at += line;
                self.close();
                self.count()
            }
            _ => self.fail(Kind::UnexpectedType { found: b'.' }, self.at),
        }
    }

    /// Takes a value without elements, of which `len` bytes are left.
    #[inline]
    pub(super) fn push(&mut self, node: Node, len: usize) -> Result<Step, ReplyError> {
        self.at += len;
        self.tape.nodes.push(node);
        self.count()
    }

    /// Counts a complete value, and closes the aggregates that it completes.
    #[inline]
    pub(super) fn count(&mut self) -> Result<Step, ReplyError> {
        while let Some(level) = self.levels.last_mut() {
            level.came += 1;
            if level.left == STREAMED {
                self.announce(1)?;
                return Ok(Step::Continue);
            }
            level.left -= 1;
            if level.left > 0 {
                return Ok(Step::Continue);
            }
            self.close();
        }
        Ok(Step::Complete)
    }

    fn close(&mut self) {
        let Level { kind, node, came, .. } = self.levels.pop().expect("one is open");
        let end = self.tape.nodes.len();
        self.tape.nodes[node] = Node::Aggregate { kind, values: came, end };
    }

    /// Checks that `values` more elements are within the limit.
    #[inline]
    fn announce(&mut self, values: u64) -> Result<(), ReplyError> {
        self.elements = self.elements.saturating_add(values);
        let limit = self.limits.elements_max;
        if self.elements > limit {
            return self.fail(Kind::TooManyElements { limit }, self.at);
        }
        Ok(())
    }
}
