//! Values of every type, as properties and peers want them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index};
use rdb_format::{
    HashField, ModuleId, ModuleItem, ModulePart, ModuleValue, PendingEntry, ScoredMember,
    StreamConsumerValue, StreamGroupValue, StreamValue, StringValue, Thresholds, Value,
    packed::{Entry, ListpackMut},
    stream::{
        StreamConsumer, StreamGroup, StreamHistory, StreamId, StreamInfo, StreamNode, StreamVersion,
    },
};

/// The length at which an entry of a listpack has a back length that Redis and Valkey write
/// differently.
pub(crate) const BOUNDARY_LEN: usize = 16_378;

/// A value of any type that every server has, and what a module makes.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![ordinary(), stream(), module()]
}

/// A value of a type that every server has had.
pub(crate) fn ordinary() -> impl Strategy<Value = Value> {
    prop_oneof![string(), list(), set(), sorted_set(), hash(), hash_with_ttls(time())]
}

pub(crate) fn string() -> impl Strategy<Value = Value> {
    text().prop_map(|text| StringValue::parse(text).into())
}

pub(crate) fn list() -> impl Strategy<Value = Value> {
    vec(text(), 1..60).prop_map(|elements| Value::List(elements.into()))
}

pub(crate) fn set() -> impl Strategy<Value = Value> {
    let members = |members: BTreeSet<Bytes>| Value::Set(members.into_iter().collect());
    let numbers = proptest::collection::btree_set(number().prop_map(Bytes::from), 1..700);
    let short = proptest::collection::btree_set(short_text(), 1..200);
    let any = proptest::collection::btree_set(text(), 1..40);
    prop_oneof![numbers, short, any].prop_map(members)
}

pub(crate) fn sorted_set() -> impl Strategy<Value = Value> {
    let members = |members: BTreeMap<Bytes, f64>| {
        let scored = |(member, score)| ScoredMember { member, score };
        Value::SortedSet(members.into_iter().map(scored).collect())
    };
    let short = proptest::collection::btree_map(short_text(), score(), 1..200);
    let any = proptest::collection::btree_map(text(), score(), 1..40);
    prop_oneof![short, any].prop_map(members)
}

pub(crate) fn hash() -> impl Strategy<Value = Value> {
    let none = Just(None).boxed();
    prop_oneof![fields(short_text().boxed(), none.clone(), 200), fields(text().boxed(), none, 30)]
}

/// A hash of which some fields expire at a time of `times`, and some do not.
pub(crate) fn hash_with_ttls(
    times: impl Strategy<Value = u64> + 'static,
) -> impl Strategy<Value = Value> {
    let times = proptest::option::of(times).boxed();
    prop_oneof![fields(short_text().boxed(), times.clone(), 200), fields(text().boxed(), times, 30)]
}

fn fields(
    text: BoxedStrategy<Bytes>,
    times: BoxedStrategy<Option<u64>>,
    max: usize,
) -> impl Strategy<Value = Value> {
    let field = |(field, (value, expire_at_ms))| HashField { field, value, expire_at_ms };
    proptest::collection::btree_map(text.clone(), (text, times), 1..max)
        .prop_map(move |fields| Value::Hash(fields.into_iter().map(field).collect()))
}

/// Any time that Redis and Valkey read, and those about the ends.
fn time() -> impl Strategy<Value = u64> {
    let redis_max = (1_u64 << 48) - 1;
    prop_oneof![1..=redis_max, Just(1), Just(redis_max), 1_u64..1000]
}

pub(crate) fn module() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        any::<i64>().prop_map(|number| ModulePart::Item(ModuleItem::Signed(number))),
        any::<u64>().prop_map(|number| ModulePart::Item(ModuleItem::Unsigned(number))),
        // NaN is not equal to itself.
        any::<f32>()
            .prop_filter("a number", |number| !number.is_nan())
            .prop_map(|number| ModulePart::Item(ModuleItem::Float(number))),
        score().prop_map(|number| ModulePart::Item(ModuleItem::Double(number))),
        text().prop_map(ModulePart::String),
    ];
    (any::<u64>(), vec(part, 0..20))
        .prop_map(|(id, parts)| Value::Module(ModuleValue { id: ModuleId(id), parts }.into()))
}

/// Thresholds about those of the servers.
pub(crate) fn thresholds() -> impl Strategy<Value = Thresholds> {
    let node = prop_oneof![-5..=-1, 1..300_i32];
    let entries = || prop_oneof![Just(0_usize), 1..600_usize];
    let bytes = || prop_oneof![Just(64_usize), 1..100_usize, Just(100_000)];
    (node, (entries(), entries(), bytes()), (entries(), bytes()), (entries(), bytes())).prop_map(
        |(node, (intset, set, set_value), (hash, hash_value), (zset, zset_value))| Thresholds {
            list_max_listpack_size: node,
            set_max_intset_entries: intset,
            set_max_listpack_entries: set,
            set_max_listpack_value: set_value,
            hash_max_listpack_entries: hash,
            hash_max_listpack_value: hash_value,
            zset_max_listpack_entries: zset,
            zset_max_listpack_value: zset_value,
            ..Thresholds::default()
        },
    )
}

/// Texts of every form: numbers about each width, noise, what compresses, and now and then one that
/// comes in chunks or has a back length at the boundary.
pub(crate) fn text() -> impl Strategy<Value = Bytes> {
    let repetition = (vec(any::<u8>(), 1..40), 1_usize..200).prop_map(|(unit, n)| unit.repeat(n));
    let chunked = (any::<u8>(), 65_537_usize..90_000).prop_map(|(byte, len)| vec![byte; len]);
    let boundary = any::<u8>().prop_map(|byte| vec![byte; BOUNDARY_LEN]);
    prop_oneof![
        20 => number(),
        5 => "[-+0-9]{0,22}".prop_map(String::into_bytes),
        20 => vec(any::<u8>(), 0..100),
        5 => vec(any::<u8>(), 4000..5000),
        10 => vec(b'a'..b'e', 0..400),
        5 => repetition,
        1 => chunked,
        1 => boundary,
    ]
    .prop_map(Bytes::from)
}

/// Texts that go into packed forms by default.
pub(crate) fn short_text() -> impl Strategy<Value = Bytes> {
    prop_oneof![number(), vec(any::<u8>(), 0..64), vec(b'a'..b'e', 0..64)].prop_map(Bytes::from)
}

fn number() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>(),
        any::<i32>().prop_map(i64::from),
        any::<i16>().prop_map(i64::from),
        any::<i8>().prop_map(i64::from),
        -4097..=4097_i64,
    ]
    .prop_map(|number| number.to_string().into_bytes())
}

/// Any score but NaN.
pub(crate) fn score() -> impl Strategy<Value = f64> {
    const SPECIAL: &[f64] = &[
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        f64::MAX,
        5e-324,
        0.1 + 0.2,
        9_007_199_254_740_993.0,
        1e17,
        i64::MAX as f64,
        i64::MIN as f64,
    ];
    prop_oneof![
        proptest::sample::select(SPECIAL),
        any::<f64>().prop_filter("a number", |score| !score.is_nan()),
        any::<i32>().prop_map(f64::from),
        (-1000..1000_i32).prop_map(|hundredths| f64::from(hundredths) / 100.0),
    ]
}

/// A stream that any server could have, of any version.
pub(crate) fn stream() -> impl Strategy<Value = Value> {
    let entry = (1..1000_u64, 0..3_u64, any::<bool>(), any::<bool>(), vec(short_text(), 2..8));
    let version =
        prop_oneof![Just(StreamVersion::V1), Just(StreamVersion::V2), Just(StreamVersion::V3)];
    let start = prop_oneof![0..1000_u64, 1_600_000_000_000..1_700_000_000_000_u64];
    let nodes = vec(vec(entry, 1..12), 0..5);
    (version, start, nodes, vec(group(), 0..4)).prop_map(|(version, start, nodes, groups)| {
        let mut id = StreamId { ms: start, seq: 0 };
        let mut max_deleted_id = StreamId::default();
        let mut added = 0;
        let nodes: Vec<StreamNode> = nodes
            .into_iter()
            .map(|entries| {
                let entries: Vec<NodeEntry> = entries
                    .into_iter()
                    .map(|(ms, seq, deleted, same_fields, texts)| {
                        // Within a node the sequence may fall: its distance is signed.
                        id = StreamId { ms: id.ms + ms, seq };
                        added += 1;
                        if deleted {
                            max_deleted_id = id;
                        }
                        NodeEntry { id, deleted, same_fields, texts }
                    })
                    .collect();
                node(&entries)
            })
            .collect();
        let live: Vec<StreamId> = nodes
            .iter()
            .flat_map(StreamNode::entries)
            .filter(|entry| !entry.deleted)
            .map(|entry| entry.id)
            .collect();
        let history = StreamHistory {
            first_id: live.first().copied().unwrap_or_default(),
            max_deleted_id,
            entries_added: added,
        };
        let groups: Vec<StreamGroupValue> = groups
            .into_iter()
            .enumerate()
            .map(|(nth, group)| group.build(nth, id, version))
            .collect();
        let info = StreamInfo {
            length: live.len() as u64,
            last_id: id,
            history: (version >= StreamVersion::V2).then_some(history),
            groups: groups.len() as u64,
        };
        Value::Stream(StreamValue { nodes, info, groups }.into())
    })
}

/// A group that is not yet one of a stream.
#[derive(Clone, Debug)]
struct Group {
    name: Bytes,
    read: Option<u32>,
    consumers: BTreeMap<Bytes, (i64, Option<i64>)>,
    /// Distance back from the last entry, time and deliveries; and whose it is.
    pending: BTreeMap<u64, (i64, u64, Index)>,
}

fn group() -> impl Strategy<Value = Group> {
    let time = 1_000_000_000_000_i64..2_000_000_000_000;
    let consumers = proptest::collection::btree_map(
        short_text(),
        (time.clone(), proptest::option::of(time.clone())),
        0..5,
    );
    let pending =
        proptest::collection::btree_map(0..1000_u64, (time, 1..100_u64, any::<Index>()), 0..12);
    (short_text(), proptest::option::of(0..1000_u32), consumers, pending)
        .prop_map(|(name, read, consumers, pending)| Group { name, read, consumers, pending })
}

impl Group {
    fn build(self, nth: usize, last_id: StreamId, version: StreamVersion) -> StreamGroupValue {
        // In the order in which servers keep and show them: by name, and by ID.
        let name = Bytes::from([&[nth as u8], &self.name[..]].concat());
        let consumers = self.consumers.len();
        let mut owned: Vec<Vec<StreamId>> = vec![Vec::new(); consumers];
        let mut pending: Vec<PendingEntry> = Vec::new();
        for (back, (delivered_at_ms, deliveries, owner)) in self.pending.into_iter().rev() {
            let Some(ms) = last_id.ms.checked_sub(back) else { continue };
            if consumers > 0 {
                let id = StreamId { ms, seq: 0 };
                pending.push(PendingEntry { id, delivered_at_ms, deliveries });
                owned[owner.index(consumers)].push(id);
            }
        }
        let consumers = self.consumers.into_iter().zip(owned);
        StreamGroupValue {
            group: StreamGroup {
                name,
                last_id,
                entries_read: (version >= StreamVersion::V2)
                    .then(|| self.read.map_or(-1, i64::from)),
                pending: pending.len() as u64,
            },
            pending,
            consumers: consumers
                .map(|((name, (seen_at_ms, active)), owned)| StreamConsumerValue {
                    consumer: StreamConsumer {
                        name,
                        seen_at_ms,
                        active_at_ms: (version >= StreamVersion::V3).then(|| active.unwrap_or(-1)),
                        pending: owned.len() as u64,
                    },
                    owned,
                })
                .collect(),
        }
    }
}

/// An entry that is not yet in a node.
struct NodeEntry {
    id: StreamId,
    deleted: bool,
    /// As many fields as the first entry, and the same ones.
    same_fields: bool,
    /// Fields and values in turns; an odd one is left out.
    texts: Vec<Bytes>,
}

/// The node that servers make of `entries`, the first of which it is named after.
fn node(entries: &[NodeEntry]) -> StreamNode {
    let key = entries[0].id;
    let names: Vec<&Bytes> = entries[0].texts.chunks_exact(2).map(|pair| &pair[0]).collect();
    let deleted = entries.iter().filter(|entry| entry.deleted).count();
    let mut listpack = ListpackMut::new();
    let mut push = |entry: Entry<'_>| listpack.push_entry(entry).expect("it is small");
    push(Entry::Int((entries.len() - deleted) as i64));
    push(Entry::Int(deleted as i64));
    push(Entry::Int(names.len() as i64));
    names.iter().for_each(|name| push(Entry::parse(name)));
    push(Entry::Int(0));
    for entry in entries {
        let flags = i64::from(entry.deleted) | i64::from(entry.same_fields) << 1;
        push(Entry::Int(flags));
        push(Entry::Int(entry.id.ms.wrapping_sub(key.ms) as i64));
        push(Entry::Int(entry.id.seq.wrapping_sub(key.seq) as i64));
        if entry.same_fields {
            let values = entry.texts.iter().cycle().take(names.len());
            values.for_each(|value| push(Entry::parse(value)));
            push(Entry::Int(names.len() as i64 + 3));
        } else {
            let pairs = entry.texts.len() / 2;
            push(Entry::Int(pairs as i64));
            entry.texts[..2 * pairs].iter().for_each(|text| push(Entry::parse(text)));
            push(Entry::Int(2 * pairs as i64 + 4));
        }
    }
    let listpack = listpack.freeze();
    let node = StreamNode::parse(key, listpack.clone()).expect("it is one");
    assert_eq!(StreamNode::of_trusted(key, listpack), node);
    node
}
