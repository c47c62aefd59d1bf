//! From events to sets.

use rdb_format::packed::{IntsetMut, ListpackMut};
use rdb_format::{Event, Thresholds};

use super::{Form, Set};
use crate::serialize::TextAssembler;

/// Builds a set. Its members are all different: a decoder has checked that.
#[derive(Debug)]
pub(crate) struct SetBuilder {
    thresholds: Thresholds,
    set: Set,
    text: TextAssembler,
}

impl SetBuilder {
    pub(crate) fn new(thresholds: &Thresholds) -> Self {
        Self { thresholds: *thresholds, set: Set::new(), text: TextAssembler::default() }
    }

    pub(crate) fn push(&mut self, event: Event) {
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
                    self.set.add_new(&member, &self.thresholds);
                }
            }
        }
    }

    /// As [`push`](Self::push), of members that may occur twice: `false` if this one did.
    pub(crate) fn push_new(&mut self, event: Event) -> bool {
        match event {
            Event::Intset(_) | Event::Listpack(_) => self.push(event),
            event => {
                if let Some(member) = self.text.push(event) {
                    return self.set.add(&member, &self.thresholds);
                }
            }
        }
        true
    }

    pub(crate) fn finish(self) -> Set {
        self.set
    }
}
