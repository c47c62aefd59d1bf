//! Targets that answer what they should not: MIGRATE believes nothing but `+OK` in its place
//! (X1, X2, X5), reports an error of the target word for word (T8), and says where the keys are.

use std::time::Duration;

use crate::support::{
    Answer, Client, Early, FakeTarget, Reply, Request, Server, Where, assert_reply_is_true, bulk,
    migrate,
};

const HTTP: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\
                    Content-Length: 24\r\nConnection: close\r\n\r\n<h1>400 Bad Request</h1>";

const STRANGER: &str = "ERR Target instance does not answer like a server of the Redis family";

const UNREADABLE: &str = "IOERR error or timeout reading to target instance";

#[track_caller]
fn place(source: &mut Client, target: &FakeTarget, key: &str) -> Where {
    let on_source = source.cmd(&["EXISTS", key]).into_integer() == 1;
    Where::of(on_source, target.has(key))
}

/// A target that gives the same answer to every command of one name, and is polite else.
fn answering(name: &'static str, bytes: impl AsRef<[u8]>) -> FakeTarget {
    let bytes = bytes.as_ref().to_vec();
    FakeTarget::scripted(move |request| (request.name() == name).then(|| Answer::say(&bytes)))
}

/// A target that answers the RESTORE of each key as told, and stores none of these.
fn refusing(answers: &'static [(&'static str, &'static str)]) -> FakeTarget {
    FakeTarget::scripted(move |request| {
        let answer = |(key, bytes): &(&str, &str)| {
            (request.is_restore() && request.args[1] == key.as_bytes()).then(|| Answer::say(bytes))
        };
        answers.iter().find_map(answer)
    })
}

fn assert_no_restore(target: &FakeTarget) {
    assert!(!target.requests().iter().any(Request::is_restore), "{:?}", target.commands());
}

#[test]
fn an_http_server_gets_nothing_and_takes_nothing() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for answer in [Answer::Say(HTTP.into()), Answer::SayAndClose(HTTP.into())] {
        let whole = answer.clone();
        let at_once = FakeTarget::scripted(move |_| Some(whole.clone()));
        let late =
            FakeTarget::scripted(move |request| request.is_restore().then(|| answer.clone()));
        for (target, expected) in [(&at_once, STRANGER), (&late, UNREADABLE)] {
            from.cmd(&["MSET", "a", "1", "b", "2", "c", "3"]);
            let reply = migrate(&mut from, target.port(), "", &["KEYS", "a", "b", "c"]);
            assert!(reply.is_error(expected), "{reply:?}");
            assert_eq!(from.cmd(&["EXISTS", "a", "b", "c"]), Reply::Integer(3));
        }
        assert_no_restore(&at_once);
    }
}

/// X2: nothing of a RESTORE leaves before the target has agreed to everything before it.
#[test]
fn a_refused_handshake_moves_nothing() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for (step, error) in [
        ("AUTH", "WRONGPASS invalid username-password pair or user is disabled."),
        ("AUTH", "ERR AUTH <password> called without any password configured"),
        ("SELECT", "ERR DB index is out of range"),
        ("SELECT", "NOAUTH Authentication required."),
    ] {
        let target = answering(step, format!("-{error}\r\n"));
        from.cmd(&["MSET", "a", "1", "b", "2"]);
        let reply = migrate(&mut from, target.port(), "", &["AUTH", "sesame", "KEYS", "a", "b"]);
        let reported = format!("ERR Target instance replied with error: {error}");
        assert_eq!(reply, Reply::error(&reported), "{step}");
        assert_eq!(from.cmd(&["EXISTS", "a", "b"]), Reply::Integer(2), "{step}");
        assert_no_restore(&target);
    }
}

#[test]
fn a_handshake_answered_oddly_moves_nothing() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for step in ["AUTH", "SELECT"] {
        for answer in ["+FINE\r\n", ":1\r\n", "$2\r\nOK\r\n", "$-1\r\n", "*0\r\n", "OK\r\n"] {
            let target = answering(step, answer);
            from.cmd(&["SET", "key", "value"]);
            let reply = migrate(&mut from, target.port(), "key", &["AUTH", "sesame"]);
            let context = format!("{step} answered {answer:?}");
            assert!(reply.is_error(STRANGER), "{context}: {reply:?}");
            assert_eq!(from.cmd(&["EXISTS", "key"]), Reply::Integer(1), "{context}");
            assert_no_restore(&target);
        }
    }
}

/// A user without a right to INFO or CONFIG can be moved to all the same.
#[test]
fn a_target_need_not_say_what_it_is() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for step in ["INFO", "CONFIG"] {
        for error in [
            "-NOPERM this user has no permissions to run the command\r\n",
            "-ERR unknown command\r\n",
        ] {
            let target = answering(step, error);
            from.cmd(&["SET", "key", "value"]);
            assert_eq!(migrate(&mut from, target.port(), "key", &[]), Reply::ok(), "{step}");
            assert_eq!(place(&mut from, &target, "key"), Where::Target, "{step}");
        }
    }
}

/// T8: the code of the target's error comes after that of MIGRATE.
#[test]
fn an_error_of_the_target_is_reported_word_for_word() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for error in [
        "BUSYKEY Target key name already exists.",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "MOVED 12182 127.0.0.1:7002",
        "ERR DUMP payload version or checksum are wrong",
        "READONLY You can't write against a read only replica.",
    ] {
        let target = answering("RESTORE", format!("-{error}\r\n"));
        from.cmd(&["SET", "key", "value"]);
        let reply = migrate(&mut from, target.port(), "key", &[]);
        let reported = format!("ERR Target instance replied with error: {error}");
        assert_eq!(reply, Reply::error(&reported));
        assert_eq!(place(&mut from, &target, "key"), Where::Source, "{error}");
    }
}

/// T7, T8: every key goes by its own reply, and the first error is reported.
#[test]
fn keys_of_a_batch_are_refused_one_by_one() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    let target = refusing(&[
        ("b", "-BUSYKEY Target key name already exists.\r\n"),
        ("d", "-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
    ]);
    from.cmd(&["MSET", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5"]);
    let reply = migrate(&mut from, target.port(), "", &["KEYS", "a", "b", "c", "d", "e"]);
    let busy = "ERR Target instance replied with error: BUSYKEY Target key name already exists.";
    assert_eq!(reply, Reply::error(busy));
    for (key, side) in [
        ("a", Where::Target),
        ("b", Where::Source),
        ("c", Where::Target),
        ("d", Where::Source),
        ("e", Where::Target),
    ] {
        assert_eq!(place(&mut from, &target, key), side, "{key}");
    }
}

const ODD: [&str; 14] = [
    "+FINE\r\n",
    "+ok\r\n",
    "+OK \r\n",
    "+OKAY\r\n",
    "+\r\n",
    ":1\r\n",
    "$2\r\nOK\r\n",
    "$-1\r\n",
    "*1\r\n+OK\r\n",
    "_\r\n",
    "OK\r\n",
    "\r\n",
    "+OK\n",
    "*-7\r\n",
];

/// X1: anything but `+OK` leaves the key where it is.
#[test]
fn an_odd_reply_is_no_success() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for odd in ODD {
        let target = FakeTarget::scripted(move |request| {
            request.is_restore().then(|| Answer::SayAndClose(odd.into()))
        });
        from.cmd(&["SET", "key", "value"]);
        let reply = migrate(&mut from, target.port(), "key", &[]);
        assert_reply_is_true(&reply, &[place(&mut from, &target, "key")], odd);
        assert_ne!(reply, Reply::ok(), "{odd:?}");
    }
}

/// X1: acknowledgements that follow an odd reply are not believed.
#[test]
fn nothing_is_believed_after_an_odd_reply() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for odd in ODD {
        let target = FakeTarget::scripted(move |request| {
            let answer = format!("{odd}+OK\r\n+OK\r\n+OK\r\n");
            request.is_restore().then(|| Answer::Say(answer.into()))
        });
        from.cmd(&["MSET", "a", "1", "b", "2", "c", "3"]);
        let reply = migrate(&mut from, target.port(), "", &["KEYS", "a", "b", "c"]);
        let places = ["a", "b", "c"].map(|key| place(&mut from, &target, key));
        assert_reply_is_true(&reply, &places, odd);
    }
}

/// The reply is odd, but the target has the key: both sides of the fault are told apart by asking.
#[test]
fn a_key_stored_with_an_odd_reply_is_not_lost() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for odd in ODD {
        let mut stored = None;
        let target = FakeTarget::scripted(move |request| match request.name().as_str() {
            "RESTORE" if stored.is_none() => {
                stored = Some(request.args[3].clone());
                Some(Answer::Say(odd.into()))
            }
            "RESTORE" => Some(Answer::say("-BUSYKEY Target key name already exists.\r\n")),
            "EXISTS" => Some(Answer::Say(format!(":{}\r\n", u8::from(stored.is_some())).into())),
            "DUMP" => stored.as_ref().map(|payload| Answer::Say(bulk(payload))),
            _ => None,
        });
        from.cmd(&["SET", "key", "value"]);
        let reply = migrate(&mut from, target.port(), "key", &[]);
        let on_source = from.cmd(&["EXISTS", "key"]).into_integer() == 1;
        assert_reply_is_true(&reply, &[Where::of(on_source, true)], odd);
    }
}

/// An acknowledgement of a payload that has not been sent yet is worth nothing.
#[test]
fn ok_before_the_payload_is_complete_is_no_success() {
    /// More than the buffers of both sockets can hold.
    const VALUE_BYTES: usize = 32 << 20;

    let source = Server::keyferry(&[]);
    let mut from = source.client();
    let early = Early { trigger: b"RESTORE", say: b"+OK\r\n", pause: Duration::from_millis(200) };
    let target =
        FakeTarget::hasty(early, |request| request.is_restore().then_some(Answer::Silence));
    from.cmd(&[b"SET".as_slice(), b"key", &vec![b'x'; VALUE_BYTES]]);
    let port = target.port().to_string();
    let reply = from.cmd(&["MIGRATE", "127.0.0.1", &port, "key", "0", "1000"]);
    assert_reply_is_true(&reply, &[place(&mut from, &target, "key")], "early +OK");
}

/// X5: a line beyond any limit ends the connection, so that no later reply is read out of place.
#[test]
fn an_endless_error_is_cut_short() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for len in [1_000, 1_100, 3_000, 70_000, 1 << 20, 3 << 20] {
        let mut restores = 0;
        let target = FakeTarget::scripted(move |request| {
            restores += usize::from(request.is_restore());
            (request.is_restore() && restores == 1)
                .then(|| Answer::Say(format!("-ERR {}\r\n", "x".repeat(len)).into()))
        });
        let context = format!("an error of {len} bytes");
        from.cmd(&["MSET", "a", "1", "b", "2"]);
        let reply = migrate(&mut from, target.port(), "a", &[]);
        assert_reply_is_true(&reply, &[place(&mut from, &target, "a")], &context);
        assert!(reply.is_error(""), "{context}: {reply:?}");

        assert_eq!(migrate(&mut from, target.port(), "b", &[]), Reply::ok(), "{context}");
        assert_eq!(place(&mut from, &target, "b"), Where::Target, "{context}");
        assert_eq!(migrate(&mut from, target.port(), "a", &[]), Reply::ok(), "{context}");
        assert_eq!(place(&mut from, &target, "a"), Where::Target, "{context}");
    }
}

/// A target may say as much about itself as it likes, or that it will send more than it does.
#[test]
fn an_endless_handshake_does_not_lose_a_key() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    let long = "x".repeat(2 << 20);
    for answer in [
        format!("${}\r\n{long}\r\n", long.len()),
        format!("+{long}\r\n"),
        format!("*100000\r\n{}", "$1\r\nx\r\n".repeat(100_000)),
        "*1\r\n".repeat(100_000) + "+OK\r\n",
        "$9223372036854775807\r\n".to_owned(),
        "*9223372036854775807\r\n".to_owned(),
        "$536870912\r\nx".to_owned(),
    ] {
        for step in ["INFO", "CONFIG", "SELECT"] {
            let target = answering(step, &answer);
            from.cmd(&["SET", "key", "value"]);
            let port = target.port().to_string();
            let reply = from.cmd(&["MIGRATE", "127.0.0.1", &port, "key", "0", "200"]);
            let context = format!("{step}: {}...", &answer[..20.min(answer.len())].escape_debug());
            assert_reply_is_true(&reply, &[place(&mut from, &target, "key")], &context);
            assert_eq!(from.cmd(&["PING"]), Reply::status("PONG"), "{context}");
        }
    }
}
