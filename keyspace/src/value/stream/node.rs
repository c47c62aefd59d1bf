//! The nodes of a stream, and what is done to the listpacks that they are.
//!
//! The layout is that of the format: see [`rdb_format::stream`].

use bytes::Bytes;
use rdb_format::Thresholds;
use rdb_format::packed::{self, Entry, Listpack, ListpackIter, ListpackMut};
use rdb_format::stream::{StreamEntries, StreamEntry, StreamId, StreamNode};

/// Some consecutive entries, at least one of which is not deleted.
#[derive(Clone, Debug)]
pub(super) struct Node {
    key: StreamId,
    first_id: StreamId,
    live: u32,
    listpack: ListpackMut,
}

/// A view of a [`Node`], wherever it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeRef<'a> {
    /// The ID that those of the entries are distances from.
    pub(super) key: StreamId,
    /// No entry that is not deleted has a lower ID, and those of the nodes before have.
    pub(super) first_id: StreamId,
    /// Entries that are not deleted.
    pub(super) live: u32,
    /// The listpack.
    pub(super) blob: &'a [u8],
}

impl<'a> NodeRef<'a> {
    /// The entries, deleted ones too.
    pub(super) fn entries(self) -> StreamEntries<'a> {
        StreamEntries::of_trusted(self.key, ListpackIter::of_trusted(self.blob))
    }

    /// The node for an encoder.
    pub(super) fn to_told(self) -> StreamNode {
        let listpack = Listpack::from_trusted(Bytes::copy_from_slice(self.blob));
        StreamNode::of_trusted(self.key, listpack)
    }

    /// The node, to be changed.
    pub(super) fn to_node(self) -> Node {
        let Self { key, first_id, live, blob } = self;
        Node { key, first_id, live, listpack: ListpackMut::from_trusted(blob) }
    }
}

impl Node {
    /// A node of one entry.
    pub(super) fn new(id: StreamId, fields: &[(&[u8], &[u8])]) -> Self {
        let mut listpack = ListpackMut::new();
        let counts = [0, 0, fields.len() as i64].map(Entry::Int);
        let names = fields.iter().map(|&(name, _)| Entry::Text(name));
        listpack.push_entries(counts.into_iter().chain(names).chain([Entry::Int(0)])).expect(FITS);
        let mut node = Self { key: id, first_id: id, live: 0, listpack };
        node.append(id, fields);
        node
    }

    /// The node that was read, or `None` if it has no entries that are not deleted.
    pub(super) fn of(node: StreamNode) -> Option<Self> {
        let (key, first_id) = (node.key(), node.first_id()?);
        let live = u32::try_from(node.live()).expect("a listpack is below 4 GiB");
        let mut listpack = ListpackMut::from(node.into_listpack());
        listpack.shrink_to_fit();
        Some(Self { key, first_id, live, listpack })
    }

    pub(super) fn view(&self) -> NodeRef<'_> {
        let Self { key, first_id, live, .. } = *self;
        NodeRef { key, first_id, live, blob: self.listpack.as_bytes() }
    }

    /// The listpack, without room to spare.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.listpack.shrink_to_fit();
        self.listpack.freeze().into_bytes().into()
    }

    /// Whether an entry is added here. (As in Redis, what packing it costs does not count.)
    pub(super) fn takes(&self, fields: &[(&[u8], &[u8])], limits: &Thresholds) -> bool {
        let bytes_max = match limits.stream_node_max_bytes {
            0 => packed::BYTES_MAX,
            bytes_max => bytes_max,
        };
        let len = || {
            let counts = self.listpack.iter().take(2);
            counts.filter_map(|count| count.to_int()).sum::<i64>() as usize
        };
        self.listpack.bytes_len() + text_bytes(fields) < bytes_max
            && self.listpack.bytes_len() + packed_bytes_max(fields) <= packed::BYTES_MAX
            && (limits.stream_node_max_entries == 0 || len() < limits.stream_node_max_entries)
    }

    /// Adds an entry, for which there is [room](Self::takes).
    pub(super) fn append(&mut self, id: StreamId, fields: &[(&[u8], &[u8])]) {
        // Both wrap around, as they do in Redis.
        let ms = id.ms.wrapping_sub(self.key.ms) as i64;
        let seq = id.seq.wrapping_sub(self.key.seq) as i64;
        let has_master_fields = self.has_fields(fields);
        let flags = if has_master_fields { FLAG_SAME_FIELDS } else { 0 };
        let head = [flags, ms, seq].map(Entry::Int);
        let listpack = &mut self.listpack;
        let pushed = if has_master_fields {
            let values = fields.iter().map(|&(_, value)| Entry::Text(value));
            let elements = Entry::Int(fields.len() as i64 + 3);
            listpack.push_entries(head.into_iter().chain(values).chain([elements]))
        } else {
            let len = Entry::Int(fields.len() as i64);
            let pairs = fields.iter().flat_map(|&(name, value)| [name, value].map(Entry::Text));
            let elements = Entry::Int(2 * fields.len() as i64 + 4);
            listpack.push_entries(head.into_iter().chain([len]).chain(pairs).chain([elements]))
        };
        pushed.expect(FITS);
        self.count(1, 0);
    }

    /// Marks an entry as deleted: that of this ID, which is there, and not the only one left.
    pub(super) fn delete(&mut self, id: StreamId) {
        self.delete_where(1, |entry| entry.id == id);
    }

    /// Marks the first so many entries as deleted, fewer than there are.
    pub(super) fn delete_first(&mut self, count: usize) {
        self.delete_where(count, |_| true);
    }

    fn delete_where(&mut self, count: usize, is_wanted: impl Fn(&StreamEntry<'_>) -> bool) {
        let len = self.listpack.len();
        let (mut entries, mut places) = (self.view().entries(), Vec::with_capacity(count));
        while places.len() < count {
            let place = len - entries.elements_left();
            let Some(entry) = entries.next() else { break };
            if !entry.deleted && is_wanted(&entry) {
                places.push(place);
            }
        }
        let deleted = places.len() as i64;
        let (mut cursor, mut passed) = (self.listpack.cursor_front(), 0);
        for place in places {
            cursor.move_by(place - passed);
            passed = place;
            let flags = cursor.entry().and_then(|flags| flags.to_int()).unwrap_or_default();
            cursor.replace(Entry::Int(flags | FLAG_DELETED)).expect(FITS);
        }
        self.count(-deleted, deleted);
    }

    /// Whether these are the fields of the master entry.
    fn has_fields(&self, fields: &[(&[u8], &[u8])]) -> bool {
        let mut elements = self.listpack.iter().skip(2);
        elements.next() == Some(Entry::Int(fields.len() as i64))
            && elements.zip(fields).all(|(name, (wanted, _))| name.eq_text(wanted))
    }

    /// Adds to the numbers of entries in the master entry.
    fn count(&mut self, live: i64, deleted: i64) {
        self.live = self.live.checked_add_signed(live as i32).expect("there are so many");
        let mut cursor = self.listpack.cursor_front();
        for more in [live, deleted] {
            let number = cursor.entry().and_then(|it| it.to_int()).unwrap_or_default();
            if more != 0 {
                cursor.replace(Entry::Int(number + more)).expect(FITS);
            }
            cursor.move_next();
        }
    }
}

/// Whether a node can hold an entry.
pub(super) fn is_within_bounds(fields: &[(&[u8], &[u8])]) -> bool {
    packed_bytes_max(fields) <= packed::BYTES_MAX
}

fn text_bytes(fields: &[(&[u8], &[u8])]) -> usize {
    fields.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// What a node of this entry takes at most, or one grows by.
fn packed_bytes_max(fields: &[(&[u8], &[u8])]) -> usize {
    text_bytes(fields) + (2 * fields.len() + NUMBERS_MAX) * ELEMENT_OVERHEAD_MAX
}

/// Elements of a node of one entry that are no texts, and one more for header and end byte.
const NUMBERS_MAX: usize = 9;

/// What an element has beside its text: up to 5 bytes of encoding, or a number of 9 without any, and up
/// to 5 of back length.
const ELEMENT_OVERHEAD_MAX: usize = 10;

const FLAG_DELETED: i64 = 1;
const FLAG_SAME_FIELDS: i64 = 2;

const FITS: &str = "it was asked whether there is room";
