//! Bodies put together by hand, sound ones and others.

use rdb_format::{
    length,
    packed::{Entry, ListpackMut},
};

/// A plain string.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    let mut string = Vec::new();
    length::encode(bytes.len() as u64, &mut string);
    string.extend_from_slice(bytes);
    string
}

/// A listpack of these entries, numbers as such.
pub(crate) fn listpack(entries: &[&str]) -> Vec<u8> {
    let mut listpack = ListpackMut::new();
    for entry in entries {
        listpack.push_entry(Entry::parse(entry.as_bytes())).expect("it is small");
    }
    listpack.freeze().into_bytes().to_vec()
}

/// A ziplist of these short texts, numbers too.
pub(crate) fn ziplist(entries: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    let (mut previous, mut tail) = (0, 10);
    for entry in entries {
        tail = 10 + body.len() as u32;
        body.extend_from_slice(&[previous, entry.len() as u8]);
        body.extend_from_slice(entry.as_bytes());
        previous = 2 + entry.len() as u8;
    }
    let total = 10 + body.len() as u32 + 1;
    let count = entries.len() as u16;
    [&total.to_le_bytes()[..], &tail.to_le_bytes(), &count.to_le_bytes(), &body, &[0xFF]].concat()
}

/// An intset as it says it is.
pub(crate) fn intset(width: u32, count: u32, members: &[u8]) -> Vec<u8> {
    [&width.to_le_bytes()[..], &count.to_le_bytes(), members].concat()
}

/// A stream of type 15 or, with what comes between, 19.
pub(crate) struct Stream {
    /// Keys and blobs.
    pub(crate) nodes: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) length: u8,
    /// First halves of IDs, whose second halves are 0.
    pub(crate) last_ms: u8,
    /// The highest deleted ID and what was ever added: type 19.
    pub(crate) history: Option<(u8, u8)>,
    pub(crate) groups: Vec<Vec<u8>>,
}

impl Default for Stream {
    /// One entry, 1-0, and no groups.
    fn default() -> Self {
        Self {
            nodes: vec![(id(1), node(&[&["0", "0", "0"]]))],
            length: 1,
            last_ms: 1,
            history: None,
            groups: Vec::new(),
        }
    }
}

impl Stream {
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = vec![if self.history.is_some() { 19 } else { 15 }, self.nodes.len() as u8];
        for (key, blob) in &self.nodes {
            body.extend(string(key));
            body.extend(string(blob));
        }
        body.extend_from_slice(&[self.length, self.last_ms, 0]);
        if let Some((max_deleted_ms, added)) = self.history {
            body.extend_from_slice(&[1, 0, max_deleted_ms, 0, added]);
        }
        body.push(self.groups.len() as u8);
        self.groups.iter().for_each(|group| body.extend_from_slice(group));
        body
    }
}

/// An ID as a key, its second half 0.
pub(crate) fn id(ms: u8) -> Vec<u8> {
    [&[0; 7][..], &[ms], &[0; 8]].concat()
}

/// A node that opens with the field "f", of entries that are flags and distances; each sets "f" to
/// "v".
pub(crate) fn node(entries: &[&[&str; 3]]) -> Vec<u8> {
    let deleted = entries.iter().filter(|[flags, ..]| *flags == "1" || *flags == "3").count();
    counted_node(entries.len() - deleted, deleted, entries)
}

/// The same with another count.
pub(crate) fn counted_node(live: usize, deleted: usize, entries: &[&[&str; 3]]) -> Vec<u8> {
    let (live, deleted) = (live.to_string(), deleted.to_string());
    let mut elements = vec![live.as_str(), &deleted, "1", "f", "0"];
    for [flags, ms, seq] in entries {
        elements.extend([flags, ms, seq, "1", "f", "v", "6"]);
    }
    listpack(&elements)
}

/// A group of a stream of type 15.
pub(crate) fn group(name: &str, pending: &[u8], consumers: &[(&str, &[u8])]) -> Vec<u8> {
    let mut group = string(name.as_bytes());
    group.extend_from_slice(&[0, 0, pending.len() as u8]);
    for &ms in pending {
        group.extend(id(ms));
        group.extend_from_slice(&[0, 0, 0, 0, 0, 1, 0, 0, 1]);
    }
    group.push(consumers.len() as u8);
    for (name, owned) in consumers {
        group.extend(string(name.as_bytes()));
        group.extend_from_slice(&[0, 0, 0, 0, 0, 1, 0, 0, owned.len() as u8]);
        owned.iter().for_each(|&ms| group.extend(id(ms)));
    }
    group
}
