//! The commands of hashes.

use super::lines::agree;
use crate::script::assert_alike_to;
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

#[test]
fn fields_expire_as_in_redis_8_2() {
    agree(
        Peer::Redis82,
        "
        SET s 1
        HSET h a 1 b 2 c 3 d 4
        HEXPIRE h 1000 FIELDS 2 a none
        HTTL h FIELDS 3 a b none
        HEXPIRE h 1000 NX FIELDS 2 a b
        HEXPIRE h 2000 XX FIELDS 2 a c
        HEXPIRE h 1000 GT FIELDS 2 a c
        HEXPIRE h 3000 gt FIELDS 1 a
        HEXPIRE h 1000 LT FIELDS 3 a b c
        HPERSIST h FIELDS 4 a a d none
        HTTL h FIELDS 4 a b c d
        OBJECT ENCODING h
        HPEXPIREAT h 4102444800000 FIELDS 2 a b
        HEXPIREAT h 4102444801 FIELDS 1 c
        HPEXPIRETIME h FIELDS 4 a b c d
        HEXPIRETIME h FIELDS 4 a b c d
        HPEXPIREAT h 4102444800001 FIELDS 1 a
        HEXPIRETIME h FIELDS 1 a
        HPEXPIREAT h 70368744177663 FIELDS 1 a
        HPEXPIREAT h 70368744177664 FIELDS 1 a
        HEXPIREAT h 70368744177 FIELDS 1 a
        HEXPIREAT h 70368744178 FIELDS 1 a
        HEXPIRE h 70368744177 FIELDS 1 a
        HPEXPIRE h 70368744177663 FIELDS 1 a
        HPEXPIRE h 9223372036854775807 FIELDS 1 a
        HEXPIRE h 9223372036854775807 FIELDS 1 a
        HEXPIREAT h 9223372036854775807 FIELDS 1 a
        HPEXPIRETIME h FIELDS 1 a
        HINCRBY h a 1
        HINCRBYFLOAT h a 0.5
        HPEXPIRETIME h FIELDS 1 a
        HSET h a 3
        HPEXPIRETIME h FIELDS 1 a
        ? HGETALL h
        HEXPIRE h 0 FIELDS 3 a a none
        HPEXPIREAT h 1 FIELDS 1 b
        HLEN h
        ? HGETALL h
        HPEXPIREAT h 1 FIELDS 2 c d
        EXISTS h
        HEXPIRE h 1 FIELDS 1 a
        HEXPIRE none 1 FIELDS 2 a b
        HTTL none FIELDS 2 a b
        HPERSIST none FIELDS 2 a b
        ",
    );
}

#[test]
fn arguments_of_field_ttls_are_checked_as_by_redis_8_2() {
    let mut lines = String::from("SET s 1\nHSET h a 1 b 2\n");
    for key in ["h", "s", "none"] {
        for name in ["HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT"] {
            for rest in [
                "x FIELDS 1 a",
                "-1 FIELDS 1 a",
                "-1 NOPE 1 a",
                "x NOPE 1 a",
                "9223372036854775807 NOPE 1 a",
                "1.5 FIELDS 1 a",
                "4102444800 NX XX FIELDS 1 a",
                "4102444800 NOPE FIELDS 1 a",
                "4102444800 FIELDS 0 a",
                "4102444800 FIELDS -1 a",
                "4102444800 FIELDS x a",
                "4102444800 FIELDS 01 a",
                "4102444800 FIELDS 2 a",
                "4102444800 FIELDS 1 a b",
                "4102444800 FIELDS 1 a NX",
                "4102444800 NX FIELDS 1",
                "4102444800 FIELDS 1",
                "4102444800 FIELDS",
                "4102444800",
                "4102444800 fields 1 zz",
            ] {
                lines += &format!("{name} {key} {rest}\n");
            }
        }
        for name in ["HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST"] {
            for rest in [
                "NOPE 1 a",
                "FIELDS 0 a",
                "FIELDS -1 a",
                "FIELDS x a",
                "FIELDS 2 a",
                "FIELDS 1 a b",
                "FIELDS 1",
                "FIELDS",
                "fields 1 zz",
            ] {
                lines += &format!("{name} {key} {rest}\n");
            }
        }
    }
    agree(Peer::Redis82, &lines);
}

#[test]
fn fields_that_expire_leave_their_hash_and_the_last_of_them_takes_it_along() {
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    let mut large = vec!["HSET".to_owned(), "large".into()];
    (0..1000).for_each(|number| large.extend([format!("f{number}"), "1".into()]));
    client.cmd(&large);
    client.cmd(&["HSET", "small", "a", "1", "b", "2"]);
    for key in ["large", "small"] {
        let fields: &[&str] = if key == "large" { &["f1", "f2"] } else { &["a", "b"] };
        let args = [&["HPEXPIRE", key, "40", "FIELDS", "2"][..], fields].concat();
        assert_eq!(client.cmd(&args), Reply::Array(vec![Reply::Integer(1); 2]));
    }
    std::thread::sleep(std::time::Duration::from_millis(60));
    assert_eq!(client.cmd(&["EXISTS", "small"]), Reply::Integer(0));
    assert_eq!(client.cmd(&["HLEN", "large"]), Reply::Integer(998));
    assert_eq!(client.cmd(&["HGET", "large", "f1"]), Reply::Nil);
    client.cmd(&["HSET", "gone", "a", "1"]);
    client.cmd(&["HPEXPIRE", "gone", "40", "FIELDS", "1", "a"]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(client.cmd(&["DBSIZE"]), Reply::Integer(1), "the cycle has removed it");
}

#[test]
fn fields_are_incremented_by_floats_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        SET s 1
        HSET h n 10.50 text abc empty '' large 1e300 blank 1
        HINCRBYFLOAT h n 0.1
        HINCRBYFLOAT h n -5
        HINCRBYFLOAT h n 5.0e3
        HINCRBYFLOAT h new 3.0
        HINCRBYFLOAT h new 1.1
        HINCRBYFLOAT h large 1e300
        HINCRBYFLOAT h text 1
        HINCRBYFLOAT h empty 1
        HINCRBYFLOAT h n x
        HINCRBYFLOAT h n inf
        HINCRBYFLOAT h n -inf
        HINCRBYFLOAT h n nan
        HINCRBYFLOAT h n 1e5000
        HINCRBYFLOAT s n 1
        HINCRBYFLOAT s n x
        HINCRBYFLOAT none n x
        EXISTS none
        HSET h inf inf
        HINCRBYFLOAT h inf 1
        ? HGETALL h
        ",
    );
}

/// Payloads of hashes whose fields expire go both ways.
#[test]
fn field_ttls_travel_to_redis_8_2_and_back() {
    let Some(peer) = Server::peer(Peer::Redis82, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    let mut sides = [keyferry.client(), peer.client()];
    for fields in [1, 16, 600] {
        let mut set = vec!["HSET".to_owned(), "h".into(), "rest".into(), "1".into()];
        (0..fields).for_each(|number| set.extend([format!("{number}"), format!("v{number}")]));
        let names: Vec<String> = (0..fields).map(|number| number.to_string()).collect();
        let of_all = |command: &[&str]| {
            let words = command.iter().map(|&word| word.to_owned());
            let count = names.len().to_string();
            words.chain(["FIELDS".into(), count]).chain(names.iter().cloned()).collect::<Vec<_>>()
        };
        for (from, to) in [(0, 1), (1, 0)] {
            sides.iter_mut().for_each(|side| drop(side.cmd(&["FLUSHALL"])));
            sides[from].cmd(&set);
            sides[from].cmd(&of_all(&["HPEXPIREAT", "h", "4102444800123"]));
            sides[from].cmd(&["HPEXPIREAT", "h", "4102444800001", "FIELDS", "1", "0"]);
            let payload = sides[from].cmd(&["DUMP", "h"]).into_bulk();
            assert_eq!(sides[to].cmd(&[b"RESTORE", &b"h"[..], b"0", &payload]), Reply::ok());
            for request in [&of_all(&["HPEXPIRETIME", "h"])[..], &of_all(&["HMGET", "h"])[..]] {
                let request = match &request[0][..] {
                    // It has no FIELDS.
                    "HMGET" => [&request[..2], &request[4..]].concat(),
                    _ => request.to_vec(),
                };
                let expected = sides[from].cmd(&request);
                assert_eq!(sides[to].cmd(&request), expected, "{fields} fields from {from}");
            }
            let encodings: Vec<_> =
                sides.iter_mut().map(|side| side.cmd(&["OBJECT", "ENCODING", "h"])).collect();
            assert_eq!(encodings[0], encodings[1]);
            for side in &mut sides {
                assert_eq!(side.cmd(&["HLEN", "h"]), Reply::Integer(fields + 1));
            }
        }
    }
}

#[test]
fn commands_that_read_or_set_fields_with_their_expiry_are_those_of_redis_8_2() {
    assert_alike_to(
        Peer::Redis82,
        &[],
        "a HSET h a 1 b 2 c 3 d 4 e 5
        a HGETDEL h FIELDS 2 a x
        a HGETDEL h FIELDS 2 b b
        a HGETDEL none FIELDS 1 x
        a HGETDEL h FIELDS 0 x
        a HGETDEL h FIELDS 2 x
        a HGETDEL h 1 FIELDS x
        a HGETDEL h FIELDS 1
        a HGETDEL h fields 3 c d e
        a EXISTS h
        a SET string x
        a HGETDEL string FIELDS 0 x
        a HGETEX string FIELDS 0 x
        a HSETEX string FIELDS 0 a 1
        a HSETEX string FIELDS 1 a 1
        a HSET h a 1 b 2 c 3
        a HGETEX h FIELDS 2 a x
        a HGETEX h EX 100 FIELDS 2 a x
        a HTTL h FIELDS 3 a b x
        a HGETEX h PERSIST FIELDS 3 a b x
        a HTTL h FIELDS 3 a b x
        a HGETEX h EX 0 FIELDS 2 a a
        a HGETEX h EX -1 FIELDS 1 b
        a HGETEX h EX 10 PX 10 FIELDS 1 b
        a HGETEX h PERSIST PERSIST FIELDS 1 b
        a HGETEX h EX FIELDS 1 b
        a HGETEX h EX 10 FIELDS
        a HGETEX h EX 10 FIELDS 1
        a HGETEX h PXAT 70368744177663 FIELDS 1 b
        a HGETEX h PXAT 70368744177664 FIELDS 1 b
        a HGETEX h FIELDS 1 b EX 10
        a HGETEX h KEEPTTL FIELDS 1 b
        a HGETEX h EXAT 1 FIELDS 3 a b c
        a EXISTS h
        a HSETEX n EX 100 FIELDS 2 a 1 b 2
        a HSETEX n FIELDS 1 a 2
        a HSETEX n KEEPTTL FIELDS 1 b 3
        a HTTL n FIELDS 2 a b
        a HSETEX n FNX FIELDS 2 a 1 z 1
        a HSETEX n FXX FIELDS 2 a 1 z 1
        a HSETEX n EX 100 FNX FIELDS 2 y 1 z 1
        a HSETEX none FXX FIELDS 1 z 1
        a EXISTS none
        a HSETEX none FNX EX 0 FIELDS 1 z 1
        a EXISTS none
        a HSETEX n PXAT 1 FIELDS 2 a 1 z 1
        a HMGET n a b y z
        a HSETEX n FNX FXX FIELDS 1 a 1
        a HSETEX n FNX FNX FIELDS 1 a 1
        a HSETEX n EX 10 KEEPTTL FIELDS 1 a 1
        a HSETEX n EX 10 FNX EX
        a HSETEX n EX x FIELDS 1 a 1
        a HSETEX n NOPE FIELDS 1 a 1
        a HSETEX n FIELDS 2 a 1
        a HSETEX n FIELDS 1 a 1 EX 10
        a HSETEX n FIELDS x a 1
        a HSETEX n FIELDS 2147483648 a 1
        a HSETEX n FNX KEEPTTL FIELDS 1
        a HSETEX n FIELDS 2 a 1 a 2
        a HGET n a",
    );
}

#[test]
fn who_watches_a_hash_is_told_of_its_fields_expiry() {
    for command in [
        "HGETEX h FIELDS 1 a",
        "HGETEX h PERSIST FIELDS 1 a",
        "HGETEX h EX 100 FIELDS 1 a",
        "HGETEX h EX 0 FIELDS 1 a",
        "HGETEX h EX 0 FIELDS 1 x",
        "HGETDEL h FIELDS 1 a",
        "HGETDEL h FIELDS 1 x",
        "HSETEX h FIELDS 1 a 1",
        "HSETEX h FNX FIELDS 1 a 1",
        "HSETEX h EX 0 FIELDS 1 a 1",
    ] {
        let session = format!(
            "b HSET h a 1 b 2
            a WATCH h
            b {command}
            a MULTI
            a PING
            a EXEC"
        );
        assert_alike_to(Peer::Redis82, &[], &session);
    }
}
