//! Transactions beside keys that are on their way (rules E2 and E5).

use super::{BLINK, End, Move, words};
use crate::support::{Client, Reply};

const RAN_NOTHING: Reply = Reply::Array(Vec::new());

#[track_caller]
fn queue(client: &mut Client, commands: &[&str]) {
    assert_eq!(client.cmd(&["MULTI"]), Reply::ok());
    for command in commands {
        assert_eq!(client.cmd(&words(command)), Reply::status("QUEUED"));
    }
}

/// Nothing has changed yet: a transaction that only reads the key is run, with its watch whole.
#[test]
fn a_transaction_reads_a_watched_key_that_is_on_its_way() {
    let mut moving = Move::new();
    let mut client = moving.pair.source.client();
    moving.make("HSET key field 1 filler");
    for end in [End::CalledOff, End::Copied, End::Moved] {
        client.cmd(&["WATCH", "key"]);
        moving.begin(end, &["REPLACE"]);
        queue(&mut client, &["HGET key field", "SET other 1"]);
        assert_eq!(client.cmd(&["EXEC"]), Reply::Array(vec![Reply::bulk("1"), Reply::ok()]));
        moving.end(end);
        moving.assert_at_end(end);
    }
}

/// The transaction waits as a whole. A key that is gone then was changed, one that stays was not.
#[test]
fn a_transaction_that_writes_a_watched_key_waits_for_the_end() {
    for end in End::ALL {
        let mut moving = Move::new();
        let [mut client, mut other] = [(); 2].map(|()| moving.pair.source.client());
        moving.make("HSET key field 1 filler");
        client.cmd(&["WATCH", "key"]);
        moving.begin(end, &[]);
        queue(&mut client, &["INCR counter", "HINCRBY key field 1"]);
        client.send(&["EXEC"]);
        assert!(client.is_silent_for(BLINK), "{end:?}");
        assert_eq!(other.cmd(&["EXISTS", "counter"]), Reply::Integer(0), "{end:?}");
        moving.end(end);
        let ran = Reply::Array(vec![Reply::Integer(1), Reply::Integer(2)]);
        let wanted = if end == End::Moved { Reply::Nil } else { ran };
        assert_eq!(client.reply(), wanted, "{end:?}");
        moving.assert_at_end(end);
        let ran = i64::from(end != End::Moved);
        assert_eq!(other.cmd(&["EXISTS", "counter"]), Reply::Integer(ran), "{end:?}");
    }
}

/// Whoever has queued before its end, and sends EXEC after it.
#[test]
fn a_watch_at_the_source_is_broken_by_the_end_of_a_move_and_by_nothing_else() {
    for end in End::ALL {
        let mut moving = Move::new();
        let [mut before, mut during] = [(); 2].map(|()| moving.pair.source.client());
        moving.make("SET key");
        before.cmd(&["WATCH", "key"]);
        moving.begin(end, &[]);
        during.cmd(&["WATCH", "key"]);
        for client in [&mut before, &mut during] {
            queue(client, &[]);
        }
        moving.end(end);
        let wanted = if end == End::Moved { Reply::Nil } else { RAN_NOTHING };
        for client in [&mut before, &mut during] {
            assert_eq!(client.cmd(&["EXEC"]), wanted, "{end:?}");
        }
    }
}

/// A key is at the target when all of it has arrived: until then its watch is whole.
#[test]
fn a_watch_at_the_target_is_broken_by_the_arrival() {
    for (end, replaced) in End::ALL.into_iter().flat_map(|end| [(end, false), (end, true)]) {
        let mut moving = Move::new();
        let [mut early, mut late] = [(); 2].map(|()| moving.pair.target.client());
        if replaced {
            moving.pair.to.cmd(&["SET", "key", "old"]);
        }
        moving.make("SET key");
        for client in [&mut early, &mut late] {
            client.cmd(&["WATCH", "key"]);
        }
        moving.begin(end, &["REPLACE"]);
        for client in [&mut early, &mut late] {
            queue(client, &[]);
        }
        assert_eq!(early.cmd(&["EXEC"]), RAN_NOTHING, "{end:?}");
        moving.end(end);
        let wanted = if end == End::CalledOff { RAN_NOTHING } else { Reply::Nil };
        assert_eq!(late.cmd(&["EXEC"]), wanted, "{end:?}, replaced: {replaced}");
    }
}
