//! Random commands to keyferry and to a real server: every reply is the same, and in the end every
//! key holds the same.
//!
//! Each group of commands has a file with a generator of random ones, a row in [`GROUPS`]. All
//! groups share a few keys, so that types clash; their arguments lie at the edges and beyond.
//! Expiries are either over already or far away, so that no key dies between the two servers' turns.
//! Where a reply of the reference differs on purpose or by chance, the command tells how the two are
//! [compared](command::Compare).
//!
//! Every other seed speaks RESP3, where the forms of the replies have to be the same too, and two of
//! four have keyspace notifications on, and a client that caches all keys: the messages of both have to
//! be the same, in order.
//!
//! A failure shows its seed and the shortest sequence found that fails alike. `KEYFERRY_SEED=N` runs
//! that one again, `KEYFERRY_SEQUENCES=N` more of them.

mod bitmaps;
mod command;
mod connection;
mod dice;
mod field_ttls;
mod geo;
mod hashes;
mod hyperloglogs;
mod keys;
mod lists;
mod pair;
mod sets;
mod sorted_sets;
mod streams;
mod strings;

use crate::support::{Peer, chosen_or_random, shorten};
use command::Command;
use dice::Dice;
use pair::Pair;

/// The generators of commands that Redis 7.0.15 knows, each as likely as its weight.
const GROUPS: &[(usize, Generator)] = &[
    (4, strings::any),
    (4, bitmaps::any),
    (3, hyperloglogs::any),
    (4, keys::any),
    (1, keys::sort),
    (4, lists::any),
    (4, sets::any),
    (4, hashes::any),
    (4, sorted_sets::any),
    (4, geo::any),
    (4, streams::any),
    (1, connection::any),
];

/// The same for Redis 8.2.3: newer commands among the others.
const NEWER: &[(usize, Generator)] = &[
    (6, field_ttls::any),
    (4, hashes::any),
    (2, strings::any),
    (2, keys::any),
    (2, lists::any),
    (2, sets::any),
    (2, sorted_sets::any),
    (1, connection::any),
];

/// Streams, which nothing else is in the way of.
const STREAMS: &[(usize, Generator)] = &[(40, streams::any), (1, keys::any)];

/// Groups that read streams which lose entries: how many they have read and how far they are behind.
const READERS: &[(usize, Generator)] = &[(1, streams::of_readers)];

type Generator = fn(&mut Dice) -> Command;

/// Commands of a sequence, after which all is forgotten.
const COMMANDS: usize = 250;

/// Sequences that a test runs.
const SEQUENCES: u64 = 30;

#[test]
fn random_commands_get_the_replies_of_the_reference() {
    let (first, count) = chosen_or_random(SEQUENCES);
    compare(Peer::Redis70, GROUPS, first, count);
}

/// The same commands in every run.
#[test]
fn commands_of_a_fixed_seed_get_the_replies_of_the_reference() {
    compare(Peer::Redis70, GROUPS, 1, SEQUENCES);
}

#[test]
fn random_commands_to_streams_get_the_replies_of_the_reference() {
    let (first, count) = chosen_or_random(SEQUENCES);
    compare(Peer::Redis70, STREAMS, first, count);
}

#[test]
fn groups_have_read_what_redis_8_2_says() {
    let (first, count) = chosen_or_random(SEQUENCES);
    compare(Peer::Redis82, READERS, first, count);
}

#[test]
fn random_commands_get_the_replies_of_redis_8_2() {
    let (first, count) = chosen_or_random(SEQUENCES);
    compare(Peer::Redis82, NEWER, first, count);
}

#[test]
fn commands_of_a_fixed_seed_get_the_replies_of_redis_8_2() {
    compare(Peer::Redis82, NEWER, 1, SEQUENCES);
}

/// Runs `count` sequences, the first one from the seed `first`.
fn compare(reference: Peer, groups: &[(usize, Generator)], first: u64, count: u64) {
    let Some(mut pair) = Pair::start(reference) else { return };
    for seed in (0..count).map(|nth| first.wrapping_add(nth)) {
        let commands = sequence(groups, seed);
        pair.protocol = if seed % 2 == 0 { "2" } else { "3" };
        pair.notified = seed % 4 < 2;
        if let Err(failure) = pair.run(&commands) {
            let len = |failure: &pair::Failure| failure.commands;
            let (commands, failure) = shorten(commands, failure, len, |it| pair.run(it));
            let commands: Vec<_> = commands.iter().map(|it| format!("{:?}", it.args)).collect();
            panic!("KEYFERRY_SEED={seed}, shortened to\n{}\n{failure}", commands.join("\n"));
        }
    }
}

fn sequence(groups: &[(usize, Generator)], seed: u64) -> Vec<Command> {
    let dice = &mut Dice::new(seed);
    let weights = groups.iter().map(|(weight, _)| weight).sum();
    let any = |_| {
        let mut left = dice.below(weights);
        let generator = groups.iter().find(|(weight, _)| {
            let is_it = left < *weight;
            left = left.wrapping_sub(*weight);
            is_it
        });
        generator.expect("below the sum of the weights").1(dice)
    };
    (0..COMMANDS).map(any).collect()
}
