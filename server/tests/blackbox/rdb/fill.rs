//! Keys of every type, in every encoding that a server makes of its own accord.

use crate::support::{Client, Peer, Reply};

/// When keys and fields that expire do so, in Unix milliseconds: in 2100.
pub(super) const EXPIRE_AT_MS: u64 = 4_102_444_800_000;

/// A library of one function, `answer`.
const LIBRARY: &str = "#!lua name=library\n\
    redis.register_function('answer', function() return 42 end)";

/// Whether a server has field TTLs.
pub(super) fn has_field_ttls(peer: Peer) -> bool {
    matches!(peer, Peer::Redis82 | Peer::Valkey91)
}

/// Whether a server has functions.
pub(super) fn has_functions(peer: Peer) -> bool {
    peer != Peer::Redis62
}

pub(super) fn fill(client: &mut Client, peer: Peer) {
    strings(client);
    lists(client);
    sets(client);
    sorted_sets(client);
    hashes(client);
    streams(client);
    if has_field_ttls(peer) {
        hashes_with_ttls(client);
    }
    if has_functions(peer) {
        assert_eq!(client.cmd(&["FUNCTION", "LOAD", LIBRARY]), Reply::bulk("library"));
    }
    let at = EXPIRE_AT_MS.to_string();
    ok(client, &["RPUSH", "list:expiring", "element"]);
    ok(client, &["PEXPIREAT", "list:expiring", &at]);
    ok(client, &["SELECT", "7"]);
    ok(client, &["SET", "string:elsewhere", "value"]);
    ok(client, &["SET", "string:text", "another value"]);
    ok(client, &["PEXPIREAT", "string:text", &at]);
    ok(client, &["SELECT", "0"]);
}

fn strings(client: &mut Client) {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let words = "compressible words, ".repeat(5_000);
    let noise = noise(200_000);
    let values: [(&[u8], &[u8]); 8] = [
        (b"string:empty", b""),
        (b"string:text", b"hello"),
        (b"string:integer", b"-12345"),
        (b"string:large-integer", b"9223372036854775807"),
        (b"string:bytes", &every_byte),
        (b"string:words", words.as_bytes()),
        (b"string:noise", &noise),
        (b"\0key \"of\"\r\n\xff bytes\\", b"value"),
    ];
    for (key, value) in values {
        assert_eq!(client.cmd(&[b"SET", key, value]), Reply::ok());
    }
}

fn lists(client: &mut Client) {
    ok(client, &["RPUSH", "list:small", "a", "-5", "70000", "a", &"long ".repeat(20)]);
    many(client, "RPUSH", "list:large", (0..3_000).map(|n| vec![format!("element {n}")]));
    // Larger than a node, in the middle.
    let elements = [vec!["first".into()], vec!["x".repeat(20_000)], vec!["last".into()]];
    many(client, "RPUSH", "list:large-element", elements.into_iter());
}

fn sets(client: &mut Client) {
    ok(client, &["SADD", "set:integers", "-1", "2", "70000", "5000000000"]);
    ok(client, &["SADD", "set:small", "a", "b", "3"]);
    many(client, "SADD", "set:large-integers", (0..1_000).map(|n| vec![n.to_string()]));
    many(client, "SADD", "set:large", (0..1_000).map(|n| vec![format!("member {n}")]));
}

fn sorted_sets(client: &mut Client) {
    let small = ["1.5", "a", "inf", "b", "-inf", "c", "3", "d", "0.1", "e", "-1e300", "f"];
    ok(client, &[&["ZADD", "zset:small"], &small[..]].concat());
    let scored = |n: i32| vec![(f64::from(n) / 7.0).to_string(), format!("member {n}")];
    many(client, "ZADD", "zset:large", (-500..500).map(scored));
}

fn hashes(client: &mut Client) {
    ok(client, &["HSET", "hash:small", "field", "value", "1", "2"]);
    let pair = |n: i32| vec![format!("field {n}"), format!("value {n}")];
    many(client, "HSET", "hash:large", (0..1_000).map(pair));
}

fn hashes_with_ttls(client: &mut Client) {
    let at = EXPIRE_AT_MS.to_string();
    ok(client, &["HSET", "hash:small-expiring", "a", "1", "b", "2", "c", "3"]);
    ok(client, &["HPEXPIREAT", "hash:small-expiring", &at, "FIELDS", "1", "b"]);
    ok(client, &["HSET", "hash:all-expiring", "a", "1"]);
    ok(client, &["HPEXPIREAT", "hash:all-expiring", &at, "FIELDS", "1", "a"]);
    let pair = |n: i32| vec![format!("field {n}"), format!("value {n}")];
    many(client, "HSET", "hash:large-expiring", (0..1_000).map(pair));
    for n in (0..1_000).step_by(3) {
        let field = format!("field {n}");
        ok(client, &["HPEXPIREAT", "hash:large-expiring", &at, "FIELDS", "1", &field]);
    }
}

fn streams(client: &mut Client) {
    let key = "stream:large";
    for n in 0..400 {
        let (id, value) = (format!("{n}-1"), format!("value {n}"));
        match n % 5 {
            0 => ok(client, &["XADD", key, &id, "other", &value, "fields", "2"]),
            _ => ok(client, &["XADD", key, &id, "field", &value]),
        }
    }
    for id in ["0-1", "50-1", "51-1", "399-1"] {
        ok(client, &["XDEL", key, id]);
    }
    for (group, consumer) in [("group", "a"), ("group", "b"), ("other\0group", "a")] {
        // The second time it is there.
        client.cmd(&["XGROUP", "CREATE", key, group, "0"]);
        let read = ["XREADGROUP", "GROUP", group, consumer, "COUNT", "20", "STREAMS", key, ">"];
        ok(client, &read);
    }
    ok(client, &["XACK", key, "group", "3-1", "25-1"]);
    ok(client, &["XCLAIM", key, "group", "b", "0", "4-1"]);
    ok(client, &["XGROUP", "CREATE", "stream:empty", "group", "$", "MKSTREAM"]);
}

/// Adds elements, each of these words, a hundred at a time.
#[track_caller]
fn many(client: &mut Client, name: &str, key: &str, elements: impl Iterator<Item = Vec<String>>) {
    let elements: Vec<Vec<String>> = elements.collect();
    for some in elements.chunks(100) {
        let words = some.iter().flatten().map(String::as_str);
        let args: Vec<&str> = [name, key].into_iter().chain(words).collect();
        ok(client, &args);
    }
}

#[track_caller]
fn ok(client: &mut Client, args: &[&str]) {
    let reply = client.cmd(args);
    assert!(!matches!(reply, Reply::Error(_)), "{args:?}: {reply:?}");
}

/// Bytes that do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}
