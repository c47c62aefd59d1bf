//! The connections that MIGRATE keeps: used again for the same target and user (N1), never for
//! another user (X3), never after something was left unread on them (X5), and mended when the
//! target has closed them meanwhile (F3).

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{
    Answer, Client, FakeTarget, Kind, Peer, Reply, Server, Where, assert_at, migrate,
};

const NOTHING: &[&str] = &[];

/// The connections that brought a RESTORE, in order.
fn connections(target: &FakeTarget) -> Vec<usize> {
    let requests = target.requests();
    requests.iter().filter(|request| request.is_restore()).map(|it| it.connection).collect()
}

#[test]
fn a_connection_serves_one_call_after_another() {
    let (source, target) = (Server::keyferry(&[]), FakeTarget::polite());
    let mut from = source.client();
    for key in ["a", "b", "c"] {
        from.cmd(&["SET", key, "value"]);
        assert_eq!(migrate(&mut from, target.port(), key, &[]), Reply::ok());
    }
    assert_eq!(connections(&target), [0, 0, 0]);
}

/// T9: an error leaves the connection in a known state.
#[test]
fn an_error_of_the_target_does_not_cost_the_connection() {
    let target = FakeTarget::scripted(|request| {
        (request.is_restore() && request.args[1] == b"a").then(|| Answer::say("-ERR no\r\n"))
    });
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    from.cmd(&["MSET", "a", "1", "b", "2"]);
    let refused = "ERR Target instance replied with error: ERR no";
    assert_eq!(migrate(&mut from, target.port(), "a", &[]), Reply::error(refused));
    assert_eq!(migrate(&mut from, target.port(), "b", &[]), Reply::ok());
    assert_eq!(connections(&target), [0, 0]);
}

/// F3: the caller does not notice that the target has hung up since the last call.
#[test]
fn a_connection_closed_meanwhile_is_made_anew() {
    let target = FakeTarget::scripted(|request| {
        request.is_restore().then(|| Answer::SayAndClose(b"+OK\r\n".into()))
    });
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for key in ["a", "b", "c"] {
        from.cmd(&["SET", key, "value"]);
        assert_eq!(migrate(&mut from, target.port(), key, &[]), Reply::ok(), "{key}");
        assert_eq!(from.cmd(&["EXISTS", key]), Reply::Integer(0));
        // A RESTORE that crosses with the end of the connection would be in doubt.
        wait_until_none_is_cached(&mut from);
    }
    assert_eq!(connections(&target), [0, 1, 2]);
}

/// X5: bytes left unread after the last reply would be taken for the reply of the next call.
#[test]
fn a_connection_with_unread_bytes_is_not_used_again() {
    let target = FakeTarget::scripted(|request| match (request.is_restore(), request.key()) {
        (true, b"a") => Some(Answer::say("+OK\r\n+OK\r\n+OK\r\n")),
        (true, _) => Some(Answer::say("-BUSYKEY Target key name already exists.\r\n")),
        _ => None,
    });
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    from.cmd(&["MSET", "a", "1", "b", "2"]);
    assert_eq!(migrate(&mut from, target.port(), "a", &[]), Reply::ok());
    let busy = "ERR Target instance replied with error: BUSYKEY Target key name already exists.";
    assert_eq!(migrate(&mut from, target.port(), "b", &[]), Reply::error(busy));
    assert_eq!(from.cmd(&["EXISTS", "a", "b"]), Reply::Integer(1));
    assert_eq!(connections(&target), [0, 1]);
}

/// X3: whoever cannot log in does not profit from the login of another caller.
#[test]
fn a_login_is_not_lent_to_another_caller() {
    let Some(target) = Server::peer(Peer::Redis70, &["--requirepass", "sesame"]) else { return };
    let source = Server::keyferry(&[]);
    let (mut from, mut to) = (source.client(), target.client());
    assert_eq!(to.cmd(&["AUTH", "sesame"]), Reply::ok());
    to.cmd(&["ACL", "SETUSER", "reader", "on", ">right", "~*", "+@read"]);

    let right = ["AUTH", "sesame"];
    from.cmd(&["MSET", "first", "1", "key", "2", "last", "3"]);
    assert_eq!(migrate(&mut from, target.port(), "first", &right), Reply::ok());
    for (options, code) in [
        (NOTHING, "NOAUTH"),
        (&["AUTH", "wrong"], "WRONGPASS"),
        (&["AUTH2", "default", "wrong"], "WRONGPASS"),
        (&["AUTH2", "reader", "right"], "NOPERM"),
        (&["REPLACE", "AUTH", "wrong"], "WRONGPASS"),
    ] {
        let reply = migrate(&mut from, target.port(), "key", options);
        let refused = format!("ERR Target instance replied with error: {code}");
        assert!(reply.is_error(&refused), "{options:?}: {reply:?}");
        assert_at(&mut from, &mut to, "key", Where::Source);
    }
    assert_eq!(migrate(&mut from, target.port(), "last", &right), Reply::ok());
}

/// X3: a password is proven by every call, on a connection that is logged in already as well.
#[test]
fn a_password_is_asked_for_every_time() {
    let target = FakeTarget::scripted(|request| {
        (request.name() == "AUTH" && request.args[1] != b"right")
            .then(|| Answer::say("-WRONGPASS invalid username-password pair\r\n"))
    });
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    from.cmd(&["MSET", "a", "1", "b", "2", "c", "3"]);
    assert_eq!(migrate(&mut from, target.port(), "a", &["AUTH", "right"]), Reply::ok());
    let wrong = "ERR Target instance replied with error: WRONGPASS invalid username-password pair";
    assert_eq!(migrate(&mut from, target.port(), "b", &["AUTH", "wrong"]), Reply::error(wrong));
    assert_eq!(migrate(&mut from, target.port(), "c", &["AUTH", "right"]), Reply::ok());
    assert_eq!(from.cmd(&["EXISTS", "a", "b", "c"]), Reply::Integer(1));
    let sent = |name| target.commands().iter().filter(|command| *command == name).count();
    assert_eq!((sent("AUTH"), sent("RESTORE")), (3, 2));
}

/// Each database is the one that the call names, whichever the connection had last.
#[test]
fn a_connection_is_told_the_database_of_each_call() {
    let Some(target) = Server::peer(Peer::Redis70, &[]) else { return };
    let source = Server::keyferry(&[]);
    let (mut from, mut to) = (source.client(), target.client());
    let port = target.port().to_string();
    for db in ["3", "0", "0", "15", "3"] {
        from.cmd(&["SET", "key", db]);
        to.cmd(&["SELECT", db]);
        to.cmd(&["DEL", "key"]);
        let reply = from.cmd(&["MIGRATE", "127.0.0.1", &port, "key", db, "5000"]);
        assert_eq!(reply, Reply::ok());
        assert_eq!(to.cmd(&["GET", "key"]), Reply::bulk(db));
    }
}

#[test]
fn a_target_that_is_not_there_costs_nothing_but_an_error() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    let closed = FakeTarget::polite();
    let port = closed.port();
    drop(closed);
    from.cmd(&["SET", "key", "value"]);
    for _ in 0..3 {
        let reply = migrate(&mut from, port, "key", &[]);
        let refused = "IOERR error or timeout writing to target instance";
        assert_eq!(reply, Reply::error(refused), "N5");
        assert_eq!(from.cmd(&["GET", "key"]), Reply::bulk("value"));
    }
}

/// N4 (sic: "client").
#[test]
fn a_name_that_cannot_be_resolved_is_an_error() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(source) = Server::start(kind, &[]) else { continue };
        let mut from = source.client();
        from.cmd(&["SET", "key", "value"]);
        let reply = from.cmd(&["MIGRATE", "", "6379", "key", "0", "1000"]);
        let unknown = "IOERR error or timeout connecting to the client";
        assert_eq!(reply, Reply::error(unknown), "{kind:?}");
        assert_eq!(from.cmd(&["GET", "key"]), Reply::bulk("value"));
    }
}

/// Waits until keyferry has noticed that the target has closed the connection.
#[track_caller]
fn wait_until_none_is_cached(from: &mut Client) {
    let start = Instant::now();
    loop {
        let Reply::Bulk(info) = from.cmd(&["INFO", "stats"]) else { panic!("INFO is a text") };
        if String::from_utf8_lossy(&info).contains("\r\nmigrate_cached_sockets:0\r\n") {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "the connection is still cached");
        thread::sleep(Duration::from_millis(1));
    }
}
