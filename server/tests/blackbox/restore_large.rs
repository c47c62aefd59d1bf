//! RESTORE of payloads that are long enough to be taken as they arrive (64 KiB): replies, and what is
//! left behind, are those of a payload that is taken as a whole. What Redis 7.0.15 does as well, it
//! is asked for side by side.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::dump_restore::{BUSY, FOOTER, FORMAT, ORDER_OF_CHECKS, SYNTAX, TTL, payload};
use crate::support::{Client, FakeTarget, Kind, Reply, Request, Server, wait_until};

/// Bytes of the strings in here.
const LEN: usize = 300_000;

/// The payload of a string that cannot be compressed away, and is not a multiple of anything.
fn large() -> Vec<u8> {
    let text: Vec<u8> =
        (0..LEN as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    large_of(&text)
}

fn large_of(text: &[u8]) -> Vec<u8> {
    payload(&[b"\x00\x80", &(text.len() as u32).to_be_bytes()[..], text].concat(), 9)
}

/// The same with a wrong checksum.
fn broken() -> Vec<u8> {
    let mut bytes = large();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

fn restore(client: &mut Client, key: &str, payload: &[u8], options: &[&str]) -> Reply {
    let mut command = vec![b"RESTORE", key.as_bytes(), b"0", payload];
    command.extend(options.iter().map(|option| option.as_bytes()));
    client.cmd(&command)
}

fn request(args: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        bytes.extend(format!("${}\r\n", arg.len()).bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// R1 to R9: options come behind the payload, and are judged before it all the same.
#[test]
fn checks_come_in_the_order_of_the_reference() {
    let (large, broken) = (large(), broken());
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        client.cmd(&["SET", "old", "kept"]);
        for (rule, args, reply) in ORDER_OF_CHECKS {
            let args = args.iter().map(|arg| match *arg {
                "VALUE" => large.clone(),
                "BROKEN" => broken.clone(),
                arg => arg.into(),
            });
            for name in ["RESTORE", "restore-asking"] {
                let command: Vec<Vec<u8>> = [name.into()].into_iter().chain(args.clone()).collect();
                let context = format!(
                    "{kind:?}, {rule}: {name} {args:?}",
                    args = args.clone().map(|arg| arg.len()).collect::<Vec<_>>()
                );
                let got = client.cmd(&command);
                let wanted = reply.replace("'restore'", &format!("'{}'", name.to_lowercase()));
                assert_eq!(got, Reply::line(&wanted), "{context}");
            }
            assert_eq!(
                client.cmd(&["MGET", "old", "new"]).into_array(),
                [Reply::bulk("kept"), Reply::Nil],
                "{kind:?}, {rule}"
            );
        }
        assert_eq!(restore(&mut client, "new", &large, &[]), Reply::ok());
        assert_eq!(restore(&mut client, "old", &large, &["REPLACE"]), Reply::ok());
        assert_eq!(client.cmd(&["STRLEN", "new"]), Reply::Integer(LEN as i64));
        assert_eq!(client.cmd(&["STRLEN", "old"]), Reply::Integer(LEN as i64));
        // R9.
        let past = [&b"RESTORE"[..], b"old", b"1", &large, b"ABSTTL", b"REPLACE"];
        assert_eq!(client.cmd(&past), Reply::ok());
        assert_eq!(client.cmd(&["EXISTS", "old"]), Reply::Integer(0));
    }
}

/// R6: whatever is wrong and wherever it is, the old value stays, and what follows is served.
#[test]
fn a_broken_value_is_refused_and_drained() {
    let element = |text: &[u8]| [&[text.len() as u8][..], text].concat();
    let count = |count: u32| [&b"\x80"[..], &count.to_be_bytes()].concat();
    let members = |from: u32, to: u32| -> Vec<u8> {
        (from..to).flat_map(|number| element(format!("member:{number:06}").as_bytes())).collect()
    };
    let zeros = vec![0; 100_000];
    let bodies: [(&str, Vec<u8>); 6] = [
        ("a type that was never given", [b"\x64", &zeros[..]].concat()),
        ("an opcode", [b"\xff", &zeros[..]].concat()),
        ("a string that claims more", [b"\x00\x80\x7f\xff\xff\xff", &zeros[..]].concat()),
        ("a set that claims more", [b"\x02", &count(20_001)[..], &members(0, 10_000)].concat()),
        ("a member that occurs twice", {
            [b"\x02", &count(10_001)[..], &members(0, 10_000), &members(5, 6)].concat()
        }),
        ("a field that occurs twice", {
            [b"\x04", &count(5_001)[..], &members(0, 10_000), &members(6, 8)].concat()
        }),
    ];
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        client.cmd(&["SET", "key", "kept"]);
        for (what, body) in &bodies {
            let sound_footer = payload(body, 10);
            assert!(sound_footer.len() > 65_536, "{what}");
            let reply = restore(&mut client, "key", &sound_footer, &["REPLACE"]);
            assert_eq!(reply, Reply::line(FORMAT), "{kind:?}: {what}");
            // R4 goes before R6, though it is found out later.
            let mut unsound_footer = sound_footer.clone();
            *unsound_footer.last_mut().expect("a footer") ^= 0x80;
            let reply = restore(&mut client, "key", &unsound_footer, &["REPLACE"]);
            assert_eq!(reply, Reply::line(FOOTER), "{kind:?}: {what}");
            // R2 and R1 before both.
            assert_eq!(restore(&mut client, "key", &sound_footer, &[]), Reply::line(BUSY));
            let reply = restore(&mut client, "key", &sound_footer, &["REPLACE", "NOPE"]);
            assert_eq!(reply, Reply::line(SYNTAX), "{kind:?}: {what}");
            assert_eq!(client.cmd(&["GET", "key"]), Reply::bulk("kept"), "{kind:?}: {what}");
        }
    }
}

/// Large values of every type that there are commands for: what a RESTORE makes of a DUMP is the
/// same, and packed the same.
#[test]
fn values_of_every_type_come_back() {
    let server = Server::keyferry(&["--enable-debug-command", "yes"]);
    let mut client = server.client();
    for at in (0..20_000).step_by(500) {
        let names: Vec<String> = (at..at + 500).map(|number| format!("member:{number}")).collect();
        let scored: Vec<String> = (at..at + 500)
            .flat_map(|n| [(n * 37 % 1000).to_string(), format!("member:{n}")])
            .collect();
        let add = |client: &mut Client, command: &str, key: &str, args: &[String]| {
            let mut all = vec![command.to_owned(), key.to_owned()];
            all.extend_from_slice(args);
            client.cmd(&all)
        };
        add(&mut client, "RPUSH", "list", &names);
        add(&mut client, "SADD", "set", &names);
        add(&mut client, "ZADD", "zset", &scored);
        add(&mut client, "HSET", "hash", &names);
        add(&mut client, "HSET", "hash-ttl", &names);
    }
    client.cmd(&["HPEXPIREAT", "hash-ttl", "4102444800000", "FIELDS", "1", "member:0"]);
    let text: Vec<u8> =
        (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    client.cmd(&[&b"SET"[..], b"string", &text]);
    client.cmd(&[&b"SET"[..], b"zeros", &vec![b'0'; 10_000_000]]);
    client.cmd(&[&b"RPUSH"[..], b"long-elements", b"short", &text, b"", &text[..70_000]]);
    client.cmd(&[&b"HSET"[..], b"long-fields", &text[..70_000], &text, b"f", &text[..100_000]]);
    for key in [
        "list",
        "set",
        "zset",
        "hash",
        "hash-ttl",
        "string",
        "zeros",
        "long-elements",
        "long-fields",
    ] {
        let dump = client.cmd(&["DUMP", key]).into_bulk();
        assert!(dump.len() > 65_536 || key == "zeros", "{key}: {}", dump.len());
        assert_eq!(restore(&mut client, "copy", &dump, &["REPLACE"]), Reply::ok(), "{key}");
        for question in [["DEBUG", "DIGEST-VALUE"], ["OBJECT", "ENCODING"]] {
            let mut ask = |key| client.cmd(&[question[0], question[1], key]);
            assert_eq!(ask(key), ask("copy"), "{key}: {question:?}");
        }
        assert_eq!(client.cmd(&["DUMP", "copy"]).into_bulk().len(), dump.len(), "{key}");
    }
}

/// What stands behind a payload in the same bytes is run in its order.
#[test]
fn requests_behind_a_payload_are_run_after_it() {
    let large = large();
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        let text = vec![b'x'; 200_000];
        let requests: [(&[&[u8]], Reply); 12] = [
            (&[b"STRLEN", b"key"], Reply::Integer(0)),
            (&[b"RESTORE", b"key", b"0", &large], Reply::ok()),
            (&[b"STRLEN", b"key"], Reply::Integer(LEN as i64)),
            (&[b"RESTORE", b"key", b"0", &large], Reply::line(BUSY)),
            (&[b"RESTORE", b"key", b"-1", &large, b"REPLACE"], Reply::line(TTL)),
            (&[b"DEL", b"key"], Reply::Integer(1)),
            (&[b"RESTORE", b"key", b"0", &large], Reply::ok()),
            (&[b"SET", b"other", &text], Reply::ok()),
            (&[b"STRLEN", b"other"], Reply::Integer(200_000)),
            (&[b"RESTORE", b"key", b"0", &broken(), b"REPLACE"], Reply::line(FOOTER)),
            (&[b"RESTORE", b"key", b"0", &large_of(&text), b"REPLACE"], Reply::ok()),
            (&[b"STRLEN", b"key"], Reply::Integer(200_000)),
        ];
        let bytes: Vec<u8> = requests.iter().flat_map(|(args, _)| request(args)).collect();
        client.send_raw(&bytes);
        for (number, (_, reply)) in requests.iter().enumerate() {
            assert_eq!(client.reply(), *reply, "{kind:?}: request {number}");
        }
    }
}

/// Between its bytes others are served, and the key is not there before the last of them.
#[test]
fn others_are_served_while_a_payload_drips_in() {
    let server = Server::keyferry(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    let bytes = request(&[b"RESTORE", b"key", b"0", &large(), b"REPLACE"]);
    for piece in bytes.chunks(bytes.len() / 20) {
        assert_eq!(other.cmd(&["EXISTS", "key"]), Reply::Integer(0));
        client.send_raw(piece);
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.reply(), Reply::ok());
    assert_eq!(other.cmd(&["STRLEN", "key"]), Reply::Integer(LEN as i64));
    // A key that appears meanwhile is not overwritten.
    let bytes = request(&[b"RESTORE", b"new", b"0", &large()]);
    let (before, after) = bytes.split_at(bytes.len() - 1);
    client.send_raw(before);
    other.cmd(&["SET", "new", "first"]);
    client.send_raw(after);
    assert_eq!(client.reply(), Reply::line(BUSY));
    assert_eq!(other.cmd(&["GET", "new"]), Reply::bulk("first"));
}

/// A connection that ends within a payload, by whoever, leaves everything as it was.
#[test]
fn a_connection_that_ends_midway_leaves_nothing() {
    let server = Server::keyferry(&[]);
    let mut other = server.client();
    other.cmd(&["SET", "key", "kept"]);
    let bytes = request(&[b"RESTORE", b"key", b"0", &large(), b"REPLACE"]);
    for part in 1..10 {
        let mut client = server.client();
        client.send_raw(&bytes[..bytes.len() * part / 10]);
        thread::sleep(Duration::from_millis(2));
        drop(client);
        assert_eq!(other.cmd(&["GET", "key"]), Reply::bulk("kept"), "cut at {part}/10");
    }
    let mut client = server.client();
    let id = client.cmd(&["CLIENT", "ID"]).into_integer().to_string();
    client.send_raw(&bytes[..bytes.len() / 2]);
    thread::sleep(Duration::from_millis(10));
    assert_eq!(other.cmd(&["CLIENT", "KILL", "ID", &id]), Reply::Integer(1));
    assert!(client.is_closed_by_peer());
    wait_until("the client is gone", || {
        let list = other.cmd(&["CLIENT", "LIST"]).into_bulk();
        list.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count() == 1
    });
    assert_eq!(other.cmd(&["MGET", "key", "new"]).into_array(), [Reply::bulk("kept"), Reply::Nil]);
    // A byte too many where the argument ends.
    let mut client = server.client();
    let mut bytes = bytes;
    let end = bytes.len() - "\r\n$7\r\nREPLACE\r\n".len();
    bytes[end] = b'x';
    client.send_raw(&bytes);
    assert!(client.reply().is_error("ERR Protocol error"));
    assert!(client.is_closed_by_peer());
    assert_eq!(other.cmd(&["GET", "key"]), Reply::bulk("kept"));
}

/// A key that is being moved away: the command waits with the value that it has built.
#[test]
fn a_frozen_key_is_restored_when_it_is_released() {
    const BLINK: Duration = Duration::from_millis(100);

    let server = Server::keyferry(&[]);
    let (release, released) = mpsc::channel();
    let target = FakeTarget::scripted(move |request| {
        if request.is_restore() {
            // A test that has failed sends nothing.
            let _ = released.recv_timeout(Duration::from_secs(10));
        }
        None
    });
    let port = target.port().to_string();
    let mut other = server.client();
    let large = large();
    // Whether it is BUSYKEY or not is only known when the move has ended.
    for (copy, options, reply, len) in [
        (None, &["REPLACE"][..], Reply::ok(), LEN),
        (None, &[], Reply::ok(), LEN),
        (Some("COPY"), &[], Reply::line(BUSY), 5),
        (Some("COPY"), &["REPLACE"], Reply::ok(), LEN),
        (Some("COPY"), &["REPLACE", "NOPE"], Reply::line(SYNTAX), 5),
    ] {
        other.cmd(&["DEL", "key"]);
        other.cmd(&["SET", "key", "value"]);
        let moved = target.requests().iter().filter(|request| request.is_restore()).count();
        let mut caller = server.client();
        let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "key", "0", "5000"];
        migrate.extend(copy);
        migrate.push("REPLACE");
        caller.send(&migrate);
        wait_until("a RESTORE arrives", || {
            target.requests().iter().filter(|request| request.is_restore()).count() > moved
        });
        let mut client = server.client();
        let mut command: Vec<&[u8]> = vec![b"RESTORE", b"key", b"0", &large];
        command.extend(options.iter().map(|option| option.as_bytes()));
        let behind = request(&[b"STRLEN", b"key"]);
        client.send_raw(&[request(&command), behind].concat());
        let mut given_up = server.client();
        given_up.send(&command);
        assert!(client.is_silent_for(BLINK), "{copy:?} {options:?} did not wait");
        drop(given_up);
        assert_eq!(other.cmd(&["PING"]), Reply::status("PONG"));
        release.send(()).expect("the target waits for it");
        assert_eq!(caller.reply(), Reply::ok());
        assert_eq!(client.reply(), reply, "{copy:?} {options:?}");
        assert_eq!(client.reply(), Reply::Integer(len as i64), "{copy:?} {options:?}");
    }
    assert!(target.requests().iter().any(Request::is_restore));
}

/// The limit of requests holds for arguments that are taken as they arrive, and that of strings for
/// what a compressed one becomes.
#[test]
fn limits_hold() {
    let server = Server::keyferry(&["--proto-max-bulk-len", "1mb"]);
    let mut client = server.client();
    client.send_raw(b"*4\r\n$7\r\nRESTORE\r\n$3\r\nkey\r\n$1\r\n0\r\n$1048577\r\n");
    assert_eq!(client.reply(), Reply::error("ERR Protocol error: invalid bulk length"));
    assert!(client.is_closed_by_peer());

    // Copies of 264 zeros each, 2 MB of them and more.
    let stream: Vec<u8> = [&b"\x00\x00"[..], &b"\xe0\xff\x00".repeat(30_000)].concat();
    let lens = [&b"\x00\xc3\x80"[..], &(stream.len() as u32).to_be_bytes(), b"\x80"].concat();
    let plain = 1 + 264 * 30_000_u32;
    let bomb = payload(&[&lens[..], &plain.to_be_bytes(), &stream].concat(), 9);
    let mut client = server.client();
    assert_eq!(restore(&mut client, "key", &bomb, &[]), Reply::line(FORMAT));
    client.cmd(&["CONFIG", "SET", "proto-max-bulk-len", "16mb"]);
    assert_eq!(restore(&mut client, "key", &bomb, &[]), Reply::ok());
    assert_eq!(client.cmd(&["STRLEN", "key"]), Reply::Integer(plain.into()));
}

/// What INFO counts is what it counts of any call, and the time of taking the payload with it.
#[test]
fn calls_are_counted() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    let large = large();
    restore(&mut client, "key", &large, &[]);
    restore(&mut client, "key", &large, &[]);
    restore(&mut client, "key", &broken(), &["REPLACE"]);
    let info = client.cmd(&["INFO", "commandstats"]).into_bulk();
    let info = String::from_utf8(info).expect("it is text");
    let line = info.lines().find(|line| line.starts_with("cmdstat_restore:")).expect("a line");
    let field = |name: &str| {
        let value =
            line.split([':', ',']).find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        value.expect(name).parse::<f64>().expect("a number")
    };
    assert_eq!(field("calls"), 3.0);
    assert_eq!(field("failed_calls"), 2.0);
    // 600,000 bytes are not decoded faster.
    assert!(field("usec") > 20.0, "{line}");
}
