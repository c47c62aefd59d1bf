//! How MIGRATE reads its arguments and which keys it takes, word for word as Redis 7.0.15 does:
//! each table is run against both. Where the reference has a defect that keyferry must not copy
//! (X11, X12), keyferry alone is asked.

use std::thread;
use std::time::Duration;

use crate::support::{Client, FakeTarget, Kind, Peer, Reply, Server, Where, assert_at, migrate};

/// A MIGRATE, and what both servers answer.
///
/// Before each the source has "key" and "other", and the key with no name; the target has nothing.
struct Case {
    rule: &'static str,
    /// Arguments after the command; `PORT` and `CLOSED` stand for ports.
    args: &'static [&'static str],
    reply: &'static str,
    /// The keys that are on the target only, afterwards. The others are on the source only.
    moved: &'static [&'static str],
}

const KEYS: [&str; 3] = ["key", "other", ""];

const ARITY: &str = "-ERR wrong number of arguments for 'migrate' command";
const SYNTAX: &str = "-ERR syntax error";
const NUMBER: &str = "-ERR value is not an integer or out of range";
const KEY_WITH_KEYS: &str = "-ERR When using MIGRATE KEYS option, \
                             the key argument must be set to the empty string";
const NO_SUCH_DB: &str = "-ERR Target instance replied with error: ERR DB index is out of range";

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { rule: "M1", args: &[], reply: ARITY, moved: &[] },
    Case { rule: "M1", args: &["127.0.0.1"], reply: ARITY, moved: &[] },
    Case { rule: "M1", args: &["127.0.0.1", "PORT", "key", "0"], reply: ARITY, moved: &[] },

    Case { rule: "M3", args: &["127.0.0.1", "PORT", "key", "0", "5000", "NOPE"], reply: SYNTAX, moved: &[] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "key", "0", "5000", ""], reply: SYNTAX, moved: &[] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "key", "0", "5000", "COPY", "NOPE"], reply: SYNTAX, moved: &[] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "key", "0", "5000", "AUTH"], reply: SYNTAX, moved: &[] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "key", "0", "5000", "AUTH2"], reply: SYNTAX, moved: &[] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "key", "0", "5000", "AUTH2", "user"], reply: SYNTAX, moved: &[] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "key", "x", "x", "NOPE"], reply: SYNTAX, moved: &[] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "missing", "0", "5000", "NOPE"], reply: SYNTAX, moved: &[] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "key", "0", "5000", "replace"], reply: "+OK", moved: &["key"] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "key", "0", "5000", "RePlAcE", "REPLACE"], reply: "+OK", moved: &["key"] },
    Case { rule: "M3", args: &["127.0.0.1", "PORT", "", "0", "5000", "replace", "keys", "key"], reply: "+OK", moved: &["key"] },

    Case { rule: "M5", args: &["127.0.0.1", "PORT", "", "0", "5000", "KEYS"], reply: "+NOKEY", moved: &[] },
    Case { rule: "M5", args: &["127.0.0.1", "PORT", "", "0", "5000", "KEYS", "key", "COPY"], reply: "+OK", moved: &["key"] },
    Case { rule: "M5", args: &["127.0.0.1", "PORT", "", "0", "5000", "KEYS", "COPY", "REPLACE", "AUTH", "KEYS", "NOPE"], reply: "+NOKEY", moved: &[] },
    Case { rule: "M5", args: &["127.0.0.1", "PORT", "", "0", "5000", "KEYS", "key", "other"], reply: "+OK", moved: &["key", "other"] },
    Case { rule: "M5", args: &["127.0.0.1", "PORT", "", "0", "5000", "KEYS", "", "key"], reply: "+OK", moved: &["", "key"] },

    Case { rule: "M6", args: &["127.0.0.1", "PORT", "key", "0", "5000", "KEYS", "other"], reply: KEY_WITH_KEYS, moved: &[] },
    Case { rule: "M6", args: &["127.0.0.1", "PORT", "key", "0", "5000", "KEYS"], reply: KEY_WITH_KEYS, moved: &[] },
    Case { rule: "M6", args: &["127.0.0.1", "PORT", "key", "x", "x", "KEYS", "other"], reply: KEY_WITH_KEYS, moved: &[] },
    Case { rule: "M6", args: &["127.0.0.1", "PORT", "key", "0", "5000", "NOPE", "KEYS", "other"], reply: SYNTAX, moved: &[] },
    Case { rule: "M6", args: &["127.0.0.1", "PORT", "key", "0", "5000", "KEYS", "other", "NOPE"], reply: KEY_WITH_KEYS, moved: &[] },

    Case { rule: "M7", args: &["127.0.0.1", "PORT", "key", "0", "x"], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "PORT", "key", "x", "5000"], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "PORT", "key", "", "5000"], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "PORT", "key", "0", "5000 "], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "PORT", "key", "00", "5000"], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "PORT", "key", "+0", "5000"], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "PORT", "key", "1.5", "5000"], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "PORT", "key", "9223372036854775808", "5000"], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "PORT", "key", "0", "9223372036854775808"], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "PORT", "missing", "x", "5000"], reply: NUMBER, moved: &[] },
    Case { rule: "M7", args: &["127.0.0.1", "CLOSED", "key", "x", "5000"], reply: NUMBER, moved: &[] },

    Case { rule: "M8", args: &["127.0.0.1", "PORT", "key", "0", "0"], reply: "+OK", moved: &["key"] },
    Case { rule: "M8", args: &["127.0.0.1", "PORT", "key", "0", "-1"], reply: "+OK", moved: &["key"] },
    Case { rule: "M8", args: &["127.0.0.1", "PORT", "key", "0", "-9223372036854775808"], reply: "+OK", moved: &["key"] },
    Case { rule: "M8", args: &["127.0.0.1", "PORT", "key", "0", "9223372036854775807"], reply: "+OK", moved: &["key"] },
    Case { rule: "M8", args: &["127.0.0.1", "PORT", "key", "16", "5000"], reply: NO_SUCH_DB, moved: &[] },
    Case { rule: "M8", args: &["127.0.0.1", "PORT", "key", "-2", "5000"], reply: NO_SUCH_DB, moved: &[] },
    Case { rule: "M8", args: &["127.0.0.1", "PORT", "missing", "-1", "5000"], reply: "+NOKEY", moved: &[] },

    Case { rule: "M9", args: &["127.0.0.1", "PORTabc", "key", "0", "5000"], reply: "+OK", moved: &["key"] },
    Case { rule: "M9", args: &["localhost", "PORT", "key", "0", "5000"], reply: "+OK", moved: &["key"] },
    Case { rule: "M9", args: &["", "abc", "missing", "0", "5000"], reply: "+NOKEY", moved: &[] },

    Case { rule: "K2", args: &["127.0.0.1", "PORT", "missing", "0", "5000"], reply: "+NOKEY", moved: &[] },
    Case { rule: "K2", args: &["127.0.0.1", "CLOSED", "missing", "0", "5000"], reply: "+NOKEY", moved: &[] },
    Case { rule: "K2", args: &["127.0.0.1", "CLOSED", "", "0", "5000", "KEYS", "missing", "absent"], reply: "+NOKEY", moved: &[] },
    Case { rule: "K2", args: &["127.0.0.1", "PORT", "", "0", "5000", "KEYS", "missing", "key", "absent"], reply: "+OK", moved: &["key"] },

    Case { rule: "K3", args: &["127.0.0.1", "PORT", "", "0", "5000"], reply: "+OK", moved: &[""] },
];

#[test]
fn arguments_are_read_as_by_the_reference() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(source) = Server::start(kind, &[]) else { continue };
        let Some(target) = Server::peer(Peer::Redis70, &[]) else { continue };
        let (mut from, mut to) = (source.client(), target.client());
        for case in CASES {
            from.cmd(&["MSET", "key", "1", "other", "2", "", "3"]);
            to.cmd(&["FLUSHALL"]);
            let port = target.port().to_string();
            let args =
                case.args.iter().map(|arg| arg.replace("PORT", &port).replace("CLOSED", "1"));
            let command: Vec<String> = ["MIGRATE".into()].into_iter().chain(args).collect();
            let context = format!("{kind:?}, {}: {:?}", case.rule, case.args);
            assert_eq!(from.cmd(&command), Reply::line(case.reply), "{context}");
            if source.kind() != Kind::Keyferry && case.reply == NO_SUCH_DB {
                continue; // X2: the reference has written the key to database 0.
            }
            for key in KEYS {
                let place = if case.moved.contains(&key) { Where::Target } else { Where::Source };
                assert_eq!(Where::is(&mut from, &mut to, key), place, "{context}: {key:?}");
            }
        }
    }
}

/// M4: the last password wins, and a user named by AUTH2 stays.
#[test]
fn auth_and_auth2_can_be_mixed() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(source) = Server::start(kind, &[]) else { continue };
        let Some(target) = Server::peer(Peer::Redis70, &[]) else { continue };
        let (mut from, mut to) = (source.client(), target.client());
        to.cmd(&["ACL", "SETUSER", "mover", "on", ">right", "~*", "+@all"]);
        for (options, is_right) in [
            (["AUTH2", "mover", "wrong", "AUTH", "right"].as_slice(), true),
            (&["AUTH", "wrong", "AUTH2", "mover", "right"], true),
            (&["AUTH2", "nobody", "right", "AUTH2", "mover", "right"], true),
            (&["AUTH2", "mover", "right", "AUTH", "wrong"], false),
            (&["AUTH2", "mover", "right", "AUTH2", "nobody", "right"], false),
        ] {
            from.cmd(&["SET", "key", "value"]);
            to.cmd(&["FLUSHALL"]);
            let reply = migrate(&mut from, target.port(), "key", options);
            if is_right {
                assert_eq!(reply, Reply::ok(), "{kind:?}: {options:?}");
                assert_at(&mut from, &mut to, "key", Where::Target);
            } else {
                let refused = "ERR Target instance replied with error: WRONGPASS";
                assert!(reply.is_error(refused), "{kind:?}: {options:?}: {reply:?}");
                if source.kind() == Kind::Keyferry {
                    // X2: the reference has written the key all the same.
                    assert_at(&mut from, &mut to, "key", Where::Source);
                }
            }
        }
    }
}

/// M8: the reference sends no SELECT for -1, which is its mark for a connection that has selected
/// nothing yet, and writes to database 0.
#[test]
fn database_minus_one_is_for_the_target_to_refuse() {
    let Some(target) = Server::peer(Peer::Redis70, &[]) else { return };
    let source = Server::keyferry(&[]);
    let (mut from, mut to) = (source.client(), target.client());
    from.cmd(&["SET", "key", "value"]);
    let port = target.port().to_string();
    let reply = from.cmd(&["MIGRATE", "127.0.0.1", &port, "key", "-1", "5000"]);
    assert_eq!(reply, Reply::line(NO_SUCH_DB));
    assert_at(&mut from, &mut to, "key", Where::Source);
}

/// K1, X13: a key whose time is up is missing.
#[test]
fn an_expired_key_is_no_key() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(source) = Server::start(kind, &[]) else { continue };
        let target = FakeTarget::polite();
        let mut from = source.client();
        from.cmd(&["SET", "key", "value", "PX", "1"]);
        from.cmd(&["SET", "other", "value", "PX", "1"]);
        thread::sleep(Duration::from_millis(5));
        assert_eq!(migrate(&mut from, target.port(), "key", &[]), Reply::status("NOKEY"));
        let reply = migrate(&mut from, target.port(), "", &["KEYS", "key", "other"]);
        assert_eq!(reply, Reply::status("NOKEY"));
        assert_eq!(target.commands(), [""; 0], "K2: no connection is made");
    }
}

/// X12: the reference sends a key as often as it is named, and takes BUSYKEY for its own write.
#[test]
fn a_key_named_twice_is_sent_once() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for options in [["KEYS", "key", "key"].as_slice(), &["REPLACE", "KEYS", "key", "key"]] {
        let target = FakeTarget::polite();
        from.cmd(&["SET", "key", "value"]);
        assert_eq!(migrate(&mut from, target.port(), "", options), Reply::ok());
        let restores = target.requests().iter().filter(|request| request.is_restore()).count();
        assert_eq!(restores, 1, "{options:?}");
        assert_eq!(from.cmd(&["EXISTS", "key"]), Reply::Integer(0));
    }
}

/// X11: the reference times out, then runs its own RESTORE.
#[test]
fn a_server_can_be_its_own_target_in_another_database() {
    let server = Server::keyferry(&[]);
    let (mut from, mut to) = (server.client(), server.client());
    to.cmd(&["SELECT", "1"]);
    let port = server.port().to_string();
    let to_db = |from: &mut Client, db: &str, options: &[&str]| {
        let mut args = vec!["MIGRATE", "127.0.0.1", &port, "key", db, "2000"];
        args.extend(options);
        from.cmd(&args)
    };

    from.cmd(&["SET", "key", "value", "PX", "100000"]);
    assert_eq!(to_db(&mut from, "1", &[]), Reply::ok());
    assert_at(&mut from, &mut to, "key", Where::Target);
    assert_eq!(to.cmd(&["GET", "key"]), Reply::bulk("value"));
    assert!((90_000..=100_000).contains(&to.cmd(&["PTTL", "key"]).into_integer()));

    from.cmd(&["SET", "key", "kept"]);
    for options in [[].as_slice(), &["COPY"], &["REPLACE"], &["COPY", "REPLACE"]] {
        let reply = to_db(&mut from, "0", options);
        let oneself =
            "ERR Target instance is this server and the destination database is the source's";
        assert_eq!(reply, Reply::error(oneself), "{options:?}");
        assert_eq!(from.cmd(&["GET", "key"]), Reply::bulk("kept"), "{options:?}");
    }
}
