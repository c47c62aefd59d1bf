//! Pending entries of groups and of consumers, by ID.

use rdb_format::stream::StreamId;

use crate::sequence::{Iter, Sequence, Weighted};

/// An entry that was delivered to a consumer and not acknowledged. It may have been deleted since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) id: StreamId,
    /// When it was last delivered, in Unix milliseconds.
    pub(super) delivered_at_ms: i64,
    pub(super) deliveries: u64,
    /// Number of its consumer.
    pub(super) consumer: u32,
}

/// The ID of a consumer's pending entry, of which the group knows the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owned(pub(super) StreamId);

/// What is kept by ID.
pub(super) trait HasId {
    fn id(&self) -> StreamId;
}

impl HasId for Pending {
    fn id(&self) -> StreamId {
        self.id
    }
}

impl HasId for Owned {
    fn id(&self) -> StreamId {
        self.0
    }
}

impl Weighted for Pending {
    fn weight(&self) -> usize {
        1
    }
}

impl Weighted for Owned {
    fn weight(&self) -> usize {
        1
    }
}

/// Items by ID, each of which has another.
#[derive(Clone, Debug)]
pub(super) struct ById<T>(Sequence<T>);

impl<T: HasId + Weighted + Copy> ById<T> {
    pub(super) fn new() -> Self {
        Self(Sequence::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.weight()
    }

    pub(super) fn get(&self, id: StreamId) -> Option<T> {
        self.place(id).ok().and_then(|index| self.0.get(index)).copied()
    }

    /// Adds an item. Returns `false`, and changes nothing, if there is one of its ID.
    pub(super) fn insert(&mut self, item: T) -> bool {
        let place = self.place(item.id());
        if let Err(index) = place {
            self.0.insert(index, item);
        }
        place.is_err()
    }

    pub(super) fn remove(&mut self, id: StreamId) -> Option<T> {
        self.place(id).ok().map(|index| self.0.remove(index))
    }

    /// Changes an item, but not its ID. Returns `false` if there is none.
    pub(super) fn edit(&mut self, id: StreamId, change: impl FnOnce(&mut T)) -> bool {
        let place = self.place(id);
        if let Ok(index) = place {
            self.0.edit(index, |item, _| change(item));
        }
        place.is_ok()
    }

    pub(super) fn first(&self) -> Option<T> {
        self.0.first().copied()
    }

    pub(super) fn last(&self) -> Option<T> {
        self.0.last().copied()
    }

    /// The items from this ID on.
    pub(super) fn iter_from(&self, id: StreamId) -> Iter<'_, T> {
        self.0.iter_from(self.0.partition_point(|item| item.id() < id))
    }

    /// The items from the one of this number on, as many as lie together.
    pub(super) fn chunk(&self, index: usize) -> &[T] {
        self.0.chunk(index).map_or(&[], |(items, _)| items)
    }

    /// Where the item is, or where it would be.
    fn place(&self, id: StreamId) -> Result<usize, usize> {
        // Those that come in order are the usual case.
        if self.0.last().is_none_or(|last| last.id() < id) {
            return Err(self.len());
        }
        let index = self.0.partition_point(|item| item.id() < id);
        match self.0.get(index) {
            Some(item) if item.id() == id => Ok(index),
            _ => Err(index),
        }
    }
}
