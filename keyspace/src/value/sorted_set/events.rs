//! From a sorted set to events.

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::packed::Listpack;
use rdb_format::{Element, Event, Kind};

use super::ranked::Ranked;
use crate::serialize::{TOLD_TOGETHER, is_told, text_events};

/// Tells a sorted set: a packed one as it is, a large one from the highest score down, as Redis does.
#[derive(Clone, Debug)]
pub(crate) struct SortedSetEvents {
    content: Content,
    stage: Stage,
    /// Names of members, of which those of `batch` are left, the next one last.
    names: Bytes,
    batch: Vec<Told>,
    /// What is told before the next member, the next event last.
    ready: Vec<Event>,
}

#[derive(Clone, Debug)]
enum Content {
    Listpack(Listpack),
    Ranked(Arc<Ranked>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Start,
    /// So many members are left that are in no batch yet.
    Members(usize),
    Complete,
}

/// A member of the batch: where its name ends in it, and its score.
#[derive(Clone, Copy, Debug)]
struct Told {
    start: usize,
    end: usize,
    score: f64,
}

impl SortedSetEvents {
    pub(super) fn of_listpack(listpack: &[u8]) -> Self {
        let listpack = Listpack::from_trusted(Bytes::copy_from_slice(listpack));
        Self::new(Content::Listpack(listpack))
    }

    pub(super) fn of_ranked(ranked: Arc<Ranked>) -> Self {
        Self::new(Content::Ranked(ranked))
    }

    fn new(content: Content) -> Self {
        let (names, batch, ready) = (Bytes::new(), Vec::new(), Vec::new());
        Self { content, stage: Stage::Start, names, batch, ready }
    }

    pub(crate) fn rewind(&mut self) {
        self.stage = Stage::Start;
        self.batch.clear();
        self.ready.clear();
    }

    pub(crate) fn next_elements(
        &mut self,
        elements_max: usize,
        take: &mut dyn FnMut(Element<'_>),
    ) -> usize {
        let (Stage::Members(left), Content::Ranked(ranked)) = (self.stage, &self.content) else {
            return 0;
        };
        if !self.is_between_batches() {
            return 0;
        }
        let members = ranked.members_before(left).take(elements_max.max(TOLD_TOGETHER));
        let mut told = 0;
        for member in members.take_while(|member| is_told(member.name())) {
            take(Element::Scored(member.name(), member.score));
            told += 1;
        }
        self.stage = Stage::Members(left - told);
        told
    }

    pub(crate) fn has_elements(&self) -> bool {
        match (self.stage, &self.content) {
            (Stage::Members(left), Content::Ranked(ranked)) if self.is_between_batches() => {
                left > 0 && ranked.get(left - 1).is_some_and(|it| is_told(&it.name.as_text()))
            }
            _ => false,
        }
    }

    fn is_between_batches(&self) -> bool {
        self.batch.is_empty() && self.ready.is_empty()
    }

    pub(crate) fn next_event(&mut self) -> Option<Event> {
        if let Some(event) = self.ready.pop() {
            return Some(event);
        }
        match (self.stage, &self.content) {
            (Stage::Start, Content::Listpack(_)) => {
                self.stage = Stage::Members(1);
                Some(Event::Start(Kind::SortedSet))
            }
            (Stage::Start, Content::Ranked(ranked)) => {
                self.stage = Stage::Members(ranked.len());
                Some(Event::Start(Kind::SortedSet))
            }
            (Stage::Members(1..), Content::Listpack(listpack)) => {
                self.stage = Stage::Members(0);
                Some(Event::Listpack(listpack.clone()))
            }
            (Stage::Members(left), _) => Some(self.member(left)),
            (Stage::Complete, _) => None,
        }
    }

    fn member(&mut self, left: usize) -> Event {
        if self.batch.is_empty() && left > 0 {
            self.fill(left);
        }
        let Some(told) = self.batch.pop() else {
            self.stage = Stage::Complete;
            return Event::End;
        };
        self.ready.push(Event::Score(told.score));
        text_events(self.names.slice(told.start..told.end), &mut self.ready)
    }

    /// Copies some names into one block, of which the events are slices.
    fn fill(&mut self, mut left: usize) {
        let Content::Ranked(ranked) = &self.content else { return };
        let mut names = Vec::with_capacity(BATCH_BYTES);
        while left > 0 && names.len() < BATCH_BYTES && self.batch.len() < BATCH_MEMBERS {
            for member in ranked.members_before(left) {
                let start = names.len();
                names.extend_from_slice(member.name());
                self.batch.push(Told { start, end: names.len(), score: member.score });
                left -= 1;
                if names.len() >= BATCH_BYTES {
                    break;
                }
            }
        }
        self.batch.reverse();
        self.names = names.into();
        self.stage = Stage::Members(left);
    }
}

/// A batch has as many bytes as this, and the rest of a name more.
const BATCH_BYTES: usize = 16 << 10;

/// Of short names a batch has about as many.
const BATCH_MEMBERS: usize = 1 << 10;
