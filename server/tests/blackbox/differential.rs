//! The same random commands to keyferry and to Redis 7.0.15: every reply is the same.
//!
//! A failure names its seed; `KEYFERRY_SEED=N` runs it again. Expiries are either over already or
//! far away, so that no key dies between the two servers' turns.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{Client, Peer, Reply, Server};

const COMMANDS: usize = 6_000;

/// Pseudorandom choices (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }

    /// True once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }
}

const KEYS: [&str; 10] = ["a", "b", "c", "key:1", "key:2", "key:10", "[x]", "", "\0\r\n", "\u{e9}"];

const VALUES: [&str; 16] = [
    "",
    "value",
    "another value",
    "0",
    "1",
    "-1",
    "41",
    "007",
    "+1",
    " 1",
    "1.5",
    "-0",
    "x\0\r\n",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
];

const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "10",
    "-10",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "",
    "abc",
    "1.5",
    "01",
    "+1",
    " 1",
];

/// Seconds or milliseconds from now, all far away or over.
const DELAYS: [&str; 9] = [
    "1000000",
    "2000000",
    "3000000",
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775",
    "soon",
];

/// Unix times, in seconds or milliseconds: of the year 2100, of 5000 and more, or over.
const SECONDS: [&str; 7] =
    ["4102444800", "95617584000", "1", "0", "-1", "9223372036854775807", "never"];
const MILLISECONDS: [&str; 7] =
    ["4102444800000", "95617584000000", "1", "0", "-1", "9223372036854775807", "never"];

const PATTERNS: [&str; 14] = [
    "*",
    "?",
    "key:*",
    "key:?",
    "k[a-f]y:*",
    "[^a]",
    "[a-c]",
    "[abc",
    "\\[x\\]",
    "*1*",
    "",
    "[",
    "\\",
    "**:**1",
];

/// How two replies are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Compare {
    Exactly,
    /// Integers that may differ by this much, the clocks of the servers having gone on.
    Within(i64),
    /// Arrays in any order.
    Unordered,
    /// Both null, or each a key of its server.
    AnyKey,
}

struct Command {
    args: Vec<String>,
    compare: Compare,
}

impl Command {
    fn new(args: &[&str]) -> Self {
        Self { args: args.iter().map(|arg| (*arg).to_owned()).collect(), compare: Compare::Exactly }
    }

    fn compared(self, compare: Compare) -> Self {
        Self { compare, ..self }
    }

    fn with(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }
}

fn any_command(dice: &mut Dice) -> Command {
    let key = dice.pick(&KEYS);
    match dice.below(48) {
        0..=5 => set(dice, key),
        6 => Command::new(&["GET", key]),
        7 => Command::new(&["GETDEL", key]),
        8 => expiry_options(Command::new(&["GETEX", key]), dice, &["PERSIST"]),
        9 => many(Command::new(&["MGET"]), dice, &KEYS, &[]),
        10 => many(Command::new(&["MSET"]), dice, &KEYS, &VALUES),
        11 => Command::new(&["APPEND", key, dice.pick(&VALUES)]),
        12 => Command::new(&["STRLEN", key]),
        13 => Command::new(&[dice.pick(&["INCR", "DECR"]), key]),
        14 | 15 => Command::new(&[dice.pick(&["INCRBY", "DECRBY"]), key, dice.pick(&NUMBERS)]),
        16 => many(Command::new(&[dice.pick(&["DEL", "UNLINK"])]), dice, &KEYS, &[]),
        17 => many(Command::new(&["EXISTS"]), dice, &KEYS, &[]),
        18 => Command::new(&["TYPE", key]),
        19..=23 => expire(dice, key),
        24 => Command::new(&["TTL", key]).compared(Compare::Within(1)),
        25 => Command::new(&["PTTL", key]).compared(Compare::Within(1_000)),
        26 => Command::new(&["EXPIRETIME", key]).compared(Compare::Within(1)),
        27 => Command::new(&["PEXPIRETIME", key]).compared(Compare::Within(1_000)),
        28 => Command::new(&["PERSIST", key]),
        29 => Command::new(&["KEYS", dice.pick(&PATTERNS)]).compared(Compare::Unordered),
        30 => scan(dice),
        31 => Command::new(&["DBSIZE"]),
        32 => Command::new(&["RANDOMKEY"]).compared(Compare::AnyKey),
        33 => flush(dice),
        34 => Command::new(&["SELECT", dice.pick(&["0", "0", "1", "15", "16", "-1", "x", "1.0"])]),
        35 => Command::new(&["ECHO", dice.pick(&VALUES)]),
        36 => many(Command::new(&["PING"]), dice, &["", "hello"], &[]),
        37 => Command::new(&["QUIT"]),
        38 => Command::new(&["GETSET", key, dice.pick(&VALUES)]),
        39 => Command::new(&["SETNX", key, dice.pick(&VALUES)]),
        40 => Command::new(&["SETEX", key, dice.pick(&DELAYS), dice.pick(&VALUES)]),
        41 => many(Command::new(&["MSETNX"]), dice, &KEYS, &VALUES),
        42 => many(Command::new(&["TOUCH"]), dice, &KEYS, &[]),
        43 => Command::new(&[dice.pick(&["GETRANGE", "SUBSTR"]), key])
            .with(&[dice.pick(&NUMBERS), dice.pick(&NUMBERS)]),
        44 => Command::new(&["SETRANGE", key, dice.pick(&NUMBERS), dice.pick(&VALUES)]),
        45 => Command::new(&["SWAPDB", dice.pick(&["0", "1", "x"]), dice.pick(&["0", "1", "16"])]),
        46 => unknown(dice),
        _ => wrong_arity(dice),
    }
}

fn set(dice: &mut Dice, key: &str) -> Command {
    let command = Command::new(&["SET", key, dice.pick(&VALUES)]);
    expiry_options(command, dice, &["NX", "XX", "GET", "KEEPTTL"])
}

/// Adds up to three options of `words` and those that set an expiry, some without their value.
fn expiry_options(mut command: Command, dice: &mut Dice, words: &[&str]) -> Command {
    for _ in 0..dice.below(4) {
        command = match dice.below(8) {
            0 => command.with(&[dice.pick(&["EX", "ex"]), dice.pick(&DELAYS)]),
            1 => command.with(&["PX", dice.pick(&["100000000", "200000000", "0", "-1", "x"])]),
            2 => command.with(&["EXAT", dice.pick(&SECONDS)]),
            3 => command.with(&[dice.pick(&["PXAT", "pXaT"]), dice.pick(&MILLISECONDS)]),
            _ => command.with(&[dice.pick(words)]),
        };
    }
    if dice.once_in(20) {
        command = command.with(&[dice.pick(&["EX", "PX", "NOPE", "EXAT", ""])]);
    }
    command
}

fn expire(dice: &mut Dice, key: &str) -> Command {
    let (name, times): (_, &[&str]) = match dice.below(4) {
        0 => ("EXPIRE", &DELAYS),
        1 => ("PEXPIRE", &["100000000", "200000000", "300000000", "0", "-1", "x"]),
        2 => ("EXPIREAT", &SECONDS),
        _ => ("PEXPIREAT", &MILLISECONDS),
    };
    let mut command = Command::new(&[name, key, dice.pick(times)]);
    for _ in 0..dice.below(3) {
        command = command.with(&[dice.pick(&["NX", "XX", "GT", "LT", "nx", "gt", "NOPE"])]);
    }
    command
}

/// Adds up to four of `items`, each followed by one of `values` if there are any; rarely an item
/// without its value.
fn many(mut command: Command, dice: &mut Dice, items: &[&str], values: &[&str]) -> Command {
    for _ in 0..dice.below(5) {
        command = command.with(&[dice.pick(items)]);
        if !values.is_empty() && !dice.once_in(20) {
            command = command.with(&[dice.pick(values)]);
        }
    }
    command
}

/// A SCAN whose reply is an error, or one that covers all of a small database at once.
fn scan(dice: &mut Dice) -> Command {
    let cursors = ["x", "18446744073709551616", " 0"];
    let command = match dice.below(8) {
        0 => Command::new(&["SCAN", dice.pick(&cursors)]),
        1 => Command::new(&["SCAN", "0", dice.pick(&["COUNT", "MATCH", "TYPE", "NOPE"])]),
        2 => Command::new(&["SCAN", "0", "COUNT", dice.pick(&["0", "-1", "x", "1.5"])]),
        _ => {
            let mut command = Command::new(&["SCAN", "0", "COUNT", "1000"]);
            if dice.once_in(2) {
                command = command.with(&["MATCH", dice.pick(&PATTERNS)]);
            }
            if dice.once_in(3) {
                command = command.with(&["TYPE", dice.pick(&["string", "list", "nonsense"])]);
            }
            command
        }
    };
    command.compared(Compare::Unordered)
}

fn flush(dice: &mut Dice) -> Command {
    let command = Command::new(&[dice.pick(&["FLUSHDB", "FLUSHALL"])]);
    match dice.below(4) {
        0 => command,
        1 => command.with(&["ASYNC"]),
        2 => command.with(&["sync"]),
        _ => command.with(&["NOPE"]),
    }
}

/// A command that neither knows. The error shows its arguments, which the reference cuts at a NUL.
fn unknown(dice: &mut Dice) -> Command {
    let long = "x".repeat(dice.below(300));
    let command = Command::new(&[dice.pick(&["NOPE", "", "GETT", "a\r\nb", "it's"])]);
    let command = many(command, dice, &NUMBERS, &[]);
    if dice.once_in(3) { command.with(&[&long, "a\r\nb"]) } else { command }
}

fn wrong_arity(dice: &mut Dice) -> Command {
    if dice.once_in(2) {
        return Command::new(&[dice.pick(&[
            "SET",
            "GET",
            "GETDEL",
            "GETEX",
            "MGET",
            "MSET",
            "APPEND",
            "STRLEN",
            "INCR",
            "INCRBY",
            "DEL",
            "UNLINK",
            "EXISTS",
            "TYPE",
            "EXPIRE",
            "PEXPIREAT",
            "TTL",
            "PTTL",
            "EXPIRETIME",
            "PERSIST",
            "KEYS",
            "SCAN",
            "SELECT",
            "ECHO",
            "DUMP",
            "RESTORE",
            "MIGRATE",
        ])]);
    }
    let name = dice.pick(&[
        "GET",
        "GETDEL",
        "APPEND",
        "STRLEN",
        "INCR",
        "DECRBY",
        "TYPE",
        "TTL",
        "PEXPIRETIME",
        "PERSIST",
        "KEYS",
        "DBSIZE",
        "RANDOMKEY",
        "FLUSHDB",
        "SELECT",
        "ECHO",
        "PING",
        "DUMP",
    ]);
    Command::new(&[name; 8])
}

/// One of the two servers, and what its replies are made comparable with.
struct Side {
    server: Server,
    client: Client,
}

impl Side {
    fn new(server: Server) -> Self {
        let client = server.client();
        Self { server, client }
    }

    fn run(&mut self, command: &Command) -> Reply {
        if command.args[0] == "DBSIZE" {
            // It counts keys whose time is up for as long as nobody has come upon them.
            self.client.cmd(&[&["EXISTS"][..], &KEYS].concat());
        }
        let reply = self.client.cmd(&command.args);
        if command.args[0] == "QUIT" && command.args.len() == 1 {
            assert!(self.client.is_closed_by_peer(), "QUIT closes the connection");
            self.client = self.server.client();
        }
        match (command.compare, reply) {
            (Compare::Unordered, reply) => sorted(reply),
            (Compare::AnyKey, Reply::Bulk(key)) => {
                let is_there = self.client.cmd(&[b"EXISTS", &*key]);
                Reply::Array(vec![Reply::status("a key"), is_there])
            }
            (_, reply) => reply,
        }
    }
}

fn sorted(reply: Reply) -> Reply {
    match reply {
        Reply::Array(items) => {
            let mut items: Vec<Reply> = items.into_iter().map(sorted).collect();
            items.sort_by_key(|item| format!("{item:?}"));
            Reply::Array(items)
        }
        other => other,
    }
}

fn agree(compare: Compare, theirs: &Reply, ours: &Reply) -> bool {
    match (compare, theirs, ours) {
        (Compare::Within(tolerance), Reply::Integer(theirs), Reply::Integer(ours)) => {
            theirs.abs_diff(*ours) <= tolerance.unsigned_abs() && theirs.signum() == ours.signum()
        }
        _ => theirs == ours,
    }
}

fn compare_from(seed: u64) {
    let Some(reference) = Server::peer(Peer::Redis70, &[]) else { return };
    let (mut theirs, mut ours) = (Side::new(reference), Side::new(Server::keyferry(&[])));
    let mut dice = Dice(seed);
    let mut history: VecDeque<String> = VecDeque::new();
    for _ in 0..COMMANDS {
        let command = any_command(&mut dice);
        let expected = theirs.run(&command);
        let got = ours.run(&command);
        history.push_back(format!("{:?} {expected:?}", command.args));
        assert!(
            agree(command.compare, &expected, &got),
            "seed {seed}: {:?}\n    Redis 7.0.15: {expected:?}\n    keyferry:     {got:?}\nafter\n{}",
            command.args,
            history.make_contiguous().join("\n")
        );
        history.truncate(30);
        if history.len() == 30 {
            history.pop_front();
        }
    }
}

#[test]
fn random_commands_get_the_replies_of_the_reference() {
    let seed = std::env::var("KEYFERRY_SEED").map_or_else(
        |_| SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64,
        |seed| seed.parse().expect("KEYFERRY_SEED is a number"),
    );
    compare_from(seed);
}

/// The same commands in every run.
#[test]
fn commands_of_a_fixed_seed_get_the_replies_of_the_reference() {
    for seed in 1..=3 {
        compare_from(seed);
    }
}
