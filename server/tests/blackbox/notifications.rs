//! Keyspace notifications, beside Redis 7.0.15: which events are told, on which channels and in
//! which order. That every command tells its own is for the random commands of `differential`.

use std::thread;
use std::time::Duration;

use crate::script::{assert_alike, assert_alike_with, messages};
use crate::support::{Client, Kind, Pair, Reply, Server, Where, free_port, migrate};

/// All events, on both channels.
const ALL: [&str; 2] = ["--notify-keyspace-events", "KEAnm"];

#[test]
fn an_event_is_told_on_the_channel_of_the_key_and_then_on_its_own() {
    assert_alike_with(
        &ALL,
        "
        s PSUBSCRIBE __key*
        a SET key value
        s<
        s<
        s<
        s<
        a SELECT 3
        a LPUSH list a b
        s<
        s<
        s<
        s<
        a GET none
        s<
        s<
        a SET list x XX GET
        s PING
        a DEL list none
        s<
        s<
        s PING
        ",
    );
}

#[test]
fn only_the_events_and_channels_that_are_asked_for_are_told() {
    assert_alike(
        "
        s PSUBSCRIBE __key*
        a SET key 1
        a CONFIG SET notify-keyspace-events K
        a SET key 1
        a CONFIG SET notify-keyspace-events A
        a SET key 1
        s PING
        a CONFIG SET notify-keyspace-events K$
        a CONFIG GET notify-keyspace-events
        a SET key 1 EX 100
        s<
        a GET none
        a DEL key
        s PING
        a CONFIG SET notify-keyspace-events El
        a LPUSH list a
        s<
        a SADD set a
        a RENAME list other
        s PING
        a CONFIG SET notify-keyspace-events gE
        a RENAME other list
        s<
        s<
        a SADD set b
        a CONFIG SET notify-keyspace-events Enmz
        a ZADD zset 1 a
        s<
        s<
        a HGET none a
        s<
        a CONFIG SET notify-keyspace-events shE
        a SADD set c
        s<
        a HSET hash a 1
        s<
        a ZADD zset 1 b
        a CONFIG SET notify-keyspace-events AnKE
        a CONFIG GET notify-keyspace-events
        a CONFIG SET notify-keyspace-events KEq
        a CONFIG GET notify-keyspace-events
        a CONFIG SET notify-keyspace-events ''
        a DEL set hash zset list
        s PING
        ",
    );
}

/// A key whose time is up is told of before what is done by who comes upon it.
#[test]
fn that_a_key_has_expired_is_told_before_what_comes_then() {
    let commands = [
        "SET key 1",
        "SETNX key 1",
        "SET key 1 NX",
        "SET key 1 XX",
        "SET key 1 KEEPTTL",
        "SET key 1 GET",
        "MSETNX key 1 other 2",
        "RENAME other key",
        "RENAMENX other key",
        "RENAME key other",
        "COPY other key",
        "COPY key new",
        "MOVE key 1",
        "EXPIRE key 100",
        "PERSIST key",
        "GETEX key PERSIST",
        "GETDEL key",
        "GET key",
        "EXISTS key",
        "TTL key",
        "TYPE key",
        "DUMP key",
        "LPUSH key a",
        "LMOVE list key LEFT LEFT",
        "SADD key a",
        "SMOVE set key b",
        "HSET key a 1",
        "ZADD key 1 a",
        "APPEND key a",
        "INCR key",
        "DEL key",
        "SORT list STORE key",
        "SUNIONSTORE key set set",
        "BITOP NOT key other",
    ];
    let told = Kind::REFERENCE_AND_KEYFERRY.map(|kind| {
        let server = Server::start(kind, &["--enable-debug-command", "yes"])?;
        let (mut client, mut listener) = (server.client(), listener(&server));
        client.cmd(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
        Some(commands.map(|command| {
            for line in
                ["FLUSHALL", "SET other 1", "SADD set a b", "RPUSH list 2 1", "SET key 1 PX 1"]
            {
                client.cmd(&words(line));
            }
            thread::sleep(Duration::from_millis(3));
            told(&mut listener);
            client.cmd(&words(command));
            format!("{command}: {:?}", told(&mut listener))
        }))
    });
    let [theirs, Some(ours)] = told else { panic!("keyferry is built with its tests") };
    assert!(ours.iter().all(|told| told.contains("expired key")), "{ours:?}");
    if let Some(theirs) = theirs {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn commands_of_a_transaction_tell_among_each_other_what_they_do() {
    assert_alike_with(
        &ALL,
        "
        s PSUBSCRIBE __keyevent* channel
        a MULTI
        a SET key 1
        a PUBLISH channel between
        a MOVE key 2
        a SWAPDB 0 2
        a GET key
        a RENAME key other
        a EXEC
        s<
        s<
        s<
        s<
        s<
        s<
        s<
        s<
        s<
        s PING
        a FLUSHALL
        a FLUSHDB
        s PING
        ",
    );
}

/// What the clients that wait are served with is told when it has been pushed.
#[test]
fn what_is_done_for_clients_that_wait_is_told_after_what_they_waited_for() {
    assert_alike_with(
        &ALL,
        "
        s PSUBSCRIBE __keyevent*
        a> BLMOVE list other LEFT RIGHT 0
        b> BLPOP other 0
        c RPUSH list x
        a<
        b<
        s<
        s<
        s<
        s<
        s<
        s<
        s<
        s<
        s PING
        ",
    );
}

/// A pair that tells of everything, as keyferry and as Redis 7.0, with who listens at either end.
fn each_pair(mut check: impl FnMut(&mut Pair, &mut Client, &mut Client)) {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(mut pair) = Pair::start(kind, kind) else { continue };
        eprintln!("{kind:?}");
        let (mut source, mut target) = (listener(&pair.source), listener(&pair.target));
        check(&mut pair, &mut source, &mut target);
    }
}

/// A client that is told all events.
fn listener(server: &Server) -> Client {
    let mut listener = server.client();
    listener.cmd(&["CONFIG", "SET", "notify-keyspace-events", "EAnm"]);
    listener.cmd(&["PSUBSCRIBE", "__keyevent@0*"]);
    listener
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// The events told so far, each with its key.
#[track_caller]
fn told(listener: &mut Client) -> Vec<String> {
    let messages = messages(listener).into_iter();
    messages
        .map(|(channel, key)| {
            let event = channel.strip_prefix("__keyevent@0__:").expect("a channel of an event");
            format!("{event} {key}")
        })
        .collect()
}

/// Rule E4.
#[test]
fn a_moved_key_is_deleted_at_the_source_and_restored_at_the_target() {
    each_pair(|pair, source, target| {
        pair.from.cmd(&["MSET", "a", "1", "b", "2"]);
        pair.from.cmd(&["RPUSH", "list", "x", "y"]);
        told(source);
        assert_eq!(pair.migrate("", &["KEYS", "a", "none", "list", "b"]), Reply::ok());
        let mut events = told(source);
        // Redis looks all keys up before it moves any, keyferry each when its turn has come.
        events.sort();
        assert_eq!(events, ["del a", "del b", "del list", "keymiss none"]);
        let events = ["new a", "restore a", "new list", "restore list", "new b", "restore b"];
        assert_eq!(told(target), events);
    });
}

/// Rules E4 and R11: nothing is deleted, and REPLACE tells of no key that goes.
#[test]
fn a_copy_tells_nothing_at_the_source_and_a_replaced_key_is_only_restored() {
    each_pair(|pair, source, target| {
        pair.from.cmd(&["SET", "key", "1"]);
        pair.to.cmd(&["SET", "key", "0", "EX", "100"]);
        told(source);
        told(target);
        assert_eq!(pair.migrate("key", &["COPY", "REPLACE"]), Reply::ok());
        assert_eq!(told(source), [""; 0]);
        assert_eq!(told(target), ["new key", "restore key"]);
        assert_eq!(pair.migrate("key", &["REPLACE"]), Reply::ok());
        assert_eq!(told(source), ["del key"]);
        assert_eq!(told(target), ["new key", "restore key"]);
    });
}

/// Rules E4, K2 and T7: a key that stays is told of by nobody.
#[test]
fn a_key_that_the_target_refuses_is_told_of_by_nobody() {
    each_pair(|pair, source, target| {
        pair.from.cmd(&["MSET", "key", "1", "other", "2"]);
        pair.to.cmd(&["SET", "key", "0"]);
        told(source);
        told(target);
        assert!(pair.migrate("", &["KEYS", "key", "other"]).is_error("ERR"));
        assert_eq!(told(source), ["del other"]);
        assert_eq!(told(target), ["new other", "restore other"]);
        pair.assert_at("key", Where::Both);
        // Nobody is there.
        let reply = migrate(&mut pair.from, free_port(), "key", &[]);
        assert!(reply.is_error("IOERR"), "{reply:?}");
        assert_eq!(told(source), [""; 0]);
    });
}

/// Rules K1 and K2: what is looked up and not found has been missed, and what has expired goes
/// before.
#[test]
fn keys_that_are_not_there_are_missed() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &["--enable-debug-command", "yes"]) else {
            continue;
        };
        let (mut client, mut listener) = (server.client(), listener(&server));
        client.cmd(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
        client.cmd(&["SET", "past", "1", "PX", "1"]);
        thread::sleep(Duration::from_millis(3));
        told(&mut listener);
        let reply = migrate(&mut client, free_port(), "", &["KEYS", "none", "past"]);
        assert_eq!(reply, Reply::status("NOKEY"));
        let events = ["keymiss none", "expired past", "keymiss past"];
        assert_eq!(told(&mut listener), events, "{kind:?}");
    }
}

/// Rules R9 and R11.
#[test]
fn a_payload_that_has_expired_leaves_no_key_and_tells_only_of_the_one_that_goes() {
    each_pair(|pair, source, _| {
        pair.from.cmd(&["SET", "key", "1"]);
        let payload = pair.from.cmd(&["DUMP", "key"]).into_bulk();
        told(source);
        let mut restore = |key: &str, options: &[&str]| {
            let mut args = vec![&b"RESTORE"[..], key.as_bytes(), b"1", &payload, b"ABSTTL"];
            args.extend(options.iter().map(|option| option.as_bytes()));
            assert_eq!(pair.from.cmd(&args), Reply::ok());
            told(source)
        };
        assert_eq!(restore("none", &[]), [""; 0]);
        assert_eq!(restore("key", &["REPLACE"]), ["del key"]);
    });
}
