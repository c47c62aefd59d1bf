//! Clients that wait for keys which come, go and stay (rules E2 and E6).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{BLINK, End, Move, words};
use crate::script::{blocked, bulks};
use crate::support::{Client, Kind, Pair, Peer, Reply, Server, migrate, wait_until};

/// A client whose command waits for a key.
#[track_caller]
fn waiting(server: &Server, command: &str) -> Client {
    let (mut waiting, mut control) = (server.client(), server.client());
    let before = blocked(&mut control);
    waiting.send(&words(command));
    wait_until("it waits", || blocked(&mut control) > before);
    waiting
}

/// A client whose command waits for a key that is on its way.
#[track_caller]
fn parked(server: &Server, command: &str) -> Client {
    let mut parked = server.client();
    parked.send(&words(command));
    assert!(parked.is_silent_for(BLINK), "{command} is not parked");
    parked
}

/// The reply to a read of "key": its first entry is this one.
#[track_caller]
fn assert_is_entry(reply: Reply, id: &str) {
    let stream = reply.into_array()[0].clone().into_array();
    let entry = stream[1].clone().into_array()[0].clone().into_array();
    assert_eq!((&stream[0], &entry[0]), (&Reply::bulk("key"), &Reply::bulk(id)));
}

/// First come, first served, and not before all of it has come.
#[test]
fn who_waits_at_the_target_is_served_in_order_by_a_list_that_arrives() {
    for end in End::ALL {
        let mut moving = Move::new();
        moving.make("RPUSH key 1 2 3 4 5");
        let target = &moving.pair.target;
        let mut waiting = [
            "BLPOP none key 0",
            "BZPOPMIN key 0",
            "BLMOVE key moved LEFT RIGHT 0",
            "BLPOP moved 0",
            "BLMPOP 0 1 key LEFT COUNT 2",
            "BRPOPLPUSH none moved 0",
            "BLPOP key 0",
            "XREAD BLOCK 0 STREAMS key $",
        ]
        .map(|command| waiting(target, command));
        moving.begin(end, &[]);
        waiting.iter_mut().for_each(|client| assert!(client.is_silent_for(BLINK / 8), "{end:?}"));
        moving.end(end);
        let [first, sorted, second, served, third, none, fourth, stream] = &mut waiting;
        if end == End::CalledOff {
            assert!(first.is_silent_for(BLINK));
            continue;
        }
        assert_eq!(first.reply(), bulks(&["key", "1"]), "{end:?}");
        assert_eq!(second.reply(), Reply::bulk("2"), "{end:?}");
        assert_eq!(served.reply(), bulks(&["moved", "2"]), "{end:?}");
        let two = Reply::Array(vec![Reply::bulk("key"), bulks(&["3", "4"])]);
        assert_eq!(third.reply(), two, "{end:?}");
        assert_eq!(fourth.reply(), bulks(&["key", "5"]), "{end:?}");
        for client in [sorted, none, stream] {
            assert!(client.is_silent_for(BLINK), "{end:?}");
        }
        assert_eq!(moving.pair.to.cmd(&["LLEN", "key"]), Reply::Integer(1), "the filler");
    }
}

#[test]
fn who_waits_at_the_target_is_served_by_a_sorted_set_or_a_stream_that_arrives() {
    let mut moving = Move::new();
    moving.make("ZADD key 2 b 1 a 3");
    let target = &moving.pair.target;
    let [mut first, mut second] =
        ["BZPOPMIN key 0", "BZMPOP 0 1 key MIN"].map(|command| waiting(target, command));
    moving.begin(End::Moved, &[]);
    moving.end(End::Moved);
    assert_eq!(first.reply(), bulks(&["key", "a", "1"]));
    let member = Reply::Array(vec![bulks(&["b", "2"])]);
    assert_eq!(second.reply(), Reply::Array(vec![Reply::bulk("key"), member]));

    // The groups of a stream arrive with it.
    let mut moving = Move::new();
    moving.make("XADD key 5-0 f");
    moving.pair.from.cmd(&words("XGROUP CREATE key g 0"));
    moving.pair.to.cmd(&words("XGROUP CREATE key g $ MKSTREAM"));
    let target = &moving.pair.target;
    let [mut reader, mut first, mut second] = [
        "XREAD BLOCK 0 STREAMS key $",
        "XREADGROUP GROUP g one BLOCK 0 STREAMS key >",
        "XREADGROUP GROUP g two BLOCK 0 STREAMS key >",
    ]
    .map(|command| waiting(target, command));
    moving.begin(End::Moved, &["REPLACE"]);
    assert!(first.is_silent_for(BLINK));
    moving.end(End::Moved);
    assert_is_entry(reader.reply(), "5-0");
    assert_is_entry(first.reply(), "5-0");
    assert!(second.is_silent_for(BLINK));
    moving.pair.to.cmd(&words("XADD key 6-0 f v"));
    assert_is_entry(second.reply(), "6-0");
}

/// Who wants an element of a list that is on its way has it if the list stays, else waits on.
#[test]
fn who_wants_to_pop_from_a_key_on_its_way_has_it_if_it_stays() {
    for (make, pop, push, stays, comes) in [
        ("RPUSH key x", "BLPOP key 0", "RPUSH key y", bulks(&["key", "x"]), bulks(&["key", "y"])),
        (
            "RPUSH key x",
            "BLMOVE key other LEFT LEFT 0",
            "RPUSH key y",
            Reply::bulk("x"),
            Reply::bulk("y"),
        ),
        (
            "ZADD key 1 x 2",
            "BZPOPMIN key 0",
            "ZADD key 3 y",
            bulks(&["key", "x", "1"]),
            bulks(&["key", "y", "3"]),
        ),
    ] {
        for end in End::ALL {
            let mut moving = Move::new();
            moving.make(make);
            moving.begin(end, &[]);
            let mut client = parked(&moving.pair.source, pop);
            moving.end(end);
            if end == End::Moved {
                assert!(client.is_silent_for(BLINK), "{pop}: it waits on");
                moving.pair.from.cmd(&words(push));
                assert_eq!(client.reply(), comes, "{pop}");
                assert_eq!(moving.pair.from.cmd(&["EXISTS", "key"]), Reply::Integer(0), "{pop}");
            } else {
                assert_eq!(client.reply(), stays, "{pop}, {end:?}");
            }
        }
    }
}

/// A group goes with its stream.
#[test]
fn who_wants_to_read_for_a_group_on_its_way_is_told_that_it_is_gone() {
    const READ: &str = "XREADGROUP GROUP g c BLOCK 0 STREAMS key >";

    for end in End::ALL {
        let mut moving = Move::new();
        moving.make("XADD key 5-0 f");
        moving.pair.from.cmd(&words("XGROUP CREATE key g 0"));
        moving.pair.from.cmd(&words("XGROUP CREATE key read $"));
        let mut blocked =
            waiting(&moving.pair.source, "XREADGROUP GROUP read c BLOCK 0 STREAMS key >");
        moving.begin(end, &[]);
        let mut parked = parked(&moving.pair.source, READ);
        moving.end(end);
        if end == End::Moved {
            assert!(parked.reply().is_error("NOGROUP No such key 'key'"));
            assert!(blocked.reply().is_error("NOGROUP No such key 'key'"));
        } else {
            assert_is_entry(parked.reply(), "5-0");
            assert!(blocked.is_silent_for(BLINK), "{end:?}");
        }
    }
}

/// Redis 7.2 and later run the command once more, and say why it cannot be.
#[test]
fn who_waits_for_a_group_that_is_moved_away_is_told_what_the_reference_tells() {
    let command = "XREADGROUP GROUP g c BLOCK 0 STREAMS key >";
    for kind in [Kind::Keyferry, Kind::Peer(Peer::Redis82)] {
        let Some(mut pair) = Pair::start(kind, kind) else { continue };
        pair.from.cmd(&words("XGROUP CREATE key g $ MKSTREAM"));
        let mut waiting = waiting(&pair.source, command);
        assert_eq!(pair.migrate("key", &[]), Reply::ok());
        let gone =
            "NOGROUP No such key 'key' or consumer group 'g' in XREADGROUP with GROUP option";
        assert_eq!(waiting.reply(), Reply::error(gone), "{kind:?}");
    }
}

/// They are parked, not blocked; for who ends their wait that is the same.
#[test]
fn a_wait_for_a_key_on_its_way_can_be_ended() {
    for end in End::ALL {
        let mut moving = Move::new();
        moving.make("RPUSH key x");
        moving.begin(end, &[]);
        let source = &moving.pair.source;
        let mut control = source.client();
        let identified = || {
            let mut client = source.client();
            let id = client.cmd(&["CLIENT", "ID"]).into_integer().to_string();
            client.send(&["BLPOP", "key", "0"]);
            assert!(client.is_silent_for(BLINK), "{end:?}");
            (client, id)
        };
        let (mut ended, id) = identified();
        assert_eq!(control.cmd(&["CLIENT", "UNBLOCK", &id]), Reply::Integer(1), "{end:?}");
        assert_eq!(ended.reply(), Reply::Nil, "{end:?}");
        let (mut ended, id) = identified();
        let unblock = ["CLIENT", "UNBLOCK", &id, "ERROR"];
        assert_eq!(control.cmd(&unblock), Reply::Integer(1), "{end:?}");
        let error = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
        assert_eq!(ended.reply(), Reply::error(error), "{end:?}");
        let (mut killed, id) = identified();
        assert_eq!(control.cmd(&["CLIENT", "KILL", "ID", &id]), Reply::Integer(1), "{end:?}");
        assert!(killed.is_closed_by_peer(), "{end:?}");
        let (gone, _) = identified();
        drop(gone);
        let start = Instant::now();
        assert_eq!(control.cmd(&["BLPOP", "key", "0.1"]), Reply::Nil, "{end:?}");
        assert!((100..600).contains(&start.elapsed().as_millis()), "{end:?}");
        // None of them has taken anything, and those whose wait was ended go on.
        assert_eq!(ended.cmd(&["LLEN", "key"]), Reply::Integer(2), "{end:?}");
        moving.end(end);
        moving.assert_at_end(end);
        let place = if end == End::Moved { &mut moving.pair.to } else { &mut moving.pair.from };
        assert_eq!(place.cmd(&["LLEN", "key"]), Reply::Integer(2), "{end:?}");
        assert_eq!(ended.cmd(&["PING"]), Reply::status("PONG"), "{end:?}");
    }
}

/// A list goes back and forth while elements are pushed at both ends, and popped.
#[test]
fn what_is_pushed_to_a_list_that_moves_about_is_popped_once() {
    /// At either end.
    const MOVES: usize = 20;
    const PATIENCE: Duration = Duration::from_secs(20);
    const POPPERS: usize = 3;

    let mut pair = Pair::start(Kind::Keyferry, Kind::Keyferry).expect("it is built");
    let ports = [pair.source.port(), pair.target.port()];
    let traffic = &Traffic::default();
    let mut moved = [0; 2];
    let mut elements: Vec<usize> = thread::scope(|scope| {
        let pusher = scope.spawn(move || traffic.push(ports));
        let each_popper = ports.into_iter().flat_map(|port| [port; POPPERS]);
        let poppers: Vec<_> =
            each_popper.map(|port| scope.spawn(move || traffic.pop(port))).collect();
        let start = Instant::now();
        while moved.iter().any(|times| *times < MOVES) && start.elapsed() < PATIENCE {
            let ends = [(&mut pair.from, ports[1]), (&mut pair.to, ports[0])];
            for (moved, (client, port)) in moved.iter_mut().zip(ends) {
                let reply = migrate(client, port, "key", &[]);
                // The other end may have a list, too; then this one stays.
                let is_busy = reply.is_error("ERR Target instance replied with error: BUSYKEY");
                assert!(is_busy || matches!(reply, Reply::Status(_)), "{reply:?}");
                *moved += usize::from(reply == Reply::ok());
            }
        }
        traffic.ends.store(true, Ordering::Release);
        pusher.join().expect("all were pushed");
        traffic.all_pushed.store(true, Ordering::Release);
        poppers.into_iter().flat_map(|popper| popper.join().expect("all were popped")).collect()
    });
    elements.sort_unstable();
    let pushed = traffic.pushed.load(Ordering::Acquire);
    assert_eq!(elements, (0..pushed).collect::<Vec<_>>());
    assert!(moved.iter().all(|times| *times >= MOVES), "{moved:?} moves, {pushed} elements");
}

/// Elements that are pushed to "key", numbered from 0, and popped.
#[derive(Default)]
struct Traffic {
    /// No more are pushed.
    ends: AtomicBool,
    /// None is about to be pushed either.
    all_pushed: AtomicBool,
    pushed: AtomicUsize,
    popped: AtomicUsize,
}

impl Traffic {
    /// Pushes some elements at one end, and more at the other when few of them are left.
    fn push(&self, ports: [u16; 2]) {
        let mut clients = ports.map(Client::connect);
        while !self.ends.load(Ordering::Acquire) {
            for client in &mut clients {
                for _ in 0..ELEMENTS {
                    let element = self.pushed.fetch_add(1, Ordering::AcqRel).to_string();
                    let reply = client.cmd(&["RPUSH", "key", &element]);
                    assert!(matches!(reply, Reply::Integer(_)), "{reply:?}");
                }
                wait_until("few are left", || self.left() < ELEMENTS / 4);
            }
        }
    }

    fn left(&self) -> usize {
        self.pushed.load(Ordering::Acquire) - self.popped.load(Ordering::Acquire)
    }

    /// Pops until all are popped, or nothing has come for long.
    fn pop(&self, port: u16) -> Vec<usize> {
        const PATIENCE: Duration = Duration::from_secs(3);

        let mut client = Client::connect(port);
        let (mut elements, mut last) = (Vec::new(), Instant::now());
        while last.elapsed() < PATIENCE && !self.is_over() {
            if let Reply::Array(mut reply) = client.cmd(&["BLPOP", "key", "0.05"]) {
                let text = reply.pop().expect("the element").into_bulk();
                let text = String::from_utf8(text).expect("text");
                elements.push(text.parse().expect("a number"));
                self.popped.fetch_add(1, Ordering::AcqRel);
                last = Instant::now();
            }
            // Not at once, so that there is a list to be moved.
            thread::sleep(Duration::from_millis(elements.len() as u64 % 5));
        }
        elements
    }

    fn is_over(&self) -> bool {
        self.all_pushed.load(Ordering::Acquire) && self.left() == 0
    }
}

/// Elements that are pushed one after the other.
const ELEMENTS: usize = 16;
