//! CLIENT REPLY silences the connections that want it, and what it silences is what Redis 7.0.15
//! silences: replies and the lines of MONITOR, but no message of another kind.

use std::time::Duration;

use super::script::{assert_alike, info_field, listed};
use crate::support::{Client, FakeTarget, Kind, Reply, Request, Server, wait_until};

/// Lines that a connection sends at once, and all the bytes that it gets for them. The last is
/// always answered: nothing else comes before its reply.
#[rustfmt::skip]
const CASES: &[(&[&str], &str)] = &[
    (&["CLIENT REPLY ON", "ECHO end"], "+OK\r\n$3\r\nend\r\n"),
    (&["CLIENT REPLY SKIP", "PING", "ECHO end"], "$3\r\nend\r\n"),
    (&["CLIENT REPLY SKIP", "NOSUCH", "ECHO end"], "$3\r\nend\r\n"),
    (&["CLIENT REPLY SKIP", "CLIENT REPLY LOUD", "ECHO end"], "$3\r\nend\r\n"),
    (&["CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "PING", "ECHO end"], "$3\r\nend\r\n"),
    (&["CLIENT REPLY SKIP", "CLIENT REPLY ON", "ECHO end"], "+OK\r\n$3\r\nend\r\n"),
    (&["CLIENT REPLY SKIP", "HELLO 3", "HGETALL nosuch"], "%0\r\n"),
    (&["CLIENT REPLY SKIP", "RESET", "ECHO end"], "$3\r\nend\r\n"),
    (&["CLIENT REPLY SKIP", "MIGRATE 127.0.0.1 1 long 0 500", "ECHO end"], "$3\r\nend\r\n"),
    (&["CLIENT REPLY OFF", "PING", "NOSUCH", "CLIENT REPLY ON", "ECHO end"], "+OK\r\n$3\r\nend\r\n"),
    (&["CLIENT REPLY OFF", "CLIENT REPLY LOUD", "CLIENT REPLY", "CLIENT REPLY ON"], "+OK\r\n"),
    (&["CLIENT REPLY OFF", "CLIENT REPLY SKIP", "PING", "CLIENT REPLY ON", "ECHO end"], "+OK\r\n$3\r\nend\r\n"),
    (&["CLIENT REPLY SKIP", "CLIENT REPLY OFF", "PING", "PING", "CLIENT REPLY ON"], "+OK\r\n"),
    (&["CLIENT REPLY OFF", "HELLO 3", "CLIENT REPLY ON", "HGETALL nosuch"], "+OK\r\n%0\r\n"),
    (&["CLIENT REPLY OFF", "CLIENT REPLY SKIP", "RESET", "ECHO end"], "+RESET\r\n$3\r\nend\r\n"),
    (&["CLIENT REPLY OFF", "RESET", "ECHO end"], "+RESET\r\n$3\r\nend\r\n"),
    // Every way in which replies are written, short and long.
    (&["CLIENT REPLY OFF", "GET long", "MGET long short nosuch long", "DUMP long", "LRANGE list 0 -1", "CLIENT REPLY ON"], "+OK\r\n"),
    (&["CLIENT REPLY OFF", "GET short", "DUMP short", "XADD stream * a b", "HELLO 3", "MGET a b", "HGETALL hash", "CLIENT REPLY ON"], "+OK\r\n"),
    (&["CLIENT REPLY OFF", "INFO", "COMMAND", "CLIENT LIST", "MIGRATE 127.0.0.1 1 long 0 500", "CLIENT REPLY ON"], "+OK\r\n"),
    (&["CLIENT REPLY OFF", "MULTI", "GET long", "MGET short", "INCR list", "MIGRATE 127.0.0.1 1 long 0 500", "EXEC", "EXEC", "CLIENT REPLY ON"], "+OK\r\n"),
    (&["CLIENT REPLY OFF", "MULTI", "NOSUCH", "EXEC", "MULTI", "PING", "DISCARD", "CLIENT REPLY ON"], "+OK\r\n"),
    // Where it is queued, it silences the commands after it and leaves the header as it was.
    (&["MULTI", "ECHO a", "CLIENT REPLY OFF", "GET long", "EXEC", "PING", "CLIENT REPLY ON"], "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n$1\r\na\r\n+OK\r\n"),
    (&["CLIENT REPLY OFF", "MULTI", "PING", "CLIENT REPLY ON", "ECHO b", "EXEC", "ECHO end"], "+OK\r\n$1\r\nb\r\n$3\r\nend\r\n"),
    (&["MULTI", "CLIENT REPLY SKIP", "ECHO a", "EXEC", "PING", "ECHO end"], "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\na\r\n$3\r\nend\r\n"),
    (&["MULTI", "CLIENT REPLY SKIP", "CLIENT REPLY OFF", "PING", "CLIENT REPLY SKIP", "CLIENT REPLY ON", "EXEC", "PING", "ECHO end"], "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*5\r\n+OK\r\n$3\r\nend\r\n"),
    (&["MULTI", "CLIENT REPLY SKIP", "RESET", "ECHO end"], "+OK\r\n+QUEUED\r\n+RESET\r\n$3\r\nend\r\n"),
    (&["CLIENT REPLY SKIP", "MULTI", "ECHO a", "EXEC"], "+QUEUED\r\n*1\r\n$1\r\na\r\n"),
];

/// The values that the cases read.
fn fill(client: &mut Client) {
    client.cmd(&["SET", "short", "value"]);
    client.cmd(&["SET", "long", &"x".repeat(300_000)]);
    client.cmd(&["HSET", "hash", "name", "value"]);
    let element = "y".repeat(1000);
    let push: Vec<&str> = ["RPUSH", "list"].into_iter().chain([&element[..]; 300]).collect();
    client.cmd(&push);
}

#[test]
fn nothing_is_left_of_what_is_not_wanted() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        fill(&mut server.client());
        for (lines, expected) in CASES {
            let mut client = server.client();
            client.send_raw((lines.join("\r\n") + "\r\n").as_bytes());
            let got = client.read_raw(expected.len());
            let got = got.escape_ascii().to_string();
            assert_eq!(got, expected.as_bytes().escape_ascii().to_string(), "{kind:?}: {lines:?}");
        }
    }
}

#[test]
fn words_and_arguments_are_checked() {
    assert_alike(
        "a CLIENT REPLY
         a CLIENT REPLY LOUD
         a CLIENT REPLY ON ON
         a client reply on",
    );
}

#[test]
fn messages_come_all_the_same() {
    assert_alike(
        "a| CLIENT REPLY OFF
         a SUBSCRIBE one two
         a<
         b PUBLISH one hello
         a<
         a| PING
         a PSUBSCRIBE t*
         b PUBLISH two hello
         a<
         a<
         a UNSUBSCRIBE one two
         a<
         a PUNSUBSCRIBE
         a SUNSUBSCRIBE
         a CLIENT REPLY ON
         a| CLIENT REPLY SKIP
         a SUBSCRIBE one two
         a<
         a PING",
    );
}

#[test]
fn invalidations_come_all_the_same() {
    assert_alike(
        "a| CLIENT REPLY OFF
         a SUBSCRIBE __redis__:invalidate
         b CLIENT TRACKING ON REDIRECT ID:a
         b GET key
         c SET key value
         a<
         b GET key
         c FLUSHALL
         a<",
    );
}

/// What is answered late is silenced late: a skipped command takes the silence with it to its end.
#[test]
fn commands_that_wait_for_keys_are_silent_to_their_end() {
    for mode in ["OFF", "SKIP"] {
        // After OFF, ON is answered with one line more.
        let on = if mode == "OFF" { "a CLIENT REPLY ON" } else { "" };
        for (waits, wakes) in [
            ("BLPOP list 0", "RPUSH list a"),
            ("BLMPOP 0 1 list LEFT", "RPUSH list a"),
            ("BLMOVE list other LEFT LEFT 0", "RPUSH list a"),
            ("BZPOPMIN zset 0", "ZADD zset 1 a"),
            ("XREAD BLOCK 0 STREAMS stream $", "XADD stream 1-1 a b"),
            ("BLPOP list 0", "CLIENT UNBLOCK ID:a"),
            ("BLPOP list 0", "CLIENT UNBLOCK ID:a ERROR"),
            ("BLPOP list 0.05", "PING"),
        ] {
            assert_alike(&format!(
                "a| CLIENT REPLY {mode}
                 a> {waits}
                 b {wakes}
                 sleep 20
                 {on}
                 a ECHO after
                 a ECHO end"
            ));
        }
    }
}

#[test]
fn commands_that_wait_for_keys_that_move_are_silent_to_their_end() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(Duration::from_millis(100));
    let port = target.port().to_string();
    let migrate = ["MIGRATE", "127.0.0.1", &port, "key", "0", "5000"];
    source.client().cmd(&["SET", "key", "value"]);
    let (mut caller, mut writer) = (source.client(), source.client());
    caller.send(&["CLIENT", "REPLY", "SKIP"]);
    caller.send(&migrate);
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
    writer.send(&["CLIENT", "REPLY", "SKIP"]);
    writer.send(&["APPEND", "key", "more"]);
    assert!(writer.is_silent_for(Duration::from_millis(20)));
    for client in [&mut caller, &mut writer] {
        client.send(&["ECHO", "after"]);
        assert_eq!(client.reply(), Reply::bulk("after"));
    }
    assert_eq!(writer.cmd(&["GET", "key"]), Reply::bulk("more"), "it has waited");
}

#[test]
fn monitors_are_silenced() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let (mut monitor, mut client) = (server.client(), server.client());
        let hears = |monitor: &mut Client, command: &str| {
            let Reply::Status(line) = monitor.reply() else { panic!("{kind:?}: no line") };
            let line = String::from_utf8(line).expect("text");
            assert!(line.ends_with(command), "{kind:?}: {line}, not {command}");
        };
        assert_eq!(monitor.cmd(&["MONITOR"]), Reply::ok());
        client.cmd(&["ECHO", "heard"]);
        hears(&mut monitor, r#""ECHO" "heard""#);
        monitor.send(&["CLIENT", "REPLY", "SKIP"]);
        hears(&mut monitor, r#""CLIENT" "REPLY" "SKIP""#);
        client.cmd(&["ECHO", "not heard"]);
        monitor.send(&["ECHO", "not heard"]);
        // Its own line is dropped with its reply, and then everything is told again.
        assert!(monitor.is_silent_for(Duration::from_millis(20)), "{kind:?}");
        client.cmd(&["ECHO", "heard"]);
        hears(&mut monitor, r#""ECHO" "heard""#);
        monitor.send_raw(b"ECHO a\r\nCLIENT REPLY OFF\r\nECHO b\r\n");
        assert_eq!(monitor.reply(), Reply::bulk("a"));
        hears(&mut monitor, r#""ECHO" "a""#);
        assert!(monitor.is_silent_for(Duration::from_millis(20)), "{kind:?}");
        client.cmd(&["ECHO", "not heard"]);
        monitor.send_raw(b"ECHO c\r\nCLIENT REPLY ON\r\n");
        assert_eq!(monitor.reply(), Reply::ok(), "{kind:?}");
        hears(&mut monitor, r#""CLIENT" "REPLY" "ON""#);
        client.cmd(&["ECHO", "heard"]);
        hears(&mut monitor, r#""ECHO" "heard""#);
    }
}

#[test]
fn errors_count_and_lists_show_nothing() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let (mut client, mut other) = (server.client(), server.client());
        let id = client.cmd(&["CLIENT", "ID"]).into_integer();
        let before = info_field(&mut other, "stats", "total_error_replies");
        client.send_raw(b"CLIENT REPLY OFF\r\nNOSUCH\r\nGET\r\nRPUSH list a\r\n");
        wait_until("all have run", || other.cmd(&["EXISTS", "list"]) == Reply::Integer(1));
        let errors = info_field(&mut other, "stats", "total_error_replies") - before;
        assert_eq!(errors, 2, "{kind:?}");
        assert_eq!(listed(&mut other, id, "flags"), "N", "{kind:?}");
        assert_eq!(listed(&mut other, id, "omem"), "0", "{kind:?}");
    }
}

/// Redis hangs up over HTTP only: after the others it leaves the connection open for good, and reads
/// no more of it.
#[test]
fn the_end_of_a_connection_is_silent_too() {
    let server = Server::keyferry(&[]);
    for mode in ["OFF", "SKIP"] {
        for last in ["QUIT", "*x", "PING \"a", "POST / HTTP/1.1"] {
            let mut client = server.client();
            client.send_raw(format!("CLIENT REPLY {mode}\r\n{last}\r\n").as_bytes());
            assert!(client.is_closed_by_peer(), "{mode}: {last}");
        }
    }
}
