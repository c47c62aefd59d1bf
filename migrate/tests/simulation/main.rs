//! Migrations between a source and a target in memory, under a virtual clock and a network that does
//! what a seed says, with other clients at work on both sides: they read and write, watch keys, are told of changes, run
//! transactions over several keys, and wait for keys that are not there.
//!
//! # Fault model
//!
//! What may happen, at any byte and any moment, and any number of times:
//!
//! - Bytes arrive late and in any pieces, in both directions; a write is taken in part.
//! - A connection ends. What had left the source may still arrive at the target or not, and what has
//!   arrived there may be executed later, when the source knows the connection for dead.
//! - A connection falls silent for ever, without an end.
//! - A connection cannot be made.
//! - The target stops executing for a while, or is killed and comes back with another run id and the
//!   same keys.
//! - A byte of a reply is damaged: its highest bit is another one.
//! - Other clients read and overwrite keys on both sides, as far as the keyspace lets them. They have
//!   operations on several keys run as one, which waits for those that are frozen, and perhaps only
//!   if keys that they watch have not changed. They wait until a key holds a list, and take it.
//! - The time of a key is up, before it is sent, on its way or later.
//! - The target has keys of the same names.
//!
//! What does not happen: the source dies (keys are in memory), the target loses keys that it has
//! acknowledged, the bytes of a payload change without its checksum telling (the network has one
//! too), the target lies in a well-formed reply.
//!
//! # What holds
//!
//! After every step, for every value that was ever written (each is told by a number of its own):
//!
//! 1. It is at the source or at the target, unless a client has overwritten or taken it, or its time
//!    is up.
//! 2. It cannot be read on both sides, unless it was copied, or its migration ended in doubt.
//! 3. A key is given up only after the target has stored what it held.
//! 4. The target stores nothing that nobody sends any more, unless a migration ended in doubt of it.
//! 5. At the end of a migration none of its keys is frozen, and the answer is true: `OK` leaves
//!    nothing behind, an error that is not IOERR leaves what was refused at the source alone.
//!
//! And for those who look on, on each side:
//!
//! 6. Who is told of changes is told of each once, in the order in which they happened, and knows
//!    from that alone what is there: of a key that moved when it is given up at the source (`del`),
//!    of one that came when it is in place (`restore`, and `new` before that if it replaces nothing),
//!    of nothing where a migration has failed, is in doubt or has copied.
//! 7. EXEC finds a watched key changed if and only if it was written, given up or restored since, or
//!    its time is up.
//! 8. Of those who wait for a key the one who came first takes it, in the step in which it comes or
//!    is released. A value is taken once, and not at the source while it is on its way. Two may take
//!    it if it was copied, if its migration ended in doubt, or if the reply was lost after the value
//!    had been taken at the target: then the source, which asks, is told that there is no such key.
//! 9. A transaction waits if a key is on its way that it is to change, or in doubt that it is to read,
//!    and for nothing else, and in the end none waits. There is a moment at which all was there that
//!    it has read, and no change of others comes between its own.
//!
//! And without faults every migration ends, with `OK` if nobody at the target is in the way.

mod blocked;
mod broken;
mod changes;
mod client;
mod dice;
mod history;
mod host;
mod network;
mod plan;
mod subscriber;
mod tally;
mod target;
mod transaction;
mod value;
mod watcher;
mod world;

use broken::Broken;
use dice::Dice;
use migrate::Outcome;
use plan::{Fault, Plan};
use tally::{Sight, Tally};
use world::World;

/// A small migration with one fault, at each byte of each direction, with and without settling.
#[test]
fn every_fault_at_every_byte() {
    let (to_target, to_source) = {
        let mut world = World::new(0, Plan::small());
        world.run().expect("nothing fails");
        assert_eq!(world.outcomes(), [Outcome::Moved]);
        world.traffic()
    };
    let mut settled = 0;
    for settle in [true, false] {
        for fault in Fault::ALL {
            let bytes = if fault.counts_replies() { to_source } else { to_target };
            for at in 0..bytes {
                let plan = Plan { settle, fault: Some((fault, at)), ..Plan::small() };
                let mut world = World::new(at as u64, plan);
                if let Err(error) = world.run() {
                    panic!("settle {settle}, {fault:?} at byte {at}: {error}");
                }
                settled += usize::from(world.settled_any());
            }
        }
    }
    assert!(settled > 100, "only {settled} ends were ambiguous and settled");
}

/// Many migrations at once, with everything that the fault model allows.
#[test]
fn whatever_happens_no_key_is_lost() {
    let seeds = seeds();
    let mut tally = Tally::default();
    for seed in seeds.clone() {
        let mut world = World::new(seed, Plan::wild(&mut Dice::new(seed)));
        if let Err(error) = world.run() {
            panic!("{error}; again with KEYFERRY_SEED={seed}");
        }
        tally += &world.tally();
    }
    let runs = seeds.count();
    eprintln!("{runs} seeds, {tally:?}");
    for sight in Sight::ALL {
        assert!(tally.of(sight) >= runs / 100, "{sight:?} is seen too seldom");
    }
}

#[test]
fn without_faults_everything_ends_well() {
    for seed in 0..500 {
        let mut world = World::new(seed, Plan::calm(&mut Dice::new(seed)));
        if let Err(error) = world.run() {
            panic!("seed {seed}: {error}");
        }
        for outcome in world.outcomes() {
            assert!(
                matches!(outcome, Outcome::Moved | Outcome::NoKey),
                "seed {seed}: {outcome:?} without a fault"
            );
        }
    }
}

/// A check that cannot fail proves nothing: engines that are broken on purpose are found out.
#[test]
fn broken_engines_are_found_out() {
    for (broken, words) in Broken::ALL {
        let found = (0..3000).find(|&seed| {
            let plan = Plan { broken: Some(broken), ..Plan::wild(&mut Dice::new(seed)) };
            World::new(seed, plan).run().is_err_and(|error| error.contains(words))
        });
        assert!(found.is_some(), "{broken:?} passes for sound");
        eprintln!("{broken:?} is found out with seed {found:?}");
    }
}

/// `KEYFERRY_SEED` for one, `KEYFERRY_SEQUENCES` for more of them than usual.
fn seeds() -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    match number("KEYFERRY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("KEYFERRY_SEQUENCES").unwrap_or(3000),
    }
}
