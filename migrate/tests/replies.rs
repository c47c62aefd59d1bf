//! What the target may answer, and what is made of it. The rules are those of the semantics.

mod support;

use bytes::Bytes;
use keyspace::{FieldExpiry, Freeze, Keyspace, Thresholds};
use migrate::{
    Compression, Credentials, Event, Failure, MigrateRequest, Now, Outcome, Refusal, Settlement,
    SourceSession,
};
use std::io::IoSlice;
use std::time::Instant;
use support::{IDLE_TIMEOUT, NOW_MS, OWN_RUN_ID, Target, World, held, string};

fn run(target: Target, configure: impl FnOnce(&mut MigrateRequest)) -> (Outcome, World) {
    let keys = [("a", string("1"), Some(NOW_MS + 5_000)), ("b", string("two"), None)];
    let mut world = World::new(&keys, target, configure);
    (world.run(), world)
}

fn odd(command: &'static str, reply: &str) -> Target {
    Target { odd: [(command, reply.as_bytes().to_vec())].into(), ..Target::default() }
}

fn refused_with(text: &'static str) -> Outcome {
    Outcome::Refused(Refusal::Target(Bytes::from_static(text.as_bytes())))
}

/// What is asked on a new connection.
const ASKED: [&str; 5] = ["SELECT", "INFO", "CONFIG", "CLIENT", "TIME"];

fn sent(world: &World) -> Vec<&str> {
    world.target.log.iter().map(String::as_str).collect()
}

#[test]
fn a_plain_migration_asks_then_sends_each_key_in_order() {
    let (outcome, world) = run(Target::default(), |_| {});
    assert_eq!(outcome, Outcome::Moved);
    assert_eq!(sent(&world), [&ASKED[..], &["RESTORE a", "RESTORE b"]].concat());
    assert_eq!(world.target.keys[b"a".as_slice()], (string("1"), Some(NOW_MS + 5_000)));
}

#[test]
fn x1_only_ok_is_success() {
    for reply in ["+FINE\r\n", "+OK \r\n", "+ok\r\n", ":1\r\n", "$2\r\nOK\r\n", "_\r\n", "*0\r\n"] {
        let (outcome, world) = run(odd("RESTORE", reply), |_| {});
        assert_eq!(outcome, Outcome::Failed(Failure::Reading), "{reply:?}");
        assert_eq!(world.keyspace.database(0).len(), 2, "{reply:?}");
        let (outcome, world) = run(odd("SELECT", reply), |_| {});
        assert_eq!(outcome, Outcome::Refused(Refusal::Stranger { command: "SELECT" }), "{reply:?}");
        assert_eq!(world.keyspace.database(0).len(), 2, "{reply:?}");
    }
}

#[test]
fn a_target_cannot_make_the_source_hold_much() {
    for reply in ["*17\r\n", "*16777216\r\n", "*1\r\n*1\r\n*1\r\n", "$2000000\r\n"] {
        let (outcome, _) = run(odd("SELECT", reply), |_| {});
        assert_eq!(outcome, Outcome::Refused(Refusal::Stranger { command: "SELECT" }), "{reply:?}");
    }
}

#[test]
fn x1_a_web_server_moves_nothing() {
    let page = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html></html>";
    let (outcome, world) = run(odd("SELECT", page), |_| {});
    assert_eq!(outcome, Outcome::Refused(Refusal::Stranger { command: "SELECT" }));
    assert!(!world.target.log.iter().any(|command| command.starts_with("RESTORE")));
}

#[test]
fn x2_no_restore_leaves_after_a_refused_handshake() {
    let login = Some(Credentials { username: None, password: Bytes::from_static(b"pw") });
    for (command, text) in [
        ("AUTH", "WRONGPASS invalid username-password pair or user is disabled."),
        ("SELECT", "ERR DB index is out of range"),
    ] {
        let (outcome, world) = run(odd(command, &format!("-{text}\r\n")), |request| {
            request.credentials = login.clone();
        });
        assert_eq!(outcome, refused_with(text));
        assert_eq!(sent(&world), ["AUTH", "SELECT", "INFO", "CONFIG", "CLIENT", "TIME"]);
        // T9: the connection is kept, but its database is not trusted any more.
        let established = world.session.into_established().expect("it is kept");
        assert_eq!(established.selected_db, None);
    }
}

#[test]
fn who_may_not_ask_moves_keys_all_the_same() {
    for command in ["INFO", "CONFIG"] {
        let denied =
            format!("-NOPERM User x has no permissions to run the '{command}' command\r\n");
        assert_eq!(run(odd(command, &denied), |_| {}).0, Outcome::Moved);
    }
}

#[test]
fn t8_a_refused_key_stays_and_the_others_go() {
    let mut target = Target::default();
    target.keys.insert(Bytes::from_static(b"a"), (string("other"), None));
    let (outcome, world) = run(target, |_| {});
    assert_eq!(outcome, refused_with("BUSYKEY Target key name already exists."));
    assert!(world.keyspace.database(0).peek(b"a", NOW_MS).is_some());
    assert!(world.keyspace.database(0).peek(b"b", NOW_MS).is_none());
}

#[test]
fn replace_overwrites_and_copy_keeps() {
    let mut target = Target::default();
    target.keys.insert(Bytes::from_static(b"a"), (string("other"), None));
    let (outcome, world) = run(target, |request| {
        request.replace = true;
        request.copy = true;
    });
    assert_eq!(outcome, Outcome::Moved);
    assert_eq!(world.target.keys[b"a".as_slice()].0, string("1"));
    assert_eq!(world.keyspace.database(0).len(), 2);
}

#[test]
fn x5_a_connection_with_bytes_left_to_read_is_not_used_again() {
    let (outcome, world) = run(Target::default(), |_| {});
    assert_eq!(outcome, Outcome::Moved);
    assert_eq!(world.session.into_established().expect("it is clean").selected_db, Some(0));

    // Of the doubled replies the last one is left over.
    let (outcome, world) = run(Target { surplus: b"+OK\r\n", ..Target::default() }, |_| {});
    assert_eq!(outcome, Outcome::Moved);
    assert!(world.session.into_established().is_none());

    // The handshake is complete, and no key goes there.
    let mut target = odd("SELECT", "-ERR DB index is out of range\r\n");
    target.odd.insert("TIME", b"-NOPERM not allowed\r\n+OK\r\n".to_vec());
    let (outcome, world) = run(target, |_| {});
    assert_eq!(outcome, refused_with("ERR DB index is out of range"));
    assert!(world.session.into_established().is_none());

    let line = format!("-ERR {}\r\n", "x".repeat(1 << 20));
    let (outcome, world) = run(odd("RESTORE", &line), |_| {});
    assert_eq!(outcome, Outcome::Failed(Failure::Reading));
    assert!(world.session.into_established().is_none());
}

#[test]
fn x7_the_limit_of_the_target_is_kept_to() {
    let target = Target { bulk_bytes_max: 13, ..Target::default() };
    let (outcome, world) = run(target, |_| {});
    let refusal =
        Refusal::TooLong { key: Bytes::from_static(b"b"), payload_bytes: 15, bulk_bytes_max: 13 };
    assert_eq!(outcome, Outcome::Refused(refusal));
    assert_eq!(sent(&world), [&ASKED[..], &["RESTORE a"]].concat());
    assert!(world.keyspace.database(0).peek(b"a", NOW_MS).is_none());
}

/// Who builds a value while its payload arrives gets it as it is, if it takes so much.
#[test]
fn only_who_keeps_a_payload_gets_it_compressed_unless_told_otherwise() {
    const REDIS: &str = "redis_version:7.2.4\r\n";
    const KEYFERRY: &str = "redis_version:7.2.4\r\nkeyferry_version:0.1.0\r\n";
    const PLAIN: usize = 1000;
    for (version, compression, bulk_bytes_max, is_plain) in [
        (REDIS, Compression::Auto, 1 << 20, false),
        (REDIS, Compression::Always, 1 << 20, false),
        (REDIS, Compression::Never, 1 << 20, true),
        (KEYFERRY, Compression::Auto, 1 << 20, true),
        (KEYFERRY, Compression::Auto, PLAIN as u64, false),
        (KEYFERRY, Compression::Always, 1 << 20, false),
        (KEYFERRY, Compression::Never, 1 << 20, true),
    ] {
        let target = Target { version, bulk_bytes_max, ..Target::default() };
        let value = string("x".repeat(PLAIN));
        let mut world = World::new(&[("a", value.clone(), None)], target, |request| {
            request.compression = compression;
        });
        let what = format!("{compression:?} to {version:?}");
        assert_eq!(world.run(), Outcome::Moved, "{what}");
        assert_eq!(world.target.keys[b"a".as_slice()].0, value, "{what}");
        let &[len] = &world.target.payloads[..] else { panic!("one RESTORE: {what}") };
        assert_eq!(len > PLAIN, is_plain, "{len} bytes, {what}");
    }
}

/// Where nothing is to be compressed, a value that is too long is refused.
#[test]
fn a_payload_that_is_too_long_is_not_compressed_against_the_caller_s_will() {
    let target = Target {
        version: "redis_version:7.2.4\r\nkeyferry_version:0.1.0\r\n",
        bulk_bytes_max: 100,
        ..Target::default()
    };
    let mut world = World::new(&[("a", string("x".repeat(1000)), None)], target, |request| {
        request.compression = Compression::Never;
    });
    let outcome = world.run();
    assert!(matches!(outcome, Outcome::Refused(Refusal::TooLong { .. })), "{outcome:?}");
}

#[test]
fn x8_an_old_target_gets_a_relative_expiry() {
    let target = Target { version: "redis_version:4.0.14\r\n", ..Target::default() };
    let (outcome, world) = run(target, |_| {});
    assert_eq!(outcome, Outcome::Moved);
    assert_eq!(world.target.keys[b"a".as_slice()].1, Some(NOW_MS + 5_000));
}

#[test]
fn x11_moving_to_oneself_into_the_same_database_is_refused() {
    let oneself = || Target { run_id: OWN_RUN_ID.into(), ..Target::default() };
    let (outcome, world) = run(oneself(), |_| {});
    assert_eq!(outcome, Outcome::Refused(Refusal::Oneself));
    assert!(world.target.keys.is_empty());
    let (outcome, _) = run(oneself(), |request| request.target_db = 3);
    assert_eq!(outcome, Outcome::Moved);
}

#[test]
fn x12_a_name_that_is_listed_twice_is_sent_once() {
    let keys = ["a", "b", ""].map(|name| (name, string(name), None));
    let mut world = World::new(&keys, Target::default(), |request| {
        let listed = ["a", "b", "a", "", "b", "a", ""];
        let names = listed.map(|name| Bytes::from_static(name.as_bytes())).to_vec();
        *request = MigrateRequest::new(0, 0, IDLE_TIMEOUT, names);
    });
    assert_eq!(world.run(), Outcome::Moved);
    assert_eq!(sent(&world), [&ASKED[..], &["RESTORE a", "RESTORE b", "RESTORE "]].concat());
}

#[test]
fn x13_nothing_to_send_is_nokey() {
    let keys = [("a", string("1"), Some(NOW_MS - 1))];
    let mut world = World::new(&keys, Target::default(), |_| {});
    while world.outcome.is_none() {
        world.step();
    }
    assert_eq!(world.outcome, Some(Outcome::NoKey));
}

/// A session past its handshake whose only key, of this length, is frozen and encoded as far as it
/// goes, and its keyspace.
fn encoded(value_bytes: usize) -> (SourceSession, Keyspace, Now) {
    let now = Now { instant: Instant::now(), unix_ms: NOW_MS };
    let mut keyspace = Keyspace::new(1);
    keyspace.database_mut(0).insert(b"big", held(&string("x".repeat(value_bytes))), None);
    let request = MigrateRequest::new(0, 0, IDLE_TIMEOUT, vec![Bytes::from_static(b"big")]);
    let mut session = SourceSession::new(request, OWN_RUN_ID.into(), None, now);
    shake_hands(&mut session, now);
    let Freeze::Frozen(frozen) = keyspace.database_mut(0).freeze(b"big", NOW_MS) else {
        panic!("it is there")
    };
    assert_eq!(session.wanted_key(), Some(0));
    session.handle_frozen(now, frozen);
    while session.has_work() {
        session.work(now);
    }
    (session, keyspace, now)
}

fn shake_hands(session: &mut SourceSession, now: Now) {
    assert_eq!(session.poll_event(), Some(Event::Connect));
    session.handle_connected(now);
    transmit(session, now);
    receive(session, now, b"+OK\r\n$20\r\nredis_version:7.0.15\r\n*0\r\n:7\r\n*0\r\n");
}

/// As [`encoded`], with the first part of a large value sent.
fn half_sent() -> (SourceSession, Keyspace, Now) {
    let (mut session, keyspace, now) = encoded(4 << 20);
    assert!(transmit(&mut session, now) > 0);
    assert_eq!(session.poll_event(), None, "the end of the value has not been reached");
    (session, keyspace, now)
}

fn transmit(session: &mut SourceSession, now: Now) -> usize {
    let mut slices = [IoSlice::new(&[]); 4];
    let count = session.transmit_slices(&mut slices);
    let n = slices[..count].iter().map(|slice| slice.len()).sum();
    session.handle_transmitted(now, n);
    n
}

fn receive(session: &mut SourceSession, now: Now, reply: &[u8]) {
    session.read_space()[..reply.len()].copy_from_slice(reply);
    session.handle_received(now, reply.len());
}

#[test]
fn x1_success_before_the_payload_is_sent_is_not_believed() {
    let (mut session, _, now) = half_sent();
    receive(&mut session, now, b"+OK\r\n");
    assert_eq!(session.poll_event(), Some(Event::Thaw(0)));
    assert_eq!(session.poll_event(), Some(Event::Finished(Outcome::Failed(Failure::Writing))));
    assert_eq!(session.poll_event(), None);
    assert!(session.into_established().is_none());
}

#[test]
fn x1_success_before_anything_is_sent_is_not_believed() {
    let (mut session, _, now) = encoded(3);
    assert_eq!(session.poll_event(), Some(Event::InDoubt(0)));
    receive(&mut session, now, b"+OK\r\n");
    assert_eq!(session.poll_event(), Some(Event::Thaw(0)));
    assert_eq!(session.poll_event(), Some(Event::Finished(Outcome::Failed(Failure::Writing))));
}

#[test]
fn nothing_is_sent_before_reads_are_parked() {
    let (mut session, _, now) = encoded(3);
    assert_eq!(transmit(&mut session, now), 0);
    assert_eq!(session.poll_event(), Some(Event::InDoubt(0)));
    assert!(transmit(&mut session, now) > 0);
}

#[test]
fn x7_an_error_before_the_payload_is_sent_is_told_in_the_target_s_words() {
    let (mut session, _, now) = half_sent();
    receive(&mut session, now, b"-ERR Protocol error: invalid bulk length\r\n");
    assert_eq!(session.poll_event(), Some(Event::Thaw(0)));
    let outcome = refused_with("ERR Protocol error: invalid bulk length");
    assert_eq!(session.poll_event(), Some(Event::Finished(outcome)));
    assert!(session.into_established().is_none());
}

#[test]
fn the_session_holds_little_of_a_large_value() {
    let (mut session, _, now) = half_sent();
    let mut most = 0;
    while session.poll_event().is_none() {
        session.work(now);
        most = most.max(session.transmit_len());
        if !session.has_work() {
            transmit(&mut session, now);
        }
    }
    assert!(most <= 512 * 1024, "{most} bytes were held at once");
}

#[test]
fn the_idle_timeout_counts_from_the_last_progress() {
    let (mut session, _, start) = half_sent();
    let deadline = session.poll_timeout().expect("the target is waited for");
    assert_eq!(deadline, start.instant + IDLE_TIMEOUT);
    let at = |instant| Now { instant, ..start };
    let later = at(start.instant + IDLE_TIMEOUT / 2);
    transmit(&mut session, later);
    session.work(later);
    assert_eq!(session.poll_timeout(), Some(later.instant + IDLE_TIMEOUT));
    session.handle_timeout(at(deadline));
    assert_eq!(session.poll_event(), None, "there was progress meanwhile");
    session.handle_timeout(at(later.instant + IDLE_TIMEOUT));
    assert_eq!(session.poll_event(), Some(Event::Thaw(0)));
    assert_eq!(session.poll_event(), Some(Event::Finished(Outcome::Failed(Failure::Writing))));
}

#[test]
fn who_calls_it_off_before_the_end_has_left_keeps_the_key() {
    let (mut session, _, now) = half_sent();
    session.cancel(now);
    assert_eq!(session.poll_event(), Some(Event::Thaw(0)));
    let outcome = Outcome::Refused(Refusal::Cancelled);
    assert_eq!(session.poll_event(), Some(Event::Finished(outcome)));
    session.cancel(now);
    assert_eq!(session.poll_event(), None);
}

#[test]
fn who_calls_it_off_after_the_end_has_left_is_in_doubt() {
    let (mut session, _, now) = encoded(3);
    assert_eq!(session.poll_event(), Some(Event::InDoubt(0)));
    transmit(&mut session, now);
    session.cancel(now);
    assert_eq!(session.poll_event(), Some(Event::Settled(0, Settlement::Unknown)));
    assert_eq!(session.poll_event(), Some(Event::Thaw(0)));
    assert_eq!(session.poll_event(), Some(Event::Finished(Outcome::Failed(Failure::Reading))));
}

/// Nothing of a large value is encoded before it is measured, and each piece of work is small.
#[test]
fn a_large_collection_is_measured_in_pieces() {
    let now = Now { instant: Instant::now(), unix_ms: NOW_MS };
    let mut hash = keyspace::Hash::new();
    for field in 0..100_000 {
        let (name, value) = (format!("field {field}"), "some value of a field");
        let thresholds = &Thresholds::default();
        hash.set(name.as_bytes(), value.as_bytes(), FieldExpiry::Clear, thresholds, NOW_MS);
    }
    let mut keyspace = Keyspace::new(1);
    keyspace.database_mut(0).insert(b"big", keyspace::Value::Hash(hash), None);
    let request = MigrateRequest::new(0, 0, IDLE_TIMEOUT, vec![Bytes::from_static(b"big")]);
    let mut session = SourceSession::new(request, OWN_RUN_ID.into(), None, now);
    shake_hands(&mut session, now);
    let Freeze::Frozen(frozen) = keyspace.database_mut(0).freeze(b"big", NOW_MS) else {
        panic!("it is there")
    };
    session.handle_frozen(now, frozen);
    let mut pieces = 0;
    while session.transmit_len() == 0 {
        assert_eq!(session.progress().current_bytes, None);
        session.work(now);
        pieces += 1;
    }
    let (_, total) = session.progress().current_bytes.expect("it is measured");
    assert!(total > 3_000_000);
    assert!(pieces > 100, "it was measured in {pieces} pieces");
    assert_eq!(session.poll_timeout().map(|at| at - now.instant), Some(IDLE_TIMEOUT));
}
