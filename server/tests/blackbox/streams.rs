//! The commands of streams, and streams on their way between servers.

use crate::lines::{agree, agree_with};
use crate::script::assert_alike;
use crate::support::{Client, Kind, Peer, Reply, Server, Where, assert_at, migrate};

#[test]
fn entries_are_added_and_read_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        XADD s 5-1 f v
        XADD s 5-1 f v
        XADD s 5-0 f v
        XADD s 5-* f v
        XADD s 6 f v g w
        XADD s 0-0 f v
        XADD new 0-0 f v
        XADD new 0-* f v
        XADD new 0 f v
        XADD new 18446744073709551615-18446744073709551615 f v
        XADD new * f v
        XADD s NOMKSTREAM 7 f f f
        XADD none NOMKSTREAM 7 f v
        EXISTS none
        XADD s 8
        XADD s 8 f
        XADD s 8 f v g
        XADD s 8 '' ''
        XADD s 9-x f v
        XADD s NOPE f v
        XLEN s
        XLEN none
        XRANGE s - +
        XRANGE s 5 5
        XRANGE s 5-2 6
        XRANGE s (5-1 (8
        XRANGE s (5-1 (5-2
        XRANGE s - + COUNT 2
        XRANGE s - + COUNT 0
        XRANGE s - + COUNT -1
        XRANGE s + -
        XRANGE s (18446744073709551615-18446744073709551615 +
        XREVRANGE s + -
        XREVRANGE s (8 (5-1 COUNT 1
        XREVRANGE s - +
        XRANGE none - +
        XREAD STREAMS s none 6 0
        XREAD COUNT 1 STREAMS new s 0 0
        XREAD STREAMS s $
        XDEL s 6 5-1 6 99
        XDEL none 1
        XRANGE s - +
        XSETID s 7
        XSETID s 100 ENTRIESADDED 9 MAXDELETEDID 50
        XSETID s 100 ENTRIESADDED 2
        XSETID none 1
        XINFO STREAM s
        XADD s 99 f v
        XADD s 101 f v
        ",
    );
}

#[test]
fn other_types_and_arities_are_refused_as_by_redis_7_0() {
    let mut lines = String::from("SET s x\nXADD l 1 f v\n");
    for request in [
        "XADD s 1 f v",
        "XADD s * f",
        "XTRIM s MAXLEN 1",
        "XLEN s",
        "XRANGE s - +",
        "XREVRANGE s + -",
        "XDEL s 1",
        "XSETID s 1",
        "XREAD STREAMS s 0",
        "XREAD STREAMS l s 0 x",
        "XREADGROUP GROUP g c STREAMS s >",
        "XGROUP CREATE s g $",
        "XGROUP CREATE s g $ MKSTREAM",
        "XGROUP SETID s g $",
        "XGROUP DESTROY s g",
        "XGROUP CREATECONSUMER s g c",
        "XGROUP DELCONSUMER s g c",
        "XACK s g 1",
        "XPENDING s g",
        "XPENDING s g - + 1",
        "XCLAIM s g c 0 1",
        "XAUTOCLAIM s g c 0 0",
        "XINFO STREAM s",
        "XINFO GROUPS s",
        "XINFO CONSUMERS s g",
    ] {
        lines += &format!("{request}\n{}\n", request.replace(" s", " none"));
    }
    for name in ["XADD", "XTRIM", "XLEN", "XRANGE", "XDEL", "XREAD", "XACK", "XPENDING", "XCLAIM"] {
        lines += &format!("{name}\n{name} l\n{name} l a\n{name} l a b c d e\n");
    }
    for name in ["XGROUP", "XINFO"] {
        lines += &format!("{name}\n{name} NOPE\n{name} CREATE\n{name} STREAM l NOPE\n");
    }
    agree(Peer::Redis70, &lines);
}

/// Whole nodes go if it is to be approximate: how many, the limits of nodes tell.
#[test]
fn streams_are_trimmed_as_by_redis_7_0() {
    let fill: String = (1..=100).map(|ms| format!("XADD s {ms} field value\n")).collect();
    let mut lines = String::new();
    for trim in [
        "MAXLEN 55",
        "MAXLEN = 55",
        "MAXLEN ~ 55",
        "MAXLEN ~ 55 LIMIT 25",
        "MAXLEN ~ 55 LIMIT 9",
        "MAXLEN ~ 55 LIMIT 10",
        "MAXLEN ~ 0 LIMIT 0",
        "MAXLEN ~ 0",
        "MAXLEN 0",
        "MAXLEN 1000",
        "MAXLEN -1",
        "MAXLEN x",
        "MAXLEN 55 LIMIT 10",
        "MAXLEN = 55 LIMIT 10",
        "MAXLEN ~ 55 LIMIT -1",
        "MAXLEN ~ 55 LIMIT x",
        "MINID 46",
        "MINID 46-1",
        "MINID ~ 46",
        "MINID ~ 46 LIMIT 25",
        "MINID ~ 200",
        "MINID 200",
        "MINID -",
        "MINID ~ 0",
        "MAXLEN 5 MINID 7",
        "MAXLEN",
        "NOPE 5",
    ] {
        lines += &format!("{fill}XTRIM s {trim}\nXLEN s\nXRANGE s - + COUNT 1\n");
        lines += &format!("DEL s\n{fill}XADD s {trim} 101 field value\nXLEN s\n");
        lines += "XRANGE s - + COUNT 1\nDEL s\n";
    }
    // Deleted entries of a node that stays.
    lines += &format!("{fill}XDEL s 1 2 3 15 19\nXTRIM s MAXLEN ~ 90\nXLEN s\n");
    lines += "XTRIM s MAXLEN 86\nXLEN s\nXTRIM s MINID ~ 20\nXLEN s\nXRANGE s - 30\n";
    for options in [["--stream-node-max-entries", "10"], ["--stream-node-max-bytes", "200"]] {
        agree_with(Peer::Redis70, &options, &lines);
    }
}

#[test]
fn groups_are_kept_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        XGROUP CREATE s g $
        XGROUP CREATE s g $ MKSTREAM
        XGROUP CREATE s g $
        XADD s 1 f v
        XADD s 2 f v
        XADD s 3 f v
        XGROUP CREATE s known 1 ENTRIESREAD 1
        XGROUP CREATE s unknown 2
        XGROUP CREATE s all 0 ENTRIESREAD -1
        XGROUP CREATE s bad 0 ENTRIESREAD -2
        XGROUP CREATE s bad 0 ENTRIESREAD x
        XGROUP CREATE s bad x
        XINFO GROUPS s
        XREADGROUP GROUP g c COUNT 2 STREAMS s >
        XREADGROUP GROUP g c STREAMS s 0
        XREADGROUP GROUP g c STREAMS s 1
        XREADGROUP GROUP g d STREAMS s >
        XREADGROUP GROUP g d STREAMS s >
        XREADGROUP GROUP known d NOACK STREAMS s >
        XREADGROUP GROUP none d STREAMS s >
        XINFO GROUPS s
        XPENDING s g
        XPENDING s known
        XPENDING s none
        XACK s g 1 1 99
        XACK s none 1
        XACK none g 1
        XPENDING s g
        XPENDING s g - + 0
        XPENDING s g IDLE 99999999 - + 10
        XGROUP DELCONSUMER s g c
        XGROUP DELCONSUMER s g c
        XGROUP DELCONSUMER s none c
        XPENDING s g
        XGROUP CREATECONSUMER s g e
        XGROUP CREATECONSUMER s g e
        XGROUP SETID s g 1
        XGROUP SETID s g $ ENTRIESREAD 3
        XGROUP SETID s g -
        XGROUP SETID s g +
        XGROUP CREATE s at-the-end +
        XGROUP SETID s none $
        XINFO GROUPS s
        XGROUP DESTROY s g
        XGROUP DESTROY s g
        ",
    );
}

#[test]
fn entries_are_claimed_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        XADD s 1 f v
        XADD s 2 f v
        XADD s 3 f v
        XADD s 4 f v
        XADD s 5 f v
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c COUNT 4 STREAMS s >
        XCLAIM s g d 99999999 1
        XCLAIM s g d 0 1 2 5
        XCLAIM s g d 0 1 JUSTID
        XCLAIM s g d 0 5 FORCE
        XCLAIM s g d 0 2 IDLE 5000000 RETRYCOUNT 7
        XCLAIM s g d 0 3 LASTID 5 JUSTID
        XCLAIM s g d x 3
        XCLAIM s none d 0 3
        XINFO GROUPS s
        XDEL s 2 3
        XCLAIM s g e 0 2 4
        XPENDING s g
        XAUTOCLAIM s g f 99999999 0
        XAUTOCLAIM s g f 0 0 COUNT 1
        XAUTOCLAIM s g f 0 1-1 COUNT 1 JUSTID
        XAUTOCLAIM s g f 0 0
        XAUTOCLAIM s g f 0 (1
        XAUTOCLAIM s g f 0 0 COUNT 0
        XAUTOCLAIM s g f 0 0 COUNT x
        XAUTOCLAIM s g f x 0
        XAUTOCLAIM s none f 0 0
        XPENDING s g
        XDEL s 1 4 5
        XREADGROUP GROUP g f STREAMS s 0
        XAUTOCLAIM s g f 0 - JUSTID
        XPENDING s g
        ",
    );
}

/// Entries that were deleted while they were pending are told, and looked at one by one like others.
#[test]
fn claiming_all_passes_deleted_entries_as_by_redis_7_0() {
    let mut lines = String::from("XGROUP CREATE s g 0 MKSTREAM\n");
    (1..=60).for_each(|ms| lines += &format!("XADD s {ms} f v\n"));
    lines += "XREADGROUP GROUP g c STREAMS s >\n";
    (1..=60).filter(|ms| ms % 3 != 0).for_each(|ms| lines += &format!("XDEL s {ms}\n"));
    for (start, count) in [("0-0", 5), ("8-0", 1), ("20-0", 7), ("59-0", 100), ("0-0", 100)] {
        lines += &format!("XAUTOCLAIM s g d 0 {start} COUNT {count}\nXPENDING s g\n");
    }
    agree(Peer::Redis70, &lines);
}

#[test]
fn replies_have_the_forms_of_resp3() {
    assert_alike(
        "a XADD s 1 f v
        a XADD s 2 f v
        a XGROUP CREATE s g 0
        a XGROUP CREATE s h 2
        a XREAD STREAMS none s 0 0
        a XREAD STREAMS none 0
        a XREADGROUP GROUP g c STREAMS s >
        a XDEL s 1
        a XREADGROUP GROUP g c STREAMS s 0
        a XREADGROUP GROUP g c STREAMS s 7
        a XRANGE s - +
        a XRANGE s - + COUNT 0
        a XPENDING s g
        a XPENDING s h
        a XCLAIM s g c 0 2
        a XAUTOCLAIM s g c 0 0
        a XINFO STREAM s
        a XINFO GROUPS s
        a XGROUP DESTROY s g
        a XINFO STREAM s FULL COUNT 99
        a DEL s
        a XGROUP CREATE s g $ MKSTREAM
        a XINFO STREAM s
        a XINFO CONSUMERS s g",
    );
}

/// With consumers that have read and such as have not: they came with Redis 7.2.
#[test]
fn all_of_a_stream_is_shown_as_by_redis_8_2() {
    let Some(peer) = Server::peer(Peer::Redis82, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    let (mut ours, mut theirs) = (keyferry.client(), peer.client());
    for line in [
        "XADD s 1 f v",
        "XADD s 2 f v g w",
        "XADD s 3 f v",
        "XDEL s 2",
        "XGROUP CREATE s g 0",
        "XGROUP CREATE s h $ ENTRIESREAD 2",
        "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
        "XREADGROUP GROUP g d STREAMS s >",
        "XREADGROUP GROUP h reader STREAMS s >",
        "XGROUP CREATECONSUMER s h idle",
        "XINFO STREAM s",
        "XINFO STREAM s FULL",
        "XINFO STREAM s FULL COUNT 1",
        "XINFO STREAM s FULL COUNT 0",
        "XINFO GROUPS s",
        "XGROUP DELCONSUMER s g c",
        "XDEL s 1 3",
        "XINFO STREAM s",
        "XINFO STREAM s FULL",
    ] {
        let command: Vec<&str> = line.split(' ').collect();
        let (got, expected) = (ours.cmd(&command), theirs.cmd(&command));
        assert_eq!(without_times(got), without_times(expected), "{line}");
    }
    let consumers =
        |client: &mut Client| client.cmd(&["XINFO", "CONSUMERS", "s", "h"]).into_array();
    for (ours, theirs) in consumers(&mut ours).into_iter().zip(consumers(&mut theirs)) {
        let (ours, theirs) = (ours.into_array(), theirs.into_array());
        // name, pending, idle, inactive: never, or some time.
        assert_eq!(ours.len(), 8);
        assert_eq!(ours[..5], theirs[..5]);
        assert_eq!(ours[6..], theirs[6..]);
    }
}

/// What servers of all versions make of a stream with groups, and what comes back.
#[test]
fn streams_go_to_every_peer_and_come_back() {
    let debug = ["--enable-debug-command", "yes"];
    let keyferry = Server::keyferry(&debug);
    let mut ours = keyferry.client();
    for peer in Peer::ALL {
        let options = if peer == Peer::Redis62 { &[][..] } else { &debug };
        let Some(server) = Server::start(Kind::Peer(peer), options) else { continue };
        let mut theirs = server.client();
        for made_by_peer in [false, true] {
            let maker = if made_by_peer { &mut theirs } else { &mut ours };
            make(maker);
            let first = shown(maker);
            if made_by_peer {
                assert_eq!(migrate(&mut theirs, keyferry.port(), "s", &[]), Reply::ok());
                assert_eq!(shown(&mut ours), first, "from {peer:?}");
            }
            assert_eq!(migrate(&mut ours, server.port(), "s", &[]), Reply::ok());
            assert_at(&mut ours, &mut theirs, "s", Where::Target);
            assert_eq!(shown(&mut theirs), first, "to {peer:?}");
            assert_eq!(migrate(&mut theirs, keyferry.port(), "s", &[]), Reply::ok());
            assert_at(&mut theirs, &mut ours, "s", Where::Target);
            assert_eq!(shown(&mut ours), first, "back from {peer:?}");
            // It goes on where it was.
            ours.cmd(&["XADD", "s", "18446744073709551615-1", "f", "v"]);
            let read = ["XREADGROUP", "GROUP", "behind", "c", "COUNT", "1", "STREAMS", "s", ">"];
            let entry = ours.cmd(&read).into_array().remove(0).into_array().remove(1).into_array();
            assert_eq!(entry[0].clone().into_array()[0], Reply::bulk("1501-1"));
            ours.cmd(&["FLUSHALL"]);
        }
    }
}

/// A stream of many nodes, with deleted entries, entries far apart, and groups in every state.
fn make(client: &mut Client) {
    let run = |client: &mut Client, line: &str| {
        let reply = client.cmd(&line.split(' ').collect::<Vec<_>>());
        assert!(!reply.is_error(""), "{line}: {reply:?}");
    };
    for ms in 1..=3_000 {
        let fields = if ms % 50 == 0 { "other x third" } else { "field x number" };
        run(client, &format!("XADD s {ms}-{} {fields} {}", ms % 3, ms * 7919));
    }
    run(client, "XADD s 9223372036854775900-9223372036854775901 field far");
    (1..=700).for_each(|nth| run(client, &format!("XDEL s {}-{}", nth * 4, nth * 4 % 3)));
    run(client, "XGROUP CREATE s ahead $");
    run(client, "XGROUP CREATE s behind 1500-0");
    run(client, "XGROUP CREATE s reading 0");
    for (consumer, count) in [("a", 700), ("b", 3), ("c", 400)] {
        run(client, &format!("XREADGROUP GROUP reading {consumer} COUNT {count} STREAMS s >"));
    }
    for nth in 1..=150 {
        run(client, &format!("XACK s reading {}-{}", nth * 3 + 2, (nth * 3 + 2) % 3));
        run(client, &format!("XCLAIM s reading d 0 {}-{}", nth * 7, nth * 7 % 3));
    }
    // They are pending still.
    (1..=40).for_each(|nth| run(client, &format!("XDEL s {}-{}", nth * 5, nth * 5 % 3)));
}

/// What is to be seen of it that all versions know, without times.
fn shown(client: &mut Client) -> Vec<Reply> {
    let mut replies = Vec::new();
    for line in [
        "DEBUG DIGEST-VALUE s",
        "XLEN s",
        "XRANGE s - +",
        "XREVRANGE s + - COUNT 500",
        "XPENDING s ahead",
        "XPENDING s reading",
        "XPENDING s reading - + 2000",
        "XPENDING s reading - + 2000 d",
    ] {
        let reply = client.cmd(&line.split(' ').collect::<Vec<_>>());
        assert!(!reply.is_error(""), "{line}: {reply:?}");
        replies.push(without_idle_times(reply));
    }
    for group in client.cmd(&["XINFO", "GROUPS", "s"]).into_array() {
        // name, consumers, pending, last-delivered-id
        replies.extend(group.into_array().into_iter().take(8));
    }
    replies
}

fn without_idle_times(reply: Reply) -> Reply {
    match reply {
        Reply::Array(mut items) => {
            if let [Reply::Bulk(_), Reply::Bulk(_), Reply::Integer(_), Reply::Integer(_)] =
                items[..]
            {
                items.remove(2);
            }
            Reply::Array(items.into_iter().map(without_idle_times).collect())
        }
        other => other,
    }
}

fn without_times(reply: Reply) -> Reply {
    match reply {
        Reply::Array(items) => Reply::Array(items.into_iter().map(without_times).collect()),
        Reply::Integer(1_000_000_000_000..) => Reply::status("a time"),
        other => other,
    }
}
