//! DUMP and RESTORE of strings: the bytes of a payload, the order of the checks and the text of
//! each error, as Redis 7.0.15 has them. Each table is run against both; where the reference has a
//! defect (X9, X10) or is loose without use (R7), keyferry alone is asked.

use crate::strings::values;
use crate::support::{Client, Kind, Peer, Reply, Server};

/// A payload with a valid footer: RDB version and CRC-64, both little-endian (D2).
pub(crate) fn payload(body: &[u8], version: u16) -> Vec<u8> {
    let mut bytes = [body, &version.to_le_bytes()].concat();
    bytes.extend(crc64(&bytes).to_le_bytes());
    bytes
}

/// CRC-64 with the polynomial of Jones, reflected, bit by bit (D2).
fn crc64(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0xad93_d235_94c9_35a9_u64.reverse_bits();
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 }
        })
    })
}

/// The payload of "value".
fn value() -> Vec<u8> {
    payload(b"\x00\x05value", 9)
}

/// A payload whose footer no server accepts.
fn broken() -> Vec<u8> {
    let mut bytes = value();
    bytes[9] ^= 1;
    bytes
}

#[test]
fn the_checksum_is_the_one_of_the_format() {
    assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
}

const ARITY: &str = "-ERR wrong number of arguments for 'restore' command";
pub(crate) const SYNTAX: &str = "-ERR syntax error";
const NUMBER: &str = "-ERR value is not an integer or out of range";
pub(crate) const BUSY: &str = "-BUSYKEY Target key name already exists.";
pub(crate) const TTL: &str = "-ERR Invalid TTL value, must be >= 0";
const IDLETIME: &str = "-ERR Invalid IDLETIME value, must be >= 0";
const FREQ: &str = "-ERR Invalid FREQ value, must be >= 0 and <= 255";
pub(crate) const FOOTER: &str = "-ERR DUMP payload version or checksum are wrong";
pub(crate) const FORMAT: &str = "-ERR Bad data format";

/// Arguments of RESTORE, where `VALUE` stands for a good payload and `BROKEN` for one with a wrong
/// checksum, and the reply. "old" exists before, "new" does not.
#[rustfmt::skip]
pub(crate) const ORDER_OF_CHECKS: &[(&str, &[&str], &str)] = &[
    ("arity", &[], ARITY),
    ("arity", &["new"], ARITY),
    ("arity", &["new", "0"], ARITY),
    ("R1", &["new", "0", "VALUE", "NOPE"], SYNTAX),
    ("R1", &["new", "0", "VALUE", ""], SYNTAX),
    ("R1", &["new", "0", "VALUE", "REPLACE", "NOPE"], SYNTAX),
    ("R1", &["new", "0", "VALUE", "IDLETIME"], SYNTAX),
    ("R1", &["new", "0", "VALUE", "FREQ"], SYNTAX),
    ("R1", &["new", "0", "VALUE", "IDLETIME", "1", "FREQ", "1"], SYNTAX),
    ("R1", &["new", "0", "VALUE", "FREQ", "1", "IDLETIME", "1"], SYNTAX),
    ("R1", &["new", "0", "VALUE", "IDLETIME", "x"], NUMBER),
    ("R1", &["new", "0", "VALUE", "IDLETIME", "1.5"], NUMBER),
    ("R1", &["new", "0", "VALUE", "IDLETIME", "9223372036854775808"], NUMBER),
    ("R1", &["new", "0", "VALUE", "FREQ", "x"], NUMBER),
    ("R1", &["new", "0", "VALUE", "IDLETIME", "-1"], IDLETIME),
    ("R1", &["new", "0", "VALUE", "FREQ", "-1"], FREQ),
    ("R1", &["new", "0", "VALUE", "FREQ", "256"], FREQ),
    ("R1", &["new", "0", "VALUE", "IDLETIME", "x", "NOPE"], NUMBER),
    ("R1", &["new", "0", "VALUE", "NOPE", "IDLETIME", "x"], SYNTAX),
    ("R1", &["new", "0", "VALUE", "IDLETIME", "-1", "IDLETIME", "x"], IDLETIME),
    ("R1", &["old", "x", "BROKEN", "NOPE"], SYNTAX),
    ("R1", &["old", "x", "BROKEN", "FREQ", "x"], NUMBER),
    ("R1", &["old", "x", "BROKEN", "FREQ", "256"], FREQ),
    ("R2", &["old", "0", "VALUE"], BUSY),
    ("R2", &["old", "x", "VALUE"], BUSY),
    ("R2", &["old", "-1", "VALUE"], BUSY),
    ("R2", &["old", "0", "BROKEN"], BUSY),
    ("R2", &["old", "0", ""], BUSY),
    ("R2", &["old", "0", "VALUE", "ABSTTL", "IDLETIME", "1"], BUSY),
    ("R3", &["new", "x", "VALUE"], NUMBER),
    ("R3", &["new", "", "VALUE"], NUMBER),
    ("R3", &["new", "+1", "VALUE"], NUMBER),
    ("R3", &["new", "9223372036854775808", "VALUE"], NUMBER),
    ("R3", &["new", "-1", "VALUE"], TTL),
    ("R3", &["new", "-9223372036854775808", "VALUE"], TTL),
    ("R3", &["new", "-1", "VALUE", "ABSTTL"], TTL),
    ("R3", &["new", "x", "BROKEN"], NUMBER),
    ("R3", &["new", "-1", "BROKEN"], TTL),
    ("R3", &["old", "x", "BROKEN", "REPLACE"], NUMBER),
    ("R3", &["old", "-1", "BROKEN", "REPLACE"], TTL),
    ("R4", &["new", "0", "BROKEN"], FOOTER),
    ("R4", &["new", "0", ""], FOOTER),
    ("R4", &["new", "0", "123456789"], FOOTER),
    ("R4", &["new", "0", "1234567890"], FOOTER),
    ("R4", &["old", "0", "BROKEN", "REPLACE"], FOOTER),
    ("R9", &["new", "1", "BROKEN", "ABSTTL"], FOOTER),
];

#[test]
fn checks_come_in_the_order_of_the_reference() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        client.cmd(&["SET", "old", "kept"]);
        for (rule, args, reply) in ORDER_OF_CHECKS {
            let args = args.iter().map(|arg| match *arg {
                "VALUE" => value(),
                "BROKEN" => broken(),
                arg => arg.into(),
            });
            let command: Vec<Vec<u8>> = [b"RESTORE".to_vec()].into_iter().chain(args).collect();
            let context = format!("{kind:?}, {rule}: {:?}", &command[1..]);
            assert_eq!(client.cmd(&command), Reply::line(reply), "{context}");
            assert_eq!(
                client.cmd(&["MGET", "old", "new"]).into_array(),
                [Reply::bulk("kept"), Reply::Nil]
            );
        }
    }
}

/// Good option lists: R1, R8, R10.
#[test]
fn options_may_come_in_any_order_and_again() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        for options in [
            [].as_slice(),
            &["REPLACE"],
            &["replace", "Replace"],
            &["ABSTTL"],
            &["ABSTTL", "REPLACE", "absttl"],
            &["IDLETIME", "0"],
            &["idletime", "1000", "IDLETIME", "9223372036854775807"],
            &["FREQ", "0"],
            &["freq", "255", "REPLACE"],
        ] {
            client.cmd(&["DEL", "new"]);
            let value = value();
            let mut command = vec![&b"RESTORE"[..], b"new", b"0", &value];
            command.extend(options.iter().map(|option| option.as_bytes()));
            assert_eq!(client.cmd(&command), Reply::ok(), "{kind:?}: {options:?}");
            assert_eq!(client.cmd(&["GET", "new"]), Reply::bulk("value"));
            assert_eq!(client.cmd(&["PTTL", "new"]), Reply::Integer(-1), "R8: 0 is no expiry");
        }
    }
}

/// R8, R9.
#[test]
fn an_expiry_is_relative_or_absolute() {
    const FAR_MS: i64 = 4_102_444_800_000; // 2100-01-01

    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        let restore = |client: &mut Client, ttl: &str, options: &[&str]| {
            let value = value();
            let mut command = vec![&b"RESTORE"[..], b"key", ttl.as_bytes(), &value, b"REPLACE"];
            command.extend(options.iter().map(|option| option.as_bytes()));
            assert_eq!(client.cmd(&command), Reply::ok(), "{kind:?}: {ttl} {options:?}");
        };
        restore(&mut client, "100000", &[]);
        let left_ms = client.cmd(&["PTTL", "key"]).into_integer();
        assert!((90_000..=100_000).contains(&left_ms), "{kind:?}: {left_ms}");

        restore(&mut client, "1", &[]);
        client.cmd(&["SET", "key", "old"]);
        for ms in [FAR_MS, i64::MAX] {
            restore(&mut client, &ms.to_string(), &["ABSTTL"]);
            assert_eq!(client.cmd(&["PEXPIRETIME", "key"]), Reply::Integer(ms), "{kind:?}");
        }
        restore(&mut client, "0", &[]);
        assert_eq!(client.cmd(&["PTTL", "key"]), Reply::Integer(-1), "{kind:?}");

        // R9: a time that has passed is a success that leaves no key, not even the old one.
        restore(&mut client, "1", &["ABSTTL"]);
        assert_eq!(client.cmd(&["EXISTS", "key"]), Reply::Integer(0), "{kind:?}");
        restore(&mut client, "1", &["ABSTTL"]);
        assert_eq!(client.cmd(&["EXISTS", "key"]), Reply::Integer(0), "{kind:?}");
    }
}

/// X9: the reference takes the overflow for a time in the past, and the key is gone.
#[test]
fn an_expiry_that_overflows_is_refused() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    client.cmd(&["SET", "key", "old"]);
    for ttl in [i64::MAX, i64::MAX - 1, i64::MAX - 1_000_000_000_000] {
        let value = value();
        let command = [&b"RESTORE"[..], b"key", ttl.to_string().as_bytes(), &value, b"REPLACE"]
            .map(<[u8]>::to_vec);
        let reply = client.cmd(&command);
        assert!(reply.is_error("ERR "), "{ttl}: {reply:?}");
        assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("old"));
    }
}

/// R5: what a version promises is its own; a string reads the same in all of them.
#[test]
fn footers_are_accepted_by_their_version() {
    for (kind, accepted) in
        Kind::REFERENCE_AND_KEYFERRY.into_iter().zip([[0..=10, 0..=10], [0..=12, 80..=80]])
    {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        for version in (0..=100).chain([255, 256, 0x0900, 0x5000, u16::MAX]) {
            let payload = payload(b"\x00\x05value", version);
            let reply = client.cmd(&[&b"RESTORE"[..], b"key", b"0", &payload, b"REPLACE"]);
            let is_known = accepted.iter().any(|range| range.contains(&version));
            let expected = if is_known { "+OK" } else { FOOTER };
            assert_eq!(reply, Reply::line(expected), "{kind:?}: version {version}");
        }
    }
}

/// R4: a payload is good as a whole or not at all.
#[test]
fn every_bit_of_a_payload_counts() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        client.cmd(&["SET", "key", "kept"]);
        let whole = value();
        let mut check = |payload: &[u8], what: String| {
            let reply = client.cmd(&[&b"RESTORE"[..], b"key", b"0", payload, b"REPLACE"]);
            assert_eq!(reply, Reply::line(FOOTER), "{kind:?}: {what}");
        };
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            check(&flipped, format!("bit {bit} flipped"));
        }
        for len in 0..whole.len() {
            check(&whole[..len], format!("cut to {len} bytes"));
        }
        let mut zeroed = whole.clone();
        zeroed[9..].fill(0);
        check(&zeroed, "a checksum of zero is not special".into());
        assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("kept"), "{kind:?}");
    }
}

/// Every way to write the length or the bytes of a string.
#[test]
fn every_form_of_a_string_is_read() {
    let forms: [(&[u8], &[u8]); 15] = [
        (b"\x00\x00", b""),
        (b"\x00\x05value", b"value"),
        (b"\x00\x40\x05value", b"value"),
        (b"\x00\x80\x00\x00\x00\x05value", b"value"),
        (b"\x00\x81\x00\x00\x00\x00\x00\x00\x00\x05value", b"value"),
        (b"\x00\xc0\x7f", b"127"),
        (b"\x00\xc0\x80", b"-128"),
        (b"\x00\xc1\xff\x7f", b"32767"),
        (b"\x00\xc1\x00\x80", b"-32768"),
        (b"\x00\xc1\x01\x00", b"1"),
        (b"\x00\xc2\xff\xff\xff\x7f", b"2147483647"),
        (b"\x00\xc2\x00\x00\x00\x80", b"-2147483648"),
        (b"\x00\xc2\xff\xff\xff\xff", b"-1"),
        // LZF: a literal of one byte, then copies of it.
        (b"\x00\xc3\x05\x18\x00a\xe0\x0e\x00", b"aaaaaaaaaaaaaaaaaaaaaaaa"),
        (b"\x00\xc3\x06\x05\x04value", b"value"),
    ];
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        for (body, value) in forms {
            let payload = payload(body, 9);
            let reply = client.cmd(&[&b"RESTORE"[..], b"key", b"0", &payload, b"REPLACE"]);
            assert_eq!(reply, Reply::ok(), "{kind:?}: {}", body.escape_ascii());
            assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk(value), "{kind:?}");
        }
    }
}

/// R6: the checksum is right and the value is not; what was there stays.
#[test]
fn a_broken_value_is_refused() {
    let shared: [(&str, &[u8]); 15] = [
        ("no value", b""),
        ("a length that is reserved", b"\x00\x82\x00\x00\x00\x05value"),
        ("an encoding that does not exist", b"\x00\xc4\x05value"),
        ("a type that was never given", b"\x08\x05value"),
        ("a type beyond all", b"\x64\x05value"),
        ("an opcode: end of file", b"\xff\x05value"),
        ("an opcode: select a database", b"\xfe\x05value"),
        ("an opcode: expiry", b"\xfc\x05value"),
        ("a length beyond the payload", b"\x00\x7f\xffvalue"),
        ("a length of 4 GB", b"\x00\x80\xff\xff\xff\xffvalue"),
        ("a length of 2^63", b"\x00\x81\x80\x00\x00\x00\x00\x00\x00\x00value"),
        ("a length of 2^64 - 1", b"\x00\x81\xff\xff\xff\xff\xff\xff\xff\xffvalue"),
        ("LZF of the wrong length", b"\x00\xc3\x06\x04\x04value"),
        ("LZF that refers to before its start", b"\x00\xc3\x05\x18\x00a\xe0\x0e\x05"),
        ("LZF of 4 GB", b"\x00\xc3\x05\x80\xff\xff\xff\xff\x00a\xe0\x0e\x00"),
    ];
    // The reference reads on into the footer (X10) or does not look at what is left (R7).
    let strict: [(&str, &[u8]); 8] = [
        ("a type and nothing else", b"\x00"),
        ("a length without its second byte", b"\x00\x40"),
        ("a string of one byte that claims five", b"\x00\x05a"),
        ("an integer without its byte", b"\x00\xc0"),
        ("an integer of 32 bits with two bytes", b"\x00\xc2\x01\x02"),
        ("LZF that ends in the footer", b"\x00\xc3\x08\x05\x04value"),
        ("a byte left over", b"\x00\x05value!"),
        ("a second value", b"\x00\x05value\x00\x05value"),
    ];
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        client.cmd(&["SET", "key", "kept"]);
        let strict = if kind == Kind::Keyferry { &strict[..] } else { &[] };
        for (what, body) in shared.iter().chain(strict) {
            for version in [9, 10] {
                let payload = payload(body, version);
                let reply = client.cmd(&[&b"RESTORE"[..], b"key", b"0", &payload, b"REPLACE"]);
                assert_eq!(reply, Reply::line(FORMAT), "{kind:?}: {what}");
            }
            assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("kept"), "{kind:?}: {what}");
        }
    }
}

/// D1.
#[test]
fn a_key_that_is_not_there_has_no_dump() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        assert_eq!(client.cmd(&["DUMP", "missing"]), Reply::Nil);
        client.cmd(&["SET", "key", "value", "PXAT", "1"]);
        assert_eq!(client.cmd(&["DUMP", "key"]), Reply::Nil);
        for args in [["DUMP"].as_slice(), &["DUMP", "a", "b"]] {
            let arity = "ERR wrong number of arguments for 'dump' command";
            assert_eq!(client.cmd(args), Reply::error(arity), "{kind:?}");
        }
    }
}

/// `dump-compression`, and `rdbcompression` where that leaves it open.
#[test]
fn what_is_dumped_is_compressed_as_configured() {
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    client.cmd(&["MSET", "small", &"a".repeat(1024), "large", &"a".repeat(1025)]);
    client.cmd(&["RPUSH", "packed", &"a".repeat(500), &"a".repeat(500)]);
    for (dump, rdb, small, large) in [
        ("auto", "yes", false, true),
        ("auto", "no", false, false),
        ("yes", "no", true, true),
        ("no", "yes", false, false),
    ] {
        client.cmd(&["CONFIG", "SET", "dump-compression", dump, "rdbcompression", rdb]);
        for (key, is_compressed) in [("small", small), ("packed", small), ("large", large)] {
            let payload = client.cmd(&["DUMP", key]).into_bulk();
            assert_eq!(payload.len() < 100, is_compressed, "{key}, {dump} {rdb}");
        }
    }
}

/// D2, D3, D4: the body is the one that Redis writes, except where strings are compressed, and the
/// version is one that all peers read. Long strings are sent as they are.
#[test]
fn a_dump_is_made_as_the_reference_makes_it() {
    let Some(reference) = Server::peer(Peer::Redis70, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    let (mut reference, mut keyferry) = (reference.client(), keyferry.client());
    let values: Vec<_> = values().into_iter().filter(|value| value.len() <= 64 * 1024).collect();
    for compression in ["yes", "no"] {
        reference.cmd(&["CONFIG", "SET", "rdbcompression", compression]);
        keyferry.cmd(&["CONFIG", "SET", "dump-compression", compression]);
        for value in &values {
            let dump = |client: &mut Client| {
                client.cmd(&[b"SET", &b"key"[..], value]);
                client.cmd(&["DUMP", "key"]).into_bulk()
            };
            let (theirs, ours) = (dump(&mut reference), dump(&mut keyferry));
            let (body, footer) = ours.split_at(ours.len() - 10);
            let version = u16::from_le_bytes([footer[0], footer[1]]);
            assert!(version <= 9, "version {version}");
            assert_eq!(payload(body, version), ours, "the checksum of {}", ours.escape_ascii());
            let their_body = &theirs[..theirs.len() - 10];
            let is_compressed = |body: &[u8]| body[1] == 0xc3;
            assert_eq!(is_compressed(body), is_compressed(their_body), "{} bytes", value.len());
            if is_compressed(body) {
                let worse = body.len() as f64 / their_body.len() as f64;
                assert!(worse < 1.1, "{} bytes of payload, not {}", body.len(), their_body.len());
            } else {
                assert_eq!(body.escape_ascii().to_string(), their_body.escape_ascii().to_string());
            }
        }
    }
}

#[test]
fn dumps_are_understood_in_both_directions() {
    for peer in [Peer::Redis62, Peer::Redis70, Peer::Redis82, Peer::Valkey91] {
        let Some(peer) = Server::peer(peer, &[]) else { continue };
        let keyferry = Server::keyferry(&[]);
        let (mut theirs, mut ours) = (peer.client(), keyferry.client());
        for value in values() {
            for (from, to) in [(0, 1), (1, 0)] {
                let clients = &mut [&mut theirs, &mut ours];
                clients[from].cmd(&[b"SET", &b"key"[..], &value]);
                let payload = clients[from].cmd(&["DUMP", "key"]).into_bulk();
                let restore = [&b"RESTORE"[..], b"key", b"0", &payload, b"REPLACE"];
                assert_eq!(clients[to].cmd(&restore), Reply::ok(), "{:?}", peer.kind());
                assert_eq!(clients[to].cmd(&["GET", "key"]), Reply::bulk(&value));
            }
        }
    }
}
