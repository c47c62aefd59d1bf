//! Every fault at every byte of a small conversation: no key is lost, none can be read on both
//! sides, and every definite answer is true.

mod support;

use migrate::{Failure, Outcome};
use support::{Faults, NOW_MS, Target, World, string};

fn world(faults: Faults) -> World {
    let keys = [
        ("a", string("hello"), None),
        ("b", string("12345"), Some(NOW_MS + 60_000)),
        ("c", string("x".repeat(300)), None),
    ];
    World::new(&keys, Target::default(), faults, |_| {})
}

/// How many bytes go to the target and come back when nothing fails.
fn traffic() -> (usize, usize) {
    let mut world = world(Faults::default());
    assert_eq!(world.run(), Outcome::Moved);
    world.traffic()
}

#[test]
fn the_target_hears_only_part_of_it() {
    for at in 0..traffic().0 {
        let faults = Faults { cut_requests_at: Some(at), ..Faults::default() };
        let mut world = world(faults);
        let outcome = world.run();
        let stored = world.target.keys.len();
        if stored == 0 {
            // What has left is not known to be lost before the reply is; but a first RESTORE that
            // had not left completely is sent again.
            assert!(matches!(outcome, Outcome::Moved | Outcome::Failed(_)), "{at}: {outcome:?}");
        }
    }
}

#[test]
fn the_source_hears_only_part_of_the_replies() {
    let all = traffic().1;
    for at in 0..all {
        let faults = Faults { cut_replies_at: Some(at), ..Faults::default() };
        let mut world = world(faults);
        match world.run() {
            Outcome::Moved => assert!(world.connections == 2, "{at}: the fault did not happen"),
            Outcome::Failed(_) => {}
            outcome => panic!("{at}: {outcome:?}"),
        }
    }
}

#[test]
fn the_target_falls_silent() {
    for at in 0..traffic().1 {
        let faults = Faults { stall_replies_at: Some(at), ..Faults::default() };
        let mut world = world(faults);
        assert_eq!(world.run(), Outcome::Failed(Failure::Reading), "{at}");
        assert_eq!(world.connections, 1, "{at}: nothing is tried again after a timeout (F4)");
    }
}

#[test]
fn a_bit_of_the_replies_flips() {
    for at in 0..traffic().1 {
        let faults = Faults { flip_reply_bit_at: Some(at), ..Faults::default() };
        world(faults).run();
    }
}

#[test]
fn the_pieces_are_small() {
    for piece_bytes_max in 1..40 {
        let faults = Faults { piece_bytes_max, ..Faults::default() };
        assert_eq!(world(faults).run(), Outcome::Moved);
        for at in (0..traffic().1).step_by(7) {
            let faults = Faults { piece_bytes_max, cut_replies_at: Some(at), ..Faults::default() };
            world(faults).run();
        }
    }
}

#[test]
fn n5_the_connection_is_refused() {
    let mut world = world(Faults { refuse: true, ..Faults::default() });
    assert_eq!(world.run(), Outcome::Failed(Failure::Writing));
}
