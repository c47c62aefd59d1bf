//! Strings moved between keyferry and every peer, in both directions: the value, its expiry and
//! the side the key is on.

use std::ops::RangeInclusive;

use crate::strings::{noise, values};
use crate::support::{
    Answer, FakeTarget, Pair, Peer, Reply, Server, Where, assert_at, bulk, migrate,
};

#[test]
fn every_value_arrives_alone() {
    Pair::each(|pair| {
        for value in values() {
            pair.from.cmd(&[b"SET", &b"key"[..], &value]);
            assert_eq!(pair.migrate("key", &[]), Reply::ok());
            pair.assert_at("key", Where::Target);
            assert_eq!(pair.to.cmd(&["GETDEL", "key"]), Reply::bulk(&value));
        }
    });
}

#[test]
fn every_value_arrives_in_one_batch() {
    Pair::each(|pair| {
        let values = values();
        let keys: Vec<String> = (0..values.len()).map(|index| format!("key:{index}")).collect();
        for (key, value) in keys.iter().zip(&values) {
            pair.from.cmd(&[b"SET", key.as_bytes(), value]);
        }
        let options: Vec<&str> =
            ["KEYS"].into_iter().chain(keys.iter().map(String::as_str)).collect();
        assert_eq!(pair.migrate("", &options), Reply::ok());
        for (key, value) in keys.iter().zip(&values) {
            pair.assert_at(key, Where::Target);
            assert_eq!(pair.to.cmd(&["GET", key]), Reply::bulk(value));
        }
        assert_eq!(pair.from.cmd(&["DBSIZE"]), Reply::Integer(0));
    });
}

#[test]
fn a_key_may_have_any_name() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let names = [&b""[..], b"\0", b"\r\n", b" ", b"\xff\xfe", &every_byte, &[b'k'; 70_000]];
    Pair::each(|pair| {
        for name in names {
            pair.from.cmd(&[b"SET", name, b"value"]);
            assert_eq!(pair.migrate(name, &[]), Reply::ok());
            pair.assert_at(name, Where::Target);
            assert_eq!(pair.to.cmd(&[b"GET", name]), Reply::bulk("value"));
        }
    });
}

#[test]
fn copy_leaves_the_key_on_both_sides() {
    Pair::each(|pair| {
        pair.from.cmd(&["SET", "key", "value"]);
        assert_eq!(pair.migrate("key", &["COPY"]), Reply::ok());
        pair.assert_at("key", Where::Both);
        assert_eq!(pair.from.cmd(&["GET", "key"]), Reply::bulk("value"));
        assert_eq!(pair.to.cmd(&["GET", "key"]), Reply::bulk("value"));

        let busy =
            "ERR Target instance replied with error: BUSYKEY Target key name already exists.";
        assert_eq!(pair.migrate("key", &["COPY"]), Reply::error(busy));
        pair.assert_at("key", Where::Both);
    });
}

#[test]
fn replace_overwrites_the_value_and_its_expiry() {
    Pair::each(|pair| {
        pair.from.cmd(&["SET", "key", "new"]);
        pair.to.cmd(&["SET", "key", "old", "EX", "1000"]);
        let busy =
            "ERR Target instance replied with error: BUSYKEY Target key name already exists.";
        assert_eq!(pair.migrate("key", &[]), Reply::error(busy));
        pair.assert_at("key", Where::Both);
        assert_eq!(pair.to.cmd(&["GET", "key"]), Reply::bulk("old"));

        assert_eq!(pair.migrate("key", &["REPLACE"]), Reply::ok());
        pair.assert_at("key", Where::Target);
        assert_eq!(pair.to.cmd(&["GET", "key"]), Reply::bulk("new"));
        assert_eq!(pair.to.cmd(&["PTTL", "key"]), Reply::Integer(-1));
    });
}

#[test]
fn the_expiry_goes_along() {
    /// Milliseconds that a key of 100 s may have left at the end of the test.
    const LEFT_MS: RangeInclusive<i64> = 90_000..=100_000;

    Pair::each(|pair| {
        pair.from.cmd(&["SET", "alone", "value", "PX", "100000"]);
        assert_eq!(pair.migrate("alone", &[]), Reply::ok());
        pair.from.cmd(&["SET", "mortal", "value", "PX", "100000"]);
        pair.from.cmd(&["SET", "immortal", "value"]);
        assert_eq!(pair.migrate("", &["KEYS", "mortal", "immortal"]), Reply::ok());
        for key in ["alone", "mortal"] {
            pair.assert_at(key, Where::Target);
            let left_ms = pair.to.cmd(&["PTTL", key]).into_integer();
            assert!(LEFT_MS.contains(&left_ms), "{key} has {left_ms} ms left");
        }
        assert_eq!(pair.to.cmd(&["PTTL", "immortal"]), Reply::Integer(-1));
    });
}

#[test]
fn a_target_with_a_password_is_asked_in_the_name_of_the_caller() {
    Pair::each(|pair| {
        pair.to.cmd(&["CONFIG", "SET", "requirepass", "sesame"]);
        pair.from.cmd(&["MSET", "a", "1", "b", "2", "c", "3"]);

        let refused = pair.migrate("a", &[]);
        assert!(refused.is_error("ERR Target instance replied with error: NOAUTH"), "{refused:?}");
        for credentials in [["AUTH", "wrong"].as_slice(), &["AUTH2", "default", "wrong"]] {
            let refused = pair.migrate("a", credentials);
            let wrong = "ERR Target instance replied with error: WRONGPASS";
            assert!(refused.is_error(wrong), "{refused:?}");
        }
        pair.to.cmd(&["AUTH", "sesame"]);
        pair.assert_at("a", Where::Source);

        assert_eq!(pair.migrate("a", &["AUTH", "sesame"]), Reply::ok());
        assert_eq!(pair.migrate("b", &["AUTH2", "default", "sesame"]), Reply::ok());
        assert_eq!(pair.migrate("", &["AUTH", "sesame", "KEYS", "c", "missing"]), Reply::ok());
        for key in ["a", "b", "c"] {
            pair.assert_at(key, Where::Target);
        }
    });
}

#[test]
fn another_database_of_the_target_can_be_named() {
    Pair::each(|pair| {
        pair.from.cmd(&["SELECT", "2"]);
        pair.from.cmd(&["SET", "key", "value"]);
        let port = pair.target.port().to_string();
        let reply = pair.from.cmd(&["MIGRATE", "127.0.0.1", &port, "key", "9", "5000"]);
        assert_eq!(reply, Reply::ok());
        pair.assert_at("key", Where::Neither);
        pair.to.cmd(&["SELECT", "9"]);
        pair.assert_at("key", Where::Target);
    });
}

#[test]
fn a_value_of_64_mb_arrives() {
    let value = noise(64 << 20);
    Pair::each(|pair| {
        pair.from.cmd(&[b"SET", &b"key"[..], &value]);
        assert_eq!(pair.migrate("key", &[]), Reply::ok());
        pair.assert_at("key", Where::Target);
        assert!(pair.to.cmd(&["GET", "key"]).into_bulk() == value, "another value");
        assert!(pair.source.end_within(std::time::Duration::ZERO).is_none(), "the source runs on");
    });
}

/// X7: the reference sends it all the same, and the target hangs up on the whole batch.
#[test]
fn a_value_over_the_bulk_limit_of_the_target_is_refused_before_it_is_sent() {
    let limit = ["--proto-max-bulk-len", "1048576"];
    for peer in Peer::ALL {
        let Some(target) = Server::peer(peer, &limit) else { continue };
        let source = Server::keyferry(&[]);
        let (mut from, mut to) = (source.client(), target.client());
        from.cmd(&[b"SET", &b"big"[..], &noise(1_048_576)]);
        from.cmd(&["MSET", "a", "1", "b", "2"]);
        let reply = migrate(&mut from, target.port(), "", &["KEYS", "a", "big", "b"]);
        let over = "ERR Key 'big' not sent: its payload of 1048592 bytes is over the target's \
                    proto-max-bulk-len of 1048576";
        assert_eq!(reply, Reply::error(over), "{peer:?}");
        for (key, place) in [("a", Where::Target), ("big", Where::Source), ("b", Where::Target)] {
            assert_at(&mut from, &mut to, key, place);
        }
    }
}

/// `migrate-compression`, and `rdbcompression` where that leaves it open.
#[test]
fn payloads_are_compressed_as_configured() {
    let keyferry = b"redis_version:7.2.4\r\nkeyferry_version:0.1.0\r\nrun_id:fade\r\n";
    let keyferry = FakeTarget::scripted(|request| {
        (request.name() == "INFO").then(|| Answer::say(bulk(keyferry)))
    });
    let (redis, source) = (FakeTarget::polite(), Server::keyferry(&[]));
    let mut from = source.client();
    for (number, (compression, rdbcompression, for_redis, for_keyferry)) in [
        ("auto", "yes", true, false),
        ("auto", "no", false, false),
        ("yes", "yes", true, true),
        ("yes", "no", true, true),
        ("no", "yes", false, false),
    ]
    .into_iter()
    .enumerate()
    {
        from.cmd(&["CONFIG", "SET", "migrate-compression", compression]);
        from.cmd(&["CONFIG", "SET", "rdbcompression", rdbcompression]);
        for (target, is_compressed) in [(&redis, for_redis), (&keyferry, for_keyferry)] {
            let key = format!("key:{number}");
            from.cmd(&["SET", &key, &"x".repeat(1000)]);
            assert_eq!(migrate(&mut from, target.port(), &key, &[]), Reply::ok());
            let requests = target.requests();
            let restore = requests.last().filter(|request| request.is_restore());
            let len = restore.expect("it came last").args[3].len();
            assert_eq!(len < 1000, is_compressed, "{len} bytes, {compression} {rdbcompression}");
        }
    }
}
