//! Every golden value between keyferry and every server: it arrives as what it was, with its expiry
//! and its access, or it stays and the caller is told why.

use std::time::{SystemTime, UNIX_EPOCH};

use rdb_format::payload::encode;
use rdb_format::stream::StreamId;
use rdb_format::{StreamValue, Value};

use crate::support::{
    Client, Kind, Pair, Peer, Reply, Server, Where, assert_at, decoded, golden, migrate,
};

/// A time far from now, in Unix milliseconds; each key has one of its own.
const EXPIRE_AT_MS: i64 = 4_102_444_800_123;

#[test]
fn every_golden_value_moves_or_stays_for_the_reason_that_its_format_gives() {
    for target in Kind::ALL {
        let Some(mut pair) = Pair::start(Kind::Keyferry, target) else { continue };
        let (mut moved, mut refused) = (0, 0);
        for (nth, case) in golden().into_iter().enumerate() {
            let what = format!("{} ({}) to {target:?}", case.id, case.about);
            let ttl_ms = expiry(nth);
            let restore: [&[u8]; 5] =
                [b"RESTORE", case.id.as_bytes(), ttl_ms.as_bytes(), &case.payload, b"ABSTTL"];
            assert_eq!(pair.from.cmd(&restore), Reply::ok(), "{what}");
            let before = dumped(&mut pair.from, &case.id).expect("it has not expired");

            let reply = pair.migrate(&case.id, &[]);
            match (encode(&before, &target.rdb_target()), &before) {
                (Err(reason), _) => {
                    let Kind::Peer(peer) = target else { panic!("{what}: {reason}") };
                    let (key, release) = (&case.id, peer.release());
                    let expected =
                        format!("ERR Key '{key}' not sent, {release} cannot be told it: {reason}");
                    assert_eq!(reply, Reply::error(&expected), "{what}");
                }
                // Whether the target has the module only the target knows.
                (Ok(_), Value::Module(_)) if reply != Reply::ok() => {
                    let expected = "ERR Target instance replied with error: ERR Bad data format";
                    assert_eq!(reply, Reply::error(expected), "{what}");
                    assert_ne!(target, Kind::Peer(Peer::Redis82), "{what}");
                }
                (Ok(told), _) => {
                    assert_eq!(reply, Reply::ok(), "{what}");
                    pair.assert_at(&case.id, Where::Target);
                    assert_arrived(&mut pair.to, &case.id, &decoded(told), &what);
                    assert_expiry(&mut pair.to, &case.id, &ttl_ms, &what);
                    moved += 1;
                    continue;
                }
            }
            pair.assert_at(&case.id, Where::Source);
            let after = dumped(&mut pair.from, &case.id).expect("it has not expired");
            assert!(after == before, "{what}: {after:?} was {before:?}");
            assert_expiry(&mut pair.from, &case.id, &ttl_ms, &what);
            refused += 1;
        }
        let has_all = matches!(target, Kind::Keyferry | Kind::Peer(Peer::Redis82));
        assert_eq!(has_all, refused == 0, "{refused} refused by {target:?}");
        assert!(moved > 240, "{moved} moved to {target:?}");
    }
}

#[test]
fn every_golden_value_comes_from_the_servers_that_take_it() {
    for source in Peer::ALL {
        let Some(mut pair) = Pair::start(Kind::Peer(source), Kind::Keyferry) else { continue };
        let mut moved = 0;
        for (nth, case) in golden().into_iter().enumerate() {
            let what = format!("{} ({}) from {source:?}", case.id, case.about);
            let ttl_ms = expiry(nth);
            let restore: [&[u8]; 5] =
                [b"RESTORE", case.id.as_bytes(), ttl_ms.as_bytes(), &case.payload, b"ABSTTL"];
            if pair.from.cmd(&restore) != Reply::ok() {
                continue;
            }
            // A hash whose fields have all expired is none.
            let Some(before) = dumped(&mut pair.from, &case.id) else { continue };
            assert_eq!(pair.migrate(&case.id, &[]), Reply::ok(), "{what}");
            pair.assert_at(&case.id, Where::Target);
            assert_arrived(&mut pair.to, &case.id, &before, &what);
            let left_ms = pair.to.cmd(&["PEXPIRETIME", &case.id]).into_integer();
            // The reference adds the time in transit (rule X8).
            let expected = ttl_ms.parse::<i64>().expect("a number");
            match expected {
                0 => assert_eq!(left_ms, -1, "{what}"),
                at_ms => assert!((at_ms..at_ms + 10_000).contains(&left_ms), "{what}: {left_ms}"),
            }
            moved += 1;
        }
        assert!(moved > 70, "{moved} moved from {source:?}");
    }
}

/// The access of a key is a part of what it is: a cache that is moved evicts as before.
#[test]
fn idle_times_and_frequencies_travel() {
    let lfu = ["--maxmemory-policy", "allkeys-lfu"];
    for target in Kind::ALL {
        let Some(mut pair) = Pair::start(Kind::Keyferry, target) else { continue };
        pair.from.cmd(&["SET", "model", "value"]);
        let payload = pair.from.cmd(&["DUMP", "model"]).into_bulk();
        let restore: [&[u8]; 6] = [b"RESTORE", b"key", b"0", &payload, b"IDLETIME", b"1000"];
        assert_eq!(pair.from.cmd(&restore), Reply::ok());
        assert_eq!(pair.migrate("key", &[]), Reply::ok(), "{target:?}");
        let idle = pair.to.cmd(&["OBJECT", "IDLETIME", "key"]).into_integer();
        assert!((1000..1100).contains(&idle), "idle for {idle} s at {target:?}");

        let source = Server::keyferry(&lfu);
        let Some(target) = Server::start(target, &lfu) else { continue };
        let (mut from, mut to) = (source.client(), target.client());
        let restore: [&[u8]; 6] = [b"RESTORE", b"key", b"0", &payload, b"FREQ", b"77"];
        assert_eq!(from.cmd(&restore), Reply::ok());
        assert_eq!(migrate(&mut from, target.port(), "key", &[]), Reply::ok());
        assert_at(&mut from, &mut to, "key", Where::Target);
        let frequency = to.cmd(&["OBJECT", "FREQ", "key"]);
        assert_eq!(frequency, Reply::Integer(77), "{:?}", target.kind());
    }
}

/// The time of a RESTORE with ABSTTL: none for every third key.
fn expiry(nth: usize) -> String {
    let at_ms = if nth.is_multiple_of(3) { 0 } else { EXPIRE_AT_MS + nth as i64 };
    at_ms.to_string()
}

#[track_caller]
fn assert_expiry(client: &mut Client, key: &str, at_ms: &str, what: &str) {
    let told = match (client.cmd(&["PEXPIRETIME", key]), client.cmd(&["PTTL", key])) {
        // Redis 6.2 tells only what is left, and takes its time over it.
        (Reply::Error(_), Reply::Integer(left_ms @ 0..)) => {
            let found = unix_ms() + left_ms;
            let expected: i64 = at_ms.parse().expect("a number");
            assert!((expected..expected + 1_000).contains(&found), "{what}: {found}");
            return;
        }
        (Reply::Error(_), left) => left,
        (told, _) => told,
    };
    let expected = if at_ms == "0" { "-1" } else { at_ms };
    assert_eq!(told, Reply::line(&format!(":{expected}")), "{what}");
}

fn unix_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    now.as_millis() as i64
}

/// What the key holds, if it exists.
fn dumped(client: &mut Client, key: &str) -> Option<Value> {
    match client.cmd(&["DUMP", key]) {
        Reply::Nil => None,
        payload => Some(decoded(payload.into_bulk())),
    }
}

#[track_caller]
fn assert_arrived(client: &mut Client, key: &str, told: &Value, what: &str) {
    let found = dumped(client, key).expect("it has not expired");
    let (found, told) = match (&found, told) {
        (Value::Stream(found), Value::Stream(told)) => {
            let told = arranged(told);
            (
                Value::Stream(as_far_as_told(arranged(found), &told).into()),
                Value::Stream(told.into()),
            )
        }
        // A server keeps these in an order of its own.
        (Value::Module(found), Value::Module(told)) => {
            assert_eq!(found.id, told.id, "{what}");
            assert_eq!(found.parts.len(), told.parts.len(), "{what}");
            return;
        }
        _ => (found.clone(), told.clone()),
    };
    assert!(found == told, "{what}: {found:?} arrived of {told:?}");
}

/// A stream whose groups and consumers come in one order, whatever their server's is.
fn arranged(stream: &StreamValue) -> StreamValue {
    let mut stream = stream.clone();
    if let Some(history) = &mut stream.info.history
        && stream.nodes.is_empty()
    {
        // That of a stream which came empty from Redis 6.2 is the highest to Redis 7.0.
        history.first_id = StreamId::MIN;
    }
    stream.groups.sort_by(|a, b| a.group.name.cmp(&b.group.name));
    for group in &mut stream.groups {
        group.pending.sort_by_key(|entry| entry.id);
        group.consumers.sort_by(|a, b| a.consumer.name.cmp(&b.consumer.name));
        group.consumers.iter_mut().for_each(|consumer| consumer.owned.sort());
    }
    stream
}

/// `found` without what its server made up because nobody told it: newer versions know more of a
/// stream.
fn as_far_as_told(mut found: StreamValue, told: &StreamValue) -> StreamValue {
    found.info.history = found.info.history.filter(|_| told.info.history.is_some());
    for (group, told) in found.groups.iter_mut().zip(&told.groups) {
        let entries_read = &mut group.group.entries_read;
        *entries_read = entries_read.filter(|_| told.group.entries_read.is_some());
        for (consumer, told) in group.consumers.iter_mut().zip(&told.consumers) {
            let active_at_ms = &mut consumer.consumer.active_at_ms;
            *active_at_ms = active_at_ms.filter(|_| told.consumer.active_at_ms.is_some());
        }
    }
    found
}
