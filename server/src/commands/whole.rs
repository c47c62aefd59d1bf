//! Values as a whole, whatever the keyspace keeps them in.

use keyspace::{Thresholds, ValueRef};
use rdb_format::{EventSource, Value, ValueBuilder};

/// All that a value holds. For commands that go over all of it, and for those that do so rarely.
pub(super) fn whole(value: ValueRef<'_>, thresholds: Thresholds) -> Value {
    let mut events = value.events(thresholds);
    let mut whole = ValueBuilder::default();
    while let Ok(Some(event)) = events.next_event() {
        whole.push(event);
    }
    whole.finish().expect("the events of a value tell all of it")
}
