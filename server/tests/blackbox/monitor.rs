//! MONITOR tells what that of Redis 7.0.15 tells, secrets hidden (rule M10).

use std::time::{Duration, Instant};

use super::slow_log::commands;
use crate::support::{Client, Kind, Peer, Reply, Server};

#[test]
fn commands_are_told_as_by_redis() {
    let Some(target) = Server::peer(Peer::Redis70, &["--requirepass", "sesame"]) else { return };
    let port = target.port().to_string();
    let told = Kind::REFERENCE_AND_KEYFERRY.map(|kind| {
        let server = Server::start(kind, &[])?;
        let (mut client, mut monitor) = (server.client(), server.client());
        assert_eq!(monitor.cmd(&["MONITOR"]), Reply::ok());
        for command in commands(&port) {
            client.cmd(&command);
        }
        client.cmd(&["ECHO", "the end"]);
        let address = address_of(&mut client);
        let mut lines = Vec::new();
        while !lines.last().is_some_and(|line: &String| line.ends_with(r#" "ECHO" "the end""#)) {
            lines.push(without_time(monitor.reply()).replace(&address, "CLIENT"));
        }
        Some(lines)
    });
    let [Some(theirs), Some(ours)] = told else { return };
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
    assert!(theirs.contains(&r#"[3 CLIENT] "ECHO" "three""#.to_owned()), "{theirs:?}");
}

/// A line after its time, which is that of now in seconds and microseconds.
#[track_caller]
fn without_time(reply: Reply) -> String {
    let Reply::Status(line) = reply else { panic!("not a status: {reply:?}") };
    let line = String::from_utf8(line).expect("MONITOR escapes what is not ASCII");
    let (time, rest) = line.split_once(' ').expect("a time and the rest");
    let (seconds, microseconds) = time.split_once('.').expect("two numbers");
    assert_eq!(microseconds.len(), 6, "{time}");
    let told: u64 = seconds.parse().expect("seconds");
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a time after 1970").as_secs();
    assert!((now - 60..=now).contains(&told), "{time}");
    rest.to_owned()
}

fn address_of(client: &mut Client) -> String {
    let info = String::from_utf8(client.cmd(&["CLIENT", "INFO"]).into_bulk()).expect("text");
    let address = info.split(' ').find_map(|field| field.strip_prefix("addr="));
    address.expect("an address").to_owned()
}

#[test]
fn who_monitors_may_not_touch_keys() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { return };
        let (mut client, mut monitor) = (server.client(), server.client());
        let id = monitor.cmd(&["CLIENT", "ID"]).into_integer().to_string();
        let mut flags = || {
            let line = client.cmd(&["CLIENT", "LIST", "ID", &id]).into_bulk();
            let line = String::from_utf8(line).expect("text");
            line.split(' ').find_map(|field| field.strip_prefix("flags=")).map(str::to_owned)
        };
        assert_eq!(flags().as_deref(), Some("N"), "{kind:?}");
        assert_eq!(monitor.cmd(&["MONITOR"]), Reply::ok(), "{kind:?}");
        assert_eq!(flags().as_deref(), Some("O"), "{kind:?}");
        // There is no answer to the second time.
        monitor.send(&["MONITOR"]);
        assert_eq!(monitor.cmd(&["PING"]), Reply::status("PONG"), "{kind:?}");
        assert!(without_time(monitor.reply()).ends_with(r#"] "PING""#), "{kind:?}");
        let refused = Reply::error("ERR Replica can't interact with the keyspace");
        let commands: [&[&str]; 6] = [
            &["GET", "key"],
            &["SET", "key", "value"],
            &["DBSIZE"],
            &["KEYS", "*"],
            &["FLUSHALL"],
            &["MIGRATE", "127.0.0.1", "1", "key", "0", "100"],
        ];
        for command in commands {
            assert_eq!(monitor.cmd(command), refused, "{kind:?}: {command:?}");
        }
        assert_eq!(monitor.cmd(&["RESET"]), Reply::status("RESET"), "{kind:?}");
        assert_eq!(flags().as_deref(), Some("N"), "{kind:?}");
        assert_eq!(monitor.cmd(&["GET", "key"]), Reply::Nil, "{kind:?}");
        assert!(monitor.is_silent_for(Duration::from_millis(50)), "{kind:?}");
    }
}

/// What one does not read is not kept without bound.
#[test]
fn who_does_not_read_is_disconnected() {
    let server = Server::keyferry(&[]);
    let (mut client, mut monitor) = (server.client(), server.client());
    assert_eq!(monitor.cmd(&["MONITOR"]), Reply::ok());
    // Four bytes are told for each.
    let argument = [0; 64 << 10];
    let start = Instant::now();
    let mut calls = 0;
    loop {
        let list = String::from_utf8(client.cmd(&["CLIENT", "LIST"]).into_bulk()).expect("text");
        if !list.contains(" flags=O ") {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "it is still there after {calls} calls");
        (0..10).for_each(|_| drop(client.cmd(&[b"ECHO".as_slice(), &argument])));
        calls += 10;
    }
    assert!(calls >= 200, "{calls} calls of 256 KiB");
}
