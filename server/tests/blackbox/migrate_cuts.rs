//! The wire to the target breaks: at every byte of a small conversation, in each direction.
//!
//! What may break: the first connection, at any byte, at once in both directions; the target stays
//! up and can be reached again. What is promised all the same: no key is lost, and a reply that
//! claims to know where the keys are is true.

use std::ops::RangeInclusive;

use crate::support::{
    Answer, Client, Cut, FakeTarget, Peer, Proxy, Reply, Server, Where, assert_reply_is_true,
    migrate,
};

const KEYS: [&str; 3] = ["a", "b", "c"];

/// Lengths in bytes, per direction, between which the conversation is surely over.
const CONVERSATION: RangeInclusive<usize> = 50..=2_000;

/// Moves the keys with a cut one byte later each time, until the conversation ends uncut.
#[track_caller]
fn cut_at_every_byte(
    target_port: u16,
    cut: impl Fn(usize) -> Cut,
    options: &[&str],
    mut places: impl FnMut(&mut Client) -> Vec<Where>,
) {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for at in 0.. {
        from.cmd(&["MSET", "a", "1", "b", "22", "c", "333"]);
        let cut = cut(at);
        let proxy = Proxy::new(target_port, cut);
        let reply = migrate(&mut from, proxy.port(), "", options);
        assert_reply_is_true(&reply, &places(&mut from), &format!("{cut:?}"));
        if !proxy.has_cut() {
            assert_eq!(reply, Reply::ok(), "{cut:?} cuts nothing");
            assert!(CONVERSATION.contains(&at), "the conversation took {at} bytes");
            return;
        }
    }
}

#[test]
fn no_key_is_lost_when_requests_are_cut() {
    let Some(target) = Server::peer(Peer::Redis70, &[]) else { return };
    let mut to = target.client();
    for options in [["KEYS", "a", "b", "c"].as_slice(), &["REPLACE", "KEYS", "a", "b", "c"]] {
        cut_at_every_byte(target.port(), Cut::ToTarget, options, |from| {
            let places = KEYS.map(|key| Where::is(from, &mut to, key));
            to.cmd(&["FLUSHALL"]);
            places.to_vec()
        });
    }
}

#[test]
fn no_key_is_lost_when_replies_are_cut() {
    let Some(target) = Server::peer(Peer::Redis70, &[]) else { return };
    // INFO of a real server is long and tells this test nothing.
    let mut to = target.client();
    to.cmd(&["ACL", "SETUSER", "default", "-info"]);
    cut_at_every_byte(target.port(), Cut::ToSource, &["KEYS", "a", "b", "c"], |from| {
        let places = KEYS.map(|key| Where::is(from, &mut to, key));
        to.cmd(&["FLUSHALL"]);
        places.to_vec()
    });
}

/// What the first try left unsettled, a repeat with REPLACE settles.
#[test]
fn a_repeat_completes_what_was_cut() {
    let Some(target) = Server::peer(Peer::Redis70, &[]) else { return };
    let source = Server::keyferry(&[]);
    let (mut from, mut to) = (source.client(), target.client());
    to.cmd(&["ACL", "SETUSER", "default", "-info"]);
    for at in 0.. {
        from.cmd(&["MSET", "a", "1", "b", "22", "c", "333"]);
        let proxy = Proxy::new(target.port(), Cut::ToSource(at));
        let options = ["KEYS", "a", "b", "c"];
        let first = migrate(&mut from, proxy.port(), "", &options);
        let again = migrate(&mut from, proxy.port(), "", &["REPLACE", "KEYS", "a", "b", "c"]);
        let done = |reply: &Reply| [Reply::ok(), Reply::status("NOKEY")].contains(reply);
        assert!(done(&again), "cut after {at} bytes: {first:?}, then {again:?}");
        for key in KEYS {
            assert_eq!(Where::is(&mut from, &mut to, key), Where::Target, "cut after {at} bytes");
        }
        to.cmd(&["FLUSHALL"]);
        if !proxy.has_cut() {
            return;
        }
    }
}

/// A target that hangs up on every request is left alone after a bounded number of tries.
#[test]
fn a_target_that_always_hangs_up_is_given_up() {
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    for step in ["SELECT", "RESTORE"] {
        let target = FakeTarget::scripted(move |request| {
            (request.name() == step).then(|| Answer::SayAndClose(Vec::new()))
        });
        from.cmd(&["SET", "key", "value"]);
        let reply = migrate(&mut from, target.port(), "key", &[]);
        let on_source = from.cmd(&["EXISTS", "key"]).into_integer() == 1;
        let place = Where::of(on_source, target.has("key"));
        assert_reply_is_true(&reply, &[place], step);
        let tries = target.requests().iter().map(|request| request.connection).max();
        assert!(tries.is_some_and(|last| last < 4), "{step}: {:?}", target.commands());
    }
}
