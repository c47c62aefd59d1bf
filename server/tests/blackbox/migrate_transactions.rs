//! Transactions and keys that move: MIGRATE and RESTORE between MULTI and EXEC, and keys that are
//! watched (rules E1, E2 and E5).

use std::time::{Duration, Instant};

use crate::script::bulks;
use crate::support::{
    Answer, FakeTarget, Kind, Pair, Peer, Reply, Request, Server, Where, wait_until,
};

/// Longest wait that is put down to a busy machine.
const HICCUP: Duration = Duration::from_millis(250);

fn queued() -> Reply {
    Reply::status("QUEUED")
}

fn migrate_command(port: u16, key: &str, timeout_ms: u64) -> Vec<String> {
    let args = ["MIGRATE", "127.0.0.1", &port.to_string(), key, "0", &timeout_ms.to_string()];
    args.map(Into::into).into()
}

/// Rule E2, with every peer at the other end: the key is gone for the commands that follow, and an
/// error does not stop them.
#[test]
fn migrate_is_a_command_of_a_transaction_like_any_other() {
    Pair::each(|pair| {
        pair.from.cmd(&["MSET", "key", "value", "busy", "here", "last", "1"]);
        pair.to.cmd(&["SET", "busy", "there"]);
        let port = pair.target.port();
        assert_eq!(pair.from.cmd(&["MULTI"]), Reply::ok());
        for command in [
            vec!["SET".into(), "key".into(), "newer".into()],
            migrate_command(port, "key", 5000),
            vec!["GET".into(), "key".into()],
            migrate_command(port, "busy", 5000),
            migrate_command(port, "none", 5000),
            vec!["INCR".into(), "last".into()],
            migrate_command(port, "last", 5000),
        ] {
            assert_eq!(pair.from.cmd(&command), queued());
        }
        let replies = pair.from.cmd(&["EXEC"]).into_array();
        let busy =
            "ERR Target instance replied with error: BUSYKEY Target key name already exists.";
        let wanted = [
            Reply::ok(),
            Reply::ok(),
            Reply::Nil,
            Reply::error(busy),
            Reply::status("NOKEY"),
            Reply::Integer(2),
            Reply::ok(),
        ];
        assert_eq!(replies, wanted);
        pair.assert_at("key", Where::Target);
        pair.assert_at("last", Where::Target);
        assert_eq!(pair.to.cmd(&["GET", "key"]), Reply::bulk("newer"));
        assert_eq!(pair.to.cmd(&["GET", "last"]), Reply::bulk("2"));
        assert_eq!(pair.from.cmd(&["GET", "busy"]), Reply::bulk("here"));
    });
}

/// Nobody comes between: not even a client that only asks.
#[test]
fn nothing_comes_between_the_commands_of_a_transaction() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(Duration::from_millis(300));
    let (mut caller, mut other) = (source.client(), source.client());
    other.cmd(&["MSET", "key", "value", "counter", "0"]);
    caller.cmd(&["MULTI"]);
    caller.cmd(&["INCR", "counter"]);
    caller.cmd(&migrate_command(target.port(), "key", 5000));
    caller.cmd(&["INCR", "counter"]);
    caller.send(&["EXEC"]);
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
    let start = Instant::now();
    assert_eq!(other.cmd(&["GET", "counter"]), Reply::bulk("2"));
    assert!(start.elapsed() >= Duration::from_millis(200), "it waited: {:?}", start.elapsed());
    let replies = caller.reply().into_array();
    assert_eq!(replies, [Reply::Integer(1), Reply::ok(), Reply::Integer(2)]);
    assert_eq!(other.cmd(&["EXISTS", "key"]), Reply::Integer(0));
}

/// A target that never answers costs the idle timeout, and the transaction goes on.
#[test]
fn a_timeout_is_an_error_within_the_transaction() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::scripted(|_| Some(Answer::Silence));
    let mut caller = source.client();
    caller.cmd(&["SET", "key", "value"]);
    caller.cmd(&["MULTI"]);
    caller.cmd(&migrate_command(target.port(), "key", 200));
    caller.cmd(&["GET", "key"]);
    let start = Instant::now();
    let replies = caller.cmd(&["EXEC"]).into_array();
    let error = Reply::error("IOERR error or timeout reading to target instance");
    assert_eq!(replies, [error, Reply::bulk("value")]);
    let time = start.elapsed();
    assert!(time < Duration::from_millis(200) + 3 * HICCUP, "it took {time:?}");
    assert_eq!(caller.cmd(&["DEL", "key"]), Reply::Integer(1), "it is released");
}

/// A server that runs a transaction answers nobody, itself included (rule N6).
#[test]
fn a_move_to_oneself_in_a_transaction_times_out() {
    let source = Server::keyferry(&[]);
    let mut caller = source.client();
    caller.cmd(&["SET", "key", "value"]);
    caller.cmd(&["MULTI"]);
    caller.cmd(&["MIGRATE", "127.0.0.1", &source.port().to_string(), "key", "1", "200"]);
    let replies = caller.cmd(&["EXEC"]).into_array();
    assert!(replies[0].is_error("IOERR"), "{replies:?}");
    assert_eq!(caller.cmd(&["GET", "key"]), Reply::bulk("value"));
    assert_eq!(caller.cmd(&["SELECT", "1"]), Reply::ok());
    assert_eq!(caller.cmd(&["DBSIZE"]), Reply::Integer(0));
}

/// The others stand still meanwhile, and so do their idle timeouts: this one has 300 ms, of which it
/// has used some when the transaction begins, which takes 600 ms.
#[test]
fn idle_timeouts_of_other_migrations_stand_still_meanwhile() {
    let source = Server::keyferry(&[]);
    let slow = FakeTarget::slow_to_restore(Duration::from_millis(600));
    let sluggish = FakeTarget::slow_to_restore(Duration::from_millis(200));
    let (mut caller, mut other) = (source.client(), source.client());
    caller.cmd(&["MSET", "mine", "1", "other", "2"]);
    caller.cmd(&["MULTI"]);
    caller.cmd(&migrate_command(slow.port(), "mine", 5000));
    other.send(&migrate_command(sluggish.port(), "other", 300));
    wait_until("a RESTORE arrives", || sluggish.requests().iter().any(Request::is_restore));
    let start = Instant::now();
    assert_eq!(caller.cmd(&["EXEC"]).into_array(), [Reply::ok()]);
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert_eq!(other.reply(), Reply::ok());
    assert_eq!(caller.cmd(&["EXISTS", "mine", "other"]), Reply::Integer(0));
}

/// EXEC waits for a key of any of its commands before it runs the first.
#[test]
fn a_transaction_waits_as_a_whole_for_a_key_that_is_being_moved() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(Duration::from_millis(400));
    let (mut caller, mut client) = (source.client(), source.client());
    let (mut writer, mut elsewhere) = (source.client(), source.client());
    client.cmd(&["MSET", "key", "value", "counter", "0"]);
    for client in [&mut writer, &mut elsewhere] {
        client.cmd(&["MULTI"]);
        client.cmd(&["INCR", "counter"]);
    }
    writer.cmd(&["SELECT", "1"]);
    writer.cmd(&["SELECT", "0"]);
    writer.cmd(&["APPEND", "key", "!"]);
    // The key of this name in another database is another key.
    elsewhere.cmd(&["SELECT", "1"]);
    elsewhere.cmd(&["APPEND", "key", "!"]);
    caller.send(&migrate_command(target.port(), "key", 5000));
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
    writer.send(&["EXEC"]);
    assert!(writer.is_silent_for(Duration::from_millis(50)));
    let replies = elsewhere.cmd(&["EXEC"]).into_array();
    assert_eq!(replies[0], Reply::Integer(1), "it has not waited, and the other has run nothing");
    assert_eq!(client.cmd(&["GET", "counter"]), Reply::bulk("1"));
    assert_eq!(caller.reply(), Reply::ok());
    let replies = writer.reply().into_array();
    assert_eq!(replies[0], Reply::Integer(2));
    assert_eq!(replies[3], Reply::Integer(1), "the key was gone");
}

/// A flush in a transaction waits until no key is frozen; then keys are frozen by the transaction
/// itself, for a flush that waits beside it.
#[test]
fn a_transaction_that_flushes_waits_for_keys_that_are_being_moved() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(Duration::from_millis(300));
    let (mut caller, mut client) = (source.client(), source.client());
    let (mut first, mut second) = (source.client(), source.client());
    client.cmd(&["MSET", "key", "value", "other", "value"]);
    first.cmd(&["MULTI"]);
    first.cmd(&migrate_command(target.port(), "other", 5000));
    first.cmd(&["FLUSHDB"]);
    caller.send(&migrate_command(target.port(), "key", 5000));
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
    first.send(&["EXEC"]);
    assert!(first.is_silent_for(Duration::from_millis(20)));
    second.send(&["FLUSHALL"]);
    assert_eq!(caller.reply(), Reply::ok());
    assert_eq!(first.reply().into_array(), [Reply::ok(), Reply::ok()]);
    assert_eq!(second.reply(), Reply::ok());
    assert_eq!(client.cmd(&["DBSIZE"]), Reply::Integer(0));
}

/// Rule E5, with every peer at the other end.
#[test]
fn a_watched_key_that_is_moved_ends_the_transaction_unless_it_is_copied() {
    Pair::each(|pair| {
        let mut watching = pair.source.client();
        pair.from.cmd(&["SET", "key", "value"]);
        for (options, replies) in [(&["COPY"][..], true), (&["REPLACE"], false)] {
            assert_eq!(watching.cmd(&["WATCH", "key"]), Reply::ok());
            assert_eq!(pair.migrate("key", options), Reply::ok());
            watching.cmd(&["MULTI"]);
            watching.cmd(&["PING"]);
            let ran = Reply::Array(vec![Reply::status("PONG")]);
            assert_eq!(watching.cmd(&["EXEC"]), if replies { ran } else { Reply::Nil });
        }
    });
}

/// The transaction waits for the key that it has watched, and finds it gone.
#[test]
fn who_waits_for_a_watched_key_finds_it_moved() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(Duration::from_millis(300));
    let (mut caller, mut client) = (source.client(), source.client());
    client.cmd(&["SET", "key", "value"]);
    client.cmd(&["WATCH", "key"]);
    client.cmd(&["MULTI"]);
    client.cmd(&["SET", "key", "mine"]);
    caller.send(&migrate_command(target.port(), "key", 5000));
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
    assert_eq!(client.cmd(&["EXEC"]), Reply::Nil);
    assert_eq!(caller.reply(), Reply::ok());
    assert_eq!(client.cmd(&["EXISTS", "key"]), Reply::Integer(0), "it was not written to");
}

#[test]
fn a_watched_key_that_is_restored_ends_the_transaction() {
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let (mut watching, mut client) = (server.client(), server.client());
        client.cmd(&["SET", "key", "value"]);
        let payload = client.cmd(&["DUMP", "key"]).into_bulk();
        for (args, ends) in [
            (vec![&b"RESTORE"[..], b"key", b"0", &payload], false),
            (vec![b"RESTORE", b"key", b"0", &payload, b"REPLACE"], true),
            (vec![b"RESTORE", b"key", b"0", b"broken", b"REPLACE"], false),
            (vec![b"RESTORE", b"key", b"1", &payload, b"REPLACE", b"ABSTTL"], true),
        ] {
            watching.cmd(&["WATCH", "key"]);
            client.cmd(&args);
            watching.cmd(&["MULTI"]);
            let ran = if ends { Reply::Nil } else { Reply::Array(Vec::new()) };
            assert_eq!(watching.cmd(&["EXEC"]), ran, "{kind:?}: {} arguments", args.len());
        }
    }
}

/// A payload that is taken as it arrives is queued as the value that was built of it: whether its key
/// is there is asked when it is run.
#[test]
fn a_large_payload_is_queued() {
    let Some(peer) = Server::peer(Peer::Redis70, &[]) else { return };
    let mut client = peer.client();
    let members: Vec<String> = (0..20_000).map(|nth| format!("member:{nth}")).collect();
    let add = ["SADD", "key"].into_iter().chain(members.iter().map(|it| &**it));
    client.cmd(&add.collect::<Vec<_>>());
    let payload = client.cmd(&["DUMP", "key"]).into_bulk();
    let mut broken = payload.clone();
    broken[100_000] ^= 1;
    assert!(payload.len() > 100_000);
    for kind in Kind::REFERENCE_AND_KEYFERRY {
        let Some(server) = Server::start(kind, &[]) else { continue };
        let mut client = server.client();
        client.cmd(&["SET", "key", "old"]);
        client.cmd(&["MULTI"]);
        let restore = |payload: &[u8]| [b"RESTORE", &b"key"[..], b"0", payload].map(<[u8]>::to_vec);
        for command in [
            restore(&payload).to_vec(),
            vec![b"DEL".to_vec(), b"key".to_vec()],
            restore(&broken).to_vec(),
            restore(&payload).to_vec(),
            vec![b"SCARD".to_vec(), b"key".to_vec()],
            restore(&payload).to_vec(),
        ] {
            assert_eq!(client.cmd(&command), queued(), "{kind:?}");
        }
        assert_eq!(client.cmd(&["GET", "nosuch"]), queued());
        let busy = Reply::error("BUSYKEY Target key name already exists.");
        let bad = Reply::error("ERR DUMP payload version or checksum are wrong");
        let wanted = [
            busy.clone(),
            Reply::Integer(1),
            bad,
            Reply::ok(),
            Reply::Integer(20_000),
            busy,
            Reply::Nil,
        ];
        assert_eq!(client.cmd(&["EXEC"]).into_array(), wanted, "{kind:?}");
        // One that is discarded, one of a transaction that is refused, and one whose client goes.
        client.cmd(&["DEL", "key"]);
        client.cmd(&["MULTI"]);
        client.cmd(&restore(&payload));
        client.cmd(&["DISCARD"]);
        client.cmd(&["MULTI"]);
        client.cmd(&["NOSUCH"]);
        assert_eq!(client.cmd(&restore(&payload)), queued(), "{kind:?}");
        assert!(client.cmd(&["EXEC"]).is_error("EXECABORT"));
        let mut gone = server.client();
        gone.cmd(&["MULTI"]);
        gone.cmd(&restore(&payload));
        drop(gone);
        assert_eq!(client.cmd(&["EXISTS", "key"]), Reply::Integer(0), "{kind:?}");
        client.cmd(&["SADD", "set", "a"]);
        assert_eq!(client.cmd(&["SMEMBERS", "set"]), bulks(&["a"]));
    }
}
