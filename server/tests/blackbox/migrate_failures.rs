//! Real targets that refuse: the caller gets their own words (T8), and every key stays where it was.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Kind, Peer, Reply, Server, Where, assert_at, assert_reply_is_true};

/// Keys of one call.
const KEYS: [&str; 2] = ["a", "b"];

/// Patience of a call whose target answers.
const PATIENT: Duration = Duration::from_secs(5);

/// keyferry, with [`KEYS`] to be moved.
struct Source {
    _server: Server,
    client: Client,
}

impl Source {
    fn start() -> Self {
        let server = Server::keyferry(&[]);
        let mut client = server.client();
        assert_eq!(client.cmd(&["MSET", "a", "1", "b", "2"]), Reply::ok());
        Self { _server: server, client }
    }

    #[track_caller]
    fn migrate(&mut self, port: u16, db: &str, timeout: Duration, login: &[&str]) -> Reply {
        let (port, timeout_ms) = (port.to_string(), timeout.as_millis().to_string());
        let mut args = vec!["MIGRATE", "127.0.0.1", &port, "", db, &timeout_ms];
        args.extend(login.iter().chain(&["KEYS"]).chain(&KEYS));
        self.client.cmd(&args)
    }

    /// Asserts that a call is answered with the target's own `words`, and that the keys stay.
    #[track_caller]
    fn assert_refused(&mut self, target: &Server, db: &str, login: &[&str], words: &str) {
        let reply = self.migrate(target.port(), db, PATIENT, login);
        let expected = format!("ERR Target instance replied with error: {words}");
        assert_eq!(reply, Reply::error(&expected), "{:?}", target.kind());
        self.assert_keys_stay();
    }

    #[track_caller]
    fn assert_keys_stay(&mut self) {
        let both = Reply::Array(vec![Reply::bulk("1"), Reply::bulk("2")]);
        assert_eq!(self.client.cmd(&["MGET", "a", "b"]), both);
    }

    #[track_caller]
    fn assert_at(&mut self, to: &mut Client, place: Where) {
        KEYS.iter().for_each(|key| assert_at(&mut self.client, to, key, place));
    }
}

fn each_peer(args: &[&str], mut check: impl FnMut(Peer, &Server, &mut Source)) {
    for peer in Peer::ALL {
        if let Some(target) = Server::peer(peer, args) {
            check(peer, &target, &mut Source::start());
        }
    }
}

#[test]
fn a_target_out_of_memory() {
    each_peer(&["--maxmemory", "1"], |_, target, source| {
        let words = "OOM command not allowed when used memory > 'maxmemory'.";
        source.assert_refused(target, "0", &[], words);
        let mut to = target.client();
        source.assert_at(&mut to, Where::Source);

        to.cmd(&["CONFIG", "SET", "maxmemory", "0"]);
        assert_eq!(source.migrate(target.port(), "0", PATIENT, &[]), Reply::ok());
        source.assert_at(&mut to, Where::Target);
    });
}

#[test]
fn a_target_that_is_a_replica() {
    each_peer(&["--replicaof", "127.0.0.1", "1"], |_, target, source| {
        let words = "READONLY You can't write against a read only replica.";
        source.assert_refused(target, "0", &[], words);
        let mut to = target.client();
        to.cmd(&["REPLICAOF", "NO", "ONE"]);
        source.assert_at(&mut to, Where::Source);
    });
}

#[test]
fn a_user_who_may_not() {
    each_peer(&[], |peer, target, source| {
        let mut to = target.client();
        for (user, rules) in
            [("mover", ["~*", "+@all", "-restore"]), ("keeper", ["~other:*", "+@all", "+@all"])]
        {
            let user = [["ACL", "SETUSER", user, "on", ">pass"].as_slice(), &rules].concat();
            assert_eq!(to.cmd(&user), Reply::ok());
        }
        let (command, key) = match peer {
            Peer::Redis62 => (
                "this user has no permissions to run the 'restore' command or its subcommand",
                "this user has no permissions to access one of the keys used as arguments",
            ),
            Peer::Redis70 => (
                "this user has no permissions to run the 'restore' command",
                "this user has no permissions to access one of the keys used as arguments",
            ),
            Peer::Redis82 | Peer::Valkey91 => (
                "User mover has no permissions to run the 'restore' command",
                "No permissions to access a key",
            ),
        };
        for (user, words) in [("mover", command), ("keeper", key)] {
            let login = ["AUTH2", user, "pass"];
            source.assert_refused(target, "0", &login, &format!("NOPERM {words}"));
            source.assert_at(&mut to, Where::Source);
        }
    });
}

/// What a target is can be found out by a probe: nothing but RESTORE and SELECT is needed.
#[test]
fn a_user_who_may_do_nothing_else() {
    each_peer(&[], |peer, target, source| {
        let mut to = target.client();
        let user = ["ACL", "SETUSER", "mover", "on", ">pass", "~*", "+restore", "+select"];
        assert_eq!(to.cmd(&user), Reply::ok());
        source.client.cmd(&["PEXPIREAT", "a", "4102444800123"]);
        source.client.cmd(&["DEL", "b"]);
        source.client.cmd(&["HSET", "b", "field", "value"]);
        let reply = source.migrate(target.port(), "0", PATIENT, &["AUTH2", "mover", "pass"]);
        assert_eq!(reply, Reply::ok(), "{peer:?}");
        source.assert_at(&mut to, Where::Target);
        assert_eq!(to.cmd(&["GET", "a"]), Reply::bulk("1"));
        assert_eq!(to.cmd(&["HGET", "b", "field"]), Reply::bulk("value"));
        if peer != Peer::Redis62 {
            let expected = Reply::Integer(4_102_444_800_123);
            assert_eq!(to.cmd(&["PEXPIRETIME", "a"]), expected, "the probe had ABSTTL: {peer:?}");
        }
        assert_eq!(to.cmd(&["DBSIZE"]), Reply::Integer(2), "a probe stores nothing");
    });
}

#[test]
fn a_login_that_is_missing_or_wrong() {
    for kind in Kind::ALL {
        let Some(target) = Server::start(kind, &["--requirepass", "sesame"]) else { continue };
        let mut source = Source::start();
        source.assert_refused(&target, "0", &[], "NOAUTH Authentication required.");
        let words = "WRONGPASS invalid username-password pair or user is disabled.";
        for login in [["AUTH", "wrong"].as_slice(), &["AUTH2", "nobody", "sesame"]] {
            source.assert_refused(&target, "0", login, words);
        }
        let mut to = target.client();
        to.cmd(&["AUTH", "sesame"]);
        source.assert_at(&mut to, Where::Source);

        let Some(open) = Server::start(kind, &[]) else { continue };
        let words = "ERR AUTH <password> called without any password configured for the default \
                     user. Are you sure your configuration is correct?";
        source.assert_refused(&open, "0", &["AUTH", "sesame"], words);
        source.assert_at(&mut open.client(), Where::Source);
    }
}

#[test]
fn a_database_that_the_target_does_not_have() {
    for kind in Kind::ALL {
        let Some(target) = Server::start(kind, &[]) else { continue };
        let mut source = Source::start();
        for db in ["16", "-3"] {
            source.assert_refused(&target, db, &[], "ERR DB index is out of range");
            source.assert_at(&mut target.client(), Where::Source);
        }
    }
}

#[test]
fn a_target_that_takes_no_more_connections() {
    for kind in Kind::ALL {
        let Some(target) = Server::start(kind, &["--maxclients", "1"]) else { continue };
        let mut source = Source::start();
        let mut to = only_client(&target);
        source.assert_refused(&target, "0", &[], "ERR max number of clients reached");
        source.assert_at(&mut to, Where::Source);
    }
}

/// The connection that waited for the start may still be counted.
fn only_client(target: &Server) -> Client {
    let start = Instant::now();
    loop {
        let mut client = target.client();
        match client.cmd(&["PING"]) {
            Reply::Status(_) => return client,
            reply => assert!(start.elapsed() < PATIENT, "{reply:?}"),
        }
    }
}

/// A node that owns no slot, and one that knows of another which owns them all. A redirection is
/// reported and not followed (U4).
#[test]
fn a_cluster_node_that_does_not_own_the_slot() {
    each_peer(&["--cluster-enabled", "yes"], |peer, target, source| {
        source.assert_refused(target, "0", &[], "CLUSTERDOWN Hash slot not served");
        let words = match peer {
            Peer::Valkey91 => "ERR DB index is out of range",
            _ => "ERR SELECT is not allowed in cluster mode",
        };
        source.assert_refused(target, "1", &[], words);

        // Its file of nodes. A replica serves as soon as it has started.
        let (own, other) = ("a".repeat(40), "b".repeat(40));
        let nodes = format!(
            "{own} 127.0.0.1:1@10001 myself,slave {other} 0 0 1 connected\n\
             {other} 127.0.0.1:1@10001 master - 0 0 2 connected 0-16383\n\
             vars currentEpoch 2 lastVoteEpoch 0\n"
        );
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        fs::write(folder.path().join("nodes.conf"), nodes).expect("a file");
        let path = folder.path().to_str().expect("text");
        let args = ["--cluster-enabled", "yes", "--dir", path];
        let Some(target) = Server::peer(peer, &args) else { return };
        // 15495 is the slot of "a".
        source.assert_refused(&target, "0", &[], "MOVED 15495 127.0.0.1:1");
    });
}

#[test]
fn a_target_that_is_loading() {
    const VALUES: usize = 26;
    /// With so long for each value the load takes two seconds; others are heard after every 2 MB.
    const VALUE_DELAY_MICROS: &str = "75000";

    let Some(oldest) = Server::peer(Peer::Redis62, &["--rdbcompression", "no"]) else { return };
    let mut client = oldest.client();
    for nth in 0..VALUES {
        client.cmd(&["SET", &format!("key:{nth}"), &"x".repeat(1_000_000)]);
    }
    assert_eq!(client.cmd(&["SAVE"]), Reply::ok());
    let folder = oldest.home().to_str().expect("text");
    each_peer(
        &["--dir", folder, "--key-load-delay", VALUE_DELAY_MICROS],
        |peer, target, source| {
            let name = if peer == Peer::Valkey91 { "Valkey" } else { "Redis" };
            let words = format!("LOADING {name} is loading the dataset in memory");
            source.assert_refused(target, "0", &[], &words);
        },
    );
}

/// The target is there and answers nobody, or answers all but writes, for longer or shorter than
/// the caller waits.
#[test]
fn a_target_whose_clients_are_paused() {
    const TIMEOUT: Duration = Duration::from_millis(600);
    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_millis(2_400);

    let pause = |to: &mut Client, time: Duration, mode| {
        let time_ms = time.as_millis().to_string();
        assert_eq!(to.cmd(&["CLIENT", "PAUSE", &time_ms, mode]), Reply::ok());
    };
    let check = |peer: Peer| {
        for mode in ["WRITE", "ALL"] {
            let Some(target) = Server::peer(peer, &[]) else { return };
            let (mut source, mut to) = (Source::start(), target.client());
            pause(&mut to, SHORT, mode);
            let reply = source.migrate(target.port(), "0", PATIENT, &[]);
            assert_eq!(reply, Reply::ok(), "{peer:?}, {mode}");
            source.assert_at(&mut to, Where::Target);
            to.cmd(&["FLUSHALL"]);

            source.client.cmd(&["MSET", "a", "1", "b", "2"]);
            pause(&mut to, LONG, mode);
            let reply = source.migrate(target.port(), "0", TIMEOUT, &[]);
            // Who may still be asked tells that it has nothing, and will not run it later: the
            // connection on which the write waits is ended.
            let after = "error or timeout reading to target instance";
            let expected = match mode {
                "WRITE" => {
                    format!("ERR Keys not moved and not at the target instance, after {after}")
                }
                _ => format!("IOERR {after}"),
            };
            assert_eq!(reply, Reply::error(&expected), "{peer:?}, {mode}");
            source.assert_keys_stay();
            // Waits until the pause is over.
            to.cmd(&["CLIENT", "UNPAUSE"]);
            let places = KEYS.map(|key| Where::is(&mut source.client, &mut to, key));
            assert_reply_is_true(&reply, &places, &format!("{peer:?}, {mode}"));
            let repeated = source.migrate(target.port(), "0", PATIENT, &[]);
            assert_eq!(repeated, Reply::ok(), "{peer:?}, {mode}");
            source.assert_at(&mut to, Where::Target);
        }
    };
    thread::scope(|scope| {
        for peer in Peer::ALL {
            scope.spawn(move || check(peer));
        }
    });
}
