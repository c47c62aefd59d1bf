//! Publishing and subscribing, beside Redis 7.0.15: every reply and every message is the same. Then
//! what is promised beyond that.

use std::time::Duration;

use crate::script::{assert_alike, assert_alike_to};
use crate::support::{Client, Peer, Reply, Server, wait_until};

#[test]
fn each_subscriber_gets_the_messages_of_its_channels_and_patterns() {
    assert_alike(
        "a UNSUBSCRIBE
        a PUNSUBSCRIBE
        a SUNSUBSCRIBE
        a UNSUBSCRIBE x x
        a<
        a SUBSCRIBE a b a
        a<
        a<
        b SUBSCRIBE a
        c PUBLISH a hello
        a<
        b<
        c PUBLISH none hello
        a PING
        a PING text
        a PING a b
        a GET
        a NOPE
        a PSUBSCRIBE [a-c]*
        c PUBLISH c matching
        a<
        c PUBLISH b both
        a<
        a<
        a SSUBSCRIBE a s
        a<
        c SPUBLISH a shard
        a<
        c SPUBLISH b none
        c PUBSUB CHANNELS [b-z]
        c PUBSUB CHANNELS b c
        c PUBSUB NUMPAT
        c PUBSUB NUMSUB
        c PUBSUB NUMSUB a b c a
        c PUBSUB SHARDCHANNELS s
        c PUBSUB SHARDNUMSUB a b
        c PUBSUB NUMPAT x
        c PUBSUB NOPE
        c COMMAND GETKEYS PUBLISH a text
        c COMMAND GETKEYS SSUBSCRIBE a s
        a PUNSUBSCRIBE nope
        a UNSUBSCRIBE a
        c PUBLISH a one
        a<
        b<
        a PUNSUBSCRIBE
        a SUNSUBSCRIBE a s
        a<
        a UNSUBSCRIBE
        a UNSUBSCRIBE
        c PUBLISH a one
        b<
        b RESET
        c PUBLISH a none
        c PUBSUB CHANNELS
        a SUBSCRIBE a
        a QUIT",
    );
}

/// A subscriber may do little else, but only if it speaks RESP2.
#[test]
fn subscribers_are_refused_what_the_reference_refuses() {
    assert_alike(
        "a SUBSCRIBE a
        a GET a
        a CONFIG GET maxclients
        a CLIENT GETNAME
        a UNSUBSCRIBE a
        a GET a
        a SSUBSCRIBE s
        a GET a
        a SUNSUBSCRIBE s
        a GET a
        a MULTI
        a SUBSCRIBE a
        a PING
        a EXEC
        a PING
        a GET a",
    );
}

fn message(words: &[&str]) -> Vec<Reply> {
    words.iter().map(Reply::bulk).collect()
}

#[test]
fn subscriptions_are_made_and_ended_in_transactions() {
    assert_alike(
        "a MULTI
        a SUBSCRIBE x y
        a SSUBSCRIBE s
        a UNSUBSCRIBE y
        a GET key
        a PING
        a EXEC
        a<
        a PING
        a UNSUBSCRIBE
        a GET key
        a MULTI
        a PSUBSCRIBE *
        a SUNSUBSCRIBE
        a SPUBLISH s text
        a EXEC
        b MULTI
        b PUBLISH x one
        b SET key 1
        b PUBLISH y two
        b PUBLISH '' three
        b EXEC
        a<
        a<
        b PUBSUB CHANNELS
        b PUBSUB NUMPAT
        a RESET
        b PUBSUB NUMPAT",
    );
}

/// Redis 7.0 writes such messages among the replies of the transaction, where none can tell them apart.
#[test]
fn who_publishes_to_itself_reads_all_replies_first() {
    assert_alike_to(
        Peer::Redis82,
        &[],
        "a MULTI
        a SUBSCRIBE x
        a PUBLISH x one
        a PSUBSCRIBE ?
        a PUBLISH x two
        a GET key
        a EXEC
        a<
        a<
        a<
        a PING
        b PUBLISH x three
        a<
        a<",
    );
}

/// Who waits for keys is a subscriber as any other.
#[test]
fn who_waits_for_a_key_gets_messages_meanwhile() {
    assert_alike(
        "a BLPOP nothing 0.01
        a SUBSCRIBE x
        b PUBLISH x before
        a<
        a| BLPOP list 0.2
        sleep 50
        b PUBLISH x meanwhile
        a<
        a<
        a| BLPOP list 0
        sleep 50
        b MULTI
        b PUBLISH x first
        b RPUSH list element
        b EXEC
        a<
        a<
        a| BZPOPMIN zset 0
        sleep 50
        b ZADD zset 1.5 member
        b PUBLISH x last
        a<
        a<",
    );
}

/// A client that watches the others is a subscriber as any other, and neither after RESET.
#[test]
fn monitors_subscribe() {
    assert_alike(
        "a SUBSCRIBE x
        a MONITOR
        a RESET
        b PUBLISH x text
        a PING
        a SUBSCRIBE x
        b PUBLISH x text
        a<",
    );
}

#[test]
fn each_subscriber_is_told_in_its_own_protocol() {
    let server = Server::keyferry(&[]);
    let (mut old, mut new) = (server.client(), server.client());
    new.cmd(&["HELLO", "3"]);
    for client in [&mut old, &mut new] {
        client.cmd(&["SUBSCRIBE", "a"]);
    }
    let long = "x".repeat(100_000);
    for text in ["short", &long] {
        assert_eq!(server.client().cmd(&["PUBLISH", "a", text]), Reply::Integer(2));
        assert_eq!(old.reply(), Reply::Array(message(&["message", "a", text])));
        assert_eq!(new.reply(), Reply::Push(message(&["message", "a", text])));
    }
}

#[test]
fn who_is_gone_is_forgotten() {
    let server = Server::keyferry(&[]);
    let mut control = server.client();
    let mut subscriber = server.client();
    subscriber.cmd(&["SUBSCRIBE", "a"]);
    subscriber.cmd(&["PSUBSCRIBE", "*"]);
    subscriber.cmd(&["SSUBSCRIBE", "s"]);
    let list = control.cmd(&["CLIENT", "LIST", "TYPE", "PUBSUB"]).into_bulk();
    let list = String::from_utf8(list).expect("text");
    assert!(list.contains(" flags=P db=0 sub=1 psub=1 ssub=1 "), "{list}");
    assert_eq!(list.lines().count(), 1);
    let stats = |control: &mut Client| {
        let text = control.cmd(&["INFO", "stats"]).into_bulk();
        let text = String::from_utf8(text).expect("text");
        let of_pubsub = text.lines().filter(|line| line.starts_with("pubsub"));
        of_pubsub.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(stats(&mut control), "pubsub_channels:1 pubsub_patterns:1 pubsubshard_channels:1");
    assert_eq!(control.cmd(&["CLIENT", "KILL", "TYPE", "pubsub"]), Reply::Integer(1));
    assert!(subscriber.is_closed_by_peer());
    assert_eq!(stats(&mut control), "pubsub_channels:0 pubsub_patterns:0 pubsubshard_channels:0");
    assert_eq!(control.cmd(&["PUBLISH", "a", "text"]), Reply::Integer(0));
}

#[test]
fn a_subscriber_that_is_silent_is_not_idle() {
    let server = Server::keyferry(&["--timeout", "1"]);
    let (mut subscriber, mut other) = (server.client(), server.client());
    subscriber.cmd(&["SUBSCRIBE", "a"]);
    assert!(other.is_closed_by_peer());
    assert_eq!(server.client().cmd(&["PUBLISH", "a", "text"]), Reply::Integer(1));
    assert_eq!(subscriber.reply(), Reply::Array(message(&["message", "a", "text"])));
}

/// Both limits, on a subscriber that does not read while others do.
#[test]
fn a_subscriber_that_does_not_read_is_closed() {
    for limit in ["pubsub 20000000 0 0", "pubsub 0 8000000 1"] {
        let server = Server::keyferry(&["--client-output-buffer-limit", limit]);
        let mut control = server.client();
        let (mut deaf, mut reader) = (server.client(), server.client());
        for client in [&mut deaf, &mut reader] {
            client.cmd(&["SUBSCRIBE", "a"]);
        }
        let text = "x".repeat(1 << 20);
        let mut closed = false;
        for _ in 0..100 {
            let Reply::Integer(count) = control.cmd(&["PUBLISH", "a", &text]) else { panic!() };
            assert_eq!(reader.reply().into_array().len(), 3);
            closed = count == 1;
            if closed {
                break;
            }
            std::thread::sleep(Duration::from_millis(40));
        }
        assert!(closed, "{limit}");
    }
}

/// Replies are limited too, if that is asked for.
#[test]
fn a_client_over_its_normal_limit_is_closed() {
    let server = Server::keyferry(&["--client-output-buffer-limit", "normal 1000000 0 0"]);
    let mut client = server.client();
    client.cmd(&["SET", "key", &"x".repeat(1 << 20)]);
    let request = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n".repeat(100);
    client.send_raw(&request);
    let mut control = server.client();
    let is_alone = || {
        let list = control.cmd(&["CLIENT", "LIST"]).into_bulk();
        list.iter().filter(|byte| **byte == b'\n').count() == 1
    };
    wait_until("the client is closed", is_alone);
}
