//! Keys move while others read and write them: at every moment a key can be found on one side, and
//! no write that was acknowledged is lost on the way.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use crate::strings::noise;
use crate::support::{Client, Kind, Peer, Reply, Server, migrate};

/// Rule 1 of the contract, as seen by somebody who asks both sides all the time. Keys move one way
/// only, so that whoever has seen a key at the target must not see it at the source any more, and
/// whoever misses it at the source must find it at the target.
#[test]
fn a_moving_key_is_on_one_side_at_every_moment() {
    /// Looks of all watchers together, after which the test has seen enough.
    const LOOKS: usize = 2_000;
    const KEYS_MAX: usize = 3_000;

    let value = noise(20_000);
    for kind in [Kind::Keyferry, Kind::Peer(Peer::Redis70)] {
        let Some(target) = Server::start(kind, &[]) else { continue };
        let source = Server::keyferry(&[]);
        let mut from = source.client();
        let (moving, looks, is_over) =
            (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        let mut set = |number: usize| {
            let key = format!("key:{number}");
            assert_eq!(from.cmd(&[b"SET", key.as_bytes(), &value]), Reply::ok());
        };
        set(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let (mut here, mut there) = (source.client(), target.client());
                    let exists = |client: &mut Client, key: &str| {
                        client.cmd(&["EXISTS", key]).into_integer() == 1
                    };
                    while !is_over.load(Ordering::Acquire) {
                        let key = format!("key:{}", moving.load(Ordering::Acquire));
                        if exists(&mut there, &key) {
                            assert!(!exists(&mut here, &key), "{key} is on both sides");
                        }
                        if !exists(&mut here, &key) {
                            assert!(exists(&mut there, &key), "{key} is on neither side");
                        }
                        looks.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let mut caller = source.client();
            for number in 0..KEYS_MAX {
                // The next one is there before anybody looks for it.
                set(number + 1);
                let reply = migrate(&mut caller, target.port(), format!("key:{number}"), &[]);
                moving.store(number + 1, Ordering::Release);
                if reply != Reply::ok() || looks.load(Ordering::Relaxed) > LOOKS {
                    is_over.store(true, Ordering::Release);
                    assert_eq!(reply, Reply::ok());
                    return;
                }
            }
            is_over.store(true, Ordering::Release);
            panic!("only {looks:?} looks at {KEYS_MAX} keys");
        });
    }
}

/// Each writer has its own key, and counts: the number it was told is written must be there in the
/// end, wherever the key has gone meanwhile.
#[test]
fn no_acknowledged_write_is_lost() {
    const WRITERS: usize = 3;
    /// Writes of each writer, after which the test has seen enough.
    const WRITES: u64 = 300;
    const ROUNDS: std::ops::Range<usize> = 20..5_000;

    let servers = [Server::keyferry(&[]), Server::keyferry(&[])];
    let mut clients = servers.each_ref().map(Server::client);
    let keys: [String; WRITERS] = std::array::from_fn(|number| format!("key:{number}"));
    let options: Vec<&str> = ["KEYS"].into_iter().chain(keys.iter().map(String::as_str)).collect();
    let written: [AtomicU64; WRITERS] = std::array::from_fn(|_| AtomicU64::new(0));
    for key in &keys {
        assert_eq!(clients[0].cmd(&["SET", key, "0"]), Reply::ok());
    }

    let is_over = AtomicBool::new(false);
    let rounds = thread::scope(|scope| {
        for (key, written) in keys.iter().zip(&written) {
            let (mut sides, is_over) = (servers.each_ref().map(Server::client), &is_over);
            scope.spawn(move || {
                let mut side = 0;
                while !is_over.load(Ordering::Acquire) {
                    let next = (written.load(Ordering::Relaxed) + 1).to_string();
                    // XX: it is written where the key is, and nowhere else.
                    match sides[side].cmd(&["SET", key, &next, "XX"]) {
                        Reply::Nil => side = 1 - side,
                        reply => {
                            assert_eq!(reply, Reply::ok());
                            written.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
        for round in 0..ROUNDS.end {
            let (from, to) = (round % 2, 1 - round % 2);
            let reply = migrate(&mut clients[from], servers[to].port(), "", &options);
            let is_enough = || written.iter().all(|count| count.load(Ordering::Relaxed) > WRITES);
            if reply != Reply::ok() || (round >= ROUNDS.start && is_enough()) {
                is_over.store(true, Ordering::Release);
                assert_eq!(reply, Reply::ok(), "round {round}");
                return round + 1;
            }
        }
        is_over.store(true, Ordering::Release);
        panic!("{written:?} writes in {} rounds", ROUNDS.end);
    });
    for (key, written) in keys.iter().zip(&written) {
        let expected = Reply::bulk(written.load(Ordering::Relaxed).to_string());
        assert_eq!(clients[rounds % 2].cmd(&["GET", key]), expected, "{key}");
        assert_eq!(clients[1 - rounds % 2].cmd(&["GET", key]), Reply::Nil, "{key}");
    }
}
