//! MULTI, EXEC, DISCARD, WATCH and UNWATCH do what those of Redis 7.0.15 do.

use std::time::Duration;

use crate::script::{assert_alike, assert_alike_with, info_field, listed, play};
use crate::support::{Kind, Peer, Reply, Server};

#[test]
fn what_is_refused_is_refused_in_the_words_of_the_reference() {
    assert_alike(
        "a EXEC
        a DISCARD
        a DISCARD x
        a EXEC x
        a MULTI
        a MULTI
        a WATCH key
        a PING
        a EXEC
        a MULTI
        a NOSUCH a b
        a PING
        a EXEC
        a MULTI
        a GET
        a EXEC
        a MULTI
        a EXEC x
        a PING
        a MULTI
        a MULTI x
        a EXEC
        a MULTI
        a DISCARD x
        a EXEC
        a MULTI
        a SHUTDOWN
        a EXEC
        a MULTI
        a WATCH
        a EXEC
        a MULTI
        a CLIENT NOSUCH
        a EXEC
        a MULTI
        a NOSUCH
        a DISCARD
        a MULTI
        a MONITOR
        a PING
        a EXEC
        a UNWATCH x
        a WATCH",
    );
}

#[test]
fn who_is_not_logged_in_has_no_transaction() {
    assert_alike_with(
        &["--requirepass", "sesame"],
        "a MULTI
        a WATCH key
        a EXEC
        a AUTH sesame
        a MULTI
        a SET key 1
        a RESET
        a EXEC
        a AUTH sesame
        a EXEC
        a GET key",
    );
}

/// An error of one command does not stop the rest, and a database that is selected stays so.
#[test]
fn commands_are_run_one_after_the_other() {
    assert_alike(
        "a MULTI
        a SET key 1
        a LPUSH key 1
        a INCR key
        b GET key
        a SELECT 1
        a SET key other
        a SELECT 99
        a EXEC
        a GET key
        a SELECT 0
        a GET key
        a MULTI
        a EXEC
        a MULTI
        a SET key 3
        a DISCARD
        a GET key
        a MULTI
        a UNWATCH
        a CLIENT GETNAME
        a ECHO ''
        a EXEC",
    );
}

#[test]
fn commands_that_wait_for_keys_do_not_wait_in_a_transaction() {
    assert_alike(
        "a MULTI
        a BLPOP none 0
        a BRPOP none 0
        a BLMOVE none other LEFT LEFT 0
        a BRPOPLPUSH none other 0
        a BLMPOP 0 1 none LEFT
        a BZPOPMIN none 0
        a BZPOPMAX none 1
        a BZMPOP 0 1 none MIN
        a WAIT 1 0
        a BLPOP none x
        a RPUSH none 1 2
        a BLPOP none 0
        a BRPOP none 0
        a EXEC",
    );
}

#[test]
fn a_watched_key_that_changes_ends_the_transaction() {
    for change in [
        "SET key 1",
        "SET key 2",
        "APPEND key ''",
        "DEL key",
        "UNLINK key",
        "EXPIRE key 100",
        "PEXPIRE key -1",
        "RENAME key other",
        "RENAME other key",
        "COPY other key REPLACE",
        "COPY key third",
        "MOVE key 1",
        "PERSIST key",
        "GETEX key EX 100",
        "GETEX key",
        "SETRANGE key 0 ''",
        "SETRANGE key 0 x",
        "INCRBY key 0",
        "GET key",
        "GETSET key 1",
        "SETNX key 1",
        "MSET other 1 key 1",
        "FLUSHDB",
        "FLUSHALL",
        "SWAPDB 0 1",
        "SWAPDB 2 1",
        "LPUSH key 1",
        "SORT none STORE key",
        "TOUCH key",
        "OBJECT FREQ key",
        "RESTORE key 0 x REPLACE",
    ] {
        assert_alike(&format!(
            "b SET key 1
            b SET other 2
            a WATCH key
            b {change}
            a MULTI
            a SET seen yes
            a EXEC
            a EXISTS seen
            a MULTI
            a PING
            a EXEC"
        ));
    }
}

#[test]
fn a_watched_key_that_changes_by_the_client_itself_ends_the_transaction() {
    assert_alike(
        "a SET key 1
        a WATCH key
        a SET key 2
        a MULTI
        a PING
        a EXEC
        a WATCH key
        a MULTI
        a SET key 3
        a EXEC
        a MULTI
        a PING
        a EXEC",
    );
}

#[test]
fn what_changes_no_key_ends_no_transaction() {
    assert_alike(
        "b RPUSH list 1 2 3
        b SADD set 1
        b HSET hash f 1
        b ZADD sorted 1 m
        a WATCH list set hash sorted none
        b LREM list 0 9
        b LPUSHX none 1
        b LINSERT list BEFORE 9 9
        b LPOP none
        b SADD set 1
        b SREM set 2
        b SMOVE set other 9
        b HDEL hash g
        b HSETNX hash f 2
        b ZADD sorted 1 m
        b ZADD sorted XX 1 n
        b ZREM sorted n
        b ZREMRANGEBYSCORE sorted 5 6
        b DEL none
        b EXPIRE none 5
        b RPOPLPUSH none list
        b LMOVE none list LEFT LEFT
        b SELECT 1
        b SET list 1
        b FLUSHDB
        a MULTI
        a PING
        a EXEC",
    );
}

#[test]
fn what_changes_bits_ends_the_transaction_and_what_leaves_them_does_not() {
    for change in [
        "SETBIT bits 1 0",
        "SETBIT bits 4 1",
        "SETBIT bits 100 0",
        "SETBIT bits 1 1",
        "SETBIT none 1 0",
        "BITFIELD bits SET u8 0 1",
        "BITFIELD bits SET u8 0 97",
        "BITFIELD bits SET u8 100 0",
        "BITFIELD bits INCRBY u8 0 1",
        "BITFIELD bits INCRBY u8 0 0",
        "BITFIELD bits OVERFLOW FAIL INCRBY u8 0 255",
        "BITFIELD bits GET u8 0",
        "BITFIELD_RO bits GET u8 0",
        "BITOP NOT bits other",
        "BITOP NOT bits none",
        "BITOP AND none bits other",
        "BITOP AND none nothing nowhere",
        "BITCOUNT bits",
    ] {
        assert_alike(&format!(
            "b SET bits abc
            b SET other xyz
            a WATCH bits none
            b {change}
            a MULTI
            a EXEC"
        ));
    }
}

#[test]
fn what_changes_a_collection_ends_the_transaction() {
    for change in [
        "LTRIM list 0 -1",
        "LSET list 0 1",
        "LPOP list",
        "LPOP list 0",
        "RPUSH list 1",
        "LREM list 0 1",
        "RPOPLPUSH list list",
        "LMPOP 1 list LEFT",
        "BLPOP list 0",
        "SORT list STORE list",
        "DEL list",
    ] {
        assert_alike(&format!(
            "b RPUSH list 1 2 3
            a WATCH list
            b {change}
            a MULTI
            a EXEC"
        ));
    }
    for change in [
        "SADD set x",
        "SREM set a",
        "SPOP set 9",
        "SMOVE set other a",
        "SUNIONSTORE set none",
        "HSET hash f 2",
        "HSET hash f 1",
        "HINCRBY hash f 0",
        "HDEL hash f",
        "ZADD sorted 2 m",
        "ZINCRBY sorted 0 m",
        "ZPOPMIN sorted",
        "ZUNIONSTORE sorted 1 none",
        "ZRANGESTORE sorted sorted 0 -1",
    ] {
        assert_alike(&format!(
            "b SADD set a
            b HSET hash f 1
            b ZADD sorted 1 m
            a WATCH set hash sorted
            b {change}
            a MULTI
            a EXEC"
        ));
    }
}

/// Active expiry is off, so that a key whose time is up is there until somebody comes upon it.
#[test]
fn a_watched_key_whose_time_is_up_ends_the_transaction_unless_it_was_up_before() {
    let debug = ["--enable-debug-command", "yes"];
    for (before, after) in [
        ("sleep 30", ""),
        ("sleep 30", "b GET key"),
        ("sleep 30", "b SET key 2"),
        ("sleep 30", "b FLUSHALL"),
        ("sleep 30", "b SWAPDB 0 1"),
        ("sleep 30", "b DEL key"),
        ("", "sleep 30"),
        ("", "sleep 30\nb GET key"),
        ("", "sleep 30\nb DEL key"),
        ("", "a SELECT 3\nsleep 30"),
    ] {
        assert_alike_with(
            &debug,
            &format!(
                "b DEBUG SET-ACTIVE-EXPIRE 0
                b SET key 1 PX 20
                {before}
                a WATCH key
                {after}
                a MULTI
                a PING
                a EXEC"
            ),
        );
    }
    assert_alike_with(
        &debug,
        "b DEBUG SET-ACTIVE-EXPIRE 0
        b SET key 1 PX 20
        sleep 30
        a WATCH key
        b GET key
        b SET key 2
        a MULTI
        a PING
        a EXEC",
    );
}

/// Nobody comes upon the key but the server itself.
#[test]
fn a_watched_key_that_expires_by_itself_ends_the_transaction() {
    assert_alike(
        "b SET key 1 PX 20
        a WATCH key
        sleep 400
        a MULTI
        a PING
        a EXEC",
    );
}

#[test]
fn databases_have_keys_of_their_own() {
    assert_alike(
        "a WATCH key
        b SELECT 5
        b SET key 1
        a SELECT 5
        a WATCH key
        a SELECT 0
        a MULTI
        a EXEC
        a WATCH key
        b SET key 2
        a MULTI
        a EXEC
        a SELECT 5
        a WATCH key key
        a SELECT 0
        b SWAPDB 5 6
        a MULTI
        a EXEC",
    );
}

#[test]
fn client_list_shows_transactions() {
    let server = Server::keyferry(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    let id = client.cmd(&["CLIENT", "ID"]).into_integer();
    let shown =
        |other: &mut _| ["flags", "multi", "watch"].map(|name| listed(other, id, name)).join(" ");
    assert_eq!(shown(&mut other), "N -1 0");
    client.cmd(&["WATCH", "a", "b", "a"]);
    assert_eq!(shown(&mut other), "N -1 2");
    client.cmd(&["MULTI"]);
    client.cmd(&["PING"]);
    client.cmd(&["PING"]);
    assert_eq!(shown(&mut other), "x 2 2");
    assert_eq!(info_field(&mut other, "clients", "total_watched_keys"), 2);
    assert_eq!(info_field(&mut other, "clients", "watching_clients"), 1);
    other.cmd(&["SET", "b", "1"]);
    assert_eq!(shown(&mut other), "xd 2 0", "it need not watch any more");
    client.cmd(&["EXEC"]);
    assert_eq!(shown(&mut other), "N -1 0");
    client.cmd(&["WATCH", "a"]);
    client.cmd(&["MULTI"]);
    client.cmd(&["RESET"]);
    assert_eq!(shown(&mut other), "N -1 0");
}

#[test]
fn who_is_gone_watches_nothing() {
    let server = Server::keyferry(&[]);
    let mut other = server.client();
    let watching = |other: &mut _| info_field(other, "clients", "total_watched_keys");
    let mut killed = server.client();
    let id = killed.cmd(&["CLIENT", "ID"]).into_integer();
    killed.cmd(&["WATCH", "a", "b"]);
    killed.cmd(&["MULTI"]);
    killed.cmd(&["SET", "a", "1"]);
    assert_eq!(watching(&mut other), 2);
    assert_eq!(other.cmd(&["CLIENT", "KILL", "ID", &id.to_string()]), Reply::Integer(1));
    assert!(killed.is_closed_by_peer());
    assert_eq!(watching(&mut other), 0);
    let mut gone = server.client();
    gone.cmd(&["WATCH", "a"]);
    gone.cmd(&["MULTI"]);
    gone.cmd(&["SET", "a", "1"]);
    drop(gone);
    while watching(&mut other) > 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(other.cmd(&["EXISTS", "a"]), Reply::Integer(0));
}

/// MONITOR tells the commands when they are run, and EXEC after them; statistics count each of them.
#[test]
fn transactions_are_told_and_counted_as_by_redis() {
    const SESSION: &str = "a CONFIG RESETSTAT
        a MULTI
        a SET key 1
        a LPUSH key 1
        a SELECT 1
        a EXEC
        a MULTI
        a GET
        a EXEC
        a EXEC
        a MULTI
        a DISCARD
        a WATCH key
        b SELECT 1
        b SET key 2
        a MULTI
        a PING
        a EXEC
        a EXEC x
        a UNWATCH";
    let told = Kind::REFERENCE_AND_KEYFERRY.map(|kind| {
        let server = Server::start(kind, &["--slowlog-log-slower-than", "0"])?;
        let mut monitor = server.client();
        monitor.cmd(&["MONITOR"]);
        play(&server, SESSION);
        let mut client = server.client();
        client.cmd(&["ECHO", "the end"]);
        let mut lines = Vec::new();
        while !lines.last().is_some_and(|line: &String| line.contains("the end")) {
            let Reply::Status(line) = monitor.reply() else { panic!("a status") };
            let line = String::from_utf8(line).expect("text");
            let (_, line) = line.split_once('[').expect("a database");
            let (db, line) = line.split_once(' ').expect("an address");
            let (_, command) = line.split_once(']').expect("a command");
            lines.push(format!("{db}{command}"));
        }
        let stats = String::from_utf8(client.cmd(&["INFO", "commandstats"]).into_bulk());
        let stats = stats.expect("text");
        let counts = stats.lines().filter_map(|line| {
            let (name, counts) = line.split_once(':')?;
            let is_ours = ["exec", "multi", "discard", "set", "lpush", "ping", "get", "watch"];
            let name = name.strip_prefix("cmdstat_")?;
            let counts = counts.split(',').filter(|count| !count.starts_with("usec"));
            is_ours
                .contains(&name)
                .then(|| format!("{name}: {}", counts.collect::<Vec<_>>().join(" ")))
        });
        let mut counts: Vec<_> = counts.collect();
        counts.sort();
        let log = client.cmd(&["SLOWLOG", "GET", "-1"]).into_array().into_iter();
        let log = log.map(|entry| format!("{:?}", entry.into_array()[3]));
        let log: Vec<_> = log.filter(|it| !it.contains("INFO") && !it.contains("CLIENT")).collect();
        Some((lines, counts, log))
    });
    if let [Some(theirs), Some(ours)] = told {
        assert_eq!(ours, theirs);
    }
}

/// What is queued counts as input that was not run yet (`client-query-buffer-limit`), as it does
/// since 7.2.
#[test]
fn a_queue_that_is_too_long_closes_the_connection() {
    for kind in [Kind::Peer(Peer::Redis82), Kind::Keyferry] {
        let Some(server) = Server::start(kind, &["--client-query-buffer-limit", "1mb"]) else {
            continue;
        };
        let mut client = server.client();
        let text = "x".repeat(100_000);
        assert_eq!(client.cmd(&["MULTI"]), Reply::ok());
        let mut queued = 0;
        client.send(&["SET", "key", &text]);
        while queued < 20 && client.is_answered() {
            assert_eq!(client.reply(), Reply::status("QUEUED"));
            queued += 1;
            client.send(&["SET", "key", &text]);
        }
        assert!((8..=11).contains(&queued), "{kind:?}: {queued}");
        // A transaction that is not going to be run keeps nothing.
        let mut client = server.client();
        client.cmd(&["MULTI"]);
        client.cmd(&["NOSUCH"]);
        for _ in 0..20 {
            assert_eq!(client.cmd(&["SET", "key", &text]), Reply::status("QUEUED"));
        }
        assert!(client.cmd(&["EXEC"]).is_error("EXECABORT"));
    }
}
