//! The commands of sets.

use super::lines::agree;
use crate::support::{Peer, Reply, Server};

#[test]
fn members_are_added_asked_for_and_removed_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        SADD s a b a 1
        SADD s a c
        SADD s ''
        SCARD s
        SCARD none
        SISMEMBER s a
        SISMEMBER s 1
        SISMEMBER s 01
        SISMEMBER none a
        SMISMEMBER s a none 1 a
        SMISMEMBER none a b
        ? SMEMBERS s
        SMEMBERS none
        SREM s a none a
        SREM none a
        SREM s b c 1 ''
        EXISTS s
        SADD numbers 3 1 2 -5 100000 9223372036854775807
        ? SMEMBERS numbers
        SADD numbers 9223372036854775808
        ? SMEMBERS numbers
        ",
    );
}

#[test]
fn members_are_moved_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        SET string 1
        SADD a 1 2
        SADD b 2 x
        SMOVE a b 1
        SMOVE a b 1
        SMOVE a b 2
        EXISTS a
        ? SMEMBERS b
        SMOVE b new x
        SMEMBERS new
        SMOVE b b 1
        SMOVE b b none
        SMOVE none string 1
        SMOVE b string 1
        SMOVE b string none
        SMOVE string b 1
        ? SMEMBERS b
        ",
    );
}

#[test]
fn members_are_drawn_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        SPOP none
        SPOP none 3
        SRANDMEMBER none
        SRANDMEMBER none 3
        SRANDMEMBER none -3
        SADD s a b c
        SPOP s 0
        SRANDMEMBER s 0
        ? SRANDMEMBER s 3
        ? SRANDMEMBER s 9223372036854775807
        SRANDMEMBER s x
        SRANDMEMBER s -9223372036854775808
        SRANDMEMBER s 1 2
        SPOP s x
        SPOP s -1
        SPOP s 9223372036854775808
        SPOP s 1 2
        ? SPOP s 9223372036854775807
        EXISTS s
        SADD one 1
        SRANDMEMBER one
        SRANDMEMBER one -3
        SPOP one
        EXISTS one
        SADD one x
        SPOP one 1
        EXISTS one
        ",
    );
}

#[test]
fn sets_are_combined_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        SADD a 1 2 3 x y
        SADD b 2 3 4 y
        SADD c 3 y z
        SADD n 1 2 3
        SET string 1
        ? SINTER a
        ? SINTER a b c
        ? SINTER a n
        SINTER a none
        SINTER none string
        ? SUNION a b c
        ? SUNION a none
        SUNION none
        ? SDIFF a b c
        ? SDIFF a a
        ? SDIFF a none
        SDIFF none a
        SDIFF none string
        SINTERSTORE d a b
        ? SMEMBERS d
        SUNIONSTORE d b c
        ? SMEMBERS d
        SDIFFSTORE d a b
        ? SMEMBERS d
        EXPIRE d 1000
        SUNIONSTORE d d n
        TTL d
        ? SMEMBERS d
        SINTERSTORE string a b
        TYPE string
        SINTERSTORE d a none
        EXISTS d
        SDIFFSTORE a a a
        EXISTS a
        SUNIONSTORE none none2
        SINTERCARD 2 b c
        SINTERCARD 2 b c LIMIT 1
        SINTERCARD 2 b c LIMIT 0
        SINTERCARD 2 b c LIMIT 1 LIMIT 0
        SINTERCARD 2 b none
        SINTERCARD 0 b
        SINTERCARD -1 b
        SINTERCARD x b
        SINTERCARD 3 b c
        SINTERCARD 1 b c
        SINTERCARD 1 b LIMIT
        SINTERCARD 1 b LIMIT -1
        SINTERCARD 1 b LIMIT x
        SINTERCARD 1 b NOPE 1
        COMMAND GETKEYS SINTERCARD 2 b c LIMIT 1
        COMMAND GETKEYS SUNIONSTORE d b c
        ",
    );
}

#[test]
fn other_types_and_arities_are_refused_as_by_redis_7_0() {
    let mut lines = String::from("SET string 1\nSADD s 1\n");
    for request in [
        "SADD string a",
        "SREM string a",
        "SISMEMBER string a",
        "SMISMEMBER string a",
        "SCARD string",
        "SMEMBERS string",
        "SPOP string",
        "SPOP string 0",
        "SPOP string x",
        "SRANDMEMBER string",
        "SRANDMEMBER string 1",
        "SMOVE string s 1",
        "SINTER string",
        "SINTER s string",
        "SUNION s string",
        "SDIFF s string",
        "SINTERSTORE d s string",
        "SUNIONSTORE d string",
        "SDIFFSTORE d none string",
        "SINTERCARD 1 string",
        "SINTERCARD 2 none string",
        "SSCAN string 0",
        "SSCAN string x",
        "SSCAN string 0 NOPE",
    ] {
        lines += request;
        lines += "\n";
    }
    for name in [
        "SADD",
        "SREM",
        "SISMEMBER",
        "SMISMEMBER",
        "SCARD",
        "SMEMBERS",
        "SPOP",
        "SRANDMEMBER",
        "SMOVE",
        "SINTER",
        "SINTERCARD",
        "SINTERSTORE",
        "SUNION",
        "SUNIONSTORE",
        "SDIFF",
        "SDIFFSTORE",
        "SSCAN",
    ] {
        lines += &format!("{name}\n{name} none\n? {name} none a 1 2 3 4 5\n");
    }
    agree(Peer::Redis70, &lines);
}

#[test]
fn sets_are_scanned_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        SSCAN none 0
        SSCAN none 0 NOPE
        SSCAN none x
        SADD n 1 2 3 11
        SADD s a b ab
        ? SSCAN n 0
        ? SSCAN n 0 MATCH 1*
        ? SSCAN s 0 MATCH a* COUNT 100
        SSCAN s 0 COUNT 0
        SSCAN s 0 COUNT
        SSCAN s 0 TYPE set
        SSCAN s 0 NOVALUES
        ",
    );
}

/// 7.0 has no listpacks in sets; 7.2 and 8.2 have the same.
#[test]
fn encodings_are_those_of_redis_8_2() {
    let mut lines = String::new();
    for (prefix, len) in [("", 512), ("", 513), ("m", 128), ("m", 129)] {
        let key = format!("{prefix}:{len}");
        lines += &format!("SADD {key}");
        (0..len).for_each(|number| lines += &format!(" {prefix}{number}"));
        lines += &format!("\nOBJECT ENCODING {key}\nSREM {key} {prefix}0\n");
        lines += &format!("OBJECT ENCODING {key}\n");
    }
    for len in [127, 128] {
        lines += &format!("SADD mixed:{len}");
        (0..len).for_each(|number| lines += &format!(" {number}"));
        lines += &format!("\nSADD mixed:{len} x\nOBJECT ENCODING mixed:{len}\n");
    }
    lines += "SADD large";
    (0..200).for_each(|number| lines += &format!(" m{number}"));
    lines += "\nSADD large2";
    (150..350).for_each(|number| lines += &format!(" m{number}"));
    lines += "
        SADD s x*64
        OBJECT ENCODING s
        SADD s x*65
        OBJECT ENCODING s
        SREM s x*65
        OBJECT ENCODING s
        SADD n 1
        SADD n x*65
        OBJECT ENCODING n
        SADD first x 1 2
        OBJECT ENCODING first
        SREM first x
        OBJECT ENCODING first
        SADD numbers 1 2 3
        SADD few m1 m2 1
        SINTERSTORE d first numbers
        OBJECT ENCODING d
        SINTERSTORE d few large
        OBJECT ENCODING d
        SINTERSTORE d large large2
        OBJECT ENCODING d
        SUNIONSTORE d numbers first
        OBJECT ENCODING d
        SUNIONSTORE d numbers few
        OBJECT ENCODING d
        SUNIONSTORE d large few
        OBJECT ENCODING d
        SDIFFSTORE d large large2
        OBJECT ENCODING d
        SDIFFSTORE d few large
        OBJECT ENCODING d
        SDIFFSTORE d large few large2 large2
        OBJECT ENCODING d
        CONFIG SET set-max-intset-entries 2
        SADD many 1 2 3
        OBJECT ENCODING many
        SADD two 1 2
        SADD two 3
        OBJECT ENCODING two
        ";
    agree(Peer::Redis82, &lines);
}

/// What stays of a table when most members are popped begins anew as a listpack, as in Redis 7.2.
#[test]
fn popping_most_members_packs_the_others() {
    for kind in [Some(Peer::Redis82), None] {
        let server = match kind {
            Some(peer) => match Server::peer(peer, &[]) {
                Some(server) => server,
                None => return,
            },
            None => Server::keyferry(&[]),
        };
        let mut client = server.client();
        let mut request = vec!["SADD".to_owned(), "s".into()];
        request.extend((0..300).map(|number| format!("m{number}")));
        client.cmd(&request);
        for (count, encoding) in [("20", "hashtable"), ("260", "listpack")] {
            let popped = client.cmd(&["SPOP", "s", count]).into_array();
            assert_eq!(popped.len(), count.parse::<usize>().unwrap());
            assert_eq!(client.cmd(&["OBJECT", "ENCODING", "s"]), Reply::bulk(encoding), "{kind:?}");
        }
        assert_eq!(client.cmd(&["SCARD", "s"]), Reply::Integer(20));
    }
}
