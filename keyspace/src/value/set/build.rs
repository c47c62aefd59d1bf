//! From events to sets.

use std::sync::Arc;

use rdb_format::packed::{IntsetMut, ListpackMut};
use rdb_format::{Event, Thresholds};

use super::{Form, Set, SetTable};
use crate::serialize::TextAssembler;

/// Builds a set. Its members are all different: a decoder has checked that.
#[derive(Debug)]
pub(crate) struct SetBuilder {
    thresholds: Thresholds,
    set: Set,
    text: TextAssembler,
    /// Whether members may come that are there already.
    finds_duplicates: bool,
}

impl SetBuilder {
    pub(crate) fn new(thresholds: &Thresholds) -> Self {
        Self {
            thresholds: *thresholds,
            set: Set::new(),
            text: TextAssembler::default(),
            finds_duplicates: false,
        }
    }

    /// See [`EventSink::begin_elements`](rdb_format::EventSink::begin_elements).
    pub(crate) fn begin_elements(&mut self, len: u64, arrived_max: usize) -> bool {
        let Thresholds { set_max_intset_entries, set_max_listpack_entries, .. } = self.thresholds;
        if len > set_max_intset_entries.max(set_max_listpack_entries) as u64 {
            self.set = Set(Form::Table(Arc::new(SetTable::with_room(arrived_max))));
            self.finds_duplicates = true;
        }
        self.finds_duplicates
    }

    /// Adds a member. Returns `false` if it is there already, where that is looked for.
    pub(crate) fn element(&mut self, member: &[u8]) -> bool {
        if self.finds_duplicates {
            return self.set.make_table().insert(member);
        }
        self.set.add_new(member, &self.thresholds);
        true
    }

    /// Takes the next event. Returns `false` as [`element`](Self::element) does.
    pub(crate) fn push(&mut self, event: Event) -> bool {
        // What is packed stays as it is, unless there are too many members.
        match event {
            Event::Intset(intset) => {
                self.set = Set(Form::Intset(IntsetMut::from_trusted(intset.as_bytes())));
                if intset.len() > self.thresholds.set_max_intset_entries {
                    self.set.make_table();
                }
            }
            Event::Listpack(listpack) => {
                self.set = Set(Form::Listpack(ListpackMut::from_trusted(listpack.as_bytes())));
                if listpack.len() > self.thresholds.set_max_listpack_entries {
                    self.set.make_table();
                }
            }
            event => {
                if let Some(member) = self.text.push(event) {
                    return self.element(&member);
                }
            }
        }
        true
    }

    pub(crate) fn finish(self) -> Set {
        self.set
    }
}
