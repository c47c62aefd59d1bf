//! The steps of a sequence, and random ones.

use std::fmt;

use crate::support::Dice;

/// Clients that have a part in a sequence. One more has none in any transaction.
pub(super) const CLIENTS: usize = 3;

pub(super) const KEYS: [&str; 3] = ["a", "b", "c"];

/// Steps of a sequence, after which all is forgotten.
const STEPS: usize = 80;

/// What is done next.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A client sends a command, and has its reply.
    Send(usize, String),
    /// A key of database 0 is given a short life by the client that has no part, this client watches
    /// it, if it is in that database, and its time runs out.
    WatchUntilPast(usize, &'static str),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(client, line) => write!(f, "{client} {line}"),
            Self::WatchUntilPast(client, key) => write!(f, "{client} watches {key} until past"),
        }
    }
}

/// The sequence of a seed.
pub(super) fn sequence(seed: u64) -> Vec<Step> {
    let dice = &mut Dice::new(seed);
    let mut queues = [false; CLIENTS];
    let any = |_| {
        let client = dice.below(CLIENTS);
        let queues = &mut queues[client];
        if !*queues && dice.once_in(100) {
            return Step::WatchUntilPast(client, dice.pick(&KEYS));
        }
        let line = if *queues { inside(dice) } else { outside(dice) };
        *queues = match line.as_str() {
            "MULTI" => true,
            "EXEC" | "EXEC x" | "DISCARD" | "RESET" | "QUIT" => false,
            _ => *queues,
        };
        Step::Send(client, line)
    };
    (0..STEPS).map(any).collect()
}

/// What a client sends that is in a transaction.
fn inside(dice: &mut Dice) -> String {
    match dice.below(40) {
        0..10 => "EXEC".into(),
        10..12 => "DISCARD".into(),
        12..14 => dice.pick(&["NOSUCH", "GET", "SET a", "EXEC x", "DISCARD x", "UNWATCH x"]).into(),
        14..16 => dice.pick(&["MULTI", "WATCH a", "RESET", "QUIT"]).into(),
        16..18 => dice.pick(&["UNWATCH", "SELECT 0", "SELECT 1", "SELECT 99"]).into(),
        _ => command(dice),
    }
}

/// What a client sends that is in none.
fn outside(dice: &mut Dice) -> String {
    match dice.below(40) {
        0..10 => "MULTI".into(),
        10..18 => with_keys("WATCH KEY", dice),
        18..20 => with_keys("WATCH KEY KEY", dice),
        20 => dice.pick(&["UNWATCH", "EXEC", "DISCARD", "EXEC x"]).into(),
        21 => dice.pick(&["SELECT 0", "SELECT 0", "SELECT 1", "RESET", "QUIT"]).into(),
        _ => command(dice),
    }
}

/// A command on keys, of which most change one.
fn command(dice: &mut Dice) -> String {
    let template = dice.pick(&COMMANDS);
    with_keys(template, dice)
}

/// A line in which each `KEY` is one of the keys, and each `VALUE` one of a few values.
fn with_keys(template: &str, dice: &mut Dice) -> String {
    let word = |word| match word {
        "KEY" => dice.pick(&KEYS),
        "VALUE" => dice.pick(&["1", "2", "x"]),
        word => word,
    };
    template.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// 1 in PXAT, PEXPIREAT and RESTORE is a time that is over, 4102444800000 one that is far away.
const COMMANDS: [&str; 31] = [
    "PING",
    "GET KEY",
    "EXISTS KEY",
    "LLEN KEY",
    "SET KEY VALUE",
    "SET KEY VALUE",
    "SET KEY VALUE PXAT 1",
    "SET KEY VALUE PXAT 4102444800000",
    "APPEND KEY VALUE",
    "INCR KEY",
    "RPUSH KEY VALUE",
    "RPUSH KEY VALUE",
    "LPOP KEY",
    "SADD KEY VALUE",
    "SADD KEY VALUE",
    "SREM KEY VALUE",
    "DEL KEY",
    "PERSIST KEY",
    "PEXPIREAT KEY 1",
    "PEXPIREAT KEY 4102444800000",
    "RENAME KEY KEY",
    "RENAME KEY KEY",
    "COPY KEY KEY",
    "COPY KEY KEY REPLACE",
    "RESTORE KEY 0 PAYLOAD",
    "RESTORE KEY 0 PAYLOAD REPLACE",
    "RESTORE KEY 4102444800000 PAYLOAD REPLACE ABSTTL",
    "RESTORE KEY 1 PAYLOAD REPLACE ABSTTL",
    "RESTORE KEY 0 broken REPLACE",
    "FLUSHDB",
    "SWAPDB 0 1",
];
