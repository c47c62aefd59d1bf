//! Ends that are ambiguous: a RESTORE has left, and no reply to it comes. The session finds out at
//! the target what became of it (X4), so that the caller gets OK or ERR, and is right.
//!
//! The wire breaks on one side of the target or the other, at once or in silence; the target is
//! killed, or paused. Each case runs against every server.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{
    Answer, Client, Cut, FakeTarget, Kind, Proxy, Reply, Server, Then, Where, assert_at,
    assert_reply_is_true, bulk,
};

/// Idle timeout of most calls; settling takes as long again at most.
const TIMEOUT: Duration = Duration::from_millis(600);

const READING: &str = "IOERR error or timeout reading to target instance";

const NOT_STORED: &str = "ERR Keys not moved and not at the target instance, after error or timeout reading to target \
     instance";

const KEYS: [&str; 3] = ["string", "hash", "sorted-set"];

/// keyferry and a target, a wire between them that breaks, and [`KEYS`] at the source.
struct Scene {
    _source: Server,
    target: Server,
    from: Client,
    to: Client,
    proxy: Proxy,
    /// Those that a call moves.
    keys: &'static [&'static str],
    /// Idle timeout of a call.
    timeout: Duration,
}

impl Scene {
    fn new(target: Kind, cut: Cut, settle: &str) -> Option<Self> {
        Some(Self::before(Server::start(target, &[])?, cut, settle))
    }

    fn before(target: Server, cut: Cut, settle: &str) -> Self {
        let source = Server::keyferry(&["--migrate-settle", settle]);
        let proxy = Proxy::new(target.port(), cut);
        let (from, to) = (source.client(), target.client());
        let (keys, timeout) = (&KEYS, TIMEOUT);
        let mut scene = Self { _source: source, target, from, to, proxy, keys, timeout };
        scene.fill();
        scene
    }

    fn fill(&mut self) {
        let from = &mut self.from;
        assert_eq!(from.cmd(&["SET", "string", "value", "PX", "1000000"]), Reply::ok());
        for nth in 0..300 {
            from.cmd(&["HSET", "hash", &format!("field:{nth}"), &"x".repeat(nth)]);
            from.cmd(&["ZADD", "sorted-set", &format!("{nth}.25"), &format!("member:{nth}")]);
        }
    }

    fn send(&mut self, options: &[&str]) {
        let port = self.proxy.port().to_string();
        let timeout_ms = self.timeout.as_millis().to_string();
        let mut args = vec!["MIGRATE", "127.0.0.1", &port, "", "0", &timeout_ms];
        args.extend(options.iter().chain(&["KEYS"]).chain(self.keys));
        self.from.send(&args);
    }

    fn migrate(&mut self, options: &[&str]) -> Reply {
        self.send(options);
        self.from.reply()
    }

    fn places(&mut self) -> [Where; 3] {
        KEYS.map(|key| Where::is(&mut self.from, &mut self.to, key))
    }

    /// Waits until the target has [`KEYS`].
    #[track_caller]
    fn wait_for_all_keys(&mut self) {
        let start = Instant::now();
        while self.to.cmd(&["DBSIZE"]) != Reply::Integer(3) {
            assert!(start.elapsed() < Duration::from_secs(5), "not all keys come");
        }
    }

    #[track_caller]
    fn assert_at(&mut self, place: Where) {
        // Twice, so that the target has been round to its other connections.
        for _ in 0..2 {
            self.keys.iter().for_each(|key| assert_at(&mut self.from, &mut self.to, key, place));
        }
    }
}

/// Runs a check against every server at once: most of the time it waits.
fn each_target(check: impl Fn(Kind) + Copy + Send) {
    thread::scope(|scope| {
        for kind in Kind::ALL {
            scope.spawn(move || check(kind));
        }
    });
}

#[test]
fn a_reply_that_is_lost_is_made_up_for() {
    each_target(|kind| {
        for then in [Then::Silence, Then::HangUp] {
            let Some(mut scene) = Scene::new(kind, Cut::Reply(then), "yes") else { return };
            assert_eq!(scene.migrate(&[]), Reply::ok(), "{kind:?}, {then:?}");
            assert!(scene.proxy.has_cut());
            scene.assert_at(Where::Target);
            assert_eq!(scene.to.cmd(&["HLEN", "hash"]), Reply::Integer(300));
        }
    });
}

/// A copy is compared like a key that is to be given up, and is not given up.
#[test]
fn a_copy_is_settled_too() {
    each_target(|kind| {
        let cut = Cut::Reply(Then::Silence);
        let Some(mut scene) = Scene::new(kind, cut, "yes") else { return };
        assert_eq!(scene.migrate(&["COPY"]), Reply::ok(), "{kind:?}");
        scene.assert_at(Where::Both);
    });
}

/// What the target never got is known not to be there, and will not come there later either: the
/// connection on which it was under way is ended.
#[test]
fn a_request_that_is_lost_stays_lost() {
    each_target(|kind| {
        let cut = Cut::Restore(Then::Silence);
        let Some(mut scene) = Scene::new(kind, cut, "yes") else { return };
        assert_eq!(scene.migrate(&[]), Reply::error(NOT_STORED), "{kind:?}");
        scene.assert_at(Where::Source);
        scene.proxy.release();
        thread::sleep(TIMEOUT / 10);
        scene.assert_at(Where::Source);

        assert_eq!(scene.migrate(&[]), Reply::ok(), "{kind:?}");
        scene.assert_at(Where::Target);
    });
}

/// A wire that breaks aloud is mended unnoticed: the target does not have the keys, so they are sent
/// once more.
#[test]
fn a_request_that_broke_off_is_sent_again() {
    each_target(|kind| {
        let cut = Cut::Restore(Then::HangUp);
        let Some(mut scene) = Scene::new(kind, cut, "yes") else { return };
        assert_eq!(scene.migrate(&[]), Reply::ok(), "{kind:?}");
        assert!(scene.proxy.has_cut());
        scene.assert_at(Where::Target);
    });
}

/// F7: unsettled, a key is at the source and perhaps at the target too. Once it may be settled, a
/// repeat meets its own copy and takes it for what it is.
#[test]
fn without_settling_the_end_stays_ambiguous() {
    each_target(|kind| {
        for (cut, place) in [
            (Cut::Reply(Then::Silence), Where::Both),
            (Cut::Reply(Then::HangUp), Where::Both),
            (Cut::Restore(Then::Silence), Where::Source),
            (Cut::Restore(Then::HangUp), Where::Source),
        ] {
            let Some(mut scene) = Scene::new(kind, cut, "no") else { return };
            if let Cut::Reply(Then::HangUp) = cut {
                // Of others it is not certain that they arrive before the wire breaks.
                scene.keys = &KEYS[..1];
            }
            assert_eq!(scene.migrate(&[]), Reply::error(READING), "{kind:?}, {cut:?}");
            scene.assert_at(place);
            assert_eq!(scene.proxy.connections(), 1, "nobody asked: {kind:?}, {cut:?}");
            if let Cut::Restore(Then::Silence) = cut {
                // Only now it arrives: nobody has ended the connection.
                scene.proxy.release();
                scene.wait_for_all_keys();
                scene.assert_at(Where::Both);
            } else if place == Where::Both {
                let busy = "ERR Target instance replied with error: BUSYKEY Target key name \
                            already exists.";
                assert_eq!(scene.migrate(&[]), Reply::error(busy), "{kind:?}, {cut:?}");
                scene.assert_at(Where::Both);
            }
            assert_eq!(scene.from.cmd(&["CONFIG", "SET", "migrate-settle", "yes"]), Reply::ok());
            assert_eq!(scene.migrate(&[]), Reply::ok(), "{kind:?}, {cut:?}");
            scene.assert_at(Where::Target);
        }
    });
}

/// A key of the same name that holds something else, or lives for another time, is not ours.
#[test]
fn another_key_is_not_taken_for_ours() {
    each_target(|kind| {
        for theirs in [
            ["SET", "string", "other"].as_slice(),
            &["SET", "string", "value"],
            &["SET", "string", "eulav", "PX", "1000000"],
            &["SET", "string", "value", "PX", "900000"],
            &["RPUSH", "string", "value"],
        ] {
            let cut = Cut::Reply(Then::HangUp);
            let Some(mut scene) = Scene::new(kind, cut, "yes") else { return };
            // Of others it is not certain that they arrive before the wire breaks.
            scene.keys = &KEYS[..1];
            scene.to.cmd(theirs);
            let what = format!("{theirs:?} at {kind:?}");
            assert_eq!(scene.migrate(&[]), Reply::error(READING), "{what}");
            scene.assert_at(Where::Both);
            assert_eq!(scene.from.cmd(&["GET", "string"]), Reply::bulk("value"), "{what}");
        }
    });
}

/// The target dies with what it has got, and comes back empty.
#[test]
fn a_key_that_a_target_lost_by_its_death_stays() {
    each_target(|kind| {
        let cut = Cut::Reply(Then::Silence);
        let Some(mut scene) = Scene::new(kind, cut, "yes") else { return };
        scene.send(&[]);
        scene.proxy.wait_for_cut();
        scene.target.kill();
        scene.target.start_again();
        scene.to = scene.target.client();
        assert_eq!(scene.from.reply(), Reply::error(NOT_STORED), "{kind:?}");
        scene.assert_at(Where::Source);
    });
}

/// The target dies, and comes back with what it has got.
#[test]
fn a_key_that_a_target_kept_over_its_death_has_moved() {
    each_target(|kind| {
        if kind == Kind::Keyferry {
            return;
        }
        let log = ["--appendonly", "yes", "--appendfsync", "no"];
        let Some(target) = Server::start(kind, &log) else { return };
        let mut scene = Scene::before(target, Cut::Reply(Then::Silence), "yes");
        // As long as it takes to start, beside other work.
        scene.timeout = 4 * TIMEOUT;
        scene.send(&[]);
        scene.proxy.wait_for_cut();
        // The cut comes with the first reply, when the other keys may still be on their way.
        scene.wait_for_all_keys();
        scene.target.kill();
        scene.target.start_again();
        assert_eq!(scene.from.reply(), Reply::ok(), "{kind:?}");
        scene.to = scene.target.client();
        scene.assert_at(Where::Target);
    });
}

/// A target that has come back and is still reading its data is asked again.
#[test]
fn a_target_that_is_loading_is_asked_again() {
    let target = FakeTarget::scripted(|request| {
        let run = format!("redis_version:7.0.15\r\nrun_id:{}\r\n", request.connection.min(1));
        let loading = "-LOADING Redis is loading the dataset in memory\r\n";
        match (request.name().as_str(), request.connection) {
            ("INFO", _) => Some(Answer::say(bulk(run.as_bytes()))),
            ("RESTORE", 0) => Some(Answer::Silence),
            ("STRLEN" | "PTTL", 1 | 2) => Some(Answer::say(loading)),
            ("STRLEN", _) => Some(Answer::say(":0\r\n")),
            ("PTTL", _) => Some(Answer::say(":-2\r\n")),
            _ => None,
        }
    });
    let source = Server::keyferry(&[]);
    let mut from = source.client();
    from.cmd(&["SET", "key", "value"]);
    let (port, timeout_ms) = (target.port().to_string(), TIMEOUT.as_millis().to_string());
    let reply = from.cmd(&["MIGRATE", "127.0.0.1", &port, "key", "0", &timeout_ms]);
    assert_eq!(reply, Reply::error(NOT_STORED));
    assert_eq!(from.cmd(&["GET", "key"]), Reply::bulk("value"));
    let last = target.requests().iter().map(|request| request.connection).max();
    assert_eq!(last, Some(3));
}

/// A target that stands still has the RESTORE in a buffer, and its questions behind that. Once it
/// goes on, it runs of the one what it has read before it ends the connection, and the answer holds
/// from then on.
#[test]
fn a_target_that_goes_on_has_run_it_or_never_will() {
    each_target(|kind| {
        let cut = Cut::ToTarget(usize::MAX);
        let Some(mut scene) = Scene::new(kind, cut, "yes") else { return };
        scene.from.cmd(&["SET", "first", "1"]);
        let port = scene.proxy.port().to_string();
        let first = ["MIGRATE", "127.0.0.1", &port, "first", "0", "5000"];
        assert_eq!(scene.from.cmd(&first), Reply::ok(), "there is a connection now");
        scene.to.cmd(&["DEL", "first"]);

        scene.target.signal("STOP");
        let start = Instant::now();
        scene.send(&[]);
        thread::sleep(TIMEOUT * 5 / 4);
        scene.target.signal("CONT");
        let (reply, time) = (scene.from.reply(), start.elapsed());
        let what = format!("{kind:?} after {time:?}");
        assert!(reply == Reply::ok() || reply == Reply::error(NOT_STORED), "{what}: {reply:?}");
        let places = scene.places();
        assert_reply_is_true(&reply, &places, &what);
        thread::sleep(TIMEOUT / 10);
        assert_eq!(scene.places(), places, "{what}");
    });
}

/// A target that stands still for longer than anybody waits may have the keys in the end. A repeat
/// finds out.
#[test]
fn a_target_that_stands_still_leaves_the_end_open() {
    each_target(|kind| {
        let cut = Cut::ToTarget(usize::MAX);
        let Some(mut scene) = Scene::new(kind, cut, "yes") else { return };
        scene.from.cmd(&["SET", "first", "1"]);
        let port = scene.proxy.port().to_string();
        let first = ["MIGRATE", "127.0.0.1", &port, "first", "0", "5000"];
        assert_eq!(scene.from.cmd(&first), Reply::ok(), "there is a connection now");

        scene.target.signal("STOP");
        let start = Instant::now();
        let reply = scene.migrate(&[]);
        let time = start.elapsed();
        assert_eq!(reply, Reply::error(READING), "{kind:?}");
        assert!(time >= 2 * TIMEOUT, "{kind:?}: it was looked for during {time:?}");
        assert!(time < 5 * TIMEOUT, "{kind:?}: it took {time:?}");
        let on_source = scene.from.cmd(&["EXISTS", "string", "hash", "sorted-set"]);
        assert_eq!(on_source, Reply::Integer(3), "{kind:?}");

        scene.target.signal("CONT");
        thread::sleep(TIMEOUT / 10);
        let places = scene.places();
        assert_reply_is_true(&reply, &places, &format!("{kind:?}"));
        assert_eq!(scene.migrate(&[]), Reply::ok(), "{kind:?}: {places:?}");
        scene.assert_at(Where::Target);
    });
}

/// X11: whoever asked itself would wait for keys that it holds frozen itself.
#[test]
fn a_server_does_not_settle_with_itself() {
    let server = Server::keyferry(&["--migrate-settle", "yes"]);
    let proxy = Proxy::new(server.port(), Cut::Reply(Then::Silence));
    let (mut from, mut to) = (server.client(), server.client());
    to.cmd(&["SELECT", "1"]);
    from.cmd(&["SET", "key", "value"]);
    let (port, timeout_ms) = (proxy.port().to_string(), TIMEOUT.as_millis().to_string());
    let start = Instant::now();
    let reply = from.cmd(&["MIGRATE", "127.0.0.1", &port, "key", "1", &timeout_ms]);
    let time = start.elapsed();
    assert_eq!(reply, Reply::error(READING));
    assert!(time >= TIMEOUT, "it took {time:?}");
    assert_eq!(proxy.connections(), 1, "it did not come back to ask");
    assert_at(&mut from, &mut to, "key", Where::Both);
}

/// Who may not end the connection cannot know what it will still do.
#[test]
fn a_user_who_may_not_end_connections_learns_nothing() {
    each_target(|kind| {
        if kind == Kind::Keyferry {
            return;
        }
        let cut = Cut::Reply(Then::Silence);
        let Some(mut scene) = Scene::new(kind, cut, "yes") else { return };
        let user = ["ACL", "SETUSER", "mover", "on", ">pass", "~*", "+@all", "-client"];
        assert_eq!(scene.to.cmd(&user), Reply::ok());
        let login = ["AUTH2", "mover", "pass"];
        assert_eq!(scene.migrate(&login), Reply::error(READING), "{kind:?}");
        scene.assert_at(Where::Both);
        assert_eq!(scene.migrate(&login), Reply::ok(), "{kind:?}");
        scene.assert_at(Where::Target);
    });
}
