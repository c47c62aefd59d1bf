//! Publishing and subscribing, beside Redis 7.0.15: every reply and every message is the same, in
//! both protocols. Then what is promised beyond that.

use std::time::{Duration, Instant};

use crate::support::{Client, Peer, Reply, Server};

/// Connections by their number, as they are first used.
type Step = (usize, &'static str);

/// `>` reads what the connection gets beside the reply to its last command.
const STEPS: &[Step] = &[
    (0, "UNSUBSCRIBE"),
    (0, "PUNSUBSCRIBE"),
    (0, "SUNSUBSCRIBE"),
    (0, "UNSUBSCRIBE x x"),
    (0, ">"),
    (0, "SUBSCRIBE a b a"),
    (0, ">"),
    (0, ">"),
    (1, "SUBSCRIBE a"),
    (2, "PUBLISH a hello"),
    (0, ">"),
    (1, ">"),
    (2, "PUBLISH none hello"),
    (0, "PING"),
    (0, "PING text"),
    (0, "PING a b"),
    (0, "GET"),
    (0, "NOPE"),
    (0, "PSUBSCRIBE [a-c]*"),
    (2, "PUBLISH c matching"),
    (0, ">"),
    (2, "PUBLISH b both"),
    (0, ">"),
    (0, ">"),
    (0, "SSUBSCRIBE a s"),
    (0, ">"),
    (2, "SPUBLISH a shard"),
    (0, ">"),
    (2, "SPUBLISH b none"),
    (2, "PUBSUB CHANNELS [b-z]"),
    (2, "PUBSUB CHANNELS b c"),
    (2, "PUBSUB NUMPAT"),
    (2, "PUBSUB NUMSUB"),
    (2, "PUBSUB NUMSUB a b c a"),
    (2, "PUBSUB SHARDCHANNELS s"),
    (2, "PUBSUB SHARDNUMSUB a b"),
    (2, "PUBSUB NUMPAT x"),
    (2, "PUBSUB NOPE"),
    (0, "PUNSUBSCRIBE nope"),
    (0, "UNSUBSCRIBE a"),
    (2, "PUBLISH a one"),
    (0, ">"),
    (1, ">"),
    (0, "PUNSUBSCRIBE"),
    (0, "SUNSUBSCRIBE a s"),
    (0, ">"),
    (0, "UNSUBSCRIBE"),
    (0, "UNSUBSCRIBE"),
    (2, "PUBLISH a one"),
    (1, ">"),
    (1, "RESET"),
    (2, "PUBLISH a none"),
    (2, "PUBSUB CHANNELS"),
    (0, "SUBSCRIBE a"),
    (0, "QUIT"),
];

/// What only subscribers that speak RESP2 get, or only those that speak RESP3.
const REFUSED: &[Step] = &[
    (0, "SUBSCRIBE a"),
    (0, "GET a"),
    (0, "CONFIG GET maxclients"),
    (0, "CLIENT GETNAME"),
    (0, "UNSUBSCRIBE a"),
    (0, "GET a"),
    (0, "SSUBSCRIBE s"),
    (0, "GET a"),
    (0, "SUNSUBSCRIBE s"),
    (0, "GET a"),
    (0, "MULTI"),
    (0, "SUBSCRIBE a"),
    (0, "PING"),
    (0, "EXEC"),
    (0, "PING"),
    (0, "GET a"),
];

#[test]
fn replies_and_messages_are_those_of_redis_7_0() {
    let Some(peer) = Server::peer(Peer::Redis70, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    for protocol in ["2", "3"] {
        for steps in [STEPS, REFUSED] {
            let mut ours = connect(&keyferry, protocol);
            let mut theirs = connect(&peer, protocol);
            for (nth, &(client, words)) in steps.iter().enumerate() {
                let run = |clients: &mut Vec<Client>| match words {
                    ">" => clients[client].reply(),
                    words => clients[client].cmd(&words.split(' ').collect::<Vec<_>>()),
                };
                let (ours, theirs) = (run(&mut ours), run(&mut theirs));
                assert_eq!(ours, theirs, "RESP{protocol}, step {nth}: {words}");
            }
        }
    }
}

fn connect(server: &Server, protocol: &str) -> Vec<Client> {
    let client = || {
        let mut client = server.client();
        client.cmd(&["HELLO", protocol]);
        client
    };
    (0..3).map(|_| client()).collect()
}

fn message(words: &[&str]) -> Vec<Reply> {
    words.iter().map(Reply::bulk).collect()
}

/// As Redis 7.2 has it.
#[test]
fn who_publishes_to_itself_reads_the_reply_first() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    client.cmd(&["HELLO", "3"]);
    client.cmd(&["SUBSCRIBE", "a"]);
    client.send(&["PUBLISH", "a", "text"]);
    client.send(&["PING"]);
    assert_eq!(client.reply(), Reply::Integer(1));
    assert_eq!(client.reply(), Reply::Push(message(&["message", "a", "text"])));
    assert_eq!(client.reply(), Reply::status("PONG"));
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
    let mut is_alone = || {
        let list = control.cmd(&["CLIENT", "LIST"]).into_bulk();
        list.iter().filter(|byte| **byte == b'\n').count() == 1
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_alone() {
        assert!(Instant::now() < deadline, "the client is closed");
        std::thread::sleep(Duration::from_millis(10));
    }
}
