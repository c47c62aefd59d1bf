//! Streams.

use super::command::{Command, Compare};
use super::dice::{Dice, NUMBERS};

pub(super) fn any(dice: &mut Dice) -> Command {
    let key = key(dice);
    let new = |name: &str| Command::new(&[name, key]);
    let group = dice.pick(&GROUPS);
    match dice.below(64) {
        0..=15 => add(dice, key),
        16..=18 => new("XDEL").with(&[&id(dice)]).with_up_to(4, dice, id),
        19 => trim(new("XTRIM"), dice),
        20 => new("XLEN"),
        21..=23 => {
            let command = new(dice.pick(&["XRANGE", "XREVRANGE"])).with(&[&end(dice), &end(dice)]);
            counted(command, dice)
        }
        24 => set_id(dice, key),
        25..=27 => read(dice, key),
        28..=30 => create(dice, key, group),
        31 => Command::new(&["XGROUP", "SETID", key, group, &id_or_last(dice)]),
        32 if dice.once_in(4) => Command::new(&["XGROUP", "DESTROY", key, group]),
        32 => Command::new(&["XGROUP", "CREATECONSUMER", key, group, consumer(dice)])
            .compared(Compare::Within(1)),
        33 => Command::new(&["XGROUP", "DELCONSUMER", key, group, consumer(dice)]),
        34..=42 => read_group(dice, key, group),
        43..=46 => new("XACK").with(&[group, &id(dice)]).with_up_to(4, dice, id),
        47..=50 => pending(dice, key, group),
        51..=54 => claim(dice, key, group),
        55 | 56 => auto_claim(dice, key, group),
        57 | 58 => Command::new(&["XINFO", "GROUPS", key]).compared(Compare::StreamInfo),
        59..=62 => info(dice, key),
        _ => Command::new(&["XINFO", dice.pick(&["NOPE", "STREAM", "GROUPS"]), key, "x"]),
    }
}

/// What changes how many entries a group has read and how far it is behind, with arguments that all
/// versions take.
pub(super) fn of_readers(dice: &mut Dice) -> Command {
    let id = |dice: &mut Dice| format!("7-{}", dice.below(40));
    let group = dice.pick(&["g", "group"]);
    match dice.below(20) {
        0..=6 => Command::new(&["XADD", "a", "7-*", "field", "value"]),
        7 | 8 => Command::new(&["XDEL", "a", &id(dice)]),
        9 => Command::new(&["XTRIM", "a", "MINID", &id(dice)]),
        10 => Command::new(&["XTRIM", "a", "MAXLEN", &dice.below(20).to_string()]),
        11 | 12 => {
            let last_id = if dice.once_in(3) { dice.pick(&["0", "$"]).into() } else { id(dice) };
            let action = dice.pick(&["CREATE", "SETID"]);
            let command = Command::new(&["XGROUP", action, "a", group, &last_id]);
            if dice.once_in(3) { command.with(&["ENTRIESREAD", "0"]) } else { command }
        }
        13..=15 => Command::new(&["XREADGROUP", "GROUP", group, "c", "COUNT"]).with(&[
            &dice.below(6).to_string(),
            "NOACK",
            "STREAMS",
            "a",
            ">",
        ]),
        _ => Command::new(&["XINFO", "GROUPS", "a"]).compared(Compare::StreamInfo),
    }
}

/// Most streams are long, some are in the way of other types.
fn key(dice: &mut Dice) -> &'static str {
    if dice.once_in(3) { dice.key() } else { dice.pick(&["a", "key:1"]) }
}

const GROUPS: [&str; 4] = ["g", "g", "group", "\r\n"];

fn consumer(dice: &mut Dice) -> &'static str {
    dice.pick(&["c", "d", "\u{e9}", ""])
}

/// An ID that an entry may well have, at times another, and at times none. Hardly ever one above those
/// that [`set_id`] sets.
fn id(dice: &mut Dice) -> String {
    match dice.below(24) {
        0 => dice.pick(&IDS).into(),
        1 => dice.pick(&NUMBERS).into(),
        2 => dice.below(9).to_string(),
        _ => format!("7-{}", dice.below(40)),
    }
}

const IDS: [&str; 16] = [
    "0",
    "0-0",
    "5-",
    "-",
    "+",
    "007-01",
    "7-+3",
    " 7-3",
    "$",
    ">",
    "x",
    "7-x",
    "7-*",
    "(7-3",
    "18446744073709551615",
    "18446744073709551616-1",
];

fn id_or_last(dice: &mut Dice) -> String {
    if dice.once_in(3) { "$".into() } else { id(dice) }
}

/// An end of a range.
fn end(dice: &mut Dice) -> String {
    match dice.below(5) {
        0 | 1 => dice.pick(&["-", "+"]).into(),
        2 => format!("({}", id(dice)),
        _ => id(dice),
    }
}

fn add(dice: &mut Dice, key: &str) -> Command {
    let mut command = Command::new(&["XADD", key]);
    if dice.once_in(12) {
        command = command.with(&[dice.pick(&["NOMKSTREAM", "nomkstream", "LIMIT", "MAXLEN"])]);
    }
    if dice.once_in(6) {
        command = trim(command, dice);
    }
    let new_id = match dice.below(24) {
        0 => id(dice),
        1 => dice.pick(&["8-*", "9-0", "0-*", "*-1"]).into(),
        _ => "7-*".into(),
    };
    command = command.with(&[&new_id]);
    // Mostly the same fields, so that nodes share them.
    let fields: &[&str] = match dice.below(8) {
        0 => &["other"],
        1 => &["", "\r\n"],
        2 => &["field", "field"],
        _ => &["field", "number"],
    };
    for field in fields {
        command = command.with(&[field, &dice.element()]);
    }
    if dice.once_in(20) { command.with(&["one too many"]) } else { command }
}

fn trim(command: Command, dice: &mut Dice) -> Command {
    let by_len = dice.once_in(2);
    let mut command = command.with(&[if by_len { "MAXLEN" } else { "MINID" }]);
    if dice.once_in(2) {
        command = command.with(&[dice.pick(&["~", "~", "=", "x"])]);
    }
    let threshold = if by_len { dice.below(60).to_string() } else { id(dice) };
    command = command.with(&[&threshold]);
    if dice.once_in(3) { command.with(&["LIMIT", &dice.index()]) } else { command }
}

fn counted(command: Command, dice: &mut Dice) -> Command {
    match dice.below(6) {
        0..=2 => command.with(&["COUNT", &dice.index()]),
        3 => command.with(&[dice.pick(&["COUNT", "NOPE"])]),
        _ => command,
    }
}

fn set_id(dice: &mut Dice, key: &str) -> Command {
    // Not below an entry that was deleted: Redis 7.0 takes that, and then tells what is not so.
    let last = dice.pick(&["9-0", "9-0", "10", "x", ">"]);
    let command = Command::new(&["XSETID", key, last]);
    match dice.below(4) {
        0 => command.with(&["ENTRIESADDED", &dice.below(300).to_string()]),
        1 => command.with(&["ENTRIESADDED", "500", "MAXDELETEDID", &id(dice)]),
        2 => command.with(&[dice.pick(&["ENTRIESADDED", "MAXDELETEDID", "NOPE"])]),
        _ => command,
    }
}

fn read(dice: &mut Dice, key: &str) -> Command {
    let command = counted(Command::new(&["XREAD"]), dice);
    let command = match dice.below(12) {
        0 => command.with(&["BLOCK", dice.pick(&["x", "-1", "1.5"])]),
        1 => command.with(&[dice.pick(&["NOACK", "NOPE", "GROUP"])]),
        _ => command,
    };
    match dice.below(3) {
        0 => command.with(&["STREAMS", key, dice.key(), &id_or_last(dice), &id(dice)]),
        1 if dice.once_in(4) => command.with(&["STREAMS", key, dice.key(), &id(dice)]),
        _ => command.with(&["STREAMS", key, &id_or_last(dice)]),
    }
}

fn create(dice: &mut Dice, key: &str, group: &str) -> Command {
    let command = Command::new(&["XGROUP", "CREATE", key, group, &id_or_last(dice)]);
    match dice.below(6) {
        0..=2 => command.with(&["MKSTREAM"]),
        3 => command.with(&["ENTRIESREAD", &dice.index()]),
        4 => command.with(&["NOPE"]),
        _ => command,
    }
}

fn read_group(dice: &mut Dice, key: &str, group: &str) -> Command {
    let command = Command::new(&["XREADGROUP", "GROUP", group, consumer(dice)]);
    let mut command = counted(command, dice);
    if dice.once_in(8) {
        command = command.with(&["NOACK"]);
    }
    match dice.below(8) {
        0 => command.with(&["STREAMS", key, dice.key(), ">", &id(dice)]),
        1 | 2 => command.with(&["STREAMS", key, &id(dice)]),
        3 => command.with(&["STREAMS", key, "0"]),
        _ => command.with(&["STREAMS", key, ">"]),
    }
}

fn pending(dice: &mut Dice, key: &str, group: &str) -> Command {
    let mut command = Command::new(&["XPENDING", key, group]);
    if dice.once_in(3) {
        return command;
    }
    if dice.once_in(4) {
        command = command.with(&["IDLE", dice.pick(&["0", "-1", "99999999", "x"])]);
    }
    command = command.with(&[&end(dice), &end(dice), &dice.index()]);
    command = if dice.once_in(2) { command.with(&[consumer(dice)]) } else { command };
    command.compared(Compare::Pending)
}

fn claim(dice: &mut Dice, key: &str, group: &str) -> Command {
    let idle = dice.pick(&["0", "0", "-1", "99999999", "x"]);
    let mut command = Command::new(&["XCLAIM", key, group, consumer(dice), idle, &id(dice)]);
    command = command.with_up_to(4, dice, id);
    for _ in 0..dice.below(3) {
        command = match dice.below(8) {
            0 => command.with(&["IDLE", dice.pick(&["5000000", "-1", "x"])]),
            1 => command.with(&["TIME", dice.pick(&["1700000000000", "-1", "x"])]),
            2 => command.with(&["RETRYCOUNT", &dice.index()]),
            3 => command.with(&["LASTID", &id(dice)]),
            4 => command.with(&["JUSTID"]),
            5 => command.with(&[dice.pick(&["NOPE", "RETRYCOUNT"])]),
            _ => command.with(&["FORCE"]),
        };
    }
    command
}

fn auto_claim(dice: &mut Dice, key: &str, group: &str) -> Command {
    let idle = dice.pick(&["0", "0", "-1", "99999999", "x"]);
    let command = Command::new(&["XAUTOCLAIM", key, group, consumer(dice), idle, &end(dice)]);
    let command = counted(command, dice);
    if dice.once_in(3) { command.with(&["JUSTID"]) } else { command }
}

fn info(dice: &mut Dice, key: &str) -> Command {
    let command = Command::new(&["XINFO", "STREAM", key]);
    let command = match dice.below(4) {
        0 => command,
        1 => command.with(&["FULL"]),
        2 => command.with(&["FULL", "COUNT", "0"]),
        _ => command.with(&["FULL", "COUNT", &dice.index()]),
    };
    command.compared(Compare::StreamInfo)
}
