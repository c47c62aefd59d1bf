//! Client-side caching, beside Redis 7.0.15: what clients are told of the keys that they may have in
//! their caches, when, and where. Then what can be looked up about it.

use crate::script::{assert_alike, info_field, listed};
use crate::support::{Client, Kind, Pair, Reply, Server, wait_until};

#[test]
fn a_client_is_told_once_of_a_key_that_it_has_read() {
    assert_alike(
        "
        a! HELLO 3
        b SET key 0
        a CLIENT TRACKING on
        b SET key 1
        a PING
        a GET key
        b SET key 2
        a<
        b SET key 3
        a PING
        a MGET key none key
        b DEL key
        a<
        b DEL key
        b APPEND none x
        a<
        b SELECT 1
        a GET key
        b SET key other
        a<
        a GET key
        b SET key x XX
        a PING
        a CLIENT TRACKING off
        b SET key 4
        a PING
        ",
    );
}

#[test]
fn whoever_changes_a_key_itself_reads_the_reply_first() {
    assert_alike(
        "
        a! HELLO 3
        a CLIENT TRACKING on
        a GET key
        a SET key 1
        a<
        a MGET x y z
        a MSET z 1 x 2
        a<
        a<
        a GET y
        a MULTI
        a SET y 1
        a GET y
        a SET y 2
        a GET y
        a EXEC
        a<
        a<
        b SET y 3
        a<
        a LRANGE list 0 -1
        a> BLPOP list 0
        b RPUSH list x
        a<
        a<
        b RPUSH list x
        a PING
        ",
    );
}

#[test]
fn keys_that_expire_and_databases_that_are_flushed_are_told() {
    assert_alike(
        "
        a! HELLO 3
        a CLIENT TRACKING on
        b SET key 1 PX 300
        a GET key
        sleep 600
        a<
        a GET key
        b FLUSHALL
        a<
        b SET key 1
        a PING
        a FLUSHDB
        a<
        a GET key
        b SWAPDB 0 1
        a PING
        c! HELLO 3
        c CLIENT TRACKING on BCAST PREFIX none NOLOOP
        c FLUSHALL
        c<
        a<
        ",
    );
}

#[test]
fn commands_that_only_read_are_tracked_and_no_others() {
    let mut session = String::from("a! HELLO 3\na CLIENT TRACKING on\n");
    for reads in [
        "EXISTS key",
        "TTL key",
        "TYPE key",
        "DUMP key",
        "TOUCH key",
        "STRLEN key",
        "OBJECT ENCODING key",
        "LRANGE key 0 -1",
        "HGETALL key",
        "SORT_RO key",
        "SINTER other key",
        "ZRANGE key 0 1",
        "ZUNION 2 other key",
        "LCS other key",
        "BITCOUNT key",
        "BITFIELD_RO key GET u8 0",
        "EXPIRETIME key",
    ] {
        session += &format!("b DEL key\nb SET key 1\na! {reads}\nb SET key 2\na<\n");
    }
    for writes in
        ["GETEX key", "GETSET key 1", "SORT key", "BITFIELD key GET u8 0", "KEYS *", "SCAN 0"]
    {
        session += &format!("b DEL key\nb RPUSH key 1\na! {writes}\nb DEL key\na PING\n");
    }
    assert_alike(&session);
}

#[test]
fn who_does_not_want_to_hear_of_its_own_changes_does_not() {
    assert_alike(
        "
        a! HELLO 3
        a CLIENT TRACKING on NOLOOP
        a GET key
        a SET key 1
        a PING
        b SET key 2
        a PING
        a GET key
        b SET key 3
        a<
        a CLIENT TRACKING off
        a CLIENT TRACKING on BCAST NOLOOP
        a SET key 1
        a PING
        b SET key 2
        a<
        a MULTI
        a MSET x 1 y 2
        a EXEC
        a PING
        ",
    );
}

#[test]
fn clients_choose_what_is_tracked() {
    assert_alike(
        "
        a! HELLO 3
        a CLIENT TRACKING on OPTIN
        a GET key
        b SET key 1
        a CLIENT CACHING yes
        a CLIENT TRACKINGINFO
        a GET key
        a GET other
        a CLIENT TRACKINGINFO
        b MSET key 2 other 2
        a<
        a CLIENT CACHING YES
        a NOPE
        a GET key
        b SET key 3
        a CLIENT CACHING YES
        a MULTI
        a GET key
        a GET other
        a EXEC
        b SET other 4
        a<
        b SET key 4
        a<
        a GET other
        b SET other 5
        a PING
        a CLIENT TRACKING off
        a CLIENT TRACKING on OPTOUT
        a GET key
        a CLIENT CACHING no
        a CLIENT TRACKINGINFO
        a GET other
        b MSET key 5 other 6
        a<
        a PING
        ",
    );
}

#[test]
fn changes_of_keys_with_a_prefix_are_broadcast() {
    assert_alike(
        "
        a! HELLO 3
        a CLIENT TRACKING on BCAST PREFIX user: PREFIX item:
        b MSET user:2 x none y user:1 z item:1 q
        a<
        a<
        a GET none
        b SET none 1
        a SET user:1 x
        a<
        b DEL user:1 none
        a<
        a CLIENT TRACKING on BCAST PREFIX other
        b SET other 1
        a<
        b SET user:3 1 PX 20
        a<
        sleep 200
        a<
        c! HELLO 3
        c CLIENT TRACKING on BCAST
        b SET user:3 1
        a<
        c<
        b SET not 1
        c<
        a PING
        a RESET
        b SET user:3 2
        c<
        a PING
        ",
    );
}

#[test]
fn another_client_can_be_told() {
    assert_alike(
        "
        r SUBSCRIBE __redis__:invalidate
        a CLIENT TRACKING on REDIRECT ID:r
        a GET key
        b SET key 1
        r<
        a GET key
        b FLUSHALL
        r<
        r UNSUBSCRIBE
        a GET key
        b SET key 2
        r PING
        q! HELLO 3
        a CLIENT TRACKING on REDIRECT ID:q
        a GET key
        a SET key 3
        q<
        c CLIENT TRACKING on
        c GET key
        b SET key 4
        c PING
        d CLIENT TRACKING on BCAST REDIRECT ID:q
        b SET key 5
        q<
        ",
    );
}

#[test]
fn what_cannot_be_is_refused() {
    assert_alike(
        "
        a CLIENT TRACKING
        a CLIENT TRACKING maybe
        a CLIENT TRACKING on nope
        a CLIENT TRACKING maybe BCAST PREFIX
        a CLIENT TRACKING on OPTIN OPTOUT
        a CLIENT TRACKING on PREFIX a
        a CLIENT TRACKING on BCAST OPTIN
        a CLIENT TRACKING on REDIRECT 99999
        a CLIENT TRACKING on REDIRECT x
        a CLIENT TRACKING on REDIRECT 0
        a CLIENT TRACKING on REDIRECT
        a CLIENT TRACKING on REDIRECT ID:a REDIRECT ID:a
        a CLIENT TRACKING off REDIRECT 99999
        a CLIENT CACHING yes
        a CLIENT CACHING
        a CLIENT GETREDIR
        a CLIENT GETREDIR x
        a CLIENT TRACKINGINFO
        a CLIENT TRACKING on
        a CLIENT GETREDIR
        a CLIENT CACHING yes
        a CLIENT CACHING no
        a CLIENT CACHING maybe
        a CLIENT TRACKING on BCAST
        a CLIENT TRACKING on OPTIN
        a CLIENT TRACKING on OPTOUT
        a CLIENT CACHING no
        a CLIENT TRACKING on
        a CLIENT TRACKINGINFO
        a CLIENT TRACKING on OPTOUT NOLOOP
        a CLIENT TRACKINGINFO
        a CLIENT TRACKING off
        a CLIENT TRACKING off
        a CLIENT TRACKING on BCAST PREFIX a PREFIX ab
        a CLIENT TRACKING on BCAST PREFIX ab PREFIX b PREFIX a
        a CLIENT TRACKING on BCAST PREFIX a PREFIX b
        a CLIENT TRACKING on BCAST PREFIX bc
        a CLIENT TRACKING on BCAST PREFIX c NOLOOP
        a CLIENT TRACKING on BCAST
        a CLIENT TRACKINGINFO
        a CLIENT TRACKING on
        a CLIENT TRACKING on BCAST PREFIX d
        a CLIENT CACHING no
        a RESET
        a CLIENT TRACKINGINFO
        a HELLO x
        a! HELLO 3
        a CLIENT TRACKINGINFO
        ",
    );
}

/// A server of either kind.
fn each(mut check: impl FnMut(&Server)) {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        eprintln!("{kind:?}");
        check(&server);
    }
}

/// A client that caches, with its number.
fn tracker(server: &Server, options: &[&str]) -> (Client, i64) {
    let mut client = server.client();
    client.cmd(&["HELLO", "3"]);
    client.cmd(&[&["CLIENT", "TRACKING", "ON"], options].concat());
    let id = client.cmd(&["CLIENT", "ID"]).into_integer();
    (client, id)
}

fn invalidated(keys: &[&str]) -> Reply {
    let keys = keys.iter().map(Reply::bulk).collect();
    Reply::Push(vec![Reply::bulk("invalidate"), Reply::Array(keys)])
}

#[test]
fn who_is_told_in_vain_hears_of_it() {
    each(|server| {
        let mut other = server.client();
        let (mut told, told_id) = tracker(server, &[]);
        let (mut client, id) = tracker(server, &["REDIRECT", &told_id.to_string()]);
        assert_eq!(client.cmd(&["CLIENT", "GETREDIR"]), Reply::Integer(told_id));
        assert_eq!(listed(&mut other, id, "redir"), told_id.to_string());
        client.cmd(&["GET", "key"]);
        other.cmd(&["SET", "key", "1"]);
        assert_eq!(told.reply(), invalidated(&["key"]));
        assert_eq!(listed(&mut other, id, "flags"), "t");
        told.cmd(&["QUIT"]);
        wait_until("it is gone", || info_field(&mut other, "clients", "connected_clients") == 2);
        client.cmd(&["GET", "key"]);
        other.cmd(&["SET", "key", "2"]);
        let broken = vec![Reply::bulk("tracking-redir-broken"), Reply::Integer(told_id)];
        assert_eq!(client.reply(), Reply::Push(broken));
        assert_eq!(listed(&mut other, id, "flags"), "tR");
        let Reply::Map(info) = client.cmd(&["CLIENT", "TRACKINGINFO"]) else { panic!("no map") };
        let flags = ["on", "broken_redirect"].map(Reply::bulk).into();
        assert_eq!(
            info[..4],
            [
                Reply::bulk("flags"),
                Reply::Set(flags),
                Reply::bulk("redirect"),
                Reply::Integer(told_id),
            ]
        );
    });
}

#[test]
fn what_is_tracked_can_be_looked_up() {
    each(|server| {
        let (mut other, mut writer) = (server.client(), server.client());
        let mut counts = || {
            let names = ["tracking_total_keys", "tracking_total_items", "tracking_total_prefixes"];
            let stats = names.map(|name| info_field(&mut other, "stats", name));
            (info_field(&mut other, "clients", "tracking_clients"), stats)
        };
        assert_eq!(counts(), (0, [0, 0, 0]));
        let (mut one, _) = tracker(server, &[]);
        let (mut two, _) = tracker(server, &[]);
        one.cmd(&["MGET", "a", "b", "c", "a"]);
        two.cmd(&["MGET", "a", "b"]);
        assert_eq!(counts(), (2, [3, 5, 0]));
        let (three, id) = tracker(server, &["BCAST", "PREFIX", "x", "PREFIX", "y"]);
        let (mut four, _) = tracker(server, &["BCAST", "PREFIX", "y"]);
        assert_eq!(counts(), (4, [3, 5, 2]));
        writer.cmd(&["SET", "b", "1"]);
        assert_eq!(counts(), (4, [2, 3, 2]));
        four.cmd(&["CLIENT", "TRACKING", "OFF"]);
        assert_eq!(counts(), (3, [2, 3, 2]));
        drop(three);
        wait_until("it is gone", || counts() == (2, [2, 3, 0]));
        writer.cmd(&["FLUSHALL"]);
        assert_eq!(counts(), (2, [0, 0, 0]));
        let (mut broadcast, id_after) = tracker(server, &["BCAST"]);
        assert!(id_after > id);
        broadcast.cmd(&["PING"]);
        assert_eq!(listed(&mut server.client(), id_after, "flags"), "tB");
        assert_eq!(listed(&mut server.client(), id_after, "redir"), "0");
    });
}

/// Which ones is left to chance: whoever has read them is told that it cannot keep them.
#[test]
fn no_more_keys_are_remembered_than_may_be() {
    each(|server| {
        let mut other = server.client();
        other.cmd(&["CONFIG", "SET", "tracking-table-max-keys", "5"]);
        let (mut client, _) = tracker(server, &[]);
        for nth in 0..20 {
            client.send(&["GET", &format!("key:{nth}")]);
        }
        let (mut answers, mut told) = (0, 0);
        while answers < 20 || told < 15 {
            match client.reply() {
                Reply::Null => answers += 1,
                Reply::Push(_) => told += 1,
                reply => panic!("{reply:?}"),
            }
            if answers == 20 {
                // The reference forgets the last one when the next command comes.
                other.cmd(&["PING"]);
            }
        }
        assert_eq!(info_field(&mut other, "stats", "tracking_total_keys"), 5);
        assert_eq!(info_field(&mut other, "stats", "tracking_total_items"), 5);
        for nth in 0..20 {
            other.cmd(&["SET", &format!("key:{nth}"), "1"]);
        }
        for _ in 0..5 {
            assert!(matches!(client.reply(), Reply::Push(_)));
        }
        assert_eq!(client.cmd(&["PING"]), Reply::status("PONG"));
    });
}

/// Rule E5; and a copy (E1) and a key that the target refuses (T7) change nothing.
#[test]
fn a_moved_key_is_told_when_it_is_gone() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(mut pair) = Pair::start(kind, kind) else { continue };
        let (mut reader, _) = tracker(&pair.source, &[]);
        let (mut listener, _) = tracker(&pair.source, &["BCAST", "PREFIX", "k"]);
        let (mut at_target, _) = tracker(&pair.target, &[]);
        pair.from.cmd(&["SET", "key", "1"]);
        assert_eq!(listener.reply(), invalidated(&["key"]));
        reader.cmd(&["GET", "key"]);
        at_target.cmd(&["GET", "key"]);
        assert_eq!(pair.migrate("key", &["COPY"]), Reply::ok());
        assert_eq!(at_target.reply(), invalidated(&["key"]));
        assert!(pair.migrate("key", &[]).is_error("ERR"));
        for client in [&mut reader, &mut listener] {
            assert_eq!(client.cmd(&["PING"]), Reply::status("PONG"), "{kind:?}");
        }
        assert_eq!(pair.migrate("key", &["REPLACE"]), Reply::ok());
        for client in [&mut reader, &mut listener] {
            assert_eq!(client.reply(), invalidated(&["key"]), "{kind:?}");
            assert_eq!(client.cmd(&["PING"]), Reply::status("PONG"), "{kind:?}");
        }
    }
}

#[test]
fn messages_come_in_the_order_of_the_changes() {
    each(|server| {
        let mut other = server.client();
        other.cmd(&["CONFIG", "SET", "notify-keyspace-events", "E$g"]);
        let (mut client, _) = tracker(server, &[]);
        client.cmd(&["PSUBSCRIBE", "__keyevent*"]);
        client.cmd(&["MGET", "a", "b"]);
        other.cmd(&["MSET", "b", "1", "a", "2"]);
        let event = |key: &str| {
            let parts = ["pmessage", "__keyevent*", "__keyevent@0__:set", key];
            Reply::Push(parts.map(Reply::bulk).into())
        };
        let told: Vec<_> = (0..4).map(|_| client.reply()).collect();
        assert_eq!(told, [invalidated(&["b"]), event("b"), invalidated(&["a"]), event("a")]);
        assert_eq!(client.cmd(&["PING"]), Reply::status("PONG"));
    });
}
