//! The elements of a table as events.

use std::collections::VecDeque;

use bytes::Bytes;
use rdb_format::{Event, STRING_BYTES_WHOLE};

use super::{TOLD_TOGETHER, text_events};
use crate::table::{Position, Table};

/// Tells the elements of a table a batch at a time: the texts of a batch are copied into one block,
/// of which the events are slices.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batches {
    /// Where the next batch begins.
    position: Position,
    /// The texts of the batch that are not told yet.
    texts: Bytes,
    parts: VecDeque<Part>,
    /// The rest of a long text, the next event last.
    ready: Vec<Event>,
}

/// What elements are told by.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    texts: Vec<u8>,
    parts: VecDeque<Part>,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    /// So many bytes more of the texts.
    Text(usize),
    ExpireAt(Option<u64>),
}

impl Batches {
    /// The next event of the elements of `table`, each of which `add` adds to a batch.
    pub(crate) fn next_event<T>(
        &mut self,
        table: &Table<T>,
        add: impl FnMut(&T, &mut Batch),
    ) -> Option<Event> {
        if let Some(event) = self.ready.pop() {
            return Some(event);
        }
        if self.parts.is_empty() {
            self.fill(table, add);
        }
        match self.parts.pop_front()? {
            Part::ExpireAt(expire_at_ms) => Some(Event::ExpireAt(expire_at_ms)),
            Part::Text(len) if len as u64 <= STRING_BYTES_WHOLE => {
                Some(Event::String(self.texts.split_to(len)))
            }
            Part::Text(len) => Some(text_events(self.texts.split_to(len), &mut self.ready)),
        }
    }

    /// The elements that come next, as many as lie together but no more than `elements_max` or
    /// [`TOLD_TOGETHER`], which are passed. None while a batch is being told.
    pub(crate) fn pass_elements<'t, T>(
        &mut self,
        table: &'t Table<T>,
        elements_max: usize,
        is_told: impl Fn(&T) -> bool,
    ) -> &'t [T] {
        if !self.is_between_batches() {
            return &[];
        }
        let run = table.run(&mut self.position);
        let elements = run.iter().take(elements_max.max(TOLD_TOGETHER));
        let told = elements.take_while(|element| is_told(element)).count();
        self.position.pass(told);
        &run[..told]
    }

    /// Whether there is an element that [`pass_elements`](Self::pass_elements) would pass.
    pub(crate) fn has_elements<T>(&self, table: &Table<T>, is_told: impl Fn(&T) -> bool) -> bool {
        self.is_between_batches()
            && table.run(&mut self.position.clone()).first().is_some_and(is_told)
    }

    fn is_between_batches(&self) -> bool {
        self.parts.is_empty() && self.ready.is_empty()
    }

    fn fill<T>(&mut self, table: &Table<T>, mut add: impl FnMut(&T, &mut Batch)) {
        let parts = std::mem::take(&mut self.parts);
        let mut batch = Batch { texts: Vec::with_capacity(BATCH_BYTES + BATCH_SPARE), parts };
        while !batch.is_full()
            && let run @ [_, ..] = table.run(&mut self.position)
        {
            let mut passed = 0;
            for element in run {
                if batch.is_full() {
                    break;
                }
                add(element, &mut batch);
                passed += 1;
            }
            self.position.pass(passed);
        }
        self.texts = batch.texts.into();
        self.parts = batch.parts;
    }
}

impl Batch {
    fn is_full(&self) -> bool {
        self.texts.len() >= BATCH_BYTES || self.parts.len() >= BATCH_PARTS_MAX
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, text: &[u8]) {
        self.parts.push_back(Part::Text(text.len()));
        self.texts.extend_from_slice(text);
    }

    /// Adds the expiry of the field that follows.
    pub(crate) fn expire_at(&mut self, expire_at_ms: Option<i64>) {
        // A time before 1970 has passed as 1970 has.
        let expire_at_ms = expire_at_ms.map(|at_ms| u64::try_from(at_ms).unwrap_or(0));
        self.parts.push_back(Part::ExpireAt(expire_at_ms));
    }
}

/// A batch has as many bytes as this, and the rest of an element more.
const BATCH_BYTES: usize = 16 << 10;

/// Room for the rest of a short element.
const BATCH_SPARE: usize = 256;

/// Only elements without bytes are as many.
const BATCH_PARTS_MAX: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::super::TextAssembler;
    use super::*;

    #[test]
    fn every_text_is_told_once_however_long_they_are() {
        for lens in [
            vec![],
            vec![0],
            vec![0; 10_000],
            vec![10; 1000],
            vec![BATCH_BYTES; 3],
            vec![200_000, 1, 70_000, 0, 5],
        ] {
            let mut table = Table::new();
            for (number, &len) in lens.iter().enumerate() {
                let hash = |number: usize| (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                table.insert_unique(hash(number), (number, len), |&(number, _)| hash(number));
            }
            let (mut batches, mut texts) = (Batches::default(), TextAssembler::default());
            let mut told: Vec<usize> = Vec::new();
            while let Some(event) =
                batches.next_event(&table, |&(_, len), batch| batch.text(&vec![b'x'; len]))
            {
                told.extend(texts.push(event).map(|text| text.len()));
            }
            assert!(told.iter().eq(table.iter().map(|(_, len)| len)));
        }
    }
}
