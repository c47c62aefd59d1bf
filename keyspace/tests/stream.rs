//! Streams agree with a plain model: a map of entries, and groups of maps.

use std::collections::BTreeMap;

use keyspace::{
    AppendError, Claim, Claimed, Stream, StreamEntry, StreamId, Thresholds, Trim, TrimTo, Value,
    ValueBuilder, ValueComparison,
};
use proptest::prelude::*;
use rdb_format::stream::{StreamConsumer, StreamGroup, StreamInfo};
use rdb_format::{
    DecodeError, DecodeLimits, EncodeOptions, Event, PendingEntry, RdbVersion, StreamConsumerValue,
    StreamGroupValue, StreamValue, Target, payload,
};

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

#[derive(Clone, Debug)]
enum Step {
    /// So much above the last ID, with these fields.
    Append(u64, Fields),
    /// The entry of this number, roughly.
    Delete(usize),
    Trim(Trim),
    CreateGroup(u8, usize),
    RemoveGroup(u8),
    RemoveConsumer(u8, u8),
    ReadNew {
        group: u8,
        consumer: u8,
        count: usize,
        no_ack: bool,
    },
    ReadPending {
        group: u8,
        consumer: u8,
        from: usize,
        count: usize,
    },
    Acknowledge(u8, usize),
    Claim {
        group: u8,
        consumer: u8,
        at: usize,
        claim: Claim,
    },
    SendAndReceive,
}

fn step() -> impl Strategy<Value = Step> {
    let text = || {
        prop_oneof![
            (0..200_i64).prop_map(|number| number.to_string().into_bytes()),
            prop::collection::vec(any::<u8>(), 0..12),
        ]
    };
    let name = prop_oneof![4 => Just(b"field".to_vec()), 1 => Just(b"other".to_vec())];
    let fields = prop::collection::vec((name, text()), 1..4);
    let gap = prop_oneof![6 => 1..3_u64, 1 => any::<u64>()];
    let to = prop_oneof![
        (0..60_u64).prop_map(TrimTo::Len),
        (0..300_u64).prop_map(|ms| TrimTo::MinId(StreamId { ms, seq: 0 })),
    ];
    let trim = (to, any::<bool>(), prop::option::of(0..100_u64))
        .prop_map(|(to, is_approximate, limit)| Trim { to, is_approximate, limit });
    let claim = (0..30_i64, prop::option::of(0..9_u64), any::<bool>(), any::<bool>()).prop_map(
        |(min_idle_ms, deliveries, force, only_id)| Claim {
            min_idle_ms,
            delivered_at_ms: 3,
            deliveries,
            force,
            only_id,
        },
    );
    let (group, consumer, at) = (|| 0..3_u8, || 0..3_u8, || 0..200_usize);
    prop_oneof![
        40 => (gap, fields).prop_map(|(gap, fields)| Step::Append(gap, fields)),
        10 => at().prop_map(Step::Delete),
        2 => trim.prop_map(Step::Trim),
        4 => (group(), at()).prop_map(|(group, at)| Step::CreateGroup(group, at)),
        1 => group().prop_map(Step::RemoveGroup),
        1 => (group(), consumer()).prop_map(|(group, it)| Step::RemoveConsumer(group, it)),
        12 => (group(), consumer(), 0..30_usize, prop::bool::weighted(0.1)).prop_map(
            |(group, consumer, count, no_ack)| Step::ReadNew { group, consumer, count, no_ack }
        ),
        4 => (group(), consumer(), at(), 0..9_usize).prop_map(
            |(group, consumer, from, count)| Step::ReadPending { group, consumer, from, count }
        ),
        10 => (group(), at()).prop_map(|(group, at)| Step::Acknowledge(group, at)),
        10 => (group(), consumer(), at(), claim).prop_map(
            |(group, consumer, at, claim)| Step::Claim { group, consumer, at, claim }
        ),
        1 => Just(Step::SendAndReceive),
    ]
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    entries: BTreeMap<StreamId, Fields>,
    last_id: StreamId,
    max_deleted_id: StreamId,
    added: u64,
    groups: BTreeMap<u8, Group>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    last_id: StreamId,
    /// Consumer, time and count by ID.
    pending: BTreeMap<StreamId, (u8, i64, u64)>,
    /// Times by name.
    consumers: BTreeMap<u8, (i64, Option<i64>)>,
}

impl Model {
    /// Some ID: that of an entry, if there are as many, or another.
    fn id(&self, at: usize) -> StreamId {
        let known = self.entries.keys().copied().nth(at);
        known.unwrap_or(StreamId { ms: at as u64 * 2, seq: 0 })
    }
}

fn owned(entry: StreamEntry<'_>) -> (StreamId, Fields) {
    let fields =
        entry.fields().map(|(name, value)| (name.as_text().to_vec(), value.as_text().to_vec()));
    (entry.id, fields.collect())
}

/// What is to be seen of a stream, in the form of the model.
fn seen(stream: &Stream) -> Model {
    let view = stream.view();
    let groups = view.groups().map(|(name, group)| {
        let consumers = group.consumers().map(|consumer| {
            let ids: Vec<StreamId> =
                consumer.pending_from(StreamId::MIN).map(|pending| pending.id).collect();
            let of_group = group.pending_from(StreamId::MIN);
            let expected: Vec<StreamId> = of_group
                .filter(|pending| pending.consumer == consumer.name())
                .map(|pending| pending.id)
                .collect();
            assert_eq!(ids, expected, "a consumer has what the group says");
            assert_eq!(ids.len(), consumer.pending_len());
            (consumer.name()[0], (consumer.seen_at_ms(), consumer.active_at_ms()))
        });
        let pending = group
            .pending_from(StreamId::MIN)
            .map(|it| (it.id, (it.consumer[0], it.delivered_at_ms, it.deliveries)));
        let pending: BTreeMap<_, _> = pending.collect();
        assert_eq!(group.pending_len(), pending.len());
        (name[0], Group { last_id: group.last_id(), pending, consumers: consumers.collect() })
    });
    let entries: BTreeMap<StreamId, Fields> = view.iter().map(owned).collect();
    let mut back: Vec<StreamId> =
        view.range_back(StreamId::MIN, StreamId::MAX).map(|entry| entry.id).collect();
    back.reverse();
    assert!(back.iter().eq(entries.keys()), "the same backwards");
    assert_eq!(view.len(), entries.len());
    assert_eq!(view.first_id(), entries.keys().next().copied());
    assert_eq!(view.last_entry_id(), entries.keys().last().copied());
    assert_eq!(view.node_bytes().count(), view.nodes_len());
    Model {
        entries,
        last_id: view.last_id(),
        max_deleted_id: view.max_deleted_id(),
        added: view.entries_added(),
        groups: groups.collect(),
    }
}

/// The stream as a target of this kind has it after RESTORE.
fn received(stream: &Stream, target: &Target) -> Stream {
    let told = Value::from(stream.clone()).view().events(0);
    let payload =
        payload::encode_events(told, target, EncodeOptions::default()).expect("it can be told");
    let mut builder = ValueBuilder::new(Thresholds::default());
    let mut comparison = ValueComparison::new(stream.clone().into(), 0);
    payload::decode_events(payload, DecodeLimits::default(), &mut |event: Event| {
        comparison.push(event.clone());
        builder.push(event);
    })
    .expect("it is sound");
    assert!(comparison.is_equal(), "what was told is what is there");
    match builder.finish() {
        Some(Value::Stream(stream)) => stream,
        other => panic!("no stream: {other:?}"),
    }
}

fn apply(step: Step, stream: &mut Stream, model: &mut Model, limits: &Thresholds, now_ms: i64) {
    match step {
        Step::Append(gap, fields) => {
            let id = match model.last_id.ms.checked_add(gap / 2) {
                Some(ms) if ms > model.last_id.ms => StreamId { ms, seq: gap % 2 },
                _ => match model.last_id.next() {
                    Some(id) => id,
                    None => return,
                },
            };
            let pairs: Vec<(&[u8], &[u8])> = fields.iter().map(|(n, v)| (&n[..], &v[..])).collect();
            assert_eq!(stream.append(model.last_id, &pairs, limits), Err(AppendError::Id));
            assert_eq!(stream.append(id, &pairs, limits), Ok(()));
            (model.last_id, model.added) = (id, model.added + 1);
            model.entries.insert(id, fields);
        }
        Step::Delete(at) => {
            let id = model.id(at);
            let is_there = model.entries.remove(&id).is_some();
            assert_eq!(stream.delete(id), is_there);
            if is_there {
                model.max_deleted_id = model.max_deleted_id.max(id);
            }
        }
        Step::Trim(trim) => {
            let before = model.entries.len() as u64;
            let removed = stream.trim(trim);
            let excess = match trim.to {
                TrimTo::Len(len) => before.saturating_sub(len),
                TrimTo::MinId(min) => model.entries.range(..min).count() as u64,
            };
            match (trim.is_approximate, trim.limit) {
                (false, None) => assert_eq!(removed, excess),
                (_, limit) => assert!(removed <= excess.min(limit.unwrap_or(u64::MAX).max(excess))),
            }
            (0..removed).for_each(|_| drop(model.entries.pop_first()));
        }
        Step::CreateGroup(name, at) => {
            let last_id = model.id(at);
            let is_new = !model.groups.contains_key(&name);
            assert_eq!(stream.create_group(&[name], last_id, None), is_new);
            model.groups.entry(name).or_insert(Group { last_id, ..Group::default() });
        }
        Step::RemoveGroup(name) => {
            assert_eq!(stream.remove_group(&[name]), model.groups.remove(&name).is_some());
        }
        Step::RemoveConsumer(name, consumer) => {
            let Some(group) = model.groups.get_mut(&name) else { return };
            let before = group.pending.len();
            group.consumers.remove(&consumer);
            group.pending.retain(|_, (name, ..)| *name != consumer);
            let removed = stream.group_mut(&[name]).unwrap().remove_consumer(&[consumer]);
            assert_eq!(removed, before - group.pending.len());
        }
        Step::ReadNew { group: name, consumer, count, no_ack } => {
            let Some(group) = model.groups.get_mut(&name) else { return };
            stream.group_mut(&[name]).unwrap().see_consumer(&[consumer], now_ms);
            group.consumers.entry(consumer).or_insert((now_ms, None)).0 = now_ms;
            let count = Some(count).filter(|&count| count > 0);
            let mut read = Vec::new();
            let len = stream.read_new(&[name], &[consumer], count, no_ack, now_ms, |entry| {
                read.push(owned(entry));
            });
            let start = group.last_id.next().unwrap();
            let expected = model.entries.range(start..).take(count.unwrap_or(usize::MAX));
            assert!(read.iter().map(|(id, fields)| (id, fields)).eq(expected));
            assert_eq!(len, read.len());
            for (id, _) in read {
                group.last_id = id;
                if !no_ack {
                    group.pending.insert(id, (consumer, now_ms, 1));
                    group.consumers.get_mut(&consumer).unwrap().1 = Some(now_ms);
                }
            }
        }
        Step::ReadPending { group: name, consumer, from, count } => {
            let start = model.id(from);
            let Some(group) = model.groups.get_mut(&name) else { return };
            if !group.consumers.contains_key(&consumer) {
                return;
            }
            let mut read = Vec::new();
            stream.read_pending(&[name], &[consumer], start, Some(count), now_ms, |id, entry| {
                read.push((id, entry.map(|entry| owned(entry).1)));
            });
            let of_consumer = group.pending.range_mut(start..).filter(|(_, it)| it.0 == consumer);
            let mut expected = Vec::new();
            for (&id, pending) in of_consumer.take(count) {
                let entry = model.entries.get(&id).cloned();
                if entry.is_some() {
                    (pending.1, pending.2) = (now_ms, pending.2 + 1);
                }
                expected.push((id, entry));
            }
            assert_eq!(read, expected);
        }
        Step::Acknowledge(name, at) => {
            let id = model.id(at);
            let Some(group) = model.groups.get_mut(&name) else { return };
            let is_pending = group.pending.remove(&id).is_some();
            assert_eq!(stream.group_mut(&[name]).unwrap().acknowledge(id), is_pending);
        }
        Step::Claim { group: name, consumer, at, claim } => {
            let id = model.id(at);
            let Some(group) = model.groups.get_mut(&name) else { return };
            stream.group_mut(&[name]).unwrap().create_consumer(&[consumer], now_ms);
            let times = group.consumers.entry(consumer).or_insert((now_ms, None));
            let claimed = stream.claim(&[name], &[consumer], id, claim, now_ms);
            let before = group.pending.get(&id).copied();
            let is_idle = |(_, at_ms, _): (u8, i64, u64)| now_ms - at_ms >= claim.min_idle_ms;
            match (model.entries.contains_key(&id), before) {
                (false, Some(_)) => {
                    assert!(matches!(claimed, Claimed::Deleted));
                    group.pending.remove(&id);
                }
                (true, before) if before.map_or(claim.force, is_idle) => {
                    let Claimed::Entry(entry) = claimed else { panic!("{claimed:?}") };
                    assert_eq!(entry.id, id);
                    let deliveries = before.map_or(1, |(_, _, deliveries)| deliveries);
                    let deliveries =
                        claim.deliveries.unwrap_or(deliveries + u64::from(!claim.only_id));
                    group.pending.insert(id, (consumer, claim.delivered_at_ms, deliveries));
                    times.1 = Some(now_ms);
                }
                _ => assert!(matches!(claimed, Claimed::Not)),
            }
        }
        Step::SendAndReceive => *stream = received(stream, &Target::KEYFERRY),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_model(
        steps in prop::collection::vec(step(), 1..400),
        stream_node_max_bytes in prop_oneof![Just(4096_usize), Just(0), 1..300_usize],
        stream_node_max_entries in prop_oneof![Just(100_usize), Just(0), 1..9_usize],
    ) {
        let limits =
            Thresholds { stream_node_max_bytes, stream_node_max_entries, ..Thresholds::default() };
        let (mut stream, mut model) = (Stream::new(), Model::default());
        let len = steps.len();
        for (number, step) in steps.into_iter().enumerate() {
            apply(step, &mut stream, &mut model, &limits, 1000 + number as i64);
            if number % 16 == 0 || number + 1 == len {
                prop_assert_eq!(seen(&stream), model.clone());
            }
        }
        // Ranges from and to anywhere.
        for (start, end) in [(0, 7), (3, 3), (9, 60), (60, 9), (150, 400)] {
            let (start, end) = (model.id(start), model.id(end));
            let expected: Vec<StreamId> = model.entries.keys().copied()
                .filter(|&id| start <= id && id <= end).collect();
            let ids: Vec<StreamId> = stream.view().range(start, end).map(|it| it.id).collect();
            prop_assert_eq!(&ids, &expected);
            let mut ids: Vec<StreamId> =
                stream.view().range_back(start, end).map(|it| it.id).collect();
            ids.reverse();
            prop_assert_eq!(&ids, &expected);
        }
        prop_assert_eq!(seen(&received(&stream, &Target::KEYFERRY)), model.clone());
        // Older ones know less of it, but not of entries.
        for version in [10, 9] {
            let entries = seen(&received(&stream, &Target::redis(RdbVersion(version)))).entries;
            prop_assert_eq!(&entries, &model.entries);
        }
    }
}

fn stream_of(len: u64) -> Stream {
    let mut stream = Stream::new();
    for ms in 1..=len {
        stream.append(StreamId { ms, seq: 0 }, &[(b"f", b"v")], &Thresholds::default()).unwrap();
    }
    stream
}

#[test]
fn an_entry_is_deleted_once_and_its_node_goes_with_the_last_one() {
    let mut stream = stream_of(300);
    assert_eq!(stream.view().nodes_len(), 3);
    for ms in 101..=200 {
        assert!(stream.delete(StreamId { ms, seq: 0 }));
        assert!(!stream.delete(StreamId { ms, seq: 0 }));
    }
    assert_eq!(stream.view().nodes_len(), 2);
    assert_eq!(stream.view().len(), 200);
}

/// Distances from the key of a node wrap around, so that one node can hold any IDs.
#[test]
fn entries_lie_as_far_apart_as_ids_do() {
    let ids = [(1, 1), (1 << 63, u64::MAX), ((1 << 63) + 2, 0), (u64::MAX, u64::MAX)];
    let ids = ids.map(|(ms, seq)| StreamId { ms, seq });
    let mut stream = Stream::new();
    for id in ids {
        stream.append(id, &[(b"f", b"v")], &Thresholds::default()).unwrap();
    }
    assert_eq!(stream.view().nodes_len(), 1);
    for version in [9, 10, 11] {
        let received = received(&stream, &Target::redis(RdbVersion(version)));
        assert_eq!(received.view().nodes_len(), 1);
        let there: Vec<StreamId> = received.view().iter().map(|entry| entry.id).collect();
        assert_eq!(there, ids);
        assert!(ids.iter().all(|&id| received.view().get(id).is_some()));
    }
}

#[test]
fn lag_is_known_unless_something_was_deleted_ahead() {
    let mut stream = stream_of(10);
    let id = |ms| StreamId { ms, seq: 0 };
    stream.create_group(b"g", id(0), Some(0));
    stream.group_mut(b"g").unwrap().see_consumer(b"c", 1);
    let lag = |stream: &Stream| stream.view().lag(stream.view().group(b"g").unwrap());
    assert_eq!(lag(&stream), Some(10));
    stream.read_new(b"g", b"c", Some(4), false, 1, |_| {});
    assert_eq!(lag(&stream), Some(6));
    stream.delete(id(8));
    assert_eq!(lag(&stream), None);
    stream.read_new(b"g", b"c", None, false, 1, |_| {});
    assert_eq!(lag(&stream), Some(0));
}

/// A sink that checks for itself refuses what the decoder would, with the same error.
#[test]
fn pending_entries_that_do_not_fit_are_refused_however_they_are_told() {
    use rdb_format::payload::PayloadDecoder;
    let id = |ms| StreamId { ms, seq: 0 };
    let build = |pending: &[u64], owned: &[&[u64]]| {
        let consumers = owned.iter().enumerate().map(|(number, ids)| StreamConsumerValue {
            consumer: StreamConsumer {
                name: number.to_string().into(),
                seen_at_ms: 1,
                active_at_ms: None,
                pending: ids.len() as u64,
            },
            owned: ids.iter().map(|&ms| id(ms)).collect(),
        });
        let group = StreamGroupValue {
            group: StreamGroup {
                name: "g".into(),
                last_id: id(9),
                entries_read: None,
                pending: pending.len() as u64,
            },
            pending: pending
                .iter()
                .map(|&ms| PendingEntry { id: id(ms), delivered_at_ms: 5, deliveries: 1 })
                .collect(),
            consumers: consumers.collect(),
        };
        let info = StreamInfo { length: 0, last_id: id(9), history: None, groups: 1 };
        let stream = StreamValue { nodes: Vec::new(), info, groups: vec![group] };
        payload::encode(&rdb_format::Value::Stream(stream.into()), &Target::KEYFERRY).unwrap()
    };
    let decode = |payload: &bytes::Bytes, by_events: bool| -> Result<Value, DecodeError> {
        let mut builder = ValueBuilder::new(Thresholds::default());
        let mut decoder = PayloadDecoder::new(payload.len() as u64, DecodeLimits::default())?;
        decoder.push(payload.clone())?;
        if by_events {
            while let Some(event) = decoder.poll_event() {
                builder.push(event);
            }
        } else {
            decoder.tell(&mut builder);
        }
        decoder.finish().map(|_| builder.finish().expect("it is complete"))
    };
    for (pending, owned, is_sound) in [
        (&[1, 2, 3][..], &[&[1, 3][..], &[2]][..], true),
        (&[3, 1, 2], &[&[2, 1, 3]], true),
        (&[1, 1], &[&[1, 1]], false),
        (&[1, 2], &[&[1], &[1]], false),
        (&[1, 2], &[&[1, 3]], false),
        (&[1, 2], &[&[1]], false),
        (&[1], &[&[1, 2]], false),
    ] {
        let payload = build(pending, owned);
        let (told, polled) = (decode(&payload, false), decode(&payload, true));
        assert_eq!(told, polled);
        assert_eq!(told.is_ok(), is_sound, "{pending:?} {owned:?}");
    }
}
