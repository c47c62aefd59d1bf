//! XREAD and XREADGROUP with BLOCK: who is woken, by what and with what is as in Redis 7.0.15, but for
//! groups that go.

use std::time::{Duration, Instant};

use crate::script::{assert_alike, assert_alike_to, blocked, bulks, info_field, listed};
use crate::support::{Client, FakeTarget, Kind, Pair, Peer, Reply, Request, Server, wait_until};

/// A stream of one entry with a group that has read it.
const GROUP: &str = "e XADD key 5-0 f v\ne XGROUP CREATE key g $\n";

const READ_GROUP: &str = "XREADGROUP GROUP g c BLOCK 0 STREAMS key >";

#[test]
fn timeouts_are_read_as_by_the_reference() {
    let mut session = String::from("a XGROUP CREATE key g $ MKSTREAM\n");
    for timeout in ["x", "-1", "1.5", "''", "1", "01", "9223372036854775808", "1 BLOCK 2"] {
        session += &format!("a XREAD BLOCK {timeout} STREAMS key $\n");
        session += &format!("a XREADGROUP GROUP g c BLOCK {timeout} STREAMS key >\n");
    }
    session += "a XREAD BLOCK
        a XREAD BLOCK 1 STREAMS
        a XREAD BLOCK 1 STREAMS key
        a XREAD STREAMS key $ BLOCK 1
        a XREAD BLOCK 1 STREAMS key >
        a XREADGROUP GROUP g c BLOCK 1 STREAMS key $
        a XREADGROUP GROUP none c BLOCK 1 STREAMS key >
        a XREADGROUP GROUP g c BLOCK 1 STREAMS key none > >
        a> XREAD BLOCK 9223372036854775807 STREAMS key $
        b XADD key 1-0 f v
        a<";
    assert_alike(&session);
}

#[test]
fn a_timeout_answers_in_its_time() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    client.cmd(&["XGROUP", "CREATE", "key", "g", "$", "MKSTREAM"]);
    let group: Vec<&str> = "XREADGROUP GROUP g c BLOCK 50 STREAMS key >".split(' ').collect();
    let plain: Vec<&str> = "XREAD COUNT 5 BLOCK 50 STREAMS key $".split(' ').collect();
    for command in [group, plain] {
        let start = Instant::now();
        assert_eq!(client.cmd(&command), Reply::Nil, "{command:?}");
        let time = start.elapsed();
        assert!((50..500).contains(&time.as_millis()), "{command:?} took {time:?}");
    }
}

#[test]
fn what_is_there_is_had_at_once() {
    assert_alike(
        "a XADD key 1-0 f v
        a XADD key 2-0 f v
        a XREAD BLOCK 0 STREAMS none key $ 1-0
        a XREAD COUNT 1 BLOCK 0 STREAMS key 0
        a XGROUP CREATE key g 0
        a XREADGROUP GROUP g c COUNT 1 BLOCK 0 STREAMS key >
        a XREADGROUP GROUP g c BLOCK 0 STREAMS key 0
        a XREADGROUP GROUP g other BLOCK 0 STREAMS key 0
        a XREADGROUP GROUP g c BLOCK 0 NOACK STREAMS key >
        a MULTI
        a XREAD BLOCK 0 STREAMS key $
        a XREADGROUP GROUP g c BLOCK 0 STREAMS key >
        a EXEC
        a SET string x
        a XREAD BLOCK 0 STREAMS none string $ $
        a XREADGROUP GROUP g c BLOCK 0 STREAMS key string > >",
    );
}

/// Every way in which entries can come.
#[test]
fn entries_that_come_wake_who_waits_for_them() {
    for come in [
        "b XADD key 5-1 f v",
        "b XADD key MAXLEN 1 5-1 f v\nb XADD key 6-1 f v",
        "b XADD spare 6-0 f v\nb XGROUP CREATE spare g 0\nb RENAME spare key",
        "b XADD spare 6-0 f v\nb XGROUP CREATE spare g 0\nb COPY spare key REPLACE",
        "b SELECT 1\nb XADD key 6-0 f v\nb XGROUP CREATE key g 0\nb SWAPDB 0 1",
        "b MULTI\nb XADD key 5-1 f v\nb XADD key 5-2 f v\nb XDEL key 5-1\nb EXEC",
        "b MULTI\nb SET key x\nb DEL key\nb XADD key 6-0 f v\nb XGROUP CREATE key g 0\nb EXEC",
    ] {
        for read in ["XREAD BLOCK 0 STREAMS none key $ $", READ_GROUP] {
            assert_alike(&format!("{GROUP}a> {read}\n{come}\na<\nb SELECT 0\nb XPENDING key g"));
        }
    }
    // Where there was no stream.
    for come in [
        "b XADD key 1-1 f v",
        "b XADD spare 6-0 f v\nb RENAMENX spare key",
        "b XADD spare 6-0 f v\nb COPY spare key",
        "b SELECT 1\nb XADD key 6-0 f v\nb MOVE key 0",
        "b SET key x\nb DEL key\nb XADD key 1-1 f v",
    ] {
        assert_alike(&format!("a> XREAD BLOCK 0 STREAMS key $\n{come}\na<"));
    }
}

#[test]
fn a_stream_that_is_restored_wakes_who_waits_for_it() {
    let server = Server::keyferry(&[]);
    let (mut waiting, mut reader, mut other) = (server.client(), server.client(), server.client());
    other.cmd(&["XADD", "spare", "1-0", "f", "v"]);
    other.cmd(&["XGROUP", "CREATE", "spare", "g", "0"]);
    other.cmd(&["XGROUP", "CREATE", "key", "g", "$", "MKSTREAM"]);
    let payload = other.cmd(&["DUMP", "spare"]).into_bulk();
    waiting.send(&["XREAD", "BLOCK", "0", "STREAMS", "key", "$"]);
    reader.send(&READ_GROUP.split(' ').collect::<Vec<_>>());
    wait_for_blocked(&mut other, 2);
    let restore: [&[u8]; 5] = [b"RESTORE", b"key", b"0", &payload, b"REPLACE"];
    assert_eq!(other.cmd(&restore), Reply::ok());
    assert_eq!(waiting.reply(), entries("key", &["1-0"]));
    assert_eq!(reader.reply(), entries("key", &["1-0"]));
}

/// Rule E6, at either end.
#[test]
fn a_stream_that_is_moved_here_wakes_who_waits_for_it() {
    Pair::each(|pair| {
        if pair.target.kind() != Kind::Keyferry {
            return;
        }
        let mut waiting = pair.target.client();
        waiting.send(&["XREAD", "BLOCK", "0", "STREAMS", "key", "$"]);
        wait_for_blocked(&mut pair.to, 1);
        pair.from.cmd(&["XADD", "key", "1-0", "f", "v"]);
        assert_eq!(pair.migrate("key", &[]), Reply::ok());
        assert_eq!(waiting.reply(), entries("key", &["1-0"]));
    });
}

/// `$` is the last entry when the command comes, not when the stream changes.
#[test]
fn entries_come_after_the_last_one_that_was_there() {
    assert_alike(
        "e XADD key 5-0 f v
        a> XREAD BLOCK 0 STREAMS key $
        b> XREAD BLOCK 0 STREAMS key 7
        c> XREAD BLOCK 0 STREAMS none key $ 6-0
        e DEL key
        e XADD key 1-0 f v
        e XADD key 6-0 f v
        a<
        e XADD key 7-0 f v
        c<
        e XADD key 8-0 f v
        b<",
    );
}

#[test]
fn a_group_delivers_each_entry_to_the_consumer_that_came_first() {
    assert_alike(
        "e XGROUP CREATE key g $ MKSTREAM
        e XGROUP CREATE key h $
        a> XREADGROUP GROUP g a COUNT 1 BLOCK 0 STREAMS key >
        b> XREADGROUP GROUP g b COUNT 5 BLOCK 0 STREAMS key >
        c> XREADGROUP GROUP h c BLOCK 0 NOACK STREAMS key >
        d> XREAD BLOCK 0 STREAMS key $
        f> XREADGROUP GROUP g f BLOCK 0 STREAMS key >
        e MULTI
        e XADD key 1-0 f v
        e XADD key 2-0 f v
        e XADD key 3-0 f v
        e EXEC
        a<
        b<
        c<
        d<
        e XPENDING key h
        e XADD key 4-0 f v
        f<
        e XPENDING key g
        e XADD key 5-0 f v
        e XREADGROUP GROUP g a STREAMS key >",
    );
}

/// The key that became ready first, and no other.
#[test]
fn one_key_is_served() {
    for read in [
        "XREAD BLOCK 0 STREAMS one two two $ $ $",
        "XREADGROUP GROUP g c BLOCK 0 STREAMS one two > >",
    ] {
        assert_alike(&format!(
            "e XGROUP CREATE one g $ MKSTREAM
            e XGROUP CREATE two g $ MKSTREAM
            a> {read}
            e MULTI
            e XADD two 2-0 f v
            e XADD one 1-0 f v
            e EXEC
            a<
            e XPENDING one g"
        ));
    }
}

/// Who told no number is not sent all of a stream that comes at once.
#[test]
fn so_many_entries_are_had_at_a_time() {
    for count in ["", "COUNT 0 ", "COUNT 1200 ", "COUNT 2 "] {
        let mut session = format!("a> XREAD {count}BLOCK 0 STREAMS key $\ne MULTI\n");
        (1..1300).for_each(|ms| session += &format!("e XADD key {ms} f v\n"));
        session += "e EXEC\na<";
        assert_alike(&session);
    }
}

/// Every way in which a group can go. The command is run once more then, since Redis 7.2.
#[test]
fn who_waits_for_a_group_is_told_that_it_is_gone() {
    for gone in [
        "e XGROUP DESTROY key g",
        "e DEL key",
        "e UNLINK key",
        "e FLUSHDB",
        "e FLUSHALL ASYNC",
        "e SET key x",
        "e RENAME key other",
        "e SADD other x\ne RENAME other key",
        "e XADD other 6-0 f v\ne RENAME other key",
        "e XADD other 6-0 f v\ne COPY other key REPLACE",
        "e MOVE key 1",
        "e SWAPDB 0 1",
        "e SELECT 1\ne SET key x\ne SWAPDB 1 0",
        "e PEXPIREAT key 1",
        "e PEXPIRE key 30",
        "e MULTI\ne DEL key\ne XADD key 6-0 f v\ne EXEC",
    ] {
        let second = "XREADGROUP GROUP g d BLOCK 0 STREAMS key >";
        let session = format!("{GROUP}a> {READ_GROUP}\nb> {second}\n{gone}\na<\nb<");
        assert_alike_to(Peer::Redis82, &[], &session);
    }
    assert_alike_to(
        Peer::Redis82,
        &[],
        "e XGROUP CREATE one g $ MKSTREAM
        e XGROUP CREATE two g $ MKSTREAM
        a> XREADGROUP GROUP g c BLOCK 0 STREAMS one two > >
        e DEL two
        a<",
    );
}

#[test]
fn who_waits_for_a_group_is_told_that_its_stream_is_moved_away() {
    Pair::each(|pair| {
        if pair.source.kind() != Kind::Keyferry {
            return;
        }
        let mut waiting = pair.source.client();
        pair.from.cmd(&["XGROUP", "CREATE", "key", "g", "$", "MKSTREAM"]);
        waiting.send(&READ_GROUP.split(' ').collect::<Vec<_>>());
        wait_for_blocked(&mut pair.from, 1);
        assert_eq!(pair.migrate("key", &[]), Reply::ok());
        let gone =
            "NOGROUP No such key 'key' or consumer group 'g' in XREADGROUP with GROUP option";
        assert_eq!(waiting.reply(), Reply::error(gone));
    });
}

#[test]
fn what_is_no_entry_wakes_nobody() {
    assert_alike(&format!(
        "{GROUP}a> {READ_GROUP}
        b> XREAD BLOCK 0 STREAMS key $
        c> XREAD BLOCK 0 STREAMS none $
        e XDEL key 5-0
        e XGROUP CREATECONSUMER key g d
        e XGROUP CREATE key other $
        e XTRIM key MAXLEN 0
        e XSETID key 8-0
        e SET none x
        e DEL none
        e MULTI
        e DEL key
        e XGROUP CREATE key g $ MKSTREAM
        e EXEC
        e XADD key 9-0 f v
        a<
        b<
        e XADD none 1-0 f v
        c<"
    ));
    // Redis 7.0 answers with no entries; 7.2 and later wait on.
    let server = Server::keyferry(&[]);
    let (mut waiting, mut client) = (server.client(), server.client());
    waiting.send(&["XREAD", "BLOCK", "0", "STREAMS", "key", "$"]);
    wait_for_blocked(&mut client, 1);
    for line in ["MULTI", "XADD key 1-0 f v", "XDEL key 1-0", "EXEC", "XADD key 2-0 f v"] {
        client.cmd(&line.split(' ').collect::<Vec<_>>());
    }
    assert_eq!(waiting.reply(), entries("key", &["2-0"]));
}

#[test]
fn waits_can_be_ended_by_others() {
    assert_alike(&format!(
        "{GROUP}a> {READ_GROUP}
        e CLIENT UNBLOCK ID:a
        a<
        a> {READ_GROUP}
        e CLIENT UNBLOCK ID:a ERROR
        a<
        a> XREAD BLOCK 0 STREAMS key $
        e CLIENT UNBLOCK ID:a TIMEOUT
        a<
        e XADD key 6-0 f v
        e XPENDING key g"
    ));
}

#[test]
fn who_waits_is_shown() {
    let server = Server::keyferry(&[]);
    let (mut waiting, mut client) = (server.client(), server.client());
    let id = waiting.cmd(&["CLIENT", "ID"]).into_integer();
    waiting.send(&["XREAD", "BLOCK", "5000", "STREAMS", "key", "other", "$", "$"]);
    wait_for_blocked(&mut client, 1);
    assert_eq!(info_field(&mut client, "clients", "clients_in_timeout_table"), 1);
    assert_eq!(info_field(&mut client, "clients", "total_blocking_keys"), 2);
    assert_eq!(listed(&mut client, id, "flags"), "b");
    assert_eq!(listed(&mut client, id, "cmd"), "xread");
    client.cmd(&["XADD", "key", "1-0", "f", "v"]);
    assert_eq!(waiting.reply(), entries("key", &["1-0"]));
    assert_eq!(info_field(&mut client, "clients", "total_blocking_keys"), 0);
}

/// The stream is being moved away: a group is not read from until it is released, and no longer
/// than the timeout says.
#[test]
fn a_timeout_runs_while_the_key_is_being_moved() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(Duration::from_millis(600));
    let (mut client, mut caller) = (source.client(), source.client());
    client.cmd(&["XGROUP", "CREATE", "key", "g", "$", "MKSTREAM"]);
    caller.send(&["MIGRATE", "127.0.0.1", &target.port().to_string(), "key", "0", "5000"]);
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
    let (mut group, mut plain) = (source.client(), source.client());
    let start = Instant::now();
    group.send(&"XREADGROUP GROUP g c BLOCK 100 STREAMS key >".split(' ').collect::<Vec<_>>());
    plain.send(&["XREAD", "BLOCK", "100", "STREAMS", "key", "$"]);
    assert_eq!(group.reply(), Reply::Nil);
    assert_eq!(plain.reply(), Reply::Nil);
    let time = start.elapsed();
    assert!((100..400).contains(&time.as_millis()), "it took {time:?}");
    assert_eq!(caller.reply(), Reply::ok());
}

/// Who is served finds that another of its keys is in doubt. It goes on when that is settled, after
/// the entry that was the last one when it came.
#[test]
fn who_is_served_may_have_to_wait_for_a_key_that_is_being_moved() {
    let source = Server::keyferry(&[]);
    let target = FakeTarget::slow_to_restore(Duration::from_millis(400));
    let (mut client, mut caller, mut waiting) = (source.client(), source.client(), source.client());
    client.cmd(&["XADD", "key", "1-0", "f", "v"]);
    client.cmd(&["XADD", "moving", "1-0", "f", "v"]);
    waiting.send(&["XREAD", "BLOCK", "0", "STREAMS", "key", "moving", "$", "$"]);
    wait_for_blocked(&mut client, 1);
    caller.send(&["MIGRATE", "127.0.0.1", &target.port().to_string(), "moving", "0", "5000"]);
    wait_until("a RESTORE arrives", || target.requests().iter().any(Request::is_restore));
    client.cmd(&["XADD", "key", "2-0", "f", "v"]);
    client.cmd(&["XADD", "key", "3-0", "f", "v"]);
    assert!(waiting.is_silent_for(Duration::from_millis(50)));
    assert_eq!(caller.reply(), Reply::ok());
    assert_eq!(waiting.reply(), entries("key", &["2-0", "3-0"]));
}

#[test]
fn many_wait_for_one_group() {
    let server = Server::keyferry(&[]);
    let mut client = server.client();
    client.cmd(&["XGROUP", "CREATE", "key", "g", "$", "MKSTREAM"]);
    let mut waiting: Vec<Client> = (0..200)
        .map(|nth| {
            let mut waiting = server.client();
            let consumer = nth.to_string();
            let read = ["XREADGROUP", "GROUP", "g", &consumer, "BLOCK", "0", "STREAMS", "key", ">"];
            waiting.send(&read);
            wait_for_blocked(&mut client, nth + 1);
            waiting
        })
        .collect();
    for (nth, waiting) in waiting.iter_mut().take(100).enumerate() {
        let id = format!("{}-0", nth + 1);
        client.cmd(&["XADD", "key", &id, "f", "v"]);
        assert_eq!(waiting.reply(), entries("key", &[&id]));
    }
    client.cmd(&["XGROUP", "DESTROY", "key", "g"]);
    let gone = "NOGROUP No such key 'key' or consumer group 'g' in XREADGROUP with GROUP option";
    for waiting in &mut waiting[100..] {
        assert_eq!(waiting.reply(), Reply::error(gone));
    }
}

/// The reply to a read of one stream: entries of these IDs.
fn entries(key: &str, ids: &[&str]) -> Reply {
    let entry = |id: &&str| Reply::Array(vec![Reply::bulk(id), bulks(&["f", "v"])]);
    let entries = Reply::Array(ids.iter().map(entry).collect());
    Reply::Array(vec![Reply::Array(vec![Reply::bulk(key), entries])])
}

#[track_caller]
fn wait_for_blocked(client: &mut Client, count: u64) {
    wait_until("clients wait", || blocked(client) == count);
}
