//! Requests as bytes: every way to write one, every way to get it wrong, split anywhere. Redis
//! 7.0.15 gives the same replies, and hangs up in the same places.

use crate::support::{Client, Kind, Reply, Server};

/// What a connection gets for some bytes followed by `ECHO done`: the replies before "done", and
/// whether it was closed instead of answering that.
fn replies_to(client: &mut Client, input: &[u8], piece_bytes: usize) -> (Vec<Reply>, bool) {
    for piece in input.chunks(piece_bytes) {
        client.send_raw(piece);
    }
    client.send(&["ECHO", "done"]);
    let mut replies = Vec::new();
    while !client.is_closed_by_peer() {
        match client.reply() {
            Reply::Bulk(bytes) if bytes == b"done" => return (replies, false),
            reply => replies.push(reply),
        }
    }
    (replies, true)
}

const UNBALANCED: &str = "-ERR Protocol error: unbalanced quotes in request";
const MULTIBULK: &str = "-ERR Protocol error: invalid multibulk length";
const BULK: &str = "-ERR Protocol error: invalid bulk length";

/// Bytes, replies of one line, and whether the connection is closed.
#[rustfmt::skip]
const CASES: &[(&[u8], &[&str], bool)] = &[
    (b"", &[], false),
    (b"*1\r\n$4\r\nPING\r\n", &["+PONG"], false),
    (b"*1\r\n$4\r\nping\r\n*1\r\n$4\r\nPiNg\r\n", &["+PONG", "+PONG"], false),
    (b"*0\r\n", &[], false),
    (b"*-1\r\n", &[], false),
    (b"*-10\r\n", &[], false),
    (b"*3\r\n$3\r\nSET\r\n$0\r\n\r\n$2\r\n\r\n\r\n*2\r\n$6\r\nSTRLEN\r\n$0\r\n\r\n", &["+OK", ":2"], false),
    (b"PING\r\n", &["+PONG"], false),
    (b"PING\n", &["+PONG"], false),
    (b"  ping  \t\r\n", &["+PONG"], false),
    (b"\r\n\n\r\nPING\r\n", &["+PONG"], false),
    (b"SET key \"a \\\"b\\\" \\x00\\n\"\r\nSTRLEN key\r\n", &["+OK", ":8"], false),
    (b"SET key 'it\\'s \\n'\r\nSTRLEN key\r\n", &["+OK", ":7"], false),
    (b"SET key ''\r\nSTRLEN key\r\n", &["+OK", ":0"], false),
    (b"PING \"a\r\n", &[UNBALANCED], true),
    (b"PING 'a\r\n", &[UNBALANCED], true),
    (b"PING \"a\"b\r\n", &[UNBALANCED], true),
    (b"*x\r\n", &[MULTIBULK], true),
    (b"*\r\n", &[MULTIBULK], true),
    (b"*1x\r\n", &[MULTIBULK], true),
    (b"*9223372036854775807\r\n", &[MULTIBULK], true),
    (b"*2147483648\r\n", &[MULTIBULK], true),
    (b"*1\r\n4\r\nPING\r\n", &["-ERR Protocol error: expected '$', got '4'"], true),
    (b"*1\r\n:4\r\nPING\r\n", &["-ERR Protocol error: expected '$', got ':'"], true),
    (b"*1\r\n$-1\r\n", &[BULK], true),
    (b"*1\r\n$x\r\n", &[BULK], true),
    (b"*1\r\n$\r\n", &[BULK], true),
    (b"*1\r\n$4x\r\nPING\r\n", &[BULK], true),
    (b"*1\r\n$536870913\r\n", &[BULK], true),
    (b"*1\r\n$9223372036854775808\r\n", &[BULK], true),
    (b"PING\r\n*x\r\nPING\r\n", &["+PONG", MULTIBULK], true),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", &[], true),
    (b"Host: localhost\r\nPING\r\n", &[], true),
];

#[test]
fn requests_are_read_as_by_the_reference() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        for (input, lines, is_closed) in CASES {
            for piece_bytes in [usize::MAX, 1] {
                let expected: Vec<Reply> = lines.iter().map(|line| Reply::line(line)).collect();
                let got = replies_to(&mut server.client(), input, piece_bytes);
                let context = format!("{kind:?}: {}", input.escape_ascii());
                assert_eq!(got, (expected, *is_closed), "{context}");
            }
        }
    }
}

#[test]
fn a_request_of_one_line_has_a_limit() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let line = |len: usize| [b"ECHO ".as_slice(), &vec![b'x'; len], b"\r\n"].concat();
        let (replies, is_closed) = replies_to(&mut server.client(), &line(60_000), usize::MAX);
        assert_eq!((replies, is_closed), (vec![Reply::bulk(vec![b'x'; 60_000])], false));

        let mut client = server.client();
        client.send_raw(&vec![b'x'; 70_000]);
        let too_big = Reply::error("ERR Protocol error: too big inline request");
        assert_eq!(client.reply(), too_big, "{kind:?}");
        assert!(client.is_closed_by_peer(), "{kind:?}");
    }
}

/// Who has not logged in gets less room.
#[test]
fn strangers_may_not_send_long_requests() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &["--requirepass", "sesame"]) else { continue };
        for (input, error) in [
            (b"*11\r\n".as_slice(), "ERR Protocol error: unauthenticated multibulk length"),
            (b"*2\r\n$16385\r\n", "ERR Protocol error: unauthenticated bulk length"),
        ] {
            let mut client = server.client();
            client.send_raw(input);
            assert_eq!(client.reply(), Reply::error(error), "{kind:?}");
            assert!(client.is_closed_by_peer(), "{kind:?}");
        }
        let mut client = server.client();
        assert_eq!(client.cmd(&["AUTH", "sesame"]), Reply::ok());
        assert_eq!(client.cmd(&["ECHO"; 2]), Reply::bulk("ECHO"));
        let long = "x".repeat(20_000);
        assert_eq!(client.cmd(&["ECHO", &long]), Reply::bulk(&long));
    }
}

#[test]
fn replies_come_in_the_order_of_the_requests() {
    const REQUESTS: usize = 20_000;

    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        let requests = (0..REQUESTS).map(|number| format!("ECHO {number}\r\nINCR counter\r\n"));
        client.send_raw(requests.collect::<String>().as_bytes());
        for number in 0..REQUESTS {
            assert_eq!(client.reply(), Reply::bulk(number.to_string()), "{kind:?}");
            assert_eq!(client.reply(), Reply::Integer(number as i64 + 1), "{kind:?}");
        }
    }
}

/// An error shows the byte that it is about, text or not.
#[test]
fn a_protocol_error_shows_any_byte() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        client.send_raw(b"*1\r\n\xff\r\n");
        let shown = b"ERR Protocol error: expected '$', got '\xff'".to_vec();
        assert_eq!(client.reply(), Reply::Error(shown), "{kind:?}");
        assert!(client.is_closed_by_peer(), "{kind:?}");
    }
}
