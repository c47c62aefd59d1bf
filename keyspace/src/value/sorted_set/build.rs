//! From events to a sorted set.

use std::sync::Arc;

use bytes::Bytes;
use rdb_format::packed::{Listpack, ListpackMut};
use rdb_format::{Event, Thresholds};

use super::packed::Pairs;
use super::ranked::Ranked;
use super::{Form, SortedSet};
use crate::serialize::TextAssembler;

/// Builds a sorted set: a listpack within the thresholds is taken as it comes. Members that come in
/// order, rising or falling, are quick to add.
#[derive(Debug)]
pub(crate) struct SortedSetBuilder {
    thresholds: Thresholds,
    packed: Option<ListpackMut>,
    ranked: Ranked,
    text: TextAssembler,
    /// The member that the next score is of.
    name: Bytes,
    /// Whether members may come that are there already.
    finds_duplicates: bool,
}

impl SortedSetBuilder {
    pub(crate) fn new(thresholds: &Thresholds) -> Self {
        Self {
            thresholds: *thresholds,
            packed: None,
            ranked: Ranked::default(),
            text: TextAssembler::default(),
            name: Bytes::new(),
            finds_duplicates: false,
        }
    }

    /// See [`EventSink::begin_elements`](rdb_format::EventSink::begin_elements).
    pub(crate) fn begin_elements(&mut self, len: u64, arrived_max: usize) -> bool {
        if len > self.thresholds.zset_max_listpack_entries as u64 {
            self.ranked = Ranked::with_room(arrived_max);
            self.finds_duplicates = true;
        }
        self.finds_duplicates
    }

    /// Adds a member. Returns `false` if it is there already, where that is looked for.
    #[inline]
    pub(crate) fn element(&mut self, name: &[u8], score: f64) -> bool {
        if self.finds_duplicates {
            return self.ranked.insert_new(name, score);
        }
        self.ranked.insert_unique(name, score);
        true
    }

    /// Takes the next event. Returns `false` as [`element`](Self::element) does.
    pub(crate) fn push(&mut self, event: Event) -> bool {
        match event {
            Event::Score(score) => {
                let name = std::mem::take(&mut self.name);
                return self.element(&name, score);
            }
            Event::Listpack(listpack) => self.listpack(listpack),
            Event::String(text) => self.name = text,
            event => {
                if let Some(text) = self.text.push(event) {
                    self.name = text;
                }
            }
        }
        true
    }

    pub(crate) fn finish(self) -> SortedSet {
        if let Some(listpack) = self.packed {
            return SortedSet(Form::Packed(listpack));
        }
        let mut sorted_set = SortedSet(Form::Ranked(Arc::new(self.ranked)));
        sorted_set.pack(&self.thresholds);
        sorted_set
    }

    fn listpack(&mut self, listpack: Listpack) {
        // Redis looks at their number alone, not at how long they are.
        if listpack.len() / 2 <= self.thresholds.zset_max_listpack_entries {
            let mut listpack = ListpackMut::from(listpack);
            listpack.shrink_to_fit();
            self.packed = Some(listpack);
        } else {
            self.ranked = Pairs::of(listpack.iter()).collect();
        }
    }
}
