//! Servers that die, come back, or stand still at any moment of a MIGRATE of keys of every kind.
//!
//! What may happen: the target is killed and started again, at once or later; it is ended in order
//! and started again; it stands still, or the source does. What is promised all the same: no key is
//! lost, the reply is true, and so it stays; after an ambiguous one a repeat completes the move. A
//! key that a target acknowledged and lost by its death counts as moved; peers that keep a log lose
//! none.
//!
//! A failure shows its seed. `KEYFERRY_SEED=N` runs that round again, as far as the moments can be
//! met again, and `KEYFERRY_SEQUENCES=N` more of them.

use std::thread;
use std::time::{Duration, Instant};

use rdb_format::Value;

use crate::strings::noise;
use crate::support::{
    Client, Dice, Kind, Peer, Reply, Server, Where, assert_reply_is_true, chosen_or_random, decoded,
};

/// Rounds that a test runs for each server.
const ROUNDS: u64 = 4;

/// How long servers may take for what they do in time.
const PATIENCE: Duration = Duration::from_secs(10);

/// What makes a peer keep a log. All of it has been written, if not to the disk, before a reply.
const LOG: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "no"];

const BIG_STRING_BYTES: usize = 20 << 20;
const BIG_HASH_FIELDS: usize = 100_000;

#[test]
fn keyferry_as_a_target_that_fails() {
    play(Kind::Keyferry);
}

#[test]
fn redis_6_2_as_a_target_that_fails() {
    play(Kind::Peer(Peer::Redis62));
}

#[test]
fn redis_7_0_as_a_target_that_fails() {
    play(Kind::Peer(Peer::Redis70));
}

#[test]
fn redis_8_2_as_a_target_that_fails() {
    play(Kind::Peer(Peer::Redis82));
}

#[test]
fn valkey_9_1_as_a_target_that_fails() {
    play(Kind::Peer(Peer::Valkey91));
}

fn play(kind: Kind) {
    let (first, count) = chosen_or_random(ROUNDS);
    let Some(mut stage) = Stage::start(kind) else { return };
    for nth in 0..count {
        stage.round(first.wrapping_add(nth));
    }
}

/// Something that befalls a server.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The target is killed, and started again.
    Kill,
    /// The target ends in order, and is started again.
    Restart,
    /// The target stands still for a while.
    StopTarget,
    /// The source does.
    StopSource,
}

/// One round, as chosen by its seed.
#[derive(Debug)]
struct Round {
    /// Whether the target keeps a log, and still has after its death what it has acknowledged.
    log: bool,
    fault: Fault,
    /// When it happens, from the call on.
    after: Duration,
    /// How long it lasts.
    lasts: Duration,
    timeout: Duration,
    replace: bool,
    repeat: bool,
    keys: Vec<&'static str>,
}

impl Round {
    fn of(kind: Kind, dice: &mut Dice) -> Self {
        let faults = [Fault::Kill, Fault::Restart, Fault::StopTarget, Fault::StopSource];
        let fault = faults[dice.below(faults.len())];
        // Most of what happens happens early.
        let bits = 10 + dice.below(10);
        let after_micros = dice.below(1 << bits) as u64;
        let timeout = Duration::from_millis(100 + dice.below(400) as u64);
        let lasts = timeout * dice.below(25) as u32 / 10;
        let mut keys = Vec::new();
        for key in KEYS {
            if !dice.once_in(3) {
                keys.insert(dice.below(keys.len() + 1), key);
            }
        }
        if keys.is_empty() {
            keys.push(KEYS[dice.below(KEYS.len())]);
        }
        Self {
            log: kind != Kind::Keyferry && dice.once_in(2),
            fault,
            after: Duration::from_micros(after_micros),
            lasts,
            timeout,
            replace: dice.once_in(3),
            repeat: !dice.once_in(3),
            keys,
        }
    }
}

struct Stage {
    source: Server,
    from: Client,
    kind: Kind,
    target: Server,
    /// Whether the target is not to be used again: it has a log, or there is something under way to
    /// it yet.
    is_spent: bool,
    /// Knows the models, in database 1 of the source.
    shelf: Client,
    models: Vec<(&'static str, Value)>,
}

impl Stage {
    fn start(kind: Kind) -> Option<Self> {
        let target = Server::start(kind, &[])?;
        let source = Server::keyferry(&[]);
        let (from, mut shelf) = (source.client(), source.client());
        shelf.cmd(&["SELECT", "1"]);
        fill(&mut shelf);
        let small = KEYS.into_iter().filter(|key| !key.starts_with("big"));
        let models = small.map(|key| (key, decoded(shelf.cmd(&["DUMP", key]).into_bulk())));
        let models = models.collect();
        Some(Self { source, from, kind, target, is_spent: false, shelf, models })
    }

    fn round(&mut self, seed: u64) {
        let dice = &mut Dice::new(seed);
        let round = Round::of(self.kind, dice);
        let what = format!("KEYFERRY_SEED={seed}, {:?}, {round:?}", self.kind);
        if round.log || self.is_spent {
            let args: &[&str] = if round.log { &LOG } else { &[] };
            self.target = Server::start(self.kind, args).expect("it has been started before");
        }
        for key in KEYS {
            self.shelf.cmd(&["COPY", key, key, "DB", "0"]);
        }
        self.send(&round, round.timeout, round.replace);
        thread::sleep(round.after);
        let loses = self.befall(&round) && !round.log;
        let reply = self.from.reply();

        let mut to = ready(&self.target);
        // What lies in the buffers of a target that stood still is run now, if ever.
        thread::sleep(Duration::from_millis(30));
        let places = self.places(&mut to, &round.keys, loses);
        let said = format!("{what}\n{reply:?}");
        eprintln!("{said} {places:?}");
        assert_reply_is_true(&reply, &places, &said);
        for (key, place) in round.keys.iter().zip(&places) {
            if matches!(place, Where::Source | Where::Both) {
                self.assert_whole(&mut Probe::Source, key, dice, &said);
            }
            if to.cmd(&["EXISTS", key]) == Reply::Integer(1) {
                self.assert_whole(&mut Probe::Target(&mut to), key, dice, &said);
            }
        }
        let is_open = reply.is_error("IOERR ");
        if is_open && round.repeat {
            self.send(&round, PATIENCE / 2, false);
            assert_eq!(self.from.reply(), Reply::ok(), "{said}\n{places:?}, repeated");
            let places = self.places(&mut to, &round.keys, loses);
            assert_reply_is_true(&Reply::ok(), &places, &said);
        }

        self.is_spent = round.log || is_open;
        to.cmd(&["FLUSHALL"]);
    }

    fn send(&mut self, round: &Round, timeout: Duration, replace: bool) {
        let (port, timeout_ms) = (self.target.port().to_string(), timeout.as_millis().to_string());
        let mut args = vec!["MIGRATE", "127.0.0.1", &port, "", "0", &timeout_ms];
        if replace {
            args.push("REPLACE");
        }
        args.push("KEYS");
        args.extend(&round.keys);
        self.from.send(&args);
    }

    /// Lets the fault happen and pass. True if the target has died of it.
    fn befall(&mut self, round: &Round) -> bool {
        match round.fault {
            Fault::Kill => {
                self.target.kill();
                thread::sleep(round.lasts / 2);
                self.target.start_again();
            }
            Fault::Restart => {
                self.target.signal("TERM");
                self.target.end_within(PATIENCE).expect("it ends");
                self.target.start_again();
            }
            Fault::StopTarget | Fault::StopSource => {
                let server = match round.fault {
                    Fault::StopTarget => &self.target,
                    _ => &self.source,
                };
                server.signal("STOP");
                thread::sleep(round.lasts);
                server.signal("CONT");
            }
        }
        matches!(round.fault, Fault::Kill | Fault::Restart)
    }

    /// Where the keys are. Those that the target lost were there.
    fn places(&mut self, to: &mut Client, keys: &[&str], loses: bool) -> Vec<Where> {
        let place = |key: &&str| match Where::is(&mut self.from, to, key) {
            Where::Neither if loses => Where::Target,
            place => place,
        };
        keys.iter().map(place).collect()
    }

    /// Asserts that a key holds what its model does, to samples if it is big.
    #[track_caller]
    fn assert_whole(&mut self, probe: &mut Probe, key: &str, dice: &mut Dice, said: &str) {
        let mut ask = |args: &[&str]| match probe {
            Probe::Source => self.from.cmd(args),
            Probe::Target(to) => to.cmd(args),
        };
        if let Some((_, model)) = self.models.iter().find(|(name, _)| *name == key) {
            let found = decoded(ask(&["DUMP", key]).into_bulk());
            assert!(found == *model, "{said}\n{key} holds {found:?}");
        } else {
            let samples: [Vec<String>; 2] = if key == "big-hash" {
                let field = format!("field:{}", dice.below(BIG_HASH_FIELDS));
                [vec!["HLEN".into(), key.into()], vec!["HGET".into(), key.into(), field]]
            } else {
                let start = dice.below(BIG_STRING_BYTES);
                let (start, end) = (start.to_string(), (start + 100).to_string());
                let range = vec!["GETRANGE".into(), key.into(), start, end];
                [vec!["STRLEN".into(), key.into()], range]
            };
            for sample in &samples {
                let args: Vec<&str> = sample.iter().map(String::as_str).collect();
                assert!(ask(&args) == self.shelf.cmd(&args), "{said}\n{args:?}");
            }
        }
        let expiry = |ttl_ms: i64| if ttl_ms < 0 { ttl_ms } else { ttl_ms / 10_000 };
        let ttl_ms = expiry(ask(&["PTTL", key]).into_integer());
        let model_ttl_ms = expiry(self.shelf.cmd(&["PTTL", key]).into_integer());
        assert!((ttl_ms - model_ttl_ms).abs() <= 1, "{said}\n{key}: {ttl_ms}, {model_ttl_ms}");
    }
}

/// Whom to ask about a key.
enum Probe<'a> {
    Source,
    Target(&'a mut Client),
}

/// A client of a server that has read what it kept.
fn ready(server: &Server) -> Client {
    let mut client = server.client();
    let start = Instant::now();
    while client.cmd(&["PING"]) != Reply::status("PONG") {
        assert!(start.elapsed() < PATIENCE, "it does not get ready");
        thread::sleep(Duration::from_millis(5));
    }
    client
}

const KEYS: [&str; 13] = [
    "big-hash",
    "big-string",
    "long-list",
    "long-set",
    "long-sorted-set",
    "short-list",
    "short-set",
    "short-sorted-set",
    "short-hash",
    "number",
    "text",
    "mortal",
    "mortal-hash",
];

fn fill(client: &mut Client) {
    let many = |head: [&str; 2], count: usize, tuple: fn(usize) -> Vec<String>| {
        let indexes: Vec<usize> = (0..count).collect();
        let commands = indexes.chunks(5_000).map(move |indexes| {
            let head = head.iter().map(|word| (*word).to_owned());
            head.chain(indexes.iter().copied().flat_map(tuple)).collect::<Vec<String>>()
        });
        commands.collect::<Vec<_>>()
    };
    let field = |nth| vec![format!("field:{nth}"), format!("value of {nth}")];
    let element = |nth| vec![format!("element {nth}")];
    let scored = |nth: usize| vec![format!("{}.5", nth % 77), format!("member:{nth}")];
    let commands = [
        many(["HSET", "big-hash"], BIG_HASH_FIELDS, field),
        many(["RPUSH", "long-list"], 20_000, element),
        many(["SADD", "long-set"], 5_000, element),
        many(["ZADD", "long-sorted-set"], 5_000, scored),
        many(["RPUSH", "short-list"], 10, element),
        many(["SADD", "short-set"], 10, element),
        many(["ZADD", "short-sorted-set"], 10, scored),
        many(["HSET", "short-hash"], 10, field),
        many(["HSET", "mortal-hash"], 300, field),
    ];
    for command in commands.iter().flatten() {
        assert!(matches!(client.cmd(command), Reply::Integer(_)), "{:?}", &command[..2]);
    }
    for command in [
        ["SET", "number", "12345"].as_slice(),
        &["SET", "text", "some text"],
        &["SET", "mortal", "value", "EX", "100000"],
        &["EXPIRE", "mortal-hash", "100000"],
    ] {
        let reply = client.cmd(command);
        assert!(!reply.is_error(""), "{command:?}: {reply:?}");
    }
    let set = [&b"SET"[..], b"big-string", &noise(BIG_STRING_BYTES)];
    assert_eq!(client.cmd(&set), Reply::ok());
}
