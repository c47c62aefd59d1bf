//! What is refused here and at real servers, and what is refused here alone, with the reason.

mod common;

use Peer::{Redis62, Redis70, Redis82, Valkey91};
use bytes::Bytes;
use common::{
    body,
    craft::{Stream, counted_node, group, id, intset, listpack, node, string, ziplist},
    golden,
    peer::Peer,
    seal, seal_as,
};
use rdb_format::{DecodeErrorKind, DecodeLimits, RdbVersion, codes, payload::decode};

/// A broken body, and who takes it all the same.
struct Case {
    what: &'static str,
    /// Servers that read no such version are not asked: not what they would crash on either.
    version: u16,
    body: Vec<u8>,
    accepted_by: &'static [Peer],
}

fn case(
    what: &'static str,
    version: u16,
    body: impl AsRef<[u8]>,
    accepted_by: &'static [Peer],
) -> Case {
    Case { what, version, body: body.as_ref().to_vec(), accepted_by }
}

/// What every server refuses that knows the type.
fn refused_by_all() -> Vec<Case> {
    let packed = |code: u8, blob: &[u8]| [&[code][..], &string(blob)].concat();
    let by_all = |what, version, body: Vec<u8>| case(what, version, body, &[]);
    let mut short = listpack(&["f", "v"]);
    short[0] += 1;
    let mut endless = listpack(&["f", "v"]);
    *endless.last_mut().unwrap() = 0;
    let mut short_ziplist = ziplist(&["f", "v"]);
    short_ziplist[0] += 1;
    let entry = || node(&[&["0", "0", "0"]]);
    let stream = |stream: Stream| stream.body();
    let grouped = |groups: Vec<Vec<u8>>| Stream { groups, ..Stream::default() }.body();
    let mut cases = vec![
        by_all("string of an unknown encoding", 9, b"\0\xC4".into()),
        by_all("string of 2^64-1 bytes", 9, b"\0\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx".into()),
        by_all("LZF before the first byte", 9, b"\0\xC3\x02\x03\x20\0".into()),
        by_all("type 6", 9, b"\x06\x01a".into()),
        by_all("type 8", 9, b"\x08\x01a".into()),
        by_all("duplicate member", 9, b"\x02\x02\x01a\x01a".into()),
        by_all("duplicate member of a sorted set", 9, {
            [&b"\x05\x02"[..], b"\x01a", &[0; 8], b"\x01a", &[0; 8]].concat()
        }),
        by_all("duplicate field of a zipmap", 9, packed(9, b"\x02\x01a\x01\0x\x01a\x01\0x\xFF")),
        by_all("NaN", 10, [&b"\x05\x01\x01a"[..], &f64::NAN.to_le_bytes()].concat()),
        by_all("NaN in text", 10, b"\x03\x01\x01a\xFD".into()),
        by_all("score that is no number", 9, b"\x03\x01\x01a\x01x".into()),
        by_all("intset of width 3", 9, packed(11, &intset(3, 1, b"\x01\0\0"))),
        by_all("intset that is short", 9, packed(11, &intset(2, 2, b"\x01\0"))),
        by_all("listpack of another size", 10, packed(16, &short)),
        by_all("listpack without an end", 10, packed(16, &endless)),
        by_all("ziplist of another size", 9, packed(13, &short_ziplist)),
        by_all("container 3", 10, [&[18, 1, 3][..], &string(&listpack(&["a"]))].concat()),
        by_all("plain node without bytes", 10, vec![18, 1, 1, 0]),
        by_all("node without bytes", 10, vec![18, 1, 2, 0]),
        by_all("only empty nodes", 10, [&[18, 1, 2][..], &string(&listpack(&[]))].concat()),
        by_all("node key of 15 bytes", 9, {
            stream(Stream { nodes: vec![(id(1)[1..].into(), entry())], ..Stream::default() })
        }),
        by_all("a node key twice", 9, {
            let nodes = vec![(id(1), entry()), (id(1), entry())];
            stream(Stream { nodes, length: 2, ..Stream::default() })
        }),
        by_all("a node without a master entry", 9, {
            stream(Stream { nodes: vec![(id(1), listpack(&[]))], ..Stream::default() })
        }),
        by_all("duplicate group", 9, grouped(vec![group("g", &[], &[]), group("g", &[], &[])])),
        by_all("an entry pending twice", 9, grouped(vec![group("g", &[1, 1], &[("c", &[1])])])),
        by_all("an entry at a consumer that is not pending", 9, {
            grouped(vec![group("g", &[], &[("c", &[1])])])
        }),
        by_all("Redis field that expires too late", 12, {
            [&b"\x18\0\0\0\0\0\0\0\0\x01\x81"[..], &(1_u64 << 60).to_be_bytes(), b"\x01f\x01v"]
                .concat()
        }),
        by_all("Valkey field that expires before time", 80, {
            [&b"\x16\x01\x01f\x01v"[..], &(-2_i64).to_le_bytes()].concat()
        }),
    ];
    for (code, version) in [(1, 9), (2, 9), (3, 9), (4, 9), (5, 9), (14, 9), (18, 10)] {
        cases.push(by_all("a collection of none", version, vec![code, 0]));
    }
    for code in [10, 12, 13] {
        cases.push(by_all("a ziplist of none", 9, packed(code, &ziplist(&[]))));
    }
    cases.push(by_all("an intset of none", 9, packed(11, &intset(2, 0, b""))));
    for (code, version) in [(16, 10), (17, 10), (20, 11)] {
        cases.push(by_all("a listpack of none", version, packed(code, &listpack(&[]))));
    }
    cases
}

/// What only we refuse, or we and some: `sanitize-dump-payload` is `no`, as by default.
fn refused_here() -> Vec<(&'static str, Vec<Case>)> {
    const ALL: &[Peer] = &Peer::ALL;
    const SINCE_7: &[Peer] = &[Redis70, Redis82, Valkey91];
    const REDIS: &[Peer] = &[Redis62, Redis70, Redis82];
    const REDIS_SINCE_7: &[Peer] = &[Redis70, Redis82];
    let packed = |code: u8, blob: &[u8]| [&[code][..], &string(blob)].concat();
    let triples = |entries: &[&str]| {
        [&[25, 0, 0, 0, 0, 0, 0, 0, 0][..], &string(&listpack(entries))].concat()
    };
    let one_node = |blob: Vec<u8>, length| Stream {
        nodes: vec![(id(1), blob)],
        length,
        last_ms: 9,
        ..Stream::default()
    };
    let two_entries = |seq| one_node(node(&[&["0", "0", "0"], &["0", "0", seq]]), 2).body();
    let grouped = |groups: Vec<Vec<u8>>| Stream { groups, ..Stream::default() }.body();
    let changed = |mut blob: Vec<u8>, at: usize, byte: u8| {
        blob[at] = byte;
        blob
    };
    vec![
        (
            "what nobody means: bytes that are not the value's",
            vec![
                case("R7: a byte behind the value", 9, b"\0\x01ab", ALL),
                case("X10: a string into the footer", 9, b"\0\x0Ahello", ALL),
            ],
        ),
        (
            "a member twice: servers crash when it is converted, or count it twice",
            vec![
                case("field", 9, b"\x04\x02\x01f\x01v\x01f\x01v", REDIS),
                case(
                    "field with TTLs",
                    12,
                    b"\x18\0\0\0\0\0\0\0\0\x02\0\x01f\x01v\0\x01f\x01v",
                    &[Redis82],
                ),
                case("packed member", 11, packed(20, &listpack(&["a", "a"])), &[Redis82]),
                case(
                    "packed field",
                    10,
                    packed(16, &listpack(&["f", "v", "f", "v"])),
                    REDIS_SINCE_7,
                ),
                case(
                    "packed scored member",
                    10,
                    packed(17, &listpack(&["a", "1", "a", "2"])),
                    REDIS_SINCE_7,
                ),
                case(
                    "packed field with TTL",
                    12,
                    triples(&["f", "v", "0", "f", "v", "0"]),
                    &[Redis82],
                ),
                case(
                    "field of a ziplist",
                    9,
                    packed(13, &ziplist(&["f", "v", "f", "v"])),
                    &[Redis62],
                ),
                case("integer", 9, packed(11, &intset(2, 2, b"\x01\0\x01\0")), REDIS),
            ],
        ),
        (
            "a member without its other half: servers crash when they read on",
            vec![
                case("field", 10, packed(16, &listpack(&["f", "v", "g"])), REDIS_SINCE_7),
                case("field with TTL", 12, triples(&["f", "v", "0", "g"]), &[Redis82]),
                case("field of a ziplist", 9, packed(13, &ziplist(&["f", "v", "g"])), &[Redis62]),
            ],
        ),
        (
            "an order that servers search by",
            vec![
                case("integers", 9, packed(11, &intset(2, 2, b"\x02\0\x01\0")), REDIS),
                case(
                    "expiries",
                    12,
                    triples(&["f", "v", "4102444800001", "g", "v", "4102444800000"]),
                    &[Redis82],
                ),
            ],
        ),
        (
            "a score that is none: NaN breaks the order, other texts are taken for 0",
            vec![
                case("NaN", 10, packed(17, &listpack(&["a", "nan"])), REDIS_SINCE_7),
                case("text", 10, packed(17, &listpack(&["a", "high"])), SINCE_7),
                case("text in a ziplist", 9, packed(12, &ziplist(&["a", "high"])), ALL),
            ],
        ),
        (
            "a blob that is not what it says: servers crash when they read it",
            vec![
                case("count", 10, packed(16, &changed(listpack(&["f", "v"]), 4, 3)), REDIS_SINCE_7),
                case(
                    "entry past the end",
                    10,
                    packed(16, &changed(listpack(&["f", "v"]), 9, 0x90)),
                    REDIS_SINCE_7,
                ),
                case(
                    "encoding",
                    10,
                    packed(16, &changed(listpack(&["f", "v"]), 9, 0xF8)),
                    REDIS_SINCE_7,
                ),
                case(
                    "back length",
                    10,
                    packed(16, &changed(listpack(&["f", "v"]), 8, 3)),
                    REDIS_SINCE_7,
                ),
                case(
                    "ziplist count",
                    9,
                    packed(13, &changed(ziplist(&["f", "v"]), 8, 3)),
                    &[Redis62],
                ),
                case(
                    "ziplist tail",
                    9,
                    packed(13, &changed(ziplist(&["f", "v"]), 4, 10)),
                    &[Redis62],
                ),
                case(
                    "previous length",
                    9,
                    packed(13, &changed(ziplist(&["f", "v"]), 13, 4)),
                    &[Redis62],
                ),
            ],
        ),
        (
            "a stream that counts wrong",
            vec![
                case(
                    "entries",
                    9,
                    one_node(counted_node(2, 0, &[&["0", "0", "0"]]), 1).body(),
                    REDIS,
                ),
                case(
                    "deleted entries",
                    9,
                    one_node(counted_node(0, 1, &[&["0", "0", "0"]]), 1).body(),
                    REDIS,
                ),
                case("length", 9, Stream { length: 2, ..Stream::default() }.body(), REDIS),
                case(
                    "length of none",
                    9,
                    Stream { nodes: vec![], length: 1, ..Stream::default() }.body(),
                    &[Redis62],
                ),
            ],
        ),
        (
            "a stream whose IDs do not ascend: ranges lose entries, the next XADD gives an ID twice",
            vec![
                case("repeated", 9, two_entries("0"), ALL),
                case(
                    "overlapping",
                    9,
                    {
                        let nodes = vec![
                            (id(1), node(&[&["0", "0", "0"], &["0", "5", "0"]])),
                            (id(3), node(&[&["0", "0", "0"]])),
                        ];
                        Stream { nodes, length: 3, last_ms: 9, ..Stream::default() }.body()
                    },
                    ALL,
                ),
                case("last ID", 9, Stream { last_ms: 0, ..Stream::default() }.body(), ALL),
                case(
                    "deleted ID",
                    10,
                    Stream { history: Some((9, 1)), ..Stream::default() }.body(),
                    SINCE_7,
                ),
                case(
                    "entries added",
                    10,
                    Stream { history: Some((0, 0)), ..Stream::default() }.body(),
                    SINCE_7,
                ),
            ],
        ),
        (
            "a pending entry without one owner: servers crash, or acknowledge it for one of two",
            vec![
                case("none", 9, grouped(vec![group("g", &[1], &[("c", &[])])]), REDIS),
                case(
                    "two",
                    9,
                    grouped(vec![group("g", &[1], &[("c", &[1]), ("d", &[1])])]),
                    &[Redis62, Redis82],
                ),
                case(
                    "consumer twice",
                    9,
                    grouped(vec![group("g", &[1], &[("c", &[1]), ("c", &[])])]),
                    &[Redis62],
                ),
            ],
        ),
    ]
}

#[test]
fn bad_data_is_refused_here_and_accepted_only_by_whom_the_table_names() {
    let mut cases = refused_by_all();
    cases.extend(refused_here().into_iter().flat_map(|(_, cases)| cases));
    for Case { what, version, body, .. } in &cases {
        let error = decode(seal_as(*version, body), DecodeLimits::default()).expect_err(what);
        assert_eq!(error.kind(), DecodeErrorKind::BadData, "{what}: {error}");
    }
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        for Case { what, version, body, accepted_by } in &cases {
            if !server.peer.target().accepts(RdbVersion(*version)) {
                continue;
            }
            let answer = client.restore("key", &seal_as(*version, body));
            if accepted_by.contains(&server.peer) {
                assert_eq!(answer, Ok(()), "{what} at {:?}", server.peer);
            } else {
                let refused = answer.as_ref().is_err_and(|error| error.contains("Bad data format"));
                assert!(refused, "{what} at {:?}: {answer:?}", server.peer);
            }
        }
    }
}

#[test]
fn footers_are_refused_as_the_peers_refuse_them() {
    let good = seal(b"\0\x05hello");
    let mut wrong_crc = good.to_vec();
    wrong_crc[9] ^= 1;
    let mut no_crc = good.to_vec();
    no_crc[9..].fill(0);
    let payloads: [Bytes; 5] =
        [wrong_crc.into(), no_crc.into(), good.slice(..9), Bytes::new(), seal_as(81, b"\0\x01a")];
    for payload in &payloads {
        let error = decode(payload.clone(), DecodeLimits::default()).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::VersionOrChecksum, "{error}");
    }
    for server in Peer::ALL.into_iter().filter_map(|peer| peer.start(&[])) {
        let mut client = server.connect();
        for payload in &payloads {
            let answer = client.restore("key", payload);
            let refused = answer
                .as_ref()
                .is_err_and(|error| error.contains("DUMP payload version or checksum are wrong"));
            assert!(refused, "{payload:x?} at {:?}: {answer:?}", server.peer);
        }
    }
}

/// With every check that they have on, the servers refuse nothing that is taken here.
#[test]
fn what_a_strict_peer_refuses_is_refused() {
    for (peer, args) in [(Redis82, &["--sanitize-dump-payload", "yes"][..]), (Valkey91, &[])] {
        let Some(server) = peer.start(args) else { continue };
        let mut client = server.connect();
        let mut both = 0;
        // Of what a module keeps only the module knows what is sound.
        for case in golden().into_iter().filter(|case| case.code != codes::MODULE) {
            if !peer.target().accepts(RdbVersion(case.version)) || case.answers[peer.name()] != "OK"
            {
                continue;
            }
            let body = body(&case.payload);
            let step = 1 + body.len() / 40;
            for at in (0..body.len()).step_by(step) {
                let mut changed = body.to_vec();
                changed[at] ^= 1 << (at % 8);
                let payload = seal_as(case.version, &changed);
                let ours = decode(payload.clone(), DecodeLimits::default());
                if let Err(answer) = client.restore("key", &payload) {
                    assert!(answer.contains("Bad data format"), "{}, {at}: {answer}", case.id);
                    let what = format!("{}: {}, {at}", case.id, case.key);
                    assert!(ours.is_err(), "{what}: {peer:?} does not take {ours:?}");
                    both += 1;
                }
            }
        }
        assert!(both > 1000, "{both}");
    }
}
