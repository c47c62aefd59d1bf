//! The commands of keys of any type, DEBUG and what tells of memory and hash slots.

use super::lines::{agree, agree_with};
use crate::support::{Client, Peer, Reply, Server};

#[test]
fn keys_are_renamed_moved_and_copied_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        SET a 1 PX 10000000
        RENAME a b
        RENAME a b
        RENAME none none
        PERSIST b
        RENAMENX b b
        SET c 2
        RENAMENX b c
        RENAME b b
        RENAMENX b d
        GET d
        MOVE d x
        MOVE d 16
        MOVE d -1
        MOVE d 0
        MOVE none 0
        MOVE d 99999999999
        MOVE d 1
        MOVE d 1
        SET d 3
        MOVE d 1
        COPY d e DB
        COPY d e DB x
        COPY d e DB 16 DB 1
        COPY d d
        COPY d d DB 0
        COPY d d DB 1
        COPY d d DB 1 REPLACE
        COPY d e NOPE
        COPY d e REPLACE REPLACE DB 1 DB 2
        COPY none none
        COPY none e
        EXPIRE d 100000
        COPY d e
        PERSIST e
        SELECT 2
        GET e
        PERSIST e
        RPUSH l 1 2 3
        COPY l m
        RPUSH m 4
        LRANGE l 0 -1
        LRANGE m 0 -1
        ",
    );
}

#[test]
fn elements_are_sorted_as_by_redis_8_2() {
    agree(
        Peer::Redis82,
        "
        RPUSH l 3 1 2 10 -1 1.5
        SORT l
        SORT l DESC LIMIT 1 2
        SORT l ALPHA
        SORT l LIMIT 1
        SORT l LIMIT a 1
        SORT l LIMIT 1 1 LIMIT -5 2
        SORT l LIMIT 5 -1
        SORT l LIMIT 9223372036854775807 9223372036854775807
        SORT l BY
        SORT l GET
        SORT l NOPE
        SORT_RO l STORE x
        SORT l BY nosort DESC LIMIT 1 2
        SORT l BY nosort LIMIT 4 9
        SORT none
        SORT none STORE l2
        SET string 1
        SORT string
        SORT string NOPE
        MSET weight_1 30 weight_2 20 weight_3 10 name_1 one name_2 two
        HSET object_1 weight 1 name eins
        HSET object_2 weight -5
        SORT l BY weight_* DESC GET # GET name_* GET object_*->name
        SORT l BY object_*->weight GET # GET object_*->weight GET object_*-> GET plain
        SORT_RO l BY weight_* ALPHA
        RPUSH words b a '' c
        SORT words
        SORT words ALPHA DESC
        SORT words ALPHA STORE sorted
        LRANGE sorted 0 -1
        OBJECT ENCODING sorted
        SORT words BY none_* GET name_* STORE sorted
        LRANGE sorted 0 -1
        SADD set 3 1 2
        SORT set BY nosort STORE sorted
        LRANGE sorted 0 -1
        SORT set DESC GET # STORE set
        TYPE set
        SORT none STORE sorted
        EXISTS sorted
        ",
    );
}

/// 8.2 reads fewer of them.
#[test]
fn numbers_are_sorted_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        RPUSH l 0x10 1e1 infinity -inf .5 5. 0x1p-3
        SORT l
        RPUSH l nan
        SORT l
        ",
    );
}

#[test]
fn strings_are_compared_and_added_to_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        MSET a ohmytext b mynewtext
        RPUSH l 1
        LCS a b
        LCS a b LEN
        LCS a b IDX
        LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
        LCS a b IDX MINMATCHLEN -1
        LCS a b MINMATCHLEN x
        LCS a b MINMATCHLEN
        LCS a b LEN IDX
        LCS a none IDX
        LCS none none
        LCS a l
        LCS l l NOPE
        LCS a b NOPE
        INCRBYFLOAT f 10.50
        INCRBYFLOAT f 0.1
        INCRBYFLOAT f 5e3
        INCRBYFLOAT f -5e-3
        OBJECT ENCODING f
        INCRBYFLOAT f x
        INCRBYFLOAT f nan
        INCRBYFLOAT f inf
        INCRBYFLOAT a 1
        INCRBYFLOAT l 1
        INCRBYFLOAT a
        ",
    );
}

#[test]
fn debug_answers_as_that_of_redis_8_2() {
    agree_with(
        Peer::Redis82,
        &["--enable-debug-command", "yes"],
        "
        DEBUG
        DEBUG nope
        DEBUG OBJECT
        DEBUG OBJECT none
        DEBUG LISTPACK none
        DEBUG HTSTATS-KEY none
        DEBUG SLEEP 0
        DEBUG SLEEP x
        DEBUG SET-ACTIVE-EXPIRE 1
        DEBUG SET-ACTIVE-EXPIRE 1 2
        DEBUG RELOAD NOPE
        DEBUG POPULATE x
        DEBUG POPULATE -1
        DEBUG POPULATE 1 a 1 1
        DEBUG POPULATE 3 p
        DEBUG POPULATE 2 q 3
        DEBUG POPULATE 2 r 20
        GET q:1
        GET r:1
        DEBUG DIGEST-VALUE
        DEBUG DIGEST-VALUE q:1 none
        DEBUG DIGEST
        DEBUG RELOAD
        DEBUG DIGEST
        DEBUG QUICKLIST-PACKED-THRESHOLD 100b
        DEBUG QUICKLIST-PACKED-THRESHOLD x
        DEBUG QUICKLIST-PACKED-THRESHOLD 5gb
        DEBUG SET-SKIP-CHECKSUM-VALIDATION 1
        ",
    );
}

/// Values of every type, made by the one server and taken over by the other.
#[test]
fn digests_are_those_of_redis_8_2() {
    let args = ["--enable-debug-command", "yes"];
    let Some(peer) = Server::peer(Peer::Redis82, &args) else { return };
    let keyferry = Server::keyferry(&args);
    let (mut theirs, mut ours) = (peer.client(), keyferry.client());
    let long = "x".repeat(100);
    let values: [&[&str]; 14] = [
        &["SET", "int", "12"],
        &["SET", "string", &long],
        &["RPUSH", "list", "a", "1", "a"],
        &["SADD", "intset", "1", "-2", "300"],
        &["SADD", "set", "a", "1", &long],
        &["HSET", "hash", "a", "1", "b", &long],
        &["HSET", "fields", "a", "1", "b", "2"],
        &["HPEXPIREAT", "fields", "4102444800000", "FIELDS", "1", "a"],
        &["ZADD", "zset", "0.1", "a", "-5", "b", "1e21", "c", "inf", "d", "1e-7", "e", "1e16", "f"],
        &["ZADD", "ranked", "1e17", &long, "123456789012345678", "a", "0.00001", "b"],
        &["XADD", "stream", "1-1", "field", "value", "other", "12"],
        &["XADD", "stream", "2-1", "field", "value"],
        &["XGROUP", "CREATE", "stream", "group", "0"],
        &["XREADGROUP", "GROUP", "group", "consumer", "COUNT", "1", "STREAMS", "stream", ">"],
    ];
    for command in values {
        assert!(!theirs.cmd(command).is_error(""), "{command:?}");
    }
    let keys = theirs.cmd(&["KEYS", "*"]).into_array();
    assert_eq!(keys.len(), 10);
    for key in keys.into_iter().map(Reply::into_bulk) {
        let payload = theirs.cmd(&[b"DUMP", &key[..]]).into_bulk();
        assert_eq!(ours.cmd(&[b"RESTORE", &key[..], b"0", &payload]), Reply::ok());
        let digest = |client: &mut Client| client.cmd(&[b"DEBUG", &b"DIGEST-VALUE"[..], &key]);
        assert_eq!(digest(&mut ours), digest(&mut theirs), "{}", key.escape_ascii());
    }
    for client in [&mut theirs, &mut ours] {
        client.cmd(&["MOVE", "stream", "5"]);
        client.cmd(&["PEXPIREAT", "set", "95617584000000"]);
    }
    let digest = ours.cmd(&["DEBUG", "DIGEST"]);
    assert_eq!(digest, theirs.cmd(&["DEBUG", "DIGEST"]));
    assert_eq!(ours.cmd(&["DEBUG", "RELOAD"]), Reply::ok());
    assert_eq!(ours.cmd(&["DEBUG", "DIGEST"]), digest);
    ours.cmd(&["SET", "another", "1"]);
    assert_ne!(ours.cmd(&["DEBUG", "DIGEST"]), digest);
}

#[test]
fn debug_is_for_those_who_may() {
    agree(Peer::Redis82, "DEBUG\nDEBUG SLEEP 0\nDEBUG nope\nCONFIG SET enable-debug-command yes");
    let keyferry = Server::keyferry(&["--enable-debug-command", "local"]);
    assert_eq!(keyferry.client().cmd(&["DEBUG", "SLEEP", "0"]), Reply::ok());
}

#[test]
fn memory_is_told_of_keys() {
    agree(
        Peer::Redis82,
        "
        MEMORY
        MEMORY nope
        MEMORY PURGE
        MEMORY PURGE now
        COMMAND INFO memory|purge
        MEMORY USAGE
        MEMORY USAGE none
        SET a 1
        MEMORY USAGE a SAMPLES
        MEMORY USAGE a SAMPLES x
        MEMORY USAGE a SAMPLES -1
        MEMORY USAGE a NOPE 5
        ",
    );
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    client.cmd(&["SET", "string", &"x".repeat(10_000)]);
    for number in 0..10_000 {
        client.cmd(&["RPUSH", "list", &format!("{number:0100}")]);
    }
    for (key, least, samples) in [("string", 10_000, "5"), ("list", 1_000_000, "0")] {
        let bytes = client.cmd(&["MEMORY", "USAGE", key, "SAMPLES", samples]).into_integer();
        assert!((least..least + least / 10 + 1000).contains(&bytes), "{key}: {bytes}");
    }
}

#[test]
fn keys_have_hash_slots() {
    agree(
        Peer::Redis70,
        "
        CLUSTER
        CLUSTER nope
        CLUSTER INFO
        CLUSTER SLOTS
        CLUSTER KEYSLOT
        CLUSTER COUNTKEYSINSLOT
        ",
    );
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    client.cmd(&["MSET", "{tag}a", "1", "{tag}b", "2", "other", "3"]);
    // As a Redis 7.0.15 in a cluster tells.
    assert_eq!(client.cmd(&["CLUSTER", "KEYSLOT", "a"]), Reply::Integer(15_495));
    assert_eq!(client.cmd(&["CLUSTER", "KEYSLOT", "{a}b"]), Reply::Integer(15_495));
    let slot = client.cmd(&["CLUSTER", "KEYSLOT", "{tag}"]).into_integer().to_string();
    assert_eq!(client.cmd(&["CLUSTER", "COUNTKEYSINSLOT", &slot]), Reply::Integer(2));
    let count =
        |client: &mut Client, count: &str| client.cmd(&["CLUSTER", "GETKEYSINSLOT", &slot, count]);
    assert_eq!(count(&mut client, "0"), Reply::Array(Vec::new()));
    assert_eq!(count(&mut client, "1").into_array().len(), 1);
    let mut keys = count(&mut client, "9").into_array();
    keys.sort_by_key(|key| format!("{key:?}"));
    assert_eq!(keys, ["{tag}a", "{tag}b"].map(Reply::bulk));
    let invalid = Reply::error("ERR Invalid slot or number of keys");
    assert_eq!(count(&mut client, "-1"), invalid);
    assert_eq!(client.cmd(&["CLUSTER", "GETKEYSINSLOT", "16384", "1"]), invalid);
    let invalid = Reply::error("ERR Invalid slot");
    assert_eq!(client.cmd(&["CLUSTER", "COUNTKEYSINSLOT", "-1"]), invalid);
}
