//! The commands of hashes.

use super::lines::agree;
use crate::support::{Peer, Reply, Server};

#[test]
fn fields_are_set_read_and_removed_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        HSET h a 1 b 2 a 3
        HSET h a 4 c 5
        HSET h
        HSET h a
        HSET h a 1 b
        HMSET h a 1 b
        HMSET h a 6
        HSETNX h a 7
        HSETNX h d 7
        HSETNX new '' ''
        HGET h a
        HGET h none
        HGET none a
        HGET new ''
        HMGET h a none b a
        HMGET none a b
        ? HGETALL h
        ? HKEYS h
        ? HVALS h
        HGETALL none
        HLEN h
        HLEN none
        HEXISTS h a
        HEXISTS h none
        HEXISTS none a
        HSTRLEN h a
        HSET h long x*100 number -1234567890123
        HSTRLEN h long
        HSTRLEN h number
        HSTRLEN h none
        HSTRLEN none none
        HDEL h a none a b
        HDEL none a
        HDEL h c d long number
        EXISTS h
        TYPE new
        TYPE h
        ",
    );
}

#[test]
fn fields_are_incremented_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        HINCRBY h n 5
        HINCRBY h n -7
        HINCRBY h n 9223372036854775807
        HINCRBY h n 9223372036854775807
        HINCRBY h n x
        HINCRBY h n 1.5
        HINCRBY h n 9223372036854775808
        HSET h text abc padded 01 float 1.0 empty ''
        HINCRBY h text 1
        HINCRBY h padded 1
        HINCRBY h float 1
        HINCRBY h empty 1
        HINCRBY h min -9223372036854775808
        HINCRBY h min -1
        HINCRBY none text x
        EXISTS none
        ? HGETALL h
        ",
    );
}

#[test]
fn other_types_and_arities_are_refused_as_by_redis_7_0() {
    let mut lines = String::from("SET s 1\n");
    for request in [
        "HSET s a 1",
        "HMSET s a 1",
        "HSET s a",
        "HSETNX s a 1",
        "HGET s a",
        "HMGET s a",
        "HGETALL s",
        "HKEYS s",
        "HVALS s",
        "HDEL s a",
        "HLEN s",
        "HEXISTS s a",
        "HSTRLEN s a",
        "HINCRBY s a 1",
        "HINCRBY s a x",
        "HRANDFIELD s",
        "HRANDFIELD s 1",
        "HRANDFIELD s x",
        "HSCAN s 0",
        "HSCAN s x",
        "HSCAN s 0 NOPE",
    ] {
        lines += request;
        lines += "\n";
    }
    for name in [
        "HSET",
        "HMSET",
        "HSETNX",
        "HGET",
        "HMGET",
        "HGETALL",
        "HKEYS",
        "HVALS",
        "HDEL",
        "HLEN",
        "HEXISTS",
        "HSTRLEN",
        "HINCRBY",
        "HRANDFIELD",
        "HSCAN",
    ] {
        lines += &format!("{name}\n{name} s\n{name} s a\n{name} s a 1 2 3 4 5\n");
    }
    agree(Peer::Redis70, &lines);
}

#[test]
fn random_fields_are_drawn_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        HRANDFIELD none
        HRANDFIELD none 5
        HRANDFIELD none -5
        HRANDFIELD none 5 WITHVALUES
        HSET h a 1 b 2 c 3
        HRANDFIELD h 0
        ? HRANDFIELD h 3
        ? HRANDFIELD h 4
        ? HRANDFIELD h 9223372036854775807
        ? HRANDFIELD h 3 withvalues
        HRANDFIELD h 9223372036854775807 WITHVALUES
        HRANDFIELD h -9223372036854775807 WITHVALUES
        HRANDFIELD h -9223372036854775808
        HRANDFIELD h x
        HRANDFIELD h x NOPE
        HRANDFIELD h 1 NOPE
        HRANDFIELD h 1 WITHVALUES NOPE
        HSET one a 1
        HRANDFIELD one
        HRANDFIELD one -3
        HRANDFIELD one -3 WITHVALUES
        ",
    );
}

#[test]
fn hashes_are_scanned_as_by_redis_8_2() {
    agree(
        Peer::Redis82,
        "
        HSCAN none 0
        HSCAN none 0 NOPE
        HSCAN none x
        HSET h a 1 b 2 ab 3
        ? HSCAN h 0
        ? HSCAN h 7
        ? HSCAN h 0 COUNT 1
        ? HSCAN h 0 MATCH a*
        ? HSCAN h 0 MATCH a* MATCH b
        ? HSCAN h 0 NOVALUES
        ? HSCAN h 0 novalues MATCH a* COUNT 5
        HSCAN h 0 COUNT 0
        HSCAN h 0 COUNT x
        HSCAN h 0 COUNT
        HSCAN h 0 TYPE hash
        HSCAN h 0 NOVALUES x
        ",
    );
}

/// The encodings of hashes are those of 7.2 in 7.0 too.
#[test]
fn encodings_are_those_of_redis_7_0() {
    let mut lines = String::new();
    for len in [512, 513] {
        lines += &format!("HSET packed:{len}");
        (0..len).for_each(|number| lines += &format!(" {number} x"));
        lines += &format!("\nOBJECT ENCODING packed:{len}\nHDEL packed:{len} 0\n");
        lines += &format!("OBJECT ENCODING packed:{len}\n");
    }
    lines += "
        HSET h a x*64
        OBJECT ENCODING h
        HSET h a x*65
        OBJECT ENCODING h
        HSET h a 1
        OBJECT ENCODING h
        HSET name f*65 1
        OBJECT ENCODING name
        HSETNX value f x*65
        OBJECT ENCODING value
        CONFIG SET hash-max-listpack-entries 2
        HSET few a 1 b 2
        OBJECT ENCODING few
        HINCRBY few c 3
        OBJECT ENCODING few
        ";
    agree(Peer::Redis70, &lines);
}

#[test]
fn a_large_hash_is_scanned_and_drawn_from_as_a_whole() {
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    let mut request = vec!["HSET".to_owned(), "h".into()];
    (0..3000).for_each(|number| request.extend([format!("f{number}"), number.to_string()]));
    assert_eq!(client.cmd(&request), Reply::Integer(3000));
    let (mut cursor, mut seen, mut calls) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let reply = client.cmd(&["HSCAN", "h", &cursor, "COUNT", "100", "NOVALUES"]).into_array();
        cursor = String::from_utf8(reply[0].clone().into_bulk()).unwrap();
        seen.extend(reply[1].clone().into_array().into_iter().map(Reply::into_bulk));
        calls += 1;
        if cursor == "0" {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3000);
    assert!(calls >= 20, "{calls} calls");
    for (count, len) in [("10", 10), ("2900", 2900), ("5000", 3000), ("-5000", 5000)] {
        let drawn = client.cmd(&["HRANDFIELD", "h", count]).into_array();
        assert_eq!(drawn.len(), len);
        let mut different: Vec<_> = drawn.into_iter().map(Reply::into_bulk).collect();
        different.sort();
        different.dedup();
        assert_eq!(different.len() == len, !count.starts_with('-'), "{count}");
    }
}
