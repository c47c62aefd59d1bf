//! Keys of any type, and databases.

use super::command::{Command, Compare};
use super::dice::{Dice, MILLISECONDS, PATTERNS, SECONDS};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = dice.key();
    match dice.below(33) {
        0 | 1 => Command::new(&[dice.pick(&["DEL", "UNLINK"])]).with_up_to(4, dice, Dice::key),
        2 => Command::new(&["EXISTS"]).with_up_to(5, dice, Dice::key),
        3 => Command::new(&["TYPE", key]),
        4..=8 => expire(dice, key),
        9 => Command::new(&["TTL", key]).compared(Compare::Within(1)),
        10 => Command::new(&["PTTL", key]).compared(Compare::Within(1_000)),
        11 => Command::new(&["EXPIRETIME", key]).compared(Compare::Within(1)),
        12 => Command::new(&["PEXPIRETIME", key]).compared(Compare::Within(1_000)),
        13 => Command::new(&["PERSIST", key]),
        14 => Command::new(&["KEYS", dice.pick(&PATTERNS)]).compared(Compare::Unordered),
        15 => scan(dice),
        16 => Command::new(&["DBSIZE"]),
        17 => {
            let keys = ["KEYS", "*"].map(Into::into).into();
            Command::new(&["RANDOMKEY"]).compared(Compare::Drawn(keys))
        }
        18 if dice.once_in(6) => flush(dice),
        18..=20 => Command::new(&["SELECT", dice.pick(&DATABASES)]),
        21 => Command::new(&["TOUCH"]).with_up_to(5, dice, Dice::key),
        22 => {
            let (left, right) = (dice.pick(&["0", "1", "x"]), dice.pick(&["0", "1", "16", "-1"]));
            Command::new(&["SWAPDB", left, right])
        }
        23 | 24 => Command::new(&["OBJECT", "ENCODING", key]).compared(Compare::Encoding),
        25 | 26 => Command::new(&[dice.pick(&["RENAME", "RENAMENX"]), key, dice.key()]),
        27 | 28 => Command::new(&["MOVE", key, dice.pick(&DATABASES)]),
        29..=31 => copy(dice, key),
        32 if dice.once_in(8) => Command::new(&["DEBUG", "RELOAD"]),
        _ => Command::new(&["OBJECT", dice.pick(&["REFCOUNT", "FREQ", "IDLETIME", "NOPE"]), key])
            .compared(Compare::Within(i64::MAX)),
    }
}

/// Databases, the first one the most likely, and what is none.
const DATABASES: [&str; 9] = ["0", "0", "0", "1", "15", "16", "-1", "x", "1.0"];

fn copy(dice: &mut Dice, key: &str) -> Command {
    let command = Command::new(&["COPY", key, dice.key()]);
    let command = match dice.below(4) {
        0 => command.with(&["DB", dice.pick(&DATABASES)]),
        1 => command.with(&["db", "1", dice.pick(&["REPLACE", "DB"])]),
        _ => command,
    };
    command.with_up_to(2, dice, |dice| dice.pick(&["REPLACE", "replace", "NOPE"]))
}

/// Replies and lists that are stored are the same where the order is one of all elements: not where
/// texts are compared that a pattern names, and not that of a set that is not sorted. Redis compares
/// texts up to a zero byte, unless they are stored. 8.2 takes fewer texts as numbers.
pub(super) fn sort(dice: &mut Dice) -> Command {
    let key = dice.key();
    let mut command = Command::new(&[dice.pick(&["SORT", "SORT", "SORT_RO"]), key]);
    let is_text = dice.once_in(3);
    let by = ["BY", dice.pick(&["*", "key:*", "nosort", "*->1", "#", "*->", "**"])];
    let is_by = dice.once_in(3);
    command = if is_by { command.with(&by) } else { command };
    command = if is_text { command.with(&["ALPHA"]) } else { command };
    command = if dice.once_in(2) { command.with(&[dice.pick(&["DESC", "asc"])]) } else { command };
    for _ in 0..dice.below(3).saturating_sub(1) {
        command = command.with(&["GET", dice.pick(&["#", "*", "key:*", "*->1", "a"])]);
    }
    if !is_by && !is_text && dice.once_in(3) {
        command = command.with(&["LIMIT", &dice.index(), &dice.index()]);
    }
    if !is_by && dice.once_in(4) {
        return command.with(&[dice.pick(&["STORE", "STORE", "NOPE"]), dice.key()]);
    }
    command.compared(if is_by || is_text { Compare::Unordered } else { Compare::Exactly })
}

fn expire(dice: &mut Dice, key: &str) -> Command {
    let (name, time) = match dice.below(4) {
        0 => ("EXPIRE", dice.seconds()),
        1 => ("PEXPIRE", dice.milliseconds()),
        2 => ("EXPIREAT", dice.pick(&SECONDS).into()),
        _ => ("PEXPIREAT", dice.pick(&MILLISECONDS).into()),
    };
    let command = Command::new(&[name, key, &time]);
    command.with_up_to(3, dice, |dice| dice.pick(&["NX", "XX", "GT", "LT", "nx", "gt", "NOPE"]))
}

/// A SCAN whose reply is an error, or one that covers all of a small database at once.
fn scan(dice: &mut Dice) -> Command {
    let cursors = ["x", "18446744073709551616", "0x"];
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
                let types = ["string", "list", "set", "zset", "hash", "nonsense"];
                command = command.with(&["TYPE", dice.pick(&types)]);
            }
            command
        }
    };
    command.compared(Compare::Unordered)
}

fn flush(dice: &mut Dice) -> Command {
    let modes: [&[&str]; 4] = [&[], &["ASYNC"], &["sync"], &["NOPE"]];
    Command::new(&[dice.pick(&["FLUSHDB", "FLUSHALL"])]).with(modes[dice.below(4)])
}
