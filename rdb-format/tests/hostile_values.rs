//! Collections and streams that are meant to do harm, and what is said about each.

mod common;

use bytes::Bytes;
use common::{
    craft::{Stream, counted_node, group, id, intset, listpack, node, string},
    refused_as, seal, seal_as, tell,
};
use rdb_format::{
    DecodeError, DecodeLimits, HashField, RdbVersion, Value,
    packed::PackedError,
    payload::decode,
    stream::{StreamError, StreamId},
};

#[test]
fn collections_are_refused_for_their_exact_fault() {
    use DecodeError::*;
    let packed = |code: u8, blob: &[u8]| [&[code][..], &string(blob)].concat();
    let triples = |entries: &[&str]| {
        [&[25, 0, 0, 0, 0, 0, 0, 0, 0][..], &string(&listpack(entries))].concat()
    };
    let timed = |distance: &[u8]| {
        [b"\x18\x01\0\0\0\0\0\0\0\x01".as_slice(), distance, b"\x01f\x01v"].concat()
    };
    let mut longer = listpack(&["f", "v"]);
    longer[0] += 1;
    let cases: Vec<(&str, u16, Vec<u8>, DecodeError)> = vec![
        ("a list of none", 9, vec![1, 0], Empty { offset: 1 }),
        ("a packed hash of none", 10, packed(16, &listpack(&[])), Empty { offset: 1 }),
        ("a packed hash with TTLs of none", 12, triples(&[]), Empty { offset: 9 }),
        (
            "an empty node",
            10,
            [&[18, 1, 2][..], &string(&listpack(&[]))].concat(),
            Empty { offset: 3 },
        ),
        ("a member twice", 9, b"\x02\x03\x01a\x01b\x01a".into(), Duplicate { offset: 6 }),
        (
            "a number twice, as text and as such",
            9,
            b"\x02\x02\x017\xC0\x07".into(),
            Duplicate { offset: 4 },
        ),
        ("a field twice", 9, b"\x04\x02\x01f\x01v\x01f\x01w".into(), Duplicate { offset: 6 }),
        (
            "a field of Valkey twice",
            80,
            {
                let field = [b"\x01f\x01v".as_slice(), &[0xFF; 8]].concat();
                [b"\x16\x02".as_slice(), &field, &field].concat()
            },
            Duplicate { offset: 14 },
        ),
        ("a packed member twice", 11, packed(20, &listpack(&["a", "a"])), Duplicate { offset: 1 }),
        (
            "half a pair",
            10,
            packed(16, &listpack(&["f", "v", "g"])),
            Arity { offset: 1, entries: 3, arity: 2 },
        ),
        ("half a triple", 12, triples(&["f", "v"]), Arity { offset: 9, entries: 2, arity: 3 }),
        ("NaN in text", 9, b"\x03\x01\x01a\xFD".into(), InvalidScore { offset: 4 }),
        ("a score that is no number", 9, b"\x03\x01\x01a\x01x".into(), InvalidScore { offset: 4 }),
        (
            "NaN",
            9,
            [b"\x05\x01\x01a".as_slice(), &f64::NAN.to_le_bytes()].concat(),
            InvalidScore { offset: 4 },
        ),
        ("packed NaN", 10, packed(17, &listpack(&["a", "nan"])), InvalidScore { offset: 1 }),
        (
            "a base before 1970",
            12,
            [&[24][..], &[0xFF; 8], &[1, 0, 1, b'f', 1, b'v']].concat(),
            ExpiryOutOfRange { offset: 1 },
        ),
        (
            "2^48 from 1",
            12,
            timed(&[&[0x81][..], &(1_u64 << 48).to_be_bytes()].concat()),
            ExpiryOutOfRange { offset: 10 },
        ),
        (
            "2^64 from 1",
            12,
            timed(&[&[0x81][..], &[0xFF; 8]].concat()),
            ExpiryOutOfRange { offset: 10 },
        ),
        (
            "Valkey before -1",
            80,
            [b"\x16\x01\x01f\x01v".as_slice(), &(-2_i64).to_le_bytes()].concat(),
            ExpiryOutOfRange { offset: 6 },
        ),
        (
            "a packed time before 1970",
            12,
            triples(&["f", "v", "-1"]),
            ExpiryOutOfRange { offset: 9 },
        ),
        (
            "a packed time that is none",
            12,
            triples(&["f", "v", "soon"]),
            ExpiryOutOfRange { offset: 9 },
        ),
        (
            "times that fall",
            12,
            triples(&["f", "v", "2", "g", "v", "1"]),
            ExpiryOrder { offset: 9 },
        ),
        (
            "a time behind none",
            12,
            triples(&["f", "v", "0", "g", "v", "1"]),
            ExpiryOrder { offset: 9 },
        ),
        ("container 3", 10, vec![18, 1, 3, 0], UnknownContainer { offset: 2, container: 3 }),
        ("a plain node of nothing", 10, vec![18, 1, 1, 0], EmptyNode { offset: 3 }),
        (
            "a blob of nothing",
            10,
            vec![16, 0],
            Packed { offset: 1, cause: PackedError::TooShort { len: 0 } },
        ),
        ("a blob of another length", 10, packed(16, &longer), {
            let actual = u64::from(longer[0]) - 1;
            Packed { offset: 1, cause: PackedError::TotalBytes { declared: actual + 1, actual } }
        }),
        ("integers of 3 bytes", 9, packed(11, &intset(3, 1, b"\x01\0\0")), {
            Packed { offset: 1, cause: PackedError::Width { width: 3 } }
        }),
        ("integers that fall", 9, packed(11, &intset(2, 2, b"\x02\0\x01\0")), {
            Packed { offset: 1, cause: PackedError::NotAscending { index: 1 } }
        }),
        ("a module's item 6", 9, vec![7, 1, 1, 5, 6], UnknownModuleItem { offset: 4, opcode: 6 }),
        ("a module without an end", 9, vec![7, 1], UnexpectedEnd { offset: 2, needed: 1, left: 0 }),
        ("2^60 elements", 9, b"\x01\x81\x10\0\0\0\0\0\0\0".into(), {
            UnexpectedEnd { offset: 10, needed: 1 << 60, left: 0 }
        }),
        ("Redis's type under Valkey's version", 80, triples(&["f", "v", "0"]), {
            ForeignType { code: 25, version: RdbVersion(80) }
        }),
    ];
    for (what, version, body, error) in cases {
        refused_as(version, what, &body, error);
    }
}

/// Members that come in chunks are compared too, however they are written.
#[test]
fn long_members_are_told_apart() {
    let member = |last: u8| [&vec![b'x'; 70_000][..], &[last]].concat();
    let plain = |last| [b"\x80\x00\x01\x11\x71".as_slice(), &member(last)].concat();
    let compressed = |last| {
        // 1 and 69,999 of one byte, and another.
        let copies = [0xE0, 0xFF, 0].repeat(69_999 / 264);
        let rest = (69_999 % 264) as u8;
        let stream = [b"\0x".as_slice(), &copies, &[0xE0, rest - 9, 0, 0, last]].concat();
        let head = [
            &[0xC3, 0x40 | (stream.len() >> 8) as u8, stream.len() as u8][..],
            b"\x80\x00\x01\x11\x71",
        ];
        [&head.concat()[..], &stream].concat()
    };
    for (first, second) in [
        (plain(1), plain(1)),
        (plain(1), compressed(1)),
        (compressed(1), plain(1)),
        (compressed(1), compressed(1)),
    ] {
        let offset = 2 + first.len() as u64;
        let body = [&[2, 2][..], &first, &second].concat();
        let told = tell(&[seal(&body)], DecodeLimits::default());
        assert_eq!(told.result, Err(DecodeError::Duplicate { offset }));
    }
    let body = [&[2, 3][..], &plain(1), &compressed(2), &compressed(3)].concat();
    assert_eq!(tell(&[seal(&body)], DecodeLimits::default()).result, Ok(RdbVersion(9)));
}

/// Redis 8.2.3 keeps such a field for ever.
#[test]
fn a_time_of_0_is_none_to_redis() {
    let body = [b"\x18".as_slice(), &[0; 8], b"\x02\x01\x01f\x01v\x02\x01g\x01v"].concat();
    let value = decode(seal_as(12, &body), DecodeLimits::default()).unwrap();
    let field = |field: &'static str, expire_at_ms| HashField {
        field: field.into(),
        value: "v".into(),
        expire_at_ms,
    };
    assert_eq!(value, Value::Hash([field("f", None), field("g", Some(1))].into()));
}

/// A longer one is not held until its footer is here, in one piece or in many.
#[test]
fn type_22_of_over_a_mebibyte_is_valkeys() {
    let fields = 100_000_u32;
    let head = [&[22, 0x80][..], &fields.to_be_bytes()].concat();
    let field = |nth: u32| [&[4][..], &nth.to_be_bytes(), b"\x01v"].concat();
    let valkeys: Vec<u8> =
        (0..fields).flat_map(|nth| [&field(nth)[..], &[0xFF; 8]].concat()).collect();
    let rediss: Vec<u8> = (0..fields)
        .flat_map(|nth| [&[0x81, 0, 0, 0, 0, 0, 0, 0, 1][..], &field(nth)].concat())
        .collect();
    let valkeys = [&head[..], &valkeys].concat();
    let rediss = [&head[..], &rediss].concat();
    assert!(valkeys.len() > 1 << 20 && rediss.len() > 1 << 20);
    let told = tell(&[seal_as(80, &valkeys)], DecodeLimits::default());
    assert_eq!(told.result, Ok(RdbVersion(80)));
    let foreign = DecodeError::ForeignType { code: 22, version: RdbVersion(12) };
    for (payload, expected) in
        [(seal_as(12, &valkeys), Some(foreign)), (seal_as(12, &rediss), None)]
    {
        let pieces: Vec<Bytes> = payload.chunks(4096).map(Bytes::copy_from_slice).collect();
        let told = tell(&[payload], DecodeLimits::default());
        assert_eq!(told, tell(&pieces, DecodeLimits::default()));
        assert!(told.result.is_err());
        assert!(expected.is_none() || told.result.err() == expected);
    }
}

#[test]
fn streams_are_refused_for_their_exact_fault() {
    use StreamError::*;
    let at = |ms: u64| StreamId { ms, seq: 0 };
    let blob = || node(&[&["0", "0", "0"]]);
    // Where the parts of a stream with that one node begin.
    let info = 20 + blob().len() as u64;
    let groups = info + 4;
    let with = |nodes: &[(u8, Vec<u8>)], length| {
        let nodes = nodes.iter().map(|(key, blob)| (id(*key), blob.clone())).collect();
        Stream { nodes, length, last_ms: 9, ..Stream::default() }.body()
    };
    let grouped =
        |groups: &[Vec<u8>]| Stream { groups: groups.to_vec(), ..Stream::default() }.body();
    let pending = groups + 5;
    let consumers = |pendings: u64| pending + 25 * pendings + 1;
    let cases: Vec<(&str, Vec<u8>, u64, StreamError)> = vec![
        (
            "a key of 15 bytes",
            { Stream { nodes: vec![(id(1)[1..].into(), blob())], ..Stream::default() }.body() },
            2,
            NodeKey { len: 15 },
        ),
        ("a key twice", with(&[(1, blob()), (1, blob())], 2), info, NodeOrder { key: at(1) }),
        ("no master entry", with(&[(1, listpack(&[]))], 0), 19, MasterEntry { key: at(1) }),
        (
            "a count that is none",
            with(&[(1, listpack(&["x", "0", "0", "0"]))], 0),
            19,
            MasterEntry { key: at(1) },
        ),
        (
            "fewer fields than counted",
            with(&[(1, listpack(&["0", "0", "9", "f", "0"]))], 0),
            19,
            MasterEntry { key: at(1) },
        ),
        (
            "a master entry without an end",
            with(&[(1, listpack(&["0", "0", "1", "f", "1"]))], 0),
            19,
            MasterEntry { key: at(1) },
        ),
        ("flags of 4", with(&[(1, node(&[&["4", "0", "0"]]))], 1), 19, Entry { key: at(1) }),
        (
            "an entry cut short",
            with(&[(1, listpack(&["1", "0", "1", "f", "0", "0", "0", "0", "1", "f"]))], 1),
            19,
            Entry { key: at(1) },
        ),
        (
            "2^63 fields",
            with(
                &[(
                    1,
                    listpack(&[
                        "1",
                        "0",
                        "1",
                        "f",
                        "0",
                        "0",
                        "0",
                        "0",
                        "9223372036854775807",
                        "f",
                        "v",
                        "6",
                    ]),
                )],
                1,
            ),
            19,
            Entry { key: at(1) },
        ),
        (
            "a wrong way back",
            with(
                &[(1, listpack(&["1", "0", "1", "f", "0", "0", "0", "0", "1", "f", "v", "5"]))],
                1,
            ),
            19,
            Entry { key: at(1) },
        ),
        (
            "an ID twice",
            with(&[(1, node(&[&["0", "1", "0"], &["0", "1", "0"]]))], 2),
            19,
            EntryOrder { id: at(2) },
        ),
        (
            "an ID in the next node",
            { with(&[(1, node(&[&["0", "4", "0"]])), (3, blob())], 2) },
            info + 17,
            EntryOrder { id: at(3) },
        ),
        (
            "more entries than counted",
            with(&[(1, counted_node(2, 0, &[&["0", "0", "0"]]))], 1),
            19,
            NodeCount { key: at(1) },
        ),
        (
            "live ones for deleted ones",
            with(&[(1, counted_node(0, 1, &[&["0", "0", "0"]]))], 0),
            19,
            NodeCount { key: at(1) },
        ),
        ("another length", with(&[(1, blob())], 2), info, Length { declared: 2, live: 1 }),
        ("a length of none", with(&[], 1), 2, Length { declared: 1, live: 0 }),
        (
            "a last ID before an entry",
            { Stream { last_ms: 0, ..Stream::default() }.body() },
            info,
            LastId { last_id: at(0), entry: at(1) },
        ),
        (
            "an ID below 0, where the highest are",
            with(&[(1, node(&[&["0", "-2", "0"]]))], 1),
            info + 1,
            LastId { last_id: at(9), entry: at(u64::MAX) },
        ),
        (
            "deleted before it was given",
            { Stream { history: Some((2, 1)), ..Stream::default() }.body() },
            info,
            MaxDeletedId { max_deleted_id: at(2), last_id: at(1) },
        ),
        (
            "fewer added than there are",
            { Stream { history: Some((0, 0)), ..Stream::default() }.body() },
            info,
            EntriesAdded { entries_added: 0, length: 1 },
        ),
        (
            "a group twice",
            { grouped(&[group("g", &[], &[]), group("g", &[], &[])]) },
            groups + 6,
            DuplicateGroup,
        ),
        (
            "a consumer twice",
            { grouped(&[group("g", &[], &[("c", &[]), ("c", &[])])]) },
            consumers(0) + 11,
            DuplicateConsumer,
        ),
        (
            "pending twice",
            grouped(&[group("g", &[1, 1], &[])]),
            pending + 25,
            DuplicatePending { id: at(1) },
        ),
        (
            "not pending",
            grouped(&[group("g", &[], &[("c", &[1])])]),
            consumers(0) + 11,
            NotPending { id: at(1) },
        ),
        (
            "owned twice",
            { grouped(&[group("g", &[1], &[("c", &[1]), ("d", &[1])])]) },
            consumers(1) + 11 + 16 + 11,
            NotPending { id: at(1) },
        ),
        (
            "owned by nobody",
            grouped(&[group("g", &[1, 2], &[("c", &[1])])]),
            consumers(2) + 11 + 16,
            Unowned { unowned: 1 },
        ),
    ];
    for (what, body, offset, cause) in cases {
        refused_as(10, what, &body, DecodeError::Stream { offset, cause });
    }
}
