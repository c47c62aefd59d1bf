//! Keys that are on their way count where they are: at the source until they are given up, at the
//! target when they are in place. That is what events tell (rule E4).

use super::{End, Move};
use crate::script::messages;
use crate::support::{Client, Reply, Server};

/// All events of database 0, on both channels.
fn listener(server: &Server) -> Client {
    let mut listener = server.client();
    listener.cmd(&["CONFIG", "SET", "notify-keyspace-events", "KEA"]);
    listener.cmd(&["PSUBSCRIBE", "__key*@0__:*"]);
    listener
}

/// Each message since this was called last, by its channel and what it says.
#[track_caller]
fn told(listener: &mut Client) -> Vec<String> {
    messages(listener).into_iter().map(|(channel, what)| format!("{channel} {what}")).collect()
}

/// Asserts that a server has the key, or no key, however it is asked.
#[track_caller]
fn assert_counts(client: &mut Client, has_key: bool, context: &str) {
    let count = Reply::Integer(has_key.into());
    let keys = Reply::Array(has_key.then(|| Reply::bulk("key")).into_iter().collect());
    let slot = client.cmd(&["CLUSTER", "KEYSLOT", "key"]).into_integer().to_string();
    let random = if has_key { Reply::bulk("key") } else { Reply::Nil };
    for (command, wanted) in [
        (&["DBSIZE"][..], count.clone()),
        (&["EXISTS", "key"], count.clone()),
        (&["TOUCH", "key"], count.clone()),
        (&["CLUSTER", "COUNTKEYSINSLOT", &slot], count),
        (&["CLUSTER", "GETKEYSINSLOT", &slot, "10"], keys.clone()),
        (&["KEYS", "*"], keys.clone()),
        (&["SCAN", "0"], Reply::Array(vec![Reply::bulk("0"), keys])),
        (&["RANDOMKEY"], random),
    ] {
        assert_eq!(client.cmd(command), wanted, "{context}: {command:?}");
    }
    let info = String::from_utf8(client.cmd(&["INFO", "keyspace"]).into_bulk()).expect("text");
    assert_eq!(info.contains("db0:keys=1,"), has_key, "{context}: {info}");
}

#[test]
fn a_key_counts_at_the_source_until_it_is_given_up_and_at_the_target_when_it_is_in_place() {
    for end in End::ALL {
        let mut moving = Move::new();
        moving.make("RPUSH key x");
        let mut here = listener(&moving.pair.source);
        let mut there = listener(&moving.pair.target);
        moving.begin(end, &[]);
        assert_counts(&mut moving.pair.from, true, &format!("source, on its way, {end:?}"));
        assert_counts(&mut moving.pair.to, false, &format!("target, on its way, {end:?}"));
        assert_eq!((told(&mut here), told(&mut there)), (vec![], vec![]), "{end:?}");

        moving.end(end);
        let (is_here, is_there) = (end != End::Moved, end != End::CalledOff);
        assert_counts(&mut moving.pair.from, is_here, &format!("source, {end:?}"));
        assert_counts(&mut moving.pair.to, is_there, &format!("target, {end:?}"));
        let events = |name: &str, has_happened: bool| {
            let events =
                [format!("__keyspace@0__:key {name}"), format!("__keyevent@0__:{name} key")];
            events.into_iter().filter(|_| has_happened).collect::<Vec<_>>()
        };
        assert_eq!(told(&mut here), events("del", !is_here), "{end:?}");
        assert_eq!(told(&mut there), events("restore", is_there), "{end:?}");
    }
}

/// Until a key that is to be replaced is, it is what it was.
#[test]
fn a_replaced_key_is_the_old_one_until_the_new_one_is_in_place() {
    for end in End::ALL {
        let mut moving = Move::new();
        moving.make("RPUSH key x");
        moving.pair.to.cmd(&["SET", "key", "old", "EX", "1000"]);
        moving.begin(end, &["REPLACE"]);
        let to = &mut moving.pair.to;
        assert_eq!(to.cmd(&["APPEND", "key", "er"]), Reply::Integer(5), "{end:?}");
        assert_eq!(to.cmd(&["DBSIZE"]), Reply::Integer(1), "{end:?}");
        moving.end(end);
        let to = &mut moving.pair.to;
        if end == End::CalledOff {
            assert_eq!(to.cmd(&["GET", "key"]), Reply::bulk("older"));
        } else {
            assert_eq!(to.cmd(&["LINDEX", "key", "0"]), Reply::bulk("x"), "{end:?}");
            assert_eq!(to.cmd(&["TTL", "key"]), Reply::Integer(-1), "{end:?}");
        }
        assert_eq!(to.cmd(&["DBSIZE"]), Reply::Integer(1), "{end:?}");
    }
}
