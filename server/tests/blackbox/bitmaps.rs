//! Bitmaps and bitfields: what the random comparison with a reference does not reach.

use crate::strings::noise;
use crate::support::{Client, Peer, Reply, Server};

fn integers(client: &mut Client, args: &[&str]) -> Vec<Option<i64>> {
    let number = |reply| match reply {
        Reply::Nil => None,
        reply => Some(Reply::into_integer(reply)),
    };
    client.cmd(args).into_array().into_iter().map(number).collect()
}

/// No string gets longer than `proto-max-bulk-len`, but for the rest of a field that begins there.
#[test]
fn bits_have_room_up_to_the_limit_of_a_bulk() {
    let keyferry = Server::keyferry(&["--proto-max-bulk-len", "1mb"]);
    let mut client = keyferry.client();
    let refused = Reply::error("ERR bit offset is not an integer or out of range");
    let (last, after) = ((1 << 23) - 1, 1 << 23);
    assert_eq!(client.cmd(&["SETBIT", "key", &last.to_string(), "1"]), Reply::Integer(0));
    assert_eq!(client.cmd(&["STRLEN", "key"]), Reply::Integer(1 << 20));
    assert_eq!(client.cmd(&["GETBIT", "key", &last.to_string()]), Reply::Integer(1));
    for command in [
        &["SETBIT", "key", &after.to_string(), "1"][..],
        &["GETBIT", "key", &after.to_string()],
        &["BITFIELD", "key", "SET", "u1", &after.to_string(), "1"],
        &["BITFIELD", "key", "GET", "u8", &format!("#{}", after / 8)],
        // The product has more than 64 bits.
        &["BITFIELD", "key", "GET", "u8", "#2305843009213693952"],
    ] {
        assert_eq!(client.cmd(command), refused, "{command:?}");
    }
    let field = last.to_string();
    let set = ["BITFIELD", "key", "SET", "i64", &field, "-1", "GET", "u2", &field];
    assert_eq!(integers(&mut client, &set), [Some(i64::MIN), Some(3)]);
    assert_eq!(client.cmd(&["STRLEN", "key"]), Reply::Integer((1 << 20) + 8));
}

/// Long strings, of which words and blocks are taken at once: all replies are those of the reference.
#[test]
fn long_bitmaps_are_those_of_redis_7_0() {
    let Some(peer) = Server::peer(Peer::Redis70, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    let (mut ours, mut theirs) = (keyferry.client(), peer.client());
    let mut same = |args: &[&[u8]]| {
        let (ours, theirs) = (ours.cmd(args), theirs.cmd(args));
        assert_eq!(ours, theirs, "{:?}", args.iter().map(|it| it.escape_ascii().to_string()));
    };
    let noise = noise(70_001);
    same(&[b"SET", b"noise", &noise]);
    same(&[b"SET", b"zeros", &vec![0; 100_003]]);
    same(&[b"SET", b"ones", &vec![0xff; 50_002]]);
    for op in ["AND", "OR", "XOR"] {
        same(&[b"BITOP", op.as_bytes(), op.as_bytes(), b"ones", b"noise", b"none", b"zeros"]);
        same(&[b"GET", op.as_bytes()]);
    }
    same(&[b"BITOP", b"NOT", b"not", b"noise"]);
    same(&[b"GET", b"not"]);
    for key in ["noise", "zeros", "ones", "not"] {
        let key = key.as_bytes();
        same(&[b"BITCOUNT", key]);
        for (start, end) in [(0, -1), (3, 400_001), (-400_001, -3), (63, 64), (65, 129), (8, 7)] {
            let (start, end) = (start.to_string(), end.to_string());
            for unit in ["BYTE", "BIT"] {
                let range = [start.as_bytes(), end.as_bytes(), unit.as_bytes()];
                same(&[&[b"BITCOUNT", key][..], &range].concat());
                for bit in [b"0", b"1"] {
                    same(&[&[b"BITPOS", key, bit][..], &range].concat());
                    same(&[b"BITPOS", key, bit]);
                    same(&[b"BITPOS", key, bit, start.as_bytes()]);
                }
            }
        }
    }
}

/// What was a number keeps its text, what expires its time, and the result of BITOP has none.
#[test]
fn bits_are_set_in_what_is_there() {
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    assert_eq!(client.cmd(&["SET", "key", "12", "EX", "100"]), Reply::ok());
    assert_eq!(client.cmd(&["SETBIT", "key", "6", "1"]), Reply::Integer(0));
    assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("32"));
    assert_eq!(client.cmd(&["INCR", "key"]), Reply::Integer(33));
    assert_eq!(integers(&mut client, &["BITFIELD", "key", "INCRBY", "u8", "8", "1"]), [Some(52)]);
    assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("34"));
    assert_ne!(client.cmd(&["TTL", "key"]), Reply::Integer(-1));
    assert_eq!(client.cmd(&["BITOP", "OR", "key", "key"]), Reply::Integer(2));
    assert_eq!(client.cmd(&["TTL", "key"]), Reply::Integer(-1));
    assert_eq!(client.cmd(&["BITOP", "OR", "key", "none"]), Reply::Integer(0));
    assert_eq!(client.cmd(&["EXISTS", "key"]), Reply::Integer(0));
}

/// A field that does not fit is not changed, but the string has become long enough for it.
#[test]
fn a_field_that_fails_leaves_the_string_longer() {
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    let set = ["BITFIELD", "key", "OVERFLOW", "FAIL", "SET", "u8", "100", "256"];
    assert_eq!(integers(&mut client, &set), [None]);
    assert_eq!(client.cmd(&["STRLEN", "key"]), Reply::Integer(14));
    let get = ["BITFIELD", "other", "GET", "i64", "100"];
    assert_eq!(integers(&mut client, &get), [Some(0)]);
    assert_eq!(client.cmd(&["EXISTS", "other"]), Reply::Integer(0));
}
