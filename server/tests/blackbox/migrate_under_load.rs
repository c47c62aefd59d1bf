//! Keys move while others read and write them: at every moment a key can be found on one side, and
//! no write that was acknowledged is lost on the way.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::strings::noise;
use crate::support::{Client, Kind, Peer, Reply, Server, migrate};

/// Rule 1 of the contract, as seen by somebody who asks both sides all the time. Keys move one way
/// only, so that whoever has seen a key at the target must not see it at the source any more, and
/// whoever misses it at the source must find it at the target.
#[test]
fn a_moving_key_is_on_one_side_at_every_moment() {
    const KEYS: usize = 150;

    for kind in [Kind::Keyferry, Kind::Peer(Peer::Redis70)] {
        let Some(target) = Server::start(kind, &[]) else { continue };
        let source = Server::keyferry(&[]);
        let mut from = source.client();
        let value = noise(100_000);
        let keys: Vec<String> = (0..KEYS).map(|number| format!("key:{number}")).collect();
        for key in &keys {
            assert_eq!(from.cmd(&[b"SET", key.as_bytes(), &value]), Reply::ok());
        }

        let (moving, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let watchers = [(); 2].map(|()| {
                scope.spawn(|| {
                    let (mut here, mut there) = (source.client(), target.client());
                    let exists = |client: &mut Client, key: &str| {
                        client.cmd(&["EXISTS", key]).into_integer() == 1
                    };
                    let mut looks = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        let key = &keys[moving.load(Ordering::Relaxed)];
                        if exists(&mut there, key) {
                            assert!(!exists(&mut here, key), "{key} is on both sides");
                        }
                        if !exists(&mut here, key) {
                            assert!(exists(&mut there, key), "{key} is on neither side");
                        }
                        looks += 1;
                    }
                    looks
                })
            });
            for (number, key) in keys.iter().enumerate() {
                moving.store(number, Ordering::Relaxed);
                assert_eq!(migrate(&mut from, target.port(), key, &[]), Reply::ok());
            }
            is_over.store(true, Ordering::Relaxed);
            for watcher in watchers {
                let looks = watcher.join().expect("a watcher saw each key on one side");
                assert!(looks > KEYS, "{looks} looks");
            }
        });
    }
}

/// Each writer has its own key, and counts: the number it was told is written must be there in the
/// end, wherever the key has gone meanwhile.
#[test]
fn no_acknowledged_write_is_lost() {
    const WRITERS: usize = 3;
    const ROUNDS: usize = 100;

    let (one, other) = (Server::keyferry(&[]), Server::keyferry(&[]));
    let keys: Vec<String> = (0..WRITERS).map(|number| format!("key:{number}")).collect();
    let mut client = one.client();
    for key in &keys {
        assert_eq!(client.cmd(&["SET", key, "0"]), Reply::ok());
    }

    let is_over = AtomicBool::new(false);
    let written: Vec<u64> = thread::scope(|scope| {
        let writers: Vec<_> = keys
            .iter()
            .map(|key| {
                scope.spawn(|| {
                    let mut sides = [one.client(), other.client()];
                    let (mut number, mut side) = (0, 0);
                    while !is_over.load(Ordering::Relaxed) {
                        let next = (number + 1).to_string();
                        // XX: it is written where the key is, and nowhere else.
                        match sides[side].cmd(&["SET", key, &next, "XX"]) {
                            Reply::Nil => side = 1 - side,
                            reply => {
                                assert_eq!(reply, Reply::ok());
                                number += 1;
                            }
                        }
                    }
                    number
                })
            })
            .collect();
        let mut movers = [one.client(), other.client()];
        for round in 0..ROUNDS {
            let (from, to) = (round % 2, [&one, &other][1 - round % 2].port());
            let options: Vec<&str> =
                ["KEYS"].into_iter().chain(keys.iter().map(String::as_str)).collect();
            assert_eq!(migrate(&mut movers[from], to, "", &options), Reply::ok(), "round {round}");
        }
        is_over.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().expect("a writer")).collect()
    });
    for (key, number) in keys.iter().zip(written) {
        assert_eq!(client.cmd(&["GET", key]), Reply::bulk(number.to_string()), "{key}");
        assert!(number > ROUNDS as u64 / 10, "{number} writes of {key}");
    }
}
